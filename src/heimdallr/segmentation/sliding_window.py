"""nnU-Net's sliding window, with memory for one patch's thickness instead of the whole body.

``nnUNetPredictor`` keeps the logits of every class for every voxel: 118 classes of a whole-trunk CT
fill gigabytes. Its patches are visited slab by slab along the first axis, so the planes before the
next slab's start are final. They are handed on at once and their memory is used again. Patch
positions, Gaussian weights and half-precision sums are nnU-Net's own.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Protocol

import torch
from acvl_utils.cropping_and_padding.padding import pad_nd_image
from nnunetv2.inference.sliding_window_prediction import (
    compute_gaussian,
    compute_steps_for_sliding_window,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

GAUSSIAN_PEAK = 10
"""nnU-Net scales its weights so that their smallest value survives half precision."""

Patch = tuple[int, int, int]

Planes = tuple[int, torch.Tensor]
"""Index of a block's first plane, and its (heads, n, Y, X) logits."""


class PatchPredictor(Protocol):
    """A network on a device.

    Attributes:
        patch: voxels of a patch.
        heads: output channels.
        device: where the output lies.
    """

    patch: Patch
    heads: int
    device: torch.device

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        """(C, *patch) float32 on the CPU → (heads, *patch) logits × Gaussian weight."""
        ...


def gaussian_weight(patch: Patch, device: torch.device) -> torch.Tensor:
    """``patch``-shaped half-precision weights: the centre of a patch is trusted most."""
    weight: torch.Tensor = compute_gaussian(
        patch, sigma_scale=1.0 / 8, value_scaling_factor=GAUSSIAN_PEAK, device=device
    )
    return weight


def count_patches(shape: Patch, patch: Patch, step: float) -> int:
    """How many patches :func:`predict_planes` will visit."""
    padded = tuple(max(size, p) for size, p in zip(shape, patch, strict=True))
    positions = compute_steps_for_sliding_window(padded, patch, step)
    return len(positions[0]) * len(positions[1]) * len(positions[2])


@torch.inference_mode()
def predict_planes(
    data: torch.Tensor,
    predictor: PatchPredictor,
    step: float,
    on_patch: Callable[[], None] = lambda: None,
) -> Iterator[Planes]:
    """Logits of a volume, a few finished planes at a time.

    Args:
        data: (C, Z, Y, X) float32 on the CPU.
        predictor: the network.
        step: step between patches as a share of the patch.
        on_patch: called after every patch.

    Yields:
        The index of a block's first plane and the block, (heads, n, Y, X) half precision; blocks
        come in order and cover the volume. A block is overwritten after the next one is asked for.
    """
    patch = predictor.patch
    padded, unpad = pad_nd_image(data, patch, "constant", {"value": 0}, return_slicer=True)
    size_z, size_y, size_x = padded.shape[1:]
    steps_z, steps_y, steps_x = compute_steps_for_sliding_window(
        (size_z, size_y, size_x), patch, step
    )
    _, keep_z, keep_y, keep_x = unpad
    weight = gaussian_weight(patch, predictor.device)
    half = {"dtype": torch.half, "device": predictor.device}
    # rings over the first axis: plane z lies at z % patch[0]
    sums = torch.zeros((predictor.heads, patch[0], size_y, size_x), **half)  # type: ignore[call-overload]
    weights = torch.zeros((patch[0], size_y, size_x), **half)  # type: ignore[call-overload]
    for start, next_start in zip(steps_z, [*steps_z[1:], size_z], strict=True):
        for y, x in product(steps_y, steps_x):
            here = (slice(y, y + patch[1]), slice(x, x + patch[2]))
            logits = predictor(padded[:, start : start + patch[0], here[0], here[1]])
            for ring, part in _ring(start, start + patch[0], patch[0]):
                sums[(slice(None), ring, *here)] += logits[:, part]
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


@torch.inference_mode()
def mean_of_folds(folds: Sequence[Iterator[Planes]]) -> Iterator[Planes]:
    """Average the logits of several networks that walk the same volume in step.

    Args:
        folds: one :func:`predict_planes` per network.

    Yields:
        Blocks as :func:`predict_planes` does; summed and divided in half precision, as nnU-Net.
    """
    for blocks in zip(*folds, strict=True):
        first, total = blocks[0]
        for _, block in blocks[1:]:
            total += block
        if len(blocks) > 1:
            total /= len(blocks)
        yield first, total


def _ring(start: int, stop: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Where planes ``start … stop`` lie in a ring: (slice of the ring, slice from ``start``)."""
    position = start
    while position < stop:
        offset = position % size
        length = min(size - offset, stop - position)
        yield slice(offset, offset + length), slice(position - start, position - start + length)
        position += length
