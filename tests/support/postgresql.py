"""Fixtures of real databases for every test: `postgresql_url` (fresh, empty) and `database`.

``database`` runs a test twice, on SQLite and on PostgreSQL, with all tables made;
``empty_database`` likewise without any. The PostgreSQL server is a throw-away cluster of its own
on a Unix socket; tests that need it skip where PostgreSQL is not installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from migrated_database import write_migrated
from sqlalchemy import URL, make_url

from heimdallr.store.database import Database
from heimdallr.store.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUPERUSER = "postgres"
_TEMPLATE = "migrated"


def program(name: str) -> str | None:
    """Where a server program of PostgreSQL is: in the path, or in Debian's own folders."""
    found = shutil.which(name)
    if found:
        return found
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(versions[-1]) if versions else None


@dataclass
class Cluster:
    """A running throw-away server; reached through the socket in ``folder``, or at ``address``.

    Attributes:
        folder: of the server's socket and log.
        data: its data folder.
        options: the server is started with.
        address: it listens on beside the socket; empty: none.
    """

    folder: Path
    data: Path
    options: str = ""
    address: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _has_template: bool = False

    def url(self, name: str) -> URL:
        """Address of one of its databases."""
        return URL.create(
            "postgresql+psycopg",
            username=SUPERUSER,
            database=name,
            query={"host": self.address or str(self.folder)},
        )

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server, as ``pg_ctl`` calls the mode."""
        self.control("-m", mode, "stop")

    def start(self) -> None:
        """Start it, again."""
        self.control("-l", str(self.folder / "log"), "-o", self.options, "start")

    def control(self, *arguments: str) -> None:
        """Run ``pg_ctl``."""
        _run(self.folder, str(program("pg_ctl")), "-D", str(self.data), "-w", *arguments)

    def create_database(self, *, template: str = "template1") -> URL:
        """A new database under a name of its own."""
        name = f"test{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def kept_database(self, name: str) -> URL:
        """A database of this name, made where there is none yet."""
        with self._connection() as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            is_new = found.fetchone() is None
        if is_new:
            self._execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def create_migrated_database(self) -> URL:
        """A new database with all tables; they are made once and copied."""
        if not self._has_template:
            self._execute(f"CREATE DATABASE {_TEMPLATE}")
            database = Database(self.url(_TEMPLATE))
            upgrade(database)
            database.close()
            self._has_template = True
        return self.create_database(template=_TEMPLATE)

    def drop_database(self, url: URL) -> None:
        """Remove a database, whoever is still connected."""
        self._execute(f"DROP DATABASE IF EXISTS {url.database} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with self._connection() as connection:
            connection.execute(statement.encode())

    def _connection(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.folder), user=SUPERUSER, dbname="postgres", autocommit=True
        )


@contextmanager
def running_cluster(
    address: str = "",
    *,
    durable: bool = False,
    kept: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Cluster]:
    """A server for the length of the block.

    Args:
        address: listened on beside the socket, for everybody in its network of 256.
        durable: it synchronises what it commits, as one that is not thrown away does.
        kept: where its data are kept, and found the next time; by default nowhere.
        settings: of the server, beside those of a throw-away one.

    Raises:
        FileNotFoundError: PostgreSQL is not installed.
    """
    initdb = program("initdb")
    if not (initdb and program("pg_ctl")):
        msg = "PostgreSQL's initdb and pg_ctl are not installed"
        raise FileNotFoundError(msg)
    folder = Path(tempfile.mkdtemp(prefix="heimdallr-pg-"))  # short: a socket's path is limited
    folder.chmod(0o755)
    data = kept or folder / "data"
    is_new = not (data / "PG_VERSION").exists()
    data.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, SUPERUSER)
        shutil.chown(data, SUPERUSER)
    options = f"-c unix_socket_directories={folder} -c listen_addresses={address} "
    options += "-c max_connections=150"
    if not durable:
        options += " -c fsync=off -c full_page_writes=off"
    for name, value in (settings or {}).items():
        options += f" -c {name}={value}"
    if is_new:
        made = ("-U", SUPERUSER, "-A", "trust", "--no-sync", "-E", "UTF8")
        _run(folder, initdb, "-D", str(data), *made)
    if address:
        with (data / "pg_hba.conf").open("a") as file:
            file.write(f"host all all {address}/24 trust\n")
    cluster = Cluster(folder, data, options, address)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop("fast" if kept else "immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, *command: str) -> None:
    """Run a program of the server, which refuses to be root's."""
    prefix = ["runuser", "-u", SUPERUSER, "--"] if os.geteuid() == 0 else []
    subprocess.run(
        [*prefix, *command], check=True, stdout=subprocess.DEVNULL, timeout=120, cwd=folder
    )


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[Cluster]:
    """A server for the length of the test session."""
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(running_cluster())
        except FileNotFoundError as error:
            pytest.skip(str(error))
        yield cluster


@pytest.fixture
def postgresql_url(postgresql_cluster: Cluster) -> Iterator[str]:
    """A fresh, empty database, as a URL for ``HEIMDALLR_DATABASE_URL``."""
    url = postgresql_cluster.create_database()
    yield url.render_as_string(hide_password=False)
    postgresql_cluster.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables; once on SQLite, once on PostgreSQL."""
    yield from _opened(request, tmp_path, migrated=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with all tables, as a service finds it; once on SQLite, once on PostgreSQL."""
    yield from _opened(request, tmp_path, migrated=True)


def _opened(
    request: pytest.FixtureRequest, tmp_path: Path, *, migrated: bool
) -> Iterator[Database]:
    if request.param == "sqlite":
        path = tmp_path / "heimdallr.db"
        if migrated:
            write_migrated(path)
        database = Database(make_url(f"sqlite:///{path}"))
        yield database
        database.close()
        return
    cluster: Cluster = request.getfixturevalue("postgresql_cluster")
    url = cluster.create_migrated_database() if migrated else cluster.create_database()
    database = Database(url)
    yield database
    database.close()
    cluster.drop_database(url)
