"""Vertebral heights and their loss on columns of five vertebrae of known heights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import piece_case
from pieces.spine import NOISE_HU, Column, Vertebra, draw_spine
from quality.trial import Trial

from heimdallr.analyses import vertebral_fracture
from heimdallr.analyses.vertebral_levels import LevelCheck
from heimdallr.domain.study import Patient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pieces.drawing import Kernel
    from pieces.spine import Spine

    from heimdallr.analyses.case import Case

LEVELS = ("T11", "T12", "L1", "L2", "L3")
GRIDS: Mapping[str, Mapping[str, tuple[float, float, float] | tuple[int, ...]]] = {
    "as drawn": {"spacing_mm": (1.0, 1.0, 1.5)},
    "flipped": {"spacing_mm": (1.0, 1.0, 1.5), "flipped": (0, 2)},
    "tilted": {"spacing_mm": (1.0, 1.0, 1.5), "turn_deg": (15.0, -8.0, 10.0)},
    "thick slices": {"spacing_mm": (1.0, 1.0, 3.0)},
}

WOMAN = Patient(sex="F", age_years=65.0)


def trials(rng: np.random.Generator, count: int) -> Iterator[Trial]:
    """Each vertebra's posterior height and loss, and whether the broken one is found."""
    for _ in range(count):
        column = random_column(rng)
        for condition, grid in GRIDS.items():
            spine = draw_spine(column, **grid)  # type: ignore[arg-type]
            found = {one.name: one.value for one in vertebral_fracture.measure(case_of(spine, rng))}
            yield from _of_column(column, condition, found)


def random_column(rng: np.random.Generator) -> Column:
    """Five vertebrae, one of them broken by 0 to 60 %: in front, in the middle or wholly."""
    height, broken, kind = rng.uniform(20, 30), rng.integers(5), rng.integers(3)
    kept = 1 - rng.uniform(0, 0.6)
    vertebrae = []
    for n, level in enumerate(LEVELS):
        anterior, middle, posterior = height * (1 + 0.02 * n) * np.array([0.95, 0.92, 1.0])
        if n == broken:
            lowered = [(kept, 1, 1), (1, kept, 1), (kept, kept, kept)][kind]
            anterior, middle, posterior = np.multiply((anterior, middle, posterior), lowered)
        heights = (float(anterior), float(middle), float(posterior))
        trabecular = float(rng.uniform(75, 260))
        vertebrae.append(Vertebra(level, heights, trabecular, depth_mm=float(rng.uniform(28, 36))))
    return Column(tuple(vertebrae), rng.uniform(-6, 6), rng.uniform(-4, 4))


def case_of(spine: Spine, rng: np.random.Generator, kernel: Kernel = "soft") -> Case:
    """The spine as a case whose levels somebody confirmed."""
    known = LevelCheck(None, tuple(spine.middles_mm), ("sacrum",))
    return piece_case.case_of(
        spine.piece,
        rng,
        noise_hu=NOISE_HU,
        kernel=kernel,
        phase=None,
        patient=WOMAN,
        levels=known,
    )


def _of_column(
    column: Column, condition: str, found: Mapping[str, float | str | None]
) -> Iterator[Trial]:
    for one in column.vertebrae:
        height = found.get(f"{one.level}_height_posterior_mm")
        yield Trial("height_posterior", "mm", condition, one.heights_mm[2], _number(height))
        whole = one.heights_mm[2] > max(v.heights_mm[2] for v in column.vertebrae) * 0.85
        if whole:  # of a crushed one the neighbours say what was lost
            loss = _number(found.get(f"{one.level}_height_loss_percent"))
            yield Trial("height_loss", "%", condition, one.loss_percent, loss)


def _number(value: float | str | None) -> float | None:
    return value if isinstance(value, int | float) else None
