"""Prior values: of the same patient, of nobody else, and only what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from store_cases import add_study

from heimdallr.analyses.rules.findings import BUNDLED_CAVEAT
from heimdallr.store.models import MeasurementRow, Patient, Study, StudyState
from heimdallr.store.reading.history import History, history

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from web_service import Service

    from heimdallr.store.database import Database


def examined(
    session: Session,
    key: str,
    date: str | None,
    patient: Patient | None = None,
    **columns: Any,  # noqa: ANN401
) -> Study:
    """A study with a liver volume (its month in the date), a phase, and a number that failed."""
    given = {"sex": "F", "has_results": True, "state": StudyState.DONE, "modality": "CT"}
    study = add_study(session, key, study_date=date, **(given | columns))
    if patient is not None:
        study.patient_fk = patient.id
    rows: tuple[tuple[str, float | None, str | None], ...] = (
        ("liver_vol_cm3", 1000.0 + int((date or "00000000")[4:6]), None),
        ("contrast_phase", None, "venous"),
        ("SMA_cm2", None, None),
    )
    for name, value, text in rows:
        session.add(
            MeasurementRow(
                study_fk=study.id, name=name, value=value, text=text, unit="cm3",
                status="measured" if name != "SMA_cm2" else "not_assessable",
            )
        )  # fmt: skip
    session.flush()
    return study


def one_patient(session: Session) -> Patient:
    """A patient several studies belong to."""
    patient = Patient(patient_id="P-77", issuer="H", name="SILVA^MARIA")
    session.add(patient)
    session.flush()
    return patient


def told(found: History) -> list[tuple[str | None, bool]]:
    """Date of each study that is told, and whether it is the one asked about."""
    return [(one.study_date, one.current) for one in found.studies]


def test_earlier_and_later_studies(database: Database) -> None:
    """By date, the study itself among them; numbers only, with units, phase and notices."""
    with database.write() as session:
        patient = one_patient(session)
        asked = examined(session, "1.1", "20260201", patient, notices=["bundled weights"])
        examined(session, "1.2", "20251101", patient)
        examined(session, "1.3", "20260401", patient)
        examined(session, "1.4", None, patient)
        examined(session, "1.5", "20260301")
        examined(session, "1.6", "20260301", patient, has_results=False)
        examined(session, "1.7", "20260301", patient, state=StudyState.DELETING)
    with database.read() as session:
        found = history(session, asked, limit=20)
    assert told(found) == [
        (None, False),
        ("20251101", False),
        ("20260201", True),
        ("20260401", False),
    ]
    assert [dict(one.values) for one in found.studies][1:] == [
        {"liver_vol_cm3": 1011.0},
        {"liver_vol_cm3": 1002.0},
        {"liver_vol_cm3": 1004.0},
    ]
    assert dict(found.units) == {"liver_vol_cm3": "cm3"}
    assert found.studies[2].notices == ("bundled weights",)
    assert {one.contrast_phase for one in found.studies} == {"venous"}
    assert (found.doubt, found.left_out, found.further) == (None, 0, 0)


@pytest.mark.parametrize(
    ("notices", "told"),
    [
        ([], [None, "other_modality", "bundled_weights", None]),
        ([BUNDLED_CAVEAT.text], ["other_weights", "other_modality", None, None]),
    ],
)
def test_what_cannot_be_compared_says_why(
    database: Database, notices: list[str], told: list[str | None]
) -> None:
    """Another modality, and bundled networks beside others; it is told nevertheless."""
    with database.write() as session:
        patient = one_patient(session)
        examined(session, "1.1", "20230101", patient)
        examined(session, "1.2", "20240101", patient, modality="MR")
        examined(session, "1.3", "20250101", patient, notices=[BUNDLED_CAVEAT.text])
        asked = examined(session, "1.4", "20260201", patient, notices=notices)
    with database.read() as session:
        found = history(session, asked, limit=20)
    assert [one.not_compared for one in found.studies] == told


def test_a_limit_leaves_the_newest(database: Database) -> None:
    """And says how many more there are."""
    with database.write() as session:
        patient = one_patient(session)
        asked = examined(session, "1.1", "20200101", patient)
        for month in range(1, 6):
            examined(session, f"1.2.{month}", f"20250{month}01", patient)
    with database.read() as session:
        found = history(session, asked, limit=2)
        named = history(session, asked, names=["SMA_cm2"], limit=2)
    assert told(found) == [("20200101", True), ("20250401", False), ("20250501", False)]
    assert found.further == 3
    assert not any(one.values for one in named.studies)


@pytest.mark.parametrize(
    ("columns", "same_name"),
    [
        ({"patient_name": "SILVA^MARIA JOSÉ"}, True),
        ({"patient_name": "Silva^Maria Jose"}, True),
        ({"patient_name": "SANTOS^MARIA"}, False),
        ({"patient_name": ""}, False),
        ({"sex": None}, True),
        ({"sex": "O"}, True),
    ],
)
def test_a_person_may_be_written_differently(
    database: Database, columns: dict[str, str | None], *, same_name: bool
) -> None:
    """A word of the name in common is enough; that the names differ is said."""
    with database.write() as session:
        patient = one_patient(session)
        asked = examined(session, "1.1", "20260201", patient)
        examined(session, "1.2", "20250201", patient, **columns)
    with database.read() as session:
        found = history(session, asked, limit=20)
    assert [one.same_name for one in found.studies] == [same_name, True]


@pytest.mark.parametrize(
    "columns",
    [
        {"patient_name": "MUELLER^HANS"},
        {"sex": "M"},
        {"patient_name": "SILVA^JOAO", "birth_date": "20150101"},
    ],
)
def test_a_stranger_with_the_same_id_is_left_out(
    database: Database, columns: dict[str, str]
) -> None:
    """Another sex, no word of the name, or half a name with another birth date: not hers."""
    with database.write() as session:
        patient = one_patient(session)
        asked = examined(session, "1.1", "20260201", patient, birth_date="19600201")
        examined(session, "1.2", "20250201", patient, **columns)
    with database.read() as session:
        found = history(session, asked, limit=20)
    assert told(found) == [("20260201", True)]
    assert found.left_out == 1


def test_mixed_images_belong_to_nobody(database: Database) -> None:
    """Whether it is the study that is asked about, or another one."""
    with database.write() as session:
        patient = one_patient(session)
        clean = examined(session, "1.1", "20260201", patient)
        mixed = examined(session, "1.2", "20250201", patient, patients=2)
    with database.read() as session:
        about_clean = history(session, clean, limit=20)
        about_mixed = history(session, mixed, limit=20)
    assert (told(about_clean), about_clean.left_out) == ([("20260201", True)], 1)
    assert (told(about_mixed), about_mixed.doubt) == ([("20250201", True)], "mixed_patients")


def test_without_a_patient_id(database: Database) -> None:
    """Nobody else's numbers, and the reason."""
    with database.write() as session:
        asked = examined(session, "1.1", "20260201", patient_id="")
        examined(session, "1.2", "20250201", patient_id="")
    with database.read() as session:
        found = history(session, asked, limit=20)
    assert (told(found), found.doubt) == ([("20260201", True)], "no_patient_id")


def test_the_endpoint(service: Service) -> None:
    """Dates as dates; names and limit as asked for."""
    with service.database.write() as session:
        patient = one_patient(session)
        asked = examined(session, "1.1", "20260201", patient).id
        examined(session, "1.2", "20250201", patient)
    url = f"/api/v1/studies/{asked}/history"
    body = service.client.get(url, params={"name": "liver_vol_cm3", "limit": 5}).json()
    assert [one["study_date"] for one in body["studies"]] == ["2025-02-01", "2026-02-01"]
    assert body["studies"][0]["values"] == {"liver_vol_cm3": 1002.0}
    assert service.client.get(url, params={"limit": 51}).status_code == 422
    assert service.client.get("/api/v1/studies/999/history").status_code == 404
