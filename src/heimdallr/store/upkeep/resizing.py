"""Results that follow the height and weight that were entered.

What was entered is kept first (:mod:`heimdallr.store.study_body_sizes`), marked as pending; then
folder and rows follow, under the study's lock, and the mark goes. A process that is killed in
between leaves the mark, and the next start goes on. While a worker holds the study, the worker does
it at its end: whatever it publishes, it publishes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from heimdallr.clock import local_now
from heimdallr.domain.errors import PublishingError, StateConflictError
from heimdallr.publishing.body_size import created_at, recompute
from heimdallr.store.delivery_tables import When
from heimdallr.store.results import index_results
from heimdallr.store.study_body_sizes import StudyBodySizeRow, body_size_of, settle_body_size
from heimdallr.store.work import owed
from heimdallr.store.work.states import is_worked_on, lock

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders
    from heimdallr.store.models import Study

_log = structlog.get_logger()


def follow_body_size(session: Session, folders: DataFolders, study: Study, now: datetime) -> bool:
    """Bring a study's folder and rows in line with what was entered.

    Whether they are: a folder that is not there may be on a disk that is not mounted.

    Args:
        session: the transaction; the caller holds the study's lock, and no worker the study.
        folders: the data folder.
        study: its row.
        now: the time.

    Raises:
        PublishingError: the folder cannot be read or written; it is as it was.
    """
    if session.get(StudyBodySizeRow, study.id) is None:
        return True
    case = folders.output / study.case_id if study.case_id else None
    if case is not None and study.has_results:
        if not case.is_dir():
            return False
        # What the rows know, not what the folder says: a process may have been killed between the
        # folder's rename and the rows. Rows of old versions do not say.
        size, told = body_size_of(session, study.id), study.results_created_at or created_at(case)
        results, identity = recompute(case, size, local_now)
        index_results(session, study, results, identity, case, now)
        if results.provenance.created_at != told:
            owed.tell(session, study.id, When.RESULTS, now)
    settle_body_size(session, study.id)
    return True


def follow_if_free(database: Database, folders: DataFolders, study_id: int, now: datetime) -> bool:
    """The same in a transaction of its own; not while a worker has the study.

    Raises:
        PublishingError: as above.
        StateConflictError: the study does not exist any more.
    """
    with database.write() as session:
        study = lock(session, study_id)
        if is_worked_on(session, study_id):
            return False
        return follow_body_size(session, folders, study, now)


def follow_pending(database: Database, folders: DataFolders, now: datetime) -> int:
    """Go on with what a killed process left pending; how many studies follow now."""
    with database.read() as session:
        pending = session.scalars(
            select(StudyBodySizeRow.study_fk).where(StudyBodySizeRow.pending)
        ).all()
    return sum(_follow_if_possible(database, folders, study_id, now) for study_id in pending)


def _follow_if_possible(
    database: Database, folders: DataFolders, study_id: int, now: datetime
) -> bool:
    try:
        return follow_if_free(database, folders, study_id, now)
    except (PublishingError, StateConflictError) as error:
        _log.error("results do not follow a height", study_id=study_id, reason=str(error))
        return False
