"""nnU-Net's sliding window, with memory for one patch's thickness instead of the whole body.

``nnUNetPredictor`` keeps the logits of every class for every voxel: 118 classes of a whole-trunk CT
fill gigabytes. Two things need not be so. Patches are visited slab by slab along the first axis, so
the planes before the next slab's start are final: they are handed on at once and their memory is
used again. And the last layer of a U-Net is a matrix that turns 32 features of a voxel into 118
logits; averaging and that matrix may change places, so features are averaged, and logits are made
once per voxel where the label is chosen. Patch positions and Gaussian weights are nnU-Net's
(``compute_steps_for_sliding_window``, ``compute_gaussian``); tests compare them to the bit.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import ndimage

from heimdallr.segmentation.networks.arithmetic import Values, mean_of_heads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from heimdallr.imaging.volume import Array
    from heimdallr.segmentation.networks.arithmetic import Arithmetic, Head
    from heimdallr.segmentation.networks.plans import Index3

GAUSSIAN_PEAK = 10
"""nnU-Net scales its weights so that their smallest value survives half precision."""

Planes = tuple[int, Values]
"""Index of a block's first plane, and its (channels, n, Y, X) features or logits."""


class PatchPredictor(Protocol):
    """A network on a device.

    Attributes:
        patch: voxels of a patch.
        channels: output channels: features, or logits where there is no head.
        head: the last layer, where it is applied afterwards.
        arithmetic: of the output, where it lies.
    """

    patch: Index3
    channels: int
    head: Head | None
    arithmetic: Arithmetic

    def __call__(self, image: Array) -> Values:
        """(C, *patch) float32 → (channels, *patch) output × Gaussian weight."""
        ...

    def rest(self) -> None:
        """Give back what only a patch on its way needs; the last output is gone."""
        ...


@lru_cache(maxsize=2)
def gaussian_weight(patch: Index3) -> Array:
    """``patch``-shaped half-precision weights: the centre of a patch is trusted most."""
    z, y, x = (_gaussian(size) for size in patch)
    weight = z[:, None, None] * y[:, None] * x
    weight /= weight.max() / GAUSSIAN_PEAK
    # by way of 32 bit, as PyTorch rounds
    halves: Array = weight.astype(np.float32).astype(np.float16)
    halves[halves == 0] = halves[halves != 0].min()  # or there would be divisions by zero
    halves.flags.writeable = False
    return halves


def _gaussian(size: int) -> Array:
    """(size,) what a Gaussian filter makes of a point in the middle."""
    point = np.zeros(size)
    point[size // 2] = 1
    blurred: Array = ndimage.gaussian_filter1d(point, size / 8, mode="constant")
    return blurred


def steps(size: int, patch: int, step: float) -> list[int]:
    """Where patches begin along an axis.

    Args:
        size: voxels, at least as many as of a patch.
        patch: voxels of a patch.
        step: largest step as a share of the patch.
    """
    count = math.ceil((size - patch) / (patch * step)) + 1
    apart = (size - patch) / (count - 1) if count > 1 else 0.0
    return [round(apart * number) for number in range(count)]


def count_patches(shape: Index3, patch: Index3, step: float) -> int:
    """How many patches :func:`predict_planes` will visit."""
    axes = zip(shape, patch, strict=True)
    return math.prod(len(steps(max(size, voxels), voxels, step)) for size, voxels in axes)


def predict_planes(
    data: Array,
    predictor: PatchPredictor,
    step: float,
    on_patch: Callable[[], None] = lambda: None,
) -> Iterator[Planes]:
    """Features or logits of a volume, a few finished planes at a time.

    Args:
        data: (C, Z, Y, X) float32.
        predictor: the network.
        step: step between patches as a share of the patch.
        on_patch: called after every patch.

    Yields:
        The index of a block's first plane and the block, (channels, n, Y, X); blocks come in order
        and cover the volume. A block is overwritten after the next one is asked for.
    """
    patch, arithmetic = predictor.patch, predictor.arithmetic
    padded, (keep_z, keep_y, keep_x) = _padded(data, patch)
    size_z, size_y, size_x = padded.shape[1:]
    steps_z, steps_y, steps_x = (
        steps(size, voxels, step) for size, voxels in zip(padded.shape[1:], patch, strict=True)
    )
    weight = arithmetic.here(gaussian_weight(patch))
    # logits of many classes are summed in half precision, as nnU-Net does; features are few
    half = predictor.head is None
    # rings over the first axis: plane z lies at z % patch[0]
    shape = (patch[0], size_y, size_x)
    sums = arithmetic.zeros((predictor.channels, *shape), half=half)
    weights = arithmetic.zeros(shape, half=half)
    for start, next_start in zip(steps_z, [*steps_z[1:], size_z], strict=True):
        for y, x in product(steps_y, steps_x):
            here = (slice(y, y + patch[1]), slice(x, x + patch[2]))
            output = predictor(padded[:, start : start + patch[0], here[0], here[1]])
            for ring, part in _ring(start, start + patch[0], patch[0]):
                sums[(slice(None), ring, *here)] += output[:, part]
                weights[(ring, *here)] += weight[part]
            on_patch()
        for ring, part in _ring(start, next_start, patch[0]):
            first = start + part.start
            inside = slice(max(first, keep_z.start), min(start + part.stop, keep_z.stop))
            if inside.start < inside.stop:
                shift = ring.start - first
                planes = slice(inside.start + shift, inside.stop + shift)
                block = sums[:, planes, keep_y, keep_x]
                block /= weights[planes, keep_y, keep_x]
                yield inside.start - keep_z.start, block
            sums[:, ring] = 0
            weights[ring] = 0


def mean_of_folds(
    folds: Sequence[Iterator[Planes]], heads: Sequence[Head | None], arithmetic: Arithmetic
) -> tuple[Iterator[Planes], Head | None]:
    """Several networks that walk the same volume in step, as one.

    Args:
        folds: one :func:`predict_planes` per network.
        heads: the last layer of each, where it is still to be applied.
        arithmetic: of their output.

    Returns:
        Blocks, and the layer that turns them into the mean of the networks' logits; None where the
        blocks are that mean.
    """
    if len(folds) == 1:
        return folds[0], heads[0]
    layers = [head for head in heads if head is not None]
    if len(layers) == len(heads):
        return _side_by_side(folds, arithmetic), mean_of_heads(layers, arithmetic)
    return _averaged(folds), None


def _side_by_side(folds: Sequence[Iterator[Planes]], arithmetic: Arithmetic) -> Iterator[Planes]:
    """The features of all networks as the channels of one."""
    for blocks in zip(*folds, strict=True):
        first, block = blocks[0]
        channels = sum(len(features) for _, features in blocks)
        for plane in range(block.shape[1]):
            joined = arithmetic.zeros((channels, 1, *block.shape[2:]))
            begin = 0
            for _, features in blocks:
                joined[begin : begin + len(features), 0] = features[:, plane]
                begin += len(features)
            yield first + plane, joined


def _averaged(folds: Sequence[Iterator[Planes]]) -> Iterator[Planes]:
    """The mean of all networks' logits, in half precision, as nnU-Net averages them."""
    for blocks in zip(*folds, strict=True):
        first, total = blocks[0]
        for _, logits in blocks[1:]:
            total += logits
        total /= len(blocks)
        yield first, total


def _padded(data: Array, patch: Index3) -> tuple[Array, tuple[slice, ...]]:
    """An image at least as large as a patch, zeros around it, and where in it the image lies."""
    missing = [max(p - size, 0) for size, p in zip(data.shape[1:], patch, strict=True)]
    keep = tuple(
        slice(lack // 2, lack // 2 + size)
        for lack, size in zip(missing, data.shape[1:], strict=True)
    )
    if not any(missing):
        return data, keep
    return np.pad(data, [(0, 0), *((lack // 2, lack - lack // 2) for lack in missing)]), keep


def _ring(start: int, stop: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Where planes ``start … stop`` lie in a ring: (slice of the ring, slice from ``start``)."""
    position = start
    while position < stop:
        offset = position % size
        length = min(size - offset, stop - position)
        yield slice(offset, offset + length), slice(position - start, position - start + length)
        position += length
