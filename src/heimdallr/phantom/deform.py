"""From the world of one patient to the reference body: size, posture and a smooth warp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from heimdallr.phantom.primitives import Floats

_WAVES = 8


@dataclass(frozen=True, slots=True)
class Deformation:
    """Maps world points to reference-body points: `p = world / scale + shift(world / scale)`.

    The shift is a sum of products of one-dimensional sinusoids plus a bend that depends on z only,
    so that on a regular grid it costs one small matrix product per axis and no interpolation.

    Attributes:
        scale: (3,) patient size over reference size along x, y, z.
        amplitudes: (3, waves) amplitude of each product wave per axis, mm.
        wave_numbers: (waves, 3) angular wave numbers, rad/mm.
        phases: (waves, 3) phases, rad.
        bend_z_mm: (M,) heights of the bend's support points, mm.
        bend_xy_mm: (2, M) sideways and forward shift of the body there, mm.
    """

    scale: Floats
    amplitudes: Floats
    wave_numbers: Floats
    phases: Floats
    bend_z_mm: Floats
    bend_xy_mm: Floats

    def coordinates(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the warped coordinates of a grid as three float32 (X, Y, Z) arrays.

        Args:
            x: (X,) grid positions, already divided by the scale, mm.
            y: (Y,) same.
            z: (Z,) same.
        """
        sines = [
            np.sin(np.outer(axis, self.wave_numbers[:, i]) + self.phases[:, i])
            for i, axis in enumerate((x, y, z))
        ]
        sines[2] *= _calm(z)[:, None]
        plane = (sines[0][:, None, :] * sines[1][None, :, :]).reshape(-1, sines[0].shape[1])
        shape = (len(x), len(y), len(z))
        shifts = [
            (plane.astype(np.float32) @ (sines[2] * a).T.astype(np.float32)).reshape(shape)
            for a in self.amplitudes
        ]
        bend = self._bend(z)
        return (
            shifts[0] + x[:, None, None].astype(np.float32) - bend[0].astype(np.float32),
            shifts[1] + y[None, :, None].astype(np.float32) - bend[1].astype(np.float32),
            shifts[2] + z[None, None, :].astype(np.float32),
        )

    def to_body(self, points: Floats) -> Floats:
        """Return reference-body positions of world points, both (N, 3), mm."""
        p = np.asarray(points) / self.scale
        waves = np.sin(p[:, None, :] * self.wave_numbers + self.phases).prod(axis=2)
        waves *= _calm(p[:, 2])[:, None]
        shift = waves @ self.amplitudes.T
        shift[:, :2] -= self._bend(p[:, 2]).T
        return np.asarray(p + shift)

    def to_world(self, points: Floats) -> Floats:
        """Return world positions of reference-body points, both (N, 3), mm (fixed-point search)."""
        target = np.asarray(points, dtype=float)
        p = target * self.scale
        for _ in range(14):
            p = p + (target - self.to_body(p)) * self.scale
        return np.asarray(p)

    def undeformed_boxes(self, lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
        """Return boxes on the undeformed grid that hold reference-body boxes.

        Args:
            lo: (N, 3) low corners in the reference body, mm.
            hi: (N, 3) high corners, mm.

        The warp's steepest slope, sampled every 40 mm, bounds how far a box's corner moves
        against its centre.
        """
        half = (hi - lo) / 2
        centre = self.to_world((lo + hi) / 2) / self.scale
        pad = half @ self._steepest().T + 2.0
        return centre - half - pad, centre + half + pad

    def _steepest(self) -> Floats:
        """Return the largest |d shift / d position| per pair of axes, (3, 3), with a reserve."""
        axes = [np.arange(-240.0, 241.0, 40), np.arange(-160, 241, 40), np.arange(-440, 661, 40)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        slope = np.empty((3, 3))
        for j in range(3):
            step = np.zeros(3)
            step[j] = 2.0
            moved = self.to_body((grid + step) * self.scale) - self.to_body(grid * self.scale)
            slope[:, j] = np.abs(moved - step).max(axis=0) / 2.0
        return np.asarray(slope * 1.4)

    def _bend(self, z: Floats) -> Floats:
        return np.stack([np.interp(z, self.bend_z_mm, shift) for shift in self.bend_xy_mm])


def _calm(z: Floats) -> Floats:
    """Return the share of the warp at height z: heads vary much less in shape than trunks."""
    return np.asarray(1.0 - 0.65 * np.clip((z - 380.0) / 90.0, 0.0, 1.0))


def make_deformation(
    rng: np.random.Generator,
    *,
    scale: tuple[float, float, float],
    amplitude_mm: float,
    lordosis_mm: float,
    kyphosis_mm: float,
    scoliosis_mm: float,
) -> Deformation:
    """Draw the smooth warp of one patient.

    Args:
        rng: source of randomness.
        scale: patient size over reference size along x, y, z.
        amplitude_mm: typical shift by the warp.
        lordosis_mm: how much further forward than in the reference body the lumbar spine lies.
        kyphosis_mm: how much further back the thoracic spine lies.
        scoliosis_mm: largest sideways shift of the trunk.
    """
    wavelength_mm = rng.uniform(180.0, 500.0, (_WAVES, 3))
    amplitudes = rng.normal(0.0, amplitude_mm / np.sqrt(_WAVES), (3, _WAVES))
    z = np.linspace(-450.0, 700.0, 231)
    forward = lordosis_mm * np.exp(-(((z - 0.0) / 90.0) ** 2))
    forward -= kyphosis_mm * np.exp(-(((z - 220.0) / 90.0) ** 2))
    side = scoliosis_mm * np.sin((z + 100.0) / 420.0 * 2 * np.pi + rng.uniform(-0.5, 0.5))
    side *= np.exp(-(((z - 120.0) / 220.0) ** 2))
    return Deformation(
        scale=np.asarray(scale, dtype=float),
        amplitudes=amplitudes,
        wave_numbers=2 * np.pi / wavelength_mm,
        phases=rng.uniform(0, 2 * np.pi, (_WAVES, 3)),
        bend_z_mm=z,
        bend_xy_mm=np.stack([side, forward]),
    )
