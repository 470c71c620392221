"""Trabecular attenuation of L1 on spines of known trabecular attenuation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pieces.spine import Column, draw_spine
from quality.trial import Trial
from quality.vertebral_fracture import GRIDS, case_of, random_column

from heimdallr.analyses import bone_density

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from pieces.drawing import Kernel

GRIDS_OF_DENSITY = {
    **GRIDS,
    "thick slices": {"spacing_mm": (1.0, 1.0, 5.0)},
    "sharp kernel": GRIDS["as drawn"],
}


def trials(rng: np.random.Generator, count: int) -> Iterator[Trial]:
    """Mean of the ellipse in T12, L1 and L2."""
    for _ in range(count):
        column = random_column(rng)
        three = Column(column.vertebrae[1:4], column.lordosis_deg, column.scoliosis_deg)
        for condition, grid in GRIDS_OF_DENSITY.items():
            kernel: Kernel = "sharp" if condition == "sharp kernel" else "soft"
            case = case_of(draw_spine(three, **grid), rng, kernel)  # type: ignore[arg-type]
            found = {one.name: one.value for one in bone_density.measure(case)}
            for one in three.vertebrae:
                value = found[f"{one.level}_trabecular_hu_mean"]
                measured = value if isinstance(value, float) else None
                truth = one.trabecular_hu
                yield Trial("trabecular_hu_mean", "HU", condition, truth, measured)
