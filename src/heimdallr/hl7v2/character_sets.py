"""The character sets an HL7 message may declare in MSH-18 (HL7 table 0211), and their codecs.

The bytes of a message are in the first of them; empty means ASCII (HL7 2.5.1, 2.15.9.18).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal

CharacterSet = Literal["UNICODE UTF-8", "8859/1", "ASCII"]
"""Those Heimdallr writes."""

CODECS = MappingProxyType(
    {
        "": "ascii",
        "ASCII": "ascii",
        "UNICODE UTF-8": "utf-8",
        "UNICODE": "utf-8",
        "UTF-8": "utf-8",  # in no table, and sent all the same
        "8859/1": "iso8859-1",
        "8859/2": "iso8859-2",
        "8859/3": "iso8859-3",
        "8859/4": "iso8859-4",
        "8859/5": "iso8859-5",
        "8859/6": "iso8859-6",
        "8859/7": "iso8859-7",
        "8859/8": "iso8859-8",
        "8859/9": "iso8859-9",
        "8859/15": "iso8859-15",
        "GB 18030-2000": "gb18030",
        "BIG-5": "big5",
    }
)
"""Declared name → Python's codec of the character sets that are read."""
