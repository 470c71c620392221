"""A folder, or a share that is mounted as one: a file for each item, whole or not there.

Names say nothing of a patient: DICOM objects are named by their SOP instance UID, everything else
by its number in the outbox and its content. A folder that is not there is not made: under the mount
point of a share that is away, files would be lost to those who look for them.
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import shutil
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from heimdallr.delivery.sending import Answer, Check, Fate
from heimdallr.domain.statements import Statement
from heimdallr.files import WRITING_PREFIX, sync_folder, whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from heimdallr.delivery.destinations import Folder
    from heimdallr.delivery.sending import Item

_SUFFIXES = {
    "application/dicom": ".dcm",
    "application/fhir+json": ".fhir.json",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "x-application/hl7-v2+er7": ".hl7",
}
_PIECE = 1 << 20
_ABANDONED_S = 86400.0
"""A file begun so long ago is not being written any more, whatever the clock of the share says."""


class FolderSender:
    """Writes into one folder; see :class:`heimdallr.delivery.sending.Sender`.

    Args:
        folder: where to.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder.path

    def send(self, items: Sequence[Item]) -> Iterator[tuple[str, Answer]]:
        """Write items, most urgent first; key and answer of each, as soon as it is known."""
        self._drop_abandoned()
        for item in items:
            yield item.key, self._write(item)

    def test(self) -> Sequence[Check]:
        """Write a file and remove it again."""
        probe = self._folder / f"{WRITING_PREFIX}test-{os.getpid()}"
        if not self._folder.is_dir():
            return [Check("writable", ok=False, told=self._absent())]
        try:
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            return [Check("writable", ok=False, told=_cannot_write(error))]
        return [Check("writable", ok=True, told=Statement("folder_writable"))]

    def _write(self, item: Item) -> Answer:
        if not self._folder.is_dir():
            return Answer(Fate.LATER, self._absent())
        try:
            with item.path.open("rb") as source:
                return self._copied(source, item, self._folder / _name(item))
        except OSError:
            return Answer(Fate.LATER, Statement("own_file_unreadable"))

    def _copied(self, source: IO[bytes], item: Item, target: Path) -> Answer:
        try:
            if target.exists():
                # An identical file was written by an earlier try.
                if filecmp.cmp(item.path, target, shallow=False):
                    return Answer(Fate.SENT)
                return Answer(Fate.REFUSED, Statement("folder_has_another", {"file": target.name}))
            with whole_file(target) as stream:
                shutil.copyfileobj(source, stream, _PIECE)
            with suppress(OSError):  # some network file systems cannot, and need not
                sync_folder(self._folder)
        except OSError as error:
            return Answer(Fate.LATER, _cannot_write(error))
        return Answer(Fate.SENT)

    def _absent(self) -> Statement:
        return Statement("folder_absent", {"file": str(self._folder)})

    def _drop_abandoned(self) -> None:
        """Remove what earlier tries, killed in the middle, have left."""
        oldest = time.time() - _ABANDONED_S
        with suppress(OSError):
            for path in self._folder.glob(f"{WRITING_PREFIX}*"):
                if path.stat().st_mtime < oldest:
                    path.unlink()


def _name(item: Item) -> str:
    """Its name in the folder.

    Raises:
        OSError: the item's file cannot be read.
    """
    suffix = _SUFFIXES.get(item.media_type, "")
    if item.sop_instance_uid:
        return f"{item.sop_instance_uid}{suffix}"
    digest = hashlib.sha256(item.path.read_bytes()).hexdigest()
    return f"{item.key}-{digest[:12]}{suffix}"


def _cannot_write(error: OSError) -> Statement:
    name = os.strerror(error.errno) if error.errno else type(error).__name__
    return Statement("folder_not_writable", {"error": name})
