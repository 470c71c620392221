"""A worker's side of a run's life: taking it up, going through its stages, ending it.

A worker that takes up a run signs it with a name never used before (``runs.executor``). Whatever
it reports later holds only as long as that signature stands: a worker that was taken for dead and
comes back finds another name and walks away.

Every function works in the caller's transaction and locks the study's row first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from heimdallr.store.models import ACTIVE_STATES, Run, Study, StudyState
from heimdallr.store.stored_folders import Stored, StoredFolderRow
from heimdallr.store.work.states import (
    CANCELLED,
    FINAL_STATES,
    NOT_WHOLE,
    OTHER_PATIENT,
    STAGES,
    end,
    is_asked,
    is_current,
    mirror,
    new_workflow_id,
    note,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

RECENT_RUNS = 1000
"""How far back the past is asked how long work takes."""


class RunOverError(Exception):
    """Nothing is left to be done for a run: it is over, or its study was deleted."""


class RunLostError(RunOverError):
    """Another worker has taken the run up; this one's work on it counts no more."""


class CancelAskedError(Exception):
    """The run is to be stopped; its worker ends it."""


def startable(session: Session, limit: int, *, stored_only: bool = False) -> Sequence[Run]:
    """Queued runs whose study is whole and worked on by nobody, the most urgent first.

    Args:
        session: the transaction.
        limit: how many at most.
        stored_only: only those whose images are in the object store, and whose results are not.
    """
    other = aliased(Run)
    busy = exists().where(other.study_fk == Run.study_fk, other.state.in_(ACTIVE_STATES))
    query = (
        select(Run)
        .join(Study, Study.id == Run.study_fk)
        .where(Run.state == StudyState.QUEUED, ~busy, Study.state.not_in(NOT_WHOLE))
    )
    if stored_only:
        query = query.where(_has_originals(), ~_is_handed_in())
    return session.scalars(query.order_by(Run.priority, Run.queued_at, Run.id).limit(limit)).all()


def awaiting_exchange(session: Session) -> Sequence[Run]:
    """Unfinished runs whose images are not in the object store, or whose results are."""
    to_put = and_(Run.state == StudyState.QUEUED, ~_has_originals())
    to_land = and_(Run.state.not_in(FINAL_STATES), _is_handed_in())
    return session.scalars(select(Run).where(or_(to_put, to_land))).all()


def queue_position(session: Session, study_id: int) -> int | None:
    """Which of the queued runs is the study's, counted from 1; ``None`` where none of it waits."""
    own = session.scalars(
        select(Run)
        .where(Run.study_fk == study_id, Run.state == StudyState.QUEUED)
        .order_by(Run.id.desc())
        .limit(1)
    ).one_or_none()
    if own is None:
        return None
    place = tuple_(Run.priority, Run.queued_at, Run.id)
    return session.scalar(
        select(func.count()).where(
            Run.state == StudyState.QUEUED, place <= (own.priority, own.queued_at, own.id)
        )
    )


def take_up(
    session: Session, workflow_id: str, executor: str, now: datetime, *, max_recoveries: int
) -> Run:
    """A worker begins a run, or goes on with one whose worker was lost.

    Args:
        session: the transaction.
        workflow_id: the run.
        executor: the signature of this worker's work on it; never used before.
        now: the time.
        max_recoveries: how many workers may be lost in one stage before the run is given up.

    Returns:
        The run, signed; its state is final when it was cancelled or is given up now.

    Raises:
        RunOverError: there is nothing to be done.
    """
    run, study = _unfinished_run(session, workflow_id)
    if run.cancel_requested and is_handed_in(session, workflow_id):
        raise RunOverError(workflow_id)
    if _has_worker(run):
        run.lost_workers += 1
        lost = f"the worker was lost in stage {run.stage}"
        note(session, study, "recovered", f"{lost}; another one goes on", now)
    run.executor = executor
    if run.cancel_requested:
        end(session, study, run, StudyState.CANCELLED, now, error=run.error or CANCELLED)
    elif run.lost_workers >= max_recoveries:
        reason = f"given up: {run.lost_workers} workers were lost in stage {run.stage}"
        remedy = "look at the workers' logs and memory, then retry"
        end(session, study, run, StudyState.FAILED, now, error=f"{reason} — {remedy}")
    else:
        _enter(study, run, run.stage or next(iter(STAGES)), now)
    return run


def losses(session: Session, workflow_id: str) -> int:
    """How many workers the run has lost in its stage, the one that has it now included."""
    run = session.scalars(select(Run).where(Run.workflow_id == workflow_id)).one_or_none()
    if run is None:
        return 0
    return run.lost_workers + int(_has_worker(run))


def enter_stage(
    session: Session, workflow_id: str, stage: str, executor: str, now: datetime
) -> Run:
    """A worker begins (or begins again) a stage of a run it has taken up.

    Raises:
        RunOverError: the run is over, gone, or another worker's.
        CancelAskedError: it is to be stopped.
    """
    run, study = _held_run(session, workflow_id, executor)
    _enter(study, run, stage, now)
    return run


def leave_stage(
    session: Session, workflow_id: str, executor: str, seconds: Mapping[str, float]
) -> None:
    """A stage is whole; workers lost in it count no more.

    Args:
        session: the transaction.
        workflow_id: the run.
        executor: who has taken it up.
        seconds: wall time of every stage that is whole.

    Raises:
        RunOverError: the run is over, gone, or another worker's.
        CancelAskedError: it is to be stopped.
    """
    run, _ = _held_run(session, workflow_id, executor)
    run.seconds = dict(seconds)
    run.lost_workers = 0


def report_progress(
    session: Session, workflow_id: str, executor: str, share: float, now: datetime
) -> Run:
    """Record how much of a run is done, 0 to 1.

    Raises:
        RunOverError: the run is over, gone, or another worker's.
        CancelAskedError: it is to be stopped.
    """
    run, study = _held_run(session, workflow_id, executor)
    run.progress = share
    if is_current(run, study):
        study.progress = share
        study.changed_at = now
    return run


def wait_for_disk(
    session: Session,
    workflow_id: str,
    executor: str,
    reason: str,
    now: datetime,
    *,
    is_new: bool,
) -> None:
    """A worker cannot go on with a run for now, through no fault of the run's; it says why.

    Args:
        session: the transaction.
        workflow_id: the run.
        executor: who has taken it up.
        reason: what is in the way; entering a stage takes it back.
        now: the time.
        is_new: it has not been told yet; the tries in between are no events.

    Raises:
        RunOverError: the run is over, gone, or another worker's.
        CancelAskedError: it is to be stopped.
    """
    run, study = _held_run(session, workflow_id, executor)
    _say_why(study, run, reason)
    if is_new:
        note(session, study, "waiting", reason, now)


def wait_for_store(session: Session, workflow_id: str, reason: str, now: datetime) -> None:
    """What a run needs of the object store, or has put there, cannot be moved for now.

    Args:
        session: the transaction.
        workflow_id: the run; nothing is said of one that is over.
        reason: what is in the way; empty: nothing any more.
        now: the time.
    """
    try:
        run, study = _unfinished_run(session, workflow_id)
    except RunOverError:
        return
    if run.error == reason or run.cancel_requested:
        return
    _say_why(study, run, reason)
    if reason:
        note(session, study, "waiting", reason, now)


def hand_in(
    session: Session, workflow_id: str, executor: str, seconds: Mapping[str, float], log: str
) -> None:
    """A worker has put the results of a run where they are fetched from; it is not over yet.

    Args:
        session: the transaction.
        workflow_id: the run.
        executor: who has taken it up.
        seconds: wall time of every stage.
        log: what happened; no patient data.

    Raises:
        RunOverError: the run is over, gone, or another worker's.
        CancelAskedError: it is to be stopped.
    """
    run, _ = _held_run(session, workflow_id, executor)
    run.seconds, run.log, run.lost_workers = dict(seconds), log, 0


def is_handed_in(session: Session, workflow_id: str) -> bool:
    """Whether the results of a run are in the object store: only the exchange ends it then."""
    return (
        session.scalar(select(Run.id).where(Run.workflow_id == workflow_id, _is_handed_in()))
        is not None
    )


def land(session: Session, workflow_id: str, case_id: str, now: datetime) -> None:
    """The exchange begins to bring results to their place; nobody else changes the case now.

    Raises:
        RunOverError: the run is over or gone, or its case has another name.
    """
    run, study = _unfinished_run(session, workflow_id)
    if study.case_id != case_id:
        raise RunOverError(workflow_id)
    if run.state is StudyState.QUEUED:
        _enter(study, run, "publish", now)


def last_word(session: Session, workflow_id: str, case_id: str) -> None:
    """In the last instant before results that were handed in take their place.

    Raises:
        RunOverError: the run is over or gone, or its case has another name.
        CancelAskedError: it is to be stopped.
    """
    run, study = _unfinished_run(session, workflow_id)
    if run.cancel_requested:
        raise CancelAskedError(workflow_id)
    if study.case_id != case_id:
        raise RunOverError(workflow_id)


def hand_back(
    session: Session, workflow_id: str, executor: str, now: datetime, reason: str
) -> None:
    """A worker gives back what it has not ended; the run waits for whoever goes on with it.

    One whose results are handed in is the exchange's from then on, and goes on publishing.

    Args:
        session: the transaction.
        workflow_id: the run.
        executor: who has taken it up.
        now: the time.
        reason: why, for the event.

    Raises:
        RunOverError: the run is over, gone, or another worker's.
    """
    run, study = _signed_run(session, workflow_id, executor)
    if is_handed_in(session, workflow_id):
        run.executor = ""
        return
    _wait_again(session, study, run, now, reason)


def set_right(
    session: Session, workflow_id: str, now: datetime, reason: str, *, anew: bool = False
) -> bool:
    """Let a run wait again that its durable workflow does not know, or thinks is over.

    Args:
        session: the transaction.
        workflow_id: the run.
        now: the time.
        reason: what was found, for the event.
        anew: give it a new workflow; the old one cannot run again.

    Returns:
        False when it is over by now, and nothing is wrong with it.
    """
    try:
        run, study = _unfinished_run(session, workflow_id)
    except RunOverError:
        return False
    if anew:
        run.workflow_id = new_workflow_id()
    _wait_again(session, study, run, now, reason)
    return True


def fail_if_unfinished(session: Session, workflow_id: str, now: datetime, reason: str) -> bool:
    """End a run whose durable workflow broke off; False when it is over by now."""
    try:
        run, study = _unfinished_run(session, workflow_id)
    except RunOverError:
        return False
    end(session, study, run, StudyState.FAILED, now, error=reason)
    return True


def end_run(
    session: Session,
    workflow_id: str,
    state: StudyState,
    now: datetime,
    *,
    executor: str | None = None,
    seconds: Mapping[str, float] | None = None,
    error: str = "",
    log: str = "",
) -> Run | None:
    """A run is over: done, refused, failed or cancelled; a second call changes nothing.

    Args:
        session: the transaction.
        workflow_id: the run.
        state: how it ended.
        now: the time.
        executor: who has taken it up; ``None``: whoever it was.
        seconds: wall time of every stage that is whole.
        error: what happened and what to do; no patient data.
        log: what happened; no patient data.

    Returns:
        The run; ``None`` when somebody had ended it before. What else is known of the study may be
        newer then, and is to be left alone.

    Raises:
        RunOverError: its study was deleted.
        RunLostError: it is another worker's, who has not ended it yet.
    """
    run, study = _locked_run(session, workflow_id)
    if run.state in FINAL_STATES:
        return None
    if executor is not None and run.executor != executor:
        raise RunLostError(workflow_id)
    run.seconds = dict(seconds or run.seconds)
    run.log = log or run.log
    if state is StudyState.CANCELLED:
        error = run.error or error or CANCELLED
    end(session, study, run, state, now, error=error)
    return run


def is_withdrawn(session: Session, workflow_id: str, case_id: str) -> bool:
    """Whether what a run has published is not to be: its study is another patient's by now.

    It was asked to stop for that reason in its last instant, or its case has another name.

    Args:
        session: the transaction.
        workflow_id: the run.
        case_id: of the folder it published.

    Raises:
        RunOverError: its study was deleted.
    """
    run, study = _locked_run(session, workflow_id)
    stopped = is_asked(run, OTHER_PATIENT)
    return run.state not in FINAL_STATES and (stopped or study.case_id != case_id)


def active_runs(session: Session, executors: Iterable[str] = ()) -> Sequence[Run]:
    """Runs that a worker has taken up; with names, those signed by one of them."""
    names = tuple(executors)
    query = select(Run).where(Run.state.in_(ACTIVE_STATES))
    return session.scalars(query.where(Run.executor.in_(names)) if names else query).all()


def past_seconds(
    session: Session, modality: str | None = None, limit: int = 50
) -> Sequence[Mapping[str, float]]:
    """Wall time by stage of the newest runs that ended well; of one modality, or of any.

    Looked for among the last ``RECENT_RUNS`` that ended at all, however many there are.
    """
    ended = select(Run.seconds, Run.state, Run.study_fk, Run.finished_at)
    ended = ended.where(Run.finished_at.is_not(None)).order_by(Run.finished_at.desc())
    recent = ended.limit(RECENT_RUNS).subquery()
    query = select(recent.c.seconds).where(recent.c.state == StudyState.DONE)
    if modality is not None:
        query = query.join(Study, Study.id == recent.c.study_fk).where(Study.modality == modality)
    found = session.scalars(query.order_by(recent.c.finished_at.desc()).limit(limit))
    return [one for one in found if isinstance(one, dict)]


def _has_originals() -> ColumnElement[bool]:
    """The images of a run's study are in the object store."""
    return exists().where(
        StoredFolderRow.study_id == Run.study_fk,
        StoredFolderRow.kind == Stored.ORIGINALS,
        StoredFolderRow.manifest != "",
    )


def _is_handed_in() -> ColumnElement[bool]:
    """The results of a run are in the object store."""
    return exists().where(
        StoredFolderRow.workflow_id == Run.workflow_id, StoredFolderRow.manifest != ""
    )


def _say_why(study: Study, run: Run, reason: str) -> None:
    """Why a run does not go on, for its study to show; empty: it does."""
    run.error = reason
    if is_current(run, study):
        mirror(study, run)


def _enter(study: Study, run: Run, stage: str, now: datetime) -> None:
    run.state, run.stage, run.error = STAGES[stage], stage, ""
    run.started_at = run.started_at or now
    if is_current(run, study):
        mirror(study, run)
    study.changed_at = now


def _wait_again(session: Session, study: Study, run: Run, now: datetime, reason: str) -> None:
    if run.cancel_requested:
        end(session, study, run, StudyState.CANCELLED, now, error=run.error or CANCELLED)
        return
    run.state, run.executor = StudyState.QUEUED, ""
    if is_current(run, study):
        mirror(study, run)
    note(session, study, "waiting", reason, now)


def _held_run(session: Session, workflow_id: str, executor: str) -> tuple[Run, Study]:
    """The run and its study, locked, if it is this worker's and to be gone on with."""
    run, study = _signed_run(session, workflow_id, executor)
    if run.cancel_requested and not is_handed_in(session, workflow_id):
        raise CancelAskedError(workflow_id)
    return run, study


def _has_worker(run: Run) -> bool:
    """Whether a worker has taken it up and not given it back."""
    return run.state in ACTIVE_STATES and bool(run.executor)


def _signed_run(session: Session, workflow_id: str, executor: str) -> tuple[Run, Study]:
    run, study = _unfinished_run(session, workflow_id)
    if run.executor != executor:
        raise RunLostError(workflow_id)
    return run, study


def _unfinished_run(session: Session, workflow_id: str) -> tuple[Run, Study]:
    run, study = _locked_run(session, workflow_id)
    if run.state in FINAL_STATES:
        raise RunOverError(workflow_id)
    return run, study


def _locked_run(session: Session, workflow_id: str) -> tuple[Run, Study]:
    study_id = session.scalar(select(Run.study_fk).where(Run.workflow_id == workflow_id))
    if study_id is None:
        raise RunOverError(workflow_id)
    study = session.get(Study, study_id, with_for_update=True, populate_existing=True)
    if study is None or study.state is StudyState.DELETING:
        raise RunOverError(workflow_id)
    run = session.scalars(
        select(Run).where(Run.workflow_id == workflow_id).execution_options(populate_existing=True)
    ).one_or_none()
    if run is None:
        raise RunOverError(workflow_id)
    return run, study
