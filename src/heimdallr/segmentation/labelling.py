"""From logits to labels, plane by plane.

nnU-Net interpolates the logits of every class to the image's grid and takes the largest there:
correct, and 118 × voxels of memory. Interpolating linearly along the first axis needs two
neighbouring planes only, so labels are written while the planes arrive, and no more than a few
planes of logits exist at the image's resolution.
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

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heimdallr.imaging.volume import Array
    from heimdallr.segmentation.network import Network
    from heimdallr.segmentation.preprocessing import Prepared
    from heimdallr.segmentation.sliding_window import Planes


def labels_from_planes(blocks: Iterable[Planes], prepared: Prepared, network: Network) -> Array:
    """Label map of the prepared image's original grid.

    Args:
        blocks: first plane and (heads, n, Y, X) logits, in order, as
            :func:`~heimdallr.segmentation.sliding_window.predict_planes` yields them.
        prepared: the network's input.
        network: whose output it is.

    Returns:
        (I, J, K) uint8 in the axis order of the image that was prepared.

    Raises:
        SegmentationError: the network answered with values that are no numbers.
    """
    small = tuple(prepared.data.shape[1:])
    target = prepared.shape_cropped
    if small == target:
        cropped = _same_grid(blocks, target, network)
    elif _is_linear(network, prepared):
        cropped = _interpolated(blocks, small, target, network)
    else:
        cropped = _by_nnunet(blocks, small, prepared, network)
    labels = np.zeros(prepared.shape_before_crop, np.uint8)
    labels[prepared.box] = cropped
    labels = labels.transpose(network.plans.transpose_backward)
    return labels.transpose(2, 1, 0)


def _same_grid(blocks: Iterable[Planes], shape: tuple[int, ...], network: Network) -> Array:
    labels = np.zeros(shape, np.uint8)
    for start, block in blocks:
        labels[start : start + block.shape[1]] = _winner(block, network)
    return labels


def _interpolated(
    blocks: Iterable[Planes], small: tuple[int, ...], target: tuple[int, ...], network: Network
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
            labels[done] = _winner(plane.half(), network)  # nnU-Net's logits stay in half precision
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
    return np.asarray(_winner(torch.as_tensor(resampled), network))


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


def _winner(logits: torch.Tensor, network: Network) -> Array:
    """(heads, …) logits → (…) uint8 label numbers; the first of equals, as numpy's argmax."""
    if network.labels.has_regions:
        return np.asarray(
            network.labels.convert_logits_to_segmentation(logits.float().cpu()), np.uint8
        )
    largest, label = logits.max(dim=0)
    if not bool(torch.isfinite(largest).all()):
        msg = "the network answered with values that are no finite numbers"
        raise SegmentationError(
            msg, remedy="the weights may be damaged: run 'heimdallr weights verify'"
        )
    return np.asarray(label.to(torch.uint8).cpu().numpy())
