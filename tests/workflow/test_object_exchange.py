"""Workers that do not see the data folder: images and results go by way of a real S3 server."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from quick_work import (
    PATIENT,
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
from s3_server import S3Server, s3_server
from sqlalchemy import select
from waiting import wait_for

from heimdallr.clock import utc_now
from heimdallr.config import Settings
from heimdallr.store.layout import data_folders
from heimdallr.store.models import Event, Study, StudyState
from heimdallr.store.stored_folders import StoredFolderRow
from heimdallr.store.upkeep.deletion import delete_study
from heimdallr.store.work import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.store.database import Database


@dataclass
class Exchange:
    """`heimdallr exchange` as a process."""

    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin, or begin again."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "heimdallr", "exchange"],
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)


@dataclass
class Site:
    """A host with the data folder, another one for workers, and an object store between them."""

    database: Database
    front: Settings
    server: S3Server
    exchange: Exchange
    workers: Workers
    environment: dict[str, str]
    studies: list[int] = field(default_factory=list)

    @property
    def worker_folder(self) -> Path:
        """The workers' own data folder."""
        return self.front.data_dir.parent / "worker"

    def start_worker(self) -> None:
        """A worker with quick work, on the other host."""
        self.workers.start(self.environment)

    def rows(self) -> list[StoredFolderRow]:
        """What the database says of the store."""
        with self.database.read() as session:
            return list(session.scalars(select(StoredFolderRow)))

    def wait_until_empty(self) -> None:
        """Nothing is left in the store, and nothing of it in the database."""
        wait_for(lambda: not self.rows())
        assert self.server.objects() == []


@pytest.fixture
def site(database: Database, settings: Settings, tmp_path: Path) -> Iterator[Site]:
    """See :class:`Site`; nothing is started but the S3 server."""
    with site_of(database, settings, tmp_path) as made:
        yield made


@contextmanager
def site_of(database: Database, front: Settings, folder: Path) -> Iterator[Site]:
    """See :class:`Site`."""
    url = front.database_url
    assert url is not None
    with s3_server(folder) as server:
        (folder / "worker").mkdir()
        data_folders(front).create()
        environment = {**server.environment, "HEIMDALLR_OBJECT_STORE": server.url}
        exchange = Exchange(
            {
                **os.environ,
                **environment,
                "HEIMDALLR_DATA_DIR": str(front.data_dir),
                "HEIMDALLR_DATABASE_URL": url.get_secret_value(),
            },
            folder / "exchange.log",
        )
        there = Settings.model_validate({"data_dir": folder / "worker", "database_url": url})
        workers = Workers(there)
        try:
            yield Site(database, front, server, exchange, workers, environment)
        finally:
            exchange.kill()
            workers.end()


def test_a_worker_without_the_data_folder_does_a_study(site: Site) -> None:
    """Images go out, results come in, rows and folder say the same; nothing stays behind."""
    study_id = receive(site.database, site.front, "1.2.3")
    site.exchange.start()
    site.start_worker()
    study = wait_for_state(site.database, study_id, StudyState.DONE, StudyState.FAILED)
    assert study.error == ""
    assert study.has_results
    assert volume_of(site.front.data_dir, study.case_id) > 0
    (run,) = runs_of(site.database, study_id)
    assert isinstance(run.seconds, dict)
    assert list(run.seconds) == ["prepare", "segment", "analyze", "publish"]
    assert "hands_in" in run.log
    assert not list((site.worker_folder / "output").iterdir())
    site.wait_until_empty()
    wait_for(lambda: not list((site.worker_folder / "input").iterdir()))
    assert PATIENT not in run.log + site.workers.logs() + site.exchange.log.read_text()


@pytest.mark.slow
def test_a_run_says_that_nothing_carries_its_images(site: Site) -> None:
    """Without an exchange it waits, visibly; one that comes takes the words back."""
    study_id = receive(site.database, site.front, "1.2.3")
    site.start_worker()
    wait_for(lambda: "heimdallr exchange" in study_of(site.database, study_id).error)
    site.exchange.start()
    study = wait_for_state(site.database, study_id, StudyState.DONE, StudyState.FAILED)
    assert (study.state, study.error) == (StudyState.DONE, "")


@pytest.mark.slow
def test_a_store_that_is_away_is_waited_for_and_said(site: Site) -> None:
    """The run says why it waits, and goes on when the store is back; nothing failed."""
    site.server.kill()
    study_id = receive(site.database, site.front, "1.2.3")
    site.exchange.start()
    site.start_worker()
    wait_for(lambda: "object store" in study_of(site.database, study_id).error)
    assert study_of(site.database, study_id).state is StudyState.QUEUED
    site.server.start()
    study = wait_for_state(site.database, study_id, StudyState.DONE, StudyState.FAILED)
    assert (study.state, study.error) == (StudyState.DONE, "")
    with site.database.read() as session:
        waited = session.query(Event).filter_by(study_fk=study_id, kind="waiting").all()
    assert len(waited) == 1
    site.wait_until_empty()


@pytest.mark.slow
def test_a_store_that_goes_away_at_the_end_is_waited_for(site: Site) -> None:
    """A worker keeps what it has made until it can hand it in."""
    study_id = receive(site.database, site.front, "1.2.3")
    case_id = str(study_of(site.database, study_id).case_id)
    order(site.worker_folder, case_id, "analyze", "dawdle", seconds=2.0)
    site.exchange.start()
    site.start_worker()
    wait_for(lambda: "analyze" in journal(site.worker_folder, case_id))
    site.server.kill()
    wait_for(lambda: "object store" in study_of(site.database, study_id).error)
    site.server.start()
    study = wait_for_state(site.database, study_id, StudyState.DONE, StudyState.FAILED)
    assert (study.state, study.error) == (StudyState.DONE, "")
    assert journal(site.worker_folder, case_id)[:3] == ["prepare", "segment", "analyze"]


@pytest.mark.slow
def test_damaged_objects_are_put_anew(site: Site) -> None:
    """What does not have its digest is used by nobody, on neither side."""
    study_id = receive(site.database, site.front, "1.2.3")
    case_id = str(study_of(site.database, study_id).case_id)
    site.exchange.start()
    wait_for(lambda: any(row.manifest for row in site.rows()))
    for path in site.server.objects():
        if path.suffix != ".manifest":
            path.write_bytes(b"?" * path.stat().st_size)
    site.exchange.kill()
    site.start_worker()
    wait_for(lambda: any(row.lost for row in site.rows()))
    order(site.worker_folder, case_id, "publish", "dawdle", seconds=0.1)
    site.exchange.start()
    wait_for(lambda: not any(row.lost for row in site.rows()))
    study = wait_for_state(site.database, study_id, StudyState.DONE, StudyState.FAILED)
    assert (study.state, study.error) == (StudyState.DONE, "")


@pytest.mark.slow
def test_damaged_results_are_handed_in_anew(site: Site) -> None:
    """The folder in the data folder never has been anything but whole."""
    study_id = receive(site.database, site.front, "1.2.3")
    site.exchange.start()
    wait_for(lambda: any(row.manifest for row in site.rows()))
    site.exchange.kill()
    site.start_worker()
    wait_for(lambda: any(row.manifest and row.workflow_id for row in site.rows()))
    before = {path: path.read_bytes() for path in site.server.objects()}
    for path, content in before.items():
        path.write_bytes(content.replace(b"liver", b"river"))
    site.exchange.start()
    study = wait_for_state(site.database, study_id, StudyState.DONE, StudyState.FAILED)
    assert (study.state, study.error) == (StudyState.DONE, "")
    assert volume_of(site.front.data_dir, study.case_id) > 0
    assert "results_lost" in site.exchange.log.read_text()


@pytest.mark.slow
def test_what_people_ask_meanwhile_holds(site: Site) -> None:
    """A late image: another revision, with it; a deletion: nothing of the study is anywhere."""
    study_id = receive(site.database, site.front, "1.2.3")
    case_id = str(study_of(site.database, study_id).case_id)
    order(site.worker_folder, case_id, "segment", "dawdle", seconds=3.0, times=1)
    site.exchange.start()
    site.start_worker()
    wait_for(lambda: "segment" in journal(site.worker_folder, case_id))
    add_late_image(site.database, site.front, study_id, complete=True)
    wait_for(lambda: len(runs_of(site.database, study_id)) > 1)
    wait_for_state(site.database, study_id, StudyState.DONE, StudyState.FAILED)
    first, second = runs_of(site.database, study_id)
    assert (first.state, second.state) == (StudyState.CANCELLED, StudyState.DONE)
    site.wait_until_empty()
    with site.database.write() as session:
        lifecycle.retry(session, study_id, utc_now(), "anna", fresh=True)
    wait_for(lambda: bool(site.rows()))
    with site.database.write() as session:
        lifecycle.cancel(session, study_id, utc_now(), "anna")
    wait_for_state(site.database, study_id, StudyState.CANCELLED, StudyState.DONE)
    delete_study(site.database, data_folders(site.front), study_id, utc_now(), "anna")
    site.wait_until_empty()
    with site.database.read() as session:
        assert session.get(Study, study_id) is None


@pytest.mark.slow
def test_whatever_is_killed_every_case_ends_once_and_whole(site: Site) -> None:
    """Worker, exchange and store are killed at random; what is visible meanwhile is whole."""
    chance = random.Random(20261130)  # noqa: S311 - no secret
    site.environment["QUICK_STAGE_S"] = "0.1"
    site.environment["QUICK_GRACE_S"] = "1"
    site.environment["HEIMDALLR_MAX_RECOVERIES"] = "20"
    ids = [receive(site.database, site.front, f"1.2.{n}", images=20) for n in range(6)]
    site.exchange.start()
    site.start_worker()
    deadline, killed = time.monotonic() + 240, 0
    while any(study_of(site.database, one).state is not StudyState.DONE for one in ids):
        assert time.monotonic() < deadline, [study_of(site.database, one).error for one in ids]
        assert all(study_of(site.database, one).state is not StudyState.FAILED for one in ids)
        for case in (site.front.data_dir / "output").glob("[!.]*"):
            assert volume_of(site.front.data_dir, case.name) > 0
        time.sleep(chance.uniform(0.1, 1.2))
        if killed < 8:
            killed += 1
            if killed % 3 == 0:
                site.exchange.kill()
                site.exchange.start()
            elif killed % 3 == 1:
                site.workers.end()
                site.start_worker()
            else:
                site.server.kill()
                site.server.start()
    for study_id in ids:
        runs = runs_of(site.database, study_id)
        assert [run.state for run in runs] == [StudyState.DONE]
        with site.database.read() as session:
            done = session.query(Event).filter_by(study_fk=study_id, kind="done").count()
        assert done == 1
    site.wait_until_empty()
