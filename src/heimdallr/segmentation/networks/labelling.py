"""From features or logits to labels, plane by plane.

nnU-Net interpolates the logits of every class to the image's grid and takes the largest there:
correct, and 118 × voxels of memory. Interpolating linearly along the first axis needs two
neighbouring planes only, so labels are written while the planes arrive, and no more than a few rows
of logits exist at the image's resolution. A last layer still to be applied is linear too: it is
applied after interpolating.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.domain.errors import SegmentationError
from heimdallr.segmentation.anatomy.sharpening import Prior
from heimdallr.segmentation.networks.arithmetic import NumpyArithmetic
from heimdallr.segmentation.networks.resizing import axis_apart, by_nnunet, is_usual, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from heimdallr.imaging.volume import Array
    from heimdallr.segmentation.networks.arithmetic import Arithmetic, Head, Values
    from heimdallr.segmentation.networks.plans import Plans
    from heimdallr.segmentation.networks.preprocessing import Prepared
    from heimdallr.segmentation.networks.sliding_window import Planes


def labels_from_planes(
    blocks: Iterable[Planes],
    prepared: Prepared,
    plans: Plans,
    arithmetic: Arithmetic,
    head: Head | None = None,
) -> Array:
    """Label map of the prepared image's original grid.

    Args:
        blocks: first plane and (channels, n, Y, X) features or logits, in order, as
            :func:`~heimdallr.segmentation.networks.sliding_window.predict_planes` yields them.
        prepared: the network's input.
        plans: of the network.
        arithmetic: of its output.
        head: last layer still to be applied; None when the blocks hold logits.

    Returns:
        (I, J, K) uint8 in the axis order of the image that was prepared.

    Raises:
        SegmentationError: the network answered with values that are no numbers.
    """
    planes = _planes(blocks, arithmetic)
    small = prepared.data.shape[1:]
    first = _first_axis(plans, prepared)
    if first is None:
        cropped = _by_nnunet(planes, prepared, plans, arithmetic, head)
    else:
        shapes = small[1:], prepared.shape_cropped[1:]
        with ThreadPoolExecutor(arithmetic.threads) as pool:
            choose = _Chooser(plans, arithmetic, head, shapes, pool)
            cropped = _interpolated(planes, first, choose)
    labels = np.zeros(prepared.shape_before_crop, np.uint8)
    labels[prepared.box] = cropped
    return labels.transpose(plans.transpose_backward).transpose(2, 1, 0)


def prior_from_planes(
    blocks: Iterable[Planes],
    prepared: Prepared,
    plans: Plans,
    arithmetic: Arithmetic,
    head: Head | None = None,
) -> Prior:
    """Probabilities on the network's own grid, for networks coarse enough to keep them all.

    Args:
        blocks: as for :func:`labels_from_planes`.
        prepared: the network's input.
        plans: of the network, whose classes exclude each other.
        arithmetic: of its output.
        head: last layer still to be applied; None when the blocks hold logits.

    Returns:
        The prior, its axes in the order of the image that was prepared, its labels the network's.

    Raises:
        SegmentationError: the network answered with values that are no numbers.
    """
    order = [plans.transpose_backward[axis] for axis in (2, 1, 0)]
    shape = prepared.data.shape[1:]
    probabilities = np.empty((plans.heads, shape[0], shape[1] * shape[2]), np.float32)
    for number, plane in enumerate(_planes(blocks, arithmetic)):
        flat = plane.reshape(-1, plane.shape[2])
        logits = flat.T if head is None else head.logits_by_head(flat)
        probabilities[:, number] = arithmetic.numpy(arithmetic.softmax(logits))
    in_image = [0, *(axis + 1 for axis in order)]
    return Prior(
        probabilities=probabilities.reshape(-1, *shape).transpose(in_image),
        labels=np.arange(plans.heads, dtype=np.uint8),
        shape=tuple(prepared.shape_before_crop[axis] for axis in order),
        box=tuple(prepared.box[axis] for axis in order),
    )


def _planes(blocks: Iterable[Planes], arithmetic: Arithmetic) -> Iterator[Values]:
    """(Y, X, channels) float32, one plane after the other.

    Raises:
        SegmentationError: a value is no number. One infinity makes a sum infinite, and one that is
            no number makes it none.
    """
    for _, block in blocks:
        channels, count, size_y, size_x = block.shape
        for number in range(count):
            flat = arithmetic.float32(block[:, number].reshape(channels, -1).T)
            if not math.isfinite(float(flat.sum())):
                msg = "the network answered with values that are no finite numbers"
                raise SegmentationError(
                    msg, remedy="the weights may be damaged: run 'heimdallr weights verify'"
                )
            yield flat.reshape(size_y, size_x, channels)


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where the voxels of the image lie between those of the network along an axis.

    Attributes:
        below: (n,) index of the network's voxel before each.
        above: (n,) and after it.
        share: (n,) float32 of the latter.
    """

    below: Array
    above: Array
    share: Array

    @classmethod
    def linear(cls, small: int, target: int) -> _Axis:
        """Between voxel centres, clamped at the borders (skimage's ``resize``)."""
        place = np.clip((np.arange(target) + 0.5) * small / target - 0.5, 0, small - 1)
        below, above = np.floor(place).astype(np.intp), np.ceil(place).astype(np.intp)
        return cls(below, above, (place - below).astype(np.float32))

    @classmethod
    def nearest(cls, small: int, target: int) -> _Axis:
        """The nearest voxel."""
        index = nearest(small, target)
        return cls(index, index, np.zeros(target, np.float32))


class _Chooser:
    """The label of every voxel of a plane.

    Args:
        plans: of the network.
        arithmetic: of its output.
        head: last layer still to be applied.
        shapes: (Y, X) of the network, and of the image.
        pool: threads, each with some rows of the image.
    """

    def __init__(
        self,
        plans: Plans,
        arithmetic: Arithmetic,
        head: Head | None,
        shapes: tuple[tuple[int, ...], tuple[int, ...]],
        pool: ThreadPoolExecutor,
    ) -> None:
        self._regions = plans.region_labels
        self._arithmetic = arithmetic
        self._head = head
        self.shape = shapes[1]
        self._pool = pool
        self._rows, self._columns = (
            None if one == other else _here(_Axis.linear(one, other), arithmetic)
            for one, other in zip(*shapes, strict=True)
        )

    def __call__(self, plane: Values) -> Array:
        """(y, x, channels) features or logits → (Y, X) uint8; of equals the first label."""
        if self._columns is not None:
            plane = _between(plane, self._columns, slice(None), axis=1)

        def labels_of(rows: slice) -> Array:
            part = plane[rows]
            if self._rows is not None:
                part = _between(plane, self._rows, rows, axis=0)
            return self._labels(part.reshape(-1, part.shape[2])).reshape(-1, self.shape[1])

        count = max(self._arithmetic.at_once // self.shape[1], 1)
        parts = [slice(first, first + count) for first in range(0, self.shape[0], count)]
        return np.concatenate(list(self._pool.map(labels_of, parts)))

    def _labels(self, values: Values) -> Array:
        """(N, channels) → (N,)."""
        if self._head is not None:
            return _chosen(self._head.logits(values), self._regions, self._arithmetic)
        # interpolated logits are half precision in nnU-Net
        return _chosen(self._arithmetic.through_half(values), self._regions, self._arithmetic)


def _chosen(logits: Values, regions: tuple[int, ...] | None, arithmetic: Arithmetic) -> Array:
    """(N, heads) logits → (N,) labels: the largest, or the last region that is likely."""
    if regions is None:
        return np.asarray(arithmetic.numpy(logits.argmax(1)), np.uint8)
    labels = np.zeros(len(logits), np.uint8)
    for label, inside in zip(regions, arithmetic.numpy(logits > 0).T, strict=True):
        labels[inside] = label
    return labels


def _here(axis: _Axis, arithmetic: Arithmetic) -> _Axis:
    """An axis where the output lies."""
    return _Axis(
        arithmetic.here(axis.below), arithmetic.here(axis.above), arithmetic.here(axis.share)
    )


def _between(values: Values, axis_of: _Axis, part: slice, *, axis: int) -> Values:
    """Linear interpolation of (y, x, channels) along rows or columns."""
    below, above, share = axis_of.below[part], axis_of.above[part], axis_of.share[part]
    if axis == 0:
        lower, upper, share = values[below], values[above], share[:, None, None]
    else:
        lower, upper, share = values[:, below], values[:, above], share[:, None]
    upper -= lower
    upper *= share
    upper += lower
    return upper


def _interpolated(planes: Iterable[Values], first: _Axis, choose: _Chooser) -> Array:
    """Labels on the grid of the image, from planes of the network's.

    Args:
        planes: (y, x, channels), all of the network's.
        first: along the first axis.
        choose: the labels of a plane.
    """
    labels = np.zeros((len(first.share), *choose.shape), np.uint8)
    done = 0
    lower = None
    for number, upper in enumerate(planes):
        while done < len(labels) and first.above[done] == number:
            mixed = upper
            if first.below[done] != number:
                mixed = lower + (upper - lower) * float(first.share[done])
            labels[done] = choose(mixed)
            done += 1
        lower = upper
    return labels


def _by_nnunet(
    planes: Iterable[Values],
    prepared: Prepared,
    plans: Plans,
    arithmetic: Arithmetic,
    head: Head | None,
) -> Array:
    """nnU-Net's own function on all logits at once: for plans with an unusual resampling."""
    small = prepared.data.shape[1:]
    logits = np.zeros((plans.heads, *small), np.float16)
    for number, plane in enumerate(planes):
        flat = plane.reshape(-1, plane.shape[2])
        values = flat if head is None else head.logits(flat)
        logits[:, number] = arithmetic.numpy(values).T.reshape(-1, *small[1:])
    resampled = by_nnunet(
        logits,
        prepared.shape_cropped,
        plans.spacing_mm,
        prepared.spacing_mm,
        plans.resampling_logits,
    )
    flat = resampled.reshape(plans.heads, -1).T
    labels = _chosen(flat, plans.region_labels, NumpyArithmetic())
    return labels.reshape(prepared.shape_cropped)


def _first_axis(plans: Plans, prepared: Prepared) -> _Axis | None:
    """How the image's planes lie between the network's; None where nnU-Net itself is asked.

    Planes are interpolated, or taken as they are where slices are resampled one by one.
    """
    small, target = prepared.data.shape[1:], prepared.shape_cropped
    if small == target:
        return _Axis.linear(small[0], small[0])
    resampling = plans.resampling_logits
    apart = axis_apart(resampling, plans.spacing_mm, prepared.spacing_mm)
    linear = resampling.options.get("order", 3) == 1
    if not linear or not is_usual(resampling, apart=apart is not None):
        return None
    if apart is None:
        return _Axis.linear(small[0], target[0])
    return _Axis.nearest(small[0], target[0]) if apart == 0 else None
