"""Markdown tables of an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from classes import TISSUE, TOTAL, TOTAL_MR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scores import Classes, Scores

_GOOD = 0.7
_LIMITS = (0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
_MUSCLE_BAR = 10


def table(phantoms: Scores, maps: Scores, real: Scores | None) -> str:
    """Markdown tables of the figures."""
    sets = (phantoms, maps, real if real is not None else type(phantoms)())
    lines = [
        "Dice; surface distance: mean and 95th percentile, mm.",
        "",
        "| class | phantoms | worst | mm | label maps | worst | mm | real CT | mm |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for names, by_set in (
        (TISSUE, [scores.tissue for scores in sets]),
        (TOTAL, [scores.total for scores in sets]),
    ):
        for n in sorted(set().union(*(classes.dice for classes in by_set))):
            cells = [_cells(classes, n, alone=classes is by_set[-1]) for classes in by_set]
            lines.append(f"| {names[n]} | " + " | ".join(cells) + " |")
    for name in sorted({*phantoms.together, *maps.together}):
        cells = [
            " | ".join([*_mean_and_worst(scores.together[name], alone=scores is sets[-1]), ""])
            for scores in sets
        ]
        lines.append(f"| *{name}* | " + " | ".join(cells) + " |")
    right = phantoms.levels.count("L3")
    lines += ["", f"L3 at the right level: {right} of {len(phantoms.levels)} phantoms."]
    if real is not None and real.levels:
        lines.append(f"On the real CT the label L3 lies on: {real.levels[0]}.")
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
