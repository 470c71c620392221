"""The life of a study, on both databases: complete, superseded, cancelled, retried, mirrored."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from store_cases import NOW, add_instance, add_study

from heimdallr.domain.errors import StateConflictError
from heimdallr.store.models import ROUTINE, STAT, Event, Run, Study, StudyState
from heimdallr.store.work import lifecycle, runs
from heimdallr.store.work.runs import CancelAskedError, RunLostError, RunOverError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database


def _at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def _queued(session: Session, key: str = "1.2.3", **columns: object) -> tuple[Study, Run]:
    study = add_study(session, key, accession_number=f"A{key}", **columns)
    add_instance(session, study, f"{key}.1")
    run = lifecycle.complete(session, study, NOW)
    assert run is not None
    return study, run


def _taken(session: Session, key: str = "1.2.3") -> tuple[Study, Run]:
    study, run = _queued(session, key)
    return study, runs.take_up(session, run.workflow_id, "w#1", _at(1), max_recoveries=3)


def _late(session: Session, study: Study, now: datetime) -> None:
    add_instance(session, study, f"{study.key}.{study.instance_count + 1}")
    lifecycle.reopen(session, study, now)


def test_a_complete_study_waits_as_its_first_revision(database: Database) -> None:
    """It has a case ID, a digest and one run; only objects of our own are stored, not processed."""
    with database.write() as session:
        study, run = _queued(session)
        assert (study.state, study.revision, run.cause) == (StudyState.QUEUED, 1, "received")
        assert study.case_id
        own = add_study(session, "1.2.4", accession_number="B")
        add_instance(session, own, "1.2.4.1").own = True
        assert lifecycle.complete(session, own, NOW) is None
        assert own.state is StudyState.STORED


def test_completing_again_with_the_same_content_mirrors_the_newest_run_wholly(
    database: Database,
) -> None:
    """State, error, times, progress: nothing of "receiving" and nothing of older runs remains."""
    with database.write() as session:
        study, run = _taken(session)
        runs.end_run(session, run.workflow_id, StudyState.FAILED, _at(9), error="broken")
        lifecycle.reopen(session, study, _at(20))
        assert study.state is StudyState.RECEIVING
        assert lifecycle.complete(session, study, _at(50)) is None
        assert (study.state, study.error, study.revision) == (StudyState.FAILED, "broken", 1)
        assert (study.started_at, study.finished_at) == (_at(1), _at(9))
        assert study.elapsed_s == 8.0


def test_a_run_that_ends_while_images_arrive_shows_when_they_turn_out_identical(
    database: Database,
) -> None:
    """The study keeps receiving; complete again without anything new, it is done."""
    with database.write() as session:
        study, run = _taken(session)
        lifecycle.reopen(session, study, _at(2))
        runs.enter_stage(session, run.workflow_id, "segment", "w#1", _at(3))
        runs.report_progress(session, run.workflow_id, "w#1", 0.5, _at(4))
        runs.end_run(session, run.workflow_id, StudyState.DONE, _at(5), executor="w#1")
        assert (study.state, study.progress) == (StudyState.RECEIVING, 0.0)
        lifecycle.complete(session, study, _at(6))
        assert (study.state, study.progress, study.error) == (StudyState.DONE, 1.0, "")


def test_late_images_stop_a_waiting_run_and_ask_a_working_one_to_stop(database: Database) -> None:
    """The next revision is queued at once, and begins when the older one has let go."""
    with database.write() as session:
        waiting, first = _queued(session, "1.2.3")
        _late(session, waiting, _at(1))
        assert runs.startable(session, 9) == [], "what is not whole is not begun"
        second = lifecycle.complete(session, waiting, _at(2))
        assert second is not None
        assert (first.state, first.error) == (StudyState.CANCELLED, "superseded by newer images")
        assert (waiting.revision, second.cause) == (2, "late_instances")

        working, old = _taken(session, "1.2.4")
        _late(session, working, _at(3))
        new = lifecycle.complete(session, working, _at(4))
        assert new is not None
        assert [run.id for run in runs.startable(session, 9)] == [second.id]
        with pytest.raises(CancelAskedError):
            runs.report_progress(session, old.workflow_id, "w#1", 0.4, _at(5))
        runs.end_run(session, old.workflow_id, StudyState.CANCELLED, _at(6), executor="w#1")
        assert old.error == "superseded by newer images"
        assert (working.state, working.error) == (StudyState.QUEUED, ""), "tells of the newer one"
        assert [run.id for run in runs.startable(session, 9)] == [second.id, new.id]


def test_what_waits_begins_by_urgency_then_age(database: Database) -> None:
    """A study marked STAT is first; a finished study that is marked changes nothing."""
    with database.write() as session:
        first, second = _queued(session, "1.2.3")[1], _queued(session, "1.2.4")[1]
        assert [run.id for run in runs.startable(session, 9)] == [first.id, second.id]
        lifecycle.set_priority(session, second.study_fk, STAT, _at(1), "anna")
        assert [run.id for run in runs.startable(session, 9)] == [second.id, first.id]
        assert [run.id for run in runs.startable(session, 1)] == [second.id]
        assert (second.priority, first.priority) == (STAT, ROUTINE)
        places = [runs.queue_position(session, run.study_fk) for run in (second, first)]
        assert places == [1, 2]
        runs.take_up(session, second.workflow_id, "w#1", _at(2), max_recoveries=3)
        places = [runs.queue_position(session, run.study_fk) for run in (second, first)]
        assert places == [None, 1], "what is worked on waits no more"


def test_cancelling_ends_what_waits_and_asks_what_works(database: Database) -> None:
    """At once, at the next report, or not at all where nothing is left to cancel."""
    with database.write() as session:
        study, run = _queued(session, "1.2.3")
        lifecycle.cancel(session, study.id, _at(1), "anna")
        assert (study.state, run.state) == (StudyState.CANCELLED, StudyState.CANCELLED)
        with pytest.raises(StateConflictError, match="nothing to cancel"):
            lifecycle.cancel(session, study.id, _at(2), "anna")
        with pytest.raises(RunOverError):
            runs.take_up(session, run.workflow_id, "w#1", _at(3), max_recoveries=3)

        study, run = _taken(session, "1.2.4")
        lifecycle.cancel(session, study.id, _at(4), "anna")
        assert study.state is StudyState.PREPARING
        with pytest.raises(CancelAskedError):
            runs.enter_stage(session, run.workflow_id, "segment", "w#1", _at(5))
        # Its worker dies before it hears of it; whoever takes the run up ends it.
        taken = runs.take_up(session, run.workflow_id, "w#2", _at(6), max_recoveries=3)
        assert (taken.state, study.state, study.error) == (
            StudyState.CANCELLED,
            StudyState.CANCELLED,
            "cancelled",
        )


@pytest.mark.parametrize("later", ["superseded by newer images", "cancelled"])
def test_results_of_another_patient_are_withdrawn_whatever_else_stops_them(
    database: Database, later: str
) -> None:
    """The first reason holds when more images come, or a person cancels the work too."""
    with database.write() as session:
        study, run = _taken(session)
        lifecycle.stop_work(session, study, _at(2), "the images name another patient now")
        lifecycle.stop_work(session, study, _at(3), later)
        lifecycle.stop_work(session, study, _at(4), later)
        assert run.error == f"the images name another patient now; {later}"
        assert runs.is_withdrawn(session, run.workflow_id, study.case_id or "")


def test_a_retry_is_a_run_of_its_own(database: Database) -> None:
    """It needs a study that is over; it leaves the older run as it was."""
    with database.write() as session:
        study, first = _taken(session)
        with pytest.raises(StateConflictError, match="can be processed again when that is over"):
            lifecycle.retry(session, study.id, _at(2), "anna")
        runs.end_run(session, first.workflow_id, StudyState.FAILED, _at(3), error="broken")
        second = lifecycle.retry(session, study.id, _at(4), "anna", fresh=True)
        assert second is not None
        assert (second.attempt, second.revision, second.fresh) == (2, 1, True)
        assert (study.state, study.error, study.finished_at) == (StudyState.QUEUED, "", None)
        assert (first.state, first.error) == (StudyState.FAILED, "broken")


def test_only_the_worker_that_signed_last_is_heard(database: Database) -> None:
    """One taken for dead that comes back can neither report nor end the run."""
    with database.write() as session:
        study, run = _taken(session)
        runs.take_up(session, run.workflow_id, "w#2", _at(2), max_recoveries=3)
        stale: tuple[Callable[[], object], ...] = (
            lambda: runs.enter_stage(session, run.workflow_id, "segment", "w#1", _at(3)),
            lambda: runs.report_progress(session, run.workflow_id, "w#1", 0.5, _at(3)),
            lambda: runs.leave_stage(session, run.workflow_id, "w#1", {"prepare": 1.0}),
            lambda: runs.hand_back(session, run.workflow_id, "w#1", _at(3), "stopped"),
            lambda: runs.end_run(session, run.workflow_id, StudyState.DONE, _at(3), executor="w#1"),
        )
        for late in stale:
            with pytest.raises(RunLostError):
                late()
        assert study.state is StudyState.PREPARING
        runs.end_run(session, run.workflow_id, StudyState.DONE, _at(4), executor="w#2")
        runs.end_run(session, run.workflow_id, StudyState.FAILED, _at(5), executor="w#2")
        assert (study.state, study.finished_at) == (StudyState.DONE, _at(4)), "ended once"


def test_lost_workers_are_counted_by_stage_and_a_graceful_one_is_not(database: Database) -> None:
    """Three lost in one stage end the run; a whole stage, and a worker that hands back, do not."""
    with database.write() as session:
        study, run = _taken(session)

        def take(number: int) -> Run:
            name = f"w#{number}"
            return runs.take_up(session, run.workflow_id, name, _at(number), max_recoveries=3)

        take(2)
        take(3)
        assert run.lost_workers == 2
        assert runs.losses(session, run.workflow_id) == 3
        runs.leave_stage(session, run.workflow_id, "w#3", {"prepare": 1.0})
        runs.enter_stage(session, run.workflow_id, "segment", "w#3", _at(4))
        assert run.lost_workers == 0
        runs.hand_back(session, run.workflow_id, "w#3", _at(5), "stopped")
        assert (study.state, run.stage) == (StudyState.QUEUED, "segment")
        take(6)
        assert (run.lost_workers, run.state) == (0, StudyState.SEGMENTING)
        take(7)
        take(8)
        assert take(9).state is StudyState.FAILED
        assert study.error.startswith("given up: 3 workers were lost in stage segment")
        events = session.query(Event).filter_by(study_fk=study.id, kind="recovered").count()
        assert events == 5


def test_a_study_being_deleted_is_nobodys_work(database: Database) -> None:
    """Its waiting run is not begun; its worker is told that there is nothing left to do."""
    with database.write() as session:
        study, run = _taken(session)
        study.state = StudyState.DELETING
        with pytest.raises(RunOverError):
            runs.report_progress(session, run.workflow_id, "w#1", 0.5, _at(2))
        with pytest.raises(RunOverError):
            runs.end_run(session, run.workflow_id, StudyState.DONE, _at(2))
        waiting, _ = _queued(session, "1.2.4")
        waiting.state = StudyState.DELETING
        assert runs.startable(session, 9) == []
        session.delete(study)
        session.flush()
        with pytest.raises(RunOverError):
            runs.take_up(session, "run-unknown", "w#2", _at(3), max_recoveries=3)


def test_runs_the_databases_disagree_on_are_set_right_once(database: Database) -> None:
    """Begun again, under another workflow, or failed; what is over by then stays as it is."""
    with database.write() as session:
        study, run = _taken(session)
        before = run.workflow_id
        assert runs.set_right(session, before, _at(2), "not known")
        assert (study.state, run.workflow_id, run.executor) == (StudyState.QUEUED, before, "")
        assert runs.set_right(session, before, _at(3), "taken for done", anew=True)
        assert run.workflow_id != before
        assert runs.fail_if_unfinished(session, run.workflow_id, _at(4), "broke off")
        assert (study.state, study.error) == (StudyState.FAILED, "broke off")
        assert not runs.fail_if_unfinished(session, run.workflow_id, _at(5), "again")
        assert not runs.set_right(session, run.workflow_id, _at(5), "again")


def test_past_seconds_are_those_of_cases_that_ended_well(database: Database) -> None:
    """The newest first, of one modality, without failures."""
    with database.write() as session:
        for number, (modality, state) in enumerate(
            [
                ("CT", StudyState.DONE),
                ("CT", StudyState.FAILED),
                ("MR", StudyState.DONE),
                ("CT", StudyState.DONE),
            ]
        ):
            study, run = _taken(session, f"1.2.{number}")
            study.modality = modality
            seconds = {"prepare": float(number)}
            runs.end_run(session, run.workflow_id, state, _at(number + 5), seconds=seconds)
        assert runs.past_seconds(session, "CT") == [{"prepare": 3.0}, {"prepare": 0.0}]
