"""Which sender speaks to which kind of peer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heimdallr.delivery.senders.dicom_node import DicomNodeSender
from heimdallr.delivery.senders.dicomweb import DicomWebSender
from heimdallr.delivery.senders.fhir_server import FhirServerSender
from heimdallr.delivery.senders.folder import FolderSender
from heimdallr.delivery.senders.hl7_mllp import Hl7ListenerSender
from heimdallr.delivery.senders.webhook import WebhookSender

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.delivery.destinations import Peer
    from heimdallr.delivery.senders.own_node import OwnNode
    from heimdallr.delivery.sending import Sender

_SENDERS: dict[str, Callable[[Any, str, OwnNode], Sender]] = {
    "dicom": lambda node, _, own: DicomNodeSender(node, own),
    "dicomweb": DicomWebSender,
    "fhir": FhirServerSender,
    "hl7": lambda listener, _, own: Hl7ListenerSender(listener, own),
    "webhook": WebhookSender,
    "folder": lambda folder, _, __: FolderSender(folder),
}
"""Kind of peer → sender, of peer, secret and our side."""


def sender_for(peer: Peer, secret: str, own: OwnNode) -> Sender:
    """The sender of a destination.

    Args:
        peer: where to.
        secret: its password, bearer token or key, as its kind has it.
        own: our side.
    """
    return _SENDERS[peer.kind](peer, secret, own)
