"""Lung nodules of known axes: solid and subsolid, round and long, at the wall and at a fissure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from piece_case import case_of
from pieces.drawing import Grid
from pieces.nodules import LABEL, SUBSOLID_HU, Nodule, lung
from quality.trial import Trial

from heimdallr.analyses import lung_nodules

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from pieces.drawing import Kernel

SIZE_MM = (62.0, 62.0, 46.0)
FINE, THICK = (0.7, 0.7, 1.0), (0.7, 0.7, 2.5)
CONDITIONS: dict[str, tuple[Grid, Kernel]] = {
    "as drawn": (Grid(SIZE_MM, FINE), "soft"),
    "flipped": (Grid(SIZE_MM, FINE, flipped=(0, 1)), "soft"),
    "tilted": (Grid(SIZE_MM, FINE, (12.0, 6.0, 9.0)), "soft"),
    "thick slices": (Grid(SIZE_MM, THICK), "soft"),
    "sharp kernel": (Grid(SIZE_MM, FINE), "sharp"),
}


def trials(rng: np.random.Generator, count: int) -> Iterator[Trial]:
    """Mean diameter, axes, volume and density of one nodule per phantom."""
    for number in range(count):
        nodule = _random_nodule(rng, at_wall=number % 4 == 3)
        for condition, (grid, kernel) in CONDITIONS.items():
            made = lung(grid, [nodule])
            case = case_of(made.piece, rng, kernel=kernel, marks={LABEL: made.marks})
            found = {one.name: one for one in lung_nodules.measure(case)}
            diameter, volume = found.get("nodule_1_diameter_mm"), found.get("nodule_1_vol_mm3")
            long_mm, short_mm = nodule.axes_mm(grid)
            told = diameter.parameters if diameter else {}
            truth = {
                "mean diameter": ("mm", (long_mm + short_mm) / 2, diameter and diameter.value),
                "long axis": ("mm", long_mm, told.get("long_axis_mm")),
                "short axis": ("mm", short_mm, told.get("short_axis_mm")),
                "volume": ("mm³", nodule.volume_mm3, volume and volume.value),
            }
            for quantity, (unit, true, value) in truth.items():
                number_of = None if value is None else float(value)
                yield Trial(quantity, unit, condition, true, number_of)
            density = found.get("nodule_1_density")
            is_solid = nodule.hu != SUBSOLID_HU
            said = None if density is None or density.value is None else density.value == "solid"
            yield Trial(
                "solid (1) or subsolid (0)",
                "",
                condition,
                float(is_solid),
                None if said is None else float(said),
            )


def _random_nodule(rng: np.random.Generator, *, at_wall: bool) -> Nodule:
    radius = float(rng.uniform(2.0, 8.0))
    radii = (radius, radius * float(rng.uniform(0.6, 1.0)), radius * float(rng.uniform(0.7, 1.0)))
    x, y, z = (float(mm) for mm in rng.uniform((-10, -10, -4), (10, 10, 4)))
    if at_wall:
        x = SIZE_MM[0] / 2 - 8.0 - radius
    hu = SUBSOLID_HU if rng.random() < 1 / 3 else float(rng.uniform(0.0, 60.0))
    turn = 0.0 if at_wall else float(rng.uniform(0, 180))
    return Nodule((x, y, z), radii, turn, hu)
