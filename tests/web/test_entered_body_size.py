"""Height and weight entered on the page: what depends on them follows at once."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select
from store_cases import NOW, make_identity, make_results, measurement, put_in_state

from heimdallr.domain.body_size import BodySize
from heimdallr.store.delivery_tables import DeliveryNews, When
from heimdallr.store.models import AuditEntry, Event, MeasurementRow, Study, StudyState
from heimdallr.store.study_body_sizes import StudyBodySizeRow, keep_body_size
from heimdallr.store.upkeep import resizing
from heimdallr.store.upkeep.rebuild import rebuild
from heimdallr.store.upkeep.resizing import follow_pending
from heimdallr.store.upkeep.withdrawal import withdraw_results
from heimdallr.store.work.states import lock

if TYPE_CHECKING:
    from web_service import Service

AREA = measurement("SMA_cm2", 90.0, unit="cm2")
INDEX = measurement("SMI_cm2_m2", unit="cm2/m2", reason="the patient's height is not known")


@pytest.fixture
def study(service: Service) -> int:
    """A study with a muscle area, of a woman whose height the header does not say."""
    results = make_results(measurements=(AREA, INDEX))
    identity = make_identity().model_copy(update={"height_m": None})
    return service.add_done(results=results, identity=identity)


def put(service: Service, study: int, status: int = 200, **given: object) -> dict[str, Any]:
    """Enter it; the answer."""
    answer = service.client.put(f"/api/v1/studies/{study}/body-size", json=given)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def index_of(service: Service, study: int) -> float | None:
    """The muscle index in the database."""
    with service.database.read() as session:
        return session.scalar(
            select(MeasurementRow.value).where(
                MeasurementRow.study_fk == study, MeasurementRow.name == "SMI_cm2_m2"
            )
        )


def test_index_and_limits_follow_a_height(service: Service, study: int) -> None:
    """In the folder, in the rows, on the page; and go when it is taken back."""
    answer = put(service, study, height_m=1.6, weight_kg=70)
    assert (answer["source"], answer["pending"]) == ("entered", False)
    assert index_of(service, study) == 35.16
    detail = service.client.get(f"/api/v1/studies/{study}").json()
    assert detail["results"]["identity"]["body_size"]["source"] == "entered"
    shown = {one["name"]: one for one in detail["results"]["measurements"]}
    assert shown["SMI_cm2_m2"]["value"] == 35.16
    assert shown["SMI_cm2_m2"]["reference"]["low"] == 34.4
    assert detail["unread"]
    with service.database.read() as session:
        news = session.scalars(select(DeliveryNews)).one()
    assert news.what is When.RESULTS, "destinations are sent the newer results"
    put(service, study, height_m=None, weight_kg=None)
    assert index_of(service, study) is None
    assert service.client.get(f"/api/v1/studies/{study}/body-size").json()["source"] is None


def test_who_and_when_are_kept(service: Service, study: int) -> None:
    """In the audit trail, and among the study's events."""
    put(service, study, height_m=1.6)
    with service.database.read() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
        event = session.scalars(select(Event).where(Event.kind == "body_size")).one()
        entered = session.get_one(StudyBodySizeRow, study)
    assert "study.body_size" in actions
    assert event.changes == [["height_m", None, "1.6"]]
    assert entered.entered_by == event.actor


@pytest.mark.parametrize("given", [{"height_m": 170}, {"weight_kg": 0}, {"height_cm": 170}])
def test_what_no_person_measures_is_refused(
    service: Service, study: int, given: dict[str, object]
) -> None:
    """Centimetres would make a giant."""
    put(service, study, status=422, **given)
    put(service, study + 7, status=404, height_m=1.6)


def test_a_study_that_is_worked_on_follows_when_that_is_over(service: Service, study: int) -> None:
    """Or at the next start, where its worker did not come to it."""
    with service.database.write() as session:
        put_in_state(session, study, StudyState.SEGMENTING)
    assert put(service, study, height_m=1.6)["pending"]
    assert index_of(service, study) is None
    with service.database.write() as session:
        put_in_state(session, study, StudyState.DONE)
    assert follow_pending(service.database, service.folders, NOW) == 1
    assert index_of(service, study) == 35.16
    assert follow_pending(service.database, service.folders, NOW) == 0


class KilledError(BaseException):
    """The end of a process, in the middle."""


def _killed(*_: object, **__: object) -> None:
    raise KilledError


@pytest.mark.parametrize("first", ["index_results", "settle_body_size"])
def test_a_kill_after_the_folder_was_renamed_keeps_no_news_back(
    service: Service, study: int, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """The next start finds the folder new already; destinations are sent the newer results."""
    with service.database.write() as session:
        session.execute(delete(DeliveryNews))
        keep_body_size(session, study, BodySize(1.6, None, "entered", "user:ana", NOW), NOW)
    with monkeypatch.context() as patch:
        patch.setattr(resizing, first, _killed)
        with pytest.raises(KilledError):
            resizing.follow_if_free(service.database, service.folders, study, NOW)
    for _ in range(2):
        follow_pending(service.database, service.folders, NOW)
        assert index_of(service, study) == 35.16
        with service.database.read() as session:
            assert [one.what for one in session.scalars(select(DeliveryNews))] == [When.RESULTS]


def test_what_changes_nothing_is_no_news(service: Service, study: int) -> None:
    """The results are those that were told of, whatever was entered in between."""
    put(service, study, height_m=1.6)
    with service.database.write() as session:
        session.execute(delete(DeliveryNews))
        session.get_one(StudyBodySizeRow, study).pending = True
    assert follow_pending(service.database, service.folders, NOW) == 1
    with service.database.read() as session:
        assert session.scalars(select(DeliveryNews)).all() == []


def test_a_database_that_is_rebuilt_knows_what_was_entered(service: Service, study: int) -> None:
    """The case folder tells."""
    put(service, study, height_m=1.6)
    with service.database.write() as session:
        session.delete(session.get_one(Study, study))
    rebuild(service.database, service.folders, NOW)
    with service.database.read() as session:
        (row,) = session.scalars(select(StudyBodySizeRow))
    assert (row.height_m, row.pending) == (1.6, False)


def test_a_height_does_not_outlive_its_patient(service: Service, study: int) -> None:
    """Results that name another patient are withdrawn, and what was entered goes with them."""
    size = BodySize(1.6, None, "entered", "maria", NOW)
    with service.database.write() as session:
        keep_body_size(session, study, replace(size, weight_kg=60.0), NOW)
        withdraw_results(session, service.folders, lock(session, study), NOW)
    with service.database.read() as session:
        assert session.get(StudyBodySizeRow, study) is None
    assert "maria" not in str(list(os.scandir(service.folders.output)))
