"""The trunk's nested surfaces (skin, muscle fascia, inner wall) and the diaphragm.

The three surfaces are polar tables: radius over angle and height about a fixed vertical axis.
The angle is 0 at the back, a quarter turn at the patient's right, half a turn at the front.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import map_coordinates

if TYPE_CHECKING:
    from heimdallr.phantom.patient import Patient
    from heimdallr.phantom.primitives import Floats

AXIS_Y_MM = 40.0
"""Forward position of the polar axis in the reference body."""

_ANGLES = 96
_STEP_MM = 5.0
_LOW_MM, _HIGH_MM = -320.0, 480.0
_NECK_TOP_MM = 505.0  # within the head, which is painted around it

# Height, half width, front, back (mm) and superellipse exponent of the inner wall: pleura,
# peritoneum, pelvic wall. Read off whole-trunk CT label maps of two adults.
_INNER = np.array(
    [
        [-320, 5, 45, 35, 2.0],
        [-268, 6, 46, 30, 2.0],
        [-255, 50, 60, -25, 2.2],
        [-220, 74, 78, -62, 2.3],
        [-170, 104, 98, -62, 2.3],
        [-120, 120, 108, -46, 2.4],
        [-80, 122, 114, -38, 2.4],
        [-30, 122, 119, -37, 2.4],
        [20, 129, 128, -43, 2.4],
        [60, 138, 138, -52, 2.4],
        [100, 141, 144, -56, 2.4],
        [150, 136, 140, -58, 2.3],
        [200, 125, 127, -57, 2.2],
        [240, 111, 112, -50, 2.1],
        [280, 88, 96, -34, 2.0],
        [310, 66, 84, -14, 2.0],
        [335, 44, 70, 6, 2.0],
        [350, 16, 62, 24, 2.0],
        [365, 5, 45, 35, 2.0],
        [480, 5, 45, 35, 2.0],
    ]
)

# The same for the outer surface of the muscle wall.
_FASCIA = np.array(
    [
        [-320, 150, 72, -58, 2.2],
        [-285, 158, 76, -64, 2.3],
        [-240, 165, 80, -75, 2.3],
        [-200, 161, 88, -78, 2.3],
        [-160, 152, 100, -77, 2.3],
        [-120, 146, 116, -76, 2.4],
        [-80, 143, 124, -74, 2.5],
        [-30, 141, 129, -77, 2.5],
        [20, 146, 138, -79, 2.5],
        [60, 154, 149, -80, 2.5],
        [100, 158, 156, -82, 2.5],
        [150, 158, 154, -84, 2.5],
        [200, 156, 145, -87, 2.5],
        [240, 158, 134, -87, 2.5],
        [270, 164, 122, -84, 2.5],
        [295, 160, 110, -78, 2.4],
        [318, 128, 98, -68, 2.2],
        [340, 82, 90, -54, 2.1],
        [360, 60, 86, -42, 2.0],
        [390, 54, 85, -32, 2.0],
        [480, 52, 92, -30, 2.0],
    ]
)


@dataclass(frozen=True, slots=True)
class Torso:
    """Trunk surfaces of one patient.

    Attributes:
        inner: (angles, heights) radius of the inner wall, mm.
        fascia: same, outer surface of the muscle wall.
        skin: same, body surface.
        diaphragm_mm: how much lower than in the reference body the diaphragm stands, mm.
        floor_mm: height below which the legs take over from the trunk, mm.
    """

    inner: Floats
    fascia: Floats
    skin: Floats
    diaphragm_mm: float
    floor_mm: float = -292.0

    def depths(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        """Return depths below skin, fascia and inner wall, mm, each of the shape of `x`."""
        dy = y - np.float32(AXIS_Y_MM)
        radius = np.sqrt(x * x + dy * dy)
        angle = np.arctan2(x, -dy) * np.float32(_ANGLES / (2 * np.pi))
        angle[angle < 0] += _ANGLES
        heights = self.skin.shape[1]
        height = (z - np.float32(_LOW_MM)) / np.float32(_STEP_MM)
        np.clip(height, 0, heights - 1.001, out=height)
        # Bilinear look-up of all three tables at once; the tables are periodic in the angle.
        table = np.stack([self.skin, self.fascia, self.inner], axis=-1).astype(np.float32)
        table = np.concatenate([table, table[:1], table[:1]]).reshape(-1, 3)
        row, column = angle.astype(np.int32), height.astype(np.int32)
        u, v = (angle - row)[..., None], (height - column)[..., None]
        start = row * heights + column
        low = table[start] * (1 - v) + table[start + 1] * v
        high = table[start + heights] * (1 - v) + table[start + heights + 1] * v
        depth = low + (high - low) * u - radius[..., None]
        depth[(z < self.floor_mm) | (z > _NECK_TOP_MM)] = -1000.0
        return depth[..., 0], depth[..., 1], depth[..., 2]

    def on_inner(self, angle: Floats, z: Floats, offset_mm: float = 0.0) -> Floats:
        """Return points (N, 3), mm, on the inner wall pushed outwards by `offset_mm`.

        Args:
            angle: (N,) angle from the back towards the patient's right, rad.
            z: (N,) heights, mm.
            offset_mm: distance outside the wall, mm.
        """
        a, h = np.broadcast_arrays(np.asarray(angle, dtype=float), np.asarray(z, dtype=float))
        wrapped = np.concatenate([self.inner[-1:], self.inner, self.inner[:1]])
        index = [(a % (2 * np.pi)) * _ANGLES / (2 * np.pi) + 1, (h - _LOW_MM) / _STEP_MM]
        r = map_coordinates(wrapped, index, order=1, mode="nearest") + offset_mm
        return np.stack([r * np.sin(a), AXIS_Y_MM - r * np.cos(a), h], axis=-1)

    def above_diaphragm(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Return the height above the diaphragm, mm: two domes and the central tendon."""
        right = ((x - 68) / 80) ** 2 + ((y - 58) / 98) ** 2
        left = ((x + 72) / 78) ** 2 + ((y - 52) / 94) ** 2
        middle = (x / 70) ** 2 + ((y - 85) / 62) ** 2
        dome = np.maximum(126.0 - 50.0 * right**1.4, 114.0 - 46.0 * left**1.4)
        dome = np.maximum(dome, 100.0 - 40.0 * middle**2)
        return np.asarray(z - (np.maximum(dome, 58.0) - self.diaphragm_mm), dtype=np.float32)


def make_torso(patient: Patient, rng: np.random.Generator) -> Torso:
    """Shape the trunk of one patient.

    Args:
        patient: build and fat.
        rng: source of small irregularities.
    """
    angle = np.arange(_ANGLES) * 2 * np.pi / _ANGLES
    z = np.arange(_LOW_MM, _HIGH_MM + 1, _STEP_MM)
    inner_levels, fascia_levels = _INNER.copy(), _FASCIA.copy()
    # Visceral fat pushes the belly forward and a little sideways; the lower ribs follow.
    for levels in (inner_levels, fascia_levels):
        belly = np.exp(-(((levels[:, 0] + 35) / 115) ** 2))
        excess = patient.visceral - 0.45
        levels[:, 2] += (34.0 if excess > 0 else 62.0) * excess * belly
        levels[:, 1] += (13.0 if excess > 0 else 26.0) * excess * belly
    inner = _superellipse(inner_levels, angle, z)
    back = np.minimum(angle, 2 * np.pi - angle)
    # Behind the spine the wall comes forward between the two paravertebral gutters.
    inner *= 1.0 - 0.27 * np.exp(-((back / 0.36) ** 2))[:, None] * (z > -60) * (z < 330)
    fascia = _superellipse(fascia_levels, angle, z)
    wall = np.maximum(np.minimum(fascia - inner, _wall_limit(back, z)), 8.0)
    trunk = np.clip((z + 260) / 60, 0, 1) * np.clip((330 - z) / 40, 0, 1)
    wall *= 1.0 + (patient.muscle - 1.0) * 0.7 * trunk[None, :]
    fascia = inner + wall
    furrow = np.exp(-((back / 0.13) ** 2))[:, None]
    fascia *= 1.0 - furrow * (0.05 + 0.24 * np.clip((-150 - z) / 60, 0, 1) * (z > -300))[None, :]
    skin = fascia + _subcutaneous(patient, angle, z, rng)
    return Torso(inner, fascia, skin, patient.inspiration_mm)


def _wall_limit(back: Floats, z: Floats) -> Floats:
    """Return the greatest wall thickness (angles, heights), mm, at angle `back` from the back.

    The three flat muscles of the flank are thin, the paraspinal columns behind are thick; ribs
    and their muscles add to the wall of the chest.
    """
    column = 72.0 * np.exp(-((back / 0.61) ** 2.8))
    flank = 12.0 + 7.0 * np.exp(-(((back - 1.6) / 0.7) ** 2))
    chest = 9.0 * np.clip((z - 30) / 60, 0, 1)
    open_end = 200.0 * (np.clip((-95 - z) / 40, 0, 1) + np.clip((z - 215) / 40, 0, 1))
    return np.asarray((column + flank)[:, None] + (chest + open_end)[None, :])


def _superellipse(levels: Floats, angle: Floats, z: Floats) -> Floats:
    half, front, back, power = PchipInterpolator(levels[:, 0], levels[:, 1:], axis=0)(z).T
    sine, cosine = np.sin(angle)[:, None], np.cos(angle)[:, None]
    depth = np.where(cosine < 0, front - AXIS_Y_MM, AXIS_Y_MM - back)
    return np.asarray(
        (np.abs(sine / half) ** power + np.abs(cosine / depth) ** power) ** (-1 / power)
    )


def _subcutaneous(patient: Patient, angle: Floats, z: Floats, rng: np.random.Generator) -> Floats:
    """Return fat thickness (angles, heights), mm: thickest at flanks and buttocks."""
    back = np.minimum(angle, 2 * np.pi - angle)
    flank = np.exp(-(((back - 0.95) / 0.55) ** 2))
    front = np.exp(-(((np.pi - back) / 0.75) ** 2))
    heights = np.array([-320, -270, -200, -120, -40, 30, 90, 160, 240, 310, 350, 480])
    overall = np.array([1.0, 1.15, 1.3, 1.1, 1.0, 0.85, 0.6, 0.5, 0.5, 0.5, 0.35, 0.25])
    behind = np.array([1.0, 1.3, 1.5, 1.2, 0.9, 0.6, 0.35, 0.3, 0.3, 0.3, 0.2, 0.1])
    ahead = np.array([0.3, 0.4, 0.7, 1.0, 0.75, 0.45, 0.2, 0.2, 0.25, 0.2, 0.2, 0.1])
    share = 0.55 * np.interp(z, heights, overall)[None, :] * np.ones((len(angle), 1))
    share += 0.75 * flank[:, None] * np.interp(z, heights, behind)[None, :]
    share += 0.65 * front[:, None] * np.interp(z, heights, ahead)[None, :]
    share *= 1.0 + 0.08 * np.sin(
        2 * angle[:, None] + rng.uniform(0, 6.3) + z[None, :] / 90 + rng.uniform(0, 6.3)
    )
    return np.asarray(2.5 + patient.subcutaneous_mm * share)
