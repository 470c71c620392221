"""What retention removes: decided from facts and the clock, without touching anything.

Two rules. *By age*: each part of a study has its own period, counted from the last image received
or the end of the last work on it, whichever is later; one sweep touches a share of the studies at
most, so that a clock which is years ahead does not cost everything at once. *By space*: where less
is free than is to be kept free, originals, volumes and masks of the oldest studies go until enough
is; results never do. Neither rule touches a study that is receiving, waiting, being worked on,
handed over or deleted, that a person has flagged, that has a critical finding nobody has
acknowledged, or whose results a destination is still to get. Whoever asks leaves out studies that
were found again by their case folders a few days ago.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Literal

from heimdallr.store.models import StudyState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from heimdallr.config import Settings


class Part(str, Enum):
    """What is kept of a study, each with its own period; the keys of ``studies.kept``."""

    ORIGINALS = "originals"
    """The DICOM received, and its copies: work and failure folders, ZIPs handed over."""
    VOLUME = "volume"
    """With its preview."""
    MASKS = "masks"
    """With the label maps."""
    RESULTS = "results"
    """Numbers, findings and pictures; and what persons corrected."""


IDLE_STATES = (
    StudyState.DONE,
    StudyState.REFUSED,
    StudyState.FAILED,
    StudyState.CANCELLED,
    StudyState.STORED,
    StudyState.SENT,
)
"""Nobody works on such a study, and nothing waits to."""

SPACE_ORDER = (Part.ORIGINALS, Part.VOLUME, Part.MASKS)
"""What goes for lack of space, of one study, the first first."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules.

    Attributes:
        periods: how long parts are kept; ``None``: for ever.
        keep_free: bytes that are to be free.
        share: of how many of all studies, 0 to 1, one sweep may take something by age.
    """

    periods: Mapping[Part, timedelta | None]
    keep_free: int = 0
    share: float = 1.0

    @property
    def shortest(self) -> timedelta | None:
        """The shortest period there is."""
        return min((period for period in self.periods.values() if period), default=None)

    def most(self, studies: int) -> int:
        """Of how many studies one sweep may take something by age, where there are so many."""
        return max(int(self.share * studies), 1)

    def without_age(self) -> Policy:
        """The same, with nothing removed by age."""
        return replace(self, periods=dict.fromkeys(Part))

    @property
    def removes_nothing(self) -> bool:
        """Whether there is no rule at all."""
        return not self.keep_free and all(period is None for period in self.periods.values())


@dataclass(frozen=True, slots=True)
class Kept:
    """A study, and what is still on the disk of it.

    Attributes:
        since: the last image received, or the end of the last work on it.
        sizes: part → bytes; a part that is gone, and known to be, is not in it.
    """

    study_id: int
    case_id: str | None
    state: StudyState
    since: datetime
    flagged: bool = False
    critical_unseen: bool = False
    owed: bool = False
    sizes: Mapping[Part, int] = field(default_factory=dict)

    @property
    def is_protected(self) -> bool:
        """Whether no rule touches it."""
        kept_back = self.flagged or self.critical_unseen or self.owed
        return kept_back or self.state not in IDLE_STATES


@dataclass(frozen=True, slots=True)
class Removal:
    """A part of a study that is to go; ``since`` as of :class:`Kept`."""

    study_id: int
    case_id: str | None
    since: datetime
    part: Part
    size_bytes: int
    reason: Literal["age", "space"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to go now.

    Attributes:
        removals: what goes by age, then what goes for space, each from the oldest study on.
        more: further studies are over their periods; they go with later sweeps.
        doubt: why nothing goes by age, where the clock cannot be right.
    """

    removals: tuple[Removal, ...] = ()
    more: bool = False
    doubt: str = ""


def policy_of(settings: Settings) -> Policy:
    """The policy the settings describe."""

    def period(days: float) -> timedelta | None:
        return timedelta(days=days) if days else None

    return Policy(
        {
            Part.ORIGINALS: period(settings.keep_originals_days),
            Part.VOLUME: period(settings.keep_volumes_days),
            Part.MASKS: period(settings.keep_masks_days),
            Part.RESULTS: period(settings.keep_results_days),
        },
        int(settings.keep_free_gb * 1e9),
        settings.keep_sweep_percent / 100,
    )


def plan(
    studies: Iterable[Kept],
    policy: Policy,
    missing: Mapping[Part, int],
    now: datetime,
    *,
    most: int | None = None,
    same_disk: bool = True,
) -> Plan:
    """What is to go.

    Args:
        studies: all of them, in any order.
        policy: the rules.
        missing: part → bytes that are to be gained on the disk where such parts are.
        now: the time.
        most: of how many studies something may go by age; ``None``: of any number.
        same_disk: all parts share one disk, so that what one frees the others need not.
    """
    oldest_first = sorted(
        (study for study in studies if not study.is_protected),
        key=lambda study: (study.since, study.study_id),
    )
    due = [(study, parts) for study in oldest_first if (parts := over(study, policy, now))]
    aged = [_removal(study, part, "age") for study, parts in due[:most] for part in parts]
    still_missing = dict(missing)
    for removal in aged:
        _gain(still_missing, removal, same_disk=same_disk)
    gone = {(removal.study_id, removal.part) for removal in aged}
    for_space = []
    for study in oldest_first:
        for part in SPACE_ORDER:
            wanted = still_missing.get(part, 0) > 0 and part in study.sizes
            if wanted and (study.study_id, part) not in gone:
                removal = _removal(study, part, "space")
                for_space.append(removal)
                _gain(still_missing, removal, same_disk=same_disk)
    return Plan((*aged, *for_space), more=most is not None and len(due) > most)


def _removal(study: Kept, part: Part, reason: Literal["age", "space"]) -> Removal:
    size = study.sizes[part]
    return Removal(study.study_id, study.case_id, study.since, part, size, reason)


def over(study: Kept, policy: Policy, now: datetime) -> list[Part]:
    """The parts of a study whose periods are over."""
    periods = ((part, policy.periods.get(part)) for part in Part if part in study.sizes)
    return [part for part, period in periods if period and now - study.since > period]


def _gain(missing: dict[Part, int], removal: Removal, *, same_disk: bool) -> None:
    """Count what a removal frees, on the disk it is on."""
    on_output = removal.part is not Part.ORIGINALS
    for part in missing:
        if same_disk or (part is not Part.ORIGINALS) == on_output:
            missing[part] -= removal.size_bytes
