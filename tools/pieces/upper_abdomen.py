"""Liver and spleen of known attenuation and volume."""

from __future__ import annotations

import numpy as np

from pieces.drawing import Grid, Piece, Triple
from pieces.solids import ellipsoid

FAT_HU = -100.0
LIVER_MM: tuple[Triple, Triple] = ((50.0, 0.0, 0.0), (62.0, 48.0, 58.0))
SPLEEN_MM: tuple[Triple, Triple] = ((-72.0, -15.0, 5.0), (26.0, 32.0, 42.0))
"""Middle and radii; x to the patient's right."""


def liver_and_spleen(grid: Grid, liver_hu: float, spleen_hu: float) -> Piece:
    """Two ellipsoids in fat.

    ``truth``: attenuations in HU, volumes in cm³.
    """
    piece = Piece(grid, background_hu=FAT_HU)
    for name, (middle, radii), hu in (
        ("liver", LIVER_MM, liver_hu),
        ("spleen", SPLEEN_MM, spleen_hu),
    ):
        piece.draw(ellipsoid(middle, radii), hu, name)
        piece.truth[f"{name}_hu"] = hu
        piece.truth[f"{name}_cm3"] = float(4 / 3 * np.pi * np.prod(radii) / 1000)
    return piece
