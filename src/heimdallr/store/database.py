"""Opening the database: SQLite in WAL mode by default, PostgreSQL by URL.

Code asks for a transaction and states its purpose::

    with database.write() as session: ...   # one transaction, committed at the end of the block
    with database.read() as session: ...    # sees one state of the database throughout

On SQLite a write transaction begins with ``BEGIN IMMEDIATE``: waiting for the one writer happens
at its start, where the busy timeout applies, never in its middle.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from heimdallr.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import URL, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection

    from heimdallr.config import Settings

_BUSY_TIMEOUT_S = 30.0
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "mmap_size=268435456")


@dataclass(frozen=True, slots=True)
class Silence:
    """How long the other end of a connection may be silent before it is taken for gone.

    Attributes:
        idle_s: until it is asked for a sign of life.
        again_s: until it is asked again.
        tries: how often it is asked.
    """

    idle_s: int = 10
    again_s: int = 5
    tries: int = 3

    @property
    def whole_s(self) -> int:
        """After so long it is gone; also where something that was sent is not acknowledged."""
        return self.idle_s + self.again_s * self.tries


SILENCE = Silence()
"""Of most sessions. Chosen: with half of it a network that stumbles for ten seconds ends them all,
with twice as much a host that vanished keeps others from its rows for almost a minute."""


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
    """The configured database; ``state/heimdallr.db`` in the data folder by default.

    Raises:
        ConfigurationError: what is configured is no address of one; it is not repeated, for a
            password may stand where the parser takes it for something else.
    """
    if settings.database_url is not None:
        try:
            url = make_url(settings.database_url.get_secret_value())
        except (ArgumentError, ValueError):
            raise _no_address() from None
        if url.drivername in {"postgres", "postgresql"}:
            return url.set(drivername="postgresql+psycopg")
        if url.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
            raise _no_address()
        return url
    state = settings.state_dir or settings.data_dir.absolute() / "state"
    return make_url(f"sqlite:///{state / 'heimdallr.db'}")


def postgresql_engine(
    url: URL,
    arguments: Mapping[str, object],
    *,
    silence: Silence = SILENCE,
    session: Mapping[str, object] | None = None,
    **options: Any,  # noqa: ANN401 - SQLAlchemy's own
) -> Engine:
    """An engine for PostgreSQL that holds both ends to :class:`Silence`.

    A host that loses its power or its network says no goodbye. Left to its defaults the server
    would keep that host's sessions for two hours and more, and with them the locks of rows and of
    workers; and this end would wait a quarter of an hour for what is never answered.

    Args:
        url: of the database.
        arguments: of psycopg's ``connect``, besides those that the silence decides.
        silence: when the other end is taken for gone.
        session: settings of the server for every session, besides those.
        options: of SQLAlchemy's ``create_engine``.
    """
    engine = create_engine(
        url,
        connect_args={
            "connect_timeout": 10,
            "keepalives_idle": silence.idle_s,
            "keepalives_interval": silence.again_s,
            "keepalives_count": silence.tries,
            "tcp_user_timeout": silence.whole_s * 1000,
            **arguments,
        },
        **options,
    )

    settings = {
        "tcp_keepalives_idle": silence.idle_s,
        "tcp_keepalives_interval": silence.again_s,
        "tcp_keepalives_count": silence.tries,
        "tcp_user_timeout": silence.whole_s * 1000,
        **(session or {}),
    }

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _record: object) -> None:
        # Not as the connection's "options": poolers refuse those, and an operator's own would go.
        cursor = connection.cursor()
        cursor.execute(";".join(f"SET {name} = {value}" for name, value in settings.items()))
        cursor.close()
        connection.commit()  # a rollback would take them back

    return engine


def shown(url: URL) -> str:
    """An address as it may be shown: a password may be part of it, or of its query."""
    hidden = {name: "***" for name in url.query if "password" in name.lower()}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def open_database(settings: Settings) -> Database:
    """Open the configured database, as it is; see :mod:`heimdallr.store.migrate` for its tables."""
    return Database(database_url(settings))


def _no_address() -> ConfigurationError:
    msg = "HEIMDALLR_DATABASE_URL is no address of a SQLite or PostgreSQL database"
    return ConfigurationError(msg, remedy="see docs/postgresql.md; sign @ : / in a password as %40")


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
    # A statement prepared once is planned without its values: a search for a rare word as one for
    # a common one. Connection poolers do not pass them on either.
    return postgresql_engine(
        url,
        {"prepare_threshold": None},
        # To compile a query, or to wake other processes for it, takes longer than most of ours run.
        session={"jit": "off", "max_parallel_workers_per_gather": 0},
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=15,
    )
