"""pynetdicom's upper layer with limits on length and silence, and without polling.

Everything here that stands on pynetdicom's insides stands here only, and on version 3.0.4: the
way :class:`DULServiceProvider` reads (``_is_transport_event``, ``_read_pdu_data``), the pause of
the association's thread (``_reactor_checkpoint``), and that an exception while reading aborts the
association.

What is different from stock: lengths are capped before anything is buffered, a peer that stalls
is given up, an association that is idle sleeps instead of polling a thousand times a second, and
C-STORE may take the :class:`~heimdallr.intake.scp.direct.DirectPath`.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dul import DULServiceProvider
from pynetdicom.service_class import StorageServiceClass
from pynetdicom.transport import AddressInformation, AssociationSocket

from heimdallr.intake.scp.commands import MISMATCH, NOT_UNDERSTOOD, SUCCESS
from heimdallr.intake.scp.commitment import taken
from heimdallr.intake.scp.contexts import supported
from heimdallr.intake.scp.direct import P_DATA, PDU_HEADER, DirectPath
from heimdallr.intake.scp.fault import PeerFault
from heimdallr.intake.scp.inflow import TOO_LONG
from heimdallr.intake.scp.storing import Header

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event as Flag

    from pynetdicom.dimse_primitives import DimseServiceType
    from pynetdicom.events import Event
    from pynetdicom.presentation import PresentationContextTuple
    from pynetdicom.transport import AssociationServer

    from heimdallr.intake.scp.inflow import Inflow
    from heimdallr.intake.scp.storing import Reception
    from heimdallr.store.commitment_reports import CommitmentReports

LONGEST_ASSOCIATION_PDU = 1 << 19
"""Bytes of any PDU that is not P-DATA.

A proposal has at most 128 presentation contexts (PS3.8 section 9.3.2.2). With 50 transfer syntaxes
each, whose UIDs have all 64 characters, they take 445 kB; those of 22 characters as the standard
has them, 170 kB.
"""

ABORT = bytes((7, 0, 0, 0, 0, 4, 0, 0, 2, 0))
"""A-ABORT PDU by the service provider (PS3.8 section 9.3.8)."""

_PDU_TYPES = range(1, 8)
_SHORTEST_P_DATA = 6
"""Bytes of the header of one presentation data value."""
_TRANSFER = "Sta6"
"""State of the upper layer in which data are transferred (PS3.8 section 9.2.1)."""
_LONGEST_COMMAND = 1 << 16
_LONGEST_OTHER_DATA_SET = 1 << 20
"""Bytes of a data set of a message that is not C-STORE."""
_MOST_UNANSWERED = 16
"""Messages of a peer that does not wait for answers; more are left in the socket."""
_LINGER_S = 0.05
"""How long the direct path waits for the next message before it looks at anything else."""
_NAP_S = 0.1
"""How long an idle association sleeps between two looks at the clock."""
_SERVING_S = 0.5
"""How long after an ordinary message pynetdicom's own, quick polling is left to it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits of an association.

    Attributes:
        direct: C-STORE takes the direct path.
        max_pdu: bytes of a P-DATA PDU's variable field.
        idle_s: how long a peer may be silent between messages.
        total_s: how long an association may last.
    """

    direct: bool
    max_pdu: int
    idle_s: float
    total_s: float


@dataclass(frozen=True, slots=True)
class Hooks:
    """Callbacks that tell the server of an association.

    Attributes:
        echoed: the peer sent C-ECHO.
        stored: an object was answered with this status.
        committed: a report of storage commitment was answered with this status.
        ended: nothing more happens; called once, by the association's own thread.
    """

    echoed: Callable[[], None]
    stored: Callable[[int], None]
    committed: Callable[[int], None]
    ended: Callable[[PeerAssociation], None]


class PeerSocket(AssociationSocket):
    """The socket as pynetdicom knows it, reading through an :class:`Inflow`."""

    def __init__(self, association: Association, inflow: Inflow) -> None:
        super().__init__(association, client_socket=inflow.connection)
        self.inflow = inflow

    @property
    def ready(self) -> bool:
        """Whether something can be read."""
        return self.socket is not None and self._is_connected and self.inflow.wait(0)

    def recv(self, nr_bytes: int) -> bytearray:
        """Read exactly so many bytes; fewer when the connection ends."""
        self.inflow.expect(nr_bytes)
        try:
            return bytearray(self.inflow.take(nr_bytes))
        except ConnectionError:
            return bytearray()


class _Provider(DULServiceProvider):
    """The upper layer of one association."""

    def __init__(self, association: PeerAssociation) -> None:
        super().__init__(association)
        self._peer = association
        self._heard_at = self._serving_until = time.monotonic()
        association.inflow.ends_at = self._heard_at + association.terms.total_s
        self._direct: DirectPath | None = None

    def run_reactor(self) -> None:
        """Live; what pynetdicom cannot read ends the association, not the thread's excepthook."""
        try:
            super().run_reactor()
        except Exception:  # noqa: BLE001 - whatever hostile bytes make it raise
            self._peer.fault = self._peer.fault or "a message that cannot be read"
            with suppress(OSError):
                self._peer.inflow.connection.sendall(ABORT)

    def _is_transport_event(self) -> bool:
        try:
            if self.state_machine.current_state == _TRANSFER and not self._await_peer():
                return False
            return super()._is_transport_event()
        except PeerFault as fault:
            self._peer.fault = str(fault)
            raise

    def _await_peer(self) -> bool:
        """Whether the peer said something; sleeps a little when there is nothing else to do."""
        now, terms = time.monotonic(), self._peer.terms
        between_messages = now >= self._serving_until and self._peer.dimse.message is None
        if self._peer.stop.is_set() and between_messages:
            msg = "the listener is being stopped"
            raise PeerFault(msg)
        if now > self._peer.inflow.ends_at:
            raise PeerFault(TOO_LONG)
        if self._peer.dimse.msg_queue.qsize() > _MOST_UNANSWERED:
            return False
        if now < self._serving_until:
            return self._peer.inflow.wait(0)
        if now - self._heard_at > terms.idle_s:
            msg = "silent between messages"
            raise PeerFault(msg)
        with self._peer.paused():
            return self._peer.inflow.wait(_NAP_S)

    def _read_pdu_data(self) -> None:
        inflow = self._peer.inflow
        try:
            inflow.expect(PDU_HEADER.size)
            if inflow.peek(PDU_HEADER.size)[0] == P_DATA and self._takes_direct_path():
                self._receive_directly()
            else:
                self._read_ordinarily()
        except OSError:
            self.event_queue.put("Evt17")  # transport connection closed

    def _takes_direct_path(self) -> bool:
        return (
            self._peer.terms.direct
            and self.state_machine.current_state == _TRANSFER
            and self._peer.dimse.message is None
        )

    def _receive_directly(self) -> None:
        """One C-STORE after the other, as long as they keep coming."""
        if self._direct is None:
            self._direct = DirectPath(
                self._peer.inflow,
                self._peer.reception,
                self._peer._accepted_cx,  # noqa: SLF001 - pynetdicom's
                self._peer.terms.max_pdu,
            )
        with self._peer.paused():
            status = self._direct.receive()
            while status is not None:
                self._heard_at = time.monotonic()
                self._peer.hooks.stored(status)
                if self._peer.stop.is_set() or not self._peer.inflow.wait(_LINGER_S):
                    return
                status = self._direct.receive()
        self._read_ordinarily()

    def _read_ordinarily(self) -> None:
        """Have pynetdicom read the next PDU."""
        self._cap(*PDU_HEADER.unpack(self._peer.inflow.peek(PDU_HEADER.size)))
        self._heard_at = time.monotonic()
        self._serving_until = self._heard_at + _SERVING_S
        super()._read_pdu_data()

    def _cap(self, kind: int, length: int) -> None:
        """Refuse lengths that nobody agreed to, before anything is buffered for them."""
        if kind not in _PDU_TYPES or (kind == P_DATA and length < _SHORTEST_P_DATA):
            msg = "a PDU that is none"
            raise PeerFault(msg)
        if length > (self._peer.terms.max_pdu if kind == P_DATA else LONGEST_ASSOCIATION_PDU):
            msg = "a PDU longer than agreed"
            raise PeerFault(msg)
        message = self._peer.dimse.message
        if message is None or message.data_set is None:
            return
        most = _LONGEST_OTHER_DATA_SET
        if not self._peer.terms.direct:
            most = self._peer.reception.limits.most_bytes
        if message.data_set.tell() + length > most:
            msg = "an object larger than any may be"
            raise PeerFault(msg)
        if message.encoded_command_set.tell() > _LONGEST_COMMAND:
            msg = "a command set that does not end"
            raise PeerFault(msg)


class _Paused:
    """The association's own thread rests while the upper layer's has nothing for it."""

    def __init__(self, association: PeerAssociation) -> None:
        self._association = association

    def __enter__(self) -> None:
        if self._association.has_nothing_to_do():
            self._association._reactor_checkpoint.clear()  # noqa: SLF001 - pynetdicom's

    def __exit__(self, *_: object) -> None:
        self._association._reactor_checkpoint.set()  # noqa: SLF001 - pynetdicom's


class PeerAssociation(Association):
    """An association that a peer asked for.

    Attributes:
        fault: why we aborted it, in words; empty when we did not.
    """

    def __init__(
        self,
        server: AssociationServer,
        inflow: Inflow,
        *,
        remote: tuple[str, int],
        reception: Reception,
        terms: Terms,
        hooks: Hooks,
        stop: Flag,
        commitments: CommitmentReports | None = None,
    ) -> None:
        super().__init__(server.ae, MODE_ACCEPTOR)
        self.inflow, self.reception, self.terms = inflow, reception, terms
        self.hooks, self.stop, self.fault = hooks, stop, ""
        self._commitments = commitments
        self.dul = _Provider(self)
        self.acse_timeout = server.ae.acse_timeout
        self.dimse_timeout = server.ae.dimse_timeout
        self.network_timeout = None  # ours is monotonic: a clock that jumps ends no association
        self._server = server
        self.name = f"AcceptorThread@{remote[0]}"
        self.acceptor.maximum_length = terms.max_pdu
        self.acceptor.ae_title = server.ae_title
        self.acceptor.address_info = AddressInformation.from_tuple(inflow.connection.getsockname())
        self.acceptor.implementation_class_uid = server.ae.implementation_class_uid
        self.acceptor.implementation_version_name = server.ae.implementation_version_name
        self.requestor.address_info = AddressInformation.from_tuple(remote)
        self.set_socket(PeerSocket(self, inflow))
        self.bind(evt.EVT_REQUESTED, self._offer_contexts)
        self.bind(evt.EVT_C_ECHO, self._echo)
        self.bind(evt.EVT_C_STORE, self._store)
        if commitments is not None:
            self.bind(evt.EVT_N_EVENT_REPORT, self._commitment, [commitments])

    def paused(self) -> _Paused:
        """A context in which the association's thread rests, if it has nothing to do."""
        return _Paused(self)

    def has_nothing_to_do(self) -> bool:
        """Whether no message and no indication waits for the association's thread."""
        return self.dimse.msg_queue.empty() and self.dul.to_user_queue.empty()

    def run_reactor(self) -> None:
        """Live, and tidy up after."""
        try:
            super().run_reactor()
        finally:
            with suppress(OSError):
                self.inflow.connection.shutdown(socket.SHUT_RDWR)
            if self.dul.ident is not None:
                self.dul.join()
            self.inflow.connection.close()
            self.inflow.forget()
            self.hooks.ended(self)

    def _serve_request(self, msg: DimseServiceType, context_id: int) -> None:
        context = self._accepted_cx.get(context_id)
        if isinstance(msg, C_STORE) and msg.is_valid_request and context is not None:
            # Whatever the SOP class is, private ones too, which pynetdicom has no service for.
            StorageServiceClass(self).SCP(msg, context)
            return
        super()._serve_request(msg, context_id)

    def _offer_contexts(self, _event: Event) -> None:
        request = self.requestor.primitive
        proposed = request.presentation_context_definition_list if request else []
        self.acceptor.supported_contexts = supported(
            (str(context.abstract_syntax) for context in proposed),
            commitment=self._commitments is not None,
        )

    def _echo(self, _event: Event) -> int:
        self.hooks.echoed()
        return SUCCESS

    def _commitment(self, event: Event, reports: CommitmentReports) -> tuple[int, None]:
        status = taken(event, reports)
        self.hooks.committed(status)
        return status, None

    def _store(self, event: Event) -> int:
        """C-STORE pynetdicom's own way: the object is in memory, whole."""
        request = event.request
        status = NOT_UNDERSTOOD
        if isinstance(request, C_STORE) and isinstance(request.DataSet, BytesIO):
            status = self._keep(request, request.DataSet, event.context)
        self.hooks.stored(status)
        return status

    def _keep(self, request: C_STORE, data_set: BytesIO, context: PresentationContextTuple) -> int:
        if context.abstract_syntax != request.AffectedSOPClassUID:
            return MISMATCH
        arrival = self.reception.begin(
            Header(
                str(request.AffectedSOPClassUID),
                str(request.AffectedSOPInstanceUID),
                str(context.transfer_syntax),
            )
        )
        try:
            arrival.write(data_set.getbuffer())
            return arrival.finish()
        finally:
            arrival.discard()
