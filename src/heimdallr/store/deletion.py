"""Deleting a study: its rows and its files, and nothing of anybody else's.

First the study is marked (state ``deleting``): from then on nothing joins or uses it. Then its
files go, last its rows. Whatever kills the process in between, the mark remains, and
:func:`finish_deletions` goes on from there.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select

from heimdallr.domain.errors import StateConflictError, StorageError
from heimdallr.publishing.schema import Identity
from heimdallr.store.lifecycle import begin_deletion, lock, note
from heimdallr.store.models import Patient, RemovedStudy, Study, StudyState
from heimdallr.store.removal import remove

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders


def delete_study(
    database: Database, folders: DataFolders, study_id: int, now: datetime, actor: str
) -> None:
    """Delete a study with everything received, made and known of it.

    Raises:
        StateConflictError: a worker holds it, or it does not exist.
        StorageError: some of its files cannot be removed; it stays marked and is tried again.
    """
    with database.write() as session:
        begin_deletion(session, study_id, now, actor)
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
    done = 0
    for study_id in marked:
        with suppress(StorageError):
            _finish(database, folders, study_id, now, "")
            done += 1
    return done


def _finish(
    database: Database, folders: DataFolders, study_id: int, now: datetime, actor: str
) -> None:
    with database.read() as session:
        study = session.get(Study, study_id)
        paths = [] if study is None else list(_paths(folders, study))
    for path in paths:
        remove(path)
    with database.write() as session, suppress(StateConflictError):
        _forget(session, lock(session, study_id), now, actor)


def _forget(session: Session, study: Study, now: datetime, actor: str) -> None:
    """Delete the rows; those that hang on the study go with it."""
    study_id, patient_id = study.id, study.patient_fk
    session.add(RemovedStudy(study_id=study_id, removed_at=now))
    session.flush()  # its number follows the study's own last one, which is gone in a moment
    session.execute(delete(Study).where(Study.id == study_id))
    if patient_id is not None:
        # Locked first: whoever is adding a study to this patient has then committed it, or waits.
        session.get(Patient, patient_id, with_for_update=True)
        others = exists().where(Study.patient_fk == patient_id)
        session.execute(delete(Patient).where(Patient.id == patient_id, ~others))
    note(session, None, "deleted", f"study {study_id} was deleted", now, actor=actor)


def _paths(folders: DataFolders, study: Study) -> Iterator[Path]:
    """Everything on the disk that is this study's and nobody else's."""
    yield folders.study(study.key)
    handed_over = re.compile(rf"study-{study.id}-r\d+\.zip")
    for folder in (folders.sent, folders.sent / ".sending", folders.failed):
        yield from _matching(folder, handed_over)
    if study.case_id is None:
        return
    case = re.escape(study.case_id)
    for folder in (folders.input, folders.failed):
        yield from _matching(folder, re.compile(rf"\.?{case}\.r\d+(\.partial-\w+)?"))
    if not _is_anothers(folders.output / study.case_id, study):
        yield folders.output / study.case_id
        yield from _matching(folders.output, re.compile(rf"\.{case}\.(partial|replaced)-\w+"))


def _matching(folder: Path, pattern: re.Pattern[str]) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from (path for path in folder.iterdir() if pattern.fullmatch(path.name))


def _is_anothers(folder: Path, study: Study) -> bool:
    """Whether a case folder says that it belongs to a study of another UID."""
    try:
        identity = Identity.model_validate_json((folder / "id.json").read_bytes())
    except (OSError, ValueError):
        return False
    owner = identity.study_instance_uid
    return bool(owner and study.study_instance_uid and owner != study.study_instance_uid)
