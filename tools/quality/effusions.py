"""Chests with fluid of known volume on each side and around the heart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piece_case import case_of
from pieces.drawing import Grid
from pieces.effusions import TASK, Fluid, chest
from quality.trial import Trial

from heimdallr.analyses import effusions

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

SIZE_MM = (340.0, 250.0, 250.0)
FINE, THICK = (2.0, 2.0, 2.5), (2.0, 2.0, 5.0)
CONDITIONS = {
    "as drawn": Grid(SIZE_MM, FINE),
    "flipped": Grid(SIZE_MM, FINE, flipped=(0, 1)),
    "tilted": Grid(SIZE_MM, FINE, (8.0, 5.0, 10.0)),
    "thick slices": Grid(SIZE_MM, THICK),
}


def trials(rng: np.random.Generator, count: int) -> Iterator[Trial]:
    """Volumes of both sides and the pericardium, and the attenuation."""
    for _ in range(count):
        level = {side: float(rng.uniform(-65, -15)) for side in ("right", "left")}
        fluid = Fluid(level, float(rng.uniform(4, 12)), float(rng.uniform(0, 40)))
        for condition, grid in CONDITIONS.items():
            made = chest(grid, fluid)
            case = case_of(made.piece, rng, marks={TASK: made.marks})
            found = {one.name: one.value for one in effusions.measure(case)}
            for name, quantity, unit, truth in (
                ("pleural_effusion_right_ml", "pleural, a side", "mL", made.truth["right"]),
                ("pleural_effusion_left_ml", "pleural, a side", "mL", made.truth["left"]),
                ("pericardial_effusion_ml", "pericardial", "mL", made.truth["pericardium"]),
                ("pleural_effusion_left_hu_median", "attenuation", "HU", fluid.hu),
            ):
                value = found[name]
                measured = float(value) if isinstance(value, int | float) else None
                yield Trial(quantity, unit, condition, truth, measured)
