"""Taking files away for good, so that a kill at any instant leaves nothing half said.

What goes is first given a name nobody reads, in one rename. Only then is it taken apart; what a
killed process left there, the next one takes apart.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from heimdallr.domain.errors import StorageError
from heimdallr.publishing.files import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ASIDE = ".removing"
"""Folder, in each of the data folder's own, of what is about to be gone."""

_ATTEMPTS = 10


def set_aside(path: Path, root: Path) -> bool:
    """Take a file or folder out of everybody's sight; whether it was there.

    Args:
        path: what is to go.
        root: the folder of the data folder it is in.

    Raises:
        StorageError: the folder cannot be written.
    """
    try:
        aside = root / ASIDE
        aside.mkdir(mode=0o700, exist_ok=True)
        path.rename(aside / secrets.token_hex(8))
        sync_folder(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _not_removed(path, error) from error
    return True


def clear_aside(folders: Iterable[Path]) -> None:
    """Take apart whatever was set aside in these folders.

    Raises:
        StorageError: something cannot be removed.
    """
    for folder in folders:
        aside = folder / ASIDE
        if aside.is_dir():
            remove(aside)


def remove(path: Path) -> None:
    """Remove a file or a folder with all it holds, also while somebody else does.

    Raises:
        StorageError: it cannot be removed.
    """
    try:
        for _ in range(_ATTEMPTS):
            with suppress(FileNotFoundError):
                if path.is_symlink() or not path.is_dir():
                    path.unlink()
                else:
                    shutil.rmtree(path)
            if not os.path.lexists(path):
                break
        sync_folder(path.parent)
    except OSError as error:
        raise _not_removed(path, error) from error


def size_of(path: Path) -> int:
    """Bytes of the files in a folder, or of a file; 0 where there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            return status.st_size
        return sum(size_of(entry) for entry in path.iterdir())
    return 0


def _not_removed(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"files in {path.parent} cannot be removed: {error.strerror}",
        remedy="check the rights of the data folder; it is tried again every hour",
    )
