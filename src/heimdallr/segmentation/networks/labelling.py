"""From features or logits to labels, plane by plane.

nnU-Net interpolates the logits of every class to the image's grid and takes the largest there:
correct, and 118 × voxels of memory. Interpolating linearly along the first axis needs two
neighbouring planes only, so labels are written while the planes arrive, and no more than one
plane of logits exists at the image's resolution. A last layer still to be applied is linear too:
it is applied after interpolating.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from nnunetv2.preprocessing.resampling.default_resampling import (
    determine_do_sep_z_and_axis,
    resample_data_or_seg_to_shape,
)
from torch.nn import functional

from heimdallr.domain.errors import SegmentationError
from heimdallr.segmentation.anatomy.sharpening import Prior
from heimdallr.segmentation.networks.sliding_window import mean_of_folds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heimdallr.imaging.volume import Array
    from heimdallr.segmentation.networks.network import Network
    from heimdallr.segmentation.networks.preprocessing import Prepared
    from heimdallr.segmentation.networks.sliding_window import Head, Planes


@torch.inference_mode()
def labels_from_planes(
    blocks: Iterable[Planes], prepared: Prepared, network: Network, head: Head | None = None
) -> Array:
    """Label map of the prepared image's original grid.

    Args:
        blocks: first plane and (channels, n, Y, X) features or logits, in order, as
            :func:`~heimdallr.segmentation.networks.sliding_window.predict_planes` yields them.
        prepared: the network's input.
        network: whose output it is.
        head: last layer still to be applied; None when the blocks hold logits.

    Returns:
        (I, J, K) uint8 in the axis order of the image that was prepared.

    Raises:
        SegmentationError: the network answered with values that are no numbers.
    """
    small = tuple(prepared.data.shape[1:])
    target = prepared.shape_cropped
    choose = _Chooser(network, head)
    if small == target:
        cropped = _same_grid(blocks, target, choose)
    elif _is_linear(network, prepared):
        cropped = _interpolated(blocks, small, target, choose)
    else:
        logits = mean_of_folds([iter(blocks)], [head])
        cropped = _by_nnunet(logits, small, prepared, network)
    labels = np.zeros(prepared.shape_before_crop, np.uint8)
    labels[prepared.box] = cropped
    labels = labels.transpose(network.plans.transpose_backward)
    return labels.transpose(2, 1, 0)


@torch.inference_mode()
def prior_from_planes(
    blocks: Iterable[Planes], prepared: Prepared, network: Network, head: Head | None = None
) -> Prior:
    """Probabilities on the network's own grid, for networks coarse enough to keep them all.

    Args:
        blocks: as for :func:`labels_from_planes`.
        prepared: the network's input.
        network: whose output it is; its classes exclude each other.
        head: last layer still to be applied; None when the blocks hold logits.

    Returns:
        The prior, its axes in the order of the image that was prepared, its labels the network's.

    Raises:
        SegmentationError: the network answered with values that are no numbers.
    """
    probabilities = np.empty((network.heads, *prepared.data.shape[1:]), np.float32)
    for start, block in blocks:
        for offset, plane in enumerate(block.unbind(1)):
            flat = plane.reshape(len(plane), -1)
            _assert_finite(flat)
            logits = flat.float().T if head is None else head.logits(flat)
            shares = torch.softmax(logits, dim=1).T.cpu().numpy()
            probabilities[:, start + offset] = shares.reshape(-1, *plane.shape[1:])
    order = [network.plans.transpose_backward[axis] for axis in (2, 1, 0)]
    return Prior(
        probabilities=np.ascontiguousarray(
            probabilities.transpose(0, *(axis + 1 for axis in order))
        ),
        labels=np.arange(network.heads, dtype=np.uint8),
        shape=tuple(prepared.shape_before_crop[axis] for axis in order),
        box=tuple(prepared.box[axis] for axis in order),
    )


def _assert_finite(values: torch.Tensor) -> None:
    if not bool(torch.isfinite(values.float().sum())):
        msg = "the network answered with values that are no finite numbers"
        raise SegmentationError(
            msg, remedy="the weights may be damaged: run 'heimdallr weights verify'"
        )


class _Chooser:
    """The label of every voxel of a plane."""

    def __init__(self, network: Network, head: Head | None) -> None:
        self._labels = network.labels
        self._head = head

    def __call__(self, plane: torch.Tensor) -> Array:
        """(channels, Y, X) features or logits → (Y, X) uint8; of equals the first label."""
        size_y, size_x = plane.shape[1:]
        flat = plane.reshape(len(plane), -1)
        _assert_finite(flat)
        logits = flat.float().T if self._head is None else self._head.logits(flat)
        if self._labels.has_regions:
            label = self._labels.convert_logits_to_segmentation(logits.T.cpu())
        elif logits.device.type == "cpu":
            label = logits.numpy().argmax(axis=1)
        else:
            label = logits.argmax(dim=1).cpu()
        return np.asarray(label, np.uint8).reshape(size_y, size_x)


def _same_grid(blocks: Iterable[Planes], shape: tuple[int, ...], choose: _Chooser) -> Array:
    labels = np.zeros(shape, np.uint8)
    for start, block in blocks:
        for offset, plane in enumerate(block.unbind(1)):
            labels[start + offset] = choose(plane)
    return labels


def _interpolated(
    blocks: Iterable[Planes], small: tuple[int, ...], target: tuple[int, ...], choose: _Chooser
) -> Array:
    """Linear interpolation between voxel centres, clamped at the borders (skimage's ``resize``)."""
    labels = np.zeros(target, np.uint8)
    position = np.clip((np.arange(target[0]) + 0.5) * small[0] / target[0] - 0.5, 0, small[0] - 1)
    below = np.floor(position).astype(int)
    above = np.minimum(below + 1, small[0] - 1)
    share = position - below
    done = 0
    last: torch.Tensor | None = None  # the plane before the block at hand
    for start, block in blocks:
        stop = start + block.shape[1]
        while done < target[0] and above[done] < stop:
            lower = last if below[done] < start else block[:, below[done] - start]
            assert lower is not None  # noqa: S101 - above is at most one plane past below
            upper = block[:, above[done] - start]
            plane = torch.lerp(lower.float(), upper.float(), float(share[done]))
            plane = functional.interpolate(
                plane[None], size=target[1:], mode="bilinear", align_corners=False
            )[0]
            # interpolated logits are half precision in nnU-Net too
            labels[done] = choose(plane.to(block.dtype))
            done += 1
        last = block[:, -1].clone()
    return labels


def _by_nnunet(
    blocks: Iterable[Planes], small: tuple[int, ...], prepared: Prepared, network: Network
) -> Array:
    """nnU-Net's own functions on all logits at once: for plans with an unusual resampling."""
    logits = torch.zeros((network.heads, *small), dtype=torch.half)
    for start, block in blocks:
        logits[:, start : start + block.shape[1]] = block.cpu()
    resampled = network.configuration.resampling_fn_probabilities(
        logits.numpy(),
        prepared.shape_cropped,
        list(network.configuration.spacing),
        list(prepared.spacing_mm),
    )
    labels = network.labels.convert_logits_to_segmentation(np.asarray(resampled))
    return np.asarray(labels, np.uint8)


def _is_linear(network: Network, prepared: Prepared) -> bool:
    """Whether the plans resample logits trilinearly, all axes alike: the usual case."""
    settings: dict[str, Any] = network.configuration.configuration
    if settings["resampling_fn_probabilities"] != resample_data_or_seg_to_shape.__name__:
        return False
    options = settings["resampling_fn_probabilities_kwargs"]
    apart, _ = determine_do_sep_z_and_axis(
        options.get("force_separate_z", False),
        list(network.configuration.spacing),
        list(prepared.spacing_mm),
    )
    return options.get("order", 3) == 1 and not options.get("is_seg", False) and not apart
