"""Checks of the database, the data folder, the disks and the object store."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from heimdallr.cli.diagnosis.check import Check
from heimdallr.domain.errors import ConfigurationError, HeimdallrError, ObjectStoreError
from heimdallr.store.database import Database, database_url, open_database, shown
from heimdallr.store.layout import data_folders
from heimdallr.store.migrate import check
from heimdallr.store.objects import open_object_store
from heimdallr.store.upkeep.integrity import faults, study_count

if TYPE_CHECKING:
    from heimdallr.config import Settings

LOW_DISK_GB = 20
"""A 512×512×600 CT with its masks takes about 0.5 GB; below this a day's work may not fit."""

_OTHERS = stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH


def database_check(settings: Settings) -> Check:
    """Whether the database can be reached, is of this program's version, and is sound."""
    try:
        database = open_database(settings)
    except ConfigurationError as error:
        return Check("database", "problem", str(error))
    try:
        return _examine(database)
    except HeimdallrError as error:
        return Check("database", "problem", str(error), "see docs/operate.md, troubleshooting")
    finally:
        database.close()


def folders_check(settings: Settings) -> Check:
    """Whether every folder that is there can be written; the others are made when needed."""
    folders = data_folders(settings)
    closed = sorted(
        str(path) for path in folders.all() if not os.access(_existing(path), os.W_OK | os.X_OK)
    )
    if closed:
        remedy = "run it as the services' user, or give that user the folder (chown)"
        return Check("folders", "problem", f"cannot be written: {', '.join(closed)}", remedy)
    return Check("folders", "ok", f"{folders.root} can be written")


def privacy_check(settings: Settings) -> Check:
    """Whether users of this machine beside the services' own can get at patients' data."""
    paths = [*data_folders(settings).all()]
    with suppress(ConfigurationError):  # the check of the database says so
        url = database_url(settings)
        if url.get_backend_name() == "sqlite" and url.database:
            paths.append(Path(url.database))
    found = sorted(str(path) for path in paths if path.exists() and _is_open_to_others(path))
    if found:
        message = f"every user of this machine can get into {', '.join(found)}"
        return Check("privacy", "warning", message, f"chmod o-rwx {' '.join(found)}")
    return Check("privacy", "ok", "other users of this machine cannot get at the data")


def _is_open_to_others(path: Path) -> bool:
    """Whether its rights let others in, and so do those of every folder on the way there."""
    return bool(path.stat().st_mode & _OTHERS) and all(
        parent.stat().st_mode & stat.S_IXOTH for parent in path.absolute().parents
    )


def disk_check(settings: Settings) -> Check:
    """Whether what is received and made has room, on every disk it goes to."""
    folders = data_folders(settings)
    free_gb, place = min(
        (shutil.disk_usage(_existing(path)).free / 1e9, _existing(path))
        for path in (folders.incoming, folders.output, folders.state)
    )
    found = f"{free_gb:.0f} GB free in {place}"
    remedy = "free some space, set HEIMDALLR_KEEP_… or change HEIMDALLR_DATA_DIR"
    if free_gb < settings.disk_reserve_gb:
        reserve = f"HEIMDALLR_DISK_RESERVE_GB is {settings.disk_reserve_gb:g}"
        return Check("disk", "problem", f"{found}, {reserve}: nothing more is received", remedy)
    if free_gb < settings.disk_reserve_gb + LOW_DISK_GB:
        return Check("disk", "warning", found, remedy)
    return Check("disk", "ok", found)


def object_store_check(settings: Settings) -> Check:
    """Whether objects can be written to the object store, read and removed."""
    try:
        store = open_object_store(settings)
        if store is None:
            return Check("object store", "ok", "none; workers share the data folder")
        store.check()
    except (ConfigurationError, ObjectStoreError) as error:
        remedy = "see docs/object-storage.md, when something is wrong"
        return Check("object store", "problem", str(error), remedy)
    return Check("object store", "ok", f"{settings.object_store} can be written and read")


def _examine(database: Database) -> Check:
    where = shown(database.url)
    if database.is_sqlite and not Path(database.url.database or "").exists():
        return Check("database", "ok", f"{where} is not made yet; the first start makes it")
    schema = check(database)
    if schema.current is None:
        return Check("database", "ok", f"{where} has no tables yet; the first start makes them")
    if not schema.known:
        found = f"{where} is of version {schema.current}; this program knows {schema.head}"
        return Check("database", "problem", found, "use the newer program, or restore a backup")
    if wrong := faults(database):
        remedy = "restore a backup, or move it away and run `heimdallr rebuild-index`"
        return Check("database", "problem", f"{where} is damaged: {'; '.join(wrong)}", remedy)
    if not schema.is_current:
        found = f"{where} is of version {schema.current}; the next start brings it to {schema.head}"
        return Check("database", "warning", found, "make a backup before: heimdallr backup")
    return Check("database", "ok", f"{where}, {study_count(database)} studies, sound")


def _existing(path: Path) -> Path:
    return next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
