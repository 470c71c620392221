"""Databases with all tables and no rows, quicker than by migrating each of them."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from heimdallr.store.database import Database, open_database
from heimdallr.store.migrate import upgrade

if TYPE_CHECKING:
    from heimdallr.config import Settings


def migrated_database(settings: Settings) -> Database:
    """The configured database, opened, with its tables; the folder it lies in is there."""
    database = open_database(settings)
    path = Path(database.url.database or "") if database.is_sqlite else None
    if path is None or path.exists():
        upgrade(database)
    else:
        write_migrated(path)
    return database


def write_migrated(path: Path) -> None:
    """Write a SQLite database with all tables."""
    path.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heimdallr.db"
        database = Database(make_url(f"sqlite:///{path}"))
        upgrade(database)
        database.close()
        return path.read_bytes()
