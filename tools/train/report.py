"""Markdown tables of an evaluation."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from classes import TISSUE, TOTAL, TOTAL_MR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scores import Classes, Scores

_GOOD = 0.7
_LIMITS = (0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
_STEPS = (0.0, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 1.0)
_MUSCLE_BAR = 10


def table(phantoms: Scores, maps: Scores, patients: Mapping[str, Scores]) -> str:
    """Markdown tables of the figures; one column for each of the named patients."""
    sets = (phantoms, maps, *patients.values())
    alone = "".join(f" {name} | mm |" for name in patients)
    lines = [
        "Dice; surface distance: mean and 95th percentile, mm.",
        "",
        "| class | phantoms | worst | mm | label maps | worst | mm |" + alone,
        "|---|---|---|---|---|---|---|" + "---|---|" * len(patients),
    ]
    for names, by_set in (
        (TISSUE, [scores.tissue for scores in sets]),
        (TOTAL, [scores.total for scores in sets]),
    ):
        for n in sorted(set().union(*(classes.dice for classes in by_set))):
            cells = [_cells(classes, n, alone=k > 1) for k, classes in enumerate(by_set)]
            lines.append(f"| {names[n]} | " + " | ".join(cells) + " |")
    for name in sorted(set().union(*(scores.together for scores in sets))):
        cells = [
            " | ".join([*_mean_and_worst(scores.together[name], alone=k > 1), ""])
            for k, scores in enumerate(sets)
        ]
        lines.append(f"| *{name}* | " + " | ".join(cells) + " |")
    right = phantoms.levels.count("L3")
    lines += ["", f"L3 at the right level: {right} of {len(phantoms.levels)} phantoms."]
    lines += [f"On the {name} L3 lies on: {one.levels[0]}." for name, one in patients.items()]
    lines += ["", *muscle_table([*phantoms.muscle_cm2, *maps.muscle_cm2])]
    if phantoms.bleeds_cm3:
        lines += ["", "| bleed, true cm³ | measured cm³ | error |", "|---|---|---|"]
        lines += [
            f"| {true:.1f} | {found:.1f} | {100 * (found - true) / true:+.0f} % |"
            for true, found in phantoms.bleeds_cm3
        ]
    if phantoms.total_mr.dice:
        lines += ["", "| class on MR | phantoms | worst | mm |", "|---|---|---|---|"]
        lines += [
            f"| {TOTAL_MR[n]} | {_cells(phantoms.total_mr, n)} |"
            for n in sorted(phantoms.total_mr.dice)
        ]
    return "\n".join(lines) + "\n"


def muscle_table(areas_cm2: Sequence[tuple[str, float | None, float | None]]) -> list[str]:
    """Skeletal muscle area at L3 against the reference's, a line per image."""
    lines = ["| muscle at L3 | true cm² | measured cm² | error |", "|---|---|---|---|"]
    errors = []
    for name, true, found in areas_cm2:
        if true is None or found is None:
            known = f"{true:.1f} | not assessed" if true is not None else "not known | –"
            lines.append(f"| {name} | {known} | – |")
            continue
        errors.append(100 * (found - true) / true)
        lines.append(f"| {name} | {true:.1f} | {found:.1f} | {errors[-1]:+.1f} % |")
    if errors:
        near = sum(abs(error) <= _MUSCLE_BAR for error in errors)
        spread = f"mean error {np.mean(errors):+.1f} %, largest {max(errors, key=abs):+.1f} %"
        lines += ["", f"Within {_MUSCLE_BAR} %: {near} of {len(errors)}; {spread}."]
    return lines


def _cells(classes: Classes, n: int, *, alone: bool = False) -> str:
    """Cells of a class: Dice (mean and worst, or of one image), distances."""
    distances = classes.surface_mm.get(n)
    mean, high = np.mean(distances, axis=0) if distances else (0, 0)
    return " | ".join(
        [
            *_mean_and_worst(classes.dice.get(n, []), alone=alone),
            f"{mean:.1f}, {high:.1f}" if distances else "–",
        ]
    )


def _mean_and_worst(values: Sequence[float], *, alone: bool) -> list[str]:
    """Cells with the mean and the lowest of some figures, or with the only one."""
    cells = [f"{np.mean(values):.2f}", f"{min(values):.2f}"] if values else ["–", "–"]
    return cells[:1] if alone else cells


def trade_off(sure: Sequence[tuple[str, float, float]]) -> str:
    """Markdown table: what a limit of confidence keeps and refuses."""
    lines = [
        f"| limit | Dice ≥ {_GOOD}, kept | refused | Dice < {_GOOD}, kept | refused |",
        "|---|---|---|---|---|",
    ]
    good = [confidence for _, confidence, dice in sure if dice >= _GOOD]
    bad = [confidence for _, confidence, dice in sure if dice < _GOOD]
    for limit in _LIMITS:
        counts = [
            sum((confidence >= limit) == kept for confidence in group)
            for group in (good, bad)
            for kept in (True, False)
        ]
        lines.append(f"| {limit:.2f} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines) + "\n"


def reliability(sure: Sequence[tuple[str, float, float]]) -> str:
    """Markdown table: structures by confidence, and the Dice they had.

    A calibrated confidence equals the mean Dice of its row. The last line is the mean distance of
    the two, each row weighed by its structures (Guo et al., ICML 2017, with Dice for accuracy).
    """
    lines = [
        "| confidence | structures | mean confidence | mean Dice | worst |",
        "|---|---|---|---|---|",
    ]
    gaps = []
    for low, high in pairwise(_STEPS):
        row = [(said, dice) for _, said, dice in sure if low <= said < high]
        if not row:
            continue
        said, dice = np.mean(row, axis=0)
        worst = min(one for _, one in row)
        gaps += [abs(said - dice)] * len(row)
        lines.append(
            f"| {low:.2f}–{high:.2f} | {len(row)} | {said:.2f} | {dice:.2f} | {worst:.2f} |"
        )
    mean = f"{np.mean(gaps):.3f}" if gaps else "–"
    return "\n".join([*lines, "", f"Expected calibration error: {mean}."]) + "\n"
