"""A DICOM file that comes in pieces, on its way into the spool.

Its meta information (PS3.10 section 7.1) is read and written anew, as the listener does: so one
door decides what is kept, whichever way it came.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import TYPE_CHECKING

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from heimdallr.intake.scp.commands import SUCCESS
from heimdallr.intake.scp.fault import PeerFault
from heimdallr.intake.scp.storing import Header

if TYPE_CHECKING:
    from heimdallr.intake.scp.storing import Arrival, Reception

_PREFIX_ENDS = 128 + 4
_ELEMENT, _LONG_ELEMENT = struct.Struct("<HH2sH"), struct.Struct("<HH2sHI")
_LONG_VRS = frozenset({b"OB", b"OW", b"UN", b"UT", b"SQ"})
_META_GROUP = 0x0002
_MOST_META = 1 << 20


class ArrivingFile:
    """One file; see :class:`~heimdallr.retrieval.multipart.Part`.

    Args:
        reception: the door into the spool.
    """

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._head = bytearray()
        self._arrival: Arrival | None = None
        self._spoilt = False
        self.kept = False

    def write(self, piece: bytes | memoryview) -> None:
        """Take its next piece; what is no DICOM file is read to its end and dropped."""
        if self._spoilt:
            return
        if self._arrival is None:
            self._head += piece
            piece = self._begin()
        if self._arrival is None or not piece:
            return
        try:
            self._arrival.write(piece)
        except PeerFault:
            self._drop()

    def close(self) -> None:
        """It has come whole."""
        if self._arrival is not None and not self._spoilt:
            self.kept = self._arrival.finish() == SUCCESS

    def abandon(self) -> None:
        """The rest of it will not come."""
        if self._arrival is not None and not self._spoilt:
            self._arrival.discard()

    def _begin(self) -> bytes:
        """Read the meta information once it is there; what follows it."""
        if len(self._head) < _PREFIX_ENDS:
            return b""
        end = _meta_end(self._head)
        if self._head[128:_PREFIX_ENDS] != b"DICM" or (not end and len(self._head) > _MOST_META):
            self._spoilt = True
        if self._spoilt or not end:
            return b""
        header = _header(bytes(self._head[:end]))
        if header is None:
            self._spoilt = True
            return b""
        self._arrival = self._reception.begin(header)
        rest = bytes(self._head[end:])
        self._head.clear()
        return rest

    def _drop(self) -> None:
        self.abandon()
        self._spoilt = True


def _meta_end(head: bytearray) -> int:
    """Where the first element behind group 0002 begins; 0 while that is not there.

    The group's length is not asked: files are about that leave it out.
    """
    at = _PREFIX_ENDS
    while at + _LONG_ELEMENT.size <= len(head):
        group, _, vr, length = _ELEMENT.unpack_from(head, at)
        if group != _META_GROUP:
            return at
        layout = _ELEMENT
        if vr in _LONG_VRS:
            layout = _LONG_ELEMENT
            *_, length = layout.unpack_from(head, at)
        at += layout.size + length
    return 0


def _header(meta: bytes) -> Header | None:
    """What the meta information says; ``None`` where it cannot be read."""
    try:
        told = dcmread(BytesIO(meta)).file_meta
    except (InvalidDicomError, ValueError, LookupError, EOFError, struct.error):
        return None
    return Header(
        str(told.get("MediaStorageSOPClassUID") or ""),
        str(told.get("MediaStorageSOPInstanceUID") or ""),
        str(told.get("TransferSyntaxUID") or ""),
    )
