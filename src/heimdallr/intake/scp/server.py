"""The listener's sockets: accepting and refusing connections, TLS, stopping.

The accepting thread does nothing that could wait for a peer. Each connection has a thread of its
own that makes the TLS handshake and reads the association request, within a deadline and a
length, before pynetdicom hears of it; whoever is rejected is told at once.
"""

from __future__ import annotations

import errno
import socket
import ssl
import threading
import time
from contextlib import suppress
from os import getpid
from typing import TYPE_CHECKING, cast

import structlog
from pynetdicom import _config
from pynetdicom.ae import ApplicationEntity
from pynetdicom.transport import ThreadedAssociationServer

from heimdallr.clock import utc_now
from heimdallr.domain.errors import ConfigurationError
from heimdallr.intake.scp.access import (
    CONGESTED,
    Peer,
    access,
    listening_address,
    plain_address,
)
from heimdallr.intake.scp.admission import Places, WaitingRoom
from heimdallr.intake.scp.commands import OUT_OF_RESOURCES, SUCCESS
from heimdallr.intake.scp.direct import PDU_HEADER
from heimdallr.intake.scp.fault import PeerFault
from heimdallr.intake.scp.inflow import Inflow
from heimdallr.intake.scp.presence import Presence
from heimdallr.intake.scp.storing import Limits, Reception
from heimdallr.intake.scp.tls import tls_context
from heimdallr.intake.scp.upper_layer import (
    ABORT,
    LONGEST_ASSOCIATION_PDU,
    Hooks,
    PeerAssociation,
    Terms,
)
from heimdallr.intake.spool import Origin

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.config import Settings
    from heimdallr.intake.scp.access import Refusal
    from heimdallr.store.commitment_reports import CommitmentReports

_Accepted = tuple[socket.socket, tuple[str, int]]

_log = structlog.get_logger()

_BACKLOG = 128
_MOST_WAITING, _MOST_WAITING_PER_ADDRESS = 128, 64
"""Connections that have not yet asked for an association."""
_SAY_AGAIN_S = 60.0
"""A peer that keeps being turned away is not logged more often than this."""
_LOOK_S = 0.1
_ASSOCIATE_RQ = 1
_CALLED_AE, _CALLING_AE = slice(10, 26), slice(26, 42)
"""Of an A-ASSOCIATE-RQ PDU (PS3.8 table 9-11)."""

# pynetdicom's default handlers format every message for a log nobody reads.
_config.LOG_HANDLER_LEVEL = "none"


class Scp:
    """The DICOM listener.

    Args:
        settings: who may connect, limits and timeouts.
        spool: folder of batches; must be there.
        presence: is told what peers do.
        commitments: where reports of storage commitment are left; without, none are taken.

    Raises:
        ConfigurationError: a setting cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        spool: Path,
        presence: Presence | None = None,
        commitments: CommitmentReports | None = None,
    ) -> None:
        self.settings = settings
        self.access = access(settings)
        self.presence = presence or Presence()
        self._spool = spool
        self._commitments = commitments
        self._tls = tls_context(settings)
        self._limits = Limits.of(settings)
        self._terms = Terms(
            direct=settings.direct_data_path,
            max_pdu=settings.max_pdu,
            idle_s=settings.dimse_timeout,
            total_s=settings.association_hours * 3600,
        )
        self._places = Places(settings.max_associations, settings.max_associations_per_peer)
        self._waiting: WaitingRoom[socket.socket] = WaitingRoom(
            _MOST_WAITING, _MOST_WAITING_PER_ADDRESS, _hang_up
        )
        self._stop = threading.Event()
        self._associations: set[PeerAssociation] = set()
        self._lock = threading.Lock()
        self._said: dict[tuple[str, ...], float] = {}
        self._server: _Server | None = None

    @property
    def host(self) -> str:
        """The address to bind."""
        return listening_address(self.settings)

    @property
    def port(self) -> int:
        """The port that is listened on; known once started."""
        return self._server.server_address[1] if self._server else self.settings.dicom_port

    def start(self, port: int | None = None) -> None:
        """Begin to listen.

        Args:
            port: instead of the configured one; 0 for a free one.

        Raises:
            ConfigurationError: the address cannot be bound.
        """
        port = self.settings.dicom_port if port is None else port
        try:
            self._server = _Server(self, (self.host, port))
        except OSError as error:
            msg = f"cannot listen on {self.host}, port {port}: {error.strerror}"
            raise ConfigurationError(
                msg, remedy="set HEIMDALLR_DICOM_HOST or HEIMDALLR_DICOM_PORT"
            ) from None
        threading.Thread(
            target=self._server.serve_forever, args=(_LOOK_S,), name="dicom-accept", daemon=True
        ).start()

    def stop(self, grace_s: float = 5.0) -> None:
        """Accept nobody any more, let objects on their way arrive, and end.

        Args:
            grace_s: how long an object on its way may take.
        """
        if self._server is None:
            return
        self._stop.set()
        self._server.shutdown()
        for connection in self._waiting.everyone():
            _hang_up(connection)
        deadline = time.monotonic() + grace_s
        while self._open() and time.monotonic() < deadline:
            time.sleep(0.02)
        for association in self._open():
            _hang_up(association.inflow.connection)
        for association in self._open():
            association.join(timeout=grace_s)
        self._server = None

    # What the server asks and tells; called by its threads.

    def admits(self, connection: socket.socket, address: str) -> bool:
        """Whether a connection is listened to; by the accepting thread."""
        if not self.access.may_connect(address):
            self._turned_away("", address, "its address may not connect")
            return False
        self._waiting.enter(connection, address)
        return True

    def serve(self, server: _Server, connection: socket.socket, remote: tuple[str, int]) -> None:
        """Bring a connection to an association, or end it; by its own thread."""
        address = plain_address(remote[0])
        peer = Peer("", "", address)
        try:
            self._greet(connection)
            inflow = Inflow(connection, self.settings.acse_timeout)
            length, peer = self._opening(inflow, address)
            self._await_request(inflow, length)
            self._waiting.leave(connection)
            refusal = self.access.refuse(peer)
            if refusal is None and not self._places.take(address):
                refusal = CONGESTED
            if refusal is None:
                self._associate(server, inflow, peer, remote)
                return
            self._refuse(connection, peer, refusal)
        except PeerFault as fault:
            self._turned_away(_printable(peer.calling_ae), address, str(fault))
            with suppress(OSError):
                connection.sendall(ABORT)
        except ssl.SSLError as error:
            self._turned_away("", address, f"TLS: {error.reason or 'no handshake'}")
        except OSError:
            pass  # it hung up, or was hung up on
        finally:
            self._waiting.leave(connection)
        _hang_up(connection)
        connection.close()

    def wrap(self, connection: socket.socket) -> socket.socket:
        """Make a connection that was accepted one that will speak TLS; waits for nothing."""
        if self._tls is None:
            return connection
        return self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)

    def _greet(self, connection: socket.socket) -> None:
        connection.settimeout(self.settings.acse_timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if isinstance(connection, ssl.SSLSocket):
            connection.do_handshake()

    def _opening(self, inflow: Inflow, address: str) -> tuple[int, Peer]:
        """Length of the association request that begins, and who makes it."""
        kind, length = PDU_HEADER.unpack(inflow.peek(PDU_HEADER.size))
        if kind != _ASSOCIATE_RQ or length + PDU_HEADER.size < _CALLING_AE.stop:
            msg = "does not begin with an association request"
            raise PeerFault(msg)
        opening = bytes(inflow.peek(_CALLING_AE.stop))
        return length, Peer(_title(opening[_CALLING_AE]), _title(opening[_CALLED_AE]), address)

    def _await_request(self, inflow: Inflow, length: int) -> None:
        """Wait for the whole request, which is left in the inflow for pynetdicom."""
        if length > LONGEST_ASSOCIATION_PDU:
            msg = f"an association request of {length} bytes, more than any proposal takes"
            raise PeerFault(msg)
        inflow.peek(PDU_HEADER.size + length)
        inflow.be_patient(self.settings.network_timeout)

    def _associate(
        self, server: _Server, inflow: Inflow, peer: Peer, remote: tuple[str, int]
    ) -> None:
        for doubt in self.access.doubts(peer):
            self._say("association with a doubt", peer.calling_ae, peer.address, doubt)
        origin = Origin(
            source="dicom",
            began_at=utc_now(),
            calling_ae=peer.calling_ae,
            called_ae=peer.called_ae,
            address=peer.address,
            pid=getpid(),
            stat=bool({peer.calling_ae, peer.called_ae} & {*self.settings.stat_ae_titles}),
        )
        reception = Reception(self._spool, origin, self._limits)
        hooks = Hooks(
            echoed=lambda: self.presence.echoed(peer.calling_ae, peer.address),
            stored=lambda status: self._answered(peer, status),
            committed=lambda status: self._reported(peer, status),
            ended=self._ended,
        )
        association = None
        try:
            association = PeerAssociation(
                server,
                inflow,
                remote=remote,
                reception=reception,
                terms=self._terms,
                hooks=hooks,
                stop=self._stop,
                commitments=self._commitments,
            )
            with self._lock:
                self._associations.add(association)
            association.start()
        except BaseException:
            with self._lock:
                self._associations.discard(association)
            self._places.give_back(peer.address)
            raise

    def _answered(self, peer: Peer, status: int) -> None:
        if status == SUCCESS:
            self.presence.stored(peer.calling_ae, peer.address)
            return
        reason = "an object whose UIDs do not fit, or that cannot be understood"
        if status == OUT_OF_RESOURCES:
            reason = "the disk is nearly full, or cannot be written"
        self._turned_away(peer.calling_ae, peer.address, reason)

    def _reported(self, peer: Peer, status: int) -> None:
        if status == SUCCESS:
            _log.info("storage commitment", calling_ae=peer.calling_ae, address=peer.address)
            return
        reason = f"a report of storage commitment that is not taken (0x{status:04X})"
        self._turned_away(peer.calling_ae, peer.address, reason)

    def _ended(self, association: PeerAssociation) -> None:
        origin = association.reception.origin
        try:
            association.reception.end(released=association.is_released)
        except OSError as error:
            _log.error("a batch could not be ended", error=error.strerror or "OSError")
        with self._lock:
            self._associations.discard(association)
        self._places.give_back(origin.address)
        if association.fault and not self._stop.is_set():
            self._turned_away(origin.calling_ae, origin.address, association.fault)
        _log.info(
            "association ended",
            calling_ae=origin.calling_ae,
            address=origin.address,
            instances=association.reception.stored,
            state="released" if association.is_released else "aborted",
        )

    def _refuse(self, connection: socket.socket, peer: Peer, refusal: Refusal) -> None:
        self._turned_away(_printable(peer.calling_ae), peer.address, refusal.words)
        connection.sendall(refusal.pdu())

    def _turned_away(self, ae_title: str, address: str, reason: str) -> None:
        self.presence.rejected(ae_title, address, reason)
        self._say("turned away", ae_title, address, reason)

    def _say(self, event: str, ae_title: str, address: str, reason: str) -> None:
        key, now = (event, ae_title, address, reason), time.monotonic()
        with self._lock:
            if now - self._said.get(key, -_SAY_AGAIN_S) < _SAY_AGAIN_S:
                return
            self._said = {k: at for k, at in self._said.items() if now - at < _SAY_AGAIN_S}
            self._said[key] = now
        _log.warning(event, calling_ae=ae_title, address=address, reason=reason)

    def _open(self) -> list[PeerAssociation]:
        with self._lock:
            return list(self._associations)


class _Server(ThreadedAssociationServer):
    """Accepts, and hands each connection to a thread."""

    request_queue_size = _BACKLOG
    daemon_threads = True

    def __init__(self, scp: Scp, address: tuple[str, int]) -> None:
        self._scp = scp
        entity = ApplicationEntity(scp.settings.ae_title)
        entity.acse_timeout = scp.settings.acse_timeout
        entity.dimse_timeout = scp.settings.dimse_timeout
        entity.network_timeout = scp.settings.dimse_timeout
        entity.maximum_associations = 1 << 20  # ours are counted before
        super().__init__(entity, address, scp.settings.ae_title, contexts=[])
        entity._servers.append(self)  # noqa: SLF001 - shutdown() takes it from there

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a connection; the TLS handshake is its own thread's business."""
        if self.socket is None:  # closed: the loop is about to end
            raise OSError(errno.EBADF, "closed")
        try:
            connection, remote = self.socket.accept()
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOMEM}:
                time.sleep(0.1)  # else this loop spins until a file is closed
            raise
        try:
            return self._scp.wrap(connection), remote
        except BaseException:
            connection.close()
            raise

    def verify_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> bool:
        """Whether the connection is listened to."""
        connection, remote = cast("_Accepted", (request, client_address))
        return self._scp.admits(connection, plain_address(remote[0]))

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Serve a connection."""
        connection, remote = cast("_Accepted", (request, client_address))
        self._scp.serve(self, connection, (remote[0], remote[1]))

    def handle_error(self, _request: object, _client_address: object) -> None:
        """Log without what the peer sent."""
        _log.error("a connection could not be served", exc_info=True)


def _title(field: bytes) -> str:
    return field.decode("ascii", "replace").strip(" \0")


def _printable(ae_title: str) -> str:
    """An AE title as it may be logged; empty for one that nobody types."""
    return ae_title if ae_title.isprintable() else ""


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
