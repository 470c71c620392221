"""Content items of a structured report, encoded as they are made (PS3.3 C.17.3, C.18).

A case's report has some two thousand items, most of them of few concepts. As data sets of pydicom
they take a second to be built and written; here an item is its bytes in Explicit VR Little Endian,
text in UTF-8, and a coded concept is encoded once.
"""

from __future__ import annotations

import re
import struct
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, NewType

from pydicom.valuerep import DSfloat

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt
    from pydicom.sr.coding import Code

ContentItem = NewType("ContentItem", bytes)
"""An item of a Content Sequence, with all that is below it."""

Tag = tuple[int, int]

CONTENT_SEQUENCE = (0x0040, 0xA730)
_SHORT_CODE = 16
"""Characters of a Code Value (SH); longer ones are Long Code Values (PS3.3 section 8.1)."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_CONTROL_OF_A_LINE = re.compile(r"[\x00-\x1f\x7f]+")
"""In a Code Meaning (LO) a backslash parts values, besides."""
_LONG_LENGTH = frozenset({b"SQ", b"UC", b"UT"})
"""VRs whose length has four bytes (PS3.5 section 7.1.2), of those that occur here."""
_ITEM = struct.Struct("<HHI")
_SHORT_ELEMENT = struct.Struct("<HH2sH")
_LONG_ELEMENT = struct.Struct("<HH2sHI")


class Relationship(str, Enum):
    """What an item is to the one above it (PS3.3 C.17.3.2.4)."""

    CONTAINS = "CONTAINS"
    HAS_PROPERTIES = "HAS PROPERTIES"
    HAS_OBS_CONTEXT = "HAS OBS CONTEXT"
    HAS_CONCEPT_MOD = "HAS CONCEPT MOD"
    SELECTED_FROM = "SELECTED FROM"


def text(name: Code, value: str, relationship: Relationship = Relationship.CONTAINS) -> ContentItem:
    """A TEXT item; characters that no text may hold (PS3.5 section 6.1.3) become blanks."""
    fit = _CONTROL.sub(" ", value)
    return _item("TEXT", relationship, name, _text((0x0040, 0xA160), b"UT", fit))


def code(
    name: Code,
    value: Code,
    relationship: Relationship = Relationship.CONTAINS,
    children: Iterable[ContentItem] = (),
) -> ContentItem:
    """A CODE item."""
    return _item("CODE", relationship, name, _coded((0x0040, 0xA168), value), children)


def number(
    name: Code,
    value: float,
    unit: Code,
    relationship: Relationship = Relationship.CONTAINS,
    children: Iterable[ContentItem] = (),
) -> ContentItem:
    """A NUM item (PS3.3 C.18.1); what a decimal string cannot say stands beside it as a double."""
    measured = [_coded((0x0040, 0x08EA), unit)]
    if isinstance(value, float):
        measured.append(_element((0x0040, 0xA161), b"FD", struct.pack("<d", value)))
    decimal = str(DSfloat(value, auto_format=True))
    measured.append(_text((0x0040, 0xA30A), b"DS", decimal))
    sequence = _sequence((0x0040, 0xA300), [_enclosed(b"".join(measured))])
    return _item("NUM", relationship, name, sequence, children)


def date(name: Code, value: str, relationship: Relationship) -> ContentItem:
    """A DATE item.

    Args:
        name: its concept.
        value: ``YYYYMMDD``.
        relationship: to the item above.
    """
    return _item("DATE", relationship, name, _text((0x0040, 0xA121), b"DA", value))


def uid(name: Code, value: str, relationship: Relationship) -> ContentItem:
    """A UIDREF item."""
    return _item("UIDREF", relationship, name, _text((0x0040, 0xA124), b"UI", value))


def image(
    name: Code,
    sop_class_uid: str,
    sop_instance_uid: str,
    relationship: Relationship = Relationship.CONTAINS,
    *,
    frame: int | None = None,
    segment: int | None = None,
) -> ContentItem:
    """An IMAGE item (PS3.3 C.18.4): an image, a frame of it, or a segment of a segmentation."""
    reference = [
        _text((0x0008, 0x1150), b"UI", sop_class_uid),
        _text((0x0008, 0x1155), b"UI", sop_instance_uid),
    ]
    if frame is not None:
        reference.append(_text((0x0008, 0x1160), b"IS", str(frame)))
    if segment is not None:
        reference.append(_element((0x0062, 0x000B), b"US", struct.pack("<H", segment)))
    before = _sequence((0x0008, 0x1199), [_enclosed(b"".join(reference))])
    return _item("IMAGE", relationship, name, before=before)


def polyline(name: Code, points: npt.NDArray[np.float64], on_image: ContentItem) -> ContentItem:
    """An SCOORD item (PS3.3 C.18.6): a line on an image.

    Args:
        name: its concept.
        points: (N, 2) column and row; (0.5, 0.5) is the middle of the first pixel.
        on_image: the image, which it is selected from.
    """
    after = _element((0x0070, 0x0022), b"FL", points.astype("<f4").tobytes())
    after += _text((0x0070, 0x0023), b"CS", "POLYLINE")
    return _item("SCOORD", Relationship.CONTAINS, name, b"", [on_image], after=after)


def container(
    name: Code, children: Iterable[ContentItem], *, template: str | None = None
) -> ContentItem:
    """A CONTAINER item.

    Args:
        name: its concept.
        children: what it contains.
        template: which of PS3.16 it follows.
    """
    value = _text((0x0040, 0xA050), b"CS", "CONTINUOUS")
    if template is not None:
        told = _text((0x0008, 0x0105), b"CS", "DCMR") + _text((0x0040, 0xDB00), b"CS", template)
        value += _sequence((0x0040, 0xA504), [_enclosed(told)])
    return _item("CONTAINER", Relationship.CONTAINS, name, value, children)


def content_sequence(items: Iterable[ContentItem]) -> bytes:
    """The Content Sequence (0040,A730)."""
    return _sequence(CONTENT_SEQUENCE, items)


def _item(
    value_type: str,
    relationship: Relationship,
    name: Code,
    value: bytes = b"",
    children: Iterable[ContentItem] = (),
    *,
    before: bytes = b"",
    after: bytes = b"",
) -> ContentItem:
    below = tuple(children)
    return ContentItem(
        _enclosed(
            before
            + _kind(relationship, value_type)
            + _coded((0x0040, 0xA043), name)
            + value
            + (content_sequence(below) if below else b"")
            + after
        )
    )


@lru_cache
def _kind(relationship: Relationship, value_type: str) -> bytes:
    return _text((0x0040, 0xA010), b"CS", relationship.value) + _text(
        (0x0040, 0xA040), b"CS", value_type
    )


def _coded(tag: Tag, concept: Code) -> bytes:
    """A sequence of one coded concept (PS3.3 section 8.8)."""
    # Codes are equal whatever their meanings; those of other languages are others here.
    return _code_sequence(tag, concept.value, concept.scheme_designator, concept.meaning)


@lru_cache(maxsize=4096)
def _code_sequence(tag: Tag, value: str, scheme: str, meaning: str) -> bytes:
    is_short = len(value) <= _SHORT_CODE
    parts = [
        _text((0x0008, 0x0100), b"SH", value) if is_short else b"",
        _text((0x0008, 0x0102), b"SH", scheme),
        _text((0x0008, 0x0104), b"LO", _CONTROL_OF_A_LINE.sub(" ", meaning).replace("\\", "/")),
        b"" if is_short else _text((0x0008, 0x0119), b"UC", value),
    ]
    return _sequence(tag, [_enclosed(b"".join(parts))])


def _sequence(tag: Tag, items: Iterable[bytes]) -> bytes:
    return _element(tag, b"SQ", b"".join(items))


def _enclosed(elements: bytes) -> bytes:
    """An item of a sequence, of stated length (PS3.5 section 7.5)."""
    return _ITEM.pack(0xFFFE, 0xE000, len(elements)) + elements


def _text(tag: Tag, vr: bytes, value: str) -> bytes:
    encoded = value.encode()
    padding = b"\0" if vr == b"UI" else b" "
    return _element(tag, vr, encoded + padding * (len(encoded) % 2))


def _element(tag: Tag, vr: bytes, value: bytes) -> bytes:
    """A data element of an even length (PS3.5 section 7.1.2)."""
    if vr in _LONG_LENGTH:
        return _LONG_ELEMENT.pack(*tag, vr, 0, len(value)) + value
    return _SHORT_ELEMENT.pack(*tag, vr, len(value)) + value
