"""Disks of a few megabytes that can be filled, emptied and made read-only."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class SmallDisk:
    """A file system in memory."""

    folder: Path

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.folder / "filler").open("ab", buffering=0) as file, suppress(OSError):
            for size in (2**16, 2**9, 1):
                with suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass

    def make_room(self) -> None:
        """Take back what filled it."""
        (self.folder / "filler").unlink()

    def make_read_only(self) -> None:
        """As a kernel does that has met an error."""
        self._mount("-o", "remount,ro", "none")

    def make_writable(self) -> None:
        """As it was."""
        self._mount("-o", "remount,rw", "none")

    def _mount(self, *arguments: str) -> None:
        subprocess.run([_program("mount"), *arguments, str(self.folder)], check=True)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[SmallDisk]:
    """Mount a disk of ``size`` (``8m``) over a folder; the test skips where that may not be done.

    Whatever still uses the disk when the block ends keeps it until then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    what = ["-t", "tmpfs", "-o", f"size={size},mode=0750", "tmpfs", str(folder)]
    if subprocess.run([_program("mount"), *what], check=False, capture_output=True).returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run([_program("umount"), "-l", str(folder)], check=True)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found
