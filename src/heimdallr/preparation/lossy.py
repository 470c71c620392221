"""Whether the pixels of a series were altered by lossy compression.

A header that says so is believed, also when the images have been decompressed since: what was lost
does not come back. Where it says nothing, the transfer syntax may tell (PS3.5 chapter 10).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydicom import uid as uids

from heimdallr.domain.study import LossyCompression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from heimdallr.preparation.instances import Instance

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_YES, _NO = frozenset({"01", "1", "YES"}), "00"

_METHODS = {
    "ISO_10918_1": "JPEG",
    "ISO_14495_1": "JPEG-LS",
    "ISO_15444_1": "JPEG 2000",
    "ISO_15444_15": "HTJ2K",
    "ISO_18181_1": "JPEG XL",
}
"""Defined terms of LossyImageCompressionMethod (0028,2114)."""

_ALWAYS_LOSSY: Mapping[str, str] = {
    uids.JPEGBaseline8Bit: "JPEG",
    uids.JPEGExtended12Bit: "JPEG",
    uids.JPEGLSNearLossless: "JPEG-LS",
}
_PERHAPS_LOSSY: Mapping[str, str] = {
    uids.JPEG2000: "JPEG 2000",
    uids.JPEG2000MC: "JPEG 2000",
    uids.HTJ2K: "HTJ2K",
}


def lossy_compression(instances: Sequence[Instance]) -> LossyCompression | None:
    """What the headers and encodings of a stack's images tell; ``None`` for lossless ones."""
    unlike = {_of_instance(one) for one in instances} - {None}
    found = [one for one in unlike if one is not None]
    return max(found, key=lambda one: (one.certain, one.ratio or 0, one.method), default=None)


def _of_instance(instance: Instance) -> LossyCompression | None:
    said = instance.text("LossyImageCompression").upper()
    syntax = instance.transfer_syntax_uid
    encoded = _ALWAYS_LOSSY.get(syntax) or _PERHAPS_LOSSY.get(syntax) or ""
    if said in _YES or syntax in _ALWAYS_LOSSY:
        methods = instance.text("LossyImageCompressionMethod").split("/")
        method = next((_METHODS[one] for one in methods if one in _METHODS), encoded)
        ratio = _largest(instance.text("LossyImageCompressionRatio").split("/"))
        return LossyCompression(method, ratio)
    if syntax in _PERHAPS_LOSSY and said != _NO:
        return LossyCompression(encoded, certain=False)
    return None


def _largest(ratios: Iterable[str]) -> float | None:
    """Of one or more compressions, one after the other."""
    found = [float(text) for text in ratios if _NUMBER.fullmatch(text)]
    return max((one for one in found if one > 1), default=None)
