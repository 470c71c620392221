"""Coronary lesions of random size, place and attenuation, beside a calcified aortic valve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piece_case import case_of
from pieces.calcium import (
    CHEST_MM,
    Plaque,
    heart,
    on_heart,
    reference_agatston,
)
from pieces.drawing import Grid
from quality.aortic_calcium import CONDITIONS
from quality.trial import Trial

from heimdallr.analyses.coronary_calcium import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from pieces.drawing import Piece


def trials(rng: np.random.Generator, count: int) -> Iterator[Trial]:
    """One to five lesions on the front of the heart."""
    for _ in range(count):
        plaques = [
            Plaque(
                on_heart(azimuth + rng.uniform(-8, 8), rng.uniform(-0.5, 0.4), rng.uniform(-1, 3)),
                (rng.uniform(0.9, 2), rng.uniform(0.9, 2), rng.uniform(1.5, 6)),
                rng.uniform(250, 900),
            )
            for azimuth in (10, 50, 90, 130, 170)[: int(rng.integers(1, 6))]
        ]

        def draw(grid: Grid, plaques: list[Plaque] = plaques) -> Piece:
            return heart(grid, plaques, valve_hu=600.0)

        truth = reference_agatston(draw, CHEST_MM, plaques)
        for condition, (spacing_mm, turn_deg, flipped, kernel) in CONDITIONS.items():
            piece = draw(Grid(CHEST_MM, spacing_mm, turn_deg, flipped))
            category, lesions = measure(case_of(piece, rng, kernel=kernel))[:2]
            score = category.parameters.get("estimated_agatston")
            value = float(score) if isinstance(score, int | float) else None
            yield Trial("estimated_agatston", "", condition, truth, value)
            number = None if lesions.value is None else float(lesions.value)
            yield Trial("coronary_calcium_lesions", "", condition, len(plaques), number)
