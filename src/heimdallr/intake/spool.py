"""The spool: what was received and is safe on the disk, before the database knows of it.

::

    incoming/.spool/<batch>/
        batch.json          who sent it, and how (:class:`Origin`)
        00000001.part       being written
        00000001.dcm        whole and durable: its sender may be told so
        released | aborted  empty; how the association, or the upload, ended

A batch is one association, one upload or one find of the watch folder. Whoever receives writes
here and nowhere else; so receiving goes on when the database is away, and a restart finds
everything again. :mod:`heimdallr.intake.recorder` takes the files from here.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from heimdallr.publishing.files import sync_folder, whole_file

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN_FILE = "batch.json"
PART, WHOLE = ".part", ".dcm"
Ending = Literal["released", "aborted"]


class Origin(BaseModel):
    """Where a batch comes from.

    Attributes:
        calling_ae: of the association; empty for an upload.
        address: of the peer, without port.
        label: the client's own name of an upload, for its answer; never a path.
        pid: process that writes the batch; when it is gone, so is the association.
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


def is_over(folder: Path, origin: Origin) -> bool:
    """Whether nothing more will come: it says so, or the process that wrote it is gone."""
    if any((folder / ending).exists() for ending in ("released", "aborted")):
        return True
    try:
        os.kill(origin.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
