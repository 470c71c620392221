"""Faults of the machine, not of the case: a full disk, a folder that may not be written to.

So are an object store that cannot be reached, received images whose disk is not mounted, and a
converter that cannot be started.

Every case would fail of it, one after the other, and a person would have to retry each. So a case
waits where it is and says why; when there is room (or the right to write) again it goes on.
"""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.domain.errors import (
    ConverterMissingError,
    DiskLowError,
    ImagesAwayError,
    ObjectStoreError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.store.layout import DataFolders

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM}

FIRST_S, LONGEST_S = 1.0, 60.0
"""How long is waited at least before the first try, and before a late one; it doubles between."""

UNCHANGED_S = 300.0
"""How long is waited while a full disk stays full: trying may cost minutes of a network's work."""

_MORE, _MORE_BYTES = 1.1, 2**20
"""A disk has room again when this much more of it is free, in proportion and at least."""


@dataclass(frozen=True, slots=True)
class EnvironmentFault:
    """What a case has to wait for.

    Attributes:
        reason: what happened and what to do, for a person.
        full: whether there is no room.
        free_bytes: how much there was when the case had tidied up after itself.
    """

    reason: str
    full: bool
    free_bytes: int

    def is_worth_a_try(self, waited_s: float, tries: int, free_bytes: int) -> bool:
        """Whether a stage should be tried again.

        Args:
            waited_s: since it met the fault.
            tries: how often it has met one in a row, before this time.
            free_bytes: what is free now.
        """
        if waited_s < min(FIRST_S * 2.0**tries, LONGEST_S):
            return False
        grown = free_bytes > max(self.free_bytes * _MORE, self.free_bytes + _MORE_BYTES)
        return not self.full or grown or waited_s >= UNCHANGED_S


def environment_fault_in(error: BaseException, folders: DataFolders) -> EnvironmentFault | None:
    """The fault of the machine behind an error or its causes; ``None``: it is the case's own.

    A right that is missing is a fault of the machine only where it is missing for a whole folder:
    one file that cannot be read is the trouble of one case.
    """
    for one in _with_causes(error):
        if isinstance(one, DiskLowError) or (isinstance(one, OSError) and one.errno in _FULL):
            what = "no room is left on the disk of the data folder"
            return _fault(f"{what} — free space", folders, full=True)
        if isinstance(one, ObjectStoreError | ImagesAwayError | ConverterMissingError):
            return _fault(str(one), folders)
        if isinstance(one, OSError) and one.errno == errno.EROFS:
            what = "the disk of the data folder is read-only"
            return _fault(f"{what} — make it writable", folders)
        if isinstance(one, OSError) and one.errno in _FORBIDDEN:
            for folder in _written(folders):
                if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
                    what = f"the worker may not write to the folder {folder.name}/"
                    return _fault(f"{what} — give its user the right", folders)
    return None


def _fault(reason: str, folders: DataFolders, *, full: bool = False) -> EnvironmentFault:
    return EnvironmentFault(f"{reason}; the case then goes on by itself", full, free_bytes(folders))


def free_bytes(folders: DataFolders) -> int:
    """How much room there is where a case is worked on, and where it is published: the less."""
    return min(shutil.disk_usage(_existing(one)).free for one in _written(folders))


def _written(folders: DataFolders) -> tuple[Path, ...]:
    return folders.input, folders.output


def _existing(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.exists())


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
