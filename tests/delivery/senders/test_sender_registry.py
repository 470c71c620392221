"""Each kind of destination has its sender."""

from __future__ import annotations

from pathlib import Path

import pytest

from heimdallr.config import Settings
from heimdallr.delivery.destinations import (
    PEER,
    DicomNode,
    DicomWeb,
    FhirServer,
    Folder,
    Hl7Listener,
    Peer,
    Webhook,
)
from heimdallr.delivery.senders.dicom_node import DicomNodeSender
from heimdallr.delivery.senders.dicomweb import DicomWebSender
from heimdallr.delivery.senders.fhir_server import FhirServerSender
from heimdallr.delivery.senders.folder import FolderSender
from heimdallr.delivery.senders.hl7_mllp import Hl7ListenerSender
from heimdallr.delivery.senders.own_node import OwnNode
from heimdallr.delivery.senders.registry import sender_for
from heimdallr.delivery.senders.webhook import WebhookSender


@pytest.mark.parametrize(
    ("peer", "sender"),
    [
        (DicomNode(ae_title="ARCHIVE", host="10.1.2.3"), DicomNodeSender),
        (DicomWeb(url="https://archive/dicom-web"), DicomWebSender),
        (FhirServer(url="https://record/fhir"), FhirServerSender),
        (Hl7Listener(host="10.1.2.4"), Hl7ListenerSender),
        (Webhook(url="https://ris/hook"), WebhookSender),
        (Folder(path=Path("/share")), FolderSender),
    ],
)
def test_each_kind_has_its_sender(peer: Peer, sender: type) -> None:
    """Also when it was read from the database."""
    own = OwnNode.of(Settings())
    assert isinstance(sender_for(PEER.validate_json(PEER.dump_json(peer)), "secret", own), sender)
