"""Workers that die: SIGKILL at random points, poison, hosts that never come back, blips.

Twenty cases, killed workers, two databases: every case ends exactly once, with the results it has
without any of that.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

from quick_work import (
    STAGES,
    Workers,
    journal,
    order,
    receive,
    runs_of,
    study_of,
    volume_of,
    wait_for_state,
)
from waiting import wait_for

from heimdallr.store.models import Event, Instance, MeasurementRow, Study, StudyState
from heimdallr.store.work.states import FINAL_STATES
from heimdallr.workflow.work_folder import fingerprint

if TYPE_CHECKING:
    from heimdallr.config import Settings
    from heimdallr.store.database import Database

CASES = 20


def _expected(database: Database, study_id: int) -> float:
    """The case's number, worked out from the received files as quick work does it."""
    with database.read() as session:
        rows = session.query(Instance).filter_by(study_fk=study_id)
        text = fingerprint(sorted((row.key, row.digest) for row in rows))
    for stage in STAGES:
        text = hashlib.sha256(f"{stage} {text}".encode()).hexdigest()
    return int(text[:6], 16) / 1000


def _check_all_done(database: Database, settings: Settings, ids: list[int]) -> None:
    """Every case is done, once, with the results it must have, in folder and rows."""
    for study_id in ids:
        study = study_of(database, study_id)
        assert study.state is StudyState.DONE, f"{study.state}: {study.error}"
        (run,) = runs_of(database, study_id)
        assert run.state is StudyState.DONE
        expected = _expected(database, study_id)
        assert volume_of(settings.data_dir, study.case_id) == expected
        with database.read() as session:
            row = session.query(MeasurementRow).filter_by(study_fk=study_id).one()
            assert row.value == expected
            ends = session.query(Event).filter_by(study_fk=study_id, kind="done").count()
        assert ends == 1


def _unfinished(database: Database) -> int:
    with database.read() as session:
        return session.query(Study).filter(Study.state.not_in(FINAL_STATES)).count()


def test_workers_killed_at_random_points_lose_and_repeat_nothing(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """20 cases, workers killed and started again until all cases are over; two on PostgreSQL."""
    rng = random.Random(7)  # noqa: S311 - no secret
    ids = [receive(database, settings, f"1.2.{number}") for number in range(CASES)]
    quick = {"QUICK_STAGE_S": "0.3", "QUICK_GRACE_S": "2", "HEIMDALLR_MAX_RECOVERIES": "20"}
    count = 1 if database.is_sqlite else 2
    living = [workers.start(quick) for _ in range(count)]
    kills = 0
    until = time.monotonic() + 40
    while _unfinished(database) and time.monotonic() < until:
        time.sleep(rng.uniform(0.3, 1.5))
        victim = rng.randrange(count)
        if kills < 6 and living[victim].is_ready:
            living[victim].kill()
            kills += 1
            living[victim] = workers.start(quick, wait=count == 1)
    wait_for(lambda: _unfinished(database) == 0)
    assert kills >= 3, "the cases were over before workers could be killed"
    _check_all_done(database, settings, ids)
    begun = Counter(journal(settings.data_dir))
    assert sum(begun.values()) >= CASES * 4
    again = sum(begun.values()) - CASES * 4
    # Only what was in flight is done again: at most three stages for each kill.
    assert again <= kills * 3, begun


def test_a_case_that_kills_its_workers_is_given_up_and_the_others_are_not(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """Three workers die of it; it fails, saying so; what was beside it is done all the same."""
    ids = [receive(database, settings, f"1.2.{number}") for number in range(3)]
    poison = study_of(database, ids[0])
    order(settings.data_dir, str(poison.case_id), "segment", "die")
    quick = {"QUICK_STAGE_S": "0.3", "QUICK_GRACE_S": "2"}
    worker = workers.start(quick, wait=False)

    def over() -> bool:
        nonlocal worker
        if worker.process.poll() is not None:
            worker = workers.start(quick, wait=False)
        return _unfinished(database) == 0

    wait_for(over)
    failed = study_of(database, poison.id)
    assert failed.state is StudyState.FAILED
    assert failed.error.startswith("given up: 3 workers were lost in stage segment")
    assert (settings.data_dir / "failed" / f"{poison.case_id}.r1" / "error.txt").exists()
    _check_all_done(database, settings, ids[1:])
    assert journal(settings.data_dir, str(poison.case_id)) == ["prepare", *["segment"] * 3]


def test_the_living_take_over_from_a_host_that_is_gone(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """One of two workers dies and is never started again; its case is done by the other."""
    study_id = receive(database, settings, "1.2.3")
    case_id = str(study_of(database, study_id).case_id)
    order(settings.data_dir, case_id, "segment", "dawdle", times=1, seconds=60)
    dead = workers.start()
    wait_for_state(database, study_id, StudyState.SEGMENTING)
    workers.start()
    dead.kill()
    died_at = time.monotonic()
    study = wait_for_state(database, study_id, StudyState.DONE)
    taken_s = time.monotonic() - died_at
    assert study.error == ""
    if not database.is_sqlite:
        assert taken_s > 10, "on PostgreSQL a worker counts as dead after a while only"
    with database.read() as session:
        recovered = session.query(Event).filter_by(study_fk=study_id, kind="recovered").count()
    assert recovered == 1
    assert journal(settings.data_dir, case_id).count("prepare") == 1


def test_a_worker_that_is_told_to_stop_ends_its_stage_and_hands_the_case_over(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """The stage reaches its end, the rest is left; nobody counts as lost; the next one goes on."""
    study_id = receive(database, settings, "1.2.3")
    case_id = str(study_of(database, study_id).case_id)
    order(settings.data_dir, case_id, "segment", "dawdle", times=1, seconds=2)
    worker = workers.start()
    wait_for_state(database, study_id, StudyState.SEGMENTING)
    assert worker.stop() == 0
    study = study_of(database, study_id)
    assert study.state is StudyState.QUEUED, "what nobody works on waits"
    assert journal(settings.data_dir, case_id) == ["prepare", "segment"]
    workers.start()
    wait_for_state(database, study_id, StudyState.DONE)
    assert journal(settings.data_dir, case_id) == ["prepare", "segment", "analyze", "publish"]
    (run,) = runs_of(database, study_id)
    assert run.lost_workers == 0


def test_a_stage_that_cannot_be_interrupted_does_not_hold_a_stopping_worker(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """After the limit the process ends without it; the next worker does that stage again."""
    study_id = receive(database, settings, "1.2.3")
    case_id = str(study_of(database, study_id).case_id)
    order(settings.data_dir, case_id, "segment", "deaf", times=1, seconds=60)
    worker = workers.start({"QUICK_STOP_S": "1"})
    wait_for(lambda: journal(settings.data_dir, case_id).count("segment") == 1)
    assert worker.stop() == 3
    workers.start()
    wait_for_state(database, study_id, StudyState.DONE)
    assert journal(settings.data_dir, case_id).count("prepare") == 1


def test_a_worker_that_stood_still_and_comes_back_does_no_harm(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """SIGSTOP for a while: its lock is held meanwhile, so nobody takes over, and it goes on."""
    study_id = receive(database, settings, "1.2.3")
    case_id = str(study_of(database, study_id).case_id)
    order(settings.data_dir, case_id, "segment", "dawdle", times=1, seconds=4)
    both = [workers.start(wait=False), workers.start(wait=False)]
    wait_for_state(database, study_id, StudyState.SEGMENTING)
    (run,) = runs_of(database, study_id)
    (still,) = (one.process.pid for one in both if f"-{one.process.pid}-" in run.executor)
    os.kill(still, signal.SIGSTOP)
    time.sleep(6)
    assert journal(settings.data_dir, case_id) == ["prepare", "segment"]
    os.kill(still, signal.SIGCONT)
    wait_for_state(database, study_id, StudyState.DONE)
    _check_all_done(database, settings, [study_id])
