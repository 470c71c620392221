"""The spool: what was received and is safe on the disk, before the database knows of it.

::

    incoming/.spool/<batch>/
        batch.json          who sent it, and how (:class:`Origin`)
        00000001.part       being written
        00000001.safe       whole, on its way to the disk
        00000001.dcm        whole and durable: its sender may be told so
        released | aborted  empty; how the association, or the upload, ended
        left                empty; whoever wrote an upload could not record it himself

A batch is one association, one upload or one find of the watch folder. Whoever receives writes
here and nowhere else; so receiving goes on when the database is away, and a restart finds
everything again. :mod:`heimdallr.intake.recorder` takes the files from here.
"""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from heimdallr.files import sync_folder, whole_file

ORIGIN_FILE = "batch.json"
PART, SAFE, WHOLE = ".part", ".safe", ".dcm"
LEFT = "left"
Ending = Literal["released", "aborted"]

STALE_S = 3 * 3600.0
"""A batch whose writer cannot be asked after is given up when nothing moved in it for so long."""


@dataclass(frozen=True, slots=True)
class _Process:
    """What tells a process from a later one with its number, as far as Linux says.

    Attributes:
        boot: of the machine.
        space: PID namespace; numbers of another container's mean nothing here.
        start: clock ticks from boot to the process's start.
    """

    boot: str
    space: str
    start: str


def _process(pid: int) -> _Process | None:
    """The running process of that number; ``None`` where there is none, or no ``/proc``."""
    here = Path("/proc")
    try:
        stat = (here / str(pid) / "stat").read_text("ascii", "replace")
        boot = (here / "sys/kernel/random/boot_id").read_text("ascii").strip()
        space = (here / "self/ns/pid").readlink().name
    except OSError:
        return None
    return _Process(boot, space, stat.rpartition(")")[2].split()[19])


@lru_cache(maxsize=1)
def _own_identity(pid: int) -> str:
    own = _process(pid)
    return f"{own.boot} {own.space} {own.start}" if own else ""


def process_identity() -> str:
    """What tells this process from every other one, before and after; empty without ``/proc``."""
    return _own_identity(os.getpid())


class Origin(BaseModel):
    """Where a batch comes from.

    Attributes:
        calling_ae: of the association; empty for an upload.
        address: of the peer, without port.
        label: the client's own name of an upload, for its answer; never a path.
        pid: process that writes the batch; when it is gone, so is the association.
        process: which process that is: its number may be given again.
        stat: its studies are urgent.
    """

    model_config = ConfigDict(frozen=True)
    source: Literal["dicom", "upload", "watch"]
    began_at: datetime
    calling_ae: str = ""
    called_ae: str = ""
    address: str = ""
    label: str = ""
    pid: int
    process: str = Field(default_factory=process_identity)
    stat: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of the spool, for whoever writes it."""

    folder: Path

    def part(self, number: int) -> Path:
        """Name of the ``number``-th file while it is being written."""
        return self.folder / f"{number:08d}{PART}"

    def keep(self, part: Path, *, sync: bool = True) -> Path:
        """Give a wholly written (and, with ``sync``, fsynced) file its lasting name."""
        whole = part.with_suffix(WHOLE)
        part.rename(whole)
        if sync:
            sync_folder(self.folder)
        return whole

    def keep_synced(self, part: Path, descriptor: int) -> Path:
        """Make a wholly written file durable and give it its lasting name, with one fsync.

        On ext4, XFS, btrfs and their like the fsync of a file brings the name it has along, so it
        gets one first that says "whole". The last renaming need not be durable: a ``.safe`` file
        that a dead process left behind is taken too (:func:`settle`), and one that was torn by a
        power failure was never promised. A second fsync, of the folder, costs more than the file's.

        Raises:
            OSError: it could not be brought to the disk; under which name it is now is open.
        """
        safe = part.with_suffix(SAFE)
        part.rename(safe)
        os.fsync(descriptor)
        whole = part.with_suffix(WHOLE)
        safe.rename(whole)
        return whole

    def end(self, ending: Ending) -> None:
        """Say that nothing more will come."""
        (self.folder / ending).touch()


def open_batch(spool: Path, origin: Origin) -> Batch:
    """Begin a batch; durable before the first file is.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    folder = spool / f"{origin.began_at:%Y%m%dT%H%M%S}-{secrets.token_hex(6)}"
    folder.mkdir(mode=0o750)
    with whole_file(folder / ORIGIN_FILE) as file:
        file.write(origin.model_dump_json().encode())
    sync_folder(folder)
    sync_folder(spool)
    return Batch(folder)


def read_origin(folder: Path) -> Origin | None:
    """Where a batch comes from; ``None`` while it is being begun, or when it is damaged."""
    try:
        return Origin.model_validate_json((folder / ORIGIN_FILE).read_bytes())
    except (OSError, ValueError):
        return None


def how_it_ended(folder: Path) -> Ending | None:
    """How a batch says that it ended; ``None`` when it does not say so."""
    if (folder / "released").exists():
        return "released"
    return "aborted" if (folder / "aborted").exists() else None


def settle(folder: Path) -> None:
    """Give the files that were whole when their writer died their lasting name.

    Args:
        folder: of a batch that is over.

    Raises:
        OSError: the folder cannot be written.
    """
    for safe in sorted(folder.glob(f"*{SAFE}")):
        safe.rename(safe.with_suffix(WHOLE))


def is_over(folder: Path, origin: Origin) -> bool:
    """Whether nothing more will come: it says so, or the process that wrote it is gone."""
    return how_it_ended(folder) is not None or not writer_lives(folder, origin)


def writer_lives(folder: Path, origin: Origin) -> bool:
    """Whether the process that writes a batch may still be there.

    A process of another container cannot be asked after: it counts as alive as long as something
    moves in the batch.
    """
    if not origin.process:
        return _answers(origin.pid)
    then = _Process(*origin.process.split())
    here = _process(os.getpid())
    if here is None or then.boot != here.boot:
        return False
    if then.space != here.space:
        return _moved_since(folder, time.time() - STALE_S)
    now = _process(origin.pid)
    return now is not None and now.start == then.start


def _answers(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _moved_since(folder: Path, moment: float) -> bool:
    try:
        times = [folder.stat().st_mtime, *(one.stat().st_mtime for one in os.scandir(folder))]
    except OSError:
        return True  # something is being renamed this very moment
    return max(times) > moment
