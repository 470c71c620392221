"""Signing results, and windows that edit them, over HTTP."""

from __future__ import annotations

import queue
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from access_site import Clock, Site
from deliveries import correct, publish_anew
from sqlalchemy import select
from store_cases import NOW, make_identity, make_results, put_in_state
from web_service import service_in

from heimdallr.corrections.difference import labels_version
from heimdallr.publishing.correction_records import CorrectionRecord, StructureChange
from heimdallr.publishing.results import results_json
from heimdallr.publishing.schema import RESULTS_FILE, read_results
from heimdallr.publishing.verification_file import read_verification
from heimdallr.store.corrections import CorrectionState, keep_correction
from heimdallr.store.delivery_tables import DeliveryNews, When
from heimdallr.store.editing_sessions import EditingSessionRow
from heimdallr.store.models import AuditEntry, Event, Role, Study, StudyState
from heimdallr.store.study_verifications import StudyVerificationRow
from heimdallr.store.upkeep.case_builder import MakeReady, Outcome
from heimdallr.store.upkeep.withdrawal import withdraw_results
from heimdallr.web.corrector import Corrector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from access_site import Browser
    from web_service import Service

    from heimdallr.store.upkeep.case_builder import Job

KEY, OTHER_KEY = "window-one", "window-two"


@pytest.fixture
def study(service: Service) -> int:
    """A study with results."""
    return service.add_done(results=make_results(), identity=make_identity())


def verify(service: Service, study: int, status: int = 200, **given: object) -> dict[str, Any]:
    """Verify it, or take that back; the answer."""
    body = {"verified": True} | given
    answer = service.client.put(f"/api/v1/studies/{study}/verification", json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def listed(service: Service, verified: str) -> list[int]:
    """Numbers of the studies that a filter of the worklist leaves."""
    answer = service.client.get("/api/v1/studies", params={"verified": verified})
    return [one["id"] for one in answer.json()["studies"]]


def test_verified_results_are_shown_as_such_until_they_change(service: Service, study: int) -> None:
    """On the study's page, in the worklist, among its events and in the audit trail."""
    assert (listed(service, "no"), listed(service, "yes")) == ([study], [])
    said = verify(service, study, comment="spleen checked")
    assert (said["verified"], said["is_current"], said["by"]) == (True, True, "open")
    kept = read_verification(service.folders.output / "SilvaMJ_20260201_123456")
    assert kept is not None
    assert (kept.by, kept.comment) == ("open", "spleen checked")
    detail = service.client.get(f"/api/v1/studies/{study}").json()
    assert (detail["verified"], detail["verification"]) == ("yes", said)
    assert (listed(service, "no"), listed(service, "yes")) == ([], [study])
    publish_anew(service.database, service.folders, study)
    detail = service.client.get(f"/api/v1/studies/{study}").json()
    assert (detail["verified"], detail["verification"]) == (
        "outdated",
        said | {"is_current": False},
    )
    assert listed(service, "outdated") == [study]
    with service.database.read() as session:
        event = session.scalars(select(Event).where(Event.kind == "verified")).one()
        trail = session.scalars(select(AuditEntry).where(AuditEntry.action == "study.verify")).one()
    assert event.changes == [["verification_comment", "", "spleen checked"]]
    assert "spleen" not in event.message + trail.details + trail.object


def test_results_that_no_row_knows_yet_are_nobodys(service: Service, study: int) -> None:
    """A folder takes its place before the rows follow: nobody has verified those numbers."""
    verify(service, study)
    case = service.folders.output / "SilvaMJ_20260201_123456"
    found = read_results(case)
    provenance = found.provenance.model_copy(update={"created_at": NOW + timedelta(hours=1)})
    newer = found.model_copy(update={"provenance": provenance})
    (case / RESULTS_FILE).write_text(results_json(newer), encoding="utf-8")
    detail = service.client.get(f"/api/v1/studies/{study}").json()
    overview = service.client.get(f"/api/v1/studies/{study}/corrections").json()
    assert detail["verified"] == "outdated"
    assert detail["verification"] == overview["verification"]
    said = detail["verification"]
    assert (said["verified"], said["by"], said["is_current"]) == (True, "open", False)


def test_a_verification_is_taken_back(service: Service, study: int) -> None:
    """What was said stays in the study's history."""
    verify(service, study, comment="checked")
    said = verify(service, study, verified=False)
    assert said == {"verified": False, "by": "", "at": None, "comment": "", "is_current": False}
    assert verify(service, study, verified=False) == said
    assert read_verification(service.folders.output / "SilvaMJ_20260201_123456") is None
    with service.database.read() as session:
        events = session.scalars(select(Event).where(Event.kind == "verified")).all()
        actions = session.scalars(select(AuditEntry.action)).all()
    assert [one.message for one in events] == [
        "results verified", "verification of the results taken back",
    ]  # fmt: skip
    assert events[1].changes == [["verification_comment", "checked", None]]
    assert actions.count("study.unverify") == 2


def test_nobody_verifies_what_they_have_not_seen(service: Service, study: int) -> None:
    """Other results or label maps than those on the page are refused, and nothing is said."""
    case = service.folders.output / "SilvaMJ_20260201_123456"
    seen: dict[str, Any] = {"base": labels_version(case), "results_at": NOW.isoformat()}
    publish_anew(service.database, service.folders, study)
    assert verify(service, study, 409, **seen)["code"] == "other_results"
    assert verify(service, study, 409, base="0" * 32)["code"] == "other_base"
    assert verify(service, study, 422, base="x")["code"] == "invalid"
    detail = service.client.get(f"/api/v1/studies/{study}").json()
    assert detail["verified"] == "no"
    seen["results_at"] = detail["results"]["provenance"]["created_at"]
    assert verify(service, study, **seen)["is_current"]


@pytest.mark.parametrize("state", [StudyState.QUEUED, StudyState.PUBLISHING])
def test_what_is_not_there_cannot_be_verified(service: Service, state: StudyState) -> None:
    """No results, or others on their way."""
    empty = service.add("1.2.4", StudyState.FAILED)
    verify(service, empty, 409)
    verify(service, empty + 7, 404)
    study = service.add_done()
    with service.database.write() as session:
        put_in_state(session, study, state)
    verify(service, study, 200 if state is StudyState.QUEUED else 409)


def test_corrected_results_wait_for_a_person(service: Service, study: int) -> None:
    """The study's deliveries say so, and how many studies wait is counted."""
    path = f"/api/v1/studies/{study}/deliveries"
    assert not service.client.get(path).json()["awaits_verification"]
    correct(service.database, service.folders, study)
    assert service.client.get(path).json()["awaits_verification"]
    summary = service.client.get("/api/v1/deliveries/summary").json()
    assert (summary["awaiting_verification"], summary["undecided"]) == (1, 0)
    verify(service, study)
    assert not service.client.get(path).json()["awaits_verification"]
    with service.database.read() as session:
        told = set(session.execute(select(DeliveryNews.what, DeliveryNews.held)))
    assert told == {(When.RESULTS, False), (When.VERIFIED, False)}


def test_another_patients_results_take_the_verification_with_them(
    service: Service, study: int
) -> None:
    """It was of those."""
    verify(service, study)
    with service.database.write() as session:
        withdraw_results(session, service.folders, session.get_one(Study, study), NOW)
    with service.database.read() as session:
        assert session.scalars(select(StudyVerificationRow)).all() == []
    assert (listed(service, "yes"), listed(service, "no")) == ([], [])


def test_how_often_people_correct_is_told_to_every_reader(service: Service, study: int) -> None:
    """What nobody has touched is not listed."""
    path = "/api/v1/agreement"
    assert service.client.get(path).json() == []
    change = StructureChange(
        task="total", structure="liver", voxels_added=10, voxels_removed=0, dice=0.9,
        volume_before_cm3=100, volume_after_cm3=110,
    )  # fmt: skip
    record = CorrectionRecord(
        number=1, kind="voxels", by="user:anna", at=NOW, base="0" * 32, structures=[change]
    )
    with service.database.write() as session:
        keep_correction(session, study, record, CorrectionState.APPLIED)
    (liver,) = service.client.get(path).json()
    assert (liver["structure"], liver["corrected"], liver["studies"]) == ("liver", 1, 1)
    assert (liver["dice_median"], liver["volume_difference_percent_median"]) == (0.9, 10.0)
    assert liver["between_readers_dice_median"] is None


class Loading:
    """In place of the process that computes: keeps what it was asked for."""

    def __init__(self) -> None:
        self.jobs: queue.Queue[Job] = queue.Queue()

    def __call__(self, job: Job, last_word: Callable[[], None]) -> Outcome:
        """Nothing is done."""
        del last_word
        self.jobs.put(job)
        return Outcome()

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def loading() -> Loading:
    """Where what the process was asked for is seen."""
    return Loading()


@pytest.fixture
def house(quick_passwords: None, tmp_path: Path, loading: Loading) -> Iterator[tuple[Site, int]]:
    """The application behind access control, with a study."""
    del quick_passwords
    service = service_in(tmp_path, auth="on")
    context = service.app.state.heimdallr
    corrector = Corrector(service.database, service.folders, context.now, loading)
    service.app.state.heimdallr = replace(context, corrector=corrector)
    study = service.add_done(results=make_results(), identity=make_identity())
    yield Site(service.app, service.database, Clock()), study
    service.app.state.heimdallr.corrector.close()
    service.database.close()


def test_a_person_who_operates_verifies_and_nobody_else(house: tuple[Site, int]) -> None:
    """Viewers are refused; programs too, whatever their token is for: they are no persons."""
    site, study = house
    path = f"/api/v1/studies/{study}/verification"
    viewer = site.signed_in("vera", host="127.0.0.1")
    assert viewer.send("PUT", path, json={"verified": True}).status_code == 403
    program = site.browser(host="127.0.0.1").client.put(
        path, json={"verified": True}, headers=site.token("ris", "operate")
    )
    assert (program.status_code, program.json()["code"]) == (403, "not_a_person")
    anna = site.signed_in("anna", Role.OPERATOR, host="127.0.0.1")
    said = anna.send("PUT", path, json={"verified": True})
    assert (said.status_code, said.json()["by"]) == (200, "user:anna")
    assert viewer.get(f"/api/v1/studies/{study}").json()["verification"]["by"] == "user:anna"


def editing(browser: Browser, study: int, key: str, method: str = "PUT") -> list[str]:
    """Give a sign, or leave; who else is there."""
    answer = browser.send(method, f"/api/v1/studies/{study}/editing", params={"session": key})
    assert answer.status_code == 200, answer.text
    return [one["by"] for one in answer.json()["others"]]


def test_the_process_that_computes_is_loaded_while_somebody_draws(
    house: tuple[Site, int], loading: Loading
) -> None:
    """Its first seconds are over when they save."""
    site, study = house
    editing(site.signed_in("anna", Role.OPERATOR, host="127.0.0.1"), study, KEY)
    assert loading.jobs.get(timeout=60) == MakeReady()


def test_windows_that_edit_one_study_hear_of_one_another(house: tuple[Site, int]) -> None:
    """Another person's, and one's own other one; not those of another study, or long silent."""
    site, study = house
    anna, maria = (
        site.signed_in(name, Role.OPERATOR, host="127.0.0.1") for name in ("anna", "maria")
    )
    assert editing(anna, study, KEY) == []
    assert editing(maria, study, KEY) == ["user:anna"]
    assert editing(anna, study, OTHER_KEY) == ["user:anna", "user:maria"]
    shown = anna.get(f"/api/v1/studies/{study}/corrections").json()
    assert [one["by"] for one in shown["others"]] == ["user:anna", "user:maria", "user:anna"]
    editing(anna, study, OTHER_KEY, "DELETE")
    assert editing(maria, study, KEY) == ["user:anna"]
    with site.database.write() as session:
        for row in session.scalars(select(EditingSessionRow)):
            row.seen_at -= timedelta(seconds=61)
    assert editing(maria, study, KEY) == []
    with site.database.read() as session:
        assert [row.by for row in session.scalars(select(EditingSessionRow))] == ["user:maria"]
    assert len(site.trail("study.edit")) == 4, "not with every sign"


def test_who_may_not_operate_does_not_edit(house: tuple[Site, int]) -> None:
    """Nor does a window without a proper name, or of no study."""
    site, study = house
    viewer = site.signed_in("vera", host="127.0.0.1")
    anna = site.signed_in("anna", Role.OPERATOR, host="127.0.0.1")
    path, key = f"/api/v1/studies/{study}/editing", {"session": KEY}
    assert viewer.send("PUT", path, params=key).status_code == 403
    assert viewer.send("DELETE", path, params=key).status_code == 403
    assert anna.send("PUT", path).status_code == 422
    assert anna.send("PUT", path, params={"session": "a b"}).status_code == 422
    missing = f"/api/v1/studies/{study + 7}/editing"
    assert anna.send("PUT", missing, params=key).status_code == 404


def test_a_clock_that_was_set_back_lets_nobody_edit_for_ever(house: tuple[Site, int]) -> None:
    """A sign of tomorrow is none."""
    site, study = house
    anna = site.signed_in("anna", Role.OPERATOR, host="127.0.0.1")
    editing(anna, study, KEY)
    with site.database.write() as session:
        row = session.scalars(select(EditingSessionRow)).one()
        row.seen_at += timedelta(days=1)
    assert editing(anna, study, OTHER_KEY) == []
