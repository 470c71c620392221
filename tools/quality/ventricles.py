"""Heads with ventricles of known Evans index and midlines pushed aside by a known distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piece_case import case_of
from pieces.drawing import Grid
from pieces.ventricles import TASK, HeadShape, head
from quality.trial import Trial

from heimdallr.analyses import ventricles

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from pieces.drawing import Kernel

SIZE_MM = (190.0, 226.0, 196.0)
FINE, THICK = (1.0, 1.0, 2.0), (1.0, 1.0, 5.0)
CONDITIONS: dict[str, tuple[Grid, Kernel, bool]] = {
    "as drawn": (Grid(SIZE_MM, FINE), "soft", False),
    "flipped": (Grid(SIZE_MM, FINE, flipped=(0, 1)), "soft", False),
    "head tilted and turned": (Grid(SIZE_MM, FINE), "soft", True),
    "gantry tilted": (Grid(SIZE_MM, FINE, (-12.0, 0.0, 0.0)), "soft", True),
    "thick slices": (Grid(SIZE_MM, THICK), "soft", True),
}


def trials(rng: np.random.Generator, count: int) -> Iterator[Trial]:
    """Evans index, shift and the volume of all ventricles."""
    for _ in range(count):
        for condition, (grid, kernel, turned) in CONDITIONS.items():
            shape = _random_head(rng, turned=turned)
            made = head(grid, shape)
            case = case_of(made.piece, rng, noise_hu=4.0, kernel=kernel, marks={TASK: made.marks})
            found = {one.name: one.value for one in ventricles.measure(case)}
            for name, unit in (("evans_index", ""), ("midline_shift_mm", "mm")):
                value = found[name]
                measured = float(value) if isinstance(value, int | float) else None
                quantity = name.removesuffix("_mm").replace("_", " ")
                yield Trial(quantity, unit, condition, made.truth[name], measured)


def _random_head(rng: np.random.Generator, *, turned: bool) -> HeadShape:
    turn = [float(deg) for deg in rng.uniform(-12, 12, 3)] if turned else [0.0, 0.0, 0.0]
    return HeadShape(
        inner_mm=(
            float(rng.uniform(60, 72)),
            float(rng.uniform(78, 90)),
            float(rng.uniform(66, 76)),
        ),
        horns_mm=float(rng.uniform(26, 54)),
        shift_mm=float(rng.uniform(-10, 10)),
        turn_deg=(turn[0], turn[1], turn[2]),
        displaced_mm=(float(rng.uniform(-4, 4)), float(rng.uniform(-4, 4)), 0.0),
    )
