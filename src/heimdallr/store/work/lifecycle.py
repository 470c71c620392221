"""The life of a study: the one place where a state changes.

::

    receiving ─▶ queued ─▶ preparing ─▶ segmenting ─▶ analyzing ─▶ publishing ─▶ done
      ▲ │  ▲       │            └───────────┴────────────┴────────────┴─▶ refused | failed
      │ ▼  │       └─▶ cancelled ◀─ (asked of a running one: at its next report)
     held  └── a late instance reopens the study; complete again, it becomes the next revision
   (names several patients)

The database says what is to be worked on; the durable workflow knows how far it got. Every
function here works in the caller's transaction, locks the study's row first, and writes an event.
A worker's side of it is :mod:`heimdallr.store.work.runs`.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from heimdallr.domain.drawn_objects import DRAWN_CLASSES
from heimdallr.domain.errors import StateConflictError
from heimdallr.domain.lacking_images import LackingImages
from heimdallr.preparation.case_id import case_id
from heimdallr.store.fetch_requests import SENT_IN_PART, FetchRequest
from heimdallr.store.models import (
    ACTIVE_STATES,
    STAT,
    Instance,
    Quarantined,
    Run,
    Study,
    StudyState,
)
from heimdallr.store.work.states import (
    CANCELLED,
    FINAL_STATES,
    SUPERSEDED,
    ask_to_stop,
    end,
    lock,
    mirror,
    new_workflow_id,
    newest_run,
    note,
    unfinished_runs,
    was_stopped_for_images,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session


FOUND_AGAIN = "rebuilt"
"""Cause of the run, and kind of the event, of a study that was found again by its case folder."""


class Received(NamedTuple):
    """A received image; its path is below the incoming folder."""

    key: str
    digest: str
    path: str


def images_of(session: Session, study_id: int) -> Sequence[Received]:
    """The content of a study, by key: what is worked on, and what makes a revision.

    What this system wrote itself, and what other tools drew, is none: results that come back are no
    new content, and neither is a person's hand on them.
    """
    rows = session.execute(
        select(Instance.key, Instance.digest, Instance.path)
        .where(
            Instance.study_fk == study_id,
            Instance.own.is_(False),
            Instance.sop_class_uid.not_in(DRAWN_CLASSES),
        )
        .order_by(Instance.key)
    )
    return [Received(*row) for row in rows]


def lacking_of(session: Session, study: Study) -> LackingImages:
    """What is known of images that a study lacks."""
    uid = study.study_instance_uid
    if not uid:
        return LackingImages()
    whole = select(Instance.key).join(Study).where(Study.study_instance_uid == uid)
    damaged = session.execute(
        select(Quarantined.sop_instance_uid, Quarantined.path).where(
            Quarantined.study_instance_uid == uid, Quarantined.sop_instance_uid.not_in(whole)
        )
    )
    unusable = len({instance_uid or path for instance_uid, path in damaged})
    reasons = session.scalars(
        select(FetchRequest.reason).where(
            FetchRequest.study_instance_uid == uid, FetchRequest.reason.is_not(None)
        )
    )
    had = (
        int(reason["parameters"]["count"])
        for reason in reasons
        if isinstance(reason, dict) and reason["code"] == SENT_IN_PART
    )
    here = session.scalar(select(func.count()).select_from(whole.subquery())) or 0
    return LackingImages(unusable, max(0, max(had, default=0) - here - unusable))


def reopen(session: Session, study: Study, now: datetime) -> None:
    """New instances have arrived; the caller has added them and holds the lock."""
    study.last_instance_at = now
    study.changed_at = now
    if study.state is not StudyState.RECEIVING:
        note(session, study, "reopened", "new images arrived for a study that was complete", now)
        if study.state is StudyState.HELD:
            study.error = ""
        study.state = StudyState.RECEIVING


def release(session: Session, study_id: int, seen: int, now: datetime) -> Study:
    """A person has said whom the images of a held study mean; it is to be completed anew.

    Args:
        session: the transaction.
        study_id: the study.
        seen: how many patients the person saw.
        now: the time.

    Raises:
        StateConflictError: it is not held, or its images name other patients by now.
    """
    study = lock(session, study_id)
    if study.state is not StudyState.HELD:
        msg = f"the study is {study.state.value}; nobody has to say whom its images mean"
        raise StateConflictError(msg)
    if study.patients != seen:
        msg = f"the images name {study.patients} patients by now; look at the study again"
        raise StateConflictError(msg)
    study.state, study.error, study.changed_at = StudyState.RECEIVING, "", now
    return study


def stop_work(session: Session, study: Study, now: datetime, reason: str) -> None:
    """Stop what is being done for a study; the caller holds its lock."""
    for run in unfinished_runs(session, study):
        _stop(session, study, run, now, reason)


def complete(
    session: Session,
    study: Study,
    now: datetime,
    *,
    in_place: bool = True,
    folder_taken: Callable[[str], bool] = lambda _: False,
    move_case: Callable[[str, str], None] = lambda _old, _new: None,
    actor: str = "",
) -> Run | None:
    """Declare a study complete; content that is new becomes the next revision.

    So does content that is known, where images that are gone again stopped the work on it, or its
    results were withdrawn. A study whose images name several patients is held instead.

    Args:
        session: the transaction.
        study: its row, locked.
        now: the time.
        in_place: work on it here; otherwise it is to be sent to another server.
        folder_taken: whether a case ID is in use by a folder the database does not know.
        move_case: gives the folders of a case another name; the old and the new case ID.
        actor: who said so; empty when the rule did.

    Returns:
        The queued run; ``None`` where there is nothing to do: identical content, no image, a study
        that is handed over or held.
    """
    images = images_of(session, study.id)
    digest = _digest(images)
    study.completed_at = now
    if not images:
        study.state = StudyState.STORED
        message = "only results and segmentations, no images; not processed"
        note(session, study, "stored", message, now)
        return None
    if study.patients > 1 and in_place:
        _hold(session, study, now)
        return None
    newest = newest_run(session, study)
    is_known = bool(study.revision) and digest == study.digest
    if is_known and not (newest and was_stopped_for_images(newest)):
        if newest is None:
            study.state = StudyState.SENDING  # what was sent already is not sent again
        else:
            mirror(study, newest)
        note(session, study, "unchanged", "complete again with identical content", now, actor=actor)
        return None
    study.revision += 1
    study.digest = digest
    _name_case(session, study, now, folder_taken, move_case)
    objects = session.scalar(
        select(func.count()).select_from(Instance).where(Instance.study_fk == study.id)
    )
    note(session, study, "complete", f"complete with {objects} objects", now, actor=actor)
    if not in_place:
        study.state = StudyState.SENDING
        return None
    stop_work(session, study, now, SUPERSEDED)
    cause = "received" if study.revision == 1 else "late_instances"
    return _queue(session, study, now, cause=cause)


def adopt(  # noqa: PLR0917 - what a folder tells of its work
    session: Session,
    study: Study,
    case_id: str,
    started_at: datetime,
    finished_at: datetime,
    seconds: Mapping[str, float],
    now: datetime,
) -> None:
    """A case folder that the database did not know is this study's: its work is done.

    Args:
        session: the transaction.
        study: its row, locked; it has no revision yet.
        case_id: name of the folder.
        started_at: when the work on it began.
        finished_at: when it was done.
        seconds: stage → wall time.
        now: the time.
    """
    study.case_id, study.revision = case_id, 1
    study.digest = _digest(images_of(session, study.id))
    run = Run(
        study_fk=study.id,
        revision=1,
        attempt=1,
        cause=FOUND_AGAIN,
        fresh=False,
        workflow_id=new_workflow_id(),
        state=StudyState.DONE,
        stage="publish",
        priority=study.priority,
        progress=1.0,
        error="",
        queued_at=started_at,
        started_at=started_at,
        finished_at=finished_at,
        seconds=dict(seconds),
    )
    session.add(run)
    mirror(study, run)
    note(session, study, FOUND_AGAIN, "found again by its case folder", now)


def handed_over(
    session: Session, study: Study, revision: int, now: datetime, *, error: str = ""
) -> None:
    """Another server has taken a revision of a study, or it was given up with ``error``."""
    kind, state = ("sending_failed", StudyState.FAILED) if error else ("sent", StudyState.SENT)
    note(session, study, kind, error or "handed over to another server", now)
    if study.state is StudyState.SENDING and study.revision == revision:
        study.state, study.error, study.finished_at = state, error, now


def cancel(session: Session, study_id: int, now: datetime, actor: str) -> Study:
    """Stop the work on a study: at once when it waits, at its next step when it runs.

    Raises:
        StateConflictError: nobody works on it, and it does not wait.
    """
    study = lock(session, study_id)
    runs = unfinished_runs(session, study)
    if not runs:
        msg = f"the study is {study.state.value}; there is nothing to cancel"
        raise StateConflictError(msg)
    for run in runs:
        _stop(session, study, run, now, CANCELLED, actor=actor)
    return study


def begin_deletion(session: Session, study_id: int, now: datetime, actor: str) -> Study:
    """Let nothing join or use a study any more; what waits is cancelled.

    Raises:
        StateConflictError: a worker holds it, or it does not exist.
    """
    study = lock(session, study_id)
    if study.state is StudyState.DELETING:
        return study
    runs = unfinished_runs(session, study)
    if any(run.state in ACTIVE_STATES for run in runs):
        msg = "a worker holds the study; cancel the work on it first"
        raise StateConflictError(msg)
    for run in runs:
        _stop(session, study, run, now, "the study is deleted", actor=actor)
    study.state = StudyState.DELETING
    note(session, study, "deleting", "is being deleted", now, actor=actor)
    return study


def retry(
    session: Session, study_id: int, now: datetime, actor: str, *, fresh: bool = False
) -> Run | None:
    """Queue the current revision once more, or send it once more where it failed to be sent.

    Args:
        session: the transaction.
        study_id: the study.
        now: the time.
        actor: who asked.
        fresh: do every stage anew (reprocess) instead of going on from the one that failed.

    Returns:
        The queued run; ``None`` where the study is to be sent to another server.

    Raises:
        StateConflictError: it is being worked on, waits already, or was never complete.
    """
    study = lock(session, study_id)
    if unfinished_runs(session, study) or study.state not in FINAL_STATES:
        msg = f"the study is {study.state.value}; it can be processed again when that is over"
        raise StateConflictError(msg)
    cause = "reprocess" if fresh else "retry"
    note(session, study, cause, f"asked for: {cause}", now, actor=actor)
    if study.state is StudyState.FAILED and newest_run(session, study) is None:
        study.state, study.error = StudyState.SENDING, ""
        return None
    return _queue(session, study, now, cause=cause, fresh=fresh)


def set_priority(
    session: Session, study_id: int, priority: int, now: datetime, actor: str
) -> Study:
    """Change how urgent a study is; its waiting run moves too."""
    study = lock(session, study_id)
    study.priority = priority
    for run in unfinished_runs(session, study):
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
        workflow_id=new_workflow_id(),
        state=StudyState.QUEUED,
        priority=study.priority,
        queued_at=now,
    )
    session.add(run)
    session.flush()
    study.changed_at = now
    mirror(study, run)
    return run


def _hold(session: Session, study: Study, now: datetime) -> None:
    stop_work(session, study, now, SUPERSEDED)
    what = f"the images name {study.patients} different patients"
    study.state = StudyState.HELD
    study.error = f"{what} — say whether to keep them apart or to take them as one"
    note(session, study, "held", f"{what}; waits until a person says which is meant", now)


def _stop(
    session: Session, study: Study, run: Run, now: datetime, reason: str, *, actor: str = ""
) -> None:
    """End a waiting run at once; ask a running one to stop."""
    if run.state is StudyState.QUEUED:
        end(session, study, run, StudyState.CANCELLED, now, error=reason, actor=actor)
    else:
        ask_to_stop(run, reason)
        note(session, study, "cancelling", f"asked to stop: {reason}", now, actor=actor)


def _digest(images: Sequence[Received]) -> str:
    lines = "\n".join(f"{one.key} {one.digest}" for one in images)
    return hashlib.sha256(lines.encode()).hexdigest()


def _name_case(
    session: Session,
    study: Study,
    now: datetime,
    folder_taken: Callable[[str], bool],
    move_case: Callable[[str, str], None],
) -> None:
    """Name the case after the study; anew where the study's facts have changed."""
    former = study.case_id
    if former is not None and _is_named_after(study, former):
        return
    study.case_id = _name(session, study, folder_taken)
    if former is not None:
        move_case(former, study.case_id)
        message = "the case has another name now, as patient, date or accession number have"
        changes = [("case_id", former, study.case_id)]
        note(session, study, "renamed", message, now, changes=changes)


def _is_named_after(study: Study, name: str) -> bool:
    """Whether a case ID is what the study's facts give, but for a suffix."""
    wanted = case_id(study.patient_name, study.study_date, study.accession_number, study.key)
    return re.fullmatch(rf"{re.escape(wanted)}(_\d+)?", name) is not None


def _name(session: Session, study: Study, folder_taken: Callable[[str], bool]) -> str:
    def taken(name: str) -> bool:
        owned = session.scalar(select(Study.id).where(Study.case_id == name))
        return owned is not None or folder_taken(name)

    return case_id(
        study.patient_name, study.study_date, study.accession_number, study.key, taken=taken
    )
