"""C-STORE straight from the socket to the file.

pynetdicom's own way takes a data set apart four times in memory, in two threads that poll each
other; nine tenths of its time is that. Here the P-DATA of a C-STORE request is read in place: of
each PDU the headers, of the command set six elements, and the data set goes from the receive
buffer to its file. The response leaves from the same thread. What is not a C-STORE is put back,
for pynetdicom to read.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from heimdallr.intake.scp.commands import (
    MISMATCH,
    NOT_UNDERSTOOD,
    StoreCommand,
    read_store_command,
    store_response,
)
from heimdallr.intake.scp.fault import PeerFault
from heimdallr.intake.scp.storing import Header, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pynetdicom.presentation import PresentationContext

    from heimdallr.intake.scp.inflow import Inflow
    from heimdallr.intake.scp.storing import Arrival, Reception

P_DATA = 4
PDU_HEADER = struct.Struct(">BxI")
_VALUE_HEADER = struct.Struct(">IBB")
_COMMAND, _LAST = 1, 2
_LONGEST_COMMAND = 1 << 16


class _Value(NamedTuple):
    """Header of a presentation data value (PS3.8 section 9.3.5.1, annex E.2)."""

    length: int
    context_id: int
    control: int


class _NotPData(Exception):  # noqa: N818 - an abort, or the end, in the middle of a message
    """Another PDU comes where the rest of a message should."""


class DirectPath:
    """Receives the C-STORE requests of one association.

    Args:
        inflow: the connection.
        reception: where objects go.
        contexts: accepted presentation contexts by their ID; filled by the negotiation.
        max_pdu: bytes of a P-DATA PDU's variable field, as agreed.
    """

    def __init__(
        self,
        inflow: Inflow,
        reception: Reception,
        contexts: Mapping[int, PresentationContext],
        max_pdu: int,
    ) -> None:
        self._inflow = inflow
        self._reception = reception
        self._contexts = contexts
        self._max_pdu = max_pdu
        self._left = 0
        """Bytes of the current PDU that are still to be read."""
        self._read: bytearray | None = None
        """What was read of a message that may have to be put back."""

    def receive(self) -> int | None:
        """Receive one message, from its first P-DATA PDU on, and answer it.

        Returns:
            The status it was answered with; ``None`` when the next PDU is pynetdicom's to read:
            the message is none of ours and was put back, or it was cut short by another PDU.

        Raises:
            PeerFault: the peer breaks the protocol, stalls, or sends more than it may.
            OSError: the connection ended.
        """
        self._left = 0
        self._read = bytearray()
        try:
            context_id, encoded = self._command()
        except _NotPData:
            self._put_back()
            return None
        command = read_store_command(encoded)
        if command is None:
            self._put_back()
            return None
        self._read = None
        status = NOT_UNDERSTOOD
        if command.has_data_set:
            arrival = self._arrival(command, context_id)
            try:
                self._data_set(arrival, context_id)
                status = arrival.finish()
            except _NotPData:
                return None
            finally:
                # Nothing is left to discard once an object is finished.
                arrival.discard()
        if self._left:
            msg = "more in a PDU than its message"
            raise PeerFault(msg)
        self._inflow.connection.sendall(store_response(command, context_id, status))
        return status

    def _arrival(self, command: StoreCommand, context_id: int) -> Arrival:
        context = self._contexts.get(context_id)
        if context is None:
            msg = "a message in a presentation context that was not accepted"
            raise PeerFault(msg)
        if context.abstract_syntax != command.sop_class_uid:
            return Refused(self._reception, MISMATCH)
        return self._reception.begin(
            Header(command.sop_class_uid, command.sop_instance_uid, str(context.transfer_syntax[0]))
        )

    def _command(self) -> tuple[int, bytes]:
        """The command set that begins a message, and its presentation context's ID."""
        encoded = b""
        while True:
            value = self._next()
            if not value.control & _COMMAND or len(encoded) + value.length > _LONGEST_COMMAND:
                msg = "a message that does not begin with a command set"
                raise PeerFault(msg)
            encoded += self._take(value.length)
            if value.control & _LAST:
                return value.context_id, encoded

    def _data_set(self, arrival: Arrival, context_id: int) -> None:
        inflow = self._inflow
        while True:
            value = self._next()
            if value.control & _COMMAND or value.context_id != context_id:
                msg = "another message in the middle of a data set"
                raise PeerFault(msg)
            left = value.length
            while left:
                piece = inflow.some(left)
                left -= len(piece)
                arrival.write(piece)
            if value.control & _LAST:
                return

    def _next(self) -> _Value:
        """Read the header of the next presentation data value."""
        if not self._left:
            self._inflow.expect(PDU_HEADER.size)
            kind, length = PDU_HEADER.unpack(self._inflow.peek(PDU_HEADER.size))
            if kind != P_DATA:
                raise _NotPData
            if not _VALUE_HEADER.size <= length <= self._max_pdu:
                msg = "a PDU longer than agreed, or too short to hold anything"
                raise PeerFault(msg)
            self._inflow.expect(length)
            self._take(PDU_HEADER.size)
            self._left = length
        if self._left < _VALUE_HEADER.size:
            msg = "a PDU that ends in the middle of a header"
            raise PeerFault(msg)
        length, context_id, control = _VALUE_HEADER.unpack(self._take(_VALUE_HEADER.size))
        self._left -= length + 4
        if length < 2 or self._left < 0:  # noqa: PLR2004 - the ID and the control byte
            msg = "a presentation data value longer than its PDU"
            raise PeerFault(msg)
        return _Value(length - 2, context_id, control)

    def _take(self, count: int) -> bytes:
        taken = self._inflow.take(count)
        if self._read is not None:
            self._read += taken
        return taken

    def _put_back(self) -> None:
        if self._read:
            self._inflow.put_back(bytes(self._read))
        self._read = None
        self._left = 0
