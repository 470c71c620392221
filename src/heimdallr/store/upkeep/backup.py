"""A consistent copy of the database, made while the services run, and putting it back.

A backup is a folder: the database's copy, what else the state folder holds that cannot be made
anew, and ``backup.json``, which says what it is and how to know that it is whole. It appears
complete or not at all. SQLite is copied with its online backup, PostgreSQL by its own ``pg_dump``;
passwords go through the environment, never through a command line.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import delete, func, inspect, select, update
from sqlalchemy.exc import SQLAlchemyError

import heimdallr
from heimdallr.domain.errors import StorageError
from heimdallr.files import sha256_of, sync_folder, whole_file
from heimdallr.publishing.case_folder import CASE_ID
from heimdallr.store.base import Base
from heimdallr.store.change_number import NextChange
from heimdallr.store.layout import SAFE_KEY
from heimdallr.store.migrate import check, is_known, unusable, upgrade
from heimdallr.store.models import Study, WebSession
from heimdallr.store.upkeep import postgresql_tools
from heimdallr.store.work.states import note

if TYPE_CHECKING:
    from datetime import datetime

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

MANIFEST = "backup.json"
SQLITE_COPY, POSTGRESQL_COPY = "heimdallr.db", "heimdallr.dump"
STATE_FILES = ("watch.json",)
"""What the watch folder has taken already; everything else in the state folder is made anew."""

_FOR_OWNER = 0o600
"""The copy holds names and password hashes, and lies outside of the data folder."""

_TABLES_OF_CONTENT = ("studies", "users", "api_tokens", "audit", "destinations")
"""A database with a row in one of these is not empty."""


class Manifest(BaseModel):
    """What a backup is."""

    model_config = ConfigDict(frozen=True)
    software: Literal["heimdallr"] = "heimdallr"
    version: str
    made_at: AwareDatetime
    database: Literal["sqlite", "postgresql"]
    schema_revision: str
    sha256: dict[str, str]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back.

    Attributes:
        studies: how many.
        made_at: of when.
        unknown: folders of images or results, of studies that the backup does not know.
    """

    studies: int
    made_at: datetime
    unknown: int


def back_up(database: Database, folders: DataFolders, target: Path, now: datetime) -> Manifest:
    """Write a backup; services may run meanwhile.

    Args:
        database: what is copied.
        folders: whose state folder is copied from.
        target: the folder to appear; it must not exist.
        now: the time.

    Raises:
        StorageError: the target exists or cannot be written, or the database cannot be read.
    """
    if target.exists():
        msg = f"{target} exists already"
        raise StorageError(msg, remedy="name a folder that does not exist")
    schema = check(database)
    if schema.current is None:
        msg = "the database has no tables yet; there is nothing to back up"
        raise StorageError(msg)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as name:
            partial = Path(name) / "backup"
            partial.mkdir(mode=0o700)
            manifest = _fill(database, folders, partial, schema.current, now)
            partial.rename(target)
            sync_folder(target.parent)
    except OSError as error:
        msg = f"the backup cannot be written: {error.strerror}"
        raise StorageError(msg, remedy="check the target's rights and space") from error
    return manifest


def restore(
    database: Database, folders: DataFolders, source: Path, now: datetime, *, force: bool = False
) -> Restored:
    """Put a backup back, then bring it up to date; everybody has to sign in again.

    Args:
        database: what is written; of the same kind as the backup's.
        folders: whose state folder is written to.
        source: the backup.
        now: the time.
        force: replace a database that is not empty.

    Raises:
        StorageError: the backup is damaged, newer than this program or of the other kind of
            database; or the database is not empty and ``force`` is not said.
    """
    manifest = read_manifest(source)
    kind = "sqlite" if database.is_sqlite else "postgresql"
    if manifest.database != kind:
        msg = f"the backup is of {manifest.database}, the configured database is {kind}"
        raise StorageError(msg, remedy="use the other database, or `heimdallr rebuild-index`")
    if not is_known(manifest.schema_revision):
        msg = f"the backup was made by a newer program, {manifest.version}"
        raise StorageError(msg, remedy="use that program or a newer one")
    content = _content(database)
    if content != "nothing" and not force:
        msg = f"the database holds {content}"
        raise StorageError(msg, remedy="--force replaces it; make a backup of it first")
    if database.is_sqlite:
        _restore_sqlite(database, source / SQLITE_COPY, now)
    else:
        postgresql_tools.restore(database, source / POSTGRESQL_COPY, manifest.schema_revision)
    _put_back_state(folders, source)
    upgrade(database)
    studies = _after(database, manifest, now)
    return Restored(studies, manifest.made_at, _unknown_folders(database, folders))


def read_manifest(source: Path) -> Manifest:
    """What a backup says of itself, found to be true.

    Raises:
        StorageError: it is no backup, or not as it was written.
    """
    try:
        manifest = Manifest.model_validate_json((source / MANIFEST).read_bytes())
        _demand_checksums(manifest, source)
        damaged = [
            name for name, digest in manifest.sha256.items() if sha256_of(source / name) != digest
        ]
    except (OSError, ValueError) as error:
        msg = f"{source} is no whole backup of Heimdallr"
        raise StorageError(msg, remedy="use another one") from error
    if damaged:
        msg = f"the backup is damaged: {', '.join(sorted(damaged))} is not as it was written"
        raise StorageError(msg, remedy="use another one")
    return manifest


def _demand_checksums(manifest: Manifest, source: Path) -> None:
    """What has no checksum may be anything; a name that is not a backup's may lead anywhere.

    Raises:
        StorageError: the manifest lacks the database's copy or a file that would be put back, or
            names one that no backup holds.
    """
    copies, named = {SQLITE_COPY, POSTGRESQL_COPY}, manifest.sha256.keys()
    parts = copies.union(STATE_FILES)
    there = {name for name in parts if (source / name).exists()}
    wrong = ""
    if there - named or not copies & named:
        lacking = ", ".join(sorted(there - named)) or "a database"
        wrong = f"{MANIFEST} holds no checksum of {lacking}"
    elif named - parts:
        wrong = f"{MANIFEST} names files that no backup holds"
    if wrong:
        msg = f"the backup cannot be checked: {wrong}"
        raise StorageError(msg, remedy="use another one")


def _fill(
    database: Database, folders: DataFolders, folder: Path, revision: str, now: datetime
) -> Manifest:
    if database.is_sqlite:
        _copy_sqlite(Path(database.url.database or ""), folder / SQLITE_COPY)
    else:
        tables = [*Base.metadata.tables, "alembic_version"]
        postgresql_tools.dump(database, folder / POSTGRESQL_COPY, tables)
    for name in STATE_FILES:
        if (folders.state / name).exists():
            shutil.copyfile(folders.state / name, folder / name)
    for path in folder.iterdir():
        path.chmod(_FOR_OWNER)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    manifest = Manifest(
        version=heimdallr.__version__,
        made_at=now,
        database="sqlite" if database.is_sqlite else "postgresql",
        schema_revision=revision,
        sha256={path.name: sha256_of(path) for path in folder.iterdir()},
    )
    with whole_file(folder / MANIFEST) as file:
        file.write(manifest.model_dump_json(indent=2).encode())
    (folder / MANIFEST).chmod(_FOR_OWNER)
    sync_folder(folder)
    return manifest


def _copy_sqlite(source: Path, target: Path) -> None:
    """One state of the database, as one file, found to be sound."""
    try:
        with (
            closing(sqlite3.connect(source, timeout=30)) as original,
            closing(sqlite3.connect(target)) as copy,
        ):
            original.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        msg = f"the database cannot be copied: {error}"
        raise StorageError(msg, remedy="see `heimdallr doctor`") from error
    if found != "ok":
        msg = "the database is damaged; a copy of it would be no use"
        raise StorageError(msg, remedy="restore an older backup, or `heimdallr rebuild-index`")


def _restore_sqlite(database: Database, copy: Path, now: datetime) -> None:
    """Within one transaction of the database that is there; a damaged one is put aside."""
    path = Path(database.url.database or "")
    database.close()
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    try:
        _copy_into(copy, path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            msg = f"the database cannot be replaced: {error}"
            raise StorageError(msg, remedy="stop the services first") from error
        for suffix in ("-wal", "-shm", ""):
            damaged = path.with_name(path.name + suffix)
            if damaged.exists():
                damaged.rename(path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%S}{suffix}"))
        _copy_into(copy, path)


def _copy_into(copy: Path, path: Path) -> None:
    uri = f"{copy.absolute().as_uri()}?mode=ro&immutable=1"
    with (
        closing(sqlite3.connect(uri, uri=True)) as original,
        closing(sqlite3.connect(path, timeout=10)) as target,
    ):
        original.backup(target)


def _content(database: Database) -> str:
    """What stands in the database, in words; a damaged one holds something too."""
    if database.is_sqlite and not Path(database.url.database or "").exists():
        return "nothing"
    try:
        with database.read() as session:
            there = set(inspect(session.connection()).get_table_names())
            found = [
                f"{count} {name.replace('_', ' ')}"
                for name in _TABLES_OF_CONTENT
                if name in there
                and (
                    count := session.scalar(
                        select(func.count()).select_from(Base.metadata.tables[name])
                    )
                )
            ]
    except SQLAlchemyError as error:
        if database.is_sqlite and not isinstance(error.__cause__, sqlite3.OperationalError):
            return "something that is damaged"
        raise unusable(database, error) from error
    return ", ".join(found) or "nothing"


def _put_back_state(folders: DataFolders, source: Path) -> None:
    folders.state.mkdir(mode=0o750, parents=True, exist_ok=True)
    for name in STATE_FILES:
        if (source / name).exists():
            with whole_file(folders.state / name) as file:
                file.write((source / name).read_bytes())


def _after(database: Database, manifest: Manifest, now: datetime) -> int:
    """Sign everybody out, and let whoever follows the changes load everything anew."""
    with database.write() as session:
        session.execute(delete(WebSession))
        session.execute(update(Study).values(change=NextChange()))
        made = f"{manifest.made_at:%Y-%m-%d %H:%M} UTC"
        note(session, None, "restored", f"restored from a backup of {made}", now)
        return session.scalar(select(func.count()).select_from(Study)) or 0


def _unknown_folders(database: Database, folders: DataFolders) -> int:
    """Folders of the data folder that only :mod:`heimdallr.store.upkeep.rebuild` looks into."""
    with database.read() as session:
        keys = set(session.scalars(select(Study.key)))
        cases = set(session.scalars(select(Study.case_id)))
    there = (
        (folders.incoming, SAFE_KEY, keys),
        (folders.output, CASE_ID, cases),
    )
    return sum(
        path.is_dir() and path.name not in known
        for folder, named, known in there
        for path in (folder.iterdir() if folder.is_dir() else ())
        if named.fullmatch(path.name)
    )
