"""Rows behind the detail views: series, runs, findings and events; queue, quarantine, peers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from heimdallr.domain.errors import StateConflictError
from heimdallr.store.clock import SKEW
from heimdallr.store.delivery_tables import When
from heimdallr.store.models import (
    ACTIVE_STATES,
    Event,
    FindingRow,
    Peer,
    Quarantined,
    Run,
    Series,
    Study,
    StudyState,
)
from heimdallr.store.work import owed
from heimdallr.store.work.runs import past_seconds
from heimdallr.store.work.states import lock, note

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import RowMapping, Select
    from sqlalchemy.orm import Session

_RECENT_RUNS = 200


def study_by_case(session: Session, case_id: str) -> Study | None:
    """The study a case folder belongs to."""
    return session.scalars(select(Study).where(Study.case_id == case_id)).one_or_none()


def series_of(session: Session, study: Study) -> Sequence[Series]:
    """Its series: the chosen one first, then by rank, then by number."""
    return session.scalars(
        select(Series)
        .where(Series.study_fk == study.id)
        .order_by(Series.rank.is_(None), Series.rank, Series.number, Series.id)
    ).all()


def runs_of(session: Session, study: Study) -> Sequence[Run]:
    """Its runs, newest first."""
    return session.scalars(
        select(Run)
        .where(Run.study_fk == study.id)
        .order_by(Run.revision.desc(), Run.attempt.desc())
        .limit(_RECENT_RUNS)
    ).all()


def findings_of(session: Session, study_ids: Collection[int]) -> Mapping[int, list[FindingRow]]:
    """Study → its findings, in the order the rules gave them."""
    rows = session.scalars(
        select(FindingRow).where(FindingRow.study_fk.in_(study_ids)).order_by(FindingRow.id)
    )
    found: dict[int, list[FindingRow]] = {}
    for row in rows:
        found.setdefault(row.study_fk, []).append(row)
    return found


def events(
    session: Session, *, study_id: int | None = None, before: int | None = None, limit: int
) -> Sequence[Event]:
    """What happened, newest first; to one study or to all."""
    query = select(Event).order_by(Event.id.desc()).limit(limit)
    if study_id is not None:
        query = query.where(Event.study_fk == study_id)
    if before is not None:
        query = query.where(Event.id < before)
    return session.scalars(query).all()


def acknowledge(
    session: Session, finding_id: int, text: str, now: datetime, actor: str
) -> FindingRow:
    """A person has seen a finding; the latest word stands.

    Raises:
        StateConflictError: there is no such finding (any more).
    """
    row = session.get(FindingRow, finding_id)
    if row is None:
        msg = "the finding does not exist any more; newer results may have replaced it"
        raise StateConflictError(msg)
    study = lock(session, row.study_fk)
    row.acknowledged_at, row.acknowledged_by, row.note = now, actor[:64], text
    owed.tell(session, study.id, When.ACKNOWLEDGED, now)
    note(session, study, "acknowledged", f"finding acknowledged: {row.code}", now, actor=actor)
    return row


def mark_read(session: Session, study_id: int, now: datetime, actor: str, *, on: bool) -> Study:
    """A person has read a study's results, or wants it among the unread again.

    Raises:
        StateConflictError: there are no results to be read.
    """
    study = lock(session, study_id)
    if not study.has_results:
        msg = "there are no results to be read"
        raise StateConflictError(msg)
    study.read_at = now if on else None
    if on:
        owed.tell(session, study.id, When.ACKNOWLEDGED, now)
    note(session, study, "read", "marked as read" if on else "marked as unread", now, actor=actor)
    return study


def flag(session: Session, study_id: int, now: datetime, actor: str, *, on: bool) -> Study:
    """Mark a study, so that retention leaves it alone, or take the mark away."""
    study = lock(session, study_id)
    study.flagged = on
    note(session, study, "flagged", "flagged" if on else "flag removed", now, actor=actor)
    return study


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """How the work stands.

    Attributes:
        by_state: state → studies.
        waiting, running: runs.
        oldest_queued_at: of the runs that wait.
        stage_seconds: stage → median wall time of the newest runs that ended well.
        done_since: studies whose newest run ended well since the time asked for.
        failed_since: those whose newest run failed.
    """

    by_state: Mapping[StudyState, int]
    waiting: int
    running: int
    oldest_queued_at: datetime | None
    stage_seconds: Mapping[str, float]
    done_since: int
    failed_since: int


def queue_figures(session: Session, since: datetime, now: datetime) -> QueueFigures:
    """How the work stands now, and what was done since a time."""
    by_state = _counts(session, select(Study.state, func.count()).group_by(Study.state))
    waiting, oldest = session.execute(
        select(func.count(), func.min(Run.queued_at)).where(Run.state == StudyState.QUEUED)
    ).one()
    running = session.scalar(
        select(func.count()).select_from(Run).where(Run.state.in_(ACTIVE_STATES))
    )
    ended = _counts(
        session,
        select(Run.state, func.count())
        .where(Run.finished_at.between(since, now + SKEW))
        .group_by(Run.state),
    )
    return QueueFigures(
        by_state=by_state,
        waiting=waiting,
        running=running or 0,
        oldest_queued_at=oldest,
        stage_seconds={
            stage: times[len(times) // 2] for stage, times in stage_times(session).items()
        },
        done_since=ended.get(StudyState.DONE, 0),
        failed_since=ended.get(StudyState.FAILED, 0),
    )


def _counts(session: Session, query: Select[StudyState, int]) -> dict[StudyState, int]:
    return {state: count for state, count in session.execute(query).all()}  # noqa: C416 - rows are no tuples


def stage_times(session: Session) -> dict[str, list[float]]:
    """Stage → its wall times in the newest runs that ended well, shortest first."""
    times: dict[str, list[float]] = {}
    for seconds in past_seconds(session, limit=_RECENT_RUNS):
        for stage, spent in seconds.items():
            times.setdefault(stage, []).append(float(spent))
    return {stage: sorted(values) for stage, values in times.items()}


def quarantined(session: Session, *, before: int | None, limit: int) -> Sequence[RowMapping]:
    """Received files that are no use, newest first, each with the ``study_id`` it is of."""
    study = (
        select(func.min(Study.id))
        .where(Study.study_instance_uid == Quarantined.study_instance_uid)
        .where(Study.study_instance_uid != "")
        .scalar_subquery()
    )
    columns = Quarantined.__table__.columns
    query = select(*columns, study.label("study_id")).order_by(Quarantined.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Quarantined.id < before)
    return session.execute(query).mappings().all()


def peers(session: Session) -> Sequence[Peer]:
    """DICOM peers that have called, the latest first."""
    return session.scalars(select(Peer).order_by(Peer.last_seen_at.desc()).limit(500)).all()
