"""Whether the database itself is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.store.base import Base
from heimdallr.store.migrate import unusable
from heimdallr.store.models import Study

if TYPE_CHECKING:
    from heimdallr.store.database import Database


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
