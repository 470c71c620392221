"""Signs of life: who gave one lately lives, who did not is told apart, who left is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from store_cases import NOW, add_study

from heimdallr.store.models import Run, Service, StudyState
from heimdallr.store.work.services import ALIVE, REMEMBERED, Presence, services

if TYPE_CHECKING:
    from heimdallr.store.database import Database


def test_who_lives(database: Database) -> None:
    """The living come first; a second beat is no second row; details may come later."""
    dead, alive = Presence("worker", "a-1", NOW), Presence("worker", "b-1", NOW)
    later = NOW + ALIVE + timedelta(seconds=1)
    with database.write() as session:
        dead.beat(session, NOW)
        alive.beat(session, NOW)
        Presence("recorder", "r-1", NOW).beat(session, NOW)
    alive.details = {"parallel": 2}
    with database.write() as session:
        alive.beat(session, later)
    with database.read() as session:
        found = services(session, "worker", later)
    assert [(one.name, one.alive) for one in found] == [("b-1", True), ("a-1", False)]
    assert found[0].details == {"parallel": 2}
    assert (found[0].started_at, found[0].last_seen_at) == (NOW, later)


def test_the_long_dead_are_forgotten(database: Database) -> None:
    """Of the same kind, when another one lives."""
    later = NOW + REMEMBERED + timedelta(seconds=1)
    with database.write() as session:
        Presence("worker", "a-1", NOW).beat(session, NOW)
        Presence("recorder", "r-1", NOW).beat(session, NOW)
        Presence("worker", "b-1", later).beat(session, later)
    with database.read() as session:
        assert set(session.scalars(select(Service.name))) == {"r-1", "b-1"}


def test_a_sign_of_life_of_a_time_to_come_is_none(database: Database) -> None:
    """A worker that died under a wrong clock would live for years; the next beat forgets it."""
    with database.write() as session:
        Presence("worker", "a-1", NOW).beat(session, NOW + timedelta(days=365))
    with database.read() as session:
        assert [one.alive for one in services(session, "worker", NOW)] == [False]
    with database.write() as session:
        Presence("worker", "b-1", NOW).beat(session, NOW)
    with database.read() as session:
        assert [one.name for one in services(session, "worker", NOW)] == ["b-1"]


def test_who_leaves_is_gone(database: Database) -> None:
    """At once; to leave twice, or without ever having been seen, harms nobody."""
    presence = Presence("worker", "a-1", NOW)
    with database.write() as session:
        presence.leave(session)
        presence.beat(session, NOW)
    with database.write() as session:
        presence.leave(session)
        presence.leave(session)
    with database.read() as session:
        assert not services(session, "worker", NOW)


def test_what_a_worker_is_doing(database: Database) -> None:
    """The runs signed with its name that are being worked on; nobody else's."""
    with database.write() as session:
        Presence("worker", "a-1", NOW).beat(session, NOW)
        study = add_study(session, "1.1", state=StudyState.SEGMENTING, revision=1)
        for attempt, (state, executor) in enumerate(
            (
                (StudyState.SEGMENTING, "a-1#beef"),
                (StudyState.FAILED, "a-1#cafe"),
                (StudyState.ANALYZING, "a-11#beef"),
            )
        ):
            session.add(
                Run(
                    study_fk=study.id, revision=1, attempt=attempt, cause="received",
                    workflow_id=f"run-{attempt}", state=state, queued_at=NOW, started_at=NOW,
                    executor=executor, progress=0.4,
                )
            )  # fmt: skip
        number = study.id
    with database.read() as session:
        (worker,) = services(session, "worker", NOW)
    (run,) = worker.runs
    assert (run.study_id, run.state, run.progress) == (number, StudyState.SEGMENTING, 0.4)
