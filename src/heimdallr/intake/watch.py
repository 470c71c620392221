"""The watch folder: what somebody puts there is copied into the spool once it has stopped growing.

A ZIP or a folder is taken as a whole; of loose files each one that has stopped growing is, together
with the others that have, whatever still comes or cannot be read beside them.

Nothing in the folder is ever changed or removed. What was taken is remembered by the digest of
its name, sizes and times, so a restart does not take it again; taken twice all the same, it
changes nothing, because its images are known.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import stat
from dataclasses import dataclass
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
    from collections.abc import Callable, Iterator
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
    """A file of a find cannot be read."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"a file in it cannot be read: {error.strerror}")


@dataclass(frozen=True, slots=True)
class Find:
    """Something in the watch folder: a ZIP, a study folder, or a loose file beside them.

    Attributes:
        name: tells it from the others; never written anywhere. A loose file has none.
        files: its regular files, sorted; links are passed over.
        signature: changes when a file is added, grows or is written to; what is remembered when it
            was taken.
        size_bytes: of all files.
    """

    name: str
    files: tuple[Path, ...]
    signature: str
    size_bytes: int

    @property
    def key(self) -> str:
        """Tells it from the others, loose files too."""
        return self.name or os.fspath(self.files[0])

    @property
    def is_loose(self) -> bool:
        """Whether it is taken together with others."""
        return not self.name

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
        new = [find for find in finds if find.signature not in self._taken]
        self._rule.forget({find.key for find in new})
        now = self._clock.monotonic()
        stable = [find for find in new if self._rule.is_stable(find.key, find.signature, now)]
        for find in stable:
            if not find.is_loose:
                self._take([find])
        if loose := [find for find in stable if find.is_loose]:
            self._take(loose, more_to_come=len(loose) < sum(find.is_loose for find in new))
        self._forget_gone({find.signature for find in finds})
        return LOOK_EVERY_S

    def _finds(self) -> Iterator[Find]:
        """What is there; a folder that cannot be read just now holds nothing."""
        for path, is_folder in _entries(self._folder):
            if is_folder:
                yield from _find(path.name, _files_below(path))
            else:
                yield from _find(path.name if path.suffix.lower() == ".zip" else "", [path])

    def _take(self, finds: list[Find], *, more_to_come: bool = False) -> None:
        """Make a batch of a find, or of loose files.

        Args:
            finds: a ZIP or a folder; or loose files, of which those that cannot be read stay.
            more_to_come: others are still being written: their studies may not be whole, and are
                complete when nothing more comes.
        """
        reserve = reserve_bytes(self._settings)
        taken = finds
        try:
            with upload_folder(self._folders) as work:
                check_room(work, reserve, sum(find.size_bytes for find in finds))
                batch, taken = self._copied(finds, work, "aborted" if more_to_come else "released")
                if not taken:
                    return
                batch.rename(self._folders.spool / batch.name)
                sync_folder(self._folders.spool)
        except DiskLowError:
            if not self._is_low:
                _log.warning("the watch folder waits: the disk is nearly full")
            self._is_low = True
            return
        except UnsafeArchiveError as refusal:
            self._refuse(finds, str(refusal))
        self._is_low = False
        self._taken |= {find.signature for find in taken}
        _write_memory(self._memory, self._taken)
        files = sum(len(find.files) for find in taken)
        size_bytes = sum(find.size_bytes for find in taken)
        _log.info("taken from the watch folder", files=files, bytes=size_bytes)

    def _copied(
        self, finds: list[Find], work: Path, ending: spool.Ending
    ) -> tuple[Path, list[Find]]:
        """A batch of copies, durable and closed, and the finds that are in it."""
        origin = spool.Origin(source="watch", began_at=self._clock.now(), pid=os.getpid())
        if finds[0].is_zip:
            archive = work / "find.zip"
            if not self._copy(finds, lambda: archive):
                return work, []
            return unpack(archive, origin, archive_limits(self._settings)), finds
        batch, numbers = spool.open_batch(work, origin), itertools.count(1)
        taken = self._copy(finds, lambda: batch.part(next(numbers)).with_suffix(spool.WHOLE))
        batch.end(ending)
        sync_folder(batch.folder)
        return batch.folder, taken

    def _copy(self, finds: list[Find], next_copy: Callable[[], Path]) -> list[Find]:
        """Copy finds; those that could be read, and did not change under our hands.

        The others are looked at again; those that cannot be read are said once.
        """
        taken, unreadable, reason = [], [], ""
        for find in finds:
            copies = [next_copy() for _ in find.files]
            try:
                for path in find.files[1:]:  # a large study is not copied in vain at every look
                    _open(path, self._folder).close()
                for path, copy in zip(find.files, copies, strict=True):
                    _copy_file(path, copy, self._folder)
                if [*_find(find.name, [*find.files])] == [find]:
                    taken.append(find)
                    continue
            except _UnreadableError as error:
                unreadable.append(find)
                reason = str(error)
            for copy in copies:
                copy.unlink(missing_ok=True)
        if unsaid := [find for find in unreadable if find.signature not in self._complained]:
            self._refuse(unsaid, reason)
            self._complained |= {find.signature for find in unsaid}
        return taken

    def _refuse(self, finds: list[Find], reason: str) -> None:
        """Say so without the name, which may be a patient's."""
        what = "a ZIP" if finds[0].is_zip else "a folder"
        if finds[0].is_loose:
            what = f"loose files ({len(finds)})"
        size_bytes = sum(find.size_bytes for find in finds)
        message = f"{what} of {size_bytes / 1e6:.1f} MB in the watch folder: {reason}"
        with self._database.write() as session:
            note(session, None, "watch_refused", message, self._clock.now())
        _log.warning("refused from the watch folder", bytes=size_bytes, reason=reason)

    def _forget_gone(self, present: set[str]) -> None:
        """Forget what is no longer there, unless the whole folder is away just now."""
        if present and not self._taken <= present:
            self._taken &= present
            _write_memory(self._memory, self._taken)


def _entries(folder: Path) -> list[tuple[Path, bool]]:
    """Files and folders in a folder, sorted, and which it is; what is to be passed over left out.

    Those are hidden and unfinished ones, and links.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(
                (folder / one.name, one.is_dir(follow_symlinks=False))
                for one in entries
                if not one.name.startswith(".")
                and not one.name.lower().endswith(_UNFINISHED)
                and (one.is_file(follow_symlinks=False) or one.is_dir(follow_symlinks=False))
            )
    except OSError:
        return []


def _files_below(folder: Path) -> list[Path]:
    files = []
    for path, is_folder in _entries(folder):
        files.extend(_files_below(path) if is_folder else [path])
    return files


def _find(name: str, files: list[Path]) -> Iterator[Find]:
    """A find, unless it is empty or vanishes while it is looked at."""
    try:
        sizes = sum(_look(path)[1] for path in files)
        signature = _signature(name, tuple(files))
    except OSError:
        return
    if files:
        yield Find(name, tuple(files), signature, sizes)


def _look(path: Path) -> tuple[int, int, int]:
    """Kind, size and time of a file; nothing of one whose folder may be listed, but not entered.

    That is said when it is to be read.
    """
    try:
        status = path.lstat()
    except PermissionError:
        return 0, 0, 0
    return stat.S_IFMT(status.st_mode), status.st_size, status.st_mtime_ns


def _open(path: Path, folder: Path) -> IO[bytes]:
    """Open what was a regular file when it was found, if it still is one and no link leads there.

    Raises:
        _UnreadableError: it cannot be opened.
    """
    try:
        return open_regular(path, below=folder)
    except OSError as error:
        raise _UnreadableError(error) from error


def _copy_file(path: Path, copy: Path, folder: Path) -> None:
    """Copy what :func:`_open` opens.

    Raises:
        _UnreadableError: it cannot be opened or read.
        OSError: the copy cannot be written.
    """
    with _open(path, folder) as source, whole_file(copy) as target:
        while chunk := _next_chunk(source):
            target.write(chunk)


def _next_chunk(source: IO[bytes]) -> bytes:
    try:
        return source.read(_CHUNK)
    except OSError as error:
        raise _UnreadableError(error) from error


def _signature(name: str, files: tuple[Path, ...]) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape"))
    for path in files:
        kind, size, modified_ns = _look(path)
        line = f"{os.fspath(path)}\0{kind}\0{size}\0{modified_ns}\n"
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
