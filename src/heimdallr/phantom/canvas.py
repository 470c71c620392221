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

    from heimdallr.phantom.deform import Deformation
    from heimdallr.phantom.primitives import Coordinates, Floats, Piece, Shape

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
class Plan:
    """Painting steps taken apart into pieces, with their boxes on the undeformed grid.

    Attributes:
        pieces: inside tests in painting order.
        step: index of each piece's step.
        steps: the steps.
        lo: (N, 3) low corners of the boxes before the warp, mm.
        hi: (N, 3) high corners, mm.
    """

    pieces: tuple[Piece, ...]
    step: tuple[int, ...]
    steps: tuple[Paint, ...]
    lo: Floats
    hi: Floats


@dataclass(frozen=True, slots=True)
class Block:
    """A slab of voxels being painted.

    Attributes:
        where: body coordinates of every voxel.
        axes: the three grid axes in reference-body millimetres before the warp.
        material: (X, Y, Z) material numbers.
        total: (X, Y, Z) label numbers.
    """

    where: Coordinates
    axes: tuple[Floats, Floats, Floats]
    material: npt.NDArray[np.uint8]
    total: npt.NDArray[np.uint8]


def make_plan(steps: Iterable[Paint], deformation: Deformation) -> Plan:
    """Take steps apart and find where the warp carries each piece's bounding box."""
    steps = tuple(steps)
    found = [(i, piece) for i, step in enumerate(steps) for piece in step.shape.pieces()]
    lo = np.array([piece.lo for _, piece in found])
    hi = np.array([piece.hi for _, piece in found])
    lo, hi = deformation.undeformed_boxes(lo, hi)
    return Plan(tuple(p for _, p in found), tuple(i for i, _ in found), steps, lo, hi)


def paint(block: Block, plan: Plan) -> None:
    """Paint all steps into the block, later ones over earlier ones."""
    allowed = [_allowed(step.over) for step in plan.steps]
    start = [np.searchsorted(a, plan.lo[:, i]) for i, a in enumerate(block.axes)]
    stop = [np.searchsorted(a, plan.hi[:, i], side="right") for i, a in enumerate(block.axes)]
    seen = np.all(np.stack(start) < np.stack(stop), axis=0)
    for n in np.flatnonzero(seen):
        step = plan.steps[plan.step[n]]
        x, y, z = (slice(a[n], b[n]) for a, b in zip(start, stop, strict=True))
        index = (x, y, z)
        material = block.material[index]
        mask = plan.pieces[n].inside(block.where.block(index))
        mask &= allowed[plan.step[n]][material]
        material[mask] = step.material
        if step.label is not None:
            block.total[index][mask] = TOTAL[step.label] if step.label else 0


def _allowed(over: frozenset[Material] | None) -> npt.NDArray[np.bool_]:
    keep = [(m not in OUTSIDE) if over is None else (m in over) for m in MATERIALS]
    return np.array(keep, dtype=bool)
