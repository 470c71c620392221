"""The MLLP listener: connections of permitted peers, one thread each, bounded in every way."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import structlog

from heimdallr.domain.errors import ConfigurationError
from heimdallr.hl7v2.mllp import FrameFault, FrameReader, framed
from heimdallr.intake.scp.access import plain_address
from heimdallr.intake.scp.tls import tls_context

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from heimdallr.config import Settings
    from heimdallr.intake.hl7.answering import Answering

LARGEST_MESSAGE = 2**20
"""Bytes; an order has some kB. Chosen."""
MOST_CONNECTIONS = 32
"""Chosen; an interface engine holds one or two."""
MESSAGE_S, SILENCE_S = 30.0, 600.0
"""Seconds a message may take once begun, and a connection may be silent between two. Chosen."""
_LOOK_S = 0.5
_LOOPBACK = ("127.0.0.0/8", "::1/128")
_EVERYONE = ("0.0.0.0/0", "::/0")
_log = structlog.get_logger()


def allowed_networks(settings: Settings) -> tuple[IPv4Network | IPv6Network, ...]:
    """Who may connect; this machine only where nobody is named.

    Raises:
        ConfigurationError: a peer is no address, no network and not ``*``.
    """
    words = [
        place
        for word in settings.hl7_peers or _LOOPBACK
        for place in (_EVERYONE if word == "*" else (word,))
    ]
    try:
        return tuple(ip_network(word, strict=False) for word in words)
    except ValueError:
        msg = "HEIMDALLR_HL7_PEERS: one of them is no address, network or *"
        raise ConfigurationError(msg, remedy="see `heimdallr config`") from None


class Hl7Server:
    """Listens, and answers whoever may connect.

    Args:
        settings: port, peers, TLS.
        answering: makes the answers.

    Raises:
        ConfigurationError: a setting cannot be used.
    """

    def __init__(self, settings: Settings, answering: Answering) -> None:
        self._settings, self._answering = settings, answering
        self._networks = allowed_networks(settings)
        self._context = tls_context(settings) if settings.hl7_tls else None
        if settings.hl7_tls and self._context is None:
            msg = "HEIMDALLR_HL7_TLS needs HEIMDALLR_DICOM_CERTIFICATE"
            raise ConfigurationError(msg)
        self._listening: socket.socket | None = None
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)

    @property
    def port(self) -> int:
        """The port it listens on; 0 before."""
        return int(self._listening.getsockname()[1]) if self._listening else 0

    def step(self) -> float:
        """Wait a moment for a connection; seconds until the next time.

        A port that cannot be opened is tried again.
        """
        try:
            connection, address = self._socket().accept()
        except TimeoutError:
            return 0.0
        except OSError as error:
            _log.error("the HL7 port cannot be used", port=self._settings.hl7_port,
                       reason=error.strerror)  # fmt: skip
            self.close()
            return 5.0
        peer = plain_address(address[0])
        if not any(ip_address(peer) in network for network in self._networks):
            _log.warning("an HL7 connection was refused", peer=peer)
            connection.close()
        elif not self._free.acquire(blocking=False):
            _log.warning("too many HL7 connections", peer=peer)
            connection.close()
        else:
            threading.Thread(
                target=self._serve, args=(connection, peer), name="hl7", daemon=True
            ).start()
        return 0.0

    def close(self) -> None:
        """Listen no more; answers on their way are finished by their threads."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    def _socket(self) -> socket.socket:
        if self._listening is None:
            host = self._settings.hl7_host or ("" if self._settings.hl7_peers else "127.0.0.1")
            port = self._settings.hl7_port or 0
            dual = not host and socket.has_dualstack_ipv6()
            family = socket.AF_INET6 if dual or ":" in host else socket.AF_INET
            self._listening = socket.create_server((host, port), family=family, dualstack_ipv6=dual)
            self._listening.settimeout(_LOOK_S)
            _log.info("HL7 listener", port=self.port)
        return self._listening

    def _serve(self, plain: socket.socket, peer: str) -> None:
        """One connection, to its end."""
        try:
            with self._secured(plain) as connection:
                self._answer_all(connection, peer)
        except FrameFault as fault:
            _log.warning("an HL7 connection was ended", peer=peer, reason=str(fault))
        except OSError as error:  # a TimeoutError and an ssl.SSLError as well
            _log.info("an HL7 connection ended", peer=peer, error=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - the edge of a connection: others go on
            _log.error("an HL7 connection failed", peer=peer, exc_info=error)
        finally:
            self._free.release()

    def _secured(self, plain: socket.socket) -> socket.socket:
        plain.settimeout(MESSAGE_S)
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_side=True)
        except BaseException:
            plain.close()
            raise

    def _answer_all(self, connection: socket.socket, peer: str) -> None:
        messages = FrameReader(connection, LARGEST_MESSAGE)
        while (message := messages.next(MESSAGE_S, silence_s=SILENCE_S)) is not None:
            answer = self._answering.answer(message, peer)
            connection.settimeout(MESSAGE_S)
            connection.sendall(framed(answer))
        with suppress(OSError, ssl.SSLError):
            connection.shutdown(socket.SHUT_WR)
