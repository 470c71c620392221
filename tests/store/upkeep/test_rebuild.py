"""The index rebuilt from case folders: the same rows, and nothing worked on twice."""

from __future__ import annotations

import shutil
from collections import namedtuple
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from store_cases import (
    CASE_ID,
    NOW,
    SERIES_UID,
    UID,
    add_instance,
    add_study,
    bleed,
    make_identity,
    make_results,
    write_case,
)

from heimdallr.config import Settings
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.models import (
    FindingRow,
    Instance,
    MeasurementRow,
    Patient,
    Run,
    Series,
    Study,
    StudyState,
)
from heimdallr.store.upkeep.rebuild import rebuild
from heimdallr.store.upkeep.retention import sweep
from heimdallr.store.work.lifecycle import complete
from heimdallr.store.work.states import lock

if TYPE_CHECKING:
    from pathlib import Path

    from heimdallr.publishing.schema import Identity, Results
    from heimdallr.store.database import Database

LATER = NOW + timedelta(days=1)
BEFORE = NOW - timedelta(hours=1)


@pytest.fixture
def folders(tmp_path: Path) -> DataFolders:
    """A data folder with one case."""
    folders = data_folders(Settings(data_dir=tmp_path / "data"))
    folders.create()
    write_case(folders.output, make_results(findings=(bleed(),)))
    return folders


def record_images(database: Database, received: object = BEFORE) -> None:
    """The study's images, as the recorder finds them in the incoming folder."""
    with database.write() as session:
        study = add_study(session)
        instance = add_instance(session, study, "1.2.3.9")
        instance.received_at = received  # type: ignore[assignment]


def test_a_study_with_images_is_done_again(database: Database, folders: DataFolders) -> None:
    """Its content counts as worked on: complete again, it is not worked on again."""
    record_images(database)
    report = rebuild(database, folders, LATER)
    assert (report.found, report.made, report.known, report.skipped) == (1, 0, 0, {})
    with database.write() as session:
        study = lock(session, session.scalars(select(Study.id)).one())
        assert (study.state, study.revision, study.case_id) == (StudyState.DONE, 1, CASE_ID)
        assert (study.elapsed_s, study.last_instance_at) == (90.0, BEFORE)
        assert study.worst_severity == 3
        run = session.scalars(select(Run)).one()
        assert (run.state, run.cause) == (StudyState.DONE, "rebuilt")
        assert run.seconds == {"prepare": 10.0, "segment": 60.0, "analyze": 15.0, "publish": 5.0}
        series = session.scalars(select(Series)).one()
        assert (series.uid, series.rank) == (SERIES_UID, 1)
        assert complete(session, study, LATER) is None
        assert study.state is StudyState.DONE


def test_a_study_without_images_is_made_from_its_folder(
    database: Database, folders: DataFolders
) -> None:
    """Names, dates, series and numbers; and it says that the originals are gone."""
    report = rebuild(database, folders, LATER)
    assert (report.found, report.made) == (0, 1)
    with database.read() as session:
        study = session.scalars(select(Study)).one()
        assert (study.key, study.patient_name, study.study_date) == (
            UID,
            "SILVA^MARIA JOSÉ",
            "20260201",
        )
        assert study.search_text == "silva maria jose p-77 123456"
        assert study.modalities == ",CT,"
        assert study.kept == {"originals": False, "volume": True, "masks": True, "results": True}
        assert session.scalars(select(Patient.patient_id)).all() == ["P-77"]
        assert [row.rank for row in session.scalars(select(Series).order_by(Series.number))] == [
            None,
            1,
        ]
        assert len(session.scalars(select(MeasurementRow)).all()) == 3
        assert session.scalars(select(FindingRow.code)).all() == ["intracerebral_haemorrhage"]
        assert session.scalars(select(Instance)).all() == []


def test_what_was_perhaps_flagged_is_left_for_a_week(
    database: Database, folders: DataFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder tells of a flag: nothing goes by age or for space until a person had the time."""
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil's own
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 0, 0))
    values = Settings(data_dir=folders.root, keep_volumes_days=365, keep_free_gb=1)
    volume = folders.output / CASE_ID / "volume.nii.gz"
    lost = NOW + timedelta(days=730)
    record_images(database)
    rebuild(database, folders, lost)
    with database.write() as session:
        session.scalars(select(FindingRow)).one().acknowledged_at = lost
    almost = lost + timedelta(days=6, hours=23)
    assert sweep(values, database, almost, believe_clock=True).removals == ()
    assert volume.exists()
    rebuild(database, folders, almost)  # what is known is not found again
    swept = sweep(values, database, lost + timedelta(days=7), believe_clock=True)
    assert {one.part.value for one in swept.removals} == {"volume", "masks", "originals"}
    assert not volume.exists()


def test_doing_it_again_changes_nothing(database: Database, folders: DataFolders) -> None:
    """An acknowledgement made since stays as well."""
    record_images(database)
    rebuild(database, folders, LATER)
    with database.write() as session:
        session.scalars(select(FindingRow)).one().acknowledged_by = "ana"
    report = rebuild(database, folders, LATER)
    assert (report.found, report.made, report.known) == (0, 0, 1)
    with database.read() as session:
        assert len(session.scalars(select(Run)).all()) == 1
        assert session.scalars(select(FindingRow.acknowledged_by)).all() == ["ana"]


def test_images_that_came_after_the_results_are_worked_on(
    database: Database, folders: DataFolders
) -> None:
    """They may not be part of them: shown with the old results, waiting for the next revision."""
    record_images(database, received=NOW + timedelta(hours=1))
    report = rebuild(database, folders, LATER)
    assert (report.found, report.waiting) == (1, 1)
    with database.write() as session:
        study = lock(session, session.scalars(select(Study.id)).one())
        assert (study.state, study.has_results) == (StudyState.RECEIVING, True)
        run = complete(session, study, LATER)
        assert run is not None
        assert run.revision == 2


def test_what_cannot_be_used_is_named(database: Database, folders: DataFolders) -> None:
    """A damaged, an incomplete, a renamed folder, and a second one of the same study."""
    damaged = write_case(folders.output, *_case("Damaged_1", "9.1"))
    (damaged / "resultados.json").write_text('{"case_id": 7')
    incomplete = write_case(folders.output, *_case("Incomplete_1", "9.2"))
    (incomplete / "id.json").unlink()
    write_case(folders.output, *_case("Renamed_1", "9.3")).rename(folders.output / "Other_1")
    write_case(folders.output, *_case("Zweite_1", UID))
    (folders.output / ".Half_1.partial-abc").mkdir()
    (folders.output / "notes.txt").write_text("x")
    report = rebuild(database, folders, LATER)
    assert report.made == 1
    assert report.skipped == {
        "Damaged_1": "id.json or resultados.json cannot be read",
        "Incomplete_1": "id.json is missing",
        "Other_1": "its files name another case",
        "Zweite_1": f"its study has another case folder, {CASE_ID}",
    }


def _case(case_id: str, uid: str) -> tuple[Results, Identity]:
    return make_results(case_id=case_id), make_identity(case_id=case_id, uid=uid)
