"""Decides when a study is complete, from what has arrived and the time that has passed.

A study is complete

* when no new image has come for ``idle_s``;
* sooner, when everybody who sent images of it has released his association, has no other one
  open, and no series has a gap in its instance numbers (``early``). A sender may open the next
  association at once, so the rule waits ``settle_s`` first;
* at once, when an upload or a find of the watch folder, whole by nature, has been recorded.

Time is counted on the monotonic clock, which nobody sets. The wall clock only tells, after a
restart, how long a study has been quiet already, and is not believed beyond what is plausible.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from heimdallr.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

SETTLE_S = 2.0
"""Seconds after a release in which the sender may begin the next association."""


class Clock(Protocol):
    """What time it is, and how much has passed."""

    def now(self) -> datetime:
        """The wall clock, with its zone; it may be set forward and back."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never runs back."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """See :class:`Clock`."""
        return utc_now()

    def monotonic(self) -> float:
        """See :class:`Clock`."""
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rule says of the open studies, by their database id.

    Attributes:
        complete: are complete.
        if_gapless: are complete if :func:`has_no_gap` says so of their series.
    """

    complete: tuple[int, ...] = ()
    if_gapless: tuple[int, ...] = ()


@dataclass(slots=True)
class _OpenStudy:
    """What has been seen of a study that is being received.

    Attributes:
        quiet_since: monotonic time of the last new image.
        last_instance_at: as the database had it when it was last heard of.
        witnessed: all of its images since it was opened were seen arriving.
        senders: who sent them.
        batches: those of theirs that are still open.
        broken: one of them did not end with a release.
        whole: one of them, ended now, was whole by nature.
        settled_from: monotonic time when one of its senders ended an association.
        asked: its numbering was asked for, and nothing has changed since.
    """

    quiet_since: float
    witnessed: bool
    last_instance_at: datetime
    senders: set[str] = field(default_factory=set)
    batches: set[str] = field(default_factory=set)
    broken: bool = False
    whole: bool = False
    settled_from: float = 0.0
    asked: bool = False


class CompletionRule:
    """Decides when studies are complete.

    Args:
        idle_s: seconds without a new image until a study is complete.
        early: whether a study may be complete sooner.
        clock: tells the time.
        settle_s: see :data:`SETTLE_S`; never longer than ``idle_s``.
    """

    def __init__(
        self, idle_s: float, *, early: bool, clock: Clock, settle_s: float = SETTLE_S
    ) -> None:
        self._idle_s, self._early, self._clock = idle_s, early, clock
        self._settle_s = min(settle_s, idle_s)
        self._studies: dict[int, _OpenStudy] = {}
        self._senders: dict[str, str] = {}
        self._looked_at = clock.monotonic()

    def resume(self, open_studies: Mapping[int, datetime]) -> None:
        """Go on after a restart, before anything is recorded.

        Args:
            open_studies: studies being received → when their last new image came.
        """
        self._meet(open_studies)

    def opened(self, batch: str, sender: str) -> None:
        """A batch is being written; whoever sends it is not finished."""
        self._senders.setdefault(batch, sender)

    def saw(self, study: int, batch: str, at: datetime) -> None:
        """A new image of a study was recorded from a batch.

        Args:
            study: its database id.
            batch: the batch's name.
            at: when, as the database has it: no news of somebody else's at the next look.
        """
        now = self._clock.monotonic()
        one = self._studies.setdefault(study, _OpenStudy(now, witnessed=True, last_instance_at=at))
        one.quiet_since, one.last_instance_at, one.asked = now, at, False
        one.batches.add(batch)
        if sender := self._senders.get(batch):
            one.senders.add(sender)

    def ended(self, batch: str, *, released: bool, whole: bool = False) -> None:
        """A batch is over and recorded.

        Args:
            batch: its name.
            released: its association was released, or its upload came to its end.
            whole: nothing more belongs to what it brought.
        """
        now = self._clock.monotonic()
        sender = self._senders.pop(batch, "")
        for one in self._studies.values():
            if batch in one.batches:
                one.batches.discard(batch)
                one.broken = one.broken or not released
                one.whole = one.whole or (whole and released)
            if sender in one.senders:
                one.settled_from, one.asked = now, False

    @property
    def is_settling(self) -> bool:
        """Whether the next look ought to be soon."""
        return any(one.whole or self._may_be_early(one) for one in self._studies.values())

    def look(self, open_studies: Mapping[int, datetime]) -> Verdict:
        """Say which studies are complete.

        Args:
            open_studies: studies being received → when their last new image came.
        """
        self._meet(open_studies)
        for gone in self._studies.keys() - open_studies.keys():
            del self._studies[gone]
        now = self._clock.monotonic()
        complete, candidates = [], []
        for study, one in sorted(self._studies.items()):
            if one.whole or now - one.quiet_since >= self._idle_s:
                complete.append(study)
            elif self._may_be_early(one) and (
                now - max(one.quiet_since, one.settled_from) >= self._settle_s
            ):
                candidates.append(study)
                one.asked = True
        return Verdict(tuple(complete), tuple(candidates))

    def _meet(self, open_studies: Mapping[int, datetime]) -> None:
        """Learn of images that somebody else has recorded."""
        wall, now = self._clock.now(), self._clock.monotonic()
        for study, last in open_studies.items():
            ago = max((wall - last).total_seconds(), 0.0)
            one = self._studies.get(study)
            if one is None:
                quiet = min(ago, self._idle_s)
                self._studies[study] = _OpenStudy(
                    now - quiet, witnessed=False, last_instance_at=last
                )
            elif one.last_instance_at != last:
                # It came since the last look, whatever the wall clock says.
                one.quiet_since = max(one.quiet_since, now - min(ago, now - self._looked_at))
                one.asked = False
            self._studies[study].last_instance_at = last
        self._looked_at = now

    def _may_be_early(self, one: _OpenStudy) -> bool:
        if not (self._early and one.witnessed and one.senders) or one.asked:
            return False
        if one.broken or one.batches:
            return False
        return one.senders.isdisjoint(self._senders.values())


def has_no_gap(series: Iterable[Iterable[int | None]]) -> bool:
    """Whether every series is numbered from 0 or 1 on without a gap.

    Args:
        series: the instance numbers of each; ``None`` for an image without one.
    """
    for numbers in series:
        known = {number for number in numbers if number is not None}
        if None in numbers or not known or min(known) not in (0, 1):
            return False
        if max(known) - min(known) + 1 != len(known):
            return False
    return True
