"""The recorder as a service: batches in, complete studies out, whatever fails meanwhile."""

from __future__ import annotations

import errno
import os
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from migrated_database import migrated_database
from postgresql import program, running_cluster
from received_images import ONE, TWO, FakeClock, Image, of, spooled, stack
from small_disks import small_disk as disk_of
from sqlalchemy import func, make_url, select
from waiting import wait_for

from heimdallr.clock import utc_now
from heimdallr.config import Settings
from heimdallr.domain.errors import StorageError
from heimdallr.intake import declare_complete, instances, service, spool
from heimdallr.intake.recorder import Recorder
from heimdallr.intake.service import Intake, run_recorder
from heimdallr.store.database import Database, open_database
from heimdallr.store.layout import data_folders
from heimdallr.store.migrate import upgrade
from heimdallr.store.models import Event, Instance, Study, StudyState
from heimdallr.store.work.services import services
from heimdallr.store.work.states import lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOBODY = 2**22 + 1
"""A process number above the highest Linux gives out."""


class Site:
    """A recorder that is stepped by hand, on clocks of its own."""

    def __init__(self, folder: Path, **more: object) -> None:
        self.settings = Settings.model_validate({"data_dir": folder / "data", **more})
        self.folders = data_folders(self.settings)
        self.folders.create()
        self.database = migrated_database(self.settings)
        self.clock = FakeClock()
        self.intake = self.restart()

    def restart(self) -> Intake:
        """The recorder, begun anew."""
        self.intake = Intake(self.database, self.folders, self.settings, self.clock)
        return self.intake

    def step(self, seconds: float = 0.0) -> bool:
        """Let time pass, then record what is there, and look for complete studies."""
        self.clock.pass_s(seconds)
        return self.intake.step()

    def drain(self) -> None:
        """Record until there is nothing more to do."""
        while self.step():
            pass

    def state(self, study: int = 1) -> StudyState | None:
        """State of a study; ``None`` where nobody knows it."""
        with self.database.read() as session:
            found = select(Study.state).where(Study.key == Image(study).study_uid)
            return session.scalars(found).first()

    def named(self) -> str:
        """Whom study 1 names."""
        with self.database.read() as session:
            found = select(Study.patient_name).where(Study.key == Image(1).study_uid)
            return session.scalars(found).one()

    def count(self) -> int:
        """Instances recorded."""
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(Instance)) or 0


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site with the default settings."""
    one = Site(tmp_path)
    yield one
    one.database.close()


def test_a_released_study_without_a_gap_starts_at_once(site: Site) -> None:
    """Some two seconds after the association ended, not thirty."""
    spooled(site.folders.spool, stack())
    site.drain()
    assert site.state() is StudyState.RECEIVING
    site.step(2.1)
    assert site.state() is StudyState.QUEUED
    assert not list(site.folders.spool.iterdir())


def test_a_gap_makes_it_wait(site: Site) -> None:
    """An image is missing in the middle: it may still come."""
    spooled(site.folders.spool, [*stack(count=3), Image(number=5)])
    site.drain()
    site.step(10)
    assert site.state() is StudyState.RECEIVING
    site.step(20)
    assert site.state() is StudyState.QUEUED


@pytest.mark.parametrize("ending", ["aborted", "killed"])
def test_a_broken_association_makes_it_wait(site: Site, ending: str) -> None:
    """Aborted, or its process gone: only silence completes the study."""
    pid = NOBODY if ending == "killed" else None
    spooled(site.folders.spool, stack(), ending="aborted" if ending == "aborted" else None, pid=pid)
    site.drain()
    site.step(10)
    assert site.state() is StudyState.RECEIVING
    site.step(20.1)
    assert site.state() is StudyState.QUEUED
    assert not list(site.folders.spool.iterdir())


def test_images_of_an_open_association_are_recorded_as_they_come(site: Site) -> None:
    """Not only when it ends."""
    batch = spooled(site.folders.spool, stack(count=2), ending=None)
    site.drain()
    assert site.count() == 2
    part = batch.part(3)
    part.write_bytes(Image(number=3).encoded())
    site.drain()
    assert site.count() == 2  # not whole yet
    batch.keep(part)
    batch.end("released")
    site.drain()
    assert site.count() == 3
    site.step(2.1)
    assert site.state() is StudyState.QUEUED


def test_what_was_never_whole_goes_with_its_batch(site: Site) -> None:
    """Its sender was never told that it is safe."""
    batch = spooled(site.folders.spool, stack(count=1), ending=None)
    batch.part(2).write_bytes(b"half")
    batch.end("aborted")
    site.drain()
    assert site.count() == 1
    assert not batch.folder.exists()


def test_a_restart_resumes_what_it_finds(site: Site) -> None:
    """Files recorded before, files not recorded, and a study that was quiet for a while."""
    spooled(site.folders.spool, stack(count=3), ending=None, pid=NOBODY)
    site.drain()
    spooled(site.folders.spool, stack(study=2, count=3), ending=None, pid=NOBODY)
    site.clock.pass_s(20)
    site.restart()
    site.drain()
    assert site.count() == 6
    site.step(10.1)
    assert (site.state(1), site.state(2)) == (StudyState.QUEUED, StudyState.RECEIVING)
    site.step(20)
    assert site.state(2) is StudyState.QUEUED


def test_a_late_image_and_an_identical_one(site: Site) -> None:
    """The one makes a new revision, the other changes nothing."""
    spooled(site.folders.spool, stack(count=3))
    site.drain()
    site.step(3)
    spooled(site.folders.spool, stack(count=3))
    site.drain()
    site.step(60)
    assert site.state() is StudyState.QUEUED
    with site.database.read() as session:
        assert session.scalars(select(Study.revision)).one() == 1
    spooled(site.folders.spool, [Image(number=4)])
    site.drain()
    assert site.state() is StudyState.RECEIVING
    site.step(3)
    with site.database.read() as session:
        assert session.scalars(select(Study.revision)).one() == 2


def test_a_jumping_clock_neither_completes_nor_stalls_a_study(site: Site) -> None:
    """A day forward, then two back."""
    spooled(site.folders.spool, [Image(number=2)])
    site.drain()
    site.step(6)
    for jump in (86_400.0, -172_800.0):
        site.clock.set_by_s(jump)
        site.step(6)
        assert site.state() is StudyState.RECEIVING
    site.step(19)
    assert site.state() is StudyState.QUEUED


def test_an_upload_belongs_to_the_process_that_received_it(site: Site) -> None:
    """While that lives and has not given it up; then it is taken, and complete at once."""
    batch = spooled(site.folders.spool, stack(), source="upload")
    site.drain()
    assert site.count() == 0
    (batch.folder / spool.LEFT).touch()
    spooled(site.folders.spool, stack(study=2), source="upload", pid=NOBODY)
    site.drain()
    site.step(0.5)
    assert (site.state(1), site.state(2)) == (StudyState.QUEUED, StudyState.QUEUED)


def test_a_process_with_the_number_of_a_dead_one_is_another(site: Site) -> None:
    """After a restart of a container, numbers come again."""
    mine = spool.process_identity()
    assert mine
    boot, space, start = mine.split()
    older = f"{boot} {space} {int(start) - 1}"
    elsewhere = f"{boot} pid:[1] {start}"
    rebooted = f"0 {space} {start}"
    batch = spooled(site.folders.spool, [], ending=None).folder
    alive = {}
    for name, process in (("me", mine), ("older", older), ("elsewhere", elsewhere)):
        origin = spool.Origin(
            source="dicom", began_at=site.clock.now(), pid=os.getpid(), process=process
        )
        alive[name] = not spool.is_over(batch, origin)
    assert alive == {"me": True, "older": False, "elsewhere": True}
    os.utime(batch, (0, 0))
    os.utime(batch / spool.ORIGIN_FILE, (0, 0))
    for process in (elsewhere, rebooted):
        origin = spool.Origin(source="dicom", began_at=site.clock.now(), pid=1, process=process)
        assert spool.is_over(batch, origin)


def test_a_batch_that_lost_its_origin_is_recorded_all_the_same(site: Site) -> None:
    """A damaged batch.json costs the sender's name, not the images."""
    batch = spooled(site.folders.spool, stack(count=2))
    (batch.folder / spool.ORIGIN_FILE).write_bytes(b"{")
    site.drain()
    assert site.count() == 0
    site.clock.pass_s(61)
    site.drain()
    assert site.count() == 2
    assert not batch.folder.exists()


def test_a_batch_that_cannot_be_recorded_does_not_hold_up_the_others(site: Site) -> None:
    """It is tried again, later and later, and goes on when it can."""
    spooled(site.folders.spool, [Image()])
    site.drain()
    with site.database.write() as session:
        lock(session, session.scalars(select(Study.id)).one()).state = StudyState.DELETING
    spooled(site.folders.spool, [Image(number=2)])
    spooled(site.folders.spool, stack(study=2, count=3))
    site.drain()
    assert site.count() == 4
    with site.database.write() as session:
        session.delete(lock(session, session.scalars(select(Study.id).limit(1)).one()))
    site.step(1)
    site.drain()
    assert site.count() == 4  # three of the second study, one of the first, come anew


def test_a_case_folder_that_cannot_be_taken_away_holds_up_only_its_study(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A study comes again with its right patient; its old results belong to another user."""

    def denied(*_: object) -> None:
        msg = "files in output cannot be removed: Permission denied"
        raise StorageError(msg)

    spooled(site.folders.spool, of(ONE, 1))
    site.drain()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(instances, "withdraw_results", denied)
        waiting = spooled(site.folders.spool, [*of(TWO, 1), *stack(study=2)])
        spooled(site.folders.spool, stack(study=3))
        site.step()
        site.step(31)
        assert site.state(2) is site.state(3) is StudyState.QUEUED
        assert site.count() == 15
        assert len(list(waiting.folder.glob("*.dcm"))) == 5
        assert site.named() == "PERSON^ONE"
    site.step(1)
    site.drain()
    assert site.named() == "PERSON^TWO"
    assert not list(site.folders.spool.iterdir())


@pytest.mark.parametrize("where", ["forget_moved", "_move_case"])
def test_a_study_that_cannot_be_completed_does_not_hold_up_the_others(
    site: Site, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A folder of it may not be read or renamed; it is completed when it can be."""
    real = getattr(declare_complete, where)

    def denied(*given: object) -> object:
        study = given[-1]
        if isinstance(study, str) or (isinstance(study, Study) and study.key == Image(1).study_uid):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(*given)

    spooled(site.folders.spool, of(ONE, 1))
    site.drain()
    site.step(2.1)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(declare_complete, where, denied)
        spooled(site.folders.spool, of({**ONE, "PatientName": "NEWNAME^ONE"}, 1))
        spooled(site.folders.spool, stack(study=2))
        site.drain()
        site.step(2.1)
        assert site.state(2) is StudyState.QUEUED
        assert site.state(1) is StudyState.RECEIVING
    site.step(31)
    assert site.state(1) is StudyState.QUEUED


def test_many_images_do_not_wait_for_each_other(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch with more than a chunk takes turns with the others, and no study is cut short."""
    monkeypatch.setattr(service, "CHUNK", 4)
    record = Recorder.record
    monkeypatch.setattr(
        Recorder, "record", lambda self, batch, origin: record(self, batch, origin, 4)
    )
    spooled(site.folders.spool, stack(count=20))
    spooled(site.folders.spool, stack(study=2, count=3))
    site.step()
    assert site.count() == 7
    for _ in range(3):
        site.step(10)
        assert site.state(1) is StudyState.RECEIVING
    site.drain()
    site.step(2.1)
    assert site.state(1) is StudyState.QUEUED


def test_another_server_s_studies_are_sent(tmp_path: Path) -> None:
    """No run is queued here."""
    site = Site(tmp_path, upload_url="https://pacs.example/upload")
    spooled(site.folders.spool, stack())
    site.drain()
    site.step(2.1)
    assert site.state() is StudyState.SENDING
    site.database.close()


def test_a_recorder_shows_that_it_lives(tmp_path: Path) -> None:
    """From its start to its end."""
    settings = Settings(data_dir=tmp_path / "data")
    data_folders(settings).create()
    database = open_database(settings)
    upgrade(database)

    def living() -> list[int]:
        with database.read() as session:
            found = services(session, "recorder", utc_now())
            return [one.pid for one in found if one.alive]

    with _running(settings):
        wait_for(lambda: living() == [os.getpid()])
    assert living() == []
    database.close()


@contextmanager
def _running(settings: Settings) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run_recorder, args=(settings, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


def _quick(folder: Path, **more: object) -> Settings:
    facts = {"data_dir": folder / "data", "idle_seconds": 3, "scan_seconds": 0.2, **more}
    return Settings.model_validate(facts)


def _has(database: Database, count: int) -> bool:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Instance)) == count


def test_the_service_is_prompt_and_stops_when_told(tmp_path: Path) -> None:
    """An image is recorded soon after it came; the study is queued soon after its release."""
    settings = _quick(tmp_path)
    folders = data_folders(settings)
    folders.create()
    database = open_database(settings)
    with _running(settings):
        wait_for((folders.state / "heimdallr.db").exists)
        spooled(folders.spool, stack())
        wait_for(lambda: not list(folders.spool.iterdir()))
        assert _has(database, 5)

        def queued() -> bool:
            with database.read() as session:
                return session.scalars(select(Study.state)).one() is StudyState.QUEUED

        wait_for(queued)
    database.close()


def test_a_database_that_goes_away_and_comes_back_loses_nothing(tmp_path: Path) -> None:
    """Receiving goes on meanwhile; recording too, once it is back."""
    if program("pg_ctl") is None:
        pytest.skip("PostgreSQL is not installed")
    with running_cluster() as cluster:
        url = cluster.create_migrated_database().render_as_string(hide_password=False)
        settings = _quick(tmp_path, database_url=url)
        folders = data_folders(settings)
        folders.create()
        database = Database(make_url(url))

        with _running(settings):
            spooled(folders.spool, stack(count=2))
            wait_for(lambda: _has(database, 2))
            cluster.stop("fast")
            batch = spooled(folders.spool, stack(study=2, count=4))
            time.sleep(1.5)
            assert len(list(batch.folder.glob("*.dcm"))) == 4
            cluster.start()
            wait_for(lambda: not list(folders.spool.iterdir()))
            assert _has(database, 6)
        database.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB."""
    with disk_of(tmp_path / "disk", "24m") as disk:
        yield disk.folder


def test_a_full_disk_loses_nothing(tmp_path: Path, small_disk: Path) -> None:
    """The database and the images are on it; when there is room again, all are recorded."""
    settings = _quick(small_disk, watch_dir=tmp_path)
    folders = data_folders(settings)
    folders.create()
    database = open_database(settings)
    upgrade(database)
    for study in range(1, 9):
        spooled(folders.spool, stack(study, count=20), ending="released")
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
    with _running(settings):
        time.sleep(2)
        waiting = len(list(folders.spool.glob("*/*.dcm")))
        assert waiting > 0
        filler.unlink()
        wait_for(lambda: not list(folders.spool.iterdir()))
        assert _has(database, 160)
    with database.read() as session:
        paths = session.scalars(select(Instance.path)).all()
        events = session.scalars(select(Event.kind)).all()
    assert all((folders.incoming / path).stat().st_size > 500 for path in paths)
    assert "quarantined" not in events
    database.close()
