"""A data folder that is not the database's is known for that, and nothing is concluded from it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from deliveries import add_done, verify_study
from sqlalchemy import select
from store_cases import NOW, add_study

from heimdallr.config import Settings
from heimdallr.domain.body_size import BodySize
from heimdallr.publishing.verification_file import read_verification
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.models import Study, StudyState
from heimdallr.store.study_body_sizes import StudyBodySizeRow, keep_body_size
from heimdallr.store.study_verifications import StudyVerificationRow
from heimdallr.store.upkeep import kept_verifications
from heimdallr.store.upkeep.integrity import BEGUN_ANEW, is_elsewhere, wait_until_here
from heimdallr.store.upkeep.resizing import follow_pending
from heimdallr.store.upkeep.retention import sweep
from heimdallr.store.work import verification

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.store.database import Database


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a data folder of the test's own, and a policy that keeps results for a day."""
    return Settings(data_dir=tmp_path / "data", keep_results_days=1)


@pytest.fixture
def folders(settings: Settings) -> DataFolders:
    """The data folder."""
    made = data_folders(settings)
    made.create()
    return made


def unmount(folders: DataFolders) -> None:
    """Leave what a disk leaves that is not mounted, and a service that made its folders there."""
    folders.output.rename(folders.root / "disk")
    folders.output.mkdir()


def mount(folders: DataFolders) -> None:
    """Have it back."""
    folders.output.rmdir()
    (folders.root / "disk").rename(folders.output)


def test_a_folder_without_anything_that_is_known_is_another(
    database: Database, folders: DataFolders
) -> None:
    """One case is enough; a new installation has none, and a person may say that all is lost."""
    assert not is_elsewhere(database, folders)
    for number in (1, 2):
        add_done(database, folders, number)
    assert not is_elsewhere(database, folders)
    (folders.output / "SilvaMJ_20260201_1").rename(folders.root / "lost")
    assert not is_elsewhere(database, folders)
    unmount(folders)
    assert is_elsewhere(database, folders)
    (folders.output / BEGUN_ANEW).touch()
    assert not is_elsewhere(database, folders)


def test_so_is_one_without_the_images_that_are_to_be_processed(
    database: Database, folders: DataFolders
) -> None:
    """Before there are any results."""
    with database.write() as session:
        key = add_study(session, "1.2.3", state=StudyState.QUEUED).key
    assert is_elsewhere(database, folders)
    folders.study(key).mkdir()
    assert not is_elsewhere(database, folders)


def test_what_belongs_to_the_folder_waits_for_it(database: Database, folders: DataFolders) -> None:
    """And for whatever else is waited for, in this order."""
    add_done(database, folders)
    unmount(folders)
    stop, asked = threading.Event(), threading.Event()
    stop.set()

    def ask() -> bool:
        asked.set()
        return True

    assert not wait_until_here(database, folders, stop, also=ask)
    assert not asked.is_set()
    mount(folders)
    assert wait_until_here(database, folders, stop, also=ask)
    assert asked.is_set()


def test_an_entered_height_waits_for_the_disk(database: Database, folders: DataFolders) -> None:
    """Else it would never get into the results."""
    study = add_done(database, folders)
    with database.write() as session:
        keep_body_size(session, study, BodySize(1.6, None, "entered", "user:ana", NOW), NOW)
    unmount(folders)
    assert follow_pending(database, folders, NOW) == 0
    with database.read() as session:
        assert session.get_one(StudyBodySizeRow, study).pending
    mount(folders)
    assert follow_pending(database, folders, NOW) == 1
    with database.read() as session:
        assert not session.get_one(StudyBodySizeRow, study).pending


def test_a_persons_word_waits_for_the_disk(database: Database, folders: DataFolders) -> None:
    """Also that it is taken back: a folder that went on saying it would be believed."""
    study = add_done(database, folders)
    case = folders.output / "SilvaMJ_20260201_1"
    verify_study(database, folders, study)
    unmount(folders)
    kept_verifications.follow(database, folders, study)
    mount(folders)
    kept_verifications.follow_pending(database, folders)
    assert read_verification(case) is not None
    with database.write() as session:
        row = session.get_one(Study, study)
        verification.take_back(session, row, "user:ana", NOW, send_unverified=True)
    unmount(folders)
    kept_verifications.follow(database, folders, study)
    mount(folders)
    kept_verifications.follow_pending(database, folders)
    assert read_verification(case) is None
    with database.read() as session:
        assert session.scalars(select(StudyVerificationRow)).all() == []


def test_nothing_counts_as_removed_while_the_disk_is_away(
    database: Database, folders: DataFolders, settings: Settings
) -> None:
    """Files that come back with their disk would belong to nobody."""
    study = add_done(database, folders)
    unmount(folders)
    sweep(settings, database, NOW.replace(year=NOW.year + 1), believe_clock=True)
    with database.read() as session:
        assert session.get_one(Study, study).has_results
    mount(folders)
    sweep(settings, database, NOW.replace(year=NOW.year + 1), believe_clock=True)
    with database.read() as session:
        assert not session.get_one(Study, study).has_results
    assert not (folders.output / "SilvaMJ_20260201_1" / "resultados.json").exists()
