"""The word of whoever verified results, kept in the case folder beside them.

The database has it first, marked as pending; then the folder follows, under the study's lock, and
the mark goes. A process that is killed in between leaves the mark, and the next start goes on.

The folder is read when the database is made anew, and only then. Of a study that the database does
not know, its word counts as its numbers do: whoever can write the one can write the other. Nothing
is sent because of it; what is sent later says that the results are verified. Of a study that the
database knows without a verification, the word is put on record and does not count: what waits for
a person goes on waiting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from heimdallr.domain.errors import StateConflictError
from heimdallr.domain.verification import Verified
from heimdallr.publishing.verification_file import (
    VerificationRecord,
    read_verification,
    write_verification,
)
from heimdallr.store.models import Study, StudyState
from heimdallr.store.study_verifications import StudyVerificationRow
from heimdallr.store.work.states import lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

_log = structlog.get_logger()


def keep_in_folder(session: Session, study: Study, case: Path) -> None:
    """Let a case folder say what the rows say; where it cannot be written, at another time.

    Args:
        session: the transaction; the caller holds the study's lock.
        study: its row.
        case: its folder; where it is gone with its results there is nothing to be said. Where the
            results are not, its disk may not be mounted.
    """
    row = session.get(StudyVerificationRow, study.id)
    try:
        if case.is_dir():
            write_verification(case, _said(row))
        elif study.has_results:
            if row is not None:
                row.pending = True
            return
    except OSError as error:
        _log.error("verification_not_kept", study_id=study.id, reason=error.strerror)
        if row is not None:
            row.pending = True
        return
    if row is not None:
        row.pending = False
        if row.taken_back:
            session.delete(row)


def follow(database: Database, folders: DataFolders, study_id: int) -> None:
    """The same in a transaction of its own."""
    try:
        with database.write() as session:
            study = lock(session, study_id)
            if study.case_id is not None and study.state is not StudyState.DELETING:
                keep_in_folder(session, study, folders.output / study.case_id)
    except StateConflictError:
        pass  # deleted meanwhile


def follow_pending(
    database: Database, folders: DataFolders, *, go_on: Callable[[], bool] = lambda: True
) -> None:
    """Go on with what a killed process, or a version that kept nothing in folders, left pending.

    Args:
        database: where the studies are.
        folders: the data folder.
        go_on: asked after each; where it says no, the rest waits for another time.
    """
    with database.read() as session:
        pending = session.scalars(
            select(StudyVerificationRow.study_fk).where(StudyVerificationRow.pending)
        ).all()
    for study_id in pending:
        follow(database, folders, study_id)
        if not go_on():
            break


def bring_in(
    session: Session, study: Study, case: Path, created_at: datetime, *, is_known: bool
) -> None:
    """Make the row of a verification that only a case folder knows of; see the module.

    Called before the results are indexed, which would take those of a corrected study for unseen.

    Args:
        session: the transaction; the caller holds the study's lock.
        study: its row.
        case: its folder; a damaged file in it is nobody's word.
        created_at: of the results in the folder.
        is_known: the database knows the study's results.
    """
    try:
        record = read_verification(case)
    except (OSError, ValueError):
        record = None
    row = session.get(StudyVerificationRow, study.id)
    if row is not None:
        row.pending = row.pending or _said(row) != record
        return
    if record is None:
        return
    row = StudyVerificationRow(study_fk=study.id, pending=False)
    row.verified_by, row.verified_at, row.comment = record.by, record.at, record.comment
    row.results_created_at = record.results_created_at
    session.add(row)
    if is_known or record.results_created_at != created_at:
        study.verified = Verified.OUTDATED
    else:
        study.verified, study.results_created_at = Verified.YES, created_at


def _said(row: StudyVerificationRow | None) -> VerificationRecord | None:
    if row is None or row.taken_back:
        return None
    return VerificationRecord(
        by=row.verified_by,
        at=row.verified_at,
        comment=row.comment,
        results_created_at=row.results_created_at,
    )
