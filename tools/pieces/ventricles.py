"""A head with ventricles of known Evans index, and a midline pushed aside by a known distance.

A skull shell, brain, fluid: lateral ventricles of five parts each, a third and a fourth ventricle.
The head may lie tilted and turned in the scanner: it is the patient that is turned, not the grid.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pieces.drawing import HALF, Marks, Piece, Triple, rotation
from pieces.solids import box, ellipsoid, placed

if TYPE_CHECKING:
    import numpy.typing as npt

    from pieces.drawing import Floats, Grid, Solid

AIR_HU, BONE_HU, BRAIN_HU, FLUID_HU, SKIN_HU = -1000.0, 900.0, 34.0, 6.0, 30.0
TASK = "ventricle_parts"


@dataclass(frozen=True, slots=True)
class HeadShape:
    """What is drawn.

    Attributes:
        inner_mm: half width, half length and half height of the skull's inside.
        skull_mm: thickness of the bone.
        horns_mm: width of both frontal horns together, outer wall to outer wall.
        shift_mm: how far the midline lies to the patient's right (negative: left).
        turn_deg: of the head about its x (nod), y (tilt) and z (turn) axis.
        displaced_mm: of the head's centre from the grid's.
    """

    inner_mm: Triple = (66.0, 84.0, 70.0)
    skull_mm: float = 6.0
    horns_mm: float = 34.0
    shift_mm: float = 0.0
    turn_deg: Triple = (0.0, 0.0, 0.0)
    displaced_mm: Triple = (0.0, 0.0, 0.0)


@dataclass
class HeadPiece:
    """A drawn head.

    Attributes:
        piece: image, brain and skull under the names of the task ``total``.
        marks: ventricles, of the task ``ventricle_parts``.
        truth: ``evans_index``, ``midline_shift_mm``, ``horns_mm``, ``skull_mm``.
    """

    piece: Piece
    marks: Marks
    truth: dict[str, float] = field(default_factory=dict)


HORN_HEIGHT_MM = 8.0
"""Height of the frontal horns' middle above the skull's centre."""
SEPTUM_MM = 1.5
"""Half the distance of the horns' inner walls."""


def head(grid: Grid, shape: HeadShape) -> HeadPiece:
    """Draw a head.

    Args:
        grid: the voxels.
        shape: what to draw.
    """
    piece, marks = Piece(grid, background_hu=AIR_HU, thick=True), Marks(grid)
    a, b, c = shape.inner_mm
    outer = (a + shape.skull_mm, b + shape.skull_mm, c + shape.skull_mm)
    skin = (outer[0] + 5, outer[1] + 5, outer[2] + 5)

    def turned(solid: Solid) -> Solid:
        return placed(solid, shape.displaced_mm, rotation(shape.turn_deg).T)

    piece.draw(turned(ellipsoid((0, 0, 0), skin)), SKIN_HU)
    piece.draw(turned(ellipsoid((0, 0, 0), outer)), BONE_HU, "skull")
    inside = piece.draw(turned(ellipsoid((0, 0, 0), shape.inner_mm)), FLUID_HU)
    piece.labels[inside >= HALF] = 0
    piece.draw(turned(ellipsoid((0, 0, 0), (a - 3, b - 3, c - 3))), BRAIN_HU, "brain")
    for name, solid in _parts(shape).items():
        marks.mark(piece.draw(turned(solid), FLUID_HU), name)
    width = 2 * a * float(np.sqrt(1 - (HORN_HEIGHT_MM / c) ** 2))
    truth = {
        "evans_index": shape.horns_mm / width,
        "midline_shift_mm": abs(shape.shift_mm),
        "horns_mm": shape.horns_mm,
        "skull_mm": width,
    }
    return HeadPiece(piece, marks, truth)


def _parts(shape: HeadShape) -> dict[str, Solid]:
    """The ventricles in a straight head."""
    half, at, z = shape.horns_mm / 2, shape.shift_mm, HORN_HEIGHT_MM
    parts: dict[str, Solid] = {}
    for side, sign in (("left", -1.0), ("right", 1.0)):
        inner, outer = at + sign * SEPTUM_MM, at + sign * half
        low, high = sorted((inner, at + sign * (SEPTUM_MM + 12)))
        parts |= {
            f"ventricle_body_{side}": box((low, -20, z + 6), (high, 12, z + 14)),
            f"ventricle_trigone_{side}": ellipsoid((sign * 26.0 + at / 2, -30, z), (8, 9, 9)),
            f"ventricle_occipital_horn_{side}": ellipsoid(
                (sign * 24.0 + at / 2, -48, z - 2), (5, 11, 6)
            ),
            f"ventricle_temporal_horn_{side}": ellipsoid(
                (sign * 32.0 + at / 2, -14, z - 22), (4, 14, 4)
            ),
            f"ventricle_frontal_horn_{side}": _half(inner, outer, (22, z), (14, 9)),
        }
    parts["third_ventricle"] = box((at - 2.5, -8, z - 22), (at + 2.5, 14, z - 6))
    parts["fourth_ventricle"] = ellipsoid((0, -36, z - 46), (7, 6, 8))
    return parts


def _half(
    inner_mm: float, outer_mm: float, centre_mm: tuple[float, float], radii_mm: tuple[float, float]
) -> Solid:
    """Half an ellipsoid, flat towards the septum."""
    whole = ellipsoid((inner_mm, *centre_mm), (abs(outer_mm - inner_mm), *radii_mm))

    def inside(x: Floats, y: Floats, z: Floats) -> npt.NDArray[np.bool_]:
        return np.asarray(whole(x, y, z) & ((x - inner_mm) * (outer_mm - inner_mm) >= 0))

    return inside
