"""`heimdallr up` and the services it runs: how they fit together, and what keeps them from it."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from small_disks import small_disk
from sqlalchemy import text

from heimdallr.cli.commands.up import up
from heimdallr.config import Settings
from heimdallr.store.database import open_database
from heimdallr.store.layout import data_folders
from heimdallr.store.migrate import upgrade
from heimdallr.workflow import service

if TYPE_CHECKING:
    from pathlib import Path


def run(command: str, data_dir: Path) -> tuple[int, str]:
    """A service's exit code, and all it said."""
    done = subprocess.run(
        [sys.executable, "-m", "heimdallr", *command.split()],
        env={**os.environ, "HEIMDALLR_DATA_DIR": str(data_dir), "HEIMDALLR_DISK_RESERVE_GB": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_an_ordinary_stop_leaves_the_worker_the_time_it_asks_for() -> None:
    """A worker that is killed while a stage reaches its end counts as lost."""
    stages, notice, handing = service.STOP_S, service.LEAVE_S, service.LEAVE_S
    assert inspect.signature(up).parameters["grace"].default > stages + notice + handing


@pytest.mark.parametrize("command", ["listen", "serve", "work", "deliver"])
def test_a_disk_that_is_read_only_is_named_by_every_service(tmp_path: Path, command: str) -> None:
    """One line that says what is wrong and where to look, and the exit code of a setting."""
    with small_disk(tmp_path / "disk", "4m") as disk:
        disk.make_read_only()
        code, said = run(command, disk.folder / "data")
    assert (code, said) == (
        2,
        "error: the data folder cannot be made: Read-only file system — see HEIMDALLR_DATA_DIR\n",
    )


@pytest.mark.parametrize("command", ["serve", "work", "deliver"])
def test_a_data_folder_that_became_read_only_is_named(tmp_path: Path, command: str) -> None:
    """Of the listener nothing is said here: it goes on answering, and waits."""
    with small_disk(tmp_path / "disk", "4m") as disk:
        settings = Settings(data_dir=disk.folder / "data")
        data_folders(settings).create()
        database = open_database(settings)
        upgrade(database)
        database.close()
        disk.make_read_only()
        code, said = run(command, settings.data_dir)
    assert (code, "data folder cannot be written: Read-only file system" in said) == (2, True)


def test_a_database_of_a_newer_program_ends_everything_at_once(tmp_path: Path) -> None:
    """With the reason; starting the services again would change nothing."""
    settings = Settings(data_dir=tmp_path / "data")
    data_folders(settings).create()
    database = open_database(settings)
    upgrade(database)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    code, said = run("up --port 0 --dicom-port 0 --grace 20", settings.data_dir)
    assert code == 2
    assert "the database is of version 9999, which this program does not know" in said
    assert "part_died" not in said
