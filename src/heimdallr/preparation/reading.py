"""Reads the DICOM header of an untrusted file, within limits.

A header is read with limits: what a file declares is never believed beyond the bytes it has, one
header may take only so many bytes and read calls, and a deflated data set is measured before
it is inflated. Whatever goes wrong with one file is a :class:`SkippedFileError` with a reason from
a short list, so that skipped files can be counted and shown without saying whose they were.
"""

from __future__ import annotations

import io
import logging
import os
import stat
import warnings
import zlib
from contextlib import ExitStack, contextmanager
from enum import Enum
from functools import cache
from threading import Lock
from typing import IO, TYPE_CHECKING, Literal, cast

import pydicom
from pydicom import config
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, MediaStorageDirectoryStorage

from heimdallr.files import open_regular
from heimdallr.preparation.encoding import syntax_of
from heimdallr.preparation.first_bytes import ARCHIVES, archive_kind, has_preamble, is_dicom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from pydicom.dataset import FileDataset

MAX_HEADER_BYTES = 256 * 2**20
"""Bytes one header may take; an enhanced object of some thousand frames needs tens of MB."""

MAX_READS = 20_000_000
"""Read calls one header may take: ends what loops."""

HEAD_BYTES = (2**15, 2**19)
"""How much of a file is looked through in memory before it is read piece by piece.

Nearly every header ends within the first, those with a vendor's private data within the second.
"""

_DEFLATED = DeflatedExplicitVRLittleEndian.encode()
_PIXEL_DATA = tuple(
    (0x7FE0).to_bytes(2, order) + element.to_bytes(2, order)
    for order in ("little", "big")
    for element in (0x0008, 0x0009, 0x0010)
)

_UNDEFINED_LENGTH = 0xFFFFFFFF
_SEQUENCE_DELIMITER = b"\xfe\xff\xdd\xe0" + bytes(4)
_TAIL_BYTES = 2**20
"""How far before the end of a file compressed pixel data may end.

Chosen, not measured: signatures and padding that follow take some kilobytes.
"""

HEADER_TAGS = (
    "AccessionNumber", "AcquisitionNumber", "AcquisitionTime", "BitsAllocated", "BodyPartExamined",
    "CardiacSynchronizationTechnique", "Columns", "ContentTime", "ContrastBolusAgent",
    "ContrastBolusAgentSequence",
    "ConvolutionKernel", "DiffusionBValue", "DirectoryRecordSequence", "EchoTime",
    "FrameOfReferenceUID", "ImageOrientationPatient",
    "ImagePositionPatient", "ImageType", "InstanceNumber", "InstitutionName", "InversionTime",
    "KVP", "LossyImageCompression", "LossyImageCompressionMethod", "LossyImageCompressionRatio",
    "MRAcquisitionType", "MagneticFieldStrength", "Manufacturer", "Modality",
    "MonoenergeticEnergyEquivalent", "MultienergyCTCharacteristicsSequence",
    "MultienergyCTProcessingSequence", "NominalCardiacTriggerDelayTime",
    "NominalPercentageOfCardiacPhase", "NominalPercentageOfRespiratoryPhase",
    "NominalRespiratoryTriggerDelayTime", "NumberOfFrames", "PatientAge", "PatientBirthDate",
    "PatientID", "PatientName", "PatientPosition", "PatientSex", "PatientSize", "PatientWeight",
    "PerFrameFunctionalGroupsSequence", "PhotometricInterpretation", "PixelSpacing", "ProtocolName",
    "RepetitionTime", "RescaleIntercept", "RescaleSlope", "RescaleType", "Rows", "SOPClassUID",
    "SOPInstanceUID", "SamplesPerPixel", "ScanOptions", "ScanningSequence", "SequenceName",
    "SequenceVariant", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber", "SeriesTime",
    "SharedFunctionalGroupsSequence", "SliceThickness", "StudyDate", "StudyDescription",
    "StudyInstanceUID", "StudyTime", "TemporalPositionIdentifier", "TriggerTime",
)  # fmt: skip
"""What preparation looks at; everything else in a header is passed over unread."""


class SkipReason(str, Enum):
    """Why a file took no part, in words that say nothing about the patient."""

    NOT_REGULAR = "not a regular file"
    EMPTY = "empty file"
    NOT_DICOM = "not a DICOM file"
    ARCHIVE = "an archive inside the input"
    DIRECTORY = "DICOMDIR"
    UNREADABLE = "file cannot be read"
    DAMAGED = "damaged DICOM header"
    TOO_LARGE = "DICOM header beyond the limits"
    NO_IMAGE_FACTS = "neither SOP class nor modality"
    DUPLICATE = "duplicate instance"


class SkippedFileError(Exception):
    """One file cannot take part; the reason is countable."""

    def __init__(self, reason: SkipReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class BoundedReader:
    """A file reader with a budget of bytes and read calls.

    pydicom asks for as many bytes as an element declares; a plain file object sets that much
    memory aside before it reads. This one clips each request to what remains, and counts.

    Args:
        file: an open binary file.
        size: its length in bytes.
        max_bytes: bytes it gives altogether before it raises.
        max_reads: read calls it serves before it raises.
    """

    def __init__(
        self,
        file: IO[bytes],
        size: int,
        max_bytes: int = MAX_HEADER_BYTES,
        max_reads: int = MAX_READS,
    ) -> None:
        self._file = file
        self._size = size
        self._bytes_left = max_bytes
        self._reads_left = max_reads

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes; :class:`SkippedFileError` once the budget is spent.

        All that is left is asked for by one reader only: it inflates it, all at once.
        """
        remaining = max(self._size - self._file.tell(), 0)
        wanted = remaining if size < 0 else min(size, remaining)
        self._bytes_left -= wanted
        self._reads_left -= 1
        if self._bytes_left < 0 or self._reads_left < 0:
            raise SkippedFileError(SkipReason.TOO_LARGE)
        content = self._file.read(wanted)
        if size < 0:
            _measure_inflated(content)
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move, as a file does."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._file.tell()


class _Quiet:
    """pydicom's settings are the process's: the first scan changes, the last one restores them.

    Its warnings quote the value, which may be a patient's name; none may reach a log.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._undo = ExitStack()

    def enter(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                return
            logger = logging.getLogger("pydicom")
            settings = config.settings
            self._undo.callback(setattr, logger, "disabled", logger.disabled)
            self._undo.callback(
                setattr, settings, "reading_validation_mode", settings.reading_validation_mode
            )
            self._undo.enter_context(warnings.catch_warnings())
            settings.reading_validation_mode = config.IGNORE
            logger.disabled = True
            warnings.simplefilter("ignore")

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._undo.close()


_quiet = _Quiet()


@contextmanager
def tolerant_pydicom() -> Iterator[None]:
    """Let pydicom read values that break the standard, and say nothing about them.

    Scans of several threads may overlap; each enters this once around all its own threads.
    """
    _quiet.enter()
    try:
        yield
    finally:
        _quiet.leave()


def read_header(path: Path) -> FileDataset:
    """Read what :data:`HEADER_TAGS` lists from one file, pixel data left alone.

    Raises:
        SkippedFileError: the file is no DICOM file, is damaged, or asks for too much.
    """
    return read_image(path)[0]


def read_image(path: Path) -> tuple[FileDataset, bool]:
    """The same, and whether the file's pixel data are all there.

    Raises:
        SkippedFileError: as :func:`read_header`.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SkippedFileError(SkipReason.NOT_REGULAR)
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            header = read_open(file, size)
            return header, not _is_cut_short(file, size, header)
    except OSError as error:
        raise SkippedFileError(SkipReason.UNREADABLE) from error


def _is_cut_short(file: IO[bytes], size: int, header: FileDataset) -> bool:
    """Whether a file, open where reading stopped, ends before its pixel data do.

    Its transfer was broken off. Whether a deflated one is whole, only inflating it tells.
    """
    syntax = header.file_meta.TransferSyntaxUID
    start = file.tell()
    head = file.read(12)
    if not head.startswith(_PIXEL_DATA):
        return start >= size and "Rows" in header and not syntax.is_deflated
    is_explicit = head[4:6].isalpha()
    order: Literal["little", "big"] = "little" if syntax.is_little_endian else "big"
    length = int.from_bytes(head[8:12] if is_explicit else head[4:8], order)
    if length != _UNDEFINED_LENGTH:
        return start + (12 if is_explicit else 8) + length > size
    file.seek(max(size - _TAIL_BYTES, start))
    return _SEQUENCE_DELIMITER not in file.read(_TAIL_BYTES)


def read_open(
    file: IO[bytes],
    size: int,
    tags: tuple[str, ...] = HEADER_TAGS,
    *,
    max_reads: int = MAX_READS,
) -> FileDataset:
    """Read some elements of an open file; it is left where reading stopped.

    That is the pixel data element, or the end; of a deflated data set always the end. The file
    meta group that is returned gives the transfer syntax the file is in, not the one it states.

    Args:
        file: open at its start.
        size: its length in bytes.
        tags: keywords of what is wanted.
        max_reads: read calls the header may take.

    Raises:
        SkippedFileError: as :func:`read_header`.
        OSError: the file cannot be read.
    """
    if size == 0:
        raise SkippedFileError(SkipReason.EMPTY)
    head = file.read(HEAD_BYTES[0])
    headless = not has_preamble(head)
    if not is_dicom(head):
        raise SkippedFileError(
            SkipReason.ARCHIVE if archive_kind(head) in ARCHIVES else SkipReason.NOT_DICOM
        )
    wanted = tags_of(tags)
    header = _read_from_memory(file, head, size, wanted)
    if header is None:
        file.seek(0)
        bounded = BoundedReader(file, size, max_reads=max_reads)
        header = _parsed(cast("BinaryIO", bounded), wanted, headless=headless)
    is_directory = "DirectoryRecordSequence" in header or (
        header.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage
    )
    if is_directory:
        raise SkippedFileError(SkipReason.DIRECTORY)
    header.file_meta.TransferSyntaxUID = UID(syntax_of(header, file))
    return header


@cache
def tags_of(keywords: tuple[str, ...]) -> tuple[BaseTag, ...]:
    """The tags of these keywords; looking them up takes longer than reading a short header."""
    return tuple(map(Tag, keywords))


def _read_from_memory(
    file: IO[bytes], head: bytes, size: int, wanted: tuple[BaseTag, ...]
) -> FileDataset | None:
    """The header, if it ends within the first bytes of its file; then the file is left there.

    In memory, where nothing declared can reach beyond the bytes that are there, pydicom takes
    half the time. What was read counts if the whole file was there, or the pixel data were come
    to, before which no element can have been cut. What may be deflated is read in the other way,
    which measures it.
    """
    headless = not has_preamble(head)
    for limit in HEAD_BYTES:
        head += file.read(limit - len(head))
        if _DEFLATED in head:
            return None
        memory = io.BytesIO(head)
        try:
            header = _parsed(memory, wanted, headless=headless)
        except SkippedFileError:
            if len(head) >= size:
                raise
            continue
        end = memory.tell()
        if len(head) >= size or head.startswith(_PIXEL_DATA, end):
            file.seek(end)
            return header
    return None


def _parsed(file: BinaryIO, wanted: tuple[BaseTag, ...], *, headless: bool) -> FileDataset:
    try:
        return pydicom.dcmread(
            file, stop_before_pixels=True, force=headless, specific_tags=list(wanted)
        )
    except SkippedFileError:
        raise
    except Exception as error:  # the edge: one file must not fail a study; it is counted
        raise SkippedFileError(SkipReason.DAMAGED) from error


def _measure_inflated(compressed: bytes) -> None:
    """Inflate a deflated data set in small steps and refuse it before it fills the memory."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    try:
        while compressed and not inflate.eof:
            total += len(inflate.decompress(compressed, 2**20))
            compressed = inflate.unconsumed_tail
            if total > MAX_HEADER_BYTES:
                raise SkippedFileError(SkipReason.TOO_LARGE)
    except zlib.error as error:
        raise SkippedFileError(SkipReason.DAMAGED) from error
