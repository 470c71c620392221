"""The tables of this version of the program: made and brought up to date when a service starts.

Several processes may start at once: one of them migrates, the others wait for it. The whole way
to the newest version is one transaction, so a process that is killed leaves the database as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.domain.errors import NewerDatabaseError, StorageError
from heimdallr.store.database import shown

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from heimdallr.store.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK = 0x48454D44
"""Key of the advisory lock on PostgreSQL; SQLite has one writer at a time anyway."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Which version of the tables a database has, and which this program wants."""

    current: str | None
    head: str
    known: bool

    @property
    def is_current(self) -> bool:
        """Whether the program can work with the database as it is."""
        return self.current == self.head


def upgrade(database: Database) -> None:
    """Make or change the tables until they are those of this program.

    Raises:
        NewerDatabaseError: it is newer than the program.
        StorageError: the database cannot be reached or written.
    """
    if database.is_sqlite and database.url.database:
        try:
            Path(database.url.database).parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            msg = f"the folder of the database cannot be made: {error.strerror}"
            raise StorageError(msg, remedy="check HEIMDALLR_STATE_DIR") from error
    try:
        # Most starts find nothing to do, and need not wait for a writer.
        with database.engine.connect() as connection, connection.begin():
            if _schema(connection).is_current:
                return
        writing = database.engine.connect().execution_options(heimdallr_writes=True)
        with writing as connection, connection.begin():
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            _upgrade(connection)
    except SQLAlchemyError as error:
        raise unusable(database, error) from error


def check(database: Database) -> Schema:
    """Which version of the tables the database has.

    Raises:
        StorageError: the database cannot be reached.
    """
    try:
        with database.engine.connect() as connection, connection.begin():
            return _schema(connection)
    except SQLAlchemyError as error:
        raise unusable(database, error) from error


def is_known(revision: str) -> bool:
    """Whether this program knows a version of the tables."""
    scripts = ScriptDirectory.from_config(_config())
    return any(script.revision == revision for script in scripts.walk_revisions())


def unusable(database: Database, error: SQLAlchemyError) -> StorageError:
    """What an operator needs to know of an error of the database; never its password."""
    cause = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    return StorageError(
        f"the database {shown(database.url)} cannot be used: {cause}",
        remedy="see `heimdallr doctor`",
    )


def _upgrade(connection: Connection) -> None:
    schema = _schema(connection)
    if schema.is_current:
        return
    if not schema.known:
        msg = (
            f"the database is of version {schema.current}, which this program does not know; "
            f"its own is {schema.head}"
        )
        remedy = "use the newer program that made it, or restore a backup"
        raise NewerDatabaseError(msg, remedy=remedy)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _schema(connection: Connection) -> Schema:
    current = MigrationContext.configure(connection).get_current_revision()
    head = ScriptDirectory.from_config(_config()).get_current_head() or ""
    return Schema(current, head, known=current is None or is_known(current))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
