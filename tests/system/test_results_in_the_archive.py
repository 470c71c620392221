"""The way back: results of a study reach a real archive by rule, and stay what they are."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from orthanc import DicomPeer, running_orthanc
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from waiting import wait_for
from whole_system import LISTENER, UID, WEB, whole_system, worker, write_study

from heimdallr.domain.identity import OWN_MANUFACTURER, OWN_UID_ROOT
from heimdallr.supervisor import Part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orthanc import Orthanc
    from pydicom.dataset import Dataset
    from whole_system import WholeSystem

DELIVERER = Part("deliverer", ("deliver",))
OBJECTS = ["sr", "sc_table", "pdf"]
"""What can be made of any case; in these small bodies there may be nothing worth a segmentation."""
OVER = {"committed", "cancelled", "refused", "given_up"}


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """The hospital's archive."""
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as orthanc:
        yield orthanc


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, orthanc: Orthanc) -> Iterator[WholeSystem]:
    """Everything that `heimdallr up` starts, the archive a destination by rule."""
    folder = tmp_path_factory.mktemp("system")
    parts = (LISTENER, WEB, worker(), DELIVERER)
    with whole_system(folder / "data", folder / "cache", parts) as system:
        orthanc.know(DicomPeer("HEIMDALLR", system.settings.dicom_port))
        peer = {
            "kind": "dicom", "ae_title": orthanc.ae_title, "host": orthanc.host,
            "port": orthanc.dicom_port, "commitment": True,
        }  # fmt: skip
        post(system, "/api/v1/destinations", name="pacs", peer=peer, objects=OBJECTS)
        assert post(system, "/api/v1/destinations/pacs/test")["ok"]
        post(system, "/api/v1/delivery-rules", name="all", destination="pacs", when="results")
        yield system


def post(system: WholeSystem, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
    """Ask the API to do something."""
    answer = httpx.post(system.url + path, json=body or None, timeout=30, trust_env=False)
    assert answer.is_success, answer.text
    return answer.json()


def deliveries(system: WholeSystem, after: int = 0) -> list[dict[str, Any]]:
    """What came to be owed of the one study after some delivery, when all is over."""
    found: list[dict[str, Any]] = []

    def is_over() -> bool:
        told = system.get("/api/v1/studies/1/deliveries").json()["deliveries"]
        found[:] = [one for one in told if one["id"] > after]
        return bool(found) and all(one["state"] in OVER for one in found)

    wait_for(is_over, what="delivered")
    return found


def objects_of(orthanc: Orthanc, rows: list[dict[str, Any]]) -> dict[str, Dataset]:
    """Kind → the object as the archive has it."""
    return {
        one["kind"]: dcmread(DicomBytesIO(orthanc.file_of(one["sop_instance_uid"])), force=False)
        for one in rows
    }


def test_results_of_a_study_arrive_come_back_and_are_replaced(
    system: WholeSystem, orthanc: Orthanc, tmp_path: Path
) -> None:
    """One study's life: sent with DCMTK, committed, sent back, repeated, measured anew."""
    if (dcmsend := shutil.which("dcmsend")) is None:
        pytest.skip("dcmsend (DCMTK) is not installed")
    study, uid = write_study(tmp_path, 0), f"{UID}.1"
    subprocess.run(
        [dcmsend, "-aec", "HEIMDALLR", "--scan-directories", "127.0.0.1",
         str(system.settings.dicom_port), str(study)],
        check=True, timeout=60, env={**os.environ, "TCP_NODELAY": "1"},
    )  # fmt: skip
    wait_for(lambda: system.states().get(uid) == "done", what="done")

    # Everything arrives, in the patient's own study, and is committed.
    first = deliveries(system)
    assert {one["state"] for one in first} == {"committed"}, first
    assert sorted({one["kind"] for one in first}) == sorted(OBJECTS)
    uids = {one["sop_instance_uid"] for one in first}
    assert orthanc.instances() == uids
    for made in objects_of(orthanc, first).values():
        assert (made.StudyInstanceUID, made.PatientID) == (uid, "P0")
        assert made.Manufacturer == OWN_MANUFACTURER
        assert made.SOPInstanceUID.startswith(OWN_UID_ROOT)

    # What comes back over C-STORE starts nothing.
    runs = system.runs()
    everything = [one["ID"] for one in orthanc.ask("GET", "/instances?expand")]
    orthanc.ask("POST", "/modalities/HEIMDALLR/store", everything)
    spool = system.data / "incoming" / ".spool"
    wait_for(lambda: not any(spool.iterdir()), what="recorded")

    # Sent once more, an object is the same object.
    (report,) = [one for one in first if one["kind"] == "sr"]
    before = orthanc.file_of(report["sop_instance_uid"])
    orthanc.ask("DELETE", f"/instances/{id_of(orthanc, report)}")
    post(system, f"/api/v1/deliveries/{report['id']}/resend")
    wait_for(lambda: orthanc.instances() == uids, what="again")
    assert orthanc.file_of(report["sop_instance_uid"]) == before
    assert {one["state"] for one in deliveries(system)} == {"committed"}
    assert (system.runs(), system.states()) == (runs, {uid: "done"}), "nothing was started"

    # Measured anew they are others, and the report says which one it replaces.
    post(system, "/api/v1/studies/1/reprocess")
    wait_for(lambda: len(system.runs()) == len(runs) + 1, what="measured anew")
    second = deliveries(system, after=max(one["id"] for one in first))
    assert {one["state"] for one in second} == {"committed"}, second
    assert not uids & {one["sop_instance_uid"] for one in second}
    (named,) = objects_of(orthanc, second)["sr"].PredecessorDocumentsSequence
    (replaced,) = named.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert replaced.ReferencedSOPInstanceUID == report["sop_instance_uid"]
    assert orthanc.instances() == uids | {one["sop_instance_uid"] for one in second}


def id_of(orthanc: Orthanc, row: dict[str, Any]) -> str:
    """What the archive calls an object."""
    (found,) = orthanc.ask("POST", "/tools/lookup", row["sop_instance_uid"].encode())
    return str(found["ID"])


def test_no_patient_is_in_what_the_deliverer_says(system: WholeSystem) -> None:
    """Whatever the services said so far."""
    said = "\n".join(system.lines)
    assert "deliverer_ready" in said
    for secret in ("SILVA^", "MARIA JOSE", "SECRET"):
        assert secret not in said
