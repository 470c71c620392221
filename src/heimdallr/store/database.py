"""Opening the database: SQLite in WAL mode by default, PostgreSQL by URL.

Code asks for a transaction and states its purpose::

    with database.write() as session: ...   # one transaction, committed at the end of the block
    with database.read() as session: ...    # sees one state of the database throughout

On SQLite a write transaction begins with ``BEGIN IMMEDIATE``: waiting for the one writer happens
at its start, where the busy timeout applies, never in its middle.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

    from heimdallr.config import Settings

_BUSY_TIMEOUT_S = 30.0
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "mmap_size=268435456")


class Database:
    """A pool of connections to one database; close it when done."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)

    @property
    def is_sqlite(self) -> bool:
        """Whether everything happens in one local file."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that changes something; rolled back when the block raises."""
        with self.engine.connect().execution_options(heimdallr_writes=True) as connection:
            yield from _transaction(connection)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One transaction that only reads."""
        # PostgreSQL would show each statement what was committed until then.
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self.engine.connect().execution_options(**options) as connection:
            yield from _transaction(connection)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def database_url(settings: Settings) -> URL:
    """The configured database; ``state/heimdallr.db`` in the data folder by default."""
    if settings.database_url is not None:
        url = make_url(settings.database_url.get_secret_value())
        if url.drivername in {"postgres", "postgresql"}:
            return url.set(drivername="postgresql+psycopg")
        return url
    state = settings.state_dir or settings.data_dir.absolute() / "state"
    return make_url(f"sqlite:///{state / 'heimdallr.db'}")


def open_database(settings: Settings) -> Database:
    """Open the configured database, as it is; see :mod:`heimdallr.store.migrate` for its tables."""
    return Database(database_url(settings))


def _transaction(connection: Connection) -> Iterator[Session]:
    with Session(connection, expire_on_commit=False) as session, session.begin():
        yield session


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # we say BEGIN ourselves
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("heimdallr_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=15,
        connect_args={
            "connect_timeout": 10,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            # A statement prepared once is planned without its values: a search for a rare word
            # as one for a common one. Connection poolers do not pass them on either.
            "prepare_threshold": None,
        },
    )
