"""Both kidneys with their hila: with stones of known size and attenuation, or of known length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from nibabel.affines import apply_affine

from pieces.drawing import HALF, Grid, Piece, Triple
from pieces.solids import box, either, ellipsoid, less, placed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from pieces.drawing import Solid

FAT_HU, KIDNEY_HU, URINE_HU, BONE_HU = -100.0, 32.0, 8.0, 450.0
SIZE_MM = (180.0, 90.0, 120.0)
CENTRE_MM = {"kidney_right": (52.0, 0.0, 0.0), "kidney_left": (-52.0, 0.0, 0.0)}
RADII_MM = (27.0, 25.0, 50.0)
SINUS_MM, SINUS_RADII_MM, PELVIS_RADII_MM = 16.0, (15.0, 9.0, 20.0), (10.0, 6.0, 11.0)
"""How far the sinus lies from the kidney's middle, towards the spine; its size, and its
content's."""
APART_MM, WIDTH_MM, DEPTH_MM = 50.0, 56.0, 48.0
DEEP_MM, HOLLOW_RADII_MM = 18.0, (14.0, 12.0, 20.0)
"""Of kidneys of known length: how far they lie aside, how wide and deep they are; their sinus."""


@dataclass(frozen=True, slots=True)
class StoneTruth:
    """A stone that is drawn.

    Attributes:
        kidney: class name of its kidney.
        offset_mm: from that kidney's middle; x to the side, y forward, z up.
        radii_mm: of the ellipsoid; the largest, twice, is its diameter.
        hu: attenuation.
    """

    kidney: str
    offset_mm: Triple
    radii_mm: Triple
    hu: float

    @property
    def diameter_mm(self) -> float:
        """Greatest diameter."""
        return 2 * max(self.radii_mm)

    @property
    def volume_mm3(self) -> float:
        """Of the ellipsoid."""
        return float(4 / 3 * np.pi * np.prod(self.radii_mm))


def kidneys(grid: Grid, stones: Sequence[StoneTruth] = (), *, rib: bool = True) -> Piece:
    """Two kidneys in fat, each with a sinus of fat and a renal pelvis, a rib behind each.

    Stones are in the image only: networks label them kidney or nothing. ``truth`` has the number of
    stones, the largest diameter, the volume and the highest attenuation of each side.
    """
    piece = Piece(grid, background_hu=FAT_HU)
    whole = _pair(lambda x, y, z: ellipsoid((x, y, z), RADII_MM))
    sinus = _pair(lambda x, y, z: ellipsoid((_medial(x), y, z), SINUS_RADII_MM))
    share = piece.draw(less(whole, sinus), KIDNEY_HU)
    piece.draw(_pair(lambda x, y, z: ellipsoid((_medial(x), y, z), PELVIS_RADII_MM)), URINE_HU)
    if rib:
        piece.draw(
            _pair(lambda x, y, z: box((x - 25, y - 40, z + 20), (x + 25, y - 31, z + 30))), BONE_HU
        )
    is_right = apply_affine(grid.affine, np.argwhere(share >= HALF))[:, 0] > 0
    for number, (kidney, right) in enumerate((("kidney_right", True), ("kidney_left", False)), 1):
        piece.names[number] = kidney
        piece.labels[tuple(np.argwhere(share >= HALF)[is_right == right].T)] = number
        _stones(piece, kidney, [one for one in stones if one.kidney == kidney])
    return piece


def _medial(x: float) -> float:
    return float(x - np.sign(x) * SINUS_MM)


def _pair(of: Callable[[float, float, float], Solid]) -> Solid:
    """The same on both sides."""
    return either(*(of(*centre) for centre in CENTRE_MM.values()))


def _stones(piece: Piece, kidney: str, stones: Sequence[StoneTruth]) -> None:
    x, y, z = CENTRE_MM[kidney]
    for one in stones:
        dx, dy, dz = one.offset_mm
        at = (float(x + np.sign(x) * dx), y + dy, z + dz)
        piece.draw(ellipsoid(at, one.radii_mm), one.hu)
    side = f"kidney_stones_{kidney.removeprefix('kidney_')}"
    piece.truth[side] = len(stones)
    if stones:
        piece.truth[f"{side}_diameter_mm"] = max(one.diameter_mm for one in stones)
        piece.truth[f"{side}_vol_mm3"] = sum(one.volume_mm3 for one in stones)
        piece.truth[f"{side}_peak_hu"] = max(one.hu for one in stones)


def leaning_kidneys(grid: Grid, right_mm: float, left_mm: float, tilt_deg: float = 15.0) -> Piece:
    """Two kidneys in fat, upper poles towards the spine and the back, each with a sinus.

    ``truth``: lengths from pole to pole in mm, volumes without the sinus in cm³.
    """
    piece = Piece(grid, background_hu=FAT_HU)
    for name, side, length_mm in (("kidney_right", 1, right_mm), ("kidney_left", -1, left_mm)):
        axes = _leaning(tilt_deg, side)
        radii = (WIDTH_MM / 2, DEPTH_MM / 2, length_mm / 2)
        whole = placed(ellipsoid((0, 0, 0), radii), (side * APART_MM, 0, 0), axes)
        hilum = (side * (APART_MM - DEEP_MM), 0, 0)
        sinus = placed(ellipsoid((0, 0, 0), HOLLOW_RADII_MM), hilum, axes)
        share = piece.draw(less(whole, sinus), KIDNEY_HU, name)
        piece.truth[f"{name}_length_mm"] = length_mm
        voxel_cm3 = abs(np.linalg.det(grid.affine[:3, :3])) / 1000
        piece.truth[f"{name}_cm3"] = float(share.sum() * voxel_cm3)
    return piece


def _leaning(degrees: float, side: int) -> npt.NDArray[np.float64]:
    """(3, 3) axes of a kidney, in rows; its long one leans towards the spine and the back."""
    a = np.deg2rad(degrees)
    long = np.array([-side * np.sin(a), -np.sin(a), np.cos(a)])
    long /= np.linalg.norm(long)
    across = np.cross(np.array([0.0, 1.0, 0.0]), long)
    across /= np.linalg.norm(across)
    return np.stack([across, np.cross(long, across), long])
