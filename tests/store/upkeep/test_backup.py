"""Backup and restore, both ways, on both databases; what must be refused is refused."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from migrated_database import write_migrated
from sqlalchemy import func, make_url, select, text
from store_cases import (
    CASE_ID,
    NOW,
    add_instance,
    add_study,
    bleed,
    make_identity,
    make_results,
    write_case,
)

from heimdallr.config import Settings
from heimdallr.domain.errors import StorageError
from heimdallr.store.base import Base
from heimdallr.store.changes import changes_since
from heimdallr.store.database import Database
from heimdallr.store.layout import DataFolders, data_folders
from heimdallr.store.migrate import check, upgrade
from heimdallr.store.models import Event, Role, Study, User, WebSession
from heimdallr.store.results import index_results
from heimdallr.store.upkeep import postgresql_tools
from heimdallr.store.upkeep.backup import MANIFEST, SQLITE_COPY, back_up, read_manifest, restore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgresql import Cluster

PASSWORD = "ge'h\\eim secret"  # noqa: S105 - of nothing


@pytest.fixture
def folders(tmp_path: Path) -> DataFolders:
    """A data folder; the watch folder has taken something already."""
    folders = data_folders(Settings(data_dir=tmp_path / "data"))
    folders.create()
    (folders.state / "watch.json").write_text('{"taken": 1}')
    return folders


@pytest.fixture
def filled(database: Database, folders: DataFolders) -> Database:
    """A database with a row in the tables that matter, and somebody signed in."""
    with database.write() as session:
        study = add_study(
            session, patient_name="MÜLLER^ÉVA=山田", description="'; DROP TABLE", case_id=CASE_ID
        )
        add_instance(session, study, "1.2.3.9")
        results = make_results(findings=(bleed(),))
        folder = write_case(folders.output, results)
        index_results(session, study, results, make_identity(), folder, NOW)
        user = User(name="ana", password_hash="-", role=Role.ADMIN, created_at=NOW)  # noqa: S106
        session.add(user)
        session.flush()
        session.add(
            WebSession(
                token_hash="-", csrf_token="-", user_fk=user.id,  # noqa: S106 - no secrets
                created_at=NOW, last_seen_at=NOW, expires_at=NOW,
            )
        )  # fmt: skip
    return database


@pytest.fixture
def empty(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A second database of the same kind, without tables."""
    if database.is_sqlite:
        other = Database(make_url(f"sqlite:///{tmp_path / 'other' / 'heimdallr.db'}"))
        yield other
        other.close()
        return
    cluster: Cluster = request.getfixturevalue("postgresql_cluster")
    url = cluster.create_database()
    other = Database(url)
    yield other
    other.close()
    cluster.drop_database(url)


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Everything in every table, except who is signed in, change numbers and events."""
    with database.read() as session:
        return {
            name: sorted(
                (
                    tuple(
                        json.dumps(value, default=str)
                        for column, value in row._mapping.items()
                        if column != "change"
                    )
                    for row in session.execute(select(table))
                ),
            )
            for name, table in Base.metadata.tables.items()
            if name not in {"sessions", "events"}
        }


def test_there_and_back(
    filled: Database, empty: Database, folders: DataFolders, tmp_path: Path
) -> None:
    """Every row comes back; numbering goes on; everybody has to sign in again."""
    target = tmp_path / "backups" / "monday"
    manifest = back_up(filled, folders, target, NOW)
    assert manifest.schema_revision == check(filled).head
    assert not any(path.stat().st_mode & 0o077 for path in (target, *target.iterdir()))
    (folders.state / "watch.json").unlink()

    restored = restore(empty, folders, target, NOW)
    assert (restored.studies, restored.made_at, restored.unknown) == (1, NOW, 0)
    assert rows(empty) == rows(filled)
    assert json.loads((folders.state / "watch.json").read_text()) == {"taken": 1}
    with empty.write() as session:
        assert session.scalar(select(func.count()).select_from(WebSession)) == 0
        assert session.scalars(select(Event.kind)).all()[-1] == "restored"
        assert add_study(session, "new").id > 1
    with empty.read() as session:
        assert session.scalar(select(Study.search_text).where(Study.key == "1.2.3"))
        assert changes_since(session, None).complete


def test_a_full_database_is_replaced_only_by_force(
    filled: Database, folders: DataFolders, tmp_path: Path
) -> None:
    """Refused, saying what is there; with force the newer rows are gone, the older ones back."""
    back_up(filled, folders, tmp_path / "backup", NOW)
    with filled.write() as session:
        add_study(session, "newer")
    with pytest.raises(StorageError, match="2 studies, 1 users"):
        restore(filled, folders, tmp_path / "backup", NOW)
    restore(filled, folders, tmp_path / "backup", NOW, force=True)
    with filled.read() as session:
        assert session.scalars(select(Study.key)).all() == ["1.2.3"]
        assert check(filled).is_current


def test_migrated_tables_without_rows_count_as_empty(
    filled: Database, empty: Database, folders: DataFolders, tmp_path: Path
) -> None:
    """A service that started once has made the tables; that is nothing to lose."""
    upgrade(empty)
    back_up(filled, folders, tmp_path / "backup", NOW)
    assert restore(empty, folders, tmp_path / "backup", NOW).studies == 1


def test_damaged_newer_and_foreign_backups_are_refused(
    filled: Database, empty: Database, folders: DataFolders, tmp_path: Path
) -> None:
    """A changed byte, a later program, the other kind of database, no backup at all."""
    backup = tmp_path / "backup"
    back_up(filled, folders, backup, NOW)
    manifest = json.loads((backup / MANIFEST).read_text())

    def with_manifest(**changes: object) -> None:
        (backup / MANIFEST).write_text(json.dumps({**manifest, **changes}))

    other = "postgresql" if filled.is_sqlite else "sqlite"
    with_manifest(database=other)
    with pytest.raises(StorageError, match=other):
        restore(empty, folders, backup, NOW)
    with_manifest(schema_revision="9999")
    with pytest.raises(StorageError, match="newer"):
        restore(empty, folders, backup, NOW)
    with_manifest()
    copy = next(path for path in backup.iterdir() if path.name.startswith("heimdallr"))
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        restore(empty, folders, backup, NOW)
    with pytest.raises(StorageError, match="no whole backup"):
        restore(empty, folders, tmp_path, NOW)


def test_what_has_no_checksum_is_not_put_back(
    filled: Database, empty: Database, folders: DataFolders, tmp_path: Path
) -> None:
    """Neither the database's copy nor a state file; and no file that is none of a backup's."""
    backup = tmp_path / "backup"
    back_up(filled, folders, backup, NOW)
    manifest = json.loads((backup / MANIFEST).read_text())
    whole = manifest["sha256"]
    copy = next(name for name in whole if name.startswith("heimdallr"))
    for sums, complaint in (
        ({}, "no checksum of"),
        ({name: whole[name] for name in whole if name != copy}, copy),
        ({copy: whole[copy]}, r"watch\.json"),
        ({**whole, "../../etc/passwd": "0"}, "no backup holds"),
    ):
        (backup / MANIFEST).write_text(json.dumps({**manifest, "sha256": sums}))
        with pytest.raises(StorageError, match=complaint):
            restore(empty, folders, backup, NOW)
    del manifest["sha256"]
    (backup / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(StorageError, match="no whole backup"):
        restore(empty, folders, backup, NOW)


def test_a_backup_is_whole_or_not_there(
    filled: Database, folders: DataFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that fails leaves nothing behind; an existing folder is never written to."""
    target = tmp_path / "backup"
    if filled.is_sqlite:
        with filled.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        filled.close()
        path = Path(filled.url.database or "")
        content = bytearray(path.read_bytes())
        content[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
        path.write_bytes(content)
    else:
        monkeypatch.setattr(postgresql_tools, "_find", lambda _: "/bin/false")
    with pytest.raises(StorageError):
        back_up(filled, folders, target, NOW)
    assert not target.exists()
    target.mkdir()
    with pytest.raises(StorageError, match="exists"):
        back_up(filled, folders, target, NOW)


def test_what_came_after_the_backup_is_counted(
    filled: Database, empty: Database, folders: DataFolders, tmp_path: Path
) -> None:
    """Its images and its results; nothing but an index made anew finds them."""
    back_up(filled, folders, tmp_path / "backup", NOW)
    with filled.write() as session:
        add_instance(session, add_study(session, "newer"), "newer.9", folders)
    write_case(folders.output, make_results(), make_identity(case_id="Newer_1", uid="newer"))
    (folders.output / ".Half_1.partial-abc").mkdir()
    assert restore(empty, folders, tmp_path / "backup", NOW).unknown == 2


def test_a_damaged_database_is_put_aside_by_force(folders: DataFolders, tmp_path: Path) -> None:
    """The case a backup is for: the file is no database any more; it is kept, under a new name."""
    path = tmp_path / "heimdallr.db"
    write_migrated(path)
    database = Database(make_url(f"sqlite:///{path}"))
    with database.write() as session:
        add_study(session)
    back_up(database, folders, tmp_path / "backup", NOW)
    database.close()
    for leftover in tmp_path.glob("heimdallr.db-*"):
        leftover.unlink()
    path.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StorageError, match="damaged"):
        restore(database, folders, tmp_path / "backup", NOW)
    assert restore(database, folders, tmp_path / "backup", NOW, force=True).studies == 1
    assert [one.name for one in tmp_path.glob("*.damaged-*")] == [
        "heimdallr.db.damaged-20260201T120000"
    ]
    database.close()


def test_it_is_made_while_others_write(folders: DataFolders, tmp_path: Path) -> None:
    """A transaction under way is not in the copy, and does not hinder it."""
    path = tmp_path / "heimdallr.db"
    write_migrated(path)
    database = Database(make_url(f"sqlite:///{path}"))
    with database.write() as session:
        add_study(session, "before")
    with database.write() as session:
        add_study(session, "under way")
        back_up(database, folders, tmp_path / "backup", NOW)
    copy = sqlite3.connect(tmp_path / "backup" / SQLITE_COPY)
    assert copy.execute("SELECT key FROM studies").fetchall() == [("before",)]
    copy.close()
    database.close()


def test_the_password_is_in_no_command_line(
    postgresql_cluster: Cluster, folders: DataFolders, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It reaches the program through the environment only."""
    url = postgresql_cluster.create_migrated_database()
    database = Database(url.set(password=PASSWORD))
    seen: list[str] = []
    actual = postgresql_tools.subprocess.run  # type: ignore[attr-defined]

    def watching(command: list[str], **options: object) -> object:
        seen.extend(command)
        assert options["env"]["PGPASSWORD"] == PASSWORD  # type: ignore[index]
        return actual(command, **options)

    monkeypatch.setattr("heimdallr.store.upkeep.postgresql_tools.subprocess.run", watching)
    back_up(database, folders, tmp_path / "backup", NOW)
    assert seen
    tables = tuple(Base.metadata.tables)
    assert not any("secret" in word for word in seen if not word.endswith(tables))
    assert read_manifest(tmp_path / "backup").database == "postgresql"
    with database.read() as session:
        assert session.scalar(text("SELECT 1")) == 1
    database.close()
    postgresql_cluster.drop_database(url)
