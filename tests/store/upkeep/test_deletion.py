"""Deleting a study: all of it, nothing of another's, and whole whatever kills the process."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import structlog
from sqlalchemy import func, select
from store_cases import NOW, add_instance, add_study, bleed, make_identity, make_results, write_case

from heimdallr.domain.errors import StateConflictError, StorageError
from heimdallr.store.base import Base
from heimdallr.store.changes import changes_since
from heimdallr.store.layout import DataFolders
from heimdallr.store.models import (
    Event,
    FindingRow,
    Instance,
    MeasurementRow,
    Patient,
    RemovedStudy,
    Run,
    Study,
    StudyState,
)
from heimdallr.store.results import index_results
from heimdallr.store.upkeep import deletion
from heimdallr.store.upkeep.deletion import delete_study, finish_deletions
from heimdallr.store.upkeep.integrity import BEGUN_ANEW
from heimdallr.store.upkeep.removal import clear_aside
from heimdallr.store.work.lifecycle import complete
from heimdallr.store.work.states import lock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from heimdallr.store.database import Database

OTHER = "1.2.33"
"""Its key begins with the other one's."""


@pytest.fixture
def folders(tmp_path: Path) -> DataFolders:
    """An empty data folder."""
    names = ("incoming", "quarantine", "input", "output", "failed", "sent", "state")
    root = tmp_path / "data"
    folders = DataFolders(root=root, **{name: root / name for name in names})
    folders.create()
    return folders


@pytest.fixture
def both(database: Database, folders: DataFolders) -> tuple[int, int]:
    """Two finished studies of two patients, whose names resemble each other."""
    return (
        make_done(database, folders, "1.2.3", "SilvaMJ_20260201_123456"),
        make_done(database, folders, OTHER, "SilvaMJ_20260201_123456_2"),
    )


def make_done(database: Database, folders: DataFolders, key: str, case_id: str) -> int:
    """A study with results, with files in every folder that may hold some."""
    with database.write() as session:
        study = add_study(session, key, patient_id=f"P-{key}")
        add_instance(session, study, f"{key}.1", folders)
        complete(session, study, NOW)
        study.case_id = case_id
        identity = make_identity(case_id=case_id, uid=key)
        results = make_results(findings=(bleed(),), case_id=case_id)
        folder = write_case(folders.output, results, identity)
        index_results(session, study, results, identity, folder, NOW)
        number = study.id
    for folder in (folders.input, folders.failed):
        (folder / f"{case_id}.r1" / "instances").mkdir(parents=True)
        (folder / f"{case_id}.r1" / "instances" / "a.dcm").write_bytes(b"DICM")
    (folders.output / f".{case_id}.partial-abc").mkdir()
    (folders.sent / f"study-{number}-r1.zip").write_bytes(b"zip")
    return number


def files(folders: DataFolders) -> set[str]:
    """Every file and folder of the data folder."""
    return {path.relative_to(folders.root).as_posix() for path in folders.root.rglob("*")}


def counts(database: Database) -> dict[str, int]:
    """Rows per table."""
    with database.read() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def test_all_of_it_goes_and_nothing_of_the_other(
    database: Database, folders: DataFolders, both: tuple[int, int]
) -> None:
    """Rows and files; what belongs to the study of the similar name is as before."""
    first, second = both
    before = files(folders)
    delete_study(database, folders, first, NOW, "ana")
    gone = before - files(folders)
    mine = ("incoming/1.2.3", "SilvaMJ_20260201_123456.", "SilvaMJ_20260201_123456/")
    assert all(
        name.endswith(("1.2.3", "123456", f"study-{first}-r1.zip"))
        or any(part in name for part in mine)
        for name in gone
    )
    assert not any(OTHER in name or "123456_2" in name for name in gone)
    left = {name for name in files(folders) if name.endswith((".dcm", ".json", ".zip", ".gz"))}
    assert all(
        OTHER in name or "123456_2" in name or name == f"sent/study-{second}-r1.zip"
        for name in left
    )
    with database.read() as session:
        assert session.scalars(select(Study.id)).all() == [second]
        for table in (Run, Instance, MeasurementRow, FindingRow):
            assert set(session.scalars(select(table.study_fk))) == {second}
        assert session.scalars(select(Patient.patient_id)).all() == [f"P-{OTHER}"]
        assert session.scalars(select(RemovedStudy.study_id)).all() == [first]
        last = session.scalars(select(Event).order_by(Event.id.desc())).first()
        assert last is not None
        assert (last.kind, last.actor, last.study_fk) == ("deleted", "ana", None)


def test_a_patient_of_another_study_stays(database: Database, folders: DataFolders) -> None:
    """Deleting one of two studies of a patient keeps the patient."""
    with database.write() as session:
        one, two = add_study(session, "1"), add_study(session, "2")
        two.patient_fk = one.patient_fk
        session.flush()
        number = one.id
    delete_study(database, folders, number, NOW, "ana")
    with database.read() as session:
        assert session.scalars(select(Study.patient_fk)).one() is not None
        assert len(session.scalars(select(Patient.id)).all()) == 2  # the second one's own is unused


def test_a_study_a_worker_holds_is_refused(
    database: Database, folders: DataFolders, both: tuple[int, int]
) -> None:
    """Nothing of it is touched; a waiting one is cancelled and goes."""
    first, _ = both
    with database.write() as session:
        session.scalars(
            select(Run).where(Run.study_fk == first)
        ).one().state = StudyState.SEGMENTING
    before, rows = files(folders), counts(database)
    with pytest.raises(StateConflictError, match="worker"):
        delete_study(database, folders, first, NOW, "ana")
    assert (files(folders), counts(database)) == (before, rows)
    with pytest.raises(StateConflictError, match="does not exist"):
        delete_study(database, folders, 999, NOW, "ana")


@pytest.mark.parametrize(
    ("survived", "step"), [*((n, "set_aside") for n in range(6)), (0, "clear_aside"), (0, "note")]
)
def test_killed_anywhere_it_is_finished_later(  # noqa: PLR0917 - fixtures and where it dies
    database: Database,
    folders: DataFolders,
    both: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    survived: int,
    step: str,
) -> None:
    """The process dies after so many steps; the mark stays, and the next start finishes."""
    first, second = both
    left = iter(range(survived))
    alive: Callable[..., object] = getattr(deletion, step)

    def dying(*arguments: object, **named: object) -> object:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return alive(*arguments, **named)

    monkeypatch.setattr(deletion, step, dying)
    with pytest.raises(KeyboardInterrupt):
        delete_study(database, folders, first, NOW, "ana")
    monkeypatch.undo()
    with database.read() as session:
        assert session.get_one(Study, first).state is StudyState.DELETING
    assert finish_deletions(database, folders, NOW) == 1
    assert finish_deletions(database, folders, NOW) == 0
    with database.read() as session:
        assert session.scalars(select(Study.id)).all() == [second]
    assert not any("1.2.3" in name.split("/") or ".removing" in name for name in files(folders))
    assert not (folders.output / "SilvaMJ_20260201_123456").exists()


def test_what_cannot_be_removed_is_tried_again(
    database: Database,
    folders: DataFolders,
    both: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An error of the disk leaves the study marked, says so, and harms no other deletion."""
    first, second = both

    def stuck(roots: Sequence[Path], owner: str) -> None:
        if owner == f"study-{first}":
            msg = "files in incoming cannot be removed: Permission denied"
            raise StorageError(msg)
        clear_aside(roots, owner)

    monkeypatch.setattr(deletion, "clear_aside", stuck)
    with pytest.raises(StorageError, match="Permission denied"):
        delete_study(database, folders, first, NOW, "ana")
    with database.write() as session:
        lock(session, second).state = StudyState.DELETING
    with structlog.testing.capture_logs() as logs:
        assert finish_deletions(database, folders, NOW) == 1
    assert [(entry["event"], entry["study_id"]) for entry in logs] == [("not_deleted", first)]
    with database.read() as session:
        assert session.scalars(select(Study.id)).all() == [first]
    monkeypatch.undo()
    assert finish_deletions(database, folders, NOW) == 1
    assert not any(".removing" in name for name in files(folders))


def test_a_folder_that_cannot_be_read_ends_no_service(
    database: Database, folders: DataFolders, both: tuple[int, int]
) -> None:
    """The study stays marked and is gone once the folder is back."""
    first, _ = both
    with database.write() as session:
        lock(session, first).state = StudyState.DELETING
    kept = folders.sent.rename(folders.root / "away")
    folders.sent.write_bytes(b"no folder")
    with structlog.testing.capture_logs() as logs:
        assert finish_deletions(database, folders, NOW) == 0
    assert [entry["event"] for entry in logs] == ["not_deleted"]
    folders.sent.unlink()
    kept.rename(folders.sent)
    assert finish_deletions(database, folders, NOW) == 1
    assert not (folders.sent / f"study-{first}-r1.zip").exists()


@pytest.mark.parametrize("away", ["output", "incoming"])
@pytest.mark.parametrize("alone", [True, False])
def test_files_whose_disk_is_away_are_not_taken_for_gone(
    database: Database, folders: DataFolders, both: tuple[int, int], *, away: str, alone: bool
) -> None:
    """Nothing is mounted, or the folder a service made instead; they go when they are back."""
    first, second = both
    if alone:
        delete_study(database, folders, second, NOW, "ana")
    place = getattr(folders, away)
    place.rename(folders.root / "disk")
    for is_made_anew in (False, True):
        if is_made_anew:
            folders.create()
        with pytest.raises(StorageError, match="is their disk away"):
            delete_study(database, folders, first, NOW, "ana")
        assert finish_deletions(database, folders, NOW) == 0
        with database.read() as session:
            assert session.get_one(Study, first).state is StudyState.DELETING
    shutil.rmtree(place)
    (folders.root / "disk").rename(place)
    assert finish_deletions(database, folders, NOW) == 1
    with database.read() as session:
        assert session.get(Study, first) is None
    assert not folders.study("1.2.3").exists()
    assert not (folders.output / "SilvaMJ_20260201_123456").exists()


def test_files_that_are_lost_for_good_keep_nobody_from_deleting(
    database: Database, folders: DataFolders, both: tuple[int, int]
) -> None:
    """Where another study has files, what is missing is gone; where none has, a person says so."""
    first, second = both
    shutil.rmtree(folders.study("1.2.3"))
    shutil.rmtree(folders.output / "SilvaMJ_20260201_123456")
    delete_study(database, folders, first, NOW, "ana")
    shutil.rmtree(folders.output)
    folders.create()
    with pytest.raises(StorageError, match="disk"):
        delete_study(database, folders, second, NOW, "ana")
    (folders.output / BEGUN_ANEW).touch()
    assert finish_deletions(database, folders, NOW) == 1


def test_the_last_study_killed_before_its_rows_went_is_finished(
    database: Database,
    folders: DataFolders,
    both: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No file of any study is left then; its row knows that they were removed."""
    first, second = both
    delete_study(database, folders, second, NOW, "ana")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deletion, "_forget", killed)
    with pytest.raises(KeyboardInterrupt):
        delete_study(database, folders, first, NOW, "ana")
    monkeypatch.undo()
    assert finish_deletions(database, folders, NOW) == 1


def receive_again(database: Database, folders: DataFolders) -> None:
    """The images of a deleted study come once more, as the recorder records them."""
    with database.write() as session:
        add_instance(session, add_study(session, "1.2.3"), "1.2.3.1", folders)


def assert_received(database: Database, folders: DataFolders, deleted: int) -> None:
    """What came again is there, and the deleted study is not."""
    assert folders.instance("1.2.3", "1.2.3.1").exists()
    with database.read() as session:
        assert session.scalars(select(Study.id).where(Study.key == "1.2.3")).one() != deleted
        assert session.scalars(select(RemovedStudy.study_id)).all() == [deleted]


def test_two_who_finish_take_nothing_that_came_after_the_first(
    database: Database,
    folders: DataFolders,
    both: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One has seen which files there are when another finishes and the same images come again."""
    first, _ = both
    with database.write() as session:
        lock(session, first).state = StudyState.DELETING
    paths = deletion._paths

    def seen(folders: DataFolders, study: Study) -> list[tuple[Path, Path]]:
        found = list(paths(folders, study))
        monkeypatch.undo()
        finish_deletions(database, folders, NOW)
        receive_again(database, folders)
        return found

    monkeypatch.setattr(deletion, "_paths", seen)
    finish_deletions(database, folders, NOW)
    assert_received(database, folders, first)


def test_who_comes_second_forgets_nothing_that_came_after_the_first(
    database: Database,
    folders: DataFolders,
    both: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One is about to clear what is aside when another finishes and the same images come again."""
    first, _ = both

    def late(roots: Sequence[Path], owner: str) -> None:
        monkeypatch.undo()
        finish_deletions(database, folders, NOW)
        receive_again(database, folders)
        clear_aside(roots, owner)

    monkeypatch.setattr(deletion, "clear_aside", late)
    delete_study(database, folders, first, NOW, "ana")
    assert_received(database, folders, first)


def test_a_folder_of_another_study_is_left(
    database: Database, folders: DataFolders, both: tuple[int, int]
) -> None:
    """A case folder whose id.json names another study stays, whatever the database says."""
    first, _ = both
    folder = folders.output / "SilvaMJ_20260201_123456"
    text = (folder / "id.json").read_text().replace('"1.2.3"', '"9.9.9"')
    (folder / "id.json").write_text(text)
    delete_study(database, folders, first, NOW, "ana")
    assert (folder / "resultados.json").exists()


def test_a_deletion_is_news_although_nothing_else_is_left(
    database: Database, folders: DataFolders
) -> None:
    """The number of the removal is higher than any that was told of before."""
    with database.write() as session:
        study_id = add_study(session).id
    with database.read() as session:
        cursor = changes_since(session, None).cursor
    delete_study(database, folders, study_id, NOW, "user:anna")
    with database.read() as session:
        assert changes_since(session, cursor).removed == (study_id,)
