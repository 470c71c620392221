"""Is it alive, on what does it run, and what should somebody look at."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from store_cases import NOW, add_study
from web_service import service_in

from heimdallr.store.models import Peer, Quarantined, Run, StudyState
from heimdallr.store.upkeep.clock_doubt import ClockDoubt
from heimdallr.store.work.services import Presence
from heimdallr.web.answers.alerts import WAITING_LONG_S, Alert, Facts, alerts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session
    from web_service import Service

FINE = Facts(
    free_bytes=10**12, reserve_bytes=10**10, recorders=1, workers=1, needs_worker=True,
    deliverers=1, needs_deliverer=True, undelivered=0,
    waiting_s=None, failed=0, quarantined=0, rejected=0, clock_doubt=None, rules_broken="",
    bundled=(),
)  # fmt: skip


def codes(**changed: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """Code and severity of what follows from facts that differ from a fine day's."""
    values = {name: getattr(FINE, name) for name in Facts.__slots__}
    found = alerts(Facts(**values | changed))
    assert all(isinstance(one, Alert) and one.message for one in found)
    return [(one.code, one.severity) for one in found]


@pytest.mark.parametrize(
    ("changed", "code", "severity"),
    [
        ({"free_bytes": 10**10 - 1}, "disk_low", "critical"),
        ({"recorders": 0}, "no_recorder", "critical"),
        ({"workers": 0}, "no_worker", "critical"),
        ({"deliverers": 0}, "no_deliverer", "critical"),
        ({"undelivered": 1}, "undelivered", "warning"),
        ({"waiting_s": WAITING_LONG_S + 1}, "waiting_long", "warning"),
        ({"failed": 2}, "failures", "warning"),
        ({"quarantined": 1}, "quarantine", "warning"),
        ({"rejected": 1}, "peers_rejected", "warning"),
        ({"clock_doubt": ClockDoubt(NOW, NOW, NOW)}, "clock_doubted", "warning"),
        ({"rules_broken": "rule x: limits"}, "rules_broken", "warning"),
        ({"bundled": ("total",)}, "weights_bundled", "note"),
    ],
)
def test_each_alert(changed: dict[str, object], code: str, severity: str) -> None:
    """Alone, by its own fact."""
    assert codes(**changed) == [(code, severity)]


def test_a_fine_day() -> None:
    """Nothing to say; where studies are handed over, nobody misses a worker."""
    assert codes() == []
    assert codes(waiting_s=WAITING_LONG_S, free_bytes=10**10) == []
    assert codes(workers=0, needs_worker=False) == []
    assert codes(deliverers=0, needs_deliverer=False) == [], "nobody is to get anything"


def test_the_worst_comes_first() -> None:
    """Standstills before mishaps before notes."""
    found = codes(bundled=("total",), failed=1, workers=0, free_bytes=0)
    assert [severity for _, severity in found] == ["critical", "critical", "warning", "note"]


@pytest.fixture(params=["sqlite", "postgresql"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """A service on either database."""
    more = {}
    if request.param == "postgresql":
        more["database_url"] = request.getfixturevalue("postgresql_url")
    service = service_in(tmp_path, **more)
    yield service
    service.database.close()


def clock(service: Service) -> datetime:
    """The service's own time."""
    now: datetime = service.app.state.heimdallr.now()
    return now


def troubles(session: Session, now: datetime) -> None:
    """Something of everything, of today; the same of the day before yesterday and of next year."""
    hours = (-1, -48, 365 * 24)
    for number, at in enumerate(now + timedelta(hours=since) for since in hours):
        add_study(session, f"1.1.{number}", state=StudyState.FAILED, finished_at=at)
        session.add(
            Quarantined(path=f"q/{number}", reason="no pixels", size_bytes=1, received_at=at)
        )
        session.add(
            Peer(
                ae_title=f"CT{number}", address="192.0.2.1", last_seen_at=at, last_store_at=at,
                last_rejection_at=at,
            )
        )  # fmt: skip
    study = add_study(session, "1.2", state=StudyState.QUEUED, revision=1)
    session.add(
        Run(
            study_fk=study.id, revision=1, attempt=1, cause="received", workflow_id="run-1",
            state=StudyState.QUEUED, queued_at=now - timedelta(minutes=22, seconds=5),
        )
    )  # fmt: skip


def test_alerts_of_a_bad_night(anywhere: Service) -> None:
    """What happened within a day counts; what was found stands in typed values."""
    now = clock(anywhere)
    with anywhere.database.write() as session:
        troubles(session, now)
    system = anywhere.client.get("/api/v1/system").json()
    found = {one["code"]: one["values"] for one in system["alerts"]}
    assert {"no_recorder", "no_worker", "weights_bundled"} <= found.keys()
    assert found["waiting_long"] == {"minutes": 22}
    for code in ("failures", "quarantine", "peers_rejected"):
        assert found[code] == {"count": 1}, code
    assert (system["workers_alive"], system["intake"]["alive"]) == (0, False)
    assert system["intake"]["last_store_at"] is not None
    assert system["intake"]["last_study_at"] is not None


def test_a_file_in_quarantine_leads_to_its_study(anywhere: Service) -> None:
    """Where it says of which it is, and that study is there."""
    now = clock(anywhere)
    with anywhere.database.write() as session:
        study = add_study(session, "1.2.3").id
        add_study(session, "nameless", study_instance_uid="")
        for number, uid in enumerate(("1.2.3", "1.2.4", "")):
            row = Quarantined(path=f"q/{number}", reason="no pixels", size_bytes=1, received_at=now)
            row.study_instance_uid = uid
            session.add(row)
    listed = anywhere.client.get("/api/v1/quarantine").json()["files"]
    assert [one["study_id"] for one in listed] == [None, None, study]
    newest = anywhere.client.get("/api/v1/quarantine?limit=2").json()
    assert newest == {"files": listed[:2], "next": listed[1]["id"]}
    older = anywhere.client.get(f"/api/v1/quarantine?before={newest['next']}").json()
    assert older == {"files": listed[2:], "next": None}


def test_a_clock_that_cannot_be_right_is_told(tmp_path: Path) -> None:
    """Where something would be removed by age; where nothing is, it does not matter."""
    for days, told in ((30.0, True), (0.0, False)):
        service = service_in(tmp_path / str(days), keep_masks_days=days)
        with service.database.write() as session:
            add_study(session, "1.1", last_instance_at=NOW)
        service.app.state.heimdallr = replace(
            service.app.state.heimdallr, now=lambda: NOW + timedelta(days=3650)
        )
        alerts = service.client.get("/api/v1/system").json()["alerts"]
        found = {one["code"]: one["values"] for one in alerts}
        assert ("clock_doubted" in found) == told
        if told:
            assert found["clock_doubted"]["last"] == f"{NOW:%Y-%m-%d}"
        service.database.close()


def test_who_lives(anywhere: Service) -> None:
    """Workers and recorder give signs of life; then nobody misses them."""
    now = clock(anywhere)
    with anywhere.database.write() as session:
        Presence("worker", "a-1", now, {"parallel": 2}).beat(session, now)
        Presence("recorder", "r-1", now).beat(session, now)
        long_ago = now - timedelta(minutes=30)
        Presence("worker", "b-1", long_ago).beat(session, long_ago)
    system = anywhere.client.get("/api/v1/system").json()
    assert not {"no_recorder", "no_worker"} & {one["code"] for one in system["alerts"]}
    assert (system["workers_alive"], system["intake"]["alive"]) == (1, True)
    body = anywhere.client.get("/api/v1/workers").json()
    assert body["alive"] == 1
    assert [(one["name"], one["alive"]) for one in body["workers"]] == [
        ("a-1", True),
        ("b-1", False),
    ]
    assert (body["workers"][0]["parallel"], body["workers"][0]["hardware"]) == (2, None)


def test_what_a_worker_runs_on_and_does(service: Service) -> None:
    """The device that was found, and the runs it has taken up."""
    from heimdallr.workflow.hardware import hardware  # noqa: PLC0415 - PyTorch takes a while

    found, now = hardware(service.settings), clock(service)
    with service.database.write() as session:
        Presence("worker", "a-1", now, {"parallel": 1, "hardware": found}).beat(session, now)
        study = add_study(session, "1.1", state=StudyState.SEGMENTING, revision=1)
        session.add(
            Run(
                study_fk=study.id, revision=1, attempt=1, cause="received", workflow_id="run-1",
                state=StudyState.SEGMENTING, queued_at=NOW, started_at=NOW, executor="a-1#beef",
                progress=0.4,
            )
        )  # fmt: skip
        number = study.id
    (worker,) = service.client.get("/api/v1/workers").json()["workers"]
    assert worker["hardware"] == found
    assert worker["hardware"]["cores"] == len(os.sched_getaffinity(0))
    assert worker["hardware"]["processor"]
    (run,) = worker["runs"]
    assert (run["study_id"], run["state"], run["progress"]) == (number, "segmenting", 0.4)
