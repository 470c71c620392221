"""Reports of storage commitment: taken where they are waited for, refused with reason elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, generate_uid
from pynetdicom import AE, build_role
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # made at import
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)
from scp_peers import CT, RawPeer, data_set_of, kept, write_series

from heimdallr.config import Settings
from heimdallr.intake.scp.server import Scp
from heimdallr.store.commitment_reports import CommitmentReport, CommitmentReports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pynetdicom.association import Association

TRANSACTION, KEPT, LOST = (f"2.25.{number}" for number in (1000, 1001, 1002))


@pytest.fixture
def reports(tmp_path: Path) -> CommitmentReports:
    """Where reports are left."""
    folder = tmp_path / "commitments"
    folder.mkdir()
    return CommitmentReports(folder)


@pytest.fixture
def scp(tmp_path: Path, spool: Path, data_path: str, reports: CommitmentReports) -> Iterator[Scp]:
    """A listener that takes reports, on either data path."""
    settings = Settings(data_dir=tmp_path, direct_data_path=data_path == "direct")
    scp = Scp(settings, spool, commitments=reports)
    scp.start(port=0)
    yield scp
    scp.stop(grace_s=1)


def associate(scp: Scp, *, role: bool = True) -> Association:
    """An archive that calls to report, and may store as well."""
    archive = AE("ARCHIVE")
    archive.add_requested_context(StorageCommitmentPushModel)
    archive.add_requested_context(CTImageStorage)
    roles: list[Any] = [build_role(StorageCommitmentPushModel, scp_role=True)] if role else []
    association = archive.associate("127.0.0.1", scp.port, ae_title="HEIMDALLR", ext_neg=roles)
    assert association.is_established
    return association


def information(transaction_uid: str = TRANSACTION) -> Dataset:
    """What an event says: one instance is kept, one is not."""
    told = Dataset()
    told.TransactionUID = transaction_uid
    told.ReferencedSOPSequence, told.FailedSOPSequence = [Dataset()], [Dataset()]
    for one, uid in ((told.ReferencedSOPSequence[0], KEPT), (told.FailedSOPSequence[0], LOST)):
        one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = CTImageStorage, uid
    told.FailedSOPSequence[0].FailureReason = 0x0112
    return told


def report(association: Association, told: Dataset, event: int = 2, **changes: str) -> int:
    """Report; the status of the answer."""
    status, _ = association.send_n_event_report(
        told,
        event,
        StorageCommitmentPushModel,
        changes.get("instance", StorageCommitmentPushModelInstance),
    )
    return int(status.Status)


@pytest.mark.parametrize("role", [True, False])
def test_a_report_that_is_waited_for_is_kept(
    scp: Scp, reports: CommitmentReports, *, role: bool
) -> None:
    """With what is kept and what is not; archives that negotiate no roles are let pass."""
    reports.expect(TRANSACTION)
    assert reports.read(TRANSACTION) is None
    association = associate(scp, role=role)
    if role:
        assert association.acceptor.role_selection[StorageCommitmentPushModel].scp_role
        # As the SCP of the service, pynetdicom sends events in that role only.
    assert report(association, information()) == 0
    association.release()
    assert reports.read(TRANSACTION) == CommitmentReport(TRANSACTION, (KEPT,), ((LOST, 0x0112),))
    reports.forget(TRANSACTION)
    assert reports.read(TRANSACTION) is None
    assert not reports.is_expected(TRANSACTION)


def test_what_nobody_waits_for_is_refused(scp: Scp, reports: CommitmentReports) -> None:
    """An unknown transaction, another event, another instance, no UIDs; nothing is written."""
    reports.expect(TRANSACTION)
    association = associate(scp)
    unknown, unnamed, bad = information("2.25.77"), information(), information()
    del unnamed.TransactionUID
    del bad.FailedSOPSequence[0].ReferencedSOPInstanceUID
    assert report(association, unknown) == 0x0115
    assert report(association, bad) == 0x0115
    assert report(association, unnamed) == 0x0115
    assert report(association, information(), event=3) == 0x0113
    assert report(association, information(), instance="2.25.5") == 0x0112
    assert association.is_established
    association.release()
    assert reports.read(TRANSACTION) is None


def test_a_report_that_cannot_be_written_is_not_taken(
    scp: Scp, reports: CommitmentReports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive is told so, rather than success."""
    reports.expect(TRANSACTION)

    def full(_self: CommitmentReports, _report: CommitmentReport) -> None:
        raise OSError

    monkeypatch.setattr(CommitmentReports, "keep", full)
    association = associate(scp)
    assert report(association, information()) == 0x0213
    association.release()


def test_images_and_reports_on_one_association(
    scp: Scp, spool: Path, reports: CommitmentReports, tmp_path: Path
) -> None:
    """C-STORE before and after a report, as an archive that routes does."""
    one, two = write_series(tmp_path / "sent", 2)
    reports.expect(TRANSACTION)
    association = associate(scp)
    assert association.send_c_store(one).Status == 0
    assert report(association, information()) == 0
    assert association.send_c_store(two).Status == 0
    association.release()
    assert reports.read(TRANSACTION) is not None
    for path in (one, two):
        assert data_set_of(path) in {data_set_of(file) for file in kept(spool).values()}


def test_a_listener_without_a_place_for_reports_takes_none(tmp_path: Path, spool: Path) -> None:
    """The presentation context is refused."""
    scp = Scp(Settings(data_dir=tmp_path), spool)
    scp.start(port=0)
    try:
        with RawPeer(
            scp,
            contexts={
                1: (CT, ["1.2.840.10008.1.2"]),
                3: (str(StorageCommitmentPushModel), ["1.2.840.10008.1.2"]),
            },
        ) as peer:
            assert peer.associate() == 2
            assert peer.accepted[1][0] == 0
            assert peer.accepted[3][0] == 3
    finally:
        scp.stop(grace_s=1)


def test_only_transactions_named_by_uids_are_waited_for(
    reports: CommitmentReports, tmp_path: Path
) -> None:
    """A transaction becomes the name of a file."""
    for name in ("", "..", "../1.2", "1.2/3", "a", "1" * 65, ".1"):
        assert not reports.is_expected(name)
        with pytest.raises(ValueError, match="UID"):
            reports.expect(name)
    reports.expect(generate_uid())
    assert len(list((tmp_path / "commitments").iterdir())) == 1
