"""Kidney stones of random size, place and attenuation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piece_case import case_of
from pieces.drawing import Grid
from pieces.kidneys import SIZE_MM, StoneTruth, kidneys
from quality.trial import Trial

from heimdallr.analyses.kidney_stones import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from pieces.drawing import Kernel, Triple

CONDITIONS: dict[str, tuple[Triple, Triple, tuple[int, ...], Kernel]] = {
    "as drawn": ((0.8, 0.8, 1.0), (0, 0, 0), (), "soft"),
    "flipped": ((0.8, 0.8, 1.0), (0, 0, 0), (0, 2), "soft"),
    "tilted": ((0.8, 0.8, 1.0), (15, -10, 5), (), "soft"),
    "thick slices": ((0.8, 0.8, 3.0), (0, 0, 0), (), "soft"),
    "sharp kernel": ((0.8, 0.8, 1.0), (0, 0, 0), (), "sharp"),
}
PLACES = ((0.0, 0.0, -32.0), (8.0, 4.0, 20.0), (-17.0, 0.0, 0.0))
QUANTITIES = (("", ""), ("_diameter_mm", "mm"), ("_vol_mm3", "mm3"), ("_peak_hu", "HU"))


def trials(rng: np.random.Generator, count: int) -> Iterator[Trial]:
    """Two stones of 3 to 14 mm on the right: one in a calyx, one in the pelvis."""
    for _ in range(count):
        stones = tuple(
            StoneTruth(
                "kidney_right", place, (a, a * rng.uniform(0.6, 1), a * rng.uniform(0.6, 1)), hu
            )
            for place, a, hu in (
                (PLACES[int(rng.integers(2))], rng.uniform(1.5, 4.0), rng.uniform(350, 1400)),
                (PLACES[2], rng.uniform(2.0, 7.0), rng.uniform(350, 1400)),
            )
        )
        for condition, (spacing_mm, turn_deg, flipped, kernel) in CONDITIONS.items():
            piece = kidneys(Grid(SIZE_MM, spacing_mm, turn_deg, flipped), stones)
            found = {one.name: one for one in measure(case_of(piece, rng, kernel=kernel))}
            for suffix, unit in QUANTITIES:
                name = f"kidney_stones_right{suffix}"
                value = found[name].value
                yield Trial(
                    f"kidney_stones_<side>{suffix}",
                    unit,
                    condition,
                    piece.truth[name],
                    None if value is None else float(value),
                )
