"""Texts whose bytes are not what SpecificCharacterSet (0008,0005) says they are.

Scanners and archives write UTF-8 and declare Latin-1, or nothing at all; anonymisers blank the
declaration; others declare UTF-8 and write Latin-1. Read as declared, ``Müller`` then becomes
``MÃ¼ller`` or is full of question marks, and nobody is told. UTF-8 gives itself away: text in
another encoding is hardly ever valid UTF-8 by chance.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

TEXT_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
"""Value representations that SpecificCharacterSet concerns (PS3.5 section 6.1.2.2)."""

_OTHER_SCRIPTS = frozenset({
    "euc_kr", "iso2022_jp", "iso2022_jp_2", "iso_ir_126", "iso_ir_127", "iso_ir_138", "iso_ir_144",
    "iso_ir_166", "iso_ir_58", "shift_jis",
})  # fmt: skip
"""Short words of these may be valid UTF-8 by chance, but use no byte of :data:`_CONTROL`."""
_CHINESE = frozenset({"GB18030", "GB2312", "GBK"})
"""Their words are valid UTF-8 often enough that the declaration is believed."""

_CONTROL = bytes(range(0x80, 0xA0))
_ESCAPE = b"\x1b"


def decoded(encoded: bytes, declared: Collection[str]) -> str | None:
    """A text in the encoding that its bytes show; ``None`` where they may be what is declared.

    Args:
        encoded: the value of an element, of a VR in :data:`TEXT_VRS`.
        declared: Python's names of the character sets that are declared, as pydicom gives them
            (``original_character_set``); that of Latin-1 where none is.
    """
    encoded = encoded.rstrip(b" \0")
    if encoded.isascii() or _ESCAPE in encoded:
        return None  # the same in all sets, or switches between them itself (ISO 2022)
    text = _utf_8(encoded)
    if text is None:
        return encoded.decode("latin-1") if "UTF8" in declared else None
    if not _CHINESE.isdisjoint(declared):
        return None
    is_plain = not any(byte in _CONTROL for byte in encoded)
    if is_plain and not _OTHER_SCRIPTS.isdisjoint(declared):
        return None
    return text


def _utf_8(encoded: bytes) -> str | None:
    """UTF-8 text, also where its last letter was cut; ``None`` where it is none."""
    try:
        text = getincrementaldecoder("utf-8")().decode(encoded)
    except UnicodeDecodeError:
        return None
    return None if text.isascii() else text
