"""What a worker tidies up once an hour: work folders nobody needs, and what is not to be kept."""

from __future__ import annotations

import re
import shutil
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from heimdallr.clock import utc_now
from heimdallr.store.layout import data_folders
from heimdallr.store.models import Run, Study, StudyState
from heimdallr.store.upkeep.retention import sweep
from heimdallr.store.work.states import FINAL_STATES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.config import Settings
    from heimdallr.store.database import Database

HOUSEKEEPING_S = 3600.0

KEEP_UNFINISHED = timedelta(days=14)
"""How long a failed or cancelled revision's work folder waits for a retry to go on from it."""

_REVISION = re.compile(r"(?P<case>.+)\.r(?P<revision>\d+)")


def keep_house(settings: Settings, database: Database) -> None:
    """Remove work folders nobody will go on from, and what retention says.

    With an object store this may not be the data folder that retention is about; then the
    exchange, which has it, does so (:mod:`heimdallr.workflow.exchange`).
    """
    now = utc_now()
    remove_idle(database, data_folders(settings).input, now)
    if not settings.object_store:
        sweep(settings, database, now)


def remove_idle(database: Database, folder: Path, now: datetime) -> int:
    """Remove work folders of revisions that are over, or superseded, or of no study; how many.

    What they hold are hard links and what can be made again.
    """
    removed = 0
    for path, case_id, revision in list(_revisions(folder)):
        if _is_idle(database, case_id, revision, now):
            shutil.rmtree(path, ignore_errors=True)
            removed += 1
    return removed


def _revisions(folder: Path) -> Iterator[tuple[Path, str, int]]:
    for path in folder.iterdir() if folder.is_dir() else ():
        if match := _REVISION.fullmatch(path.name):
            yield path, match["case"], int(match["revision"])


def _is_idle(database: Database, case_id: str, revision: int, now: datetime) -> bool:
    with database.read() as session:
        study = session.scalars(select(Study).where(Study.case_id == case_id)).one_or_none()
        if study is None:
            return True
        newest = session.scalars(
            select(Run)
            .where(Run.study_fk == study.id, Run.revision == revision)
            .order_by(Run.attempt.desc())
            .limit(1)
        ).first()
        if newest is None:
            return revision < study.revision
        if newest.state not in FINAL_STATES:
            return False
        if newest.state in {StudyState.DONE, StudyState.REFUSED} or revision < study.revision:
            return True
        return newest.finished_at is not None and now - newest.finished_at > KEEP_UNFINISHED
