"""The worklist's filters offer what is there, and ask the database seldom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from store_cases import add_study

from heimdallr.store.models import FindingRow, StudyState
from heimdallr.store.reading import worklist
from heimdallr.store.reading.options import options
from heimdallr.web.answers.answer_cache import Cached

if TYPE_CHECKING:
    import pytest
    from sqlalchemy.orm import Session
    from web_service import Service

    from heimdallr.store.database import Database

URL = "/api/v1/worklist/options"


def add_finding(session: Session, study_id: int, code: str, severity: str) -> None:
    """A finding of a study."""
    session.add(FindingRow(study_fk=study_id, code=code, severity=severity, title="12 cm³"))


def test_every_kind_that_is_there(database: Database) -> None:
    """Modalities of all series, regions, and each finding with the worst of its severities."""
    with database.write() as session:
        first = add_study(session, "1.1", modalities=",CT,SR,", body_regions=",thorax,abdomen,")
        second = add_study(session, "1.2", modalities=",MR,", body_regions=",head,")
        add_study(session, "1.3", modalities="", body_regions="", state=StudyState.FAILED)
        add_finding(session, first.id, "low_muscle_mass", "note")
        add_finding(session, second.id, "low_muscle_mass", "significant")
        add_finding(session, first.id, "low_muscle_mass", "note")
        add_finding(session, second.id, "intracerebral_haemorrhage", "critical")
    with database.read() as session:
        found = options(session)
    assert found.modalities == ("CT", "MR", "SR")
    assert found.body_regions == ("abdomen", "head", "thorax")
    assert found.findings == {
        "low_muscle_mass": "significant",
        "intracerebral_haemorrhage": "critical",
    }


def test_the_endpoint(service: Service) -> None:
    """Titles name no value of any patient; what the filter would refuse is not offered."""
    with service.database.write() as session:
        study = add_study(
            session,
            "1.1",
            modalities=",CT,O T,",
            body_regions=",thorax,",
            finding_codes=",splenomegaly,",
        )
        add_finding(session, study.id, "splenomegaly", "significant")
        add_finding(session, study.id, "intracerebral_haemorrhage", "critical")
        add_finding(session, study.id, "a_rule_of_tomorrow", "note")
    answer = service.client.get(URL).json()
    assert answer["modalities"] == ["CT"]
    assert answer["body_regions"] == ["thorax"]
    assert answer["findings"] == [
        {
            "code": "intracerebral_haemorrhage",
            "title": "Intracerebral haemorrhage",
            "severity": "critical",
        },
        {"code": "splenomegaly", "title": "Enlarged spleen", "severity": "significant"},
        {"code": "a_rule_of_tomorrow", "title": "A rule of tomorrow", "severity": "note"},
    ]
    for name in ("modality", "region", "finding"):
        value = {"modality": "CT", "region": "thorax", "finding": "splenomegaly"}[name]
        query = {name: value}
        assert service.client.get("/api/v1/studies", params=query).json()["total"] == 1


def test_an_empty_database(service: Service) -> None:
    """Nothing to choose from."""
    assert service.client.get(URL).json() == {
        "modalities": [], "body_regions": [], "findings": [],
    }  # fmt: skip


def test_an_answer_is_made_anew_when_it_is_old() -> None:
    """And not before."""
    time, made = [0.0], iter(range(10))
    cached = Cached(lambda: next(made), 10.0, lambda: time[0])
    assert (cached(), cached()) == (0, 0)
    time[0] = 9.9
    assert cached() == 0
    time[0] = 10.0
    assert cached() == 1


def test_counts_are_those_of_the_filters(service: Service) -> None:
    """Acknowledged and read, a critical study waits for nobody."""
    client = service.client
    service.add("1.5", StudyState.FAILED)
    number = service.add_done()
    counts = client.get("/api/v1/worklist/counts").json()
    assert counts == {"total": 2, "attention": 2, "unread": 1, "in_progress": 0, "failed": 1}
    assert client.get("/api/v1/studies", params={"attention": True}).json()["total"] == 2
    finding = client.get(f"/api/v1/studies/{number}").json()["findings"]
    assert [one["severity"] for one in finding] == ["critical"]
    found = client.get(f"/api/v1/studies/{number}").json()["results"]["findings"][0]["id"]
    url = f"/api/v1/studies/{number}/findings/{found}/acknowledge"
    assert client.post(url, json={"note": ""}).status_code == 200
    assert client.put(f"/api/v1/studies/{number}/read", json={"on": True}).status_code == 200
    counts = client.get("/api/v1/worklist/counts").json()
    assert counts == {"total": 2, "attention": 1, "unread": 0, "in_progress": 0, "failed": 1}


def test_a_long_list_is_counted_as_far_as_the_page_needs(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, and counts to the end where that is asked; `/api/patients` always does."""
    monkeypatch.setattr(worklist, "COUNTED", 2)
    with service.database.write() as session:
        for number in range(5):
            add_study(session, f"1.2.{number}")
    asked = {"limit": 1}
    short = service.client.get("/api/v1/studies", params=asked).json()
    assert (short["total"], short["at_least"]) == (3, True)
    whole = service.client.get("/api/v1/studies", params=asked | {"count_all": True}).json()
    assert (whole["total"], whole["at_least"]) == (5, False)
    assert service.client.get("/api/patients", params=asked).json()["total"] == 5
