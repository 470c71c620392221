"""Storage commitment: only what an archive says it keeps is committed, whichever way it says so."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from fake_archives import Archive, answering, rejecting
from orthanc import DicomPeer
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # made at import
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)
from sent_objects import EXPLICIT, SR, uid_of, write_object
from waiting import free_port, wait_for_port

from heimdallr.config import Settings
from heimdallr.delivery.destinations import DicomNode
from heimdallr.delivery.senders.commitment import answers
from heimdallr.delivery.senders.dicom_node import DicomNodeSender
from heimdallr.delivery.senders.own_node import OwnNode, Patience
from heimdallr.delivery.sending import Answer, Fate, Item
from heimdallr.domain.statements import Statement
from heimdallr.store.commitment_reports import CommitmentReports
from heimdallr.store.layout import data_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from orthanc import Orthanc
    from pynetdicom.events import Event

DENIED = Answer(Fate.LATER, Statement("commitment_denied", {"status": "0x0112"}))


@pytest.fixture
def reports(tmp_path: Path) -> CommitmentReports:
    """Where a listener would leave reports."""
    folder = tmp_path / "commitments"
    folder.mkdir()
    return CommitmentReports(folder)


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    """Two objects."""
    return [write_object(tmp_path / f"{number}.dcm", SR, number) for number in (1, 2)]


def ask(
    node: DicomNode, items: list[Item], reports: CommitmentReports, uid: str, wait_s: float = 20
) -> dict[str, Answer]:
    """Key → answer."""
    own = OwnNode("HEIMDALLR", reports=reports, patience=Patience(5, 5, 20, commitment_s=wait_s))
    return dict(DicomNodeSender(node, own).request_commitment(items, uid))


def reporting(*, lost: str) -> Callable[[Event], tuple[int, None]]:
    """Take the request, and report on the same association that this instance is not kept."""

    def action(event: Event) -> tuple[int, None]:
        asked = event.action_information
        told = Dataset()
        told.TransactionUID = asked.TransactionUID
        told.ReferencedSOPSequence, told.FailedSOPSequence = [], []
        for one in asked.ReferencedSOPSequence:
            if one.ReferencedSOPInstanceUID == lost:
                one.FailureReason = 0x0112
                told.FailedSOPSequence.append(one)
            else:
                told.ReferencedSOPSequence.append(one)
        send = event.assoc.send_n_event_report
        threading.Timer(
            0.2, send, (told, 2, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
        ).start()
        return 0x0000, None

    return action


def test_a_report_on_the_same_association(items: list[Item], reports: CommitmentReports) -> None:
    """What is kept is committed, what is not is sent again."""
    archive = Archive(action=reporting(lost=uid_of(2)))
    with archive.running([(SR, [EXPLICIT])]) as node:
        found = ask(node, items, reports, generate_uid())
    assert found == {"1": Answer(Fate.COMMITTED), "2": DENIED}


def test_an_archive_that_reports_later(items: list[Item], reports: CommitmentReports) -> None:
    """Nothing is said of the items; the report is waited for."""
    uid = generate_uid()
    with Archive().running([(SR, [EXPLICIT])]) as node:
        assert ask(node, items, reports, uid, wait_s=0.1) == {}
    assert reports.is_expected(uid)


def test_archives_that_will_not_say(items: list[Item], reports: CommitmentReports) -> None:
    """The objects stay sent, and the reason is told; nobody waits for a report."""
    uid = generate_uid()
    with Archive(action=lambda _event: (0x0213, None)).running([(SR, [EXPLICIT])]) as node:
        found = ask(node, items, reports, uid)
    assert {one.fate for one in found.values()} == {Fate.SENT}
    assert found["1"].why is not None
    assert "0x0213" in found["1"].why.text
    with answering(rejecting(1, 1, 3)) as node:
        found = ask(node, items, reports, uid)
    assert {one.fate for one in found.values()} == {Fate.SENT}
    assert found["1"].why is not None
    assert "does not know the AE title HEIMDALLR" in found["1"].why.text
    assert not reports.is_expected(uid)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[DicomPeer]:
    """``heimdallr listen``, as it runs in a hospital."""
    port = free_port()
    environment = os.environ | {
        "HEIMDALLR_DATA_DIR": str(tmp_path / "data"),
        "HEIMDALLR_DICOM_PORT": str(port),
        "HEIMDALLR_DISK_RESERVE_GB": "0",
    }
    process = subprocess.Popen([sys.executable, "-m", "heimdallr", "listen"], env=environment)
    try:
        wait_for_port(port)
        assert process.poll() is None
        yield DicomPeer("HEIMDALLR", port)
    finally:
        process.terminate()
        process.wait(30)


def test_orthanc_reports_to_our_listener(
    orthanc: Orthanc, listener: DicomPeer, items: list[Item], tmp_path: Path
) -> None:
    """On an association of its own; what it does not have, it does not keep."""
    orthanc.know(listener)
    node = DicomNode(ae_title=orthanc.ae_title, host=orthanc.host, port=orthanc.dicom_port)
    settings = Settings(data_dir=tmp_path / "data")
    own = OwnNode.of(settings)
    sender = DicomNodeSender(node, own)
    assert dict(sender.send(items[:1])) == {"1": Answer(Fate.SENT)}
    both, uid = generate_uid(), generate_uid()
    reports = CommitmentReports(data_folders(settings).commitments)
    assert ask(node, items, reports, both) == {"1": Answer(Fate.COMMITTED), "2": DENIED}
    report = reports.read(both)
    assert report is not None
    assert dict(answers(report, items)) == {"1": Answer(Fate.COMMITTED), "2": DENIED}
    assert dict(sender.send(items[1:])) == {"2": Answer(Fate.SENT)}
    assert set(ask(node, items, reports, uid).values()) == {Answer(Fate.COMMITTED)}
