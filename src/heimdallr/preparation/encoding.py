"""How a DICOM file is encoded, whatever its file meta group says.

Exporters that decompress or transcode a data set and keep the old label, or none at all, are
common. The data set itself tells: its elements show their VR or do not (PS3.5 section 7.1),
encapsulated pixel data has no length (annex A.4), and a codestream begins with its own marks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataelem import RawDataElement
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

    from pydicom.dataset import FileDataset

LOOK_BYTES = 2**16
"""How far into the pixel data is looked for the marks of a codestream."""

_UNDEFINED = b"\xff\xff\xff\xff"
_ITEM = b"\xfe\xff\x00\xe0"
_JPEG = {
    0xC0: JPEGBaseline8Bit, 0xC1: JPEGExtended12Bit, 0xC3: JPEGLosslessSV1, 0xF7: JPEGLSLossless,
}  # fmt: skip
"""Start-of-frame markers (ITU-T T.81 table B.1, T.87 table C.1)."""


def syntax_of(header: FileDataset, file: IO[bytes]) -> str:
    """UID of the transfer syntax a file is written in.

    The stated one is believed unless the file contradicts it. Of a compressed data set under a
    label that says it is not, the codestream gives a syntax whose decoder reads it.

    Args:
        header: the elements before the pixel data.
        file: where reading the header stopped; it is left there.
    """
    stated = UID(str(header.file_meta.get("TransferSyntaxUID", "")).rstrip("\0 "))
    unknown = stated and (stated.is_private or not stated.is_transfer_syntax)
    raw = next((one for one in header.values() if isinstance(one, RawDataElement)), None)
    if unknown or stated == DeflatedExplicitVRLittleEndian or raw is None:
        return str(stated)
    says_compressed = bool(stated) and stated.is_encapsulated
    native = ExplicitVRLittleEndian if raw.is_little_endian else ExplicitVRBigEndian
    native = ImplicitVRLittleEndian if raw.is_implicit_VR else native
    at = file.tell()
    element = file.read(8 if raw.is_implicit_VR else 12)  # tag, VR and length of the pixel data
    if not element:
        return str(stated if says_compressed else native)
    if element[-4:] != _UNDEFINED:
        file.seek(at)
        return str(native)
    found = None if says_compressed else _codestream(_first_fragment(file.read(LOOK_BYTES)))
    file.seek(at)
    return str(found or stated or native)


def states_syntax(path: Path, transfer_syntax_uid: str) -> bool:
    """Whether a file is one of PS3.10 and its meta group names this transfer syntax."""
    try:
        meta = read_file_meta_info(path)
    except (InvalidDicomError, OSError):
        return False
    return str(meta.get("TransferSyntaxUID", "")) == transfer_syntax_uid


def _first_fragment(items: bytes) -> bytes:
    """The bytes behind the offset table, which is the first item of encapsulated pixel data."""
    if not items.startswith(_ITEM):
        return b""
    table_bytes = int.from_bytes(items[4:8], "little")
    return items[8 + table_bytes + 8 :]


def _codestream(fragment: bytes) -> UID | None:
    """The transfer syntax that reads a codestream; ``None`` when its marks are not known."""
    if fragment.startswith(b"\xff\x4f\xff\x51") or fragment[4:8] == b"jP  ":
        return JPEG2000Lossless
    if fragment.startswith(b"\xff\xd8"):
        return _jpeg(fragment)
    segments = int.from_bytes(fragment[:4], "little")  # RLE header: PS3.5 annex G.5
    first = int.from_bytes(fragment[4:8], "little")
    return RLELossless if 1 <= segments <= 15 and first == 64 else None  # noqa: PLR2004


def _jpeg(fragment: bytes) -> UID | None:
    """Walk the marker segments of a JPEG stream to its start of frame."""
    at = 2
    while at + 4 <= len(fragment) and fragment[at] == 0xFF:  # noqa: PLR2004 - a marker
        if fragment[at + 1] in _JPEG:
            return _JPEG[fragment[at + 1]]
        at += 2 + int.from_bytes(fragment[at + 2 : at + 4], "big")
    return None
