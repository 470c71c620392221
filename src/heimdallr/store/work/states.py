"""The few statements that write states of studies and runs.

The ground of :mod:`heimdallr.store.work.lifecycle` and :mod:`heimdallr.store.work.runs`.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from heimdallr.domain.errors import StateConflictError
from heimdallr.store.delivery_tables import When
from heimdallr.store.models import ACTIVE_STATES, Event, Run, Study, StudyState
from heimdallr.store.work import owed

if TYPE_CHECKING:
    from collections.abc import Sequence
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
NOT_WHOLE = (StudyState.RECEIVING, StudyState.HELD, StudyState.DELETING)
"""A study in one of these has its own story to tell, and is not to be begun."""
_NEWS = {
    StudyState.DONE: When.RESULTS,
    StudyState.FAILED: When.FAILED,
    StudyState.REFUSED: When.FAILED,
}
"""What other systems may want to hear of."""
CANCELLED = "cancelled"
SUPERSEDED = "superseded by newer images"
OTHER_PATIENT = "the images name another patient now"
_AND = "; "
"""Between the reasons of a run that was asked to stop for several."""


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
    changes: Sequence[Sequence[str | None]] = (),
) -> None:
    """Write an event; ``message`` holds no patient data, ``changes`` may (:class:`Event`)."""
    session.add(
        Event(
            at=now,
            study_fk=study.id if study else None,
            kind=kind,
            message=message[:2000],
            actor=actor,
            changes=[list(one) for one in changes],
        )
    )
    if study:
        study.changed_at = now


def end(
    session: Session,
    study: Study,
    run: Run,
    state: StudyState,
    now: datetime,
    *,
    error: str = "",
    actor: str = "",
) -> None:
    """End a run; the caller holds the study's lock."""
    run.state, run.error, run.finished_at = state, error, now
    if state is StudyState.DONE:
        run.progress = 1.0
    if is_current(run, study):
        mirror(study, run)
        if state is StudyState.DONE:
            study.turnaround_s = max((now - study.last_instance_at).total_seconds(), 0.0)
        if state in _NEWS:
            owed.tell(session, study.id, _NEWS[state], now, run=run.workflow_id)
    note(session, study, state.value, error or state.value, now, actor=actor)


def ask_to_stop(run: Run, reason: str) -> None:
    """Ask a run that is worked on to stop; why it was asked before stays known."""
    before = run.error.split(_AND) if run.cancel_requested else []
    run.cancel_requested, run.error = True, _AND.join(dict.fromkeys((*before, reason)))


def is_asked(run: Run, reason: str) -> bool:
    """Whether a run was asked to stop for a reason, be it among others."""
    return run.cancel_requested and reason in run.error.split(_AND)


def was_stopped_for_images(run: Run) -> bool:
    """Whether images that came stopped a run, or are about to, and no person wanted it stopped.

    When they are gone again, nobody has said that the study is not to be measured.
    """
    is_stopping = run.cancel_requested and run.state not in FINAL_STATES
    reasons = set(run.error.split(_AND))
    return (
        (is_stopping or run.state is StudyState.CANCELLED)
        and bool(reasons & {SUPERSEDED, OTHER_PATIENT})
        and CANCELLED not in reasons
    )


def mirror(study: Study, run: Run) -> None:
    """Let the study's row tell of a run: wholly, so that nothing of an older one remains."""
    study.state, study.error, study.progress = run.state, run.error, run.progress
    study.started_at, study.finished_at = run.started_at, run.finished_at
    study.elapsed_s = None
    if run.started_at and run.finished_at:
        study.elapsed_s = max((run.finished_at - run.started_at).total_seconds(), 0.0)


def is_current(run: Run, study: Study) -> bool:
    """Whether the study's row tells of this run: the newest content, and nothing newer arriving."""
    return run.revision == study.revision and study.state not in NOT_WHOLE


def newest_run(session: Session, study: Study) -> Run | None:
    """The newest attempt at the study's newest revision, if there was one."""
    return session.scalars(
        select(Run)
        .where(Run.study_fk == study.id, Run.revision == study.revision)
        .order_by(Run.attempt.desc())
        .limit(1)
    ).first()


def unfinished_runs(session: Session, study: Study) -> Sequence[Run]:
    """Runs of any revision that wait or are worked on."""
    return session.scalars(
        select(Run).where(Run.study_fk == study.id, Run.state.not_in(FINAL_STATES))
    ).all()


def is_worked_on(session: Session, study_id: int) -> bool:
    """Whether a worker, or the exchange, may be publishing results of a study.

    Asked under the study's lock before its case folder is changed. The study's own state does not
    tell: it is ``receiving`` when an image came late, whatever is being done with the older ones.
    """
    held = exists().where(Run.study_fk == study_id, Run.state.in_(ACTIVE_STATES))
    return session.scalar(select(held)) is True


def new_workflow_id() -> str:
    """A name for a durable workflow that says nothing."""
    return f"run-{secrets.token_hex(8)}"
