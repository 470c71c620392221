"""Runs ``pg_dump`` and ``pg_restore``, and tells their errors.

The password goes through ``PGPASSWORD``, which only the same user can see; a command line could be
read by everybody on the machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from heimdallr.domain.errors import StorageError
from heimdallr.store.migrate import check

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import URL

    from heimdallr.store.database import Database

_DEBIAN = Path("/usr/lib/postgresql")
_LIMIT_S = 6 * 3600


def dump(database: Database, target: Path, tables: Iterable[str]) -> None:
    """Write these tables, in one state, to a file of ``pg_dump``'s custom format.

    Raises:
        StorageError: ``pg_dump`` is absent or fails.
    """
    chosen = [f"--table={_schema(database)}.{name}" for name in tables]
    _run(database, "pg_dump", ["--format=custom", "--no-owner", "--no-acl", *chosen], target)


def restore(database: Database, source: Path, revision: str) -> None:
    """Replace the tables by those of a dump, in one transaction.

    Raises:
        StorageError: ``pg_restore`` is absent or fails, or the tables that are there are of another
            version, so that some of them would remain.
    """
    current = check(database).current
    if current not in {None, revision}:
        msg = f"the database is of version {current}, the backup of {revision}"
        raise StorageError(msg, remedy="restore it into an empty database")
    with database.engine.begin() as connection:
        # Indexes in the dump want it, and a dump of tables does not hold it.
        available = text("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
        if connection.scalar(available):
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    database.close()
    options = ["--clean", "--if-exists", "--no-owner", "--no-acl", "--single-transaction"]
    _run(database, "pg_restore", [*options, "--exit-on-error"], source)


def _run(database: Database, program: str, options: Sequence[str], file: Path) -> None:
    url = database.url
    dumps = program == "pg_dump"
    command = [
        _find(program),
        *options,
        f"--dbname={_address(url)}",
        *([f"--file={file}"] if dumps else [str(file)]),
    ]
    secret = url.password or url.query.get("password")
    password = {"PGPASSWORD": str(secret)} if secret else {}
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL, no shell
        command,
        env={**os.environ, **password, "LC_MESSAGES": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_LIMIT_S,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().split("\n")[0]
        msg = f"{program} failed: {said}"
        raise StorageError(msg, remedy="see docs/postgresql.md")


def _address(url: URL) -> str:
    """A libpq connection string without any password (PostgreSQL manual, section 34.1.1)."""
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    parts = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database}
    facts = {name: str(value) for name, value in parts.items() if value is not None} | query
    shown = {name: value for name, value in facts.items() if "password" not in name}
    quoted = {name: re.sub(r"([\\'])", r"\\\1", value) for name, value in shown.items()}
    return " ".join(f"{name}='{value}'" for name, value in quoted.items())


def _schema(database: Database) -> str:
    with database.read() as session:
        return str(session.scalar(text("SELECT current_schema()")))


def _find(program: str) -> str:
    """The program in the path, or the newest of Debian's, which fits every older server."""
    found = shutil.which(program)
    versions = sorted(_DEBIAN.glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    if found is None and not versions:
        msg = f"{program} is not installed"
        raise StorageError(msg, remedy="install PostgreSQL's client programs")
    return found or str(versions[-1])
