"""Which studies wait for a person, and how many of each kind there are.

Four things make a study need attention: it failed; it is held, because its images name several
patients; a critical finding was made that nobody has acknowledged; it is STAT, and its results are
not there yet or have not been read. Each goes away by what a person does about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, func, literal, select, union

from heimdallr.store.models import ACTIVE_STATES, STAT, STATE_ORDER, FindingRow, Study, StudyState
from heimdallr.store.results import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import CompoundSelect
    from sqlalchemy.orm import Session

IN_PROGRESS = (StudyState.RECEIVING, StudyState.QUEUED, *ACTIVE_STATES)
WITHOUT_RESULTS = (StudyState.FAILED, StudyState.REFUSED)

CRITICAL = "critical"


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


def waiting_for_a_person() -> CompoundSelect[int]:
    """The numbers of the studies that need attention.

    Each kind is found by an index of its own: there are few, however many studies there are.
    """
    unacknowledged = select(FindingRow.study_fk).where(is_unacknowledged())
    return union(
        select(Study.id).where(_is_in((StudyState.FAILED, StudyState.HELD))),
        select(Study.id).where(
            Study.worst_severity == SEVERITIES[CRITICAL], Study.id.in_(unacknowledged)
        ),
        select(Study.id).where(is_stat(), _is_in(IN_PROGRESS)),
        select(Study.id).where(is_stat(), is_unread()),
    )


def is_stat() -> ColumnElement[bool]:
    """Whether it is urgent."""
    # Written out: SQLite takes an index of some rows only where it sees that it has the right ones.
    return Study.priority <= literal(STAT, literal_execute=True)


def is_unacknowledged() -> ColumnElement[bool]:
    """Whether a finding is critical, and nobody has acknowledged it."""
    is_critical = FindingRow.severity == literal(CRITICAL, literal_execute=True)
    return and_(is_critical, FindingRow.acknowledged_at.is_(None))


def is_unread() -> ColumnElement[bool]:
    """Whether there are results that nobody has read."""
    return and_(Study.has_results.is_(True), Study.read_at.is_(None))


def counts(session: Session) -> Counts:
    """How many studies there are of each kind."""
    kinds = [
        # By a narrow index that goes with the order in which they lie, in half of the time.
        select(Study.id).where(Study.sort_date >= 0),
        waiting_for_a_person(),
        *(
            select(Study.id).where(kind)
            for kind in (is_unread(), _is_in(IN_PROGRESS), _is_in(WITHOUT_RESULTS))
        ),
    ]
    counted = (
        select(func.count()).select_from(kind.subquery()).scalar_subquery() for kind in kinds
    )
    total, attention, unread, in_progress, failed = session.execute(select(*counted)).one()
    return Counts(total, attention, unread, in_progress, failed)


def _is_in(states: Iterable[StudyState]) -> ColumnElement[bool]:
    return Study.state_rank.in_(sorted(STATE_ORDER.index(state) for state in states))
