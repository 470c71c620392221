"""`heimdallr work` on real DICOM of a synthetic head, killed in the middle of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from quick_work import Worker, runs_of, wait_for_state
from store_cases import add_instance, add_study
from waiting import wait_for

from heimdallr.clock import utc_now
from heimdallr.config import Settings
from heimdallr.phantom.studies import WrittenStudy, write_head_ct
from heimdallr.store.database import open_database
from heimdallr.store.layout import data_folders
from heimdallr.store.migrate import upgrade
from heimdallr.store.models import FindingRow, MeasurementRow, StudyState
from heimdallr.store.work import lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.store.database import Database

LIMIT_S = 240
"""For a machine that is busy; idle, the whole test takes a fraction of it."""


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> WrittenStudy:
    """A head CT with a bleed, coarse enough for a test."""
    folder = tmp_path_factory.mktemp("head")
    return write_head_ct(folder, 3, matrix=112, pixel_mm=2.0, thin_mm=2.5, thick_mm=5.0)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[tuple[Settings, Database]]:
    """Settings and database as they are where nothing is configured."""
    settings = Settings(data_dir=tmp_path)
    data_folders(settings).create()
    database = open_database(settings)
    upgrade(database)
    yield settings, database
    database.close()


def _start(settings: Settings, name: str) -> Worker:
    log = settings.data_dir / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "heimdallr", "work"],
            env={**os.environ, "HEIMDALLR_DATA_DIR": str(settings.data_dir)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Worker(process, log)


def _has_begun(settings: Settings, stage: str) -> bool:
    logs = (settings.data_dir / "input").glob("*/run-*.log")
    return any(f"stage_begins stage={stage}" in log.read_text() for log in logs)


@pytest.mark.parametrize("later_s", [0.0, 1.5, 4.0])
def test_a_worker_stops_in_order_while_its_networks_are_loading(
    local: tuple[Settings, Database], later_s: float
) -> None:
    """Loading happens in native code that does not bear an interpreter going away under it."""
    worker = _start(local[0], "worker")
    try:
        until = time.monotonic() + LIMIT_S
        while not worker.is_ready:
            assert time.monotonic() < until, worker.log.read_text()
            time.sleep(0.05)
        time.sleep(later_s)
        assert worker.stop(LIMIT_S) == 0
    finally:
        worker.kill()
    assert b"worker_stopped" in worker.log.read_bytes()


def test_a_killed_worker_costs_a_real_study_nothing(
    head: WrittenStudy, local: tuple[Settings, Database]
) -> None:
    """SIGKILL while it segments; the next worker goes on from the volume, and all is there."""
    settings, database = local
    with database.write() as session:
        study = add_study(session, "1.2.3")
        for number, path in enumerate(sorted(head.dicom.rglob("*.dcm"))):
            content = path.read_bytes()
            add_instance(session, study, f"9.{number}", data_folders(settings), content=content)
        lifecycle.complete(session, study, utc_now())
        study_id = study.id
    first = _start(settings, "first")
    try:
        # The state is told first: only its line in the run's log says that the stage has begun.
        wait_for(lambda: _has_begun(settings, "segment"), limit_s=LIMIT_S)
    finally:
        first.kill()
    second = _start(settings, "second")
    try:
        study = wait_for_state(
            database, study_id, StudyState.DONE, StudyState.FAILED, limit_s=LIMIT_S
        )
        assert (study.state, study.error, study.modality) == (StudyState.DONE, "", "CT")
        assert second.stop(LIMIT_S) == 0
    finally:
        second.kill()
    (run,) = runs_of(database, study_id)
    begun = [line.partition("stage_begins stage=")[2] for line in run.log.splitlines()]
    stages = [stage for stage in begun if stage]
    assert stages == ["prepare", "segment", "segment", "analyze", "publish"]
    with database.read() as session:
        names = {row.name for row in session.query(MeasurementRow).filter_by(study_fk=study_id)}
        findings = {row.code for row in session.query(FindingRow).filter_by(study_fk=study_id)}
    assert "hemorrhage_alert" in names
    assert "intracerebral_haemorrhage" in findings
    assert not list((settings.data_dir / "input").iterdir())
    assert (settings.data_dir / "output" / str(study.case_id) / "volume.nii.gz").exists()
    assert "SILVA" not in (first.log.read_text() + second.log.read_text()).upper().replace(
        str(study.case_id).upper(), ""
    )
