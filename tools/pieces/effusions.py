"""A chest with fluid of known volume: a meniscus behind each lung, a ring in the pericardium."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pieces.drawing import HALF, Marks, Piece, Triple
from pieces.solids import both, ellipsoid

if TYPE_CHECKING:
    import numpy.typing as npt

    from pieces.drawing import Floats, Grid, Solid

FAT_HU, WALL_HU, LUNG_HU, HEART_HU, BONE_HU = -100.0, 40.0, -830.0, 40.0, 250.0
TASK = "pleural_pericard_effusion"
PLEURAL, PERICARDIAL = "pleural_effusion", "pericardial_effusion"
CENTRE_MM, RADII_MM = (75.0, 5.0, 0.0), (52.0, 78.0, 105.0)
"""Of the right half of the chest; the left one is its mirror image."""
FISSURE_MM = 10.0


@dataclass(frozen=True, slots=True)
class Fluid:
    """What is drawn.

    Attributes:
        level_mm: side → how far the fluid reaches forward of the middle of the half of the chest;
            what lies behind that is fluid, its surface rising towards the wall like a meniscus. A
            side that is not named is dry.
        pericardium_mm: thickness of the fluid around the heart; 0: none.
        hu: its attenuation.
    """

    level_mm: dict[str, float]
    pericardium_mm: float = 0.0
    hu: float = 8.0


@dataclass
class ChestPiece:
    """A drawn chest.

    Attributes:
        piece: image, lobes, heart and spine under the names of the task ``total``.
        marks: fluid, of the task ``pleural_pericard_effusion``.
        truth: mL by ``right``, ``left`` and ``pericardium``, counted on the shares of all voxels.
    """

    piece: Piece
    marks: Marks
    truth: dict[str, float] = field(default_factory=dict)


def chest(grid: Grid, fluid: Fluid) -> ChestPiece:
    """Draw a chest.

    Args:
        grid: the voxels.
        fluid: what to draw in it.
    """
    piece, marks = (
        Piece(grid, background_hu=-1000.0, thick=True),
        Marks(grid, {1: PLEURAL, 2: PERICARDIAL}),
    )
    truth: dict[str, float] = {}
    voxel_ml = float(np.prod(grid.spacing_mm)) / 1000
    piece.draw(ellipsoid((0, 0, 0), (160.0, 110.0, 400.0)), WALL_HU)
    for side, sign in (("right", 1.0), ("left", -1.0)):
        half = ellipsoid((sign * CENTRE_MM[0], *CENTRE_MM[1:]), RADII_MM)
        piece.draw(half, LUNG_HU, f"lung_upper_lobe_{side}")
        piece.draw(both(half, _below_fissure), LUNG_HU, f"lung_lower_lobe_{side}")
        if side in fluid.level_mm:
            wet = both(half, _meniscus(sign * CENTRE_MM[0], fluid.level_mm[side]))
            share = piece.draw(wet, fluid.hu)
            piece.labels[share >= HALF] = 0
            marks.mark(share, PLEURAL)
            truth[side] = float(share.sum()) * voxel_ml
    heart: tuple[Triple, Triple] = ((-14.0, 28.0, -40.0), (42.0, 36.0, 46.0))
    if fluid.pericardium_mm:
        radii = heart[1]
        sac = (
            radii[0] + fluid.pericardium_mm,
            radii[1] + fluid.pericardium_mm,
            radii[2] + fluid.pericardium_mm,
        )
        around = piece.draw(ellipsoid(heart[0], sac), fluid.hu)
        piece.labels[around >= HALF] = 0
        ring = around - piece.share(ellipsoid(*heart))
        marks.mark(around, PERICARDIAL)
        truth["pericardium"] = float(ring.sum()) * voxel_ml
    inside = piece.draw(ellipsoid(*heart), HEART_HU, "heart")
    marks.labels[inside >= HALF] = 0
    for number in range(5, 11):
        z = (7.5 - number) * 26.0
        piece.draw(ellipsoid((0.0, -52.0, z), (17.0, 17.0, 11.0)), BONE_HU, f"vertebrae_T{number}")
    return ChestPiece(piece, marks, truth)


def _below_fissure(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(y + z + 0 * x < FISSURE_MM)


def _meniscus(x_mm: float, level_mm: float) -> Solid:
    """Behind a surface that lies lowest in the middle of the half."""

    def inside(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
        return np.asarray(y + 0 * z < CENTRE_MM[1] + level_mm + 0.004 * (x - x_mm) ** 2)

    return inside
