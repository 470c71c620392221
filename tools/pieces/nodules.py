"""A piece of lung with nodules of known axes: solid or subsolid, at the pleura, at a fissure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pieces.drawing import Marks, Piece
from pieces.solids import box

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from pieces.drawing import Floats, Grid, Solid, Triple

LUNG_HU, WALL_HU, SOLID_HU, SUBSOLID_HU = -850.0, 40.0, 30.0, -600.0
UPPER, LOWER = "lung_upper_lobe_right", "lung_lower_lobe_right"
TASK, LABEL = "lung_nodules", "lung_nodules"


@dataclass(frozen=True, slots=True)
class Nodule:
    """An ellipsoid, turned about the patient's long axis.

    Attributes:
        centre_mm: where; x right, y anterior, z superior.
        radii_mm: half axes before it is turned.
        turn_deg: about the z axis.
        hu: its attenuation.
    """

    centre_mm: Triple
    radii_mm: Triple
    turn_deg: float = 0.0
    hu: float = SOLID_HU

    @property
    def solid(self) -> Solid:
        """Where it is."""
        inside = self.matrix
        cx, cy, cz = self.centre_mm

        def within(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
            dx, dy, dz = x - cx, y - cy, z - cz
            in_plane = inside[0, 0] * dx**2 + 2 * inside[0, 1] * dx * dy + inside[1, 1] * dy**2
            return np.asarray(in_plane + inside[2, 2] * dz**2 <= 1.0)

        return within

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """(3, 3) *A* of its surface ``dᵀ A d = 1``."""
        angle = np.deg2rad(self.turn_deg)
        turn = np.eye(3)
        turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        return np.asarray(turn @ np.diag(1 / np.square(self.radii_mm)) @ turn.T)

    def axes_mm(self, grid: Grid) -> tuple[float, float]:
        """Long and short axis of its largest section parallel to the grid's slices."""
        columns = grid.affine[:3, :2] / np.linalg.norm(grid.affine[:3, :2], axis=0)
        short, long = 2 / np.sqrt(np.linalg.eigvalsh(columns.T @ self.matrix @ columns))[::-1]
        return float(long), float(short)

    @property
    def volume_mm3(self) -> float:
        """4/3 π abc."""
        return float(4 / 3 * np.pi * np.prod(self.radii_mm))


@dataclass
class LungPiece:
    """A block of lung in its wall.

    Attributes:
        piece: image and lobes, under the names of the task ``total``.
        marks: nodules, of the task ``lung_nodules``.
        nodules: what was drawn.
    """

    piece: Piece
    marks: Marks
    nodules: tuple[Nodule, ...]


def lung(grid: Grid, nodules: Sequence[Nodule], *, wall_mm: float = 8.0) -> LungPiece:
    """Draw a block of right lung, its oblique fissure through the origin, with nodules.

    Args:
        grid: the voxels.
        nodules: to draw; what reaches the wall is drawn over it.
        wall_mm: thickness of the wall that surrounds the lung on all sides.
    """
    piece = Piece(grid, background_hu=WALL_HU, thick=True)
    marks = Marks(grid, {1: LABEL})
    x, y, z = (length / 2 - wall_mm for length in grid.size_mm)
    whole = box((-x, -y, -z), (x, y, z))

    def lower(a: Floats, b: Floats, c: Floats) -> npt.NDArray[np.bool_]:
        return np.asarray(whole(a, b, c) & (b + c < 0))

    piece.draw(whole, LUNG_HU, UPPER)
    piece.draw(lower, LUNG_HU, LOWER)
    for nodule in nodules:
        marks.mark(piece.draw(nodule.solid, nodule.hu), LABEL)
    return LungPiece(piece, marks, tuple(nodules))
