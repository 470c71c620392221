"""SIGKILL at random points: never two rows, never a lost file, never a row without its file."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from received_images import Image, spooled
from sqlalchemy import func, select
from test_recorder import consistent
from waiting import wait_for

from heimdallr.config import Settings
from heimdallr.intake.recorder import Recorder
from heimdallr.intake.spool import read_origin
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.models import Event, Instance, Quarantined, Run, Study, StudyState

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from heimdallr.store.database import Database

ROUNDS = 4
SERVICE = """
import threading, sys
from heimdallr import logs, parent_process
from heimdallr.config import load_settings
from heimdallr.intake.service import run_recorder
logs.configure(service="recorder", level="error", json_lines=False)
run_recorder(load_settings(), parent_process.stop_on_signals())
"""


@pytest.fixture
def folders(tmp_path: Path) -> DataFolders:
    """The data folder of the recorders."""
    made = data_folders(Settings(data_dir=tmp_path / "data"))
    made.create()
    return made


def _recorder(database: Database, folders: DataFolders) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "HEIMDALLR_DATA_DIR": str(folders.root),
        "HEIMDALLR_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "HEIMDALLR_IDLE_SECONDS": "1",
        "HEIMDALLR_SCAN_SECONDS": "0.2",
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.Popen([sys.executable, "-c", SERVICE], env=environment)


def _fill(folders: DataFolders, round_: int) -> None:
    """New images, a late one, one again with other content, one again, one that is damaged."""
    for half in (1, 2):
        images = [Image(study, half, n) for study in (1, 2) for n in range(1, 25)]
        images = [Image(round_ * 10 + one.study, one.series, one.number) for one in images]
        again = [Image(round_ * 10 + 1, half, 1, content=7), Image(round_ * 10 + 2, half, 2)]
        spooled(folders.spool, [*images, *again, b"damaged" * 99])


def _waiting(folders: DataFolders) -> int:
    """Images in the spool; batches may go while they are counted."""
    return sum(name.endswith(".dcm") for _, _, names in os.walk(folders.spool) for name in names)


@pytest.mark.parametrize("recorders", [1, 2])
def test_a_killed_recorder_loses_nothing(
    database: Database, folders: DataFolders, recorders: int, rng: np.random.Generator
) -> None:
    """Recorders die again and again while images keep coming; the last ones live."""
    if recorders > 1 and database.is_sqlite:
        pytest.skip("two recorders are for PostgreSQL")
    for round_ in range(1, ROUNDS + 1):
        running = [_recorder(database, folders) for _ in range(recorders)]
        _fill(folders, round_)
        files = _waiting(folders)
        # Wait until they have begun, then strike somewhere in the middle.
        wait_for(
            lambda files=files: _waiting(folders) < files,  # type: ignore[misc]
            what="the recorder to begin",
        )
        time.sleep(rng.uniform(0, 0.15))
        for one in running:
            one.kill()
        for one in running:
            assert one.wait(60) == -signal.SIGKILL
        with database.read() as session:
            placed = [folders.incoming / path for path in session.scalars(select(Instance.path))]
        assert all(path.is_file() for path in placed)
    running = [_recorder(database, folders) for _ in range(recorders)]
    try:
        wait_for(lambda: not list(folders.spool.iterdir()), what="an empty spool")
        wait_for(lambda: _open(database) == 0, what="complete studies")
    finally:
        for one in running:
            one.terminate()
        for one in running:
            assert one.wait(60) == 0
    _check(database, folders)


def _open(database: Database) -> int | None:
    with database.read() as session:
        return session.scalar(
            select(func.count()).where(Study.state == StudyState.RECEIVING).select_from(Study)
        )


def _check(database: Database, folders: DataFolders) -> None:
    assert consistent(database, folders) == ROUNDS * 96
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Study)) == ROUNDS * 2
        assert set(session.scalars(select(Study.state))) == {StudyState.QUEUED}
        waiting = select(Run.study_fk).where(Run.state == StudyState.QUEUED)
        assert len(session.scalars(waiting).all()) == ROUNDS * 2  # exactly one each
        kept = session.scalars(select(Quarantined.path)).all()
        assert not session.scalars(select(Event).where(Event.kind == "files_missing")).all()
    assert len(kept) == ROUNDS * 2
    assert all((folders.quarantine / path).is_file() for path in kept)
    for round_ in range(1, ROUNDS + 1):
        for half in (1, 2):
            first = Image(round_ * 10 + 1, half, 1)
            place = folders.instance(first.study_uid, first.uid)
            newer = Image(first.study, half, 1, content=7).encoded()
            aside = [path.read_bytes() for path in place.parent.glob(".replaced/*")]
            assert {place.read_bytes(), *aside} >= {first.encoded(), newer}
    assert not list(folders.incoming.rglob(".placing-*"))


def test_a_kill_between_every_two_steps_is_repaired(
    database: Database, folders: DataFolders
) -> None:
    """The recorder dies before the 1st, 2nd, 3rd … change it makes to the disk or the database."""
    survived = 0
    for step in range(1, 200):
        shutil.rmtree(folders.root)
        folders.create()
        with database.write() as session:
            for table in (Instance, Study, Quarantined):
                session.query(table).delete()
        first = spooled(folders.spool, [Image(content=1), Image(number=2)])
        _record_all(database, folders)
        spooled(folders.spool, [Image(content=2), Image(number=2), Image(number=3), b"bad" * 99])
        child = os.fork()
        if child == 0:
            database.engine.dispose(close=False)
            _die_at(step)
            try:
                _record_all(database, folders)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        _record_all(database, folders)
        assert consistent(database, folders) == 3
        assert not list(folders.spool.glob("*/*.dcm"))
        place = folders.instance(Image().study_uid, Image().uid)
        assert place.read_bytes() == Image(content=2).encoded()
        (aside,) = place.parent.glob(".replaced/*")
        assert aside.read_bytes() == Image(content=1).encoded()
        assert len(list(folders.quarantine.rglob("*.dcm"))) == 1
        if os.WIFEXITED(status):
            break
        survived += 1
        assert not first.folder.joinpath("left").exists()
    assert survived > 10


def _record_all(database: Database, folders: DataFolders) -> None:
    for batch in sorted(folders.spool.iterdir()):
        origin = read_origin(batch)
        assert origin is not None
        recorder = Recorder(database, folders)
        while recorder.record(batch, origin).files:
            pass


def _die_at(step: int) -> None:
    """Kill this process before the given one of all calls that change something."""
    from sqlalchemy import event  # noqa: PLC0415 - in the child only
    from sqlalchemy.engine import Engine  # noqa: PLC0415

    left = step

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("link", "unlink", "rename", "replace", "mkdir", "fsync"):
        original = getattr(os, name)

        def counted(*args: object, _original: object = original, **more: object) -> object:
            count()
            return _original(*args, **more)  # type: ignore[operator]

        setattr(os, name, counted)
    event.listen(Engine, "commit", count)
