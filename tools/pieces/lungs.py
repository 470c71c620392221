"""Both lungs in five lobes, with trachea, bronchi and emphysema of known extent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from nibabel.affines import apply_affine

from pieces.drawing import HALF, Grid, Piece
from pieces.solids import either, ellipsoid, less, tube

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pieces.drawing import Floats, Solid

TISSUE_HU, LUNG_HU, DESTROYED_HU, AIR_HU = 40.0, -860.0, -990.0, -1000.0
SIZE_MM = (300.0, 190.0, 290.0)
"""Of lungs of scale 1, five litres."""
ASIDE_MM, RADII_MM = 74.0, (60.0, 82.0, 128.0)
PITCH_MM = 18.0
"""Distance of the air pockets' centres, on a cubic lattice."""

LOBES = {
    "lung_upper_lobe_left": (-1, 0.0, 2.0),
    "lung_lower_lobe_left": (-1, -2.0, 0.0),
    "lung_upper_lobe_right": (1, 0.2, 2.0),
    "lung_middle_lobe_right": (1, -0.15, 0.2),
    "lung_lower_lobe_right": (1, -2.0, -0.15),
}
"""Lobe → side, and from where to where it reaches, in half heights of the lung."""


def lungs(
    grid: Grid,
    pockets_mm: Mapping[str, float],
    *,
    scale: float = 1.0,
    crescent: bool = False,
) -> Piece:
    """Lungs whose lobes hold pockets of air.

    Args:
        grid: the voxels.
        pockets_mm: lobe → radius of its pockets, at most half their distance.
        scale: of everything but the pockets.
        crescent: the trachea's back wall bulges in, as in expiration.

    ``truth`` has ``<lobe>_laa950_percent`` and ``lungs_laa950_percent``: the share of pockets.
    """
    piece = Piece(grid, background_hu=TISSUE_HU)
    lung = piece.draw(_lungs(scale), LUNG_HU)
    air = piece.draw(_pockets(pockets_mm, scale), DESTROYED_HU)
    x, _, z = np.moveaxis(
        apply_affine(grid.affine, np.moveaxis(np.indices(grid.shape), 0, -1)), -1, 0
    )
    height = z / (RADII_MM[2] * scale)
    for number, (lobe, (side, low, high)) in enumerate(LOBES.items(), start=1):
        own = (lung >= HALF) & (np.sign(x) == side) & (low <= height) & (height < high)
        piece.names[number] = lobe
        piece.labels[own] = number
        piece.truth[f"{lobe}_laa950_percent"] = 100 * float(air[own].sum() / lung[own].sum())
    every = piece.labels > 0
    piece.truth["lungs_laa950_percent"] = 100 * float(air[every].sum() / lung[every].sum())
    _airways(piece, scale, crescent=crescent)
    return piece


def _airways(piece: Piece, scale: float, *, crescent: bool) -> None:
    """A trachea, and a bronchus with its wall into each lung."""
    carina = (0.0, -10.0 * scale, 42.0 * scale)
    ends = [(side * 46.0 * scale, -6.0 * scale, 12.0 * scale) for side in (-1, 1)]
    wall, lumen = (either(*(tube(carina, end, radius) for end in ends)) for radius in (7.5, 5.5))
    share = piece.draw(wall, TISSUE_HU)
    inside = np.abs(apply_affine(piece.grid.affine, np.argwhere(share > 0))[:, 0]) < 32.0 * scale
    piece.labels[tuple(np.argwhere(share > 0)[inside].T)] = 0
    piece.draw(lumen, AIR_HU)
    trachea = tube(carina, (0.0, -10.0 * scale, 140.0 * scale), 9.0)
    if crescent:
        bulge = tube((0.0, -10.0 * scale - 10.0, -300.0), (0.0, -10.0 * scale - 10.0, 300.0), 10.0)
        trachea = less(trachea, bulge)
    piece.draw(trachea, AIR_HU, "trachea")


def _lungs(scale: float) -> Solid:
    x, y, z = (radius * scale for radius in RADII_MM)
    return either(*(ellipsoid((side * ASIDE_MM * scale, 0.0, 0.0), (x, y, z)) for side in (-1, 1)))


def _pockets(pockets_mm: Mapping[str, float], scale: float) -> Solid:
    """Balls on a cubic lattice, where there is lung; their size depends on the lobe."""
    lung = _lungs(scale)

    def inside(x: Floats, y: Floats, z: Floats) -> np.ndarray:
        height = z / (RADII_MM[2] * scale)
        radius = sum(
            mm * ((np.sign(x) == side) & (low <= height) & (height < high))
            for mm, (side, low, high) in ((mm, LOBES[lobe]) for lobe, mm in pockets_mm.items())
        )
        squared = sum(
            ((along + PITCH_MM / 2) % PITCH_MM - PITCH_MM / 2) ** 2 for along in (x, y, z)
        )
        return np.asarray((squared <= radius**2) & (radius > 0) & lung(x, y, z))

    return inside
