"""Measure phantoms of random, known truth and write how far off each analysis is.

    python tools/measurement_quality.py docs/measurements-quality.md
    python tools/measurement_quality.py docs/measurements-quality.md --only emphysema --count 5

Each module of ``tools/quality`` with a function ``trials(rng, count)`` is one analysis. The second
line renews one section of the page. What stands below the heading *On real scans* was seen by a
person, and is kept.
"""

from __future__ import annotations

import argparse
import importlib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from quality.trial import Trial

SEED = 20
PHANTOMS = 20
REAL = "\n## On real scans\n"
HEADER = """# How far off the measurements are

Each analysis on phantoms of random, known truth, as drawn and under conditions that should not
change the answer: on {default} of them, unless a section says otherwise. Made by `python
tools/measurement_quality.py docs/measurements-quality.md`; the phantoms are those of
`tools/pieces`, drawn with partial volumes and noise. The labels are the phantom's
own: what a segmentation adds to the error is below, [on real scans](#on-real-scans), and in
[bundled-weights.md](bundled-weights.md).
*Refused*: the analysis gave a reason instead of a number.
"""


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--only", help="the one analysis whose section is renewed")
    parser.add_argument("--count", type=int, default=PHANTOMS)
    asked = parser.parse_args()
    folder = Path(__file__).parent / "quality"
    names = sorted(path.stem for path in folder.glob("*.py") if path.stem != "trial")
    measured = {name: section(name, asked.count) for name in names if asked.only in (None, name)}
    before = asked.page.read_text(encoding="utf-8") if asked.page.exists() else ""
    above, real, seen = before.partition(REAL)
    kept = {part.partition("\n")[0]: part for part in above.split("\n## ")[1:]}
    page = HEADER.format(default=PHANTOMS)
    for name in names:
        if part := measured.get(name) or kept.get(title(name)):
            page += "\n## " + part
    asked.page.write_text(page + real + seen, encoding="utf-8")


def title(name: str) -> str:
    """Heading of an analysis."""
    return name.replace("_", " ").capitalize()


def section(name: str, count: int) -> str:
    """Heading and table of one analysis."""
    module = importlib.import_module(f"quality.{name}")
    trials = list(module.trials(np.random.default_rng(SEED), count))
    lines = [
        title(name),
        "",
        "1 phantom." if count == 1 else f"{count} phantoms.",
        "",
        "| quantity | condition | phantoms | mean error | mean absolute | worst | refused |",
        "|---|---|---|---|---|---|---|",
        *rows(trials),
        "",
    ]
    return "\n".join(lines)


def rows(trials: Iterable[Trial]) -> Iterator[str]:
    """One row per quantity and condition, in the order they first appear."""
    groups: dict[tuple[str, str, str], list[Trial]] = defaultdict(list)
    for one in trials:
        groups[one.quantity, one.unit, one.condition].append(one)
    for (quantity, unit, condition), group in groups.items():
        errors = [one.measured - one.truth for one in group if one.measured is not None]
        figures: tuple[str, ...] = ("–", "–", "–")
        if errors:
            worst = max(errors, key=abs)
            mean, spread = float(np.mean(errors)), float(np.mean(np.abs(errors)))
            written = (f"{mean:+.2f}", f"{spread:.2f}", f"{worst:+.2f}")
            figures = tuple(f"{figure} {unit}".strip() for figure in written)
        refused = len(group) - len(errors)
        cells = (f"`{quantity}`", condition, str(len(group)), *figures, str(refused))
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
