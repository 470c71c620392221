"""Migrations: what they make is what the models say, whoever starts first."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, make_url, select, text
from sqlalchemy.schema import CreateTable
from store_cases import NOW, add_instance, add_study

from heimdallr.clock import utc_now
from heimdallr.domain.errors import StorageError
from heimdallr.store import migrate
from heimdallr.store.base import Base
from heimdallr.store.database import Database
from heimdallr.store.migrate import MIGRATIONS, check, upgrade
from heimdallr.store.models import (
    STATE_ORDER,
    AuditEntry,
    Header,
    Instance,
    Patient,
    Role,
    Study,
    StudyState,
    User,
)
from heimdallr.store.work.states import note

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

UPGRADE = """
import sys
from sqlalchemy import make_url
from heimdallr.store.database import Database
from heimdallr.store.migrate import upgrade
sys.stdin.readline()
upgrade(Database(make_url(sys.argv[1])))
"""


def tables(connection: Connection) -> dict[str, list[str]]:
    """Every table as the database itself describes it: its columns, keys and indexes."""
    found = MetaData()
    found.reflect(connection)
    return {
        name: [
            *sorted(
                line.strip().rstrip(",")
                for line in str(CreateTable(table).compile(connection)).split("\n")
            ),
            *sorted(f"{index.name} {index.columns.keys()}" for index in table.indexes),
        ]
        for name, table in found.tables.items()
        if name != "alembic_version"
    }


def is_of(database: Database, _what: object, name: str | None, *_: object) -> bool:
    """Whether something is there on this database; two indexes are PostgreSQL's only."""
    return name not in {"ix_studies_trigrams", "ix_studies_cohort"} or not database.is_sqlite


def test_migrated_tables_are_those_of_the_models(empty_database: Database) -> None:
    """Alembic finds nothing to add, and the database describes both in the same words."""
    upgrade(empty_database)
    with empty_database.engine.connect() as connection, connection.begin():
        options = {"compare_type": True, "include_object": partial(is_of, empty_database)}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
        migrated = tables(connection)
    with empty_database.engine.begin() as connection:
        everything = MetaData()
        everything.reflect(connection)
        everything.drop_all(connection)
        Base.metadata.create_all(connection)
    with empty_database.engine.connect() as connection, connection.begin():
        assert migrated == tables(connection)


def test_migrations_form_one_line() -> None:
    """Each follows the one before it; two of one number hide one another from Alembic."""
    found = {}
    for path in sorted((MIGRATIONS / "versions").glob("*.py")):
        facts = dict(re.findall(r"^(\w*revision) = (.+)$", path.read_text("utf-8"), re.MULTILINE))
        assert path.name.startswith(f"{facts['revision'].strip(chr(34))}_")
        assert facts["revision"] not in found
        found[facts["revision"]] = facts["down_revision"]
    assert list(found.values()) == ["None", *found][:-1]


def test_upgrade_is_idempotent_and_seen_by_check(empty_database: Database) -> None:
    """A second start changes nothing; before the first one the tables are known to be missing."""
    assert not check(empty_database).is_current
    upgrade(empty_database)
    upgrade(empty_database)
    assert check(empty_database).is_current


def downgrade(database: Database, revision: str) -> None:
    """Go back to older tables."""
    config = migrate._config()
    writing = database.engine.connect().execution_options(heimdallr_writes=True)
    with writing as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_studies_of_an_older_database_know_what_their_rows_were_made_of(
    empty_database: Database,
) -> None:
    """One header each; mixed ones stay doubtful; the order of states is the new one."""
    database = empty_database
    upgrade(database)
    with database.write() as session:
        patient = Patient(patient_id="P-1", issuer="H", birth_date="19600102")
        session.add(patient)
        session.flush()
        plain = add_study(session, "1.2.3", patient_fk=patient.id, state=StudyState.QUEUED)
        mixed = add_study(session, "1.2.4", state=StudyState.FAILED)
        add_study(session, "1.2.5", state=StudyState.HELD)
        for study in (plain, mixed):
            add_instance(session, study, f"{study.key}.1")
        note(session, mixed, "mixed_patients", "images of this study name different patients", NOW)
    downgrade(database, "0003")
    upgrade(database)
    with database.read() as session:
        found = {one.key: one for one in session.scalars(select(Study))}
        rows = session.execute(select(Header, Instance).join(Instance)).all()
    assert {key: one.patients for key, one in found.items()} == {
        "1.2.3": 1, "1.2.4": 2, "1.2.5": 1,
    }  # fmt: skip
    assert found["1.2.3"].birth_date == "19600102"
    assert {header.study_fk for header, _ in rows} == {found["1.2.3"].id, found["1.2.4"].id}
    assert all(header.study_fk == instance.study_fk for header, instance in rows)
    assert (rows[0][0].issuer, rows[0][0].birth_date) == ("H", "19600102")
    for study in found.values():
        assert study.state_rank == STATE_ORDER.index(study.state)
    assert found["1.2.5"].state is StudyState.CANCELLED


def test_an_older_trail_names_studies_by_number_and_one_time_passwords_count_from_now(
    empty_database: Database,
) -> None:
    """A case ID whose study is gone cannot be told; other objects stay as they are."""
    database = empty_database
    upgrade(database)
    objects = ("SilvaMJ_20260201_1", "study:9", "user:anna", "GoneX_20260201_2")
    with database.write() as session:
        number = add_study(session, case_id="SilvaMJ_20260201_1").id
        session.add_all(AuditEntry(at=NOW, actor="open", action="x", object=one) for one in objects)
        for name in ("new", "own"):
            session.add(
                User(
                    name=name, password_hash="-", role=Role.ADMIN, created_at=NOW,  # noqa: S106
                    must_change_password=name == "new",
                )
            )  # fmt: skip
    downgrade(database, "0003")
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE users DROP COLUMN password_set_at"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    upgrade(database)
    with database.read() as session:
        trail = session.scalars(select(AuditEntry.object).order_by(AuditEntry.id)).all()
        since = {one.name: one.password_set_at for one in session.scalars(select(User))}
    assert trail == [f"study:{number}", *objects[1:]]
    assert since["own"] is None
    assert since["new"] is not None
    assert abs(utc_now() - since["new"]) < timedelta(minutes=5)


def test_a_newer_database_is_refused(empty_database: Database) -> None:
    """A program that is too old touches nothing and says why."""
    upgrade(empty_database)
    with empty_database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="9999"):
        upgrade(empty_database)
    assert check(empty_database).known is False


def test_processes_that_start_together_all_succeed(empty_database: Database) -> None:
    """Five services start at the same moment on a database that does not exist yet."""
    url = empty_database.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, url], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(5)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write(b"go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 5, errors
    assert check(empty_database).is_current


def test_an_unreachable_database_is_named_without_its_password(tmp_path: Path) -> None:
    """The error says what cannot be reached, and keeps the password to itself, wherever it is."""
    for where in ("heimdallr:geheim@/heimdallr?", "/heimdallr?password=geheim&"):
        url = make_url(f"postgresql+psycopg://{where}host={tmp_path}")
        with pytest.raises(StorageError, match="cannot be used") as caught:
            upgrade(Database(url))
        assert "geheim" not in str(caught.value)


def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    """A first start needs no preparation."""
    database = Database(make_url(f"sqlite:///{tmp_path / 'state' / 'heimdallr.db'}"))
    upgrade(database)
    assert check(database).is_current
    database.close()
