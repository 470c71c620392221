"""Pack a folder as a ZIP while it is sent: never whole in memory or on the disk.

Only regular files are packed. A symbolic link is never followed, whether it stands for a file or
a folder: what lies outside the folder was not handed in. Members have generated names, because
the names of folders and files on a workstation are often the patient's.
"""

from __future__ import annotations

import os
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heimdallr.domain.errors import NoDicomError
from heimdallr.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 2**20
_MEMBER_OVERHEAD = 160
"""Bytes of headers per member, roughly; for the progress bar only."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class FolderContent:
    """What of a folder will be sent; of a file that was named alone, that file.

    Attributes:
        files: regular files, sorted.
        bytes: their size when the folder was looked at.
        passed_over: links, sockets, devices: not sent.
    """

    folder: Path
    files: tuple[Path, ...]
    bytes: int
    passed_over: int

    @property
    def below(self) -> Path | None:
        """The folder in which no link is followed; nothing where the file itself was named."""
        return self.folder if self.files != (self.folder,) else None

    @property
    def packed_bytes(self) -> int:
        """About how large the ZIP will be."""
        return self.bytes + _MEMBER_OVERHEAD * len(self.files)


def look_through(folder: Path) -> FolderContent:
    """Find the regular files below a folder, without following any link; or the one file named.

    Raises:
        NoDicomError: there is none.
        OSError: a folder below cannot be read; half a study must not pass for a whole one.
    """
    if not folder.is_dir():
        return FolderContent(folder, (folder,), folder.stat().st_size, 0)
    files: list[Path] = []
    size = passed_over = 0

    def refuse(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(folder, onerror=refuse, followlinks=False):
        passed_over += sum(Path(parent, name).is_symlink() for name in folders)
        for name in names:
            path = Path(parent, name)
            found = path.lstat()
            if stat.S_ISREG(found.st_mode):
                files.append(path)
                size += found.st_size
            else:
                passed_over += 1
    if not files:
        msg = "the folder holds no file"
        raise NoDicomError(msg, remedy="check the path; links are not followed")
    return FolderContent(folder, tuple(sorted(files)), size, passed_over)


class ZipStream:
    """Reads like a file; each read packs as much as it needs.

    Args:
        content: what to pack.
    """

    def __init__(self, content: FolderContent) -> None:
        self._out = _Sink()
        self._packing = self._pack(content)
        self._over = False

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the archive; none at its end.

        Raises:
            OSError: a file vanished, became a link or cannot be read.
        """
        while not self._over and (size < 0 or len(self._out.waiting) < size):
            self._over = next(self._packing, None) is None
        return self._out.take(size)

    def _pack(self, content: FolderContent) -> Iterator[int]:
        with zipfile.ZipFile(self._out, "w", zipfile.ZIP_STORED) as archive:
            for number, path in enumerate(content.files, 1):
                with open_regular(path, below=content.below) as source:
                    info = zipfile.ZipInfo(f"{number:08d}", _EPOCH)
                    info.file_size = os.fstat(source.fileno()).st_size
                    with archive.open(info, "w") as member:
                        while chunk := source.read(_CHUNK):
                            member.write(chunk)
                            yield len(chunk)
                yield 1
        yield 1


class _Sink:
    """Where the archive is written; it cannot be sought, so nothing is written twice."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def write(self, data: bytes) -> int:
        self.waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """End the archive; bytes that wait can still be read."""

    def take(self, size: int) -> bytes:
        taken = bytes(self.waiting[:size] if size >= 0 else self.waiting)
        del self.waiting[: len(taken)]
        return taken
