"""Count, mean, quartiles and histogram of some numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Distribution:
    """Count, mean, quartiles and histogram of some numbers.

    Attributes:
        sd: of the sample (n - 1); ``None`` for a single number.
        q1: first quartile, interpolated between the two nearest numbers.
        edges: of the bins, one more than there are bins; a number on an edge belongs to the bin
            above, on the last edge to the last bin.
        counts: numbers in each bin.
    """

    count: int
    min: float
    max: float
    mean: float
    sd: float | None
    q1: float
    median: float
    q3: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]


def distribution(values: npt.ArrayLike, bins: int) -> Distribution | None:
    """Describe numbers; ``None`` where there are none.

    Args:
        values: finite numbers.
        bins: of equal width, from the least to the greatest; one where all are alike.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers):
        return None
    least, greatest = float(numbers.min()), float(numbers.max())
    counts, edges = np.histogram(numbers, bins=bins if greatest > least else 1)
    q1, median, q3 = np.percentile(numbers, (25, 50, 75))
    return Distribution(
        count=len(numbers),
        min=least,
        max=greatest,
        mean=float(numbers.mean()),
        sd=float(numbers.std(ddof=1)) if len(numbers) > 1 else None,
        q1=float(q1),
        median=float(median),
        q3=float(q3),
        edges=tuple(map(float, edges)),
        counts=tuple(map(int, counts)),
    )
