"""Lungs with pockets of air of random size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from piece_case import ADULT, case_of
from pieces.drawing import Grid
from pieces.lungs import LOBES, SIZE_MM, lungs
from quality.trial import Trial

from heimdallr.analyses.emphysema import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from pieces.drawing import Kernel, Triple

SCALE = 0.6
SMALL = replace(ADULT, sex="F", height_m=0.9)
CONDITIONS: dict[str, tuple[Triple, Triple, tuple[int, ...], Kernel, float]] = {
    "as drawn": ((0.9, 0.9, 1.25), (0, 0, 0), (), "soft", 15.0),
    "flipped": ((0.9, 0.9, 1.25), (0, 0, 0), (0, 2), "soft", 15.0),
    "tilted": ((0.9, 0.9, 1.25), (8, -6, 5), (), "soft", 15.0),
    "thick slices": ((0.9, 0.9, 2.5), (0, 0, 0), (), "soft", 15.0),
    "noise of 40 HU": ((0.9, 0.9, 1.25), (0, 0, 0), (), "soft", 40.0),
}


def trials(rng: np.random.Generator, count: int) -> Iterator[Trial]:
    """Pockets of 3 to 9 mm radius in each lobe."""
    size = (SIZE_MM[0] * SCALE, SIZE_MM[1] * SCALE, SIZE_MM[2] * SCALE)
    for _ in range(count):
        pockets_mm = {lobe: float(rng.uniform(3.0, 9.0)) for lobe in LOBES}
        for condition, (spacing_mm, turn_deg, flipped, kernel, noise) in CONDITIONS.items():
            piece = lungs(Grid(size, spacing_mm, turn_deg, flipped), pockets_mm, scale=SCALE)
            case = case_of(piece, rng, kernel=kernel, noise_hu=noise, patient=SMALL)
            found = {one.name: one.value for one in measure(case)}
            for name in ("lungs_laa950_percent", *(f"{lobe}_laa950_percent" for lobe in LOBES)):
                value = found[name]
                quantity = name if name.startswith("lungs") else "<lobe>_laa950_percent"
                measured = None if value is None else float(value)
                yield Trial(quantity, "%", condition, piece.truth[name], measured)
