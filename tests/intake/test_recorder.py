"""From the spool to the database, on SQLite and on PostgreSQL."""

from __future__ import annotations

import errno
import gzip
import io
import os
import threading
import zipfile
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from received_images import Image, spooled, stack
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from heimdallr.clock import utc_now
from heimdallr.config import Settings
from heimdallr.domain.identity import OWN_UID_ROOT
from heimdallr.intake import instances, spool
from heimdallr.intake import recorder as recorder_module
from heimdallr.intake.declare_complete import complete_studies
from heimdallr.intake.pixels import Fault
from heimdallr.intake.recorder import Recorded, Recorder, record_batch
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.models import (
    STAT,
    Event,
    Instance,
    Patient,
    Quarantined,
    Run,
    Series,
    Study,
    StudyState,
)
from heimdallr.store.work.lifecycle import lacking_of, reopen
from heimdallr.store.work.states import lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from heimdallr.store.database import Database


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data folder of its own."""
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def folders(settings: Settings) -> DataFolders:
    """The data folder, made."""
    made = data_folders(settings)
    made.create()
    return made


@pytest.fixture
def record(database: Database, folders: DataFolders) -> Callable[..., Recorded]:
    """Spool some images and record them at once."""

    def _record(images: Iterable[Image | bytes], **how: object) -> Recorded:
        batch = spooled(folders.spool, images, **how)  # type: ignore[arg-type]
        return record_batch(database, folders, batch.folder)

    return _record


def _study(database: Database) -> Study:
    with database.read() as session:
        return session.scalars(select(Study)).one()


def _kinds(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Event.kind).order_by(Event.id)))


def _complete(database: Database, settings: Settings, folders: DataFolders) -> None:
    with database.read() as session:
        ids = list(session.scalars(select(Study.id)))
    complete_studies(database, settings, folders, ids, utc_now())


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def consistent(database: Database, folders: DataFolders) -> int:
    """Every row has its file and every file its row, and the counts agree; how many."""
    with database.read() as session:
        rows = session.execute(select(Instance.path, Instance.size_bytes)).all()
        for study in session.scalars(select(Study)):
            mine = session.scalars(select(Instance).where(Instance.study_fk == study.id)).all()
            assert study.instance_count == len(mine)
            assert study.size_bytes == sum(one.size_bytes for one in mine)
        for series in session.scalars(select(Series)):
            counted = select(func.count()).where(Instance.series_fk == series.id)
            assert series.instance_count == session.scalar(counted)
    placed = {
        path for path in _files(folders.incoming) if "/." not in path and not path.startswith(".")
    }
    assert {path for path, _ in rows} == placed
    assert len(rows) == len(placed)
    for path, size in rows:
        assert (folders.incoming / path).stat().st_size == size
    return len(rows)


def test_a_batch_becomes_a_study(
    record: Callable[..., Recorded], database: Database, folders: DataFolders
) -> None:
    """Patient, study, two series, six instances; the files in their places, the spool empty."""
    done = record([*stack(), Image(series=2)])
    assert (done.recorded, done.identical, done.replaced) == (6, 0, 0)
    (touched,) = done.studies
    assert touched.changed
    assert touched.study_instance_uid == Image().study_uid
    study = _study(database)
    assert study.state is StudyState.RECEIVING
    assert (study.patient_name, study.patient_id) == ("SILVA^MARÍA 1", "P1")
    assert study.search_text == "silva maria 1 p1 a1"
    assert (study.modalities, study.calling_ae, study.source) == (",CT,", "CT1", "dicom")
    assert (study.instance_count, study.sex, study.study_date) == (6, "F", "20260201")
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Series)) == 2
        assert session.scalars(select(Patient)).one().name == "SILVA^MARÍA 1"
    assert consistent(database, folders) == 6
    assert not list(folders.spool.iterdir())


def test_an_identical_image_changes_nothing(
    record: Callable[..., Recorded],
    database: Database,
    settings: Settings,
    folders: DataFolders,
) -> None:
    """A re-send is dropped and counted; the study stays as complete as it was."""
    record(stack())
    _complete(database, settings, folders)
    before = _study(database)
    done = record(stack())
    assert (done.recorded, done.identical) == (0, 5)
    assert not done.studies[0].changed
    after = _study(database)
    assert (after.state, after.revision) == (StudyState.QUEUED, 1)
    assert after.last_instance_at == before.last_instance_at
    assert consistent(database, folders) == 5


def test_a_late_image_reopens_a_study(
    record: Callable[..., Recorded],
    database: Database,
    settings: Settings,
    folders: DataFolders,
) -> None:
    """Complete again, it is a new revision with a run of its own."""
    record(stack(count=3))
    _complete(database, settings, folders)
    record([Image(number=4)])
    assert _study(database).state is StudyState.RECEIVING
    assert "reopened" in _kinds(database)
    _complete(database, settings, folders)
    assert _study(database).revision == 2
    with database.read() as session:
        causes = session.scalars(select(Run.cause).order_by(Run.id)).all()
    assert causes == ["received", "late_instances"]


def test_newer_content_takes_the_place_of_older(
    record: Callable[..., Recorded],
    database: Database,
    settings: Settings,
    folders: DataFolders,
) -> None:
    """The older file is kept aside, whatever order they come in."""
    record([Image(content=1)])
    _complete(database, settings, folders)
    done = record([Image(content=2, series=1), Image(content=3)])
    assert (done.recorded, done.identical, done.replaced) == (0, 0, 2)
    assert _study(database).state is StudyState.RECEIVING
    assert _kinds(database).count("replaced") == 1
    place = folders.instance(Image().study_uid, Image().uid)
    assert place.read_bytes() == Image(content=3).encoded()
    aside = sorted((place.parent / ".replaced").iterdir())
    kept = {path.read_bytes() for path in aside}
    assert kept == {Image(content=1).encoded(), Image(content=2).encoded()}
    assert consistent(database, folders) == 1
    record([Image(content=1)])  # and back again: nothing is kept twice
    assert place.read_bytes() == Image(content=1).encoded()
    assert len(list((place.parent / ".replaced").iterdir())) == 3


def test_an_image_of_another_series_takes_nobodys_place(
    record: Callable[..., Recorded], database: Database, folders: DataFolders
) -> None:
    """Whatever UID it carries: a copy function of an archive leaves the UIDs of images."""
    record(stack(count=2))
    record([Image(number=1, tags={"SeriesInstanceUID": "1.2.3", "SeriesNumber": 9})])
    assert consistent(database, folders) == 3


def test_unusable_files_are_kept_and_counted(
    record: Callable[..., Recorded], database: Database, folders: DataFolders
) -> None:
    """Each with its reason in a row of its own; events, of the study or of none, name nobody."""
    bad = [b"no DICOM" * 100, Image(tags={"Rows": 900}), Image(tags={"Rows": 901})]
    done = record([*stack(count=2), *bad])
    assert done.recorded == 2
    assert sum(done.quarantined.values()) == 3
    with database.read() as session:
        rows = session.scalars(select(Quarantined)).all()
        messages = session.scalars(select(Event.message).where(Event.kind == "quarantined")).all()
    assert sorted(done.quarantined.values()) == [1, 2]
    assert {row.reason for row in rows} == set(done.quarantined)
    for row in rows:
        assert (folders.quarantine / row.path).stat().st_size == row.size_bytes
        assert (row.calling_ae, row.peer_address) == ("CT1", "10.0.0.7")
    assert len(messages) == 2
    assert "SILVA" not in "".join(messages)
    assert not list(folders.spool.iterdir())


def test_a_study_that_lacks_images_knows_it(
    record: Callable[..., Recorded], database: Database
) -> None:
    """How many, however often they came damaged, until they come whole."""
    damaged = [Image(number=number, tags={"Rows": 900}) for number in (3, 4)]

    def lacking() -> int:
        with database.read() as session:
            return lacking_of(session, session.scalars(select(Study)).one()).unusable

    record([*stack(count=2), *damaged])
    with database.read() as session:
        (event,) = session.scalars(select(Event).where(Event.kind == "quarantined"))
        assert event.study_fk == session.scalar(select(Study.id))
    assert lacking() == 2
    record(damaged)
    assert lacking() == 2
    record([Image(number=3)])
    assert lacking() == 1


def test_hostile_uids_stay_within_the_folder(
    record: Callable[..., Recorded], folders: DataFolders
) -> None:
    """A UID made like a path ends in quarantine."""
    evil = [
        Image(tags={keyword: "../../evil"})
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    ]
    assert sum(record(evil).quarantined.values()) == 3
    assert not list(folders.root.parent.rglob("evil*"))


def test_interleaved_studies_are_told_apart(
    record: Callable[..., Recorded], database: Database, folders: DataFolders
) -> None:
    """Images of four patients in one association, in no order."""
    mixed = [Image(study, 1, number) for number in range(1, 6) for study in range(1, 5)]
    done = record(mixed)
    assert (done.recorded, len(done.studies)) == (20, 4)
    assert consistent(database, folders) == 20
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Patient)) == 4
        assert set(session.scalars(select(Study.instance_count))) == {5}


def test_one_patient_of_several_studies_is_one_row(
    record: Callable[..., Recorded], database: Database
) -> None:
    """By PatientID and its issuer; without a PatientID nobody is anybody else."""
    same: dict[str, object] = {"PatientID": "P77"}
    nobody: dict[str, object] = {"PatientID": None}
    other: dict[str, object] = {"PatientID": "P77", "IssuerOfPatientID": "ELSEWHERE"}
    tags = {1: same, 2: same, 3: nobody, 4: nobody, 5: other}
    record([Image(study, tags=one) for study, one in tags.items()])
    with database.read() as session:
        of = {
            study.study_instance_uid: study.patient_fk for study in session.scalars(select(Study))
        }
    owner = {study: of[Image(study).study_uid] for study in tags}
    assert owner[1] == owner[2]
    assert len(set(owner.values())) == 4
    assert None not in owner.values()


def test_what_one_image_leaves_out_another_says(
    record: Callable[..., Recorded], database: Database
) -> None:
    """A report without a name does not make the study nameless, nor its patient a second one."""
    blank: dict[str, object] = dict.fromkeys(("PatientName", "PatientID", "AccessionNumber"))
    record([Image(tags=blank)])
    assert _study(database).patient_name == ""
    record([Image(number=2)])
    study = _study(database)
    assert (study.patient_name, study.search_text) == ("SILVA^MARÍA 1", "silva maria 1 p1 a1")
    with database.read() as session:
        patient = session.scalars(select(Patient)).one()
    assert (patient.id, patient.patient_id) == (study.patient_fk, "P1")


def test_several_numbers_of_one_patient_are_pointed_out(
    record: Callable[..., Recorded], database: Database
) -> None:
    """Once, and without naming them: name and birth date say that it is one person."""
    record([Image(), Image(number=2, tags={"PatientID": "X"}), Image(number=3)])
    record([Image(number=4, tags={"PatientID": "Y"})])
    assert _kinds(database).count("several_ids") == 1
    study = _study(database)
    assert (study.patient_id, study.patients) == ("P1", 1)


def test_own_objects_alone_are_stored_and_not_processed(
    record: Callable[..., Recorded],
    database: Database,
    settings: Settings,
    folders: DataFolders,
) -> None:
    """A result that comes back from the PACS begins nothing; images beside it do."""
    own: dict[str, object] = {"SOPInstanceUID": OWN_UID_ROOT + "7", "Manufacturer": "Heimdallr"}
    record([Image(tags=own)])
    _complete(database, settings, folders)
    assert _study(database).state is StudyState.STORED
    record([Image(number=2)])
    _complete(database, settings, folders)
    assert _study(database).state is StudyState.QUEUED


def test_own_objects_that_come_back_to_a_study_start_nothing(
    record: Callable[..., Recorded],
    database: Database,
    settings: Settings,
    folders: DataFolders,
) -> None:
    """An archive that forwards what it is sent would otherwise have results made without end."""
    record(stack(count=2))
    _complete(database, settings, folders)
    before = _study(database)
    own: dict[str, object] = {"SOPInstanceUID": OWN_UID_ROOT + "7", "Manufacturer": "Heimdallr"}
    record([Image(number=3, tags=own)])
    after = _study(database)
    assert (after.state, after.revision) == (StudyState.QUEUED, before.revision)
    assert after.instance_count == before.instance_count + 1
    assert _kinds(database)[-1] == "stored"
    # Images of the scanner begin anew; the same ones again do not, whatever came back meanwhile.
    record([Image(number=4)])
    _complete(database, settings, folders)
    assert _study(database).revision == before.revision + 1
    with database.write() as session:
        reopen(session, session.get_one(Study, after.id), utc_now())
    _complete(database, settings, folders)
    assert _study(database).revision == before.revision + 1


def test_an_urgent_sender_makes_studies_stat(
    record: Callable[..., Recorded], database: Database
) -> None:
    """Also of a study that others had begun."""
    record([Image()])
    assert _study(database).priority > STAT
    record([Image(number=2)], stat=True)
    study = _study(database)
    assert (study.priority, study.instance_count) == (STAT, 2)


def test_images_without_uids_are_known_again(
    record: Callable[..., Recorded], database: Database, folders: DataFolders
) -> None:
    """Their keys are made of their content."""
    nameless = dict.fromkeys(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"))
    images = [Image(number=n, content=n, tags=dict(nameless)) for n in (1, 2, 3)]
    assert record(images).recorded == 3
    assert record(images).identical == 3
    study = _study(database)
    assert study.study_instance_uid == ""
    assert study.key.startswith("study-")
    assert consistent(database, folders) == 3


def test_a_missing_file_is_put_back_by_a_resend(
    record: Callable[..., Recorded], database: Database, folders: DataFolders
) -> None:
    """A row whose file is gone gets it again, and the study is not reopened for it."""
    record(stack(count=2))
    folders.instance(Image().study_uid, Image().uid).unlink()
    done = record(stack(count=2))
    assert done.identical == 2
    assert consistent(database, folders) == 2


def test_missing_files_are_said_when_a_study_is_complete(
    record: Callable[..., Recorded],
    database: Database,
    settings: Settings,
    folders: DataFolders,
) -> None:
    """The worker will fail on them; people read why."""
    record(stack(count=2))
    folders.instance(Image().study_uid, Image().uid).unlink()
    _complete(database, settings, folders)
    assert "files_missing" in _kinds(database)


def test_a_study_that_is_being_deleted_is_waited_for(
    record: Callable[..., Recorded], database: Database, folders: DataFolders
) -> None:
    """Its new images stay in the spool until it is gone."""
    record([Image()])
    with database.write() as session:
        lock(session, _study(database).id).state = StudyState.DELETING
    assert record([Image(number=2)]).files == 0
    (batch,) = folders.spool.iterdir()
    assert (batch / spool.LEFT).exists()
    with database.write() as session:
        session.delete(lock(session, _study(database).id))
    assert record_batch(database, folders, batch).recorded == 1


def test_a_disk_without_links_gets_copies(
    record: Callable[..., Recorded],
    database: Database,
    folders: DataFolders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some file systems know no second name for a file."""

    def no_link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    record(stack())
    assert record(stack(content=1)).replaced == 5
    assert record(stack(content=1)).identical == 5
    assert sum(record([b"junk" * 500]).quarantined.values()) == 1
    assert consistent(database, folders) == 5


def test_what_the_database_refuses_is_quarantined_alone(
    record: Callable[..., Recorded],
    database: Database,
    folders: DataFolders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One poisonous file among good ones costs only itself."""
    add = instances.StudyWriter.add

    def poisonous(self: instances.StudyWriter, one: object, *rest: object) -> str:
        if getattr(one, "instance_number", 0) == 3:
            msg = "no column holds this"
            raise OverflowError(msg)
        return add(self, one, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(instances.StudyWriter, "add", poisonous)
    done = record(stack(count=7))
    assert done.recorded == 6
    assert list(done.quarantined.values()) == [1]
    monkeypatch.undo()
    assert (folders.quarantine / next(folders.quarantine.iterdir()).name / "00000003.dcm").exists()
    assert _study(database).instance_count == 6


def test_many_recorders_at_once_record_each_image_once(
    database: Database, folders: DataFolders
) -> None:
    """Four at a time, each image in three batches, of studies and patients nobody knew."""
    batches = [
        spooled(folders.spool, [Image(study, 1, n) for study in (1, 2) for n in range(1, 9)])
        for _ in range(3)
    ]
    batches.append(spooled(folders.spool, [Image(3, tags={"PatientID": "P1"})]))
    done: list[Recorded] = []
    threads = [
        threading.Thread(
            target=lambda batch=batch: done.append(record_batch(database, folders, batch.folder))
        )
        for batch in batches
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.recorded for one in done) == 17
    assert sum(one.identical for one in done) == 32
    assert consistent(database, folders) == 17
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Patient)) == 2


def test_one_batch_is_recorded_by_one_at_a_time(database: Database, folders: DataFolders) -> None:
    """Two processes that take up the same batch share nothing out."""
    batch = spooled(folders.spool, stack(count=30))
    done: list[Recorded] = []

    def work() -> None:
        try:
            done.append(record_batch(database, folders, batch.folder))
        except FileNotFoundError:
            done.append(Recorded())

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.recorded for one in done) == 30
    assert sum(one.identical for one in done) == 0
    assert consistent(database, folders) == 30


def test_images_sent_again_after_their_time_was_over_are_kept_anew(
    record: Callable[..., Recorded], database: Database, folders: DataFolders
) -> None:
    """Retention took the originals; identical ones count as just received, so that they stay."""
    record(stack(count=2))
    long_ago = datetime(2020, 1, 1, tzinfo=timezone.utc)
    with database.write() as session:
        study = session.scalars(select(Study)).one()
        study.last_instance_at, study.kept = long_ago, {"originals": False}
    for path in folders.study(_study(database).key).glob("*.dcm"):
        path.unlink()
    assert record(stack(count=2)).identical == 2
    study = _study(database)
    assert study.last_instance_at > long_ago
    assert dict(study.kept)["originals"] is True
    assert consistent(database, folders) == 2


def test_files_that_must_wait_do_not_hold_up_the_others(
    database: Database, folders: DataFolders
) -> None:
    """A study being deleted takes nothing in; what comes behind it in the batch goes on."""
    batch = spooled(folders.spool, [*stack(count=1)])
    record_batch(database, folders, batch.folder)
    with database.write() as session:
        session.scalars(select(Study)).one().state = StudyState.DELETING
    others = [Image(study=2, number=number) for number in (1, 2)]
    batch = spooled(folders.spool, [*stack(count=3, content=1), *others])
    recorder = Recorder(database, folders)
    origin = spool.read_origin(batch.folder)
    assert origin
    assert recorder.record(batch.folder, origin, limit=2).files == 0
    assert recorder.record(batch.folder, origin, limit=2).recorded == 1
    assert recorder.record(batch.folder, origin, limit=2).recorded == 1
    with database.write() as session:
        session.scalars(select(Study).order_by(Study.id)).first().state = StudyState.RECEIVING  # type: ignore[union-attr]
    done = sum((recorder.record(batch.folder, origin, limit=2) for _ in range(3)), Recorded())
    assert done.files == 3


def test_a_large_batch_is_listed_once(
    database: Database, folders: DataFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many chunks it takes; after an error it is listed anew, and nothing is left out."""
    batch = spooled(folders.spool, stack(count=9))
    origin = spool.read_origin(batch.folder)
    assert origin
    listed: list[Path] = []
    whole = recorder_module._whole_files

    def counted(one: Path) -> list[Path]:
        listed.append(one)
        return whole(one)

    monkeypatch.setattr(recorder_module, "_whole_files", counted)
    recorder = Recorder(database, folders)
    assert [recorder.record(batch.folder, origin, limit=2).recorded for _ in range(2)] == [2, 2]
    assert recorder.has_untried(batch.folder)
    assert len(listed) == 1
    with monkeypatch.context() as broken:
        broken.setattr(database, "write", _away)
        with pytest.raises(OperationalError):
            recorder.record(batch.folder, origin, limit=2)
    assert [recorder.record(batch.folder, origin, limit=2).recorded for _ in range(3)] == [2, 2, 1]
    assert not recorder.has_untried(batch.folder)
    assert len(listed) == 3
    assert consistent(database, folders) == 9


def _away() -> NoReturn:
    statement = "BEGIN"
    raise OperationalError(statement, None, ConnectionError())


def test_a_study_that_cannot_be_read_does_not_hold_up_the_others(
    record: Callable[..., Recorded],
    database: Database,
    folders: DataFolders,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its folder refuses; the next one is declared complete all the same."""
    record([Image(study=1), Image(study=2)])
    bad = Image(study=1).study_uid
    exists = Path.exists

    def refusing(path: Path) -> bool:
        if path.parent.name == bad:
            raise PermissionError(errno.EACCES, "Permission denied")
        return exists(path)

    monkeypatch.setattr(Path, "exists", refusing)
    _complete(database, settings, folders)
    with database.read() as session:
        states = {one.key == bad: one.state for one in session.scalars(select(Study))}
    assert states == {True: StudyState.RECEIVING, False: StudyState.QUEUED}


def test_what_lies_beside_the_images_of_an_upload_is_passed_over(
    database: Database, folders: DataFolders
) -> None:
    """A disc's viewer is no image, and who uploaded it still has it; damaged images are kept."""
    images = [Image().encoded(), Image(number=2, tags={"Rows": 900}).encoded()]
    files = [b"a viewer" * 100, b"PK\x03\x04" + bytes(400), *images]
    done = record_batch(database, folders, spooled(folders.spool, files, source="upload").folder)
    assert done.passed_over == {"not a DICOM file": 1, "an archive inside the input": 1}
    assert (done.recorded, sum(done.quarantined.values())) == (1, 1)
    assert not list(folders.spool.iterdir())
    assert consistent(database, folders) == 1


def test_an_archive_of_images_among_the_files_of_a_find_is_kept(
    database: Database, folders: DataFolders
) -> None:
    """It was handed in to be read, and is not: it lies where people find it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("IM2", Image(number=2).encoded())
    files = [Image().encoded(), packed.getvalue(), gzip.compress(Image(number=3).encoded())]
    done = record_batch(database, folders, spooled(folders.spool, files, source="watch").folder)
    assert (done.recorded, done.passed_over) == (1, {})
    assert done.quarantined == {"an archive inside the input": 1, "not a DICOM file": 1}


def test_real_studies_are_recorded(
    database: Database,
    folders: DataFolders,
    real_set: Callable[[str], Path],
) -> None:
    """A folder of everything: each file is an instance, in quarantine, or no DICOM."""
    files = [
        path.read_bytes()
        for name in ("ct_geometry_traps", "mr_transfer_syntaxes", "ct_phantom_philips", "highdicom")
        for path in sorted(real_set(name).rglob("*"))
        if path.is_file()
    ]
    batch = spooled(folders.spool, files, source="upload")
    done = record_batch(database, folders, batch.folder)
    assert done.files == len(files)
    assert (done.recorded, done.quarantined) == (79, {})
    assert done.passed_over == {"DICOMDIR": 3, "not a DICOM file": 4}
    assert consistent(database, folders) == done.recorded


def test_hostile_files_are_recorded_or_quarantined(
    database: Database,
    folders: DataFolders,
    real_set: Callable[[str], Path],
) -> None:
    """Whatever their headers say, no file stops the others and none is lost."""
    files = [path.read_bytes() for path in sorted(real_set("fuzz_pwnlab").rglob("*.dcm"))]
    batch = spooled(folders.spool, files)
    done = record_batch(database, folders, batch.folder)
    assert done.files == len(files) > 400
    assert consistent(database, folders) == done.recorded
    with database.read() as session:
        assert len(session.scalars(select(Quarantined)).all()) == sum(done.quarantined.values())
    assert Fault.UNRECORDABLE.value not in done.quarantined
