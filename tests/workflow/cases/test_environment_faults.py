"""A disk without room, a folder that may not be written to: cases wait, say why, and go on."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import dcm2niix
import pytest
from quick_work import (
    PATIENT,
    Workers,
    journal,
    order,
    receive,
    runs_of,
    study_of,
    volume_of,
    wait_for_state,
    workers_for,
)
from small_disks import SmallDisk, small_disk
from waiting import wait_for

from heimdallr.clock import utc_now
from heimdallr.config import Settings
from heimdallr.domain.errors import (
    ConversionError,
    ConverterMissingError,
    DiskLowError,
    ImagesAwayError,
    MachineFaultError,
    PublishingError,
    StorageError,
)
from heimdallr.preparation import converter
from heimdallr.store.database import open_database
from heimdallr.store.layout import data_folders
from heimdallr.store.migrate import upgrade
from heimdallr.store.models import Event, Instance, StudyState
from heimdallr.store.work import lifecycle
from heimdallr.store.work.states import FINAL_STATES
from heimdallr.workflow.cases.environment_faults import (
    UNCHANGED_S,
    EnvironmentFault,
    environment_fault_in,
)
from heimdallr.workflow.cases.job import DELIBERATE
from heimdallr.workflow.work_folder import link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

MB = 2**20
WAITED = "the case then goes on by itself"


@pytest.fixture
def disk_at(settings: Settings) -> Iterator[Callable[[str], SmallDisk]]:
    """Puts a small disk at a folder of the data folder."""
    with ExitStack() as disks:
        yield lambda name: disks.enter_context(small_disk(settings.data_dir / name, "4m"))


@pytest.fixture
def folders(settings: Settings) -> DataFolders:
    """The data folder, made."""
    made = data_folders(settings)
    made.create()
    return made


def _waits(database: Database, study_id: int) -> str:
    """Wait until a study says that it waits; what it says."""
    wait_for(lambda: WAITED in study_of(database, study_id).error)
    return study_of(database, study_id).error


def _received(database: Database, settings: Settings, study_id: int) -> dict[str, bytes]:
    incoming = data_folders(settings).incoming
    with database.read() as session:
        rows = session.query(Instance).filter_by(study_fk=study_id)
        return {one.path: (incoming / one.path).read_bytes() for one in rows}


def _waiting_events(database: Database, study_id: int) -> list[str]:
    with database.read() as session:
        found = session.query(Event).filter_by(study_fk=study_id, kind="waiting")
        return [one.message for one in found]


@pytest.mark.parametrize(
    ("name", "state", "begun"),
    [
        ("output", StudyState.PUBLISHING, ["prepare", "segment", "analyze"]),
        ("input", StudyState.PREPARING, []),
    ],
)
def test_a_case_waits_while_the_disk_is_full_and_then_goes_on(  # noqa: PLR0917
    database: Database,
    settings: Settings,
    workers: Workers,
    disk_at: Callable[[str], SmallDisk],
    name: str,
    state: StudyState,
    begun: list[str],
) -> None:
    """Visible, with what to do; nothing half-published, nothing touched, nothing done twice."""
    disk = disk_at(name)
    study_id = receive(database, settings, "1.2.3")
    before = _received(database, settings, study_id)
    disk.fill()
    workers.start()
    assert "no room is left" in _waits(database, study_id)
    study = study_of(database, study_id)
    assert study.state is state
    case_id = str(study.case_id)
    assert [one for one in journal(settings.data_dir, case_id) if one != "publish"] == begun
    assert not (settings.data_dir / "output" / case_id).exists()
    assert _received(database, settings, study_id) == before

    disk.make_room()
    study = wait_for_state(database, study_id, StudyState.DONE, StudyState.FAILED)
    assert (study.state, study.error) == (StudyState.DONE, "")
    assert volume_of(settings.data_dir, case_id) > 0
    done = [one for one in journal(settings.data_dir, case_id) if one != "publish"]
    assert done == ["prepare", "segment", "analyze"]
    assert [one.attempt for one in runs_of(database, study_id)] == [1]
    assert len(_waiting_events(database, study_id)) == 1
    assert _received(database, settings, study_id) == before
    assert PATIENT not in workers.logs()


def test_a_case_waits_while_its_results_may_not_be_written(
    database: Database,
    settings: Settings,
    workers: Workers,
    disk_at: Callable[[str], SmallDisk],
) -> None:
    """A disk that turned read-only under the results of an older revision, which stay readable."""
    disk = disk_at("output")
    study_id = receive(database, settings, "1.2.3")
    case_id = str(study_of(database, study_id).case_id)
    older = settings.data_dir / "output" / case_id
    older.mkdir()
    (older / "resultados.json").write_text("older")
    disk.make_read_only()
    workers.start()
    assert "read-only — make it writable" in _waits(database, study_id)
    assert study_of(database, study_id).state is StudyState.PUBLISHING
    assert (older / "resultados.json").read_text() == "older"
    assert [one.name for one in older.parent.iterdir()] == [case_id]
    disk.make_writable()
    wait_for_state(database, study_id, StudyState.DONE)
    assert volume_of(settings.data_dir, case_id) > 0


def test_a_case_that_waits_can_be_cancelled_and_its_worker_stopped(
    database: Database,
    settings: Settings,
    workers: Workers,
    disk_at: Callable[[str], SmallDisk],
) -> None:
    """Cancelled it ends as that; handed back, the next worker goes on when there is room."""
    disk = disk_at("output")
    cancelled = receive(database, settings, "1.2.3")
    kept = receive(database, settings, "1.2.4")
    disk.fill()
    worker = workers.start({"HEIMDALLR_MAX_PARALLEL_CASES": "2"})
    _waits(database, cancelled)
    _waits(database, kept)
    with database.write() as session:
        lifecycle.cancel(session, cancelled, utc_now(), "ana")
    assert wait_for_state(database, cancelled, StudyState.CANCELLED).error == "cancelled"
    assert worker.stop() == 0
    assert study_of(database, kept).state is StudyState.QUEUED
    disk.make_room()
    workers.start()
    assert wait_for_state(database, kept, StudyState.DONE).error == ""
    assert study_of(database, cancelled).state is StudyState.CANCELLED


def test_databases_and_cases_on_one_full_disk_lose_nothing(tmp_path: Path) -> None:
    """The simplest installation: everything is on the disk that fills up amid a case."""
    root = tmp_path / "data"
    with small_disk(root, "24m") as disk:
        settings = Settings.model_validate({"data_dir": root})
        data_folders(settings).create()
        database = open_database(settings)
        upgrade(database)
        with workers_for(settings) as workers:
            studies = [receive(database, settings, f"1.2.{number}") for number in range(3)]
            before = [_received(database, settings, one) for one in studies]
            first = str(study_of(database, studies[0]).case_id)
            order(root, first, "segment", "dawdle", seconds=3.0)
            workers.start()
            wait_for(lambda: "segment" in journal(root, first))
            disk.fill()
            wait_for(lambda: any(sign in workers.logs() for sign in ("obstacle", "database_away")))
            disk.make_room()
            for study_id in studies:
                study = wait_for_state(database, study_id, StudyState.DONE, StudyState.FAILED)
                assert (study.state, study.error) == (StudyState.DONE, "")
            assert [_received(database, settings, one) for one in studies] == before
        database.close()


@pytest.mark.parametrize("stage", ["segment", "publish"])
def test_a_work_database_that_could_not_be_written_costs_nothing(
    tmp_path: Path, stage: str
) -> None:
    """The disk of the work database alone is full when a stage, or the run, is to be noted."""
    root = tmp_path / "data"
    settings = Settings.model_validate({"data_dir": root})
    folders = data_folders(settings)
    folders.create()
    database = open_database(settings)
    upgrade(database)
    with small_disk(tmp_path / "work", "8m") as disk, workers_for(settings) as workers:
        work = disk.folder / "work.db"
        (folders.state / "work.db").symlink_to(work)
        study_id = receive(database, settings, "1.2.3")
        case_id = str(study_of(database, study_id).case_id)
        order(root, case_id, stage, "dawdle", times=1, seconds=2.0)
        workers.start()
        wait_for(lambda: stage in journal(root, case_id))
        with closing(sqlite3.connect(work)) as reader:
            # What is being read keeps the log of changes growing: no old room is used again.
            reader.execute("BEGIN").execute("SELECT count(*) FROM workflow_status").fetchone()
            disk.fill()
            wait_for(lambda: re.search("handed_back|taken_back", workers.logs()) is not None)
            disk.make_room()
        assert wait_for_state(database, study_id, *FINAL_STATES).state is StudyState.DONE
        assert [one.lost_workers for one in runs_of(database, study_id)] == [0]
        done = journal(root, case_id)
        assert done == ["prepare", "segment", "analyze", "publish"]

        def statuses() -> list[tuple[str]]:
            with closing(sqlite3.connect(work)) as reader:
                return reader.execute("SELECT status FROM workflow_status").fetchall()

        wait_for(lambda: statuses() == [("SUCCESS",)])
    database.close()


@pytest.mark.parametrize(
    ("code", "full", "said"),
    [
        (errno.ENOSPC, True, "free space"),
        (errno.EDQUOT, True, "free space"),
        (errno.EROFS, False, "make it writable"),
    ],
)
def test_what_an_error_came_from_tells_the_obstacle(
    folders: DataFolders,
    code: int,
    full: bool,  # noqa: FBT001
    said: str,
) -> None:
    """However deep it lies below the error of the stage."""
    error = PublishingError("the case folder could not be written")
    error.__cause__ = OSError(code, os.strerror(code))
    found = environment_fault_in(error, folders)
    assert found is not None
    assert found.full is full
    assert said in found.reason
    assert found.free_bytes > 0


def test_too_little_room_for_a_volume_is_an_obstacle(folders: DataFolders) -> None:
    """Preparation says so in words of its own."""
    found = environment_fault_in(DiskLowError("there is no room for a volume"), folders)
    assert found is not None
    assert found.full


def test_images_whose_disk_is_not_mounted_are_an_obstacle(folders: DataFolders) -> None:
    """One file that is lost is the case's own trouble, and another try meets it again."""
    image = folders.incoming / "1.2.3" / "1.2.3.0.dcm"
    with pytest.raises(ImagesAwayError) as away:
        link(image, folders.input / "0.dcm")
    found = environment_fault_in(away.value, folders)
    assert found is not None
    assert "mount the disk" in found.reason
    image.parent.mkdir()
    with pytest.raises(StorageError) as lost:
        link(image, folders.input / "0.dcm")
    assert environment_fault_in(lost.value, folders) is None


def test_a_converter_that_cannot_be_started_is_an_obstacle(
    folders: DataFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No series of any study can be converted then; one that was killed may be the case's own."""
    monkeypatch.setattr(dcm2niix, "bin", str(folders.input / "absent"))
    with pytest.raises(ConverterMissingError) as missing:
        converter.run(folders.input, folders.input)
    found = environment_fault_in(missing.value, folders)
    assert found is not None
    assert "install the PyPI package dcm2niix; the case then goes on by itself" in found.reason
    killed = MachineFaultError("dcm2niix was killed")
    assert environment_fault_in(killed, folders) is None
    assert not isinstance(killed, DELIBERATE), "it would not be tried again"


def test_what_is_wrong_with_one_case_is_no_obstacle(
    folders: DataFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad series; one file that may not be read. A whole folder that may not be written is."""
    assert environment_fault_in(ConversionError("dcm2niix gave no volume"), folders) is None
    assert environment_fault_in(OSError(errno.EIO, "Input/output error"), folders) is None
    denied = PermissionError(errno.EACCES, "Permission denied")
    assert environment_fault_in(denied, folders) is None
    monkeypatch.setattr(os, "access", lambda path, _mode: path != folders.output)
    found = environment_fault_in(denied, folders)
    assert found is not None
    assert "may not write to the folder output/ — give its user the right" in found.reason


def test_a_stage_is_tried_again_when_that_may_help() -> None:
    """A full disk: when there is more room, or at last; each time later than the time before."""
    full, forbidden = (
        EnvironmentFault("", full=True, free_bytes=10 * MB),
        EnvironmentFault("", full=False, free_bytes=10 * MB),
    )
    assert not full.is_worth_a_try(0.5, 0, 100 * MB)
    assert not full.is_worth_a_try(30, 0, 10 * MB)
    assert full.is_worth_a_try(30, 0, 12 * MB)
    assert not full.is_worth_a_try(30, 9, 12 * MB)
    assert full.is_worth_a_try(UNCHANGED_S, 9, 10 * MB)
    assert not forbidden.is_worth_a_try(3, 2, 10 * MB)
    assert forbidden.is_worth_a_try(4, 2, 10 * MB)
