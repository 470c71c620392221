"""Many studies at a time: each has its own outcome, its own line in the trail, its permission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from store_cases import NOW
from web_service import service_in

from heimdallr.store.models import AuditEntry, Run, Study, StudyState
from heimdallr.store.people.tokens import create_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from web_service import Service

URL = "/api/v1/studies/commands"
OPERATE = {"read", "flag", "priority", "reprocess", "cancel", "retry"}


def ask(service: Service, action: str, studies: list[int], **more: object) -> dict[str, Any]:
    """Ask for something; the answer's body."""
    answer = service.client.post(URL, json={"action": action, "studies": studies, **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def trail(service: Service, action: str) -> list[str]:
    """What the audit trail says an action was done to."""
    with service.database.read() as session:
        query = select(AuditEntry.object).where(AuditEntry.action == action)
        return list(session.scalars(query.order_by(AuditEntry.id)))


def test_one_refused_study_stops_no_other(service: Service) -> None:
    """What waits is cancelled, what is over or unknown is refused with its reason."""
    over = service.add_done()
    waiting = [service.add_done(f"1.4.{number}", f"X_1_{number}") for number in range(2)]
    ask(service, "reprocess", waiting)
    answer = ask(service, "cancel", [waiting[0], over, 999, waiting[1], over])
    told = [(one["study_id"], one["outcome"], one["code"]) for one in answer["outcomes"]]
    assert told == [
        (waiting[0], "ok", None),
        (over, "refused", "conflict"),
        (999, "refused", "not_found"),
        (waiting[1], "ok", None),
    ]
    assert (answer["ok"], answer["refused"]) == (2, 2)
    assert answer["outcomes"][1]["reason"]
    assert trail(service, "study.cancel") == [
        f"study:{number}" for number in (waiting[0], over, waiting[1])
    ]


def test_every_action(service: Service) -> None:
    """Each does what its own endpoint does."""
    number = service.add_done()

    steps: list[tuple[str, dict[str, object], Callable[[Study], bool]]] = [
        ("priority", {"priority": 1}, lambda study: study.priority == 1),
        ("flag", {"on": True}, lambda study: study.flagged),
        ("read", {"on": True}, lambda study: study.read_at is not None),
        ("read", {"on": False}, lambda study: study.read_at is None),
        ("reprocess", {}, lambda study: study.state is StudyState.QUEUED),
        ("cancel", {}, lambda study: study.state is StudyState.CANCELLED),
        ("retry", {}, lambda study: study.state is StudyState.QUEUED),
    ]
    for action, more, is_done in steps:
        assert ask(service, action, [number], **more)["ok"] == 1, action
        with service.database.read() as session:
            assert is_done(session.get_one(Study, number)), action
    receiving = service.add("1.8", StudyState.RECEIVING)
    assert ask(service, "start", [number, receiving])["outcomes"][0]["code"] == "conflict"
    assert ask(service, "delete", [number])["ok"] == 1
    assert service.client.get(f"/api/v1/studies/{number}").status_code == 404
    assert not (service.folders.output / "SilvaMJ_20260201_123456").exists()


def test_start_completes_what_is_being_received(service: Service) -> None:
    """As much as has arrived is a study."""
    number = service.add("1.8", StudyState.RECEIVING)
    assert ask(service, "start", [number])["ok"] == 1
    assert service.client.get(f"/api/v1/studies/{number}").json()["state"] == "stored"


def test_what_a_worker_holds_is_not_deleted(service: Service) -> None:
    """The others are."""
    held, done = service.add("1.9", StudyState.SEGMENTING, revision=1), service.add_done()
    with service.database.write() as session:
        session.add(
            Run(
                study_fk=held, revision=1, attempt=1, cause="received", workflow_id="run-x",
                state=StudyState.SEGMENTING, queued_at=NOW, executor="somebody",
            )
        )  # fmt: skip
    answer = ask(service, "delete", [held, done])
    assert [one["outcome"] for one in answer["outcomes"]] == ["refused", "ok"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "cancel", "studies": []},
        {"action": "cancel", "studies": list(range(1, 202))},
        {"action": "cancel", "studies": [0]},
        {"action": "cancel", "studies": [1], "on": True},
        {"action": "priority", "studies": [1]},
        {"action": "priority", "studies": [1], "priority": 0},
        {"action": "read", "studies": [1]},
        {"action": "explode", "studies": [1]},
    ],
)
def test_malformed_commands_are_refused(service: Service, body: dict[str, object]) -> None:
    """422, and nothing is done."""
    assert service.client.post(URL, json=body).status_code == 422


@pytest.fixture
def guarded_service(tmp_path: Path, quick_passwords: None) -> Iterator[Service]:
    """Access control is on."""
    del quick_passwords
    made = service_in(tmp_path, auth="on")
    yield made
    made.database.close()


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("upload", set()),
        ("read", set()),
        ("operate", OPERATE),
        ("admin", OPERATE | {"delete"}),
    ],
)
def test_each_action_takes_its_own_permission(
    guarded_service: Service, scope: str, allowed: set[str]
) -> None:
    """Deleting: administrators; the rest, marks as read too: operators. Else 403."""
    service = guarded_service
    number = service.add_done()
    secret, _ = create_token(service.database, "t", (scope,), NOW, created_by="test")
    headers = {"Authorization": f"Bearer {secret}"}
    more: dict[str, dict[str, object]] = {
        "read": {"on": True}, "flag": {"on": True}, "priority": {"priority": 1},
    }  # fmt: skip
    for action in ("read", "flag", "priority", "reprocess", "cancel", "retry", "start", "delete"):
        body = {"action": action, "studies": [number], **more.get(action, {})}
        answer = service.client.post(URL, json=body, headers=headers)
        if action in allowed:
            assert answer.json()["ok"] == 1, action
        elif action == "start" and "cancel" in allowed:
            assert answer.json()["outcomes"][0]["code"] == "conflict"
        else:
            assert answer.status_code == 403, action
            assert trail(service, "access")
