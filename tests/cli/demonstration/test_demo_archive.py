"""The demo's archive: takes from its system only, is asked itself, and ends with the demo."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import SecretStr
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pynetdicom import AE

from heimdallr.cli.demonstration import archive as archive_module
from heimdallr.cli.demonstration.archive import AE_TITLE, HOST, Arrival, Delivery, running_archive
from heimdallr.cli.demonstration.system import MARKER, DemoSystem
from heimdallr.config import Settings
from heimdallr.domain.errors import HeimdallrError

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.cli.demonstration.archive import DemoArchive

UID = "2.25.13"


def system_that_owes(folder: Path, *states: str) -> DemoSystem:
    """A system whose API tells of one study of revision 2 and what is owed of it."""
    owed = [
        {"revision": 2, "kind": kind, "state": state, "sop_instance_uid": UID}
        for kind, state in zip(("pdf", "seg"), states, strict=False)
    ]
    owed.append({"revision": 1, "kind": "sr", "state": "superseded", "sop_instance_uid": "2.25.1"})

    def answer(request: httpx.Request) -> httpx.Response:
        told: object = {"revision": 2}
        if request.url.path.endswith("/deliveries"):
            told = {"deliveries": owed}
        return httpx.Response(200, content=json.dumps(told))

    client = httpx.Client(base_url="http://system", transport=httpx.MockTransport(answer))
    settings = Settings(data_dir=folder, dicom_port=11999)
    return DemoSystem(settings, folder / "log", SecretStr("t"), "p", client)


def store(archive: DemoArchive, calling: str) -> int | None:
    """C-STORE of an object; its status, ``None`` where nobody lets us in."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = SecondaryCaptureImageStorage, UID
    made.StudyInstanceUID, made.SeriesInstanceUID, made.PatientID = "2.25.2", "2.25.3", "P"
    sender = AE(calling)
    sender.add_requested_context(SecondaryCaptureImageStorage, ExplicitVRLittleEndian)
    association = sender.associate(HOST, archive.dicom_port, ae_title=AE_TITLE)
    if not association.is_established:
        return None
    status = association.send_c_store(made).get("Status")
    association.release()
    return None if status is None else int(status)


def test_orthanc_takes_from_the_demo_only_and_ends_with_it(tmp_path: Path) -> None:
    """Its pages need the password; what it has is asked of itself; its folder is made anew."""
    if archive_module.find_orthanc() is None:
        pytest.skip("Orthanc is not installed (Debian: orthanc)")
    system = system_that_owes(tmp_path, "committed", "cancelled")
    folder = tmp_path / "archive"
    with running_archive(folder, system) as archive:
        assert archive is not None
        assert httpx.get(f"{archive.url}/system", trust_env=False).status_code == 401
        assert store(archive, "STRANGER") != 0
        assert not archive.has(UID)
        assert store(archive, "HEIMDALLR") == 0
        assert archive.has(UID)
        arrivals = archive.arrivals(system, 1, limit_s=5)
        assert [(one.delivery.kind, one.is_there) for one in arrivals] == [
            ("seg", True), ("pdf", True),
        ]  # fmt: skip
        port = archive.dicom_port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port), 5)
    assert (folder / MARKER).exists()
    (folder / MARKER).unlink()
    with (
        pytest.raises(HeimdallrError, match="not of an earlier demo"),
        running_archive(folder, system),
    ):
        pass


@pytest.mark.parametrize(
    ("state", "is_there", "well"),
    [
        ("committed", True, True),
        ("committed", False, False),
        ("cancelled", False, True),
        ("sent", True, False),
        ("refused", False, False),
    ],
)
def test_what_counts_is_what_the_archive_has(*, state: str, is_there: bool, well: bool) -> None:
    """Its word alone, or ours alone, is not enough."""
    said = Delivery(revision=1, kind="seg", state=state, sop_instance_uid=UID)
    assert Arrival(said, is_there=is_there).is_well is well


def test_without_orthanc_there_is_no_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is left behind."""
    monkeypatch.setattr(archive_module, "find_orthanc", lambda: None)
    with running_archive(tmp_path / "archive", system_that_owes(tmp_path)) as archive:
        assert archive is None
    assert not (tmp_path / "archive").exists()
