"""The life of a study: the one place where a state changes.

::

    receiving ─▶ queued ─▶ preparing ─▶ segmenting ─▶ analyzing ─▶ publishing ─▶ done
        ▲          │            └───────────┴────────────┴────────────┴─▶ refused | failed
        │          └─▶ cancelled ◀─ (asked of a running one: at its next step)
        └── a late instance reopens the study; complete again, it becomes the next revision

The database says what is to be worked on; the durable workflow knows how far it got. Every
function here works in the caller's transaction, locks the study's row first, and writes an event.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select
from sqlalchemy.orm import aliased

from heimdallr.domain.errors import StateConflictError
from heimdallr.preparation.case_id import case_id
from heimdallr.store.models import (
    ACTIVE_STATES,
    STAT,
    Event,
    Instance,
    Run,
    Study,
    StudyState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

STAGES = {
    "prepare": StudyState.PREPARING,
    "segment": StudyState.SEGMENTING,
    "analyze": StudyState.ANALYZING,
    "publish": StudyState.PUBLISHING,
}
"""Stage → the state of a study that is in it, in the order they are gone through."""

FINAL_STATES = (StudyState.DONE, StudyState.REFUSED, StudyState.FAILED, StudyState.CANCELLED)


class RunGoneError(Exception):
    """A run's study was deleted; there is nothing left to be done."""


def lock(session: Session, study_id: int) -> Study:
    """The study's row, locked until the transaction ends.

    Raises:
        StateConflictError: there is no such study (any more).
    """
    study = session.get(Study, study_id, with_for_update=True, populate_existing=True)
    if study is None:
        msg = "the study does not exist any more"
        raise StateConflictError(msg)
    return study


def note(
    session: Session,
    study: Study | None,
    kind: str,
    message: str,
    now: datetime,
    *,
    actor: str = "",
) -> None:
    """Write an event; ``message`` holds no patient data."""
    session.add(
        Event(
            at=now,
            study_fk=study.id if study else None,
            kind=kind,
            message=message[:2000],
            actor=actor,
        )
    )
    if study:
        study.changed_at = now


def reopen(session: Session, study: Study, now: datetime) -> None:
    """New instances have arrived; the caller has added them and holds the lock."""
    study.last_instance_at = now
    study.changed_at = now
    if study.state is not StudyState.RECEIVING:
        note(session, study, "reopened", "new images arrived for a study that was complete", now)
        study.state = StudyState.RECEIVING


def complete(
    session: Session,
    study: Study,
    now: datetime,
    *,
    in_place: bool = True,
    folder_taken: Callable[[str], bool] = lambda _: False,
    actor: str = "",
) -> Run | None:
    """Declare a study complete; content that is new becomes the next revision.

    Args:
        session: the transaction.
        study: its row, locked.
        now: the time.
        in_place: work on it here; otherwise it is to be sent to another server.
        folder_taken: whether a case ID is in use by a folder the database does not know.
        actor: who said so; empty when the rule did.

    Returns:
        The queued run; ``None`` where there is nothing to do: identical content, only objects
        this system wrote, or a study that is handed over.
    """
    rows = session.execute(
        select(Instance.key, Instance.digest, Instance.own)
        .where(Instance.study_fk == study.id)
        .order_by(Instance.key)
    ).all()
    digest = hashlib.sha256("\n".join(f"{key} {one}" for key, one, _ in rows).encode()).hexdigest()
    study.completed_at = now
    if all(own for _, _, own in rows):
        study.state = StudyState.STORED
        note(session, study, "stored", "only objects written by this system; not processed", now)
        return None
    if digest == study.digest and study.revision:
        newest = _newest_run(session, study)
        study.state = newest.state if newest else StudyState.SENT
        note(session, study, "unchanged", "complete again with identical content", now, actor=actor)
        return None
    study.revision += 1
    study.digest = digest
    if study.case_id is None:
        study.case_id = _name(session, study, folder_taken)
    note(session, study, "complete", f"complete with {len(rows)} objects", now, actor=actor)
    if not in_place:
        study.state = StudyState.SENDING
        return None
    for older in _unfinished_runs(session, study):
        _stop(session, study, older, now, "superseded by newer images")
    cause = "received" if study.revision == 1 else "late_instances"
    return _queue(session, study, now, cause=cause)


def startable(session: Session, limit: int) -> Sequence[Run]:
    """Queued runs whose study nobody works on, the most urgent first."""
    other = aliased(Run)
    busy = exists().where(other.study_fk == Run.study_fk, other.state.in_(ACTIVE_STATES))
    return session.scalars(
        select(Run)
        .where(Run.state == StudyState.QUEUED, ~busy)
        .order_by(Run.priority, Run.queued_at, Run.id)
        .limit(limit)
    ).all()


def enter_stage(
    session: Session, workflow_id: str, stage: str, executor: str, now: datetime
) -> Run:
    """A worker begins (or begins again, after a crash) a stage of a run.

    Returns:
        The run; when its state is final, it was cancelled or is over, and nothing is to be done.

    Raises:
        RunGoneError: the study was deleted.
    """
    run, study = _locked_run(session, workflow_id)
    if run.cancel_requested and run.state not in FINAL_STATES:
        _end(session, study, run, StudyState.CANCELLED, now, error="cancelled")
    if run.state in FINAL_STATES:
        return run
    run.state, run.stage, run.executor = STAGES[stage], stage, executor
    run.started_at = run.started_at or now
    if _is_current(run, study):
        study.state = run.state
        study.started_at = run.started_at
        study.error = ""
    study.changed_at = now
    return run


def report_progress(session: Session, workflow_id: str, share: float, now: datetime) -> bool:
    """Record how much of a run is done, 0 to 1; whether it may go on."""
    run, study = _locked_run(session, workflow_id)
    if run.cancel_requested or run.state in FINAL_STATES:
        return False
    if _is_current(run, study):
        study.progress = share
        study.changed_at = now
    return True


def end_run(
    session: Session,
    workflow_id: str,
    state: StudyState,
    now: datetime,
    *,
    seconds: Mapping[str, float] | None = None,
    error: str = "",
    log: str = "",
) -> Run:
    """A run is over: done, refused, failed or cancelled; a second call changes nothing."""
    run, study = _locked_run(session, workflow_id)
    if run.state not in FINAL_STATES:
        run.seconds = dict(seconds or run.seconds)
        run.log = log or run.log
        _end(session, study, run, state, now, error=error)
    return run


def cancel(session: Session, study_id: int, now: datetime, actor: str) -> Study:
    """Stop the work on a study: at once when it waits, at its next step when it runs.

    Raises:
        StateConflictError: nobody works on it, and it does not wait.
    """
    study = lock(session, study_id)
    runs = _unfinished_runs(session, study)
    if not runs:
        msg = f"the study is {study.state.value}; there is nothing to cancel"
        raise StateConflictError(msg)
    for run in runs:
        _stop(session, study, run, now, "cancelled", actor=actor)
    return study


def retry(
    session: Session, study_id: int, now: datetime, actor: str, *, fresh: bool = False
) -> Run:
    """Queue the current revision once more.

    Args:
        session: the transaction.
        study_id: the study.
        now: the time.
        actor: who asked.
        fresh: do every stage anew (reprocess) instead of going on from the one that failed.

    Raises:
        StateConflictError: it is being worked on, waits already, or was never complete.
    """
    study = lock(session, study_id)
    if _unfinished_runs(session, study) or study.state not in FINAL_STATES:
        msg = f"the study is {study.state.value}; it can be processed again when that is over"
        raise StateConflictError(msg)
    cause = "reprocess" if fresh else "retry"
    note(session, study, cause, f"asked for: {cause}", now, actor=actor)
    return _queue(session, study, now, cause=cause, fresh=fresh)


def set_priority(
    session: Session, study_id: int, priority: int, now: datetime, actor: str
) -> Study:
    """Change how urgent a study is; its waiting run moves too."""
    study = lock(session, study_id)
    study.priority = priority
    for run in _unfinished_runs(session, study):
        run.priority = priority
    what = "marked STAT" if priority == STAT else f"priority set to {priority}"
    note(session, study, "priority", what, now, actor=actor)
    return study


def _queue(
    session: Session, study: Study, now: datetime, *, cause: str, fresh: bool = False
) -> Run:
    attempts = session.scalar(
        select(func.count())
        .select_from(Run)
        .where(Run.study_fk == study.id, Run.revision == study.revision)
    )
    attempt = (attempts or 0) + 1
    run = Run(
        study_fk=study.id,
        revision=study.revision,
        attempt=attempt,
        cause=cause,
        fresh=fresh,
        workflow_id=f"run-{secrets.token_hex(8)}",
        state=StudyState.QUEUED,
        priority=study.priority,
        queued_at=now,
    )
    session.add(run)
    study.state = StudyState.QUEUED
    study.progress = 0.0
    study.error = ""
    study.started_at = study.finished_at = study.elapsed_s = None
    study.changed_at = now
    session.flush()
    return run


def _stop(
    session: Session, study: Study, run: Run, now: datetime, reason: str, *, actor: str = ""
) -> None:
    """End a waiting run at once; ask a running one to stop."""
    if run.state is StudyState.QUEUED:
        _end(session, study, run, StudyState.CANCELLED, now, error=reason, actor=actor)
    else:
        run.cancel_requested = True
        note(session, study, "cancelling", f"asked to stop: {reason}", now, actor=actor)


def _end(
    session: Session,
    study: Study,
    run: Run,
    state: StudyState,
    now: datetime,
    *,
    error: str = "",
    actor: str = "",
) -> None:
    run.state, run.error, run.finished_at = state, error[:2000], now
    if _is_current(run, study):
        study.state, study.error, study.finished_at = state, run.error, now
        study.progress = 1.0 if state is StudyState.DONE else study.progress
        study.elapsed_s = (now - run.started_at).total_seconds() if run.started_at else None
    note(session, study, state.value, error or state.value, now, actor=actor)


def _is_current(run: Run, study: Study) -> bool:
    """Whether the study's row tells of this run: the newest content, and nothing newer arriving."""
    return run.revision == study.revision and study.state is not StudyState.RECEIVING


def _locked_run(session: Session, workflow_id: str) -> tuple[Run, Study]:
    study_id = session.scalar(select(Run.study_fk).where(Run.workflow_id == workflow_id))
    if study_id is None:
        raise RunGoneError(workflow_id)
    study = lock(session, study_id)
    run = session.scalars(select(Run).where(Run.workflow_id == workflow_id)).one()
    session.refresh(run)
    return run, study


def _newest_run(session: Session, study: Study) -> Run | None:
    return session.scalars(
        select(Run)
        .where(Run.study_fk == study.id)
        .order_by(Run.revision.desc(), Run.attempt.desc())
        .limit(1)
    ).first()


def _unfinished_runs(session: Session, study: Study) -> Sequence[Run]:
    return session.scalars(
        select(Run).where(Run.study_fk == study.id, Run.state.not_in(FINAL_STATES))
    ).all()


def _name(session: Session, study: Study, folder_taken: Callable[[str], bool]) -> str:
    def taken(name: str) -> bool:
        owned = session.scalar(select(Study.id).where(Study.case_id == name))
        return owned is not None or folder_taken(name)

    return case_id(
        study.patient_name, study.study_date, study.accession_number, study.key, taken=taken
    )
