"""How long a case will still take: what the last cases of its kind took, or no answer.

Pure functions; the caller brings the past (:func:`heimdallr.store.work.runs.past_seconds`). An
estimate that rests on too little is worse than none, so then there is none.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LEAST_CASES = 5
"""Fewer finished cases of a modality allow no estimate."""

SHARES = {"prepare": 0.10, "segment": 0.70, "analyze": 0.90, "publish": 1.0}
"""Share of a case that is done when a stage ends, for progress bars."""


def typical_seconds(past: Iterable[Mapping[str, float]]) -> dict[str, float] | None:
    """Median wall time of each stage, over cases that went through all of them.

    Args:
        past: stage → seconds, one mapping per finished case of one modality.

    Returns:
        Stage → seconds; ``None`` when the cases are too few.
    """
    whole = [one for one in past if all(stage in one for stage in SHARES)]
    if len(whole) < LEAST_CASES:
        return None
    return {stage: median(one[stage] for one in whole) for stage in SHARES}


def remaining_seconds(
    typical: Mapping[str, float] | None, stage: str, progress: float
) -> float | None:
    """Seconds until a case that is being worked on is done, if nothing makes it wait.

    Args:
        typical: of :func:`typical_seconds`.
        stage: the stage it is in.
        progress: share of the case that is done, 0 to 1, as the worker reported it.

    Returns:
        Seconds; ``None`` where there is no telling: too few past cases, or no such stage.
    """
    if typical is None or stage not in SHARES:
        return None
    later = list(SHARES)[list(SHARES).index(stage) + 1 :]
    left = 1.0 - share_of_stage(stage, progress)
    return left * typical[stage] + sum(typical[name] for name in later)


def share_of_case(stage: str, share: float) -> float:
    """Share of the case that is done when this share of a stage is."""
    low, high = _bounds(stage)
    return low + min(max(share, 0.0), 1.0) * (high - low)


def share_of_stage(stage: str, progress: float) -> float:
    """Share of a stage that is done when this share of the case is; 0 before it begins."""
    low, high = _bounds(stage)
    return min(max((progress - low) / (high - low), 0.0), 1.0)


def _bounds(stage: str) -> tuple[float, float]:
    names = list(SHARES)
    before = names.index(stage) - 1
    return (SHARES[names[before]] if before >= 0 else 0.0), SHARES[stage]
