"""What another tool made of a study's label maps, handed in over HTTP."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from heimdallr.domain.errors import PublishingError
from heimdallr.intake.uploads import check_room, reserve_bytes, upload_folder
from heimdallr.preparation.folded_words import without_accents
from heimdallr.store.upkeep import correcting
from heimdallr.store.upkeep.case_builder import ReadProposal
from heimdallr.web.answers.corrections import correction_out, refusals, row_of
from heimdallr.web.http.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from heimdallr.web.answers.corrections import Hand
    from heimdallr.web.context import Context
    from heimdallr.web.schemas.corrections import CorrectionOut

LARGEST_BYTES = 2 * 2**30
"""Of all files of a proposal together: a segmentation of a hundred structures, not packed."""
MOST_FILES = 400
_LONGEST_NAME = 120
_LOOK_EVERY = 64 * 2**20
"""Bytes between two looks at the free space."""
_UNSAFE = re.compile(r"[^A-Za-z0-9 ._-]")


class IncomingFiles:
    """The files of a proposal while they arrive; each in a folder of its own, under its name.

    Args:
        folder: where they go.
        reserve: bytes of the disk that have to remain.
    """

    def __init__(self, folder: Path, reserve: int) -> None:
        self.paths: list[Path] = []
        self._folder, self._reserve = folder, reserve
        self._received = self._looked_at = 0
        self._file: IO[bytes] | None = None

    def begin(self, label: str) -> Callable[[bytes], None]:
        """The next file; a NIfTI file's name says which structure it is."""
        self.close()
        place = self._folder / f"{len(self.paths):04d}"
        place.mkdir()
        path = place / _file_name(label)
        self._file = path.open("xb")
        self.paths.append(path)
        return self._write

    def close(self) -> None:
        """Nothing more comes of the file in hand."""
        if self._file is not None:
            self._file.close()

    def _write(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > LARGEST_BYTES:
            raise Problem(413, f"a proposal holds {LARGEST_BYTES / 1e9:.0f} GB at most")
        if self._received - self._looked_at > _LOOK_EVERY:
            check_room(self._folder, self._reserve)
            self._looked_at = self._received
        if self._file is not None:
            self._file.write(data)


def _file_name(label: str) -> str:
    """A client's name of a file in a safe alphabet: accents dropped, other signs as ``_``."""
    plain = _UNSAFE.sub("_", without_accents(label))
    return plain[-_LONGEST_NAME:].lstrip(" .-") or "file"


@contextmanager
def incoming(context: Context) -> Iterator[IncomingFiles]:
    """Take files in; they are gone when the block ends."""
    reserve = reserve_bytes(context.settings)
    with upload_folder(context.folders) as folder:
        check_room(folder, reserve)
        files = IncomingFiles(folder, reserve)
        try:
            yield files
        finally:
            files.close()


def propose(hand: Hand, files: IncomingFiles, comment: str) -> CorrectionOut:
    """Keep what the files say as a proposal.

    Raises:
        Problem: 409 or 422, the study cannot be corrected or the files do not fit it.
    """
    hand.trace("proposal")
    context = hand.context
    with refusals():
        read = context.corrector.do(ReadProposal(hand.case(), tuple(files.paths))).proposal
        if read is None:
            msg = "the files were not read"
            raise PublishingError(msg)
        record = hand.record(
            kind="voxels",
            base=read.base,
            comment=comment,
            origin=read.origin,
            structures=list(read.structures),
        )
        number = correcting.propose(
            context.database,
            context.folders,
            hand.study_id,
            record,
            read.difference,
            read.notes,
            context.now(),
        )
    return correction_out(row_of(hand, number))
