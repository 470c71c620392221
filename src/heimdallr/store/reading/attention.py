"""Which studies wait for a person, and how many of each kind there are.

Four things make a study need attention: it failed; it is held, because its images name several
patients; a critical finding was made that nobody has acknowledged; it is STAT, and its results are
not there yet or have not been read. Each goes away by what a person does about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from heimdallr.store.models import ACTIVE_STATES, STAT, STATE_ORDER, FindingRow, Study, StudyState
from heimdallr.store.results import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

IN_PROGRESS = (StudyState.RECEIVING, StudyState.QUEUED, *ACTIVE_STATES)
WITHOUT_RESULTS = (StudyState.FAILED, StudyState.REFUSED)

_CRITICAL = "critical"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many studies there are.

    Attributes:
        total: all that were ever received.
        attention: those that wait for a person.
        unread: with results that nobody has read.
        in_progress: being received, waiting, or worked on.
        failed: that ended without results, failed or refused.
    """

    total: int
    attention: int
    unread: int
    in_progress: int
    failed: int


def needs_attention(
    state_rank: ColumnElement[int], worst_severity: ColumnElement[int]
) -> ColumnElement[bool]:
    """Whether a study waits for a person; the columns as the caller's query is to see them."""
    unacknowledged = exists().where(
        FindingRow.study_fk == Study.id,
        FindingRow.severity == _CRITICAL,
        FindingRow.acknowledged_at.is_(None),
    )
    return or_(
        state_rank.in_(_ranks((StudyState.FAILED, StudyState.HELD))),
        and_(worst_severity == SEVERITIES[_CRITICAL], unacknowledged),
        and_(Study.priority <= STAT, or_(state_rank.in_(_ranks(IN_PROGRESS)), is_unread())),
    )


def is_unread() -> ColumnElement[bool]:
    """Whether there are results that nobody has read."""
    return and_(Study.has_results.is_(True), Study.read_at.is_(None))


def counts(session: Session) -> Counts:
    """How many studies there are of each kind: one pass over the worklist's index."""
    rank, severity = Study.state_rank.expression, Study.worst_severity.expression
    query = (
        select(
            func.count(),
            _count_of(needs_attention(rank, severity)),
            _count_of(is_unread()),
            _count_of(rank.in_(_ranks(IN_PROGRESS))),
            _count_of(rank.in_(_ranks(WITHOUT_RESULTS))),
        )
        .select_from(Study)
        .where(Study.received_at >= _LONG_AGO)  # brings SQLite to the index that holds them
    )
    total, attention, unread, in_progress, failed = session.execute(query).one()
    return Counts(total, attention, unread, in_progress, failed)


def _count_of(kind: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((kind, 1)))


def _ranks(states: Iterable[StudyState]) -> list[int]:
    return sorted(STATE_ORDER.index(state) for state in states)
