"""nnU-Net's sliding window, with memory for one patch's thickness instead of the whole body.

``nnUNetPredictor`` keeps the logits of every class for every voxel: 118 classes of a whole-trunk CT
fill gigabytes. Two things need not be so. Patches are visited slab by slab along the first axis, so
the planes before the next slab's start are final: they are handed on at once and their memory is
used again. And the last layer of a U-Net is a matrix that turns 32 features of a voxel into 118
logits; averaging and that matrix may change places, so features are averaged, and logits are made
once per voxel where the label is chosen. Patch positions and Gaussian weights are nnU-Net's own.
"""

from __future__ import annotations

from dataclasses import dataclass
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
"""Index of a block's first plane, and its (channels, n, Y, X) features or logits."""


@dataclass(frozen=True, slots=True)
class Head:
    """A network's last layer: logits = weight · features + bias.

    Attributes:
        weight: (heads, channels) float32.
        bias: (heads,) float32.
    """

    weight: torch.Tensor
    bias: torch.Tensor

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """(channels, N) features → (N, heads) logits, float32."""
        return torch.addmm(self.bias, features.float().T, self.weight.T)


class PatchPredictor(Protocol):
    """A network on a device.

    Attributes:
        patch: voxels of a patch.
        channels: output channels: features, or logits where there is no head.
        head: the last layer, where it is applied afterwards.
        device: where the output lies.
    """

    patch: Patch
    channels: int
    head: Head | None
    device: torch.device

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        """(C, *patch) float32 on the CPU → (channels, *patch) output × Gaussian weight."""
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
    """Features or logits of a volume, a few finished planes at a time.

    Args:
        data: (C, Z, Y, X) float32 on the CPU.
        predictor: the network.
        step: step between patches as a share of the patch.
        on_patch: called after every patch.

    Yields:
        The index of a block's first plane and the block, (channels, n, Y, X); blocks come in order
        and cover the volume. A block is overwritten after the next one is asked for.
    """
    patch = predictor.patch
    padded, unpad = pad_nd_image(data, patch, "constant", {"value": 0}, return_slicer=True)
    size_z, size_y, size_x = padded.shape[1:]
    steps_z, steps_y, steps_x = compute_steps_for_sliding_window(
        (size_z, size_y, size_x), patch, step
    )
    _, keep_z, keep_y, keep_x = unpad
    weight = gaussian_weight(patch, predictor.device)
    # logits of many classes are summed in half precision, as nnU-Net does; features are few
    kind = torch.half if predictor.head is None else torch.float32
    # rings over the first axis: plane z lies at z % patch[0]
    shape = (patch[0], size_y, size_x)
    sums = torch.zeros((predictor.channels, *shape), dtype=kind, device=predictor.device)
    weights = torch.zeros(shape, dtype=kind, device=predictor.device)
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


@torch.inference_mode()
def mean_of_folds(
    folds: Sequence[Iterator[Planes]], heads: Sequence[Head | None]
) -> Iterator[Planes]:
    """Average the logits of several networks that walk the same volume in step.

    Args:
        folds: one :func:`predict_planes` per network.
        heads: the last layer of each, where it is still to be applied.

    Yields:
        Blocks of logits, half precision, as nnU-Net averages them.
    """
    for blocks in zip(*folds, strict=True):
        first = blocks[0][0]
        logits = [_logits(block, head) for (_, block), head in zip(blocks, heads, strict=True)]
        total = logits[0]
        for other in logits[1:]:
            total += other
        total /= len(logits)
        yield first, total


def _logits(block: torch.Tensor, head: Head | None) -> torch.Tensor:
    """(channels, n, Y, X) → (heads, n, Y, X) half precision."""
    if head is None:
        return block
    planes = [head.logits(plane.reshape(len(plane), -1)).T.half() for plane in block.unbind(1)]
    return torch.stack(planes, dim=1).reshape(-1, *block.shape[1:])


def _ring(start: int, stop: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Where planes ``start … stop`` lie in a ring: (slice of the ring, slice from ``start``)."""
    position = start
    while position < stop:
        offset = position % size
        length = min(size - offset, stop - position)
        yield slice(offset, offset + length), slice(position - start, position - start + length)
        position += length
