"""Uploads: receives a ZIP, unpacks it and records its studies.

::

    incoming/.uploads/<token>/        locked (flock) by the process that receives it
        upload.zip                    being written
        <batch>/                      unpacked; joins the spool by one rename when it is durable

Until that rename nothing of an upload counts: a process that dies leaves a folder which the next
start removes (:func:`clean_uploads`). After it the images are received like any others, and a
client that had no answer and sends the study again changes nothing.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.domain.errors import (
    DiskLowError,
    NoDicomError,
    StateConflictError,
    UnsafeArchiveError,
)
from heimdallr.files import sync_folder
from heimdallr.intake.declare_complete import complete_studies
from heimdallr.intake.recorder import has_files, record_batch
from heimdallr.intake.spool import WHOLE, Origin, open_batch
from heimdallr.preparation.archive import ArchiveLimits, extract_zip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from heimdallr.config import Settings
    from heimdallr.intake.instances import TouchedStudy
    from heimdallr.intake.recorder import Recorded
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_LOOK_EVERY = 64 * 2**20
"""Bytes between two looks at the free space."""
_UNPACKED_TO_PACKED = 4
"""How much more than the largest ZIP the images of one may take; they pack to a half or so."""


class UploadTooLargeError(UnsafeArchiveError):
    """An upload is larger than the service takes."""


class IncomingZip:
    """The file of one upload while it arrives; :meth:`write` may be called from any thread.

    Args:
        path: where it goes.
        limit: bytes it may have.
        reserve: bytes of the disk that have to remain.
    """

    def __init__(self, path: Path, limit: int, reserve: int) -> None:
        self.path = path
        self.received = 0
        self._limit, self._reserve = limit, reserve
        self._looked_at = 0
        check_room(path.parent, reserve)
        self._file = path.open("wb")

    def write(self, data: bytes) -> None:
        """Append to the file.

        Raises:
            UploadTooLargeError: it is longer than the limit.
                DiskLowError: the disk is nearly full.
        """
        self.received += len(data)
        if self.received > self._limit:
            msg = f"the upload is larger than {self._limit / 1e9:g} GB"
            raise UploadTooLargeError(msg, remedy="send one study at a time")
        if self.received - self._looked_at > _LOOK_EVERY:
            check_room(self.path.parent, self._reserve)
            self._looked_at = self.received
        self._file.write(data)

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()

    def check(self) -> None:
        """Look at the beginning of what has come.

        Raises:
            UnsafeArchiveError: it is no ZIP.
        """
        with self.path.open("rb") as file:
            if file.read(4) not in _MAGIC:
                msg = "the file is no ZIP"
                raise UnsafeArchiveError(msg, remedy="pack the study with ordinary ZIP")


def check_room(folder: Path, reserve: int, needed: int = 0) -> None:
    """See that the disk has room.

    Raises:
        DiskLowError: with ``needed`` bytes more, less than ``reserve`` would be free.
    """
    if shutil.disk_usage(folder).free - needed < reserve:
        msg = "the disk is nearly full; nothing more is received"
        raise DiskLowError(msg, remedy="make room on the disk, then try again")


def reserve_bytes(settings: Settings) -> int:
    """Bytes of the disk that have to remain free."""
    return int(settings.disk_reserve_gb * 1e9)


def largest_upload(settings: Settings) -> int:
    """Bytes of the largest ZIP taken."""
    return int(settings.max_upload_gb * 1e9)


def archive_limits(settings: Settings) -> ArchiveLimits:
    """How much an uploaded ZIP may hold."""
    return ArchiveLimits(
        members=settings.max_upload_files,
        total_bytes=_UNPACKED_TO_PACKED * largest_upload(settings),
        member_bytes=int(settings.max_object_gb * 1e9),
        reserve_bytes=reserve_bytes(settings),
    )


@contextmanager
def upload_folder(folders: DataFolders) -> Iterator[Path]:
    """A folder for one upload; it goes, with all that is still in it, when the block ends.

    Raises:
        OSError: it cannot be made.
    """
    folder, lock = _locked_folder(folders)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked_folder(folders: DataFolders) -> tuple[Path, int]:
    """A fresh folder, and the descriptor whose lock says that somebody receives into it."""
    while True:
        folder = folders.uploads / secrets.token_hex(12)
        folder.mkdir(mode=0o750)
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder, lock
        os.close(lock)  # a starting service took it for abandoned before it was locked


def unpack(archive: Path, origin: Origin, limits: ArchiveLimits) -> Path:
    """Unpack a ZIP into a batch beside it, durable and closed; the ZIP is removed.

    Returns:
        The batch's folder.

    Raises:
        UnsafeArchiveError: the ZIP is refused.
        DiskLowError: it unpacks to more than the disk has room for.
        OSError: the disk is full, or cannot be written.
    """
    batch = open_batch(archive.parent, origin)
    for number, path in enumerate(extract_zip(archive, batch.folder, limits), start=1):
        whole = batch.part(number).with_suffix(WHOLE)
        path.rename(whole)
        descriptor = os.open(whole, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    batch.end("released")
    sync_folder(batch.folder)
    archive.unlink()
    return batch.folder


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of an upload.

    Attributes:
        studies: what it held, each once.
        recorded: what became of its files.
    """

    studies: tuple[TouchedStudy, ...]
    recorded: Recorded


def take_in(
    settings: Settings,
    database: Database,
    folders: DataFolders,
    archive: Path,
    origin: Origin,
    *,
    now: Callable[[], datetime],
) -> TakenIn:
    """Make studies of a ZIP that has come whole: unpack, record, declare complete.

    Args:
        settings: the configuration.
        database: the database.
        folders: the data folder.
        archive: the ZIP, in its upload folder; removed.
        origin: who sent it.
        now: the clock.

    Raises:
        UnsafeArchiveError: the ZIP is refused.
        NoDicomError: no usable image was in it; damaged ones are in quarantine.
        StateConflictError: its study is being deleted, or its results name somebody else and cannot
            be taken away; the images wait in the spool.
        DiskLowError: the disk has no room for it.
        OSError: the disk is full or fails.
        sqlalchemy.exc.SQLAlchemyError: the database is away; the images are safe in the spool, and
            the listener's recorder takes them from there.
    """
    batch = unpack(archive, origin, archive_limits(settings))
    spooled = folders.spool / batch.name
    batch.rename(spooled)  # from here on it is received
    sync_folder(folders.spool)
    recorded = record_batch(database, folders, spooled, now)
    if not recorded.studies and has_files(spooled):
        msg = (
            "the study is being deleted, or its case folder cannot be written; "
            "the images are safe, and recorded when that is over"
        )
        raise StateConflictError(msg)
    if not recorded.studies:
        msg = "the ZIP holds no usable DICOM image"
        raise NoDicomError(msg, remedy="damaged ones are in quarantine, each with its reason")
    complete_studies(database, settings, folders, [one.id for one in recorded.studies], now())
    return TakenIn(recorded.studies, recorded)


def clean_uploads(folders: DataFolders) -> int:
    """Remove what uploads of dead processes left behind; how many."""
    cleaned = 0
    for folder in folders.uploads.iterdir() if folders.uploads.is_dir() else ():
        if not folder.is_dir():
            continue
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            cleaned += 1
        except BlockingIOError:
            continue  # somebody receives it right now
        finally:
            os.close(lock)
    return cleaned
