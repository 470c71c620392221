"""Whether the database itself is sound, and the data folder the one it speaks of.

A folder whose disk is not mounted, or that of another host, is empty or holds other studies. What
is concluded from files that are missing would be wrong then, and what is written goes astray.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.store.base import Base
from heimdallr.store.migrate import unusable
from heimdallr.store.models import ACTIVE_STATES, Study, StudyState
from heimdallr.store.upkeep.removal import ASIDE

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

BEGUN_ANEW = ".begun-anew"
"""A file of this name in ``output/``: a person says that results which are not there are lost."""

_LOOKED_AT = 100
"""Of the newest studies; one whose files are there is enough."""
_RECEIVED = (StudyState.RECEIVING, StudyState.QUEUED, *ACTIVE_STATES)
_STAYS = Study.state != StudyState.DELETING
_LOOK_S = 0.5
_log = structlog.get_logger()


def faults(database: Database) -> list[str]:
    """What is wrong with it, in words; empty when it is sound.

    SQLite checks every page; of PostgreSQL, which checks its pages when it reads them, only the
    tables are looked for.

    Raises:
        StorageError: it cannot be reached.
    """
    try:
        with database.read() as session:
            if database.is_sqlite:
                found = session.scalars(text("PRAGMA quick_check(5)")).all()
                return [str(one) for one in found if one != "ok"]
            there = set(inspect(session.connection()).get_table_names())
            return [
                f"table {name} is missing" for name in Base.metadata.tables if name not in there
            ]
    except SQLAlchemyError as error:
        raise unusable(database, error) from error


def study_count(database: Database) -> int:
    """How many studies it holds.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        with database.read() as session:
            return session.scalar(select(func.count()).select_from(Study)) or 0
    except SQLAlchemyError as error:
        raise unusable(database, error) from error


def is_elsewhere(database: Database, folders: DataFolders) -> bool:
    """Whether a data folder holds nothing of the newest studies that the database knows.

    Their results; where there are none, the images of those that are still to be processed.

    Raises:
        SQLAlchemyError: the database is away.
    """
    newest = select(Study.case_id, Study.key).order_by(Study.id.desc()).limit(_LOOKED_AT)
    with database.read() as session:
        done = session.execute(newest.where(Study.has_results.is_(True), _STAYS)).all()
        waiting = () if done else session.execute(newest.where(Study.state.in_(_RECEIVED))).all()
    places = [folders.output / (case_id or "") for case_id, _ in done]
    places += [folders.study(key) for _, key in waiting]
    if not places or (folders.output / BEGUN_ANEW).exists():
        return False
    return not any(place.is_dir() for place in places)


def is_missing(database: Database, folders: DataFolders, study: Study) -> bool:
    """Whether images or results of a study are not there because their disk is away.

    Told by what is beside them: nothing, or nothing that is known. Where other studies have files
    there, or some were set aside to be removed, what is missing is gone.

    Raises:
        SQLAlchemyError: the database is away.
    """
    if os.path.lexists(folders.output / BEGUN_ANEW):
        return False
    kept = dict(study.kept)
    expected = []
    if study.has_results and study.case_id and kept.get("results", True):
        expected.append((folders.output, folders.output / study.case_id))
    if study.instance_count and kept.get("originals", True):
        expected.append((folders.incoming, folders.study(study.key)))
    bare = [_is_bare(root) for root, path in expected if not os.path.lexists(path)]
    return bool(bare) and (any(bare) or is_elsewhere(database, folders))


def _is_bare(root: Path) -> bool:
    """Whether a folder cannot be read, or holds nothing but what a service makes at its start."""
    try:
        entries = list(root.iterdir())
    except OSError:
        return True
    return all(path.name.startswith(".") and path.name != ASIDE for path in entries)


def wait_until_here(
    database: Database,
    folders: DataFolders,
    stop: threading.Event,
    also: Callable[[], bool] = lambda: True,
) -> bool:
    """Wait for the disk of a data folder, said once; whether it came before ``stop``.

    Args:
        database: knows what should be there.
        folders: the data folder.
        stop: ends the waiting.
        also: what else is waited for; asked only while the folder is there.
    """
    said = False
    while True:
        try:
            away = is_elsewhere(database, folders)
        except SQLAlchemyError:
            away = None
        if away is False and also():
            return True
        if away and not said:
            tell_elsewhere(folders)
            said = True
        if stop.wait(_LOOK_S):
            return False


def tell_elsewhere(folders: DataFolders) -> None:
    """Say in the log that the data folder is not the database's, and what to do."""
    _log.error(
        "data_folder_elsewhere",
        path=str(folders.output),
        reason="nothing is there of the results that the database knows",
        remedy="mount its disk; on a host that only works, run heimdallr-processor alone",
    )
