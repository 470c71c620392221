"""Archives among the files that were handed in: a disc's viewer, or a study packed once more.

A patient CD carries the Java archives of its viewer and office documents, all of them ZIPs: they
are passed over. A study that was packed before it was packed again is another matter: to pass it
over would measure what is left as if it were all. So an inner archive is looked into, as far as
the first bytes of its members.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from heimdallr.preparation.first_bytes import HEAD_BYTES, archive_kind, is_dicom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOST_MEMBERS = 2000
MOST_BYTES = 64 * 2**20
"""How far an inner archive is looked into: members, and bytes of a stream without a directory."""

_STREAMS: dict[str, Callable[[Path], io.BufferedIOBase]] = {
    "gzip": gzip.GzipFile,
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError,
    RuntimeError, NotImplementedError, ValueError, OverflowError, struct.error,
)  # fmt: skip
"""What reading an archive that is cut, damaged or encrypted raises."""


def may_hold_images(path: Path, kind: str) -> bool:
    """Whether an archive holds DICOM files, or cannot be looked into (7z, RAR).

    One that is damaged or encrypted holds nothing that could be taken.

    Args:
        path: the archive.
        kind: as :func:`~heimdallr.preparation.first_bytes.archive_kind` tells it.
    """
    if kind in ("7z", "RAR"):
        return True
    try:
        return any(map(is_dicom, _heads(path, kind)))
    except _DAMAGED:
        return False


def holds_images(path: Path) -> bool:
    """Whether a file is an archive, and :func:`may_hold_images` says so of it."""
    with path.open("rb") as file:
        kind = archive_kind(file.read(HEAD_BYTES))
    return bool(kind) and may_hold_images(path, kind)


def zip_entries(file: IO[bytes]) -> int | None:
    """How many entries the directory of a ZIP has room for, without reading it.

    The end record (APPNOTE 4.3.16) says how large the directory is; each entry takes 46 bytes at
    least. Reading the directory is what :class:`zipfile.ZipFile` does first.

    Returns:
        ``None`` where there is no end record: the file is no ZIP, or cut.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 2**16 - 22, 0))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:  # noqa: PLR2004 - the record's fixed part
        return None
    directory_bytes = min(struct.unpack("<L", tail[end + 12 : end + 16])[0], size)
    wide = tail.rfind(b"PK\x06\x06", 0, end)  # ZIP64 end record (4.3.14)
    if wide >= 0 and end - wide >= 56:  # noqa: PLR2004 - its fixed part
        directory_bytes = max(
            directory_bytes, min(struct.unpack("<Q", tail[wide + 40 : wide + 48])[0], size)
        )
    return int(directory_bytes // 46)


def _heads(path: Path, kind: str) -> Iterator[bytes]:
    """The first bytes of an archive's members."""
    if kind == "ZIP":
        yield from _heads_of_zip(path)
    elif kind == "tar":
        with path.open("rb") as file:
            yield from _heads_of_tar(file)
    else:
        with _STREAMS[kind](path) as file:
            head = file.read(HEAD_BYTES)
            yield head
            if archive_kind(head) == "tar":
                file.seek(0)
                yield from _heads_of_tar(file)


def _heads_of_zip(path: Path) -> Iterator[bytes]:
    with path.open("rb") as packed:
        entries = zip_entries(packed)
        if entries is None or entries > 4 * 100_000:  # no room in memory for the names of more
            return
        with zipfile.ZipFile(packed) as archive:
            for member in archive.infolist()[:MOST_MEMBERS]:
                if not member.is_dir():
                    with archive.open(member) as file:
                        yield file.read(HEAD_BYTES)


def _heads_of_tar(file: io.BufferedIOBase) -> Iterator[bytes]:
    with tarfile.open(fileobj=_Limited(file, MOST_BYTES), mode="r|") as archive:
        for member, _ in zip(archive, range(MOST_MEMBERS), strict=False):
            content = archive.extractfile(member) if member.isreg() else None
            if content is not None:
                yield content.read(HEAD_BYTES)


class _Limited(io.RawIOBase):
    """A stream that ends after so many bytes."""

    def __init__(self, file: io.BufferedIOBase, most: int) -> None:
        self._file, self._left = file, most

    def read(self, size: int = -1) -> bytes:
        """As a file does, within what is left."""
        wanted = self._left if size < 0 else min(size, self._left)
        self._left -= wanted
        return self._file.read(wanted)
