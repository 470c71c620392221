"""Checks that a file holds the pixel data its header announces, without decoding it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import Enum
from typing import IO, TYPE_CHECKING

from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, MRSpectroscopyStorage

from heimdallr.preparation.instances import integer_of, text_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

MAX_FRAGMENTS = 2_000_000
"""Fragments of one encapsulated pixel data element; some frames of a large object have several."""

MAX_INFLATED_BYTES = 256 * 2**20
"""What a deflated data set may inflate to, pixels included."""

IMAGE_TAGS = (
    "BitsAllocated", "Columns", "NumberOfFrames", "PhotometricInterpretation", "Rows",
    "SamplesPerPixel",
)  # fmt: skip
"""What the size of the pixel data follows from (PS3.3 section C.7.6.3)."""

_GROUP = 0x7FE0
_PIXEL_VRS = frozenset({b"OB", b"OW", b"OF", b"OD", b"UN"})
_UNDEFINED = 0xFFFFFFFF
_ITEM, _DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"


class Fault(str, Enum):
    """Why a readable DICOM file is no usable instance, in words that name no patient."""

    BAD_UID = "a UID is made of other signs than digits and dots"
    OTHER_UID = "the data set is not the object that was announced"
    CUT_SHORT = "the file ends within an element"
    NO_PIXELS = "pixel data is missing"
    SHORT_PIXELS = "pixel data is shorter than the image"
    BAD_FRAGMENTS = "compressed pixel data is damaged or has no end"
    NO_SIZE = "pixel data without the size of its image"
    UNRECORDABLE = "the database refuses what the header says"


class UnusableFileError(Exception):
    """One received file cannot be used; the reason is countable.

    Attributes:
        study_instance_uid: of the study that lacks it; empty where the file does not say.
        sop_instance_uid: of the object that it would be; likewise.
    """

    def __init__(
        self, reason: str, *, study_instance_uid: str = "", sop_instance_uid: str = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.study_instance_uid = study_instance_uid
        self.sop_instance_uid = sop_instance_uid


@dataclass(frozen=True, slots=True)
class _Element:
    """A pixel data element: where its value starts, and how many bytes it claims."""

    value_at: int
    length: int


def check_pixels(file: IO[bytes], size: int, header: FileDataset) -> None:
    """Hold the pixel data against the header.

    Native pixel data must be as long as rows × columns × samples × bits × frames say, and in the
    file; encapsulated pixel data (PS3.5 annex A.4) must be a chain of fragments with its end.
    An object without Rows and Columns needs no pixel data, and neither does MR spectroscopy, whose
    signal stands elsewhere (PS3.3 section C.8.14).

    Args:
        file: where :func:`~heimdallr.preparation.reading.read_open` left it.
        size: length of the file in bytes.
        header: what was read, :data:`IMAGE_TAGS` among it.

    Raises:
        UnusableFileError: with a :class:`Fault`.
    """
    is_spectroscopy = text_of(header, "SOPClassUID") == MRSpectroscopyStorage
    is_image = not is_spectroscopy and ("Rows" in header or "Columns" in header)
    syntax = UID(text_of(header.file_meta, "TransferSyntaxUID"))
    if syntax == DeflatedExplicitVRLittleEndian:
        if is_image and _inflated_bytes(file) < _expected_bytes(header):
            raise UnusableFileError(Fault.SHORT_PIXELS.value)
        return
    if file.tell() > size:
        raise UnusableFileError(Fault.CUT_SHORT.value)
    element = _pixel_element(file)
    if element is None:
        if is_image:
            raise UnusableFileError(Fault.NO_PIXELS.value)
    elif (element.length == _UNDEFINED) not in _may_be_encapsulated(syntax):
        raise UnusableFileError(Fault.BAD_FRAGMENTS.value)
    elif element.length == _UNDEFINED:
        _check_fragments(file, size)
    elif element.value_at + element.length > size:
        raise UnusableFileError(Fault.CUT_SHORT.value)
    elif element.length < _expected_bytes(header):
        raise UnusableFileError(Fault.SHORT_PIXELS.value)


def _may_be_encapsulated(syntax: UID) -> tuple[bool, ...]:
    """Whether pixel data of a transfer syntax is encapsulated; both, where nobody knows it."""
    if syntax.is_transfer_syntax and not syntax.is_private:
        return (syntax.is_encapsulated,)
    return (True, False)


def _expected_bytes(header: Dataset) -> int:
    """Length of native pixel data (PS3.5 section 8.1.1), padding left out."""
    rows, columns = integer_of(header, "Rows"), integer_of(header, "Columns")
    bits, samples = integer_of(header, "BitsAllocated"), integer_of(header, "SamplesPerPixel")
    frames = integer_of(header, "NumberOfFrames") or 1
    samples = 1 if samples is None else samples
    if not rows or not columns or not bits or min(rows, columns, bits, samples, frames) <= 0:
        raise UnusableFileError(Fault.NO_SIZE.value)
    if text_of(header, "PhotometricInterpretation") == "YBR_FULL_422":
        samples = 2  # two pixels share their colour: PS3.3 section C.7.6.3.1.2
    return -(-rows * columns * samples * bits * frames // 8)


def _pixel_element(file: IO[bytes]) -> _Element | None:
    """The pixel data element at which reading stopped; ``None`` at the end of the data set."""
    head = file.read(12)
    for order in ("<", ">"):
        if len(head) >= 8 and struct.unpack(order + "H", head[:2])[0] == _GROUP:  # noqa: PLR2004
            if len(head) == 12 and head[4:6] in _PIXEL_VRS:  # noqa: PLR2004 - an explicit VR, padded
                return _Element(file.tell(), struct.unpack(order + "L", head[8:])[0])
            at = file.tell() - len(head) + 8
            file.seek(at)
            return _Element(at, struct.unpack(order + "L", head[4:8])[0])
    return None


def _check_fragments(file: IO[bytes], size: int) -> None:
    """Walk the items of encapsulated pixel data to their delimiter, seeking over their values."""
    for _ in range(MAX_FRAGMENTS):
        head = file.read(8)
        if head[:4] == _DELIMITER:
            return
        if len(head) < 8 or head[:4] != _ITEM:  # noqa: PLR2004 - tag and length of an item
            break
        length = struct.unpack("<L", head[4:])[0]
        if file.tell() + length > size:
            break
        file.seek(length, 1)
    raise UnusableFileError(Fault.BAD_FRAGMENTS.value)


def _inflated_bytes(file: IO[bytes]) -> int:
    """Length of a deflated data set, measured in small steps; it must come to its own end."""
    file.seek(data_set_start(file))
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    try:
        while not inflate.eof and (packed := inflate.unconsumed_tail or file.read(2**16)):
            total += len(inflate.decompress(packed, 2**20))
            if total > MAX_INFLATED_BYTES:
                break
    except zlib.error as error:
        raise UnusableFileError(Fault.CUT_SHORT.value) from error
    if not inflate.eof:
        raise UnusableFileError(Fault.CUT_SHORT.value)
    return total


def data_set_start(file: IO[bytes]) -> int:
    """Where the data set begins: behind the preamble and the elements of group 0002.

    The group's own length is not believed: its elements are walked. They are explicit little
    endian always (PS3.10 section 7.1).
    """
    file.seek(0)
    at = 132 if file.read(132)[128:] == b"DICM" else 0
    while True:
        file.seek(at)
        head = file.read(12)
        if len(head) < 8 or head[:2] != b"\x02\x00":  # noqa: PLR2004 - tag, VR, length
            return at
        if head[4:6] in {b"OB", b"OW", b"UN", b"SQ", b"UT"}:
            if len(head) < 12:  # noqa: PLR2004 - their length has four bytes of its own
                return at
            at += 12 + int(struct.unpack("<L", head[8:])[0])
        elif head[4:6].isalpha():
            at += 8 + int(struct.unpack("<H", head[6:8])[0])
        else:  # written as implicit VR, which some do
            at += 8 + int(struct.unpack("<L", head[4:8])[0])
