"""Saying whose the images of a held study are; and what a correction tells, to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from received_images import ONE, TWO, Image, of
from sqlalchemy import select
from web_service import zipped

from heimdallr.store.models import AuditEntry

if TYPE_CHECKING:
    from web_service import Service


@pytest.fixture
def held(service: Service) -> int:
    """A study of two patients."""
    return upload(service, [*of(ONE, 1, 3), *of(TWO, 2)])


def upload(service: Service, images: list[Image]) -> int:
    """Hand images in; the number of their study."""
    answer = service.client.post("/upload", files={"file": ("exam.zip", zipped(images))})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["studies"][0])


def detail(service: Service, study: int) -> dict[str, Any]:
    """A study as the API tells it."""
    found: dict[str, Any] = service.client.get(f"/api/v1/studies/{study}").json()
    return found


def say(service: Service, study: int, meant: str, patients: int = 2) -> Any:  # noqa: ANN401
    """Say whose the images are."""
    body = {"meant": meant, "patients": patients}
    return service.client.post(f"/api/v1/studies/{study}/patients", json=body)


def test_a_held_study_says_whom_its_images_name(service: Service, held: int) -> None:
    """On the worklist, among what needs attention, and with each patient on its page."""
    (row,) = service.client.get("/api/v1/studies?attention=true").json()["studies"]
    assert (row["id"], row["state"], row["patients"]) == (held, "held", 2)
    told = [
        (
            one["patient_name"],
            one["birth_date"],
            one["sex"],
            one["images"],
            one["series"][0]["number"],
        )
        for one in detail(service, held)["named_patients"]
    ]
    assert told == [
        ("PERSON^TWO", "2015-01-01", "M", 5, 2),
        ("PERSON^ONE", "1940-01-01", "F", 3, 1),
    ]
    for words in ("person one", "b-2"):
        found = service.client.get("/api/v1/studies", params={"search": words}).json()
        assert found["total"] == 1
    refused = service.client.get(f"/api/patients/{held}/results")
    assert (refused.status_code, refused.json()["code"]) == (409, "held")
    assert service.client.post(f"/api/v1/studies/{held}/retry").status_code == 409


def test_kept_apart(service: Service, held: int) -> None:
    """Two studies are queued; the trail says who asked, by number."""
    answer = say(service, held, "apart")
    assert answer.status_code == 200, answer.text
    told = {one["id"]: (one["patient_name"], one["state"]) for one in answer.json()["studies"]}
    assert told[held] == ("PERSON^TWO", "queued")
    assert set(told.values()) == {("PERSON^TWO", "queued"), ("PERSON^ONE", "queued")}
    assert detail(service, held)["named_patients"] == []
    with service.database.read() as session:
        asked = select(AuditEntry.object).where(AuditEntry.action == "study.patients_apart")
        assert list(session.scalars(asked)) == [f"study:{held}"]
    assert say(service, held, "apart").status_code == 409


def test_taken_as_one(service: Service, held: int) -> None:
    """One study is queued, and nothing is asked for any more."""
    assert say(service, held, "one").json()["studies"][0]["state"] == "queued"
    assert service.client.get("/api/v1/studies?attention=true").json()["total"] == 0
    assert detail(service, held)["patients"] == 1


def test_a_stale_answer_is_refused(service: Service, held: int) -> None:
    """Whoever saw two patients says nothing about three."""
    third = {
        **ONE,
        "PatientName": "OTHER^THREE",
        "PatientID": "C-3",
        "PatientBirthDate": "19800101",
    }
    upload(service, of(third, 3, 2))
    assert detail(service, held)["patients"] == 3
    refused = say(service, held, "one")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert say(service, held, "one", 3).status_code == 200
    assert say(service, 999, "one").status_code == 404
    assert say(service, held, "perhaps").status_code == 422


def test_a_correction_is_told_with_the_study_only(service: Service) -> None:
    """Before and after stand among its own events; the system's name nobody."""
    study = upload(service, of(ONE, 1))
    upload(service, of(TWO, 1))
    events = service.client.get(f"/api/v1/studies/{study}/events").json()["events"]
    (corrected,) = (one for one in events if one["kind"] == "corrected")
    assert {
        "fact": "patient_name", "before": "PERSON^ONE", "after": "PERSON^TWO",
    } in corrected["changes"]  # fmt: skip
    everywhere = service.client.get("/api/v1/events")
    assert "corrected" in everywhere.text
    for word in ("PERSON", "A-1", "B-2", "19400101"):
        assert word not in everywhere.text
    assert detail(service, study)["birth_date"] == "2015-01-01"
    (row,) = service.client.get("/api/v1/studies?search=two").json()["studies"]
    assert row["id"] == study
    assert service.client.get("/api/v1/studies?search=one").json()["total"] == 0


def test_a_birth_date_is_the_studys_own(service: Service) -> None:
    """Two people under one PatientID: neither page tells the other's."""
    shared: dict[str, object] = {"PatientID": "0"}
    upload(service, [Image(1, tags={**ONE, **shared})])
    upload(service, [Image(2, tags={**TWO, **shared})])
    dates = {
        row["patient_name"]: detail(service, row["id"])["birth_date"]
        for row in service.client.get("/api/v1/studies").json()["studies"]
    }
    assert dates == {"PERSON^ONE": "1940-01-01", "PERSON^TWO": "2015-01-01"}
