"""The watch folder: what somebody puts there is copied into the spool once it has stopped growing.

Nothing in the folder is ever changed or removed. What was taken is remembered by the digest of
its name, sizes and times, so a restart does not take it again; taken twice all the same, it
changes nothing, because its images are known.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

import structlog

from heimdallr.domain.errors import DiskLowError, UnsafeArchiveError
from heimdallr.files import open_regular, sync_folder, whole_file
from heimdallr.intake import spool
from heimdallr.intake.uploads import (
    archive_limits,
    check_room,
    reserve_bytes,
    unpack,
    upload_folder,
)
from heimdallr.store.work.states import note

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.config import Settings
    from heimdallr.intake.completion_rule import Clock
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

LOOKS, QUIET_S = 3, 5.0
"""A find is whole when it looks the same so many times running, over so many seconds."""

LOOK_EVERY_S = 2.0
MEMORY = "watch.json"
"""File of the state folder with the digests of what was taken."""

_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", "~")
_CHUNK = 2**20
_log = structlog.get_logger()


class _UnreadableError(Exception):
    """A file of a find may not be read."""


@dataclass(frozen=True, slots=True)
class Find:
    """Something in the watch folder: a ZIP, a study folder, or the loose files beside them.

    Attributes:
        name: tells it from the others; never written anywhere.
        files: its regular files, sorted; links are passed over.
        signature: changes when a file is added, grows or is written to.
        size_bytes: of all files.
        marks: what is remembered when it was taken: of loose files each one's own signature.
    """

    name: str
    files: tuple[Path, ...]
    signature: str
    size_bytes: int
    marks: frozenset[str]

    @property
    def is_zip(self) -> bool:
        """Whether it is to be unpacked."""
        return len(self.files) == 1 and self.files[0].suffix.lower() == ".zip"


class StabilityRule:
    """Says when a find has stopped growing.

    Args:
        looks: how often it must look the same, one after the other.
        quiet_s: over how many seconds at least.
    """

    def __init__(self, looks: int = LOOKS, quiet_s: float = QUIET_S) -> None:
        self._looks, self._quiet_s = looks, quiet_s
        self._seen: dict[str, tuple[str, int, float]] = {}

    def is_stable(self, name: str, signature: str, monotonic: float) -> bool:
        """Look at a find once more.

        Args:
            name: which one.
            signature: how it looks now.
            monotonic: time in seconds that never runs back.
        """
        before, count, since = self._seen.get(name, ("", 0, monotonic))
        if signature != before:
            count, since = 0, monotonic
        self._seen[name] = (signature, count + 1, since)
        return count + 1 >= self._looks and monotonic - since >= self._quiet_s

    def forget(self, names: set[str]) -> None:
        """Remember only these; the others are gone."""
        self._seen = {name: seen for name, seen in self._seen.items() if name in names}


class WatchFolder:
    """Takes what is put into a folder.

    Args:
        folder: the folder; it need not exist all the time.
        database: for the events that say what was refused.
        folders: the data folder.
        settings: limits.
        clock: tells the time.
    """

    def __init__(
        self, folder: Path, database: Database, folders: DataFolders, settings: Settings,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._folder, self._database, self._folders = folder, database, folders
        self._settings, self._clock = settings, clock
        self._rule = StabilityRule()
        self._memory = folders.state / MEMORY
        self._taken = _read_memory(self._memory)
        self._is_low = False
        self._complained: set[str] = set()

    def step(self) -> float:
        """Look once, and take what is whole; seconds until the next look.

        Raises:
            OSError: the data folder cannot be written.
            sqlalchemy.exc.SQLAlchemyError: the database is away.
        """
        finds = list(self._finds())
        self._rule.forget({find.name for find in finds})
        for find in finds:
            if find.marks <= self._taken:
                continue
            if self._rule.is_stable(find.name, find.signature, self._clock.monotonic()):
                self._take(find)
        self._forget_gone({mark for find in finds for mark in find.marks})
        return LOOK_EVERY_S

    def _finds(self) -> Iterator[Find]:
        """What is there; a folder that cannot be read just now holds nothing."""
        loose: list[Path] = []
        for path in _entries(self._folder):
            if path.is_dir():
                yield from _find(path.name, _files_below(path))
            elif path.suffix.lower() == ".zip":
                yield from _find(path.name, [path])
            else:
                loose.append(path)
        yield from self._loose(loose)

    def _loose(self, files: list[Path]) -> Iterator[Find]:
        """The loose files: those not taken yet as one find, and those taken as another."""
        marks = {path: mark for path in files for mark in _marks(path)}
        new = [path for path in files if marks.get(path) not in self._taken]
        for name, some in (("/new", new), ("/taken", [one for one in files if one not in new])):
            for find in _find(name, some):
                yield replace(find, marks=frozenset(marks[one] for one in some if one in marks))

    def _take(self, find: Find) -> None:
        origin = spool.Origin(source="watch", began_at=self._clock.now(), pid=os.getpid())
        reserve = reserve_bytes(self._settings)
        try:
            with upload_folder(self._folders) as work:
                check_room(work, reserve, find.size_bytes)
                batch = self._copy(find, work, origin)
                if _signature(find.name, find.files) != find.signature:
                    return  # it changed under our hands; it is looked at again
                batch.rename(self._folders.spool / batch.name)
                sync_folder(self._folders.spool)
        except DiskLowError:
            if not self._is_low:
                _log.warning("the watch folder waits: the disk is nearly full")
            self._is_low = True
            return
        except _UnreadableError as error:
            if find.signature not in self._complained:
                self._refuse(find, str(error))
                self._complained.add(find.signature)
            return
        except UnsafeArchiveError as refusal:
            self._refuse(find, str(refusal))
        self._is_low = False
        self._taken |= find.marks
        _write_memory(self._memory, self._taken)
        _log.info("taken from the watch folder", files=len(find.files), bytes=find.size_bytes)

    def _copy(self, find: Find, work: Path, origin: spool.Origin) -> Path:
        """Make a batch of copies, durable and closed."""
        if find.is_zip:
            archive = work / "find.zip"
            with _opened(find.files[0], self._folder) as source, archive.open("wb") as copy:
                shutil.copyfileobj(source, copy, _CHUNK)
            return unpack(archive, origin, archive_limits(self._settings))
        batch = spool.open_batch(work, origin)
        for number, path in enumerate(find.files, start=1):
            whole = batch.part(number).with_suffix(spool.WHOLE)
            with _opened(path, self._folder) as source, whole_file(whole) as copy:
                shutil.copyfileobj(source, copy, _CHUNK)
        batch.end("released")
        sync_folder(batch.folder)
        return batch.folder

    def _refuse(self, find: Find, reason: str) -> None:
        """Say so without the name, which may be a patient's."""
        what = "a ZIP" if find.is_zip else "a folder"
        message = f"{what} of {find.size_bytes / 1e6:.1f} MB in the watch folder: {reason}"
        with self._database.write() as session:
            note(session, None, "watch_refused", message, self._clock.now())
        _log.warning("refused from the watch folder", bytes=find.size_bytes, reason=reason)

    def _forget_gone(self, present: set[str]) -> None:
        """Forget what is no longer there, unless the whole folder is away just now."""
        if present and not self._taken <= present:
            self._taken &= present
            _write_memory(self._memory, self._taken)


def _entries(folder: Path) -> list[Path]:
    """Files and folders in a folder, sorted; hidden and unfinished ones and links left out."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                folder / one.name
                for one in entries
                if not one.name.startswith(".")
                and not one.name.lower().endswith(_UNFINISHED)
                and (one.is_file(follow_symlinks=False) or one.is_dir(follow_symlinks=False))
            )
    except OSError:
        return []


def _files_below(folder: Path) -> list[Path]:
    files = []
    for path in _entries(folder):
        files.extend(_files_below(path) if path.is_dir() else [path])
    return files


def _find(name: str, files: list[Path]) -> Iterator[Find]:
    """A find, unless it is empty or vanishes while it is looked at."""
    try:
        sizes = sum(path.lstat().st_size for path in files)
        signature = _signature(name, tuple(files))
    except OSError:
        return
    if files:
        yield Find(name, tuple(files), signature, sizes, frozenset({signature}))


def _marks(path: Path) -> Iterator[str]:
    """A loose file's own signature, while it is there."""
    with suppress(OSError):
        yield _signature("", (path,))


def _opened(path: Path, folder: Path) -> IO[bytes]:
    """What was a regular file when it was found, if it still is one and no link leads there."""
    try:
        return open_regular(path, below=folder)
    except OSError as error:
        msg = f"a file in it cannot be read: {error.strerror}"
        raise _UnreadableError(msg) from error


def _signature(name: str, files: tuple[Path, ...]) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape"))
    for path in files:
        status = path.lstat()
        kind = stat.S_IFMT(status.st_mode)
        line = f"{os.fspath(path)}\0{kind}\0{status.st_size}\0{status.st_mtime_ns}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _read_memory(path: Path) -> set[str]:
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return set()
    return {one for one in known if isinstance(one, str)} if isinstance(known, list) else set()


def _write_memory(path: Path, taken: set[str]) -> None:
    with whole_file(path) as file:
        file.write(json.dumps(sorted(taken)).encode())
