"""Painting shapes, in order, into a block of voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.phantom.labels import TOTAL
from heimdallr.phantom.materials import MATERIALS, Material

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from heimdallr.phantom.primitives import Coordinates, Floats, Shape

OUTSIDE = frozenset({Material.AIR, Material.TABLE, Material.SKIN})
"""Materials that nothing inside the body may replace."""


@dataclass(frozen=True, slots=True)
class Paint:
    """One step of the painting order.

    Attributes:
        shape: where.
        material: what.
        label: class name of TotalSegmentator's task `total`; empty for background, None to leave
            the label that is there.
        over: the only materials that may be replaced; None for everything inside the body.
    """

    shape: Shape
    material: Material
    label: str | None = ""
    over: frozenset[Material] | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A slab of voxels being painted.

    Attributes:
        where: body coordinates of every voxel.
        axes: the three grid axes in reference-body millimetres before the warp.
        reach_mm: largest shift by the warp along each axis, mm.
        material: (X, Y, Z) material numbers.
        total: (X, Y, Z) label numbers.
    """

    where: Coordinates
    axes: tuple[Floats, Floats, Floats]
    reach_mm: Floats
    material: npt.NDArray[np.uint8]
    total: npt.NDArray[np.uint8]


def paint(block: Block, steps: Iterable[Paint]) -> None:
    """Paint all steps into the block, later ones over earlier ones."""
    for step in steps:
        allowed = _allowed(step.over)
        label = None if step.label is None else TOTAL[step.label] if step.label else 0
        for piece in step.shape.pieces():
            index = _index(block, piece.lo, piece.hi)
            if index is None:
                continue
            material = block.material[index]
            mask = piece.inside(block.where.block(index)) & allowed[material]
            material[mask] = step.material
            if label is not None:
                block.total[index][mask] = label


def _allowed(over: frozenset[Material] | None) -> npt.NDArray[np.bool_]:
    keep = [(m not in OUTSIDE) if over is None else (m in over) for m in MATERIALS]
    return np.array(keep, dtype=bool)


def _index(
    block: Block, lo: tuple[float, float, float], hi: tuple[float, float, float]
) -> tuple[slice, slice, slice] | None:
    slices = []
    for axis, low, high, reach in zip(block.axes, lo, hi, block.reach_mm, strict=True):
        start = int(np.searchsorted(axis, low - reach))
        stop = int(np.searchsorted(axis, high + reach, side="right"))
        if start >= stop:
            return None
        slices.append(slice(start, stop))
    return slices[0], slices[1], slices[2]
