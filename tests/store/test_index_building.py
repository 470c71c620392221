"""Indexes of a large PostgreSQL database: built beside the work, whoever was killed on the way."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, insert, make_url, select, text, true
from store_cases import add_instance, add_study
from test_migrate import downgrade

from heimdallr.store.database import Database
from heimdallr.store.index_building import build_missing
from heimdallr.store.migrate import upgrade
from heimdallr.store.models import Study

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE = "ix_studies_unread"
ADDED = {
    *(f"ix_studies_{name}_id" for name in ("verified", "modalities", "body_regions")),
    *(f"ix_studies_{name}" for name in ("unread", "stat", "flagged", "trigrams", "cohort")),
    "ix_findings_unacknowledged",
}
"""By migration 0015."""


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[Database]:
    """With all tables."""
    database = Database(make_url(postgresql_url))
    upgrade(database)
    yield database
    database.close()


def execute(database: Database, statement: str) -> None:
    """Run a statement of its own."""
    with database.engine.begin() as connection:
        connection.execute(text(statement))


def whole(database: Database) -> set[str]:
    """The indexes that PostgreSQL uses."""
    with database.engine.begin() as connection:
        found = connection.execute(
            text("SELECT indexrelid::regclass::text FROM pg_index WHERE indisvalid")
        )
        return {name for (name,) in found}


def test_nothing_is_missing_after_a_migration(database: Database) -> None:
    """Of a small database, on either kind."""
    assert build_missing(database) == ()


def test_receiving_goes_on_while_an_index_is_built(postgresql: Database) -> None:
    """The build waits for a study that is being received; the next one does not wait for it."""
    execute(postgresql, f"DROP INDEX {ONE}")
    built: list[tuple[str, ...]] = []
    builder = threading.Thread(target=lambda: built.append(build_missing(postgresql)))
    with postgresql.write() as earlier:
        add_study(earlier, "1.2.1")
        earlier.flush()
        builder.start()
        wait_until_it_builds(postgresql)
        with postgresql.write() as session:
            session.execute(text("SET LOCAL lock_timeout = '5s'"))
            add_instance(session, add_study(session, "1.2.2"), "1.2.2.1")
        assert builder.is_alive()
    builder.join(60)
    assert built == [(ONE,)]
    assert ONE in whole(postgresql)


def wait_until_it_builds(database: Database) -> None:
    """Until PostgreSQL says so."""
    for _ in range(600):
        with database.read() as session:
            if session.scalar(text("SELECT count(*) FROM pg_stat_progress_create_index")):
                return
        time.sleep(0.05)
    pytest.fail("no index is being built")


def test_what_a_killed_build_has_left_is_built_anew(postgresql: Database) -> None:
    """PostgreSQL keeps such an index, and does not use it."""
    execute(
        postgresql,
        f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{ONE}'::regclass",  # noqa: S608
    )
    assert ONE not in whole(postgresql)
    assert build_missing(postgresql) == (ONE,)
    assert ONE in whole(postgresql)


def test_two_do_not_build_at_once(postgresql: Database) -> None:
    """The second one goes on with its work."""
    execute(postgresql, f"DROP INDEX {ONE}")
    with postgresql.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(x'48454D49'::bigint)"))
        assert build_missing(postgresql) == ()
    assert build_missing(postgresql) == (ONE,)


def test_a_migration_of_many_studies_leaves_its_indexes_to_be_built(postgresql: Database) -> None:
    """It is over at once, and everything is there in the end."""
    with postgresql.write() as session:
        add_study(session, "1.2.0")
    copied = [column for column in Study.__table__.columns if column.name not in {"id", "key"}]
    numbers = func.generate_series(1, 20_000).table_valued("n").render_derived()
    many = select(func.concat("1.2.", numbers.c.n), *copied).join_from(Study, numbers, true())
    names = ["key", *(column.name for column in copied)]
    downgrade(postgresql, "0014")
    with postgresql.write() as session:
        session.execute(insert(Study).from_select(names, many, include_defaults=False))
    assert not ADDED & whole(postgresql)
    upgrade(postgresql)
    assert not ADDED & whole(postgresql)
    assert set(build_missing(postgresql)) == ADDED
    assert whole(postgresql) >= ADDED


def test_a_server_without_trigrams_does_with_the_other_indexes(postgresql: Database) -> None:
    """The extension is not everybody's to add."""
    execute(postgresql, "DROP EXTENSION pg_trgm CASCADE")
    assert build_missing(postgresql) == ()
