"""Opening what was handed in: a folder, a ZIP, one DICOM file or one NIfTI file.

A ZIP comes from outside and may be made to harm. Its members are written one after another under
generated names, so that no name inside it ever becomes a path; what is declared is checked before
anything is written, and what really comes out is counted while it does. An archive that tries to
climb out of its folder, holds another archive of images, is encrypted, damaged or swells beyond its
limits is refused as a whole: a study that is half there would be measured as if it were complete.
What a patient CD holds beside its images is written like them, and passed over by whoever reads it.
"""

from __future__ import annotations

import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PureWindowsPath
from typing import IO, TYPE_CHECKING

from heimdallr.domain.errors import DiskLowError, NoDicomError, UnsafeArchiveError
from heimdallr.files import open_regular
from heimdallr.preparation.first_bytes import HEAD_BYTES, archive_kind
from heimdallr.preparation.inner_archives import may_hold_images, zip_entries

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 2**20
_ENCRYPTED = 0x1
_NOT_DATA = ("__MACOSX/", ".DS_Store", "Thumbs.db")


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How much a ZIP may hold.

    Attributes:
        members: files and folders together.
        total_bytes: bytes of all members, unpacked.
        member_bytes: bytes of one member, unpacked.
        ratio: unpacked to packed bytes of the whole archive; deflate itself reaches 1,032.
        ratio_from_bytes: below this many unpacked bytes the ratio is of no matter.
        reserve_bytes: room on the disk that has to remain.
    """

    members: int = 100_000
    total_bytes: int = 40 * 2**30
    member_bytes: int = 8 * 2**30
    ratio: float = 200.0
    ratio_from_bytes: int = 512 * 2**20
    reserve_bytes: int = 0


class InputKind(str, Enum):
    """What an input is."""

    DICOM = "dicom"
    NIFTI = "nifti"


@dataclass(frozen=True, slots=True)
class OpenedInput:
    """The files of an input, readable where they lie.

    Attributes:
        kind: DICOM files to be scanned, or a single NIfTI volume.
        files: the files, sorted.
    """

    kind: InputKind
    files: tuple[Path, ...]


@contextmanager
def open_input(
    path: Path, work_dir: Path, limits: ArchiveLimits | None = None
) -> Iterator[OpenedInput]:
    """Open an input; what a ZIP unpacks to exists until the context ends.

    Args:
        path: folder, ZIP, DICOM file, or ``.nii`` / ``.nii.gz`` file.
        work_dir: where a ZIP is unpacked.
        limits: how much a ZIP may hold.

    Raises:
        UnsafeArchiveError: the ZIP is refused; nothing of it remains.
        NoDicomError: there is nothing at ``path``, or nothing in it.
    """
    if path.is_dir():
        yield OpenedInput(InputKind.DICOM, _files_below(path))
    elif not path.is_file():
        msg = "there is neither a file nor a folder at the given path"
        raise NoDicomError(msg, remedy="check the path")
    elif path.name.lower().endswith((".nii", ".nii.gz")):
        yield OpenedInput(InputKind.NIFTI, (path,))
    elif _is_zip(path):
        work_dir.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="unpacked-", dir=work_dir))
        try:
            yield OpenedInput(InputKind.DICOM, extract_zip(path, folder, limits))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    else:
        _refuse_other_archive(path)
        yield OpenedInput(InputKind.DICOM, (path,))


def extract_zip(path: Path, folder: Path, limits: ArchiveLimits | None = None) -> tuple[Path, ...]:
    """Unpack a ZIP into ``folder`` under generated names.

    Returns:
        the files written, in the order of the archive.

    Raises:
        UnsafeArchiveError: a member's name climbs out of the folder, a member is encrypted or an
            archive of images itself, a limit is passed, or the ZIP is damaged.
        DiskLowError: it unpacks to more than the disk has room for.
    """
    limits = limits or ArchiveLimits()
    try:
        with open_regular(path) as file, _opened(file, limits) as archive:
            packed_bytes = os.fstat(file.fileno()).st_size
            members = _checked_members(archive, packed_bytes, folder, limits)
            written = []
            room = limits.total_bytes
            for number, member in enumerate(members, start=1):
                target = folder / f"{number:06d}"
                room -= _write_member(archive, member, target, min(room, limits.member_bytes))
                written.append(target)
            return tuple(written)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error) as error:
        msg = "the ZIP is damaged"
        raise UnsafeArchiveError(msg, remedy="pack or send the study again") from error
    except (NotImplementedError, RuntimeError, ValueError, OverflowError) as error:
        msg = "the ZIP uses a compression or an encoding that is not supported"
        raise UnsafeArchiveError(msg, remedy="pack the study with ordinary ZIP") from error


def _files_below(folder: Path) -> tuple[Path, ...]:
    """Every regular file below a folder, links to folders not followed."""
    found: list[Path] = []
    for directory, subfolders, names in os.walk(folder):
        subfolders.sort()
        found.extend(Path(directory, name) for name in sorted(names))
    return tuple(path for path in found if path.is_file())


def _is_zip(path: Path) -> bool:
    if path.suffix.lower() == ".zip":
        return True
    with open_regular(path) as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def _opened(file: IO[bytes], limits: ArchiveLimits) -> zipfile.ZipFile:
    _refuse_huge_directory(file, limits)
    return zipfile.ZipFile(file)


def _refuse_huge_directory(file: IO[bytes], limits: ArchiveLimits) -> None:
    """Refuse a ZIP whose central directory alone would fill the memory."""
    entries = zip_entries(file)
    if entries is None:
        msg = "the file is no ZIP, or its end is missing"
        raise UnsafeArchiveError(msg, remedy="pack or send the study again")
    if entries > limits.members * 4:
        _refuse(f"the ZIP lists more than {limits.members} files")


def _refuse_other_archive(path: Path) -> None:
    with path.open("rb") as file:
        kind = archive_kind(file.read(HEAD_BYTES))
    if kind:
        msg = f"the file is a {kind} archive, not a ZIP"
        raise UnsafeArchiveError(msg, remedy="unpack it, or pack the study as a ZIP")


def _checked_members(
    archive: zipfile.ZipFile, packed_bytes: int, folder: Path, limits: ArchiveLimits
) -> list[zipfile.ZipInfo]:
    """The members that are files, after every rule that needs no unpacking."""
    members = archive.infolist()
    if len(members) > limits.members:
        _refuse(f"the ZIP lists more than {limits.members} files")
    for member in members:
        _refuse_hostile(member, limits)
    total = sum(member.file_size for member in members)
    if total > limits.total_bytes:
        _refuse("the ZIP unpacks to more than the limit")
    if total > limits.ratio_from_bytes and total > limits.ratio * packed_bytes:
        _refuse("the ZIP unpacks to far more than images do")
    if total > shutil.disk_usage(folder).free - limits.reserve_bytes:
        msg = "the ZIP unpacks to more than the disk has room for"
        raise DiskLowError(msg, remedy="make room on the disk, then try again")
    return [
        member
        for member in members
        if not member.is_dir()
        and not any(part in member.filename for part in _NOT_DATA)
        and stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG)
    ]


def _refuse_hostile(member: zipfile.ZipInfo, limits: ArchiveLimits) -> None:
    name = member.orig_filename
    if ".." in PureWindowsPath(name).parts or "\0" in name:
        _refuse("a member's name points outside the archive")
    if member.flag_bits & _ENCRYPTED:
        msg = "the ZIP is encrypted"
        raise UnsafeArchiveError(msg, remedy="pack the study without a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        msg = "the ZIP uses a compression that is not supported"
        raise UnsafeArchiveError(msg, remedy="pack the study with ordinary ZIP")
    if member.file_size > limits.member_bytes:
        _refuse("a member unpacks to more than the limit")


def _write_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, room: int
) -> int:
    """Write one member and return its length; what comes out counts, not what was declared."""
    written, kind = 0, ""
    with archive.open(member) as source, target.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            kind = kind if written else archive_kind(chunk[:HEAD_BYTES])
            written += len(chunk)
            if written > room:
                _refuse("the ZIP unpacks to more than it declares or than the limit")
            sink.write(chunk)
    if kind and may_hold_images(target, kind):
        msg = f"the ZIP holds another archive of images ({kind})"
        raise UnsafeArchiveError(msg, remedy="hand the inner archive in on its own")
    return written


def _refuse(reason: str) -> None:
    raise UnsafeArchiveError(reason, remedy="hand the study in as a plain ZIP of its images")
