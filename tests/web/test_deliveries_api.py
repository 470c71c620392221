"""Destinations, rules and deliveries over the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from deliveries import Desk, refuses
from sqlalchemy import select
from store_cases import NOW

from heimdallr.delivery import peers
from heimdallr.delivery.sending import Check
from heimdallr.domain.statements import Statement
from heimdallr.store.delivery_tables import DestinationSecret, When
from heimdallr.store.models import AuditEntry
from heimdallr.store.work import owed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from web_service import Service

PACS = {"kind": "dicom", "ae_title": "ARCHIVE", "host": "pacs.example", "port": 11112}
FHIR = {"kind": "fhir", "url": "https://fhir.example/r4"}
SECRET = "a very secret token"  # noqa: S105 - of a made-up destination


def added(service: Service, name: str = "share", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A destination, added."""
    body = {"name": name, "peer": {"kind": "folder", "path": "/share"}, **more}
    answer = service.client.post("/api/v1/destinations", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_destinations_life(service: Service) -> None:
    """Added, listed, changed, removed; its secret goes in and never comes out."""
    made = added(service, "ehr", peer=FHIR, secret=SECRET)
    assert (made["has_secret"], made["usual"], made["created_by"]) == (True, ["fhir"], "open")
    assert SECRET not in service.client.get("/api/v1/destinations").text
    with service.database.read() as session:
        assert session.scalars(select(DestinationSecret.secret)).all() == [SECRET]

    moved = {"name": "ehr", "peer": {**FHIR, "url": "https://elsewhere.example/r4"}}
    answer = service.client.put("/api/v1/destinations/ehr", json=moved)
    assert answer.status_code == 409, "nobody else gets the old secret"
    changed = {"name": "EHR", "peer": FHIR, "language": "pt", "enabled": False}
    answer = service.client.put("/api/v1/destinations/ehr", json=changed)
    assert (answer.json()["has_secret"], answer.json()["name"]) == (True, "EHR")
    assert service.client.put(
        "/api/v1/destinations/EHR", json={**moved, "name": "EHR", "secret": ""}
    ).json()["has_secret"] is False  # fmt: skip
    assert service.client.delete("/api/v1/destinations/ehr").status_code == 204
    assert service.client.get("/api/v1/destinations").json()["destinations"] == []
    with service.database.read() as session:
        trail = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [one.action for one in trail if one.action.startswith("destination.")] == [
        "destination.create", "destination.change", "destination.change", "destination.remove",
    ]  # fmt: skip
    assert SECRET not in str([vars(one) for one in trail])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "share", "peer": PACS}, 409),
        ({"name": "SHARE", "peer": PACS}, 409),
        ({"name": "x", "peer": {"kind": "folder", "path": "relative"}}, 409),
        ({"name": "x", "peer": PACS, "objects": ["hl7"]}, 409),
        ({"name": "../x", "peer": PACS}, 422),
        ({"name": "x\n", "peer": {**PACS, "calling": "A"}}, 422),
        ({"name": "x", "peer": {**PACS, "ae_title": "A TITLE THAT IS TOO LONG"}}, 422),
        ({"name": "x", "peer": {"kind": "fhir", "url": "https://user:password@host/"}}, 422),
        ({"name": "x", "peer": {"kind": "fax"}}, 422),
    ],
)
def test_what_is_no_destination_is_refused(
    service: Service, body: dict[str, Any], status: int
) -> None:
    """And nothing the client sent is repeated."""
    added(service)
    answer = service.client.post("/api/v1/destinations", json=body)
    assert answer.status_code == status
    assert "password@" not in answer.text
    assert len(service.client.get("/api/v1/destinations").json()["destinations"]) == 1


def test_a_rules_life(service: Service) -> None:
    """Added, changed, shown in order, removed; its destination takes it along."""
    added(service)
    rule = {
        "name": "bleeds", "destination": "share", "when": "results", "objects": ["event"],
        "conditions": {"least_severity": "critical", "modalities": ["CT"]}, "position": 2,
    }  # fmt: skip
    made = service.client.post("/api/v1/delivery-rules", json=rule)
    assert made.status_code == 201
    assert made.json()["conditions"]["modalities"] == ["CT"]
    service.client.post("/api/v1/delivery-rules", json={**rule, "name": "first", "position": 1})
    listed = service.client.get("/api/v1/delivery-rules").json()["rules"]
    assert [one["name"] for one in listed] == ["first", "bleeds"]
    assert service.client.post("/api/v1/delivery-rules", json=rule).status_code == 409
    for wrong, status in (
        ({"destination": "nowhere"}, 409), ({"conditions": {"modality": "CT"}}, 422),
    ):  # fmt: skip
        answer = service.client.post(
            "/api/v1/delivery-rules", json={**rule, "name": "wrong", **wrong}
        )
        assert answer.status_code == status
    changed = service.client.put("/api/v1/delivery-rules/FIRST", json={**rule, "enabled": False})
    assert changed.status_code == 409, "the name is taken"
    changed = service.client.put("/api/v1/delivery-rules/first", json={**rule, "name": "second"})
    assert changed.json()["name"] == "second"
    assert service.client.delete("/api/v1/delivery-rules/second").status_code == 204
    assert service.client.delete("/api/v1/delivery-rules/second").status_code == 404
    service.client.delete("/api/v1/destinations/share")
    assert service.client.get("/api/v1/delivery-rules").json() == {"rules": []}


class Tried:
    """A sender that was asked whether it works."""

    def test(self) -> Sequence[Check]:
        """One line that is well, one that the peer leaves open."""
        told = Statement("delivery_not_tried")
        return [Check("reachable", ok=True, told=told), Check("metadata", ok=None, told=told)]


def test_a_destination_is_tried(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is told in words and as codes."""
    given: list[str] = []

    def sender_for(_peer: object, secret: str) -> Tried:
        given.append(secret)
        return Tried()

    monkeypatch.setattr(peers, "senders", lambda _settings: sender_for)
    added(service, "ehr", peer=FHIR, secret=SECRET)
    found = service.client.post("/api/v1/destinations/ehr/test").json()
    assert found["ok"] is True
    assert [one["ok"] for one in found["checks"]] == [True, None]
    assert given == [SECRET]
    assert service.client.post("/api/v1/destinations/nobody/test").status_code == 404


def test_sent_by_hand_refused_sent_again_called_off(service: Service) -> None:
    """What happened stands on the study, on the list of all, and in the figures."""
    study_id = service.add_done()
    added(service, objects=["results"])
    where = f"/api/v1/studies/{study_id}/deliveries"
    nothing = {"deliveries": [], "undecided_rules": [], "awaits_verification": False}
    assert service.client.get(where).json() == nothing
    (sent,) = service.client.post(where, json={"destination": "share"}).json()["deliveries"]
    assert (sent["kind"], sent["state"], sent["cause"]) == ("results", "waiting", "open")

    desk = Desk(service.database, service.folders, time=NOW)
    desk.peer.answer = refuses
    desk.errand(1).run()
    refusals = "/api/v1/deliveries?state=refused&destination="
    (refused,) = service.client.get(f"{refusals}share").json()["deliveries"]
    assert service.client.get(f"{refusals}nowhere").status_code == 404
    assert refused["reason"]["code"] == "delivery_not_tried"
    assert refused["reason_text"] == "the connection ended before it was its turn"

    again = service.client.post(f"/api/v1/deliveries/{sent['id']}/resend").json()
    assert (again["state"], again["reason"]) == ("waiting", None)
    summary = service.client.get("/api/v1/deliveries/summary").json()
    assert summary["deliverers_alive"] == 0
    assert summary["destinations"][0]["waiting"] == 1
    metrics = service.client.get("/metrics").text
    assert 'heimdallr_deliveries{destination="share",state="waiting"} 1.0' in metrics
    alerts = {one["code"] for one in service.client.get("/api/v1/system").json()["alerts"]}
    assert "no_deliverer" in alerts

    off = service.client.post(f"/api/v1/deliveries/{sent['id']}/cancel")
    assert off.json()["state"] == "cancelled"
    assert service.client.post(f"/api/v1/deliveries/{sent['id']}/cancel").status_code == 409
    with service.database.read() as session:
        trail = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    told = {one.action: (one.object, one.details) for one in trail}
    assert told["study.send"] == (f"study:{study_id}", "destination:share")
    assert told["delivery.resend"][0] == f"study:{study_id}"
    assert "delivery.cancel" in told


def test_what_waits_goes_by_the_name_its_destination_has_now(service: Service) -> None:
    """Figures of one destination do not come apart where a person gives it another name."""
    study_id = service.add_done()
    made = added(service, objects=["results"])
    service.client.post(f"/api/v1/studies/{study_id}/deliveries", json={"destination": "share"})
    renamed = {"name": "archive", "peer": made["peer"], "objects": ["results"]}
    assert service.client.put("/api/v1/destinations/share", json=renamed).status_code == 200
    metrics = service.client.get("/metrics").text
    assert 'heimdallr_deliveries{destination="archive",state="waiting"} 1.0' in metrics
    assert 'heimdallr_deliveries_oldest_seconds{destination="archive"}' in metrics
    assert '"share"' not in metrics


def test_what_cannot_be_sent_is_refused(service: Service) -> None:
    """No such destination, no such object, no results, no such study."""
    study_id = service.add_done()
    added(service)
    where = f"/api/v1/studies/{study_id}/deliveries"
    for order, status in (
        ({"destination": "nowhere"}, 409),
        ({"destination": "share", "objects": ["fax"]}, 422),
    ):
        assert service.client.post(where, json=order).status_code == status
    added(service, "hook", peer={"kind": "webhook", "url": "https://hook.example/"})
    answer = service.client.post(where, json={"destination": "hook", "objects": ["seg"]})
    assert answer.status_code == 409
    assert service.client.post(
        "/api/v1/studies/99/deliveries", json={"destination": "share"}
    ).status_code == 404  # fmt: skip
    assert service.client.post("/api/v1/deliveries/99/resend").status_code == 404


def test_news_that_nobody_has_taken_in_is_counted(service: Service) -> None:
    """A site without a deliverer sees that something waits."""
    study_id = service.add_done()
    with service.database.write() as session:
        owed.tell(session, study_id, When.RESULTS, NOW)
    assert service.client.get("/api/v1/deliveries/summary").json()["undecided"] == 1
