"""Heights and weights that orders or the record tell reach the results of the right studies."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from received_images import FakeClock
from sqlalchemy import select
from store_cases import NOW, make_identity, make_results, measurement
from web_service import Service, service_in

from heimdallr.domain.body_size import BodySize as StudySize
from heimdallr.domain.errors import ArchiveError, ConfigurationError
from heimdallr.domain.statements import Statement
from heimdallr.retrieval import told_sizes
from heimdallr.retrieval.told_sizes import ToldSizes
from heimdallr.store.body_sizes import BodySize, record_size
from heimdallr.store.models import Event, MeasurementRow, Study
from heimdallr.store.study_body_sizes import body_size_of, keep_body_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

AREA = measurement("SMA_cm2", 90.0, unit="cm2")
INDEX = measurement("SMI_cm2_m2", unit="cm2/m2", reason="the patient's height is not known")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A system with one study, of a woman whose height and weight the header does not say."""
    made = service_in(tmp_path)
    yield made
    made.database.close()


def done(service: Service, **header: float | None) -> int:
    """A study with a muscle area, finished just now."""
    told = {"height_m": None, "weight_kg": None, **header}
    study_id = service.add_done(
        results=make_results(measurements=(AREA, INDEX)),
        identity=make_identity().model_copy(update=told),
    )
    with service.database.write() as session:
        study = session.get(Study, study_id)
        assert study
        study.finished_at, study.study_date = NOW, f"{NOW:%Y%m%d}"
    return study_id


def ordered(
    service: Service, observed_at: datetime = NOW, received_at: datetime = NOW, **size: float
) -> None:
    """An order says a size of the study's patient."""
    with service.database.write() as session:
        patient = session.scalars(select(Study.patient_id)).one()
        record_size(
            session,
            BodySize(
                patient, "", "", size.get("height_m"), size.get("weight_kg"), observed_at,
                "hl7", "RIS", message=str(sorted(size.items())),
            ),
            received_at,
        )  # fmt: skip


def taken(service: Service) -> int:
    """How many studies have a size after one look."""
    return ToldSizes(service.database, service.settings, service.folders, lambda: NOW).step()


def index_of(service: Service, study: int) -> float | None:
    """The muscle index in the database."""
    with service.database.read() as session:
        return session.scalar(
            select(MeasurementRow.value).where(
                MeasurementRow.study_fk == study, MeasurementRow.name == "SMI_cm2_m2"
            )
        )


def test_a_height_of_an_order_makes_the_index(service: Service) -> None:
    """Once, and the study's events say from where."""
    study = done(service)
    ordered(service, height_m=1.6)
    assert index_of(service, study) is None
    assert [taken(service), taken(service)] == [1, 0]
    assert index_of(service, study) == 35.16
    with service.database.read() as session:
        event = session.scalars(select(Event).where(Event.kind == "body_size")).one()
    assert (event.actor, event.changes) == ("RIS", [["height_m", None, "1.6"]])


def test_what_the_header_says_stays(service: Service) -> None:
    """Only what it leaves out is taken over."""
    study = done(service, height_m=1.8)
    ordered(service, height_m=1.6, weight_kg=70)
    assert taken(service) == 1
    with service.database.read() as session:
        size = body_size_of(session, study)
    assert size
    assert (size.height_m, size.weight_kg) == (None, 70)


def test_an_old_height_is_not_the_patients(service: Service) -> None:
    """A child has grown since."""
    done(service)
    ordered(service, NOW - timedelta(days=400), height_m=1.2)
    assert taken(service) == 0


def test_what_a_person_entered_is_not_replaced(service: Service) -> None:
    """Whatever comes later."""
    study = done(service)
    with service.database.write() as session:
        keep_body_size(session, study, StudySize(1.7, None, "entered", "user:ana", NOW), NOW)
    ordered(service, height_m=1.6)
    assert taken(service) == 0


@pytest.mark.parametrize("first", ["height_m", "weight_kg"])
def test_a_height_and_a_weight_come_in_different_messages(service: Service, first: str) -> None:
    """The second completes the first, which stays as it was told."""
    sizes = {"height_m": 1.6, "weight_kg": 70.0}
    study = done(service)
    ordered(service, NOW, NOW, **{first: sizes[first]})
    look = ToldSizes(service.database, service.settings, service.folders, lambda: NOW)
    assert look.step() == 1
    later = NOW + timedelta(minutes=10)
    ordered(service, NOW, later, **{**sizes, first: sizes[first] + 0.1})
    assert [look.step(), look.step()] == [1, 0]
    with service.database.read() as session:
        size = body_size_of(session, study)
        changes = session.scalars(select(Event.changes).where(Event.kind == "body_size")).all()
    assert size
    assert (size.height_m, size.weight_kg) == (1.6, 70)
    assert [name for one in changes for name, _, _ in one] == [first, *(sizes.keys() - {first})]
    assert index_of(service, study) == 35.16


def test_what_a_person_took_back_is_not_completed(service: Service) -> None:
    """Their word stands, that nothing is to be taken over."""
    study = done(service)
    ordered(service, weight_kg=70)
    assert taken(service) == 1
    with service.database.write() as session:
        keep_body_size(session, study, None, NOW)
    ordered(service, height_m=1.6)
    assert taken(service) == 0


def test_the_record_is_asked_for_what_is_missing(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A weight of an order, a height of the record."""
    study = done(service)
    ordered(service, weight_kg=70)
    answer = service.client.post(
        "/api/v1/destinations",
        json={"name": "record", "peer": {"kind": "fhir", "url": "http://127.0.0.1:9/fhir"}},
    )
    assert answer.status_code in {200, 201}, answer.text
    record = StudySize(1.6, 99, "fhir", "127.0.0.1", NOW)
    monkeypatch.setattr(told_sizes, "look_up", lambda *_, **__: record)
    settings = service.settings.model_copy(update={"sizes_from": "record"})
    look = ToldSizes(service.database, settings, service.folders, lambda: NOW)
    assert look.step() == 1
    with service.database.read() as session:
        size = body_size_of(session, study)
    assert size
    assert (size.height_m, size.weight_kg) == (1.6, 70)
    assert index_of(service, study) == 35.16


def test_a_record_that_was_away_is_asked_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an hour, also where an order has told the weight meanwhile."""
    study = done(service)
    ordered(service, weight_kg=70)
    peer = {"kind": "fhir", "url": "http://127.0.0.1:9/fhir"}
    service.client.post("/api/v1/destinations", json={"name": "record", "peer": peer})
    answers = iter([None, StudySize(1.6, 99, "fhir", "", NOW)])

    def look_up(*_: object, **__: object) -> StudySize:
        if answer := next(answers):
            return answer
        raise ArchiveError(Statement("archive_gone"))

    monkeypatch.setattr(told_sizes, "look_up", look_up)
    settings = service.settings.model_copy(update={"sizes_from": "record"})
    clock = FakeClock(NOW)
    look = ToldSizes(service.database, settings, service.folders, clock.now)
    assert [look.step(), look.step()] == [1, 0]
    clock.pass_s(told_sizes.AGAIN.total_seconds())
    assert [look.step(), look.step()] == [1, 0]
    with service.database.read() as session:
        size = body_size_of(session, study)
    assert size
    assert (size.height_m, size.weight_kg) == (1.6, 70)
    assert index_of(service, study) == 35.16


def test_a_record_that_is_none_is_told(service: Service) -> None:
    """A misspelt name is an error that says what to do."""
    done(service)
    settings = service.settings.model_copy(update={"sizes_from": "recrod"})
    look = ToldSizes(service.database, settings, service.folders, lambda: NOW)
    with pytest.raises(ConfigurationError, match="destination list"):
        look.step()
