"""Whether new weights may replace the old ones: what every class lost or gained on every set.

    python tools/train/compare.py BEFORE.json AFTER.json     # both of evaluate.py --json

Ends with 1 where a class lost more than docs/adr/0008 allows.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

_LARGEST_LOSS = 0.02
_TOLD = 0.01


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[float, str]]:
    """Change of the mean Dice, and of which set and class; largest loss first."""
    found = [
        (after[name][task][title][0] - old[0], f"{name}: {title} {old[0]:.3f}")
        for name in before
        for task in ("total", "tissue", "total_mr")
        for title, old in before[name][task].items()
    ]
    return sorted(found)


def main() -> None:
    """Compare from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    options = parser.parse_args()
    old, new = (json.loads(path.read_text()) for path in (options.before, options.after))
    found = changes(old, new)
    for change, title in found:
        if abs(change) >= _TOLD:
            print(f"{change:+.3f}  {title}")
    for name in old:
        own = [change for change, title in found if title.startswith(f"{name}: ")]
        print(f"{name}: mean of {len(own)} classes {sum(own) / len(own):+.4f}")
    sys.exit(any(change < -_LARGEST_LOSS for change, _ in found))


if __name__ == "__main__":
    main()
