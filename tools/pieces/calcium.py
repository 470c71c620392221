"""Calcified aorta and heart: plaque of known place, size and Agatston score.

The score depends on the slices it is taken on. The truth is that of a drawing without noise on the
slices that Agatston had: axial, 3 mm thick and 3 mm apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from pieces.drawing import Grid, Piece, Triple
from pieces.solids import box, either, ellipsoid, tube

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pieces.drawing import Solid

FAT_HU, BLOOD_HU, MUSCLE_HU, BONE_HU, LUNG_HU = -100.0, 45.0, 50.0, 320.0, -850.0
PIXEL_MM, INCREMENT_MM = 0.7, 3.0
THRESHOLD_HU = 130.0

ABDOMEN_MM = (90.0, 110.0, 264.0)
AORTA_RADIUS_MM = 10.0
PITCH_MM, BODY_MM = 34.0, (44.0, 32.0, 26.0)
SPINE = ("L5", "L4", "L3", "L2", "L1", "T12", "T11")

CHEST_MM = (150.0, 150.0, 140.0)
HEART_RADII_MM = (48.0, 42.0, 46.0)
ROOT_MM, ROOT_RADIUS_MM = (4.0, 8.0), 15.0
VALVE_MM: Triple = (4.0, 8.0, 26.0)


@dataclass(frozen=True, slots=True)
class Plaque:
    """One piece of calcium: an ellipsoid.

    Attributes:
        centre_mm: where.
        radii_mm: how large.
        hu: attenuation.
    """

    centre_mm: Triple
    radii_mm: Triple
    hu: float

    @property
    def solid(self) -> Solid:
        """As it is drawn."""
        return ellipsoid(self.centre_mm, self.radii_mm)


def abdominal_aorta(grid: Grid, plaques: Sequence[Plaque] = ()) -> Piece:
    """An aorta before the spine, T11 to L5, with plaque; L3 lies at the origin's height.

    ``truth`` has ``aortic_calcium_agatston`` of what lies between T12 and L4.
    """
    piece = Piece(grid, background_hu=FAT_HU)
    for n, level in enumerate(SPINE):
        z = (n - 2) * PITCH_MM - 34.0
        width, depth, height = BODY_MM
        bone = box((-width / 2, -42.0, z - height / 2), (width / 2, -42.0 + depth, z + height / 2))
        piece.draw(bone, BONE_HU, f"vertebrae_{level}")
    aorta = tube((-8.0, 3.0, -100.0), (-4.0, 1.0, 140.0), AORTA_RADIUS_MM)
    piece.draw(aorta, BLOOD_HU, "aorta")
    for one in plaques:
        piece.draw(one.solid, one.hu)
    return piece


def heart(
    grid: Grid,
    plaques: Sequence[Plaque] = (),
    *,
    valve_hu: float | None = None,
    lead_hu: float | None = None,
) -> Piece:
    """A heart in fat and lung, the aorta's root out of it and its descending part behind it.

    Args:
        grid: the voxels.
        plaques: coronary calcium, on the heart's surface.
        valve_hu: calcium on the aortic valve, which is not coronary.
        lead_hu: a pacemaker's lead in the right ventricle.
    """
    a, b, c = HEART_RADII_MM
    piece = Piece(grid, background_hu=LUNG_HU)
    piece.draw(ellipsoid((0.0, 0.0, 0.0), (a + 7.0, b + 7.0, c + 7.0)), FAT_HU)
    piece.draw(ellipsoid((0.0, 0.0, 0.0), HEART_RADII_MM), MUSCLE_HU, "heart")
    x, y = ROOT_MM
    root = tube((x, y, 32.0), (x, y, 75.0), ROOT_RADIUS_MM)
    descending = tube((-20.0, -62.0, -75.0), (-20.0, -62.0, 75.0), 11.0)
    piece.draw(either(root, descending), BLOOD_HU, "aorta")
    piece.draw(box((-25.0, 62.0, -40.0), (25.0, 72.0, 60.0)), BONE_HU, "sternum")
    if valve_hu is not None:
        piece.draw(ellipsoid(VALVE_MM, (9.0, 2.5, 3.0)), valve_hu)
    if lead_hu is not None:
        piece.draw(tube((30.0, 5.0, 10.0), (15.0, 20.0, -30.0), 1.2), lead_hu)
    for one in plaques:
        piece.draw(one.solid, one.hu)
    return piece


def on_heart(azimuth_deg: float, height: float, outward_mm: float = 2.0) -> Triple:
    """A point on the heart, by its angle from the right (forward) and its height, -1 to 1."""
    angle, ring = np.deg2rad(azimuth_deg), float(np.sqrt(1 - height**2))
    a, b, c = HEART_RADII_MM
    return (
        float((a + outward_mm) * ring * np.cos(angle)),
        float((b + outward_mm) * ring * np.sin(angle)),
        float((c + outward_mm) * height),
    )


def reference_agatston(
    draw: Callable[[Grid], Piece],
    size_mm: Triple,
    plaques: Sequence[Plaque],
    pixel_mm: float = PIXEL_MM,
) -> float:
    """Score of these plaques on axial slices of 3 mm, drawn without noise.

    Args:
        draw: draws the piece, plaques and all, on a grid.
        size_mm: of the grid.
        plaques: those that count.
        pixel_mm: of the slices.
    """
    piece = draw(Grid(size_mm, (pixel_mm, pixel_mm, INCREMENT_MM)))
    counted = np.zeros(piece.grid.shape, bool)
    for one in plaques:
        counted |= piece.share(one.solid) > 0
    bright = counted & (piece.hu >= THRESHOLD_HU)
    pixel_mm2 = pixel_mm**2
    score = 0.0
    for k in range(bright.shape[2]):
        pieces, count = ndimage.label(bright[:, :, k], np.ones((3, 3)))
        for number in range(1, count + 1):
            values = piece.hu[:, :, k][pieces == number]
            if values.size * pixel_mm2 >= 1:
                score += values.size * pixel_mm2 * min(int(values.max() // 100), 4)
    return score
