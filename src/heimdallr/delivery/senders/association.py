"""Associations that we ask for: dialling, TLS, and why one was not made (PS3.8 section 9.3).

pynetdicom forgets why a connection failed and takes the time limit off the socket once it stands.
So the connection is made here, by name, IPv4 or IPv6, and handed to it (:class:`_Line` stands on
the insides of version 3.0.4); a peer that stops reading is then given up too.
"""

from __future__ import annotations

import socket
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from pynetdicom import _config
from pynetdicom.ae import ApplicationEntity
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.transport import AddressInformation, AssociationSocket

from heimdallr.delivery.senders.connection_failures import failure_of
from heimdallr.delivery.senders.own_node import CertificateError
from heimdallr.delivery.sending import Answer, Fate
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Sequence

    from pynetdicom.association import Association
    from pynetdicom.events import EventHandlerType
    from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
    from pynetdicom.presentation import PresentationContext
    from pynetdicom.transport import T_CONNECT

    from heimdallr.delivery.destinations import DicomNode
    from heimdallr.delivery.senders.own_node import OwnNode

_CALLING_AE_UNKNOWN, _CALLED_AE_UNKNOWN = 3, 7
"""Reasons of the service user (PS3.8 table 9-21)."""
_TRANSIENT, _BY_USER, _BY_PRESENTATION = 2, 1, 3

# pynetdicom's default handlers format every message for a log nobody reads.
_config.LOG_HANDLER_LEVEL = "none"


class NoAssociationError(Exception):
    """There is no association; caused by a ``CertificateError`` where files of ours are at fault.

    Args:
        why: what happened, and what to do.
        fate: of what was to be sent.
        rejection: what the peer rejected us with, where it did.
    """

    def __init__(
        self, why: Statement, fate: Fate = Fate.LATER, rejection: A_ASSOCIATE | None = None
    ) -> None:
        super().__init__(why.text)
        self.why, self.answer, self.rejection = why, Answer(fate, why), rejection


class NoContextAcceptedError(Exception):
    """The peer would talk, but accepts nothing of what was proposed."""


@contextmanager
def association(
    node: DicomNode,
    own: OwnNode,
    contexts: Sequence[PresentationContext],
    handlers: Sequence[EventHandlerType] = (),
    *,
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
) -> Iterator[Association]:
    """An association with a peer; released at the end, aborted when the block raises.

    Args:
        node: the peer.
        own: our side.
        contexts: at most 128 presentation contexts.
        handlers: of what the peer asks meanwhile.
        roles: of which contexts we are the SCP, too.

    Raises:
        NoAssociationError: it cannot be reached, or rejects us.
        NoContextAcceptedError: it accepts none of the contexts.
    """
    entity = _Entity(node.calling_ae or own.ae_title, _dial(node, own))
    entity.acse_timeout = own.patience.answer_s
    entity.dimse_timeout = own.patience.store_s
    entity.network_timeout = None
    with closing(entity.line):  # pynetdicom forgets to where the peer hung up first
        made = entity.associate(
            "127.0.0.1",  # of no account: the connection stands
            node.port,
            contexts=list(contexts),
            ae_title=node.ae_title,
            max_pdu=own.max_pdu,
            ext_neg=list(roles),
            evt_handlers=list(handlers),
        )
        if not made.is_established:
            raise _not_made(made, node, entity.ae_title)
        try:
            yield made
        except BaseException:
            made.abort()
            raise
        made.release()


def address_of(node: DicomNode) -> str:
    """Where the peer is, as people write it."""
    return f"{node.ae_title}@{node.host}:{node.port}"


def _rejection_of(made: Association) -> A_ASSOCIATE | None:
    """What the peer rejected the association with, if it did.

    A rejection that comes at once closes pynetdicom's connection before it looks whether that
    stands (3.0.4): it aborts then, and leaves the rejection unread in its queue.
    """
    unread = made.dul.receive_pdu()
    told = unread if isinstance(unread, A_ASSOCIATE) else made.acceptor.primitive
    return told if told is not None and told.result else None


def _not_made(made: Association, node: DicomNode, calling_ae: str) -> Exception:
    told = _rejection_of(made)
    if told is not None:
        return _rejected(told, node, calling_ae)
    if made.acceptor.primitive is not None:
        return NoContextAcceptedError()
    return NoAssociationError(_unanswered(node))


def _unanswered(node: DicomNode) -> Statement:
    if node.tls:
        return Statement("association_not_answered_tls", {"address": address_of(node)})
    return Statement("association_not_answered", {"address": address_of(node)})


def _rejected(told: A_ASSOCIATE, node: DicomNode, calling_ae: str) -> NoAssociationError:
    """What a rejected association means for what was to be sent.

    An AE title that is not known is mended by a person, who then sends again: that is a refusal.
    What the peer calls transient, or gives no permanent reason for, is tried again.

    Args:
        told: its result, source and reason (PS3.8 table 9-21).
        node: the peer.
        calling_ae: as whom we called.
    """
    result, source, reason = told.result, told.result_source, told.diagnostic
    address = address_of(node)
    if result == _TRANSIENT or source == _BY_PRESENTATION:
        limit = Statement("association_limit", {"address": address})
        return NoAssociationError(limit, Fate.LATER, told)
    why = Statement(
        "association_rejected",
        {"address": address, "calling_ae": calling_ae, "status": f"{source}/{reason}"},
    )
    if source == _BY_USER and reason == _CALLING_AE_UNKNOWN:
        why = Statement("calling_ae_unknown", {"address": address, "calling_ae": calling_ae})
    elif source == _BY_USER and reason == _CALLED_AE_UNKNOWN:
        why = Statement("called_ae_unknown", {"address": address})
    return NoAssociationError(why, Fate.REFUSED, told)


def _dial(node: DicomNode, own: OwnNode) -> socket.socket:
    """A connection that stands, within a time limit for everything that is done with it.

    Raises:
        NoAssociationError: it cannot be made.
    """
    try:
        context = own.context_for(node.ca) if node.tls else None
    except CertificateError as error:
        raise NoAssociationError(error.why) from error
    try:
        line = socket.create_connection((node.host, node.port), timeout=own.patience.connect_s)
        return _greeted(line, context, node.host, own.patience.store_s)
    except OSError as error:
        raise NoAssociationError(failure_of(error, address_of(node))) from None


def _greeted(
    line: socket.socket, context: ssl.SSLContext | None, host: str, limit_s: float
) -> socket.socket:
    """The connection after the TLS handshake, if any."""
    try:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = context.wrap_socket(line, server_hostname=host) if context else line
        line.settimeout(limit_s)
    except BaseException:
        line.close()
        raise
    else:
        return line


class _Entity(ApplicationEntity):
    """An application entity for one association over a connection that stands."""

    def __init__(self, ae_title: str, line: socket.socket) -> None:
        super().__init__(ae_title)
        self.line = line

    def _create_socket(
        self, assoc: Association, address: AddressInformation, _tls_args: object
    ) -> AssociationSocket:
        return _Line(assoc, address, self.line)


class _Line(AssociationSocket):
    """A connection that stands already, as pynetdicom knows it."""

    def __init__(
        self, assoc: Association, address: AddressInformation, line: socket.socket
    ) -> None:
        self._line = line
        super().__init__(assoc, address=address)

    def _create_socket(self, _address: AddressInformation) -> socket.socket:
        return self._line

    def connect(self, primitive: T_CONNECT) -> None:
        """Say that the connection stands."""
        self._is_connected = True
        primitive.result = "Evt2"
        self.provider_queue.put(primitive)
        self._ready.set()
