"""The case folder as a whole: it appears complete, or stays as it was.

A folder is built beside its place under a name that nobody reads (``.<case>.partial-…``) and then
takes its place in one rename. Where an older folder of the case exists, Linux exchanges the two
names in one step (``renameat2``), so that a reader never sees neither. On file systems without
that call the older folder steps aside first (``.<case>.replaced-…``); a crash between the two
renames is undone by :func:`clean_leftovers`.

A folder under construction is held by a lock (``flock``) that ends with its process, however that
ends; so what a killed process left behind can be told from what is still being written.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from heimdallr.domain.errors import PublishingError
from heimdallr.files import exchange, fresh_folder, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CASE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")
LEFTOVER = re.compile(rf"\.(?P<case>{CASE_ID.pattern})\.(?P<kind>partial|replaced)-\w+")

STALE_AFTER_S = 24 * 3600.0
"""Where the file system knows no locks, a folder untouched for a day is taken for abandoned."""

_ATTEMPTS = 20


@contextmanager
def case_folder(
    output: Path, case_id: str, *, last_word: Callable[[], None] = lambda: None
) -> Iterator[Path]:
    """Build the folder of a case; it takes its place when the block ends without an error.

    Args:
        output: folder of all cases, created when absent.
        case_id: name of the case's folder.
        last_word: called when everything is on the disk and only the rename is left; when it
            raises, an older folder is untouched.

    Yields:
        An empty folder to fill. An older folder of the case stays untouched until the end.

    Raises:
        PublishingError: the case ID is no folder name, or the file system refuses.
    """
    if not CASE_ID.fullmatch(case_id):
        msg = "a case ID holds letters, digits, underscores and hyphens only"
        raise PublishingError(msg)
    try:
        output.mkdir(parents=True, exist_ok=True)
        clean_leftovers(output, case_id)
        partial, lock = _new_partial(output, case_id)
    except OSError as error:
        msg = f"the case folder cannot be begun: {error.strerror}"
        raise PublishingError(msg, remedy="check the output folder's rights and space") from error
    try:
        yield partial
        _sync_tree(partial)
        last_word()
        _take_place(partial, output / case_id)
        sync_folder(output)
    except OSError as error:
        msg = f"the case folder could not be written: {error.strerror}"
        raise PublishingError(msg, remedy="check the output folder's rights and space") from error
    finally:
        # Before the exchange this is the unfinished folder, after it the one that was replaced.
        shutil.rmtree(partial, ignore_errors=True)
        os.close(lock)


def clean_leftovers(output: Path, case_id: str | None = None) -> int:
    """Remove what killed processes left behind, of one case or of all.

    An older folder that had stepped aside for one that never came takes its place again.

    Returns:
        How many folders were removed or put back.
    """
    cleaned = 0
    for path, case, kind in _leftovers(output):
        if (case_id is not None and case != case_id) or not _abandoned(path):
            continue
        if kind == "replaced" and not (output / case).exists():
            path.rename(output / case)
        else:
            shutil.rmtree(path, ignore_errors=True)
        cleaned += 1
    return cleaned


def _leftovers(output: Path) -> Iterator[tuple[Path, str, str]]:
    for path in sorted(output.iterdir()):
        if match := LEFTOVER.fullmatch(path.name):
            yield path, match["case"], match["kind"]


def _new_partial(output: Path, case_id: str) -> tuple[Path, int]:
    """A fresh folder, and the descriptor whose lock says that it is alive."""
    for _ in range(_ATTEMPTS):
        partial = fresh_folder(output, f".{case_id}.partial-")
        lock = os.open(partial, os.O_RDONLY)
        _lock(lock)
        if partial.exists():
            return partial, lock
        os.close(lock)  # someone cleaned it away before it was locked
    msg = "the case folder is removed as fast as it is made"
    raise PublishingError(msg, remedy="another process cleans the output folder; stop it")


def _lock(descriptor: int) -> bool | None:
    """Whether the folder is ours now; ``None`` where the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _abandoned(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False  # gone in the meantime, or no folder of ours
    try:
        locked = _lock(descriptor)
        if locked is None:
            return time.time() - os.fstat(descriptor).st_mtime > STALE_AFTER_S
        return locked
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    """Bring every file and folder below ``folder`` to the disk."""
    for parent, _, files in os.walk(folder):
        for name in files:
            descriptor = os.open(Path(parent) / name, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_folder(Path(parent))


def _take_place(partial: Path, final: Path) -> None:
    """Give ``partial`` the name ``final``; an older folder of that name ends as ``partial``."""
    for _ in range(_ATTEMPTS):
        if _took_place(partial, final):
            return
    msg = "the case folder is being written by several processes at once"
    raise PublishingError(msg, remedy="let one process handle a case at a time")


def _took_place(partial: Path, final: Path) -> bool:
    """False when another process published or removed the case between the look and the rename."""
    try:
        if not final.exists():
            partial.rename(final)
        elif not exchange(partial, final):
            _step_aside(partial, final)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST}:
            return False
        raise
    return True


def _step_aside(partial: Path, final: Path) -> None:
    """Replace in two renames, for file systems that cannot exchange."""
    aside = partial.with_name(partial.name.replace(".partial-", ".replaced-"))
    final.rename(aside)
    partial.rename(final)
    shutil.rmtree(aside, ignore_errors=True)
