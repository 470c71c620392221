"""Sweeping: the plan carried out, under each study's lock, on real folders."""

from __future__ import annotations

import shutil
from collections import namedtuple
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import structlog
from migrated_database import write_migrated
from sqlalchemy import delete, select, text
from store_cases import (
    CASE_ID,
    NOW,
    add_instance,
    add_study,
    bleed,
    make_identity,
    make_results,
    write_case,
    write_viewer_files,
)

from heimdallr.config import Settings
from heimdallr.domain.errors import StorageError
from heimdallr.store.database import open_database
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.models import (
    AuditEntry,
    Event,
    FindingRow,
    MeasurementRow,
    Quarantined,
    Study,
    StudyState,
)
from heimdallr.store.results import index_results
from heimdallr.store.upkeep import retention
from heimdallr.store.upkeep.removal import set_aside, size_of
from heimdallr.store.upkeep.retention import _Disk, planned, sweep
from heimdallr.store.work.states import lock

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.store.database import Database
    from heimdallr.store.upkeep.retention_plan import Removal

LATER = NOW + timedelta(days=40)
ORIGINALS_30 = {"keep_originals_days": 30.0}
EVERYTHING_30 = {f"keep_{part}_days": 30.0 for part in ("originals", "volumes", "masks", "results")}


def settings(tmp_path: Path, **values: float) -> Settings:
    """Settings for a data folder of the test's own."""
    return Settings(data_dir=tmp_path / "data", **values)  # type: ignore[arg-type]


@pytest.fixture
def folders(tmp_path: Path) -> DataFolders:
    """Its folders."""
    made = data_folders(settings(tmp_path))
    made.create()
    return made


@pytest.fixture
def done(database: Database, folders: DataFolders) -> int:
    """A finished study of two images, with a critical finding that was acknowledged."""
    looked_at(database, NOW + timedelta(days=20))
    with database.write() as session:
        study = add_study(session, case_id=CASE_ID, state=StudyState.DONE, finished_at=NOW)
        for key in ("1.2.3.9", "1.2.3.10"):
            add_instance(session, study, key, folders, content=b"D" * 2000)
        results = make_results(findings=(bleed(),))
        folder = write_case(folders.output, results)
        index_results(session, study, results, make_identity(), folder, NOW)
        session.flush()
        finding = session.scalars(select(FindingRow)).one()
        finding.acknowledged_at = NOW
        failure = folders.failed / f"{CASE_ID}.r1"
        failure.mkdir()
        (failure / "a.dcm").hardlink_to(folders.instance(study.key, "1.2.3.9"))
        return study.id


def looked_at(database: Database, at: datetime) -> None:
    """Somebody used the system then, so that time has passed for certain."""
    with database.write() as session:
        session.add(AuditEntry(at=at, actor="user:ana", action="study.view"))


def parts(removals: tuple[Removal, ...]) -> list[str]:
    """Which parts."""
    return [removal.part.value for removal in removals]


def test_originals_go_and_the_results_stay(
    database: Database, folders: DataFolders, done: int, tmp_path: Path
) -> None:
    """All names of the images go, the study knows it, an event tells it, a second sweep rests."""
    swept = sweep(settings(tmp_path, **ORIGINALS_30), database, LATER)
    assert (parts(swept.removals), swept.freed_bytes) == (["originals"], 4000)
    assert not (folders.incoming / "1.2.3").exists()
    assert not (folders.failed / f"{CASE_ID}.r1").exists()
    assert list(folders.incoming.rglob("*.dcm")) == []
    assert (folders.output / CASE_ID / "resultados.json").exists()
    with database.read() as session:
        study = session.get_one(Study, done)
        assert study.kept == {"originals": False, "volume": True, "masks": True, "results": True}
        assert study.has_results
        event = session.scalars(select(Event).where(Event.kind == "retention")).one()
        assert "originals removed" in event.message
    assert sweep(settings(tmp_path, **ORIGINALS_30), database, LATER).removals == ()


def test_everything_may_go_and_the_study_is_still_listed(
    database: Database, folders: DataFolders, done: int, tmp_path: Path
) -> None:
    """Files and indexed numbers go; the row remains and says that there is nothing."""
    swept = sweep(settings(tmp_path, **EVERYTHING_30), database, LATER)
    assert parts(swept.removals) == ["originals", "volume", "masks", "results"]
    assert swept.freed_bytes > 4000 + 1000 + 300
    assert not (folders.output / CASE_ID).exists()
    with database.read() as session:
        study = session.get_one(Study, done)
        assert not any(dict(study.kept).values())
        assert (study.has_results, study.has_hemorrhage, study.worst_severity) == (False, None, 0)
        assert session.scalars(select(MeasurementRow)).all() == []
        assert session.scalars(select(FindingRow)).all() == []
    leftovers = [path for path in folders.root.rglob("*") if path.is_file()]
    assert [path for path in leftovers if "state" not in path.parts] == []


def test_viewer_files_go_with_what_they_show(
    database: Database, folders: DataFolders, done: int, tmp_path: Path
) -> None:
    """The preview with the volume, the label maps with the masks, and nothing else with them."""
    folder = folders.output / CASE_ID
    write_viewer_files(folder)
    preview, labels = (folder / "preview.nii.gz").stat().st_size, size_of(folder / "labels")
    swept = sweep(settings(tmp_path, keep_volumes_days=30.0), database, LATER)
    assert [(one.study_id, one.part.value) for one in swept.removals] == [(done, "volume")]
    assert swept.freed_bytes == 1000 + preview
    assert not (folder / "preview.nii.gz").exists()
    assert (folder / "labels" / "total.nii.gz").exists()
    swept = sweep(settings(tmp_path, keep_masks_days=30.0), database, LATER)
    assert (parts(swept.removals), swept.freed_bytes) == (["masks"], 300 + labels)
    left = {path.name for path in folder.iterdir()}
    assert left == {"id.json", "resultados.json", "L3_overlay.png"}


def test_what_persons_corrected_goes_with_the_results(
    database: Database, folders: DataFolders, done: int, tmp_path: Path
) -> None:
    """They drew it by hand; the networks can make the masks again, and nobody their voxels."""
    folder = folders.output / CASE_ID
    write_viewer_files(folder)
    difference = folder / "corrections" / "0001" / "difference.gz"
    difference.parent.mkdir(parents=True)
    difference.write_bytes(b"V" * 700)
    swept = sweep(settings(tmp_path, keep_masks_days=30.0), database, LATER)
    assert parts(swept.removals) == ["masks"]
    assert not (folder / "labels").exists()
    assert difference.read_bytes() == b"V" * 700
    with database.read() as session:
        assert dict(session.get_one(Study, done).kept)["masks"] is False
    results = size_of(folder) - (folder / "volume.nii.gz").stat().st_size
    results -= (folder / "preview.nii.gz").stat().st_size
    swept = sweep(settings(tmp_path, keep_results_days=30.0), database, LATER)
    assert (parts(swept.removals), swept.freed_bytes) == (["results"], results)
    assert not difference.parent.parent.exists()


def test_a_dry_run_touches_nothing(
    database: Database, folders: DataFolders, done: int, tmp_path: Path
) -> None:
    """The same plan, with sizes, and everything as before."""
    before = sorted(folders.root.rglob("*"))
    removals = planned(settings(tmp_path, **EVERYTHING_30), database, LATER).removals
    assert next((one.study_id, one.part.value) for one in removals) == (done, "originals")
    assert {one.part.value: one.size_bytes for one in removals}["masks"] == 300
    assert sorted(folders.root.rglob("*")) == before


@pytest.mark.parametrize("why", ["flagged", "unseen", "queued", "young"])
def test_protected_studies_stay(
    database: Database, folders: DataFolders, done: int, tmp_path: Path, why: str
) -> None:
    """A flag, a critical finding nobody saw, work that waits, or not being old enough."""
    with database.write() as session:
        study = session.get_one(Study, done)
        if why == "flagged":
            study.flagged = True
        elif why == "unseen":
            session.scalars(select(FindingRow)).one().acknowledged_at = None
        elif why == "queued":
            study.state = StudyState.QUEUED
    now = NOW + timedelta(days=29) if why == "young" else LATER
    assert sweep(settings(tmp_path, **EVERYTHING_30), database, now).removals == ()
    assert (folders.output / CASE_ID / "volume.nii.gz").exists()


def test_what_was_taken_up_after_the_plan_stays(
    database: Database,
    folders: DataFolders,
    done: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The look under the lock decides, not the plan."""
    decided = planned(settings(tmp_path, **EVERYTHING_30), database, LATER)
    nothing = replace(decided, removals=())
    monkeypatch.setattr(
        retention, "planned", lambda *_, without, **__: nothing if without else decided
    )
    with database.write() as session:
        lock(session, done).finished_at = LATER
    swept = sweep(settings(tmp_path, **EVERYTHING_30), database, LATER)
    assert (swept.removals, len(swept.kept_back)) == ((), 4)
    with database.write() as session:
        lock(session, done).state = StudyState.SEGMENTING
    assert sweep(settings(tmp_path, **EVERYTHING_30), database, LATER).removals == ()
    assert folders.instance("1.2.3", "1.2.3.9").exists()


@pytest.mark.usefixtures("done")
def test_space_is_made(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With less free than wanted the originals go, however young, and the rest stays."""
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil's own
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 0, 10**9 - 3000))
    swept = sweep(settings(tmp_path, keep_free_gb=1.0), database, NOW)
    assert [(one.part.value, one.reason) for one in swept.removals] == [("originals", "space")]


def test_zips_handed_over_go_with_the_originals(
    database: Database, folders: DataFolders, done: int, tmp_path: Path
) -> None:
    """Sent ones and failed ones; each is a copy that counts; those of other studies stay."""
    other = folders.sent / f"study-{done}1-r1.zip"
    mine = folders.sent / f"study-{done}-r1.zip", folders.failed / f"study-{done}-r2.zip"
    for path in (*mine, other):
        path.write_bytes(b"Z" * 4500)
    swept = sweep(settings(tmp_path, **ORIGINALS_30), database, LATER)
    assert (parts(swept.removals), swept.freed_bytes) == (["originals"], 4000 + 2 * 4500)
    assert list(folders.sent.iterdir()) == [other]
    assert list(folders.failed.iterdir()) == []


@pytest.mark.usefixtures("done")
def test_a_folder_that_cannot_be_read_stops_no_sweep(
    database: Database, folders: DataFolders, tmp_path: Path
) -> None:
    """What is in it stays for this time; the rest goes."""
    folders.sent.rmdir()
    folders.sent.write_bytes(b"no folder")
    assert parts(sweep(settings(tmp_path, **ORIGINALS_30), database, LATER).removals) == [
        "originals"
    ]
    assert not (folders.incoming / "1.2.3").exists()


@pytest.mark.usefixtures("done")
def test_the_log_names_no_patient(database: Database, folders: DataFolders, tmp_path: Path) -> None:
    """A part that cannot be removed is told by its study's number."""
    (folders.output / ".removing").write_bytes(b"in the way")
    with structlog.testing.capture_logs() as logs:
        swept = sweep(settings(tmp_path, keep_masks_days=30.0), database, LATER)
    assert parts(swept.kept_back) == ["masks"]
    assert "not_removed" in {entry["event"] for entry in logs}
    assert CASE_ID not in str(logs)


def test_rows_follow_when_a_killed_sweep_took_the_files(
    database: Database,
    folders: DataFolders,
    done: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process dies with everything set aside and nothing written down."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_Disk, "drop_empty", killed)
    for values in EVERYTHING_30.items():
        with pytest.raises(KeyboardInterrupt):
            sweep(settings(tmp_path, **dict([values])), database, LATER)
    monkeypatch.undo()
    assert not (folders.incoming / "1.2.3").exists()
    assert list((folders.output / CASE_ID).iterdir()) == []
    with database.read() as session:
        study = session.get_one(Study, done)
        assert (dict(study.kept)["masks"], study.has_results) == (True, True)
    swept = sweep(settings(tmp_path, **EVERYTHING_30), database, LATER)
    assert parts(swept.removals) == ["originals", "volume", "masks", "results"]
    with database.read() as session:
        study = session.get_one(Study, done)
        assert (any(dict(study.kept).values()), study.has_results) == (False, False)
    assert sweep(settings(tmp_path, **EVERYTHING_30), database, LATER).removals == ()


@pytest.mark.parametrize("days", [40, 400, 9 * 365])
def test_nothing_goes_by_age_when_the_clock_has_jumped(
    database: Database, folders: DataFolders, done: int, tmp_path: Path, days: int
) -> None:
    """Whatever is recorded under the new time, for a week; then it is believed."""
    with database.write() as session:
        session.execute(delete(AuditEntry))
    jumped = NOW + timedelta(days=days)
    looked_at(database, jumped)
    with database.write() as session:
        add_study(session, "after", last_instance_at=jumped, received_at=jumped)
    with structlog.testing.capture_logs() as logs:
        for hour in range(7 * 24):
            swept = sweep(
                settings(tmp_path, **EVERYTHING_30), database, jumped + timedelta(hours=hour)
            )
            assert swept.removals == ()
            assert swept.doubt.startswith("nothing was recorded between 2026-02-01 and 20")
    assert {one["event"] for one in logs} == {"not_removed_by_age"}
    assert (folders.output / CASE_ID / "volume.nii.gz").exists()
    later = jumped + timedelta(days=7, minutes=1)
    swept = sweep(settings(tmp_path, **EVERYTHING_30), database, later)
    assert {one.study_id for one in swept.removals} == {done}


@pytest.mark.usefixtures("done")
def test_a_person_may_vouch_for_the_clock(database: Database, tmp_path: Path) -> None:
    """Where nothing happened for a month, and the clock is right."""
    values, later = settings(tmp_path, **EVERYTHING_30), NOW + timedelta(days=400)
    assert planned(values, database, later).removals == ()
    swept = sweep(values, database, later, believe_clock=True)
    assert (len(swept.removals), swept.doubt) == (4, "")


def test_a_wrong_clock_keeps_nobody_from_making_space(
    database: Database, done: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That rule asks for bytes, not for the time."""
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil's own
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 0, 10**9 - 3000))
    values = settings(tmp_path, **EVERYTHING_30, keep_free_gb=1.0)
    swept = sweep(values, database, NOW + timedelta(days=400))
    assert [(one.study_id, one.reason) for one in swept.removals] == [(done, "space")]
    assert swept.doubt


@pytest.mark.parametrize(("percent", "each"), [(1, [1, 1, 1, 1]), (50, [2, 2, 0, 0])])
def test_one_sweep_takes_a_share_of_the_studies(
    database: Database,
    folders: DataFolders,
    tmp_path: Path,
    percent: float,
    each: list[int],
) -> None:
    """The oldest first, one at least; what is left is said, and goes with the next sweeps."""
    with database.write() as session:
        for number in range(4):
            study = add_study(
                session, f"1.2.{number}", state=StudyState.DONE,
                last_instance_at=NOW + timedelta(minutes=number),
            )  # fmt: skip
            add_instance(session, study, f"1.2.{number}.9", folders, content=b"D" * 2000)
    looked_at(database, NOW + timedelta(days=20))
    values = settings(tmp_path, **ORIGINALS_30, keep_sweep_percent=percent)
    assert len(planned(values, database, LATER, at_once=True).removals) == 4
    found = [sweep(values, database, LATER) for _ in each]
    assert [len(one.removals) for one in found] == each
    assert [one.study_id for swept in found for one in swept.removals] == [1, 2, 3, 4]
    left = 4 - each[0]
    assert [one.more for one in found][:2] == [left > 0, left - each[1] > 0]


def test_studies_that_cannot_be_removed_do_not_take_the_others_turn(
    database: Database, folders: DataFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest is stuck; the next one goes all the same."""
    with database.write() as session:
        for number in range(3):
            study = add_study(
                session, f"1.2.{number}", state=StudyState.DONE,
                last_instance_at=NOW + timedelta(minutes=number),
            )  # fmt: skip
            add_instance(session, study, f"1.2.{number}.9", folders, content=b"D")
    looked_at(database, NOW + timedelta(days=20))

    def stuck(path: Path, root: Path) -> bool:
        if path.name == "1.2.0":
            msg = "it cannot be removed"
            raise StorageError(msg)
        return set_aside(path, root)

    monkeypatch.setattr(retention, "set_aside", stuck)
    for expected in (2, 3):
        swept = sweep(settings(tmp_path, **ORIGINALS_30), database, LATER)
        assert [one.study_id for one in swept.removals] == [expected]
        assert [one.study_id for one in swept.kept_back] == [1]


def test_what_a_killed_sweep_left_is_cleared(
    database: Database, folders: DataFolders, tmp_path: Path
) -> None:
    """Files that were set aside and not taken apart."""
    left = folders.incoming / ".removing" / "0123" / "a.dcm"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"DICM")
    sweep(settings(tmp_path), database, NOW)
    assert not left.parent.parent.exists()


def test_a_sweep_finishes_deletions(
    database: Database, folders: DataFolders, done: int, tmp_path: Path
) -> None:
    """A study that was being deleted when the process died is gone after it."""
    with database.write() as session:
        lock(session, done).state = StudyState.DELETING
    assert sweep(settings(tmp_path), database, NOW).deletions == 1
    assert not (folders.output / CASE_ID).exists()
    with database.read() as session:
        assert session.scalars(select(Study)).all() == []


def test_sqlite_keeps_what_a_sweep_has_it_learn(folders: DataFolders, tmp_path: Path) -> None:
    """A database that has filled is analysed, and what was found is committed."""
    write_migrated(folders.state / "heimdallr.db")
    database = open_database(settings(tmp_path))
    with database.write() as session:
        rows = (
            Quarantined(path=str(number), reason="damaged", size_bytes=1, received_at=NOW)
            for number in range(2000)
        )
        session.add_all(rows)
    with database.read() as session:  # a query that wants to know which index is better
        picky = select(Quarantined).where(Quarantined.received_at > NOW, Quarantined.path < "2")
        session.scalars(picky).all()
    sweep(settings(tmp_path), database, NOW)
    with database.read() as session:
        known = session.execute(text("SELECT tbl FROM sqlite_stat1")).scalars().all()
    database.close()
    assert Quarantined.__tablename__ in known
