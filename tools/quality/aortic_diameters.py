"""Aneurysms and arches of known diameters, winding; the labels are the phantom's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from piece_case import case_of
from pieces.aorta import abdominal_aorta, thoracic_aorta
from pieces.drawing import Grid
from quality.trial import Trial

from heimdallr.analyses import aortic_diameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pieces.drawing import Piece

ABDOMEN_MM, CHEST_MM = (148.0, 100.0, 250.0), (120.0, 160.0, 300.0)
TURN_DEG = (12.0, -10.0, 15.0)
GRIDS: dict[str, dict[str, object]] = {
    "as drawn": {"spacing_mm": (2.0, 2.0, 2.0)},
    "flipped": {"spacing_mm": (2.0, 2.0, 2.5), "flipped": (0, 2)},
    "tilted": {"spacing_mm": (2.0, 2.0, 2.5), "turn_deg": TURN_DEG},
    "coarse": {"spacing_mm": (3.0, 3.0, 3.0)},
    "thick slices": {"spacing_mm": (2.0, 2.0, 5.0)},
}
RNG = np.random.default_rng(1)


def trials(rng: np.random.Generator, count: int) -> Iterator[Trial]:
    """Both diameters of an abdominal aneurysm, and the largest of each part of a thoracic aorta."""
    for _ in range(count):
        seed = int(rng.integers(1 << 30))
        aneurysm, roundness = rng.uniform(24.0, 75.0), rng.uniform(0.75, 1.0)
        winding, ascending = rng.uniform(0.0, 12.0), rng.uniform(30.0, 60.0)
        for condition, fields in GRIDS.items():
            piece = abdominal_aorta(
                Grid(ABDOMEN_MM, **fields),  # type: ignore[arg-type]
                np.random.default_rng(seed),
                aneurysm_mm=aneurysm,
                other_mm=max(roundness * aneurysm, 22.0),
                winding_mm=winding,
            )
            found = measured(piece)
            for quantity, truth in (("diameter", "diameter_mm"), ("perpendicular", "other_mm")):
                name = f"aorta_infrarenal_{quantity}_mm"
                yield Trial(name, "mm", condition, piece.truth[truth], found[name])
            for side in ("left", "right"):
                value = found[f"common_iliac_{side}_diameter_mm"]
                truth_mm = piece.truth["iliac_mm"]
                yield Trial("common_iliac_<side>_diameter_mm", "mm", condition, truth_mm, value)
            chest = thoracic_aorta(
                Grid(CHEST_MM, **fields),  # type: ignore[arg-type]
                np.random.default_rng(seed),
                ascending_mm=ascending,
            )
            found = measured(chest)
            for segment in ("ascending", "arch"):
                name = f"aorta_{segment}_diameter_mm"
                yield Trial(name, "mm", condition, chest.truth[f"{segment}_mm"], found[name])


def measured(piece: Piece) -> dict[str, float | None]:
    """What is found in a phantom, by name."""
    case = case_of(piece, RNG, noise_hu=0.0, phase=None, levels=None)
    values = {one.name: one.value for one in aortic_diameters.measure(case)}
    return {name: value if isinstance(value, float) else None for name, value in values.items()}
