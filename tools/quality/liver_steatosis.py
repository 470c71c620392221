"""Livers of known attenuation beside a spleen; the labels are the phantom's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piece_case import case_of
from pieces.drawing import Grid, Kernel
from pieces.upper_abdomen import liver_and_spleen
from quality.trial import Trial

from heimdallr.analyses import liver_steatosis, organ_density
from heimdallr.analyses.contrast_phase import FINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

SIZE_MM = (260.0, 130.0, 140.0)


def trials(rng: np.random.Generator, count: int) -> Iterator[Trial]:
    """Difference and fat percentage of each phantom under each condition."""
    for _ in range(count):
        liver_hu, spleen_hu = float(rng.uniform(5.0, 65.0)), float(rng.uniform(42.0, 56.0))
        turn = tuple(float(one) for one in rng.uniform(-15.0, 15.0, 3))
        fine = (2.0, 2.0, 2.5)
        conditions: dict[str, tuple[Grid, Kernel]] = {
            "as drawn": (Grid(SIZE_MM, fine), "soft"),
            "flipped": (Grid(SIZE_MM, fine, flipped=(0, 2)), "soft"),
            "tilted": (Grid(SIZE_MM, fine, turn), "soft"),
            "thick slices": (Grid(SIZE_MM, (2.0, 2.0, 5.0)), "soft"),
            "sharp kernel": (Grid(SIZE_MM, fine), "sharp"),
        }
        for condition, (grid, kernel) in conditions.items():
            piece = liver_and_spleen(grid, liver_hu, spleen_hu)
            case = case_of(piece, rng, kernel=kernel).with_facts([FINE.measured("native")])
            densities = organ_density.measure(case)
            case = case.with_facts(densities)
            measured = (*densities, *liver_steatosis.measure(case))
            found = {one.name: one.value for one in measured}
            fat = max(38.2 - 0.58 * liver_hu, 0.0)
            for name, unit, truth in (
                ("liver_minus_spleen_hu", "HU", liver_hu - spleen_hu),
                ("liver_fat_percent", "%", fat),
            ):
                value = found[name]
                number = float(value) if isinstance(value, int | float) else None
                yield Trial(name, unit, condition, truth, number)
