"""The founding document's endpoints: its names, shapes and status codes."""

from __future__ import annotations

import io
import json
import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from heimdallr.store.models import AuditEntry, StudyState

if TYPE_CHECKING:
    from web_service import Service

CASE = "SilvaMJ_20260201_123456"
DOCUMENTED = {
    "case_id", "filename", "file_size_bytes", "file_size_mb", "patient_name", "study_date",
    "accession", "modality", "elapsed_seconds", "has_results", "body_regions", "has_hemorrhage",
}  # fmt: skip


def test_the_patient_list_has_the_documents_keys(service: Service) -> None:
    """Every documented key, with the case's own values; ours come beside them."""
    service.add_done()
    row = service.client.get("/api/patients").json()["patients"][0]
    assert row.keys() >= DOCUMENTED
    assert row["case_id"] == CASE
    assert row["filename"] == "volume.nii.gz"
    assert row["file_size_bytes"] == 1000
    assert row["study_date"] == "20260201"
    assert row["modality"] == "CT"
    assert row["has_results"] is True
    assert row["has_hemorrhage"] is True
    assert row["body_regions"] == ["head", "thorax"]


def test_every_study_is_listed_whatever_became_of_it(service: Service) -> None:
    """Also the incomplete and the failed; what is not known is null, not 0."""
    service.add("1.9", StudyState.RECEIVING)
    service.add("1.8", StudyState.FAILED, error="broken", case_id="X_20260201_1")
    rows = {row["state"]: row for row in service.client.get("/api/patients").json()["patients"]}
    assert rows.keys() == {"receiving", "failed"}
    assert rows["failed"]["error"] == "broken"
    assert rows["receiving"]["case_id"] is None
    assert rows["receiving"]["file_size_mb"] is None
    assert rows["receiving"]["elapsed_seconds"] is None
    assert rows["receiving"]["has_hemorrhage"] is None


def test_search_and_paging(service: Service) -> None:
    """Words are found without regard to accents and case."""
    service.add_done()
    service.add("1.9", StudyState.QUEUED, patient_name="MÜLLER^ANNA", accession_number="77")
    found = service.client.get("/api/patients", params={"search": "muller"}).json()
    assert [row["patient_name"] for row in found["patients"]] == ["MÜLLER^ANNA"]
    page = service.client.get("/api/patients", params={"limit": 1, "offset": 1}).json()
    assert (page["total"], len(page["patients"])) == (2, 1)


def test_results_are_the_file_and_its_pictures(service: Service) -> None:
    """`resultados.json` as it stands on the disk, and `images`."""
    service.add_done()
    found = service.client.get(f"/api/patients/{CASE}/results").json()
    images = found.pop("images")
    stored = json.loads((service.folders.output / CASE / "resultados.json").read_text("utf-8"))
    assert found == stored
    assert images == ["L3_overlay.png"]


def test_the_studys_number_stands_for_the_case_id(service: Service) -> None:
    """So that no proxy writes down a surname; another number, or none, is not found."""
    number = service.add_done()
    for path in ("results", "metadata", "nifti", "download/total", "images/L3_overlay.png"):
        by_name = service.client.get(f"/api/patients/{CASE}/{path}")
        by_number = service.client.get(f"/api/patients/{number}/{path}")
        assert by_number.status_code == 200
        assert by_number.headers.get("content-disposition", "") == by_name.headers.get(
            "content-disposition", ""
        )
        if not path.startswith("download"):
            assert by_number.content == by_name.content
    for nobody in (number + 1, 0, "9" * 100, "\u0661"):
        assert service.client.get(f"/api/patients/{nobody}/results").status_code == 404
    waiting = service.add("1.9", StudyState.QUEUED)
    assert service.client.get(f"/api/patients/{waiting}/results").status_code == 409


def test_metadata_is_the_file(service: Service) -> None:
    """`id.json` as it stands on the disk."""
    service.add_done()
    found = service.client.get(f"/api/patients/{CASE}/metadata").json()
    assert found == json.loads((service.folders.output / CASE / "id.json").read_text("utf-8"))


def test_the_volume_in_whole_in_part_and_not_again(service: Service) -> None:
    """200, 206 for a range, 304 for what the reader has, 416 beyond the end."""
    number = service.add_done()
    url = f"/api/patients/{CASE}/nifti"
    whole = service.client.get(url)
    assert whole.content == b"v" * 1000
    assert whole.headers["content-disposition"] == (
        f'attachment; filename="study-{number}-volume.nii.gz"'
    )
    part = service.client.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, b"v" * 10)
    assert part.headers["content-range"] == "bytes 10-19/1000"
    known = service.client.get(url, headers={"If-None-Match": whole.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    beyond = service.client.get(url, headers={"Range": "bytes=5000-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-type"] == "application/problem+json"
    assert beyond.headers["content-range"] == "bytes */1000"


def test_the_size_of_a_file_is_told_before_it_is_fetched(service: Service) -> None:
    """HEAD gives what GET would, but for the file; the trail says that only that was asked for."""
    number = service.add_done()
    for url in (
        f"/api/patients/{CASE}/nifti",
        f"/api/v1/studies/{number}/volume",
        f"/api/patients/{CASE}/images/L3_overlay.png",
        f"/api/v1/studies/{number}/images/L3_overlay.png",
    ):
        got, told = service.client.get(url), service.client.head(url)
        assert (told.status_code, told.content) == (200, b"")
        same = ("content-length", "etag", "last-modified", "content-type", "content-disposition")
        assert [told.headers[name] for name in same] == [got.headers[name] for name in same]
        known = service.client.head(url, headers={"If-None-Match": got.headers["etag"]})
        assert known.status_code == 304
    assert service.client.head(f"/api/v1/studies/{number + 1}/volume").status_code == 404
    with service.database.read() as session:
        details = [one.details for one in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert ["headers only" in one for one in details[:3]] == [False, True, True]


def test_a_new_result_has_a_new_etag(service: Service) -> None:
    """A volume that was replaced is sent again."""
    service.add_done()
    url = f"/api/patients/{CASE}/nifti"
    before = service.client.get(url).headers["etag"]
    volume = service.folders.output / CASE / "volume.nii.gz"
    volume.write_bytes(b"w" * 1000)
    os.utime(volume, (1e9, 1e9))
    again = service.client.get(url, headers={"If-None-Match": before})
    assert (again.status_code, again.content[:1]) == (200, b"w")


def test_masks_come_as_a_zip(service: Service) -> None:
    """Stored, not deflated again; and its name says nothing of the patient."""
    service.add_done()
    answer = service.client.get(f"/api/patients/{CASE}/download/total")
    assert answer.headers["content-type"] == "application/zip"
    assert "Silva" not in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        (member,) = archive.infolist()
        assert member.filename == "total/liver.nii.gz"
        assert member.compress_type == zipfile.ZIP_STORED
        assert archive.read(member) == b"m" * 300


def test_folder_names(service: Service) -> None:
    """400 for a folder the document does not name, 404 where nothing was segmented."""
    service.add_done()
    assert service.client.get(f"/api/patients/{CASE}/download/secrets").status_code == 400
    assert service.client.get(f"/api/patients/{CASE}/download/bleed").status_code == 404


def test_pictures(service: Service) -> None:
    """Shown in the page, not saved."""
    service.add_done()
    answer = service.client.get(f"/api/patients/{CASE}/images/L3_overlay.png")
    assert (answer.content, answer.headers["content-type"]) == (b"p" * 50, "image/png")
    assert answer.headers["content-disposition"].startswith("inline")


PATHS = ("results", "metadata", "nifti", "download/total", "images/L3_overlay.png")


@pytest.mark.parametrize("path", PATHS)
def test_unknown_cases_are_404(service: Service, path: str) -> None:
    """A case nobody knows."""
    assert service.client.get(f"/api/patients/Nobody_1_1/{path}").status_code == 404


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("state", "code"),
    [
        (StudyState.QUEUED, "not_finished"),
        (StudyState.SEGMENTING, "not_finished"),
        (StudyState.FAILED, "failed"),
        (StudyState.REFUSED, "refused"),
        (StudyState.CANCELLED, "cancelled"),
        (StudyState.HELD, "held"),
    ],
)
def test_unfinished_cases_are_409(
    service: Service, path: str, state: StudyState, code: str
) -> None:
    """With a code that says whether waiting helps."""
    service.add("1.9", state, case_id="X_20260201_1")
    answer = service.client.get(f"/api/patients/X_20260201_1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_older_results_stay_readable_while_newer_ones_are_made(service: Service) -> None:
    """Late images reopen a study; what is known of it does not disappear."""
    number = service.add_done()
    service.client.post(f"/api/v1/studies/{number}/reprocess")
    assert service.client.get(f"/api/patients/{CASE}/results").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/patients/../../etc/passwd",
        "/api/patients/..%2f..%2fetc/results",
        "/api/patients/%2e%2e/results",
        "/api/patients/.SilvaMJ.partial-x/results",
        f"/api/patients/{CASE}/images/..%2fid.json",
        f"/api/patients/{CASE}/images/id.json",
        f"/api/patients/{CASE}/images/.hidden.png",
        f"/api/patients/{CASE}/images/%00.png",
        f"/api/patients/{CASE}/images/total",
        f"/api/patients/{CASE}/images/secret.png",
        "/api/v1/studies/1/masks/..%2f..%2f/liver",
        "/api/v1/studies/1/masks/total/..%2f..%2fid.json",
        "/api/v1/studies/1/masks/total/link",
        "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/assets/../index.html",
        "/docs/..%2findex.html",
    ],
)
def test_no_name_leads_out_of_the_case(service: Service, path: str) -> None:
    """Not by dots, not by links, not to files that are none of the reader's business."""
    service.add_done()
    folder = service.folders.output / CASE
    (folder / "secret.png").symlink_to("/etc/passwd")
    (folder / "total" / "link.nii.gz").symlink_to("/etc/passwd")
    answer = service.client.get(path)
    assert answer.status_code in (404, 422), answer.text
    assert "root:" not in answer.text
    assert "PatientName" not in answer.text


def test_a_damaged_result_is_an_error_not_an_empty_answer(service: Service) -> None:
    """500 that says what to do."""
    service.add_done()
    (service.folders.output / CASE / "resultados.json").write_text('{"case_id": 3}')
    answer = service.client.get(f"/api/patients/{CASE}/results")
    assert answer.status_code == 500
    assert "reprocess" in answer.json()["detail"]
