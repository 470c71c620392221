"""Worker processes with quick work, on both databases: how cases end, and what people can ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quick_work import (
    PATIENT,
    SERIES,
    Workers,
    add_late_image,
    journal,
    order,
    receive,
    runs_of,
    study_of,
    volume_of,
    wait_for_state,
)
from waiting import wait_for

from heimdallr.clock import utc_now
from heimdallr.store.models import STAT, Event, MeasurementRow, Series, Study, StudyState
from heimdallr.store.work import lifecycle
from heimdallr.store.work.services import services

if TYPE_CHECKING:
    from heimdallr.config import Settings
    from heimdallr.store.database import Database


def test_a_study_goes_through_its_stages_to_its_results(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """Done: rows, folder, times, progress; nothing is left in the work folders."""
    workers.start()
    study_id = receive(database, settings, "1.2.3")
    study = wait_for_state(database, study_id, StudyState.DONE, StudyState.FAILED)
    assert study.error == ""
    assert study.progress == 1.0
    assert study.has_results
    (run,) = runs_of(database, study_id)
    assert run.state is StudyState.DONE
    assert isinstance(run.seconds, dict)
    assert list(run.seconds) == ["prepare", "segment", "analyze", "publish"]
    assert "published" in run.log
    assert study.case_id is not None
    with database.read() as session:
        row = session.query(MeasurementRow).filter_by(study_fk=study_id).one()
        assert row.value == volume_of(settings.data_dir, study.case_id)
    assert journal(settings.data_dir, study.case_id) == ["prepare", "segment", "analyze", "publish"]
    wait_for(lambda: not list((settings.data_dir / "input").iterdir()))
    assert PATIENT not in workers.logs()


def test_a_refused_study_says_why_of_every_series(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """Refused, tried once, with the verdicts of selection; not counted as a failure."""
    study_id = receive(database, settings, "1.2.3")
    order(settings.data_dir, str(study_of(database, study_id).case_id), "prepare", "refuse")
    workers.start()
    study = wait_for_state(database, study_id, StudyState.REFUSED, StudyState.FAILED)
    assert study.state is StudyState.REFUSED
    assert study.error == "modality US is not supported"
    assert journal(settings.data_dir, str(study.case_id)) == ["prepare"]
    with database.read() as session:
        (series,) = session.query(Series).filter_by(study_fk=study_id)
        assert (series.uid, series.rank) == (SERIES, None)
        assert series.reasons == ["modality US is not CT or MR"]
    assert not list((settings.data_dir / "failed").iterdir())


def test_a_failed_stage_is_tried_again_then_the_case_fails_and_a_retry_goes_on_from_there(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """Three tries; error and log without the patient; input kept; retry skips what is whole."""
    study_id = receive(database, settings, "1.2.3")
    case_id = str(study_of(database, study_id).case_id)
    order(settings.data_dir, case_id, "segment", "fault", times=3)
    workers.start()
    study = wait_for_state(database, study_id, StudyState.DONE, StudyState.FAILED)
    assert study.state is StudyState.FAILED
    assert study.error.startswith("RuntimeError — this is a fault of Heimdallr's")
    (run,) = runs_of(database, study_id)
    assert "RuntimeError at quick_work.py:" in run.log
    assert journal(settings.data_dir, case_id) == ["prepare", *["segment"] * 3]
    kept = settings.data_dir / "failed" / f"{case_id}.r1"
    assert sorted(path.name for path in kept.iterdir()) == [
        "1.2.3.0.dcm",
        "1.2.3.1.dcm",
        "error.txt",
    ]
    assert (kept / "error.txt").read_text().startswith(study.error)
    assert PATIENT not in run.log + workers.logs() + (kept / "error.txt").read_text()

    with database.write() as session:
        lifecycle.retry(session, study_id, utc_now(), "anna")
    study = wait_for_state(database, study_id, StudyState.DONE, StudyState.FAILED)
    assert (study.state, study.error) == (StudyState.DONE, "")
    _, second = runs_of(database, study_id)
    assert isinstance(second.seconds, dict)
    assert list(second.seconds) == ["prepare", "segment", "analyze", "publish"]
    assert journal(settings.data_dir, case_id)[4:] == ["segment", "analyze", "publish"]
    wait_for(lambda: not kept.exists())


def test_reprocessing_begins_anew(database: Database, settings: Settings, workers: Workers) -> None:
    """Every stage is done again, though the outputs of a failed run are there."""
    study_id = receive(database, settings, "1.2.3")
    case_id = str(study_of(database, study_id).case_id)
    order(settings.data_dir, case_id, "analyze", "no memory", times=3)
    workers.start()
    study = wait_for_state(database, study_id, StudyState.DONE, StudyState.FAILED)
    assert study.error == "the network could not be run — free memory"
    with database.write() as session:
        lifecycle.retry(session, study_id, utc_now(), "anna", fresh=True)
    wait_for_state(database, study_id, StudyState.DONE)
    assert journal(settings.data_dir, case_id)[5:] == ["prepare", "segment", "analyze", "publish"]


def test_a_case_that_is_worked_on_can_be_cancelled_and_taken_up_again(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """It stops within moments, says so, and a retry goes on from its last whole stage."""
    study_id = receive(database, settings, "1.2.3")
    case_id = str(study_of(database, study_id).case_id)
    order(settings.data_dir, case_id, "segment", "dawdle", times=1, seconds=60)
    workers.start()
    wait_for_state(database, study_id, StudyState.SEGMENTING)
    with database.write() as session:
        lifecycle.cancel(session, study_id, utc_now(), "anna")
    study = wait_for_state(database, study_id, StudyState.CANCELLED)
    assert study.error == "cancelled"
    with database.write() as session:
        lifecycle.retry(session, study_id, utc_now(), "anna")
    wait_for_state(database, study_id, StudyState.DONE)
    assert journal(settings.data_dir, case_id).count("prepare") == 1


def test_late_images_supersede_what_is_worked_on(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """The older revision stops; the newer one's results are what is there in the end."""
    study_id = receive(database, settings, "1.2.3")
    case_id = str(study_of(database, study_id).case_id)
    order(settings.data_dir, case_id, "segment", "dawdle", times=1, seconds=60)
    workers.start()
    wait_for_state(database, study_id, StudyState.SEGMENTING)
    add_late_image(database, settings, study_id, complete=True)
    study = wait_for_state(database, study_id, StudyState.DONE)
    first, second = runs_of(database, study_id)
    assert (first.state, first.error) == (StudyState.CANCELLED, "superseded by newer images")
    assert (second.state, second.revision, study.revision) == (StudyState.DONE, 2, 2)
    wait_for(lambda: not list((settings.data_dir / "input").iterdir()))

    other = receive(database, settings, "1.2.9", images=3)
    wait_for_state(database, other, StudyState.DONE)
    assert volume_of(settings.data_dir, case_id) != volume_of(
        settings.data_dir, study_of(database, other).case_id
    )


def test_a_stat_study_overtakes_those_that_wait(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """One pair of hands, five in the line, the last one STAT: it is next."""
    ids = [receive(database, settings, f"1.2.{number}") for number in range(5)]
    with database.write() as session:
        lifecycle.set_priority(session, ids[-1], STAT, utc_now(), "anna")
    workers.start({"HEIMDALLR_MAX_PARALLEL_CASES": "1", "QUICK_STAGE_S": "0.1"})
    for study_id in ids:
        wait_for_state(database, study_id, StudyState.DONE)
    begun = [line.split()[0] for line in journal(settings.data_dir) if line.endswith("prepare")]
    wanted = [str(study_of(database, ids[index]).case_id) for index in (4, 0, 1, 2, 3)]
    assert begun == wanted


def test_a_study_that_was_deleted_meanwhile_leaves_nothing_behind(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """Its row is gone while it is published: no folder, no work folder, no error."""
    study_id = receive(database, settings, "1.2.3")
    case_id = str(study_of(database, study_id).case_id)
    order(settings.data_dir, case_id, "publish", "dawdle", times=1, seconds=1)
    workers.start()
    wait_for_state(database, study_id, StudyState.PUBLISHING)
    with database.write() as session:
        session.delete(session.get_one(Study, study_id))
    wait_for(lambda: "over_meanwhile" in workers.logs())
    wait_for(lambda: not list((settings.data_dir / "input").iterdir()))
    assert not (settings.data_dir / "output" / case_id).exists()


def test_events_tell_the_story(database: Database, settings: Settings, workers: Workers) -> None:
    """What happened to a study can be read, in order, without the patient."""
    workers.start()
    study_id = receive(database, settings, "1.2.3")
    wait_for_state(database, study_id, StudyState.DONE)
    with database.read() as session:
        events = session.query(Event).filter_by(study_fk=study_id).order_by(Event.id).all()
    assert [event.kind for event in events] == ["complete", "done"]
    assert not any(PATIENT in event.message for event in events)


def test_a_worker_shows_that_it_lives(
    database: Database, settings: Settings, workers: Workers
) -> None:
    """From its start to its end; one that is killed is still shown, with its last sign."""
    worker, killed = workers.start(), workers.start()

    def pids() -> set[int]:
        with database.read() as session:
            found = services(session, "worker", utc_now())
            assert all(one.details["parallel"] == settings.max_parallel_cases for one in found)
            return {one.pid for one in found if one.alive}

    wait_for(lambda: pids() == {worker.process.pid, killed.process.pid})
    killed.process.kill()
    worker.stop()
    assert pids() == {killed.process.pid}
