"""Which body regions may lie where the series was not measured.

A region that is not in the volume cannot be looked at; but where slices are missing, or were left
out, it may have been scanned all the same. What lies there follows from what lies beside it: a body
is in order, head to foot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.analyses.body_regions import covered_regions, is_in_part

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case

HEIGHT_MM = {
    "head": 220.0,
    "neck": 120.0,
    "thorax": 280.0,
    "abdomen": 280.0,
    "pelvis": 220.0,
    "extremities": 800.0,
}
"""How long a region is, head to foot. Chosen for an adult.

Half of it would look for a head 35 cm above an abdomen, twice it would not look for one at 70 cm.
"""

ORDER = tuple(HEIGHT_MM)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is in view, as far as analyses ask.

    Attributes:
        is_patient: whether any structure is believed.
        covered: regions in view.
        unseen: regions of which a part may lie where nothing was measured.
    """

    is_patient: bool
    covered: tuple[str, ...]
    unseen: tuple[str, ...]


def coverage(case: Case) -> Coverage:
    """Of a case whose whole-body task was run."""
    unseen = tuple(region for region in ORDER if may_be_unseen(case, region))
    return Coverage(case.shows_a_patient, covered_regions(case), unseen)


def may_be_unseen(case: Case, region: str) -> bool:
    """Whether a region, or a part of it, may lie where the series was not measured.

    A gap between slices is too short for a whole region; what lies beyond the volume may not be.
    """
    covered, beyond = covered_regions(case), case.unseen_beyond
    if region in covered:
        return is_in_part(case, region)
    if not covered or not {"superior", "inferior"}.issuperset(beyond):
        return bool(case.unseen)
    here, places = ORDER.index(region), [ORDER.index(name) for name in covered]
    if here < min(places):
        return _between(here, min(places)) < beyond.get("superior", 0.0)
    return here > max(places) and _between(max(places), here) < beyond.get("inferior", 0.0)


def _between(upper: int, lower: int) -> float:
    """Length of the regions between two, in mm."""
    return sum(HEIGHT_MM[name] for name in ORDER[upper + 1 : lower])
