"""What a file is, by its first bytes: names prove nothing."""

from __future__ import annotations

PREAMBLE_BYTES = 132
"""128 bytes of anything, then ``DICM`` (PS3.10 section 7.1)."""

HEAD_BYTES = 512
"""As much of a file tells: the mark of DICOM ends at 132, that of tar at 262."""

_ARCHIVES = {
    b"PK\x03\x04": "ZIP", b"PK\x05\x06": "ZIP", b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "RAR", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x1f\x8b": "gzip",
}  # fmt: skip

ARCHIVES = frozenset({"ZIP", "tar", "7z", "RAR"})
"""Kinds that hold several files; the others are one compressed file, a NIfTI image say."""


def has_preamble(head: bytes) -> bool:
    """Whether a file begins as PS3.10 wants."""
    return head[128:PREAMBLE_BYTES] == b"DICM"


def is_dicom(head: bytes) -> bool:
    """Whether a file begins as a DICOM file, or as a data set without the preamble.

    The first element of the latter belongs to group 0008 (or to 0002, the meta header), with a low
    element number: nothing else a study folder holds begins that way.
    """
    bare = head[:2] in (b"\x08\x00", b"\x02\x00") and head[3:4] == b"\0"
    return has_preamble(head) or (bare and len(head) > PREAMBLE_BYTES)


def archive_kind(head: bytes) -> str:
    """What kind of archive begins like this; empty for none."""
    if is_dicom(head):
        return ""
    if head[257:262] == b"ustar":
        return "tar"
    return next((kind for mark, kind in _ARCHIVES.items() if head.startswith(mark)), "")
