"""Files that appear whole or not at all, with the rights the umask gives; and reading with care.

Python's own temporary files are for their owner alone, whatever the umask; what becomes a lasting
file or folder is made here instead.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import secrets
import shutil
import stat
import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITING_PREFIX = ".writing-"
"""How the name of a file begins while it is being written."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
"""A pipe opened so does not wait for somebody to write into it."""

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes its name only when it is complete and on the disk.

    The bytes go to a neighbour of ``path``; when the block ends they are synchronised and the
    neighbour is renamed. When the block raises, the neighbour is removed and ``path`` is as before.
    """
    aside = path.with_name(f"{WRITING_PREFIX}{secrets.token_hex(8)}")
    descriptor = os.open(aside, _NEW, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def same_file(source: Path, target: Path) -> None:
    """The same file under a second name; a copy where the file system has no such thing.

    Raises:
        FileExistsError: there is one of that name.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def same_tree(source: Path, target: Path) -> None:
    """A folder whose files all are those of another one, see :func:`same_file`."""
    target.mkdir()
    for one in sorted(source.rglob("*")):
        other = target / one.relative_to(source)
        if one.is_dir():
            other.mkdir()
        else:
            same_file(one, other)


def fresh_folder(parent: Path, prefix: str) -> Path:
    """Make a folder of a new name in ``parent``, which exists."""
    while True:
        folder = parent / f"{prefix}{secrets.token_hex(4)}"
        with suppress(FileExistsError):
            folder.mkdir()
            return folder


def exchange(one: Path, other: Path) -> bool:
    """Swap the names of two files or folders in one step, so that no reader sees neither.

    Returns:
        False where the system or the file system cannot.

    Raises:
        OSError: one of them is not there, or may not be renamed.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    result = libc.renameat2(
        _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE
    )
    if result == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}:
        return False
    raise OSError(number, os.strerror(number))


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """Bring a folder's own entries (names, renames) to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def keep_others_out() -> None:
    """Write for this user and group only from here on; a stricter umask stays as it is."""
    os.umask(os.umask(0o077) | 0o027)


def open_regular(path: Path, *, below: Path | None = None) -> IO[bytes]:
    """Open a file that is a regular one at this very moment; never waits for a pipe.

    Args:
        path: the file; a link of this name is followed, for a person named it.
        below: a folder that a person named, and ``path`` was found in: no link on the way from
            there is followed, neither the file's own name nor that of a folder.

    Raises:
        OSError: it cannot be opened, or is a link, a pipe, a device or a folder.
    """
    descriptor = os.open(path, _READ) if below is None else _descend(below, path)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file")
    return os.fdopen(descriptor, "rb")


def _descend(root: Path, path: Path) -> int:
    """Open a file from folder to folder, so that none of them can be swapped for a link."""
    *folders, name = path.relative_to(root).parts
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            there = os.open(folder, flags, dir_fd=here)
            os.close(here)
            here = there
        return os.open(name, _READ | os.O_NOFOLLOW, dir_fd=here)
    finally:
        os.close(here)
