"""Kidneys of known length, leaning; the labels are the phantom's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piece_case import case_of
from pieces.drawing import Grid
from pieces.kidneys import leaning_kidneys
from quality.trial import Trial

from heimdallr.analyses import organ_size, organ_volumetry

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

SIZE_MM = (190.0, 110.0, 180.0)


def trials(rng: np.random.Generator, count: int) -> Iterator[Trial]:
    """Both lengths of each phantom under each condition."""
    for _ in range(count):
        right_mm, left_mm = rng.uniform(80.0, 140.0, 2)
        lean_deg = float(rng.uniform(0.0, 25.0))
        turn = tuple(float(one) for one in rng.uniform(-15.0, 15.0, 3))
        grids = {
            "as drawn": Grid(SIZE_MM, (1.5, 1.5, 2.0)),
            "flipped": Grid(SIZE_MM, (1.5, 1.5, 2.0), flipped=(0, 2)),
            "tilted": Grid(SIZE_MM, (1.5, 1.5, 2.0), turn),
            "thick slices": Grid(SIZE_MM, (1.5, 1.5, 5.0)),
        }
        for condition, grid in grids.items():
            piece = leaning_kidneys(grid, float(right_mm), float(left_mm), lean_deg)
            case = case_of(piece, rng)
            case = case.with_facts(organ_volumetry.measure(case))
            found = {one.name: one.value for one in organ_size.measure(case)}
            for side in organ_size.SIDES:
                value = found[f"kidney_{side}_length_mm"]
                measured = float(value) if isinstance(value, int | float) else None
                truth = piece.truth[f"kidney_{side}_length_mm"]
                yield Trial("kidney_<side>_length_mm", "mm", condition, truth, measured)
