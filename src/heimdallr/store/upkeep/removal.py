"""Removes files for good; what a kill interrupts is finished by the next call.

What goes is first given a name nobody reads, in one rename. Only then is it taken apart; what a
killed process left there, the next one takes apart.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from heimdallr.domain.errors import StorageError
from heimdallr.files import sync_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from heimdallr.store.layout import DataFolders

ASIDE = ".removing"
"""Folder, in each of the data folder's own, of what is about to be gone."""

_ATTEMPTS = 10


def set_aside(path: Path, root: Path, owner: str = "") -> bool:
    """Take a file or folder out of everybody's sight; whether it was there.

    Args:
        path: what is to go; nobody else takes it away or makes it anew meanwhile.
        root: the folder of the data folder it is in.
        owner: what :func:`clear_aside` may be asked for.

    Raises:
        StorageError: the folder cannot be written.
    """
    aside = root / ASIDE
    try:
        for _ in range(_ATTEMPTS):
            if not os.path.lexists(path):
                return False
            with suppress(FileNotFoundError):  # somebody has just cleared what was aside
                aside.mkdir(mode=0o700, exist_ok=True)
                path.rename(aside / f"{owner}.{secrets.token_hex(8)}")
                sync_folder(path.parent)
                return True
    except OSError as error:
        raise _not_removed(root, error.strerror) from None
    raise _not_removed(root, "it is cleared as fast as it is made")


def matching(root: Path, folder: Path, pattern: re.Pattern[str]) -> list[tuple[Path, Path]]:
    """What in a folder has such a name, each after its root.

    Raises:
        StorageError: the folder cannot be read.
    """
    try:
        return [(root, path) for path in folder.iterdir() if pattern.fullmatch(path.name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        msg = f"the folder {folder} cannot be read: {error.strerror}"
        raise StorageError(msg, remedy="check the rights of the data folder") from None


def made_to_send(folders: DataFolders, study_id: int) -> list[tuple[Path, Path]]:
    """What was made of a study's results for other systems; as :func:`matching`."""
    name = re.compile(rf"study-{study_id}-d\d+-\w+")
    return matching(folders.outbox, folders.outbox, name)


def clear_aside(folders: Sequence[Path], owner: str | None = None) -> None:
    """Take apart what was set aside in these folders; all of it, or what is one owner's.

    Raises:
        StorageError: something cannot be removed; the rest is gone.
    """
    failures = [
        error
        for folder in folders
        for path in _aside(folder, owner)
        if (error := _failure(path, folder))
    ]
    for folder in folders:
        with suppress(OSError):  # something else is in it
            (folder / ASIDE).rmdir()
    if failures:
        raise failures[0]


def remove(path: Path) -> None:
    """Remove a file or a folder with all it holds, also while somebody else does.

    For names that are never used again: what somebody made anew meanwhile would go as well.

    Raises:
        StorageError: it cannot be removed.
    """
    if error := _failure(path, None):
        raise error


def _aside(folder: Path, owner: str | None) -> list[Path]:
    try:
        entries = list((folder / ASIDE).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _not_removed(folder, error.strerror) from None
    return [path for path in entries if owner is None or path.name.startswith(f"{owner}.")]


def _failure(path: Path, root: Path | None) -> StorageError | None:
    """Take apart what is in ``root``; why that was not possible, if so."""
    try:
        _take_apart(path)
    except OSError as error:
        return _not_removed(root, error.strerror)
    return None


def _take_apart(path: Path) -> None:
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):
            if path.is_symlink() or not path.is_dir():
                path.unlink()
            else:
                shutil.rmtree(path)
        if not os.path.lexists(path):
            break
    else:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
    with suppress(FileNotFoundError):
        sync_folder(path.parent)


def size_of(path: Path) -> int:
    """Bytes of the files in a folder, or of a file; 0 where there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            return status.st_size
        return sum(size_of(entry) for entry in path.iterdir())
    return 0


def _not_removed(root: Path | None, why: str | None) -> StorageError:
    """The error; what is in ``root`` is not named, for it may be called like a patient."""
    return StorageError(
        f"files in {root or 'the data folder'} cannot be removed: {why}",
        remedy="check the rights of the data folder; it is tried again every hour",
    )
