"""Plaque of random size, place and attenuation in the wall of the abdominal aorta."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from piece_case import case_of
from pieces.calcium import (
    ABDOMEN_MM,
    AORTA_RADIUS_MM,
    Plaque,
    abdominal_aorta,
    reference_agatston,
)
from pieces.drawing import Grid
from quality.trial import Trial

from heimdallr.analyses.aortic_calcium import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pieces.drawing import Kernel, Piece, Triple

CONDITIONS: dict[str, tuple[Triple, Triple, tuple[int, ...], Kernel]] = {
    "as drawn": ((0.7, 0.7, 3.0), (0, 0, 0), (), "soft"),
    "flipped": ((0.7, 0.7, 3.0), (0, 0, 0), (0, 2), "soft"),
    "tilted": ((0.7, 0.7, 3.0), (8, -6, 5), (), "soft"),
    "thin slices": ((0.7, 0.7, 1.0), (0, 0, 0), (), "soft"),
    "thick slices": ((0.7, 0.7, 5.0), (0, 0, 0), (), "soft"),
    "sharp kernel": ((0.7, 0.7, 3.0), (0, 0, 0), (), "sharp"),
}


def plaque(rng: np.random.Generator, angle_deg: float, z_mm: float) -> Plaque:
    """One piece in the wall."""
    angle = np.deg2rad(angle_deg)
    x, y = (AORTA_RADIUS_MM - 1) * np.cos(angle), (AORTA_RADIUS_MM - 1) * np.sin(angle)
    radii = tuple(float(mm) for mm in rng.uniform((1.2, 1.2, 2.0), (2.5, 2.5, 8.0)))
    return Plaque((x - 6.0, y + 2.0, z_mm), (radii[0], radii[1], radii[2]), rng.uniform(300, 1000))


def trials(rng: np.random.Generator, count: int) -> Iterator[Trial]:
    """One to four plaques between T12 and L4."""
    for _ in range(count):
        turns = rng.uniform(-60, 240, 4)
        heights = (-50.0, -15.0, 20.0, 60.0)[: int(rng.integers(1, 5))]
        plaques = [plaque(rng, angle, z) for angle, z in zip(turns, heights, strict=False)]

        def draw(grid: Grid, plaques: list[Plaque] = plaques) -> Piece:
            return abdominal_aorta(grid, plaques)

        truth = reference_agatston(draw, ABDOMEN_MM, plaques)
        for condition, (spacing_mm, turn_deg, flipped, kernel) in CONDITIONS.items():
            piece = draw(Grid(ABDOMEN_MM, spacing_mm, turn_deg, flipped))
            score, _ = measure(case_of(piece, rng, kernel=kernel))
            value = None if score.value is None else float(score.value)
            yield Trial("aortic_calcium_agatston", "", condition, truth, value)
