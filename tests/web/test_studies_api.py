"""`/api/v1`: worklist, one study, its files, commands, findings."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from deliveries import verify_study
from PIL import Image
from received_images import stack
from sqlalchemy import select
from store_cases import NOW, SERIES_UID
from web_service import zipped

from heimdallr.domain.source_images import SOURCE_FILE
from heimdallr.store.models import AuditEntry, Run, Study, StudyState

if TYPE_CHECKING:
    from web_service import Service


def listed(service: Service, **query: Any) -> list[str]:  # noqa: ANN401
    """States of the studies a worklist query finds."""
    answer = service.client.get("/api/v1/studies", params=query)
    assert answer.status_code == 200, answer.text
    return [row["state"] for row in answer.json()["studies"]]


@pytest.fixture
def mixed(service: Service) -> Service:
    """One study with results, one that failed, an urgent one that waits, one being received."""
    service.add_done()
    service.add("1.8", StudyState.FAILED, study_date="20260105", modalities=",MR,")
    service.add("1.7", StudyState.QUEUED, priority=1, case_id="X_1_1")
    service.add("1.6", StudyState.RECEIVING, flagged=True)
    return service


@pytest.mark.parametrize(
    ("query", "states"),
    [
        ({}, {"done", "failed", "queued", "receiving"}),
        ({"state": ["failed", "queued"]}, {"failed", "queued"}),
        ({"modality": "MR"}, {"failed"}),
        ({"date_from": "2026-02-01"}, {"done", "queued", "receiving"}),
        ({"date_to": "2026-01-31"}, {"failed"}),
        ({"region": "thorax"}, {"done"}),
        ({"finding": "intracerebral_haemorrhage"}, {"done"}),
        ({"severity": "significant"}, {"done"}),
        ({"unread": True}, {"done"}),
        ({"stat": True}, {"queued"}),
        ({"flagged": True}, {"receiving"}),
        ({"search": "nobody"}, set()),
        ({"received_from": "2027-01-01T00:00:00Z"}, set()),
    ],
)
def test_filters(mixed: Service, query: dict[str, Any], states: set[str]) -> None:
    """Each filter finds what it says."""
    assert set(listed(mixed, **query)) == states


def test_sorting_and_paging(mixed: Service) -> None:
    """By any column, a page at a time."""
    assert listed(mixed, sort="severity")[0] == "done"
    assert listed(mixed, sort="date", order="ascending")[0] == "failed"
    assert len(listed(mixed, limit=3)) == 3
    assert len(listed(mixed, limit=3, offset=3)) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 501},
        {"offset": -1},
        {"sort": "name; DROP TABLE studies"},
        {"state": "sleeping"},
        {"date_from": "yesterday"},
        {"received_from": "2026-02-01T00:00:00"},
        {"modality": "%"},
        {"unknown": "1"},
    ],
)
def test_malformed_queries_are_refused(service: Service, query: dict[str, Any]) -> None:
    """422 that names the parameter and does not repeat its value."""
    answer = service.client.get("/api/v1/studies", params=query)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["location"].startswith(f"query.{next(iter(query))}")
    assert "DROP" not in answer.text


def test_a_row_carries_what_the_worklist_shows(service: Service) -> None:
    """Findings by severity, notices, unread, and no estimate where there is nothing to wait for."""
    service.add_done()
    (row,) = service.client.get("/api/v1/studies").json()["studies"]
    assert row["findings"] == [
        {
            "code": "intracerebral_haemorrhage",
            "severity": "critical",
            "title": "Intracerebral haemorrhage, 12.5 cm³",
            "title_coded": {
                "code": "finding_intracerebral_haemorrhage",
                "parameters": {"volume_cm3": 12.5},
            },
            "acknowledged": False,
        }
    ]
    assert row["worst_severity"] == "critical"
    assert row["notices"] == ["bundled weights — not for clinical use"]
    assert row["notices_coded"] == [{"code": "bundled_weights", "parameters": {}}]
    assert row["unread"] is True
    assert row["study_date"] == "2026-02-01"
    assert row["remaining_s"] is None


def test_the_remaining_time_comes_from_past_cases(service: Service) -> None:
    """Of five cases that took 50 s each, half of the segmentation leaves 25 s."""
    seconds = {"prepare": 5.0, "segment": 30.0, "analyze": 10.0, "publish": 5.0}
    for number in range(5):
        service.add_done(f"1.5.{number}", f"X_1_{number}")
    with service.database.write() as session:
        for run in session.scalars(select(Run)):
            run.seconds = dict(seconds)
    service.add("1.9", StudyState.SEGMENTING, progress=0.40)
    (row,) = service.client.get("/api/v1/studies?state=segmenting").json()["studies"]
    assert row["remaining_s"] == pytest.approx(30.0)


def test_one_study_in_full(service: Service) -> None:
    """Series with reasons, runs, results with provenance; and the view is in the audit trail."""
    number = service.add_done()
    study = service.client.get(f"/api/v1/studies/{number}").json()
    assert study["series"][0]["rank"] == 1
    assert study["series"][0]["reasons"] == ["covers 360 mm"]
    assert study["series"][0]["reasons_coded"][0]["code"] == "series_covers"
    assert study["runs"][0]["seconds"] == {"prepare": 2.0, "segment": 40.0}
    with service.database.read() as session:
        assert study["runs"][0]["workflow_id"] == session.scalars(select(Run.workflow_id)).one()
    assert study["birth_date"] is None
    assert study["patient_class"] == {"patient_class": "unknown", "by": "", "at": None}
    results = study["results"]
    assert results["masks"] == {"total": ["liver"]}
    assert results["images"] == ["L3_overlay.png"]
    assert results["has_volume"] is True
    assert results["provenance"]["software"] == "heimdallr"
    (missing,) = (one for one in results["measurements"] if one["reason"])
    assert missing["name"] == "SMA_cm2"
    assert missing["reason"] == "L3 is truncated at inferior edge"
    assert missing["reason_coded"]["code"] == "level_truncated"
    assert results["findings"][0]["caveats_coded"] == study["notices_coded"]
    with service.database.read() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.object) == ("study.view", f"study:{number}")


def test_a_study_without_results(service: Service) -> None:
    """Null, not an empty list that reads as "nothing found"."""
    number = service.add("1.9", StudyState.SEGMENTING)
    told = service.client.get(f"/api/v1/studies/{number}").json()
    assert (told["results"], told["queue_position"]) == (None, None)


def test_unknown_studies(service: Service) -> None:
    """404 everywhere below a number nobody has; 422 for what is no number."""
    for path in ("", "/events", "/volume", "/masks/total", "/images/x.png", "/archive"):
        assert service.client.get(f"/api/v1/studies/99{path}").status_code == 404, path
    assert service.client.get("/api/v1/studies/0").status_code == 422
    assert service.client.get("/api/v1/studies/99999999999999999999").status_code == 422


def test_a_study_being_deleted_is_gone(service: Service) -> None:
    """Its rows may still be there; nobody sees them."""
    number = service.add("1.9", StudyState.DELETING)
    assert service.client.get(f"/api/v1/studies/{number}").status_code == 404


def test_masks_pictures_and_volume(service: Service) -> None:
    """Each file of a case by its name."""
    base = f"/api/v1/studies/{service.add_done()}"
    assert service.client.get(f"{base}/volume").content == b"v" * 1000
    assert service.client.get(f"{base}/masks/total/liver").content == b"m" * 300
    assert service.client.get(f"{base}/masks/total/spleen").status_code == 404
    assert service.client.get(f"{base}/masks/bleed").status_code == 404
    assert service.client.get(f"{base}/images/L3_overlay.png").content == b"p" * 50


def test_the_whole_case_with_and_without_the_name(service: Service) -> None:
    """`id.json` and `source.json` name the patient, and can be left out."""
    base = f"/api/v1/studies/{service.add_done()}/archive"
    folder = service.folders.output / "SilvaMJ_20260201_123456"
    (folder / SOURCE_FILE).write_bytes(b"SILVA^MARIA")
    with zipfile.ZipFile(io.BytesIO(service.client.get(base).content)) as archive:
        everything = set(archive.namelist())
    with zipfile.ZipFile(
        io.BytesIO(service.client.get(base, params={"identity": False}).content)
    ) as archive:
        assert everything - set(archive.namelist()) == {"id.json", SOURCE_FILE}
    assert everything == {
        "id.json", SOURCE_FILE, "resultados.json", "volume.nii.gz", "preview.nii.gz",
        "L3_overlay.png",
        "total/liver.nii.gz", "labels/total.nii.gz", "labels/labels.json",
    }  # fmt: skip


@pytest.mark.parametrize("language", ["en", "pt"])
def test_the_report_as_a_pdf(service: Service, language: str) -> None:
    """Under the study's number, in the reader's language; taking it is in the trail."""
    number = service.add_done()
    url = f"/api/v1/studies/{number}/report.pdf"
    assert service.client.get(url).status_code == 500, "a picture is damaged"
    for picture in (service.folders.output / "SilvaMJ_20260201_123456").glob("*.png"):
        Image.new("L", (8, 8)).save(picture)
    answer = service.client.get(url, params={"language": language})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert (
        answer.headers["content-disposition"] == f'attachment; filename="study-{number}-report.pdf"'
    )
    assert answer.content.startswith(b"%PDF-")
    with service.database.read() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()[-1]
    assert (entry.action, entry.details) == ("study.download", f"report.pdf {language}")
    verify_study(service.database, service.folders, number)
    verified = service.client.get(url, params={"language": language}).content
    assert verified != answer.content
    with service.database.write() as session:  # other results, and no row knows them yet
        session.get_one(Study, number).results_created_at = NOW - timedelta(days=1)
    assert service.client.get(url, params={"language": language}).content == answer.content


def test_there_is_no_report_without_results(service: Service) -> None:
    """Not yet, not any more, not in Klingon."""
    number = service.add_done()
    waiting = service.add("1.9", StudyState.QUEUED)
    assert service.client.get(f"/api/v1/studies/{waiting}/report.pdf").status_code == 409
    url = f"/api/v1/studies/{number}/report.pdf"
    assert service.client.get(url, params={"language": "tlh"}).status_code == 422
    (service.folders.output / "SilvaMJ_20260201_123456" / "resultados.json").unlink()
    assert service.client.get(url).status_code == 404


def test_what_leaves_without_the_name_leaves_without_the_case_id(service: Service) -> None:
    """Neither surname nor accession number nor UID, in no file and no file name."""
    number = service.add_done(uid="1.2.840.99.7")
    folder = service.folders.output / "SilvaMJ_20260201_123456"
    (folder / "letter for Silva.pdf").write_bytes(b"SILVA^MARIA")
    (folder / "notes.png").write_bytes(b"SILVA^MARIA")
    (folder / "dicom").mkdir()
    (folder / "dicom" / "sr.dcm").write_bytes(b"SILVA^MARIA")
    answer = service.client.get(f"/api/v1/studies/{number}/archive", params={"identity": False})
    assert f"study-{number}.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    stored = json.loads((folder / "resultados.json").read_bytes())
    sent = json.loads(files["resultados.json"])
    assert sent["case_id"] == f"study-{number}"
    assert sent["measurements"] == stored["measurements"]
    told = answer.content + str(answer.headers).encode()
    for identifying in (b"silva", b"123456", b"1.2.840.99.7", SERIES_UID.encode()):
        assert identifying not in told.lower()


def test_tables_name_studies_by_number(service: Service) -> None:
    """A table of measurements goes to people who are to know nothing but numbers."""
    number = service.add_done()
    table = service.client.get("/api/v1/measurements.csv").text
    assert table.splitlines()[0].startswith("study_id,study_date,")
    assert f"\n{number}," in table.replace("\r", "")
    page = service.client.get("/api/v1/measurements").text
    for told in (table, page):
        assert "silva" not in told.lower()
        assert "123456" not in told


def run_states(service: Service) -> list[str]:
    """States of all runs, oldest first."""
    with service.database.read() as session:
        return [run.state.value for run in session.scalars(select(Run).order_by(Run.id))]


def command(service: Service, number: int, name: str, **more: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401
    """Ask for something."""
    method = "PUT" if more else "POST"
    answer = service.client.request(method, f"/api/v1/studies/{number}/{name}", **more)
    return answer.status_code, answer.json()


def test_start_now(service: Service) -> None:
    """What has arrived is all there is; a second time there is nothing to start."""
    files = {"file": ("a.zip", zipped(stack(count=2)))}
    number = service.client.post("/upload", files=files).json()["studies"][0]
    with service.database.write() as session:
        study = session.get_one(Study, number)
        study.state, study.digest = StudyState.RECEIVING, "other"
    status, row = command(service, number, "start")
    assert (status, row["state"], row["revision"]) == (200, "queued", 2)
    assert command(service, number, "start")[0] == 409


def test_cancel_retry_reprocess(service: Service) -> None:
    """A waiting run is cancelled at once; it can be tried again, and done anew."""
    number = service.add_done()
    status, row = command(service, number, "reprocess")
    assert (status, row["state"]) == (200, "queued")
    assert command(service, number, "retry")[0] == 409
    assert command(service, number, "cancel")[1]["state"] == "cancelled"
    assert command(service, number, "cancel")[0] == 409
    assert command(service, number, "retry")[1]["state"] == "queued"
    assert service.client.get(f"/api/v1/studies/{number}").json()["queue_position"] == 1
    assert run_states(service) == ["done", "cancelled", "queued"]


def test_priority_flag_and_read(service: Service) -> None:
    """Marks are set and taken away again."""
    number = service.add_done()
    assert command(service, number, "priority", json={"priority": 1})[1]["stat"] is True
    assert command(service, number, "priority", json={"priority": 0})[0] == 422
    assert command(service, number, "flag", json={"on": True})[1]["flagged"] is True
    assert command(service, number, "flag", json={"on": False})[1]["flagged"] is False
    assert command(service, number, "read", json={"on": True})[1]["unread"] is False
    assert command(service, number, "read", json={"on": False})[1]["unread"] is True
    waiting = service.add("1.9", StudyState.QUEUED)
    assert command(service, waiting, "read", json={"on": True})[0] == 409


def test_delete(service: Service) -> None:
    """Gone from the list and from the disk; who did it stays in the trail."""
    number = service.add_done()
    other = service.add("1.9", StudyState.DONE)
    url = f"/api/v1/studies/{number}"
    answer = service.client.delete(url)
    assert answer.json() == {"id": number, "case_id": "SilvaMJ_20260201_123456"}
    assert service.client.get(url).status_code == 404
    assert service.client.delete(url).status_code == 404
    assert [row["id"] for row in service.client.get("/api/v1/studies").json()["studies"]] == [other]
    assert not (service.folders.output / "SilvaMJ_20260201_123456").exists()
    with service.database.read() as session:
        assert "study.delete" in session.scalars(select(AuditEntry.action)).all()


def test_a_deletion_is_not_done_while_the_disk_is_away(service: Service) -> None:
    """The files come back with it: 503, and nothing says that they were deleted."""
    number = service.add_done()
    service.folders.output.rename(service.folders.root / "disk")
    answer = service.client.delete(f"/api/v1/studies/{number}")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage")
    with service.database.read() as session:
        assert session.get_one(Study, number).state is StudyState.DELETING


def test_what_a_worker_holds_is_not_deleted(service: Service) -> None:
    """409; cancel first."""
    number = service.add("1.9", StudyState.SEGMENTING, revision=1)
    with service.database.write() as session:
        session.add(
            Run(
                study_fk=number, revision=1, attempt=1, cause="received", workflow_id="run-x",
                state=StudyState.SEGMENTING, queued_at=NOW, executor="somebody",
            )
        )  # fmt: skip
    assert service.client.delete(f"/api/v1/studies/{number}").status_code == 409
    assert service.client.get(f"/api/v1/studies/{number}").status_code == 200


def test_commands_are_events_and_audited(service: Service) -> None:
    """What people asked for stands in the study's history, and who it was in the trail."""
    number = service.add_done()
    command(service, number, "flag", json={"on": True})
    events = service.client.get(f"/api/v1/studies/{number}/events").json()["events"]
    assert [event["kind"] for event in events] == ["flagged"]
    assert events[0]["actor"]
    with service.database.read() as session:
        assert session.scalars(select(AuditEntry.action)).all() == ["study.flag", "study.view"]


def test_acknowledge_a_finding(service: Service) -> None:
    """Who, when and what they said; the worklist shows it."""
    number = service.add_done()
    finding = service.client.get(f"/api/v1/studies/{number}").json()["results"]["findings"][0]
    url = f"/api/v1/studies/{number}/findings/{finding['id']}/acknowledge"
    said = service.client.post(url, json={"note": "told the ward"}).json()
    assert said["note"] == "told the ward"
    assert said["acknowledged_at"] is not None
    (row,) = service.client.get("/api/v1/studies").json()["studies"]
    assert row["findings"][0]["acknowledged"] is True
    assert (
        service.client.post(url.replace(f"/{finding['id']}/", "/999/"), json={}).status_code == 404
    )
    other = service.add("1.9", StudyState.DONE)
    elsewhere = f"/api/v1/studies/{other}/findings/{finding['id']}/acknowledge"
    assert service.client.post(elsewhere, json={}).status_code == 404


def test_events_are_paged(service: Service) -> None:
    """Newest first; `next` leads to the older ones."""
    number = service.add_done()
    for on in (True, False, True):
        command(service, number, "flag", json={"on": on})
    url = f"/api/v1/studies/{number}/events"
    first = service.client.get(url, params={"limit": 2}).json()
    rest = service.client.get(url, params={"limit": 2, "before": first["next"]}).json()
    assert [len(first["events"]), len(rest["events"]), rest["next"]] == [2, 1, None]
    everywhere = service.client.get("/api/v1/events").json()["events"]
    assert [event["study_id"] for event in everywhere] == [number] * 3


def test_bodies_are_small(service: Service) -> None:
    """A JSON body has no reason to be large, and keys nobody knows are refused."""
    number = service.add_done()
    url = f"/api/v1/studies/{number}/flag"
    assert service.client.put(url, content=b" " * 100_000).status_code == 413
    assert service.client.put(url, json={"on": True, "off": True}).status_code == 422
    assert service.client.put(url, content=b"{").status_code == 422
