"""When the databases disagree, or one is away, or somebody has written into it: nothing sticks."""

from __future__ import annotations

import base64
import pickle
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest
from quick_work import (
    Workers,
    journal,
    order,
    receive,
    runs_of,
    study_of,
    wait_for_state,
)
from waiting import wait_for

from heimdallr.store.models import Event, StudyState

if TYPE_CHECKING:
    from pathlib import Path

    from postgresql import Cluster

    from heimdallr.config import Settings
    from heimdallr.store.database import Database


def _only(database: Database, kind: str) -> None:
    if database.is_sqlite != (kind == "sqlite"):
        pytest.skip(f"about {kind}")


def _administer(database: Database, cluster: Cluster, statement: str) -> None:
    with psycopg.connect(
        host=str(cluster.folder), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(statement.format(database.url.database).encode())


def test_a_lost_work_database_costs_no_case(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """A worker is killed and the work database gone: the run is begun again, from its outputs."""
    _only(database, "sqlite")
    study_id = receive(database, settings, "1.2.3")
    case_id = str(study_of(database, study_id).case_id)
    order(settings.data_dir, case_id, "segment", "dawdle", times=1, seconds=60)
    worker = workers.start()
    wait_for_state(database, study_id, StudyState.SEGMENTING)
    worker.kill()
    for file in (settings.data_dir / "state").glob("work.db*"):
        file.unlink()
    workers.start()
    wait_for_state(database, study_id, StudyState.DONE)
    assert journal(settings.data_dir, case_id).count("prepare") == 1
    with database.read() as session:
        waiting = session.query(Event).filter_by(study_fk=study_id, kind="waiting").one()
    assert "does not know this run" in waiting.message


def test_a_run_that_the_work_database_takes_for_done_is_begun_again(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """As after restoring an older backup of ours: the run gets another workflow, and results."""
    _only(database, "sqlite")
    study_id = receive(database, settings, "1.2.3")
    (before,) = runs_of(database, study_id)
    worker = workers.start()
    wait_for_state(database, study_id, StudyState.DONE)
    assert worker.stop() == 0
    with database.write() as session:
        study, run = study_of(database, study_id), runs_of(database, study_id)[0]
        run.state = study.state = StudyState.QUEUED
        session.merge(run)
        session.merge(study)
    workers.start()
    wait_for_state(database, study_id, StudyState.DONE)
    (after,) = runs_of(database, study_id)
    assert after.workflow_id != before.workflow_id


def test_nothing_pickled_is_ever_loaded(
    database: Database, settings: Settings, workers: Workers, tmp_path: Path
) -> None:
    """A row that calls itself pickled is refused; whoever wrote it has run no code."""
    _only(database, "sqlite")
    workers.start().stop()

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, (f"open({str(tmp_path / 'sprung')!r}, 'w')",)

    trap = base64.b64encode(pickle.dumps({"args": (Trap(),), "kwargs": {}})).decode()
    with closing(sqlite3.connect(settings.data_dir / "state" / "work.db")) as work, work:
        work.execute(
            "INSERT INTO workflow_status (workflow_uuid, status, name, queue_name, priority,"
            " inputs, serialization, application_version, created_at, updated_at)"
            " VALUES ('trap', 'ENQUEUED', 'process_run', 'cases', 1, ?, 'py_pickle',"
            " 'heimdallr-1', 1, 1)",
            (trap,),
        )
    workers.start()

    def refused() -> bool:
        with closing(sqlite3.connect(settings.data_dir / "state" / "work.db")) as work:
            query = "SELECT status FROM workflow_status WHERE workflow_uuid = 'trap'"
            return str(work.execute(query).fetchone()[0]) == "ERROR"

    wait_for(refused)
    assert not (tmp_path / "sprung").exists()
    study_id = receive(database, settings, "1.2.3")
    wait_for_state(database, study_id, StudyState.DONE)


def test_work_goes_on_when_the_database_was_away(
    database: Database, settings: Settings, workers: Workers, request: pytest.FixtureRequest
) -> None:
    """The server refuses everybody for a while, in the middle of a stage: no case notices."""
    _only(database, "postgresql")
    cluster = request.getfixturevalue("postgresql_cluster")
    ids = [receive(database, settings, f"1.2.{number}") for number in range(3)]
    case_id = str(study_of(database, ids[0]).case_id)
    order(settings.data_dir, case_id, "segment", "dawdle", times=1, seconds=3)
    workers.start({"HEIMDALLR_MAX_PARALLEL_CASES": "1"})
    wait_for_state(database, ids[0], StudyState.SEGMENTING)
    _administer(database, cluster, "ALTER DATABASE {} ALLOW_CONNECTIONS false")
    _administer(
        database,
        cluster,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
    )
    time.sleep(5)
    _administer(database, cluster, "ALTER DATABASE {} ALLOW_CONNECTIONS true")
    for study_id in ids:
        wait_for_state(database, study_id, StudyState.DONE)
        (run,) = runs_of(database, study_id)
        assert run.lost_workers == 0
    assert journal(settings.data_dir, case_id) == ["prepare", "segment", "analyze", "publish"]
    assert "database_away" in workers.logs()


def test_a_moment_of_weakness_of_the_network_kills_no_worker(
    database: Database, settings: Settings, workers: Workers, request: pytest.FixtureRequest
) -> None:
    """The session that holds a worker's lock is cut: it is taken again, nobody takes over."""
    _only(database, "postgresql")
    cluster = request.getfixturevalue("postgresql_cluster")
    study_id = receive(database, settings, "1.2.3")
    case_id = str(study_of(database, study_id).case_id)
    order(settings.data_dir, case_id, "segment", "dawdle", times=1, seconds=9)
    for _ in range(2):
        workers.start(wait=False)
    wait_for_state(database, study_id, StudyState.SEGMENTING)
    _administer(
        database,
        cluster,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = '{}' AND application_name = 'heimdallr worker lock'",
    )
    wait_for_state(database, study_id, StudyState.DONE)
    assert journal(settings.data_dir, case_id) == ["prepare", "segment", "analyze", "publish"]
