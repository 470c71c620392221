"""Deleting a study: its rows and its files, and nothing of anybody else's.

First the study is marked (state ``deleting``): from then on nothing joins or uses it. Then all
its files get names nobody reads, under the lock of its row: as long as it is marked they are
old, whereas a moment after its rows are gone the same images may come again and take the same
places. Then the files go, last the rows. Whatever kills the process in between, the mark
remains, and :func:`finish_deletions` goes on from there; several may do so at once. While the disk
of the files is away they are missing, not gone: the study stays marked, for it would come back with
its disk, and nobody could delete it any more.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import delete, select

from heimdallr.domain.errors import StateConflictError, StorageError
from heimdallr.domain.statements import Statement
from heimdallr.publishing.ownership import is_anothers
from heimdallr.store.models import Patient, RemovedStudy, Study, StudyState
from heimdallr.store.patient_classes import forget_order
from heimdallr.store.patients import forget_patient
from heimdallr.store.unclaimed import forget_told
from heimdallr.store.upkeep.integrity import BEGUN_ANEW, is_missing
from heimdallr.store.upkeep.removal import clear_aside, made_to_send, matching, set_aside
from heimdallr.store.upkeep.retention_plan import Part
from heimdallr.store.work import owed
from heimdallr.store.work.lifecycle import begin_deletion
from heimdallr.store.work.states import lock, note

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

_log = structlog.get_logger()


def delete_study(
    database: Database, folders: DataFolders, study_id: int, now: datetime, actor: str
) -> None:
    """Delete a study with everything received, made and known of it.

    Raises:
        StateConflictError: a worker holds it, or it does not exist.
        StorageError: some of its files cannot be removed, or their disk is away; it stays marked
            and is tried again.
    """
    with database.write() as session:
        begin_deletion(session, study_id, now, actor)
        called_off = owed.call_off_study(session, study_id, Statement("delivery_deleted"), now)
        if called_off:
            message = f"{called_off} objects of study {study_id} that were to be sent are not"
            note(session, None, "deleting", message, now, actor=actor)
    _finish(database, folders, study_id, now, actor)


def finish_deletions(database: Database, folders: DataFolders, now: datetime) -> int:
    """Go on with deletions that a killed process, or an unwritable folder, left undone.

    Returns:
        How many studies are gone now; one that still cannot be removed is left for the next time.
    """
    with database.read() as session:
        marked = session.scalars(
            select(Study.id).where(Study.state == StudyState.DELETING).order_by(Study.id)
        ).all()
    return sum(_finished(database, folders, study_id, now) for study_id in marked)


def _finished(database: Database, folders: DataFolders, study_id: int, now: datetime) -> bool:
    """Whether a study is gone now; where it cannot be removed, the log says why."""
    try:
        _finish(database, folders, study_id, now, "")
    except StorageError as error:
        _log.error("not_deleted", reason=str(error), study_id=study_id)
        return False
    return True


def _finish(
    database: Database, folders: DataFolders, study_id: int, now: datetime, actor: str
) -> None:
    owner = f"study-{study_id}"
    with database.read() as session:
        study = session.get(Study, study_id)
    if study is None or study.state is not StudyState.DELETING:
        return
    if is_missing(database, folders, study):
        raise _not_here()
    found = list(_paths(folders, study))  # large folders take a while: nobody waits for a lock
    with database.write() as session:
        marked = _marked(session, study_id)
        if marked is None:
            return
        for root, path in found:
            set_aside(path, root, owner)
        marked.kept = {part.value: False for part in Part}
    clear_aside(_roots(folders), owner)
    with database.write() as session:
        study = _marked(session, study_id)
        if study is not None:
            _forget(session, study, now, actor)


def _not_here() -> StorageError:
    return StorageError(
        "nothing is there of the files that are to be deleted; is their disk away?",
        remedy="mount it; the study stays marked and is tried again every hour. Where the files "
        f"are lost, make a file {BEGUN_ANEW} in output/",
    )


def _marked(session: Session, study_id: int) -> Study | None:
    """The study's row, locked, unless somebody else has finished; its number never comes again."""
    try:
        study = lock(session, study_id)
    except StateConflictError:
        return None
    return study if study.state is StudyState.DELETING else None


def _forget(session: Session, study: Study, now: datetime, actor: str) -> None:
    """Delete the rows; those that hang on the study go with it."""
    study_id, patient_id = study.id, study.patient_fk
    number, accession_number = study.patient_id, study.accession_number
    session.add(RemovedStudy(study_id=study_id, removed_at=now))
    session.flush()  # its number follows the study's own last one, which is gone in a moment
    session.execute(delete(Study).where(Study.id == study_id))
    if patient_id is not None:
        forget_patient(session, patient_id)
    forget_told(session, number, Patient.patient_id)
    forget_order(session, number, accession_number, Study.accession_number)
    note(session, None, "deleted", f"study {study_id} was deleted", now, actor=actor)


def _roots(folders: DataFolders) -> tuple[Path, ...]:
    """The folders of the data folder in which a study may have files."""
    return (
        folders.incoming, folders.sent, folders.failed, folders.input, folders.output,
        folders.outbox,
    )  # fmt: skip


def _paths(folders: DataFolders, study: Study) -> Iterator[tuple[Path, Path]]:
    """Everything on the disk that is this study's and nobody else's, each after its root."""
    yield folders.incoming, folders.study(study.key)
    handed_over = re.compile(rf"study-{study.id}-r\d+\.zip")
    for root, folder in (
        (folders.sent, folders.sent),
        (folders.sent, folders.sent / ".sending"),
        (folders.failed, folders.failed),
    ):
        yield from matching(root, folder, handed_over)
    yield from made_to_send(folders, study.id)
    if study.case_id is None:
        return
    case = re.escape(study.case_id)
    for folder in (folders.input, folders.failed):
        revision = re.compile(rf"\.?{case}\.r\d+(\.partial-\w+)?")
        yield from matching(folder, folder, revision)
    if not is_anothers(folders.output / study.case_id, study.study_instance_uid):
        yield folders.output, folders.output / study.case_id
        unfinished = re.compile(rf"\.{case}\.(partial|replaced)-\w+")
        yield from matching(folders.output, folders.output, unfinished)
