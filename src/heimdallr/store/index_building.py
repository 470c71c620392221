"""Indexes that come to a large database while everything goes on.

A migration makes its indexes at once where the tables are small, and on SQLite. On a large table of
PostgreSQL that takes minutes in which nobody could write; there the migration leaves them out, the
services start, and the web server builds what is missing beside the work (PostgreSQL manual,
"Building Indexes Concurrently"). Until then some pages take longer; no answer is another one.

A build that was killed leaves an index that PostgreSQL calls invalid and does not use. The next
start removes it and begins again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex

from heimdallr.store import models  # noqa: F401 - registers the tables
from heimdallr.store.base import Base

if TYPE_CHECKING:
    from sqlalchemy import Connection, Index

    from heimdallr.store.database import Database

_LOCK = 0x48454D49
"""Key of the advisory lock of whoever builds."""

_log = structlog.get_logger()


def build_in_background(database: Database) -> None:
    """Build what is missing beside the work; a process that ends meanwhile need not wait for it."""

    def build() -> None:
        try:
            build_missing(database)
        except SQLAlchemyError as error:
            _log.warning("index_not_built", error=type(error).__name__)

    if not database.is_sqlite:
        threading.Thread(target=build, name="index-building", daemon=True).start()


def build_missing(database: Database) -> tuple[str, ...]:
    """Build the indexes that the tables here lack, one after the other; their names.

    Nothing on SQLite, where migrations make them all, and where another process builds already.

    Raises:
        SQLAlchemyError: the database is away; the next start goes on.
    """
    if database.is_sqlite:
        return ()
    opened = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    with opened as connection:
        # Never waited for: a build waits for every transaction that is older.
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}):
            return ()
        try:
            built = [_build(connection, index) for index in _missing(connection)]
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
    return tuple(built)


def _missing(connection: Connection) -> list[Index]:
    """Indexes that are not there, or not whole; those that this server cannot make left out."""
    whole = {
        name
        for (name,) in connection.execute(
            text(
                "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
                "WHERE indisvalid AND pg_table_is_visible(indrelid)"
            )
        )
    }
    has_trigrams = connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'"))
    return [
        index
        for table in Base.metadata.sorted_tables
        for index in sorted(table.indexes, key=lambda one: str(one.name))
        if index.name not in whole
        and (has_trigrams or index.dialect_options["postgresql"]["using"] != "gin")
    ]


def _build(connection: Connection, index: Index) -> str:
    name = str(index.name)
    _log.info("index_building", target=name)
    connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
    statement = str(CreateIndex(index).compile(dialect=connection.dialect))
    connection.exec_driver_sql(statement.replace(" INDEX ", " INDEX CONCURRENTLY ", 1))
    _log.info("index_built", target=name)
    return name
