"""Retention, backup, restore, rebuild-index and doctor's look at the store, as they are typed."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from migrated_database import migrated_database
from received_images import ROOT, Image, stack
from sqlalchemy import delete, select, text
from store_cases import add_instance, add_study, make_identity, make_results, write_case
from typer.testing import CliRunner

from heimdallr.cli.app import app
from heimdallr.cli.diagnosis.store import (
    database_check,
    disk_check,
    folders_check,
    object_store_check,
    privacy_check,
)
from heimdallr.clock import utc_now
from heimdallr.config import Settings, load_settings
from heimdallr.domain.errors import HeimdallrError
from heimdallr.files import whole_file
from heimdallr.store.database import Database, open_database
from heimdallr.store.layout import data_folders
from heimdallr.store.migrate import upgrade
from heimdallr.store.models import AuditEntry, Instance, Quarantined, Run, Study, StudyState

if TYPE_CHECKING:
    from collections.abc import Iterator

LAST_MONTH = utc_now() - timedelta(days=20)
LONG_AGO = utc_now() - timedelta(days=400)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """The settings of every command of the test; nothing is there yet."""
    monkeypatch.setenv("HEIMDALLR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HEIMDALLR_DISK_RESERVE_GB", "0")
    monkeypatch.setenv("COLUMNS", "200")
    return load_settings()


@pytest.fixture
def opened(settings: Settings) -> Iterator[Database]:
    """The configured database with its tables, and all folders."""
    data_folders(settings).create()
    database = migrated_database(settings)
    yield database
    database.close()


def run(*arguments: str, code: int = 0) -> str:
    """What a command prints."""
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == code, done.output
    return done.stdout


def audited(database: Database) -> list[str]:
    """What the audit trail tells of this shell."""
    with database.read() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_retention_says_first_and_does_then(
    settings: Settings, opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run lists sizes and touches nothing; the run removes just that, and is audited."""
    folders = data_folders(settings)
    with opened.write() as session:
        study = add_study(
            session, case_id="Old_1", state=StudyState.DONE, last_instance_at=LONG_AGO
        )
        add_instance(session, study, "1.2.3.9", folders, content=b"D" * 5_000_000)
    assert "nothing is ever removed" in run("retention", "--dry-run")
    monkeypatch.setenv("HEIMDALLR_KEEP_ORIGINALS_DAYS", "30")
    assert "would go: 0.0 MB" in run("retention", "--dry-run")
    assert json.loads(run("retention", "--json"))["doubt"].startswith("nothing was recorded")
    assert "would go: 5.0 MB" in run("retention", "--dry-run", "--believe-clock")
    with opened.write() as session:
        session.execute(delete(AuditEntry))
        session.add(AuditEntry(at=LAST_MONTH, actor="user:ana", action="study.view"))
    said = run("retention", "--dry-run")
    assert "would go: 5.0 MB of 1 studies (1 × originals)" in said
    assert folders.instance("1.2.3", "1.2.3.9").exists()
    told = json.loads(run("retention", "--dry-run", "--json"))
    assert [(row["case_id"], row["bytes"]) for row in told["removals"]] == [("Old_1", 5_000_000)]
    assert audited(opened) == ["study.view"]
    assert "gone: 5.0 MB" in run("retention")
    assert not folders.study("1.2.3").exists()
    assert audited(opened) == ["study.view", "retention.sweep"]
    assert "gone: 0.0 MB of 0 studies" in run("retention")


def test_backup_and_restore(settings: Settings, opened: Database, tmp_path: Path) -> None:
    """The file is lost, the backup brings it back; a full one is not replaced without --force."""
    with opened.write() as session:
        add_study(session)
    assert "checked" in run("backup", str(tmp_path / "backup"))
    opened.close()
    shutil.rmtree(data_folders(settings).state)
    folders = data_folders(settings)
    folders.study("1.2.3").mkdir()
    said = run("restore", str(tmp_path / "backup"))
    assert "restored: 1 studies" in said
    assert "does not know" not in said
    assert "`heimdallr rebuild-index`" in said
    assert "`heimdallr user list`" in said
    with opened.read() as session:
        assert session.scalars(select(Study.key)).all() == ["1.2.3"]
    refused = CliRunner().invoke(app, ["restore", str(tmp_path / "backup")])
    assert isinstance(refused.exception, HeimdallrError)
    assert "1 studies" in str(refused.exception)
    folders.study("1.2.4").mkdir()
    write_case(folders.output, make_results())
    said = run("restore", str(tmp_path / "backup"), "--force")
    assert "2 folders hold images or results of studies it does not know" in said
    assert audited(opened) == ["database.restore"]


def test_rebuild_index_from_images_and_case_folders(settings: Settings, opened: Database) -> None:
    """A processed study is done again, an unprocessed one waits, a damaged image is quarantined."""
    folders = data_folders(settings)
    for image in (*stack(1), *stack(2)):
        path = folders.instance(image.study_uid, image.uid)
        path.parent.mkdir(exist_ok=True)
        with whole_file(path) as file:
            file.write(image.encoded())
    broken = folders.instance(f"{ROOT}.2", "9.9")
    broken.write_bytes(Image(2, 1, 9).encoded()[:-100])
    (broken.parent / "notes.dcm").write_bytes(b"no DICOM at all")
    case_id = "SilvaM_20260201_A1"
    later = utc_now() + timedelta(minutes=1)
    identity = make_identity(case_id=case_id, uid=f"{ROOT}.1")
    pipeline = identity.pipeline.model_copy(update={"start_time": later, "end_time": later})
    named = {"patient_name": "SILVA^MARÍA 1", "patient_id": "P1", "birth_date": "19600201"}
    identity = identity.model_copy(update={"pipeline": pipeline, **named})
    write_case(folders.output, make_results(case_id=case_id), identity)

    said = run("rebuild-index")
    assert "10 images recorded, 0 known, 2 unusable" in said
    assert "studies: 1 with their results, 0 from results alone" in said
    assert "flag again, within 7 days, what retention is to leave" in said
    with opened.read() as session:
        states = {study.key: study.state for study in session.scalars(select(Study))}
        assert states == {f"{ROOT}.1": StudyState.DONE, f"{ROOT}.2": StudyState.RECEIVING}
        assert len(session.scalars(select(Instance)).all()) == 10
        assert len(session.scalars(select(Run)).all()) == 1
        kept = session.scalars(select(Quarantined.path)).one()
    assert (folders.quarantine / kept).read_bytes() == Image(2, 1, 9).encoded()[:-100]
    assert (broken.parent / "notes.dcm").exists()
    assert not broken.exists()
    assert all(
        folders.instance(image.study_uid, image.uid).exists()
        for image in (*stack(1), Image(2, 1, 5))
    )
    assert list(folders.spool.iterdir()) == []
    again = json.loads(run("rebuild-index", "--json"))
    assert again["images"] == {"recorded": 0, "unusable": {}}
    assert (again["found"], again["made"], again["known"]) == (0, 0, 1)
    with opened.read() as session:
        assert {one.state for one in session.scalars(select(Study))} == {
            StudyState.DONE,
            StudyState.RECEIVING,
        }


def test_rebuild_index_keeps_patients_apart(settings: Settings, opened: Database) -> None:
    """Two of one StudyInstanceUID: each has their own images and results again."""
    folders = data_folders(settings)
    apart = f"{ROOT}.1-0a1b2c3d"
    other = {"PatientName": "PEREIRA^ANA", "PatientID": "Q9", "PatientBirthDate": "20150101"}
    for key, images in (
        (f"{ROOT}.1", stack(1)),
        (apart, [Image(1, 2, number, tags=dict(other)) for number in (1, 2)]),
    ):
        for image in images:
            path = folders.instance(key, image.uid)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(image.encoded())
    for case_id, name, number, born in (
        ("PereiraA_1_1", "PEREIRA^ANA", "Q9", "20150101"),
        ("SilvaM_1_1", "SILVA^MARÍA 1", "P1", "19600201"),
        ("Third_1_1", "THIRD^PERSON", "T3", "19800101"),
    ):
        named = {"patient_name": name, "patient_id": number, "birth_date": born}
        identity = make_identity(case_id=case_id, uid=f"{ROOT}.1").model_copy(update=named)
        write_case(folders.output, make_results(case_id=case_id), identity)
    run("rebuild-index")
    with opened.read() as session:
        found = {one.case_id: one for one in session.scalars(select(Study))}
    assert {case: (one.key, one.instance_count) for case, one in found.items()} == {
        "SilvaM_1_1": (f"{ROOT}.1", 5),
        "PereiraA_1_1": (apart, 2),
        "Third_1_1": (found["Third_1_1"].key, 0),
    }
    assert {one.patients for one in found.values()} == {1}
    assert found["PereiraA_1_1"].birth_date == "20150101"
    assert found["Third_1_1"].key.startswith(f"{ROOT}.1-")


def test_doctor_before_the_first_start(settings: Settings) -> None:
    """Nothing is there and nothing is made by looking."""
    assert database_check(settings).state == "ok"
    assert folders_check(settings).state == "ok"
    assert not settings.data_dir.exists()


def test_doctor_knows_sound_old_new_and_damaged_databases(
    settings: Settings, opened: Database
) -> None:
    """Each with what to do."""
    assert database_check(settings).found.endswith("0 studies, sound")
    with opened.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    newer = database_check(settings)
    assert (newer.state, "9999" in newer.found) == ("problem", True)
    opened.close()
    path = data_folders(settings).state / "heimdallr.db"
    for leftover in path.parent.glob("heimdallr.db-*"):
        leftover.unlink()
    path.write_bytes(b"this is no database" * 500)
    damaged = database_check(settings)
    assert damaged.state == "problem"
    assert damaged.remedy


def test_doctor_tries_the_object_store(tmp_path: Path) -> None:
    """It writes, reads and removes an object, or says why not; without a store that is fine."""
    pytest.importorskip("fsspec")
    url = (tmp_path / "store").as_uri()
    assert object_store_check(Settings(data_dir=tmp_path)).state == "ok"
    missing = object_store_check(Settings(data_dir=tmp_path, object_store=url))
    assert (missing.state, "no such bucket" in missing.found) == ("problem", True)
    (tmp_path / "store").mkdir()
    assert object_store_check(Settings(data_dir=tmp_path, object_store=url)).state == "ok"
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["heimdallr"]
    unknown = object_store_check(Settings(data_dir=tmp_path, object_store="nosuchkind://bucket"))
    assert unknown.state == "problem"


def test_doctor_reaches_postgresql_or_says_why_not(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An empty database is fine; one that is not there is a problem, told without a password."""
    monkeypatch.setenv("HEIMDALLR_DATABASE_URL", postgresql_url)
    assert "has no tables yet" in database_check(load_settings()).found
    database = open_database(load_settings())
    upgrade(database)
    database.close()
    assert database_check(load_settings()).found.endswith("0 studies, sound")
    away = f"postgresql://heimdallr:geheim@/heimdallr?host={tmp_path}"
    monkeypatch.setenv("HEIMDALLR_DATABASE_URL", away)
    gone = database_check(load_settings())
    assert gone.state == "problem"
    assert "geheim" not in gone.found
    for url in (
        "postgresql://heimdallr:geheim@host:port/x",
        "postgresql://heimdallr:ge/geheim@host/x",
        f"postgresql:///heimdallr?host={tmp_path}&password=geheim&sslpassword=geheim",
        "mysql://heimdallr:geheim@host/x",
        "geheim",
    ):
        monkeypatch.setenv("HEIMDALLR_DATABASE_URL", url)
        found = database_check(load_settings())
        assert found.state == "problem"
        assert "geheim" not in found.found + found.remedy


def test_doctor_sees_what_other_users_of_the_machine_can_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A folder that lets them in, unless one above it does not; the database, wherever it is."""
    with TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        monkeypatch.setenv("HEIMDALLR_DATA_DIR", str(place / "data"))
        monkeypatch.setenv("HEIMDALLR_DATABASE_URL", f"sqlite:///{place}/heimdallr.db")
        settings = load_settings()
        assert privacy_check(settings).state == "ok"
        data_folders(settings).create()
        (place / "heimdallr.db").touch(0o640)
        assert privacy_check(settings).state == "ok"
        (place / "data").chmod(0o755)
        opened = privacy_check(settings)
        assert (opened.state, opened.remedy) == ("warning", f"chmod o-rwx {place}/data")
        (place / "heimdallr.db").chmod(0o644)
        assert privacy_check(settings).remedy.endswith(f"{place}/data {place}/heimdallr.db")
        place.chmod(0o700)
        assert privacy_check(settings).state == "ok"


def test_doctor_sees_a_full_disk_and_a_closed_folder(
    settings: Settings, opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the reserve nothing is received: a problem; a folder of another user as well."""
    del opened
    monkeypatch.setenv("HEIMDALLR_DISK_RESERVE_GB", "100000")
    full = disk_check(load_settings())
    assert (full.state, "nothing more is received" in full.found) == ("problem", True)
    monkeypatch.setattr("os.access", lambda path, _: not str(path).endswith("output"))
    closed = folders_check(settings)
    assert closed.state == "problem"
    assert closed.found == f"cannot be written: {data_folders(settings).output}"
