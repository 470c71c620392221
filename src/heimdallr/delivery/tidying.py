"""Removing what nobody waits for any more from the outbox folder."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update

from heimdallr.domain.errors import StorageError
from heimdallr.store.delivery_tables import OPEN_STATES, Destination, OutboxRow
from heimdallr.store.upkeep.removal import clear_aside, set_aside

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

_FOLDER = re.compile(r"study-(?P<study>\d+)-d(?P<destination>\d+)-(?P<digest>[0-9a-f]{16})")
_OWNER = "tidied"


def tidy(database: Database, folders: DataFolders) -> int:
    """Remove the files of everything that is over for its destination; how many folders.

    What a kill leaves half removed is removed by the next call.
    """
    if not folders.outbox.is_dir():
        return 0
    removed = sum(_tidied(database, folders, path) for path in sorted(folders.outbox.iterdir()))
    with suppress(StorageError):
        clear_aside((folders.outbox,), _OWNER)
    return removed


def _tidied(database: Database, folders: DataFolders, path: Path) -> bool:
    match = _FOLDER.fullmatch(path.name)
    if match is None:
        return False
    destination_id = int(match["destination"])
    of_folder = (
        OutboxRow.study_fk == int(match["study"]),
        OutboxRow.destination_fk == destination_id,
        OutboxRow.results_digest.startswith(match["digest"]),
    )
    is_needed = or_(OutboxRow.state.in_(OPEN_STATES), OutboxRow.commitment_due_at.is_not(None))
    needed = select(OutboxRow.id).where(*of_folder, is_needed).limit(1)
    with database.read() as session:
        if session.scalar(needed) is not None:
            return False
    with database.write() as session, suppress(StorageError):
        # Nobody takes rows of the destination meanwhile, and so nobody makes files here.
        session.get(Destination, destination_id, with_for_update=True)
        if session.scalar(needed) is None:
            session.execute(update(OutboxRow).where(*of_folder).values(file=""))
            return set_aside(path, folders.outbox, _OWNER)
    return False
