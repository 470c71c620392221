"""Which nodule of an earlier CT is which of this one, and how fast it grows.

**Formula.** Two scans are laid over each other lobe by lobe: a nodule's place is its centre within
the box of its lobe, 0 to 1 along each axis, so that another breath stretches it with the lobe. Two
nodules are one where they lie in the same lobe, within :data:`FARTHEST_MM`, each the other's
nearest, and no third one could be meant: also none that a study counts and does not list. What is
not certain is not paired. The *volume doubling
time* is ``t · ln 2 / ln(V / V₀)`` days; a change of the volume below a quarter is *no change*
(van Klaveren 2009, N Engl J Med 361:2221, who call nodules that double within 400 days fast).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from heimdallr.analyses.rules.change import SHORTEST_DAYS, days_between

if TYPE_CHECKING:
    from heimdallr.analyses.rules.change import Verdict

FARTHEST_MM = 15.0
"""Farther from where it was, a nodule is another one.

Chosen, not measured: half the usual way of the lung bases between two breaths, most of which the
lobe's box takes up. At 8 mm nodules near the diaphragm would be lost, at 30 mm neighbours mixed up.
"""
SMALLEST_SHARE = 0.25
"""Of the earlier volume; van Klaveren 2009."""

Point = tuple[float, float, float]
NotPaired = Literal["not_seen_before", "several_near", "lobe_not_whole", "not_all_listed"]


@dataclass(frozen=True, slots=True)
class PlacedNodule:
    """A nodule of one study.

    Attributes:
        number: its rank in that study.
        lobe: TotalSegmentator's name of the lobe it lies in.
        place: its centre within the lobe's box, 0 to 1 along R, A, S.
        lobe_mm: edges of that box.
        volume_mm3: its volume.
    """

    number: int
    lobe: str
    place: Point
    lobe_mm: Point
    volume_mm3: float


@dataclass(frozen=True, slots=True)
class PlacedNodules:
    """The nodules of a study.

    Attributes:
        nodules: the listed ones whose lobe is wholly in view and whose volume is measured.
        lobes: that are wholly in view.
        complete: those of them whose every nodule, as far as it is not too small to be listed, is
            among ``nodules``.
        smaller: pieces that are too small to be listed, in all lobes.
    """

    nodules: tuple[PlacedNodule, ...]
    lobes: frozenset[str]
    complete: frozenset[str]
    smaller: int


@dataclass(frozen=True, slots=True)
class Growth:
    """What became of a nodule's volume.

    Attributes:
        verdict: what it is.
        doubling_days: volume doubling time; ``None`` unless it has risen over enough days.
    """

    verdict: Verdict
    doubling_days: float | None


def earlier_of(
    nodule: PlacedNodule, now: PlacedNodules, before: PlacedNodules
) -> PlacedNodule | NotPaired:
    """The same nodule in an earlier study, or why none is named.

    Args:
        nodule: of this study.
        now: this study.
        before: the earlier one.
    """
    lobe = nodule.lobe
    if lobe not in before.lobes:
        return "lobe_not_whole"
    near = [one for one in before.nodules if _apart_mm(nodule, one) <= FARTHEST_MM]
    if not near:
        is_new = lobe in before.complete and not before.smaller
        return "not_seen_before" if is_new else "not_all_listed"
    rivals = [one for one in now.nodules if _apart_mm(one, near[0]) <= FARTHEST_MM]
    if len(near) > 1 or len(rivals) > 1:
        return "several_near"
    return near[0] if lobe in now.complete & before.complete else "not_all_listed"


def growth_of(
    volume_mm3: float, study_date: str, *, earlier_mm3: float, earlier_date: str
) -> Growth | None:
    """How a nodule has grown.

    Args:
        volume_mm3: now.
        study_date: of now, ``YYYYMMDD``.
        earlier_mm3: its volume then, above 0.
        earlier_date: of then.

    Returns:
        ``None``: a date is none, or they are not in this order.
    """
    days = days_between(earlier_date, study_date)
    if days is None or days <= 0:
        return None
    share = volume_mm3 / earlier_mm3 - 1.0
    if abs(share) < SMALLEST_SHARE:
        return Growth("no_change", None)
    if share < 0:
        return Growth("fallen", None)
    long_enough = days >= SHORTEST_DAYS
    doubling_days = days * math.log(2) / math.log1p(share) if long_enough else None
    return Growth("risen", doubling_days)


def _apart_mm(one: PlacedNodule, other: PlacedNodule) -> float:
    """How far apart two nodules of two studies lie; infinite in different lobes."""
    if one.lobe != other.lobe:
        return math.inf
    sides = zip(one.place, other.place, one.lobe_mm, other.lobe_mm, strict=True)
    return math.hypot(*((a - b) * (wide + wider) / 2 for a, b, wide, wider in sides))
