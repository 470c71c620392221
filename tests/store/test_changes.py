"""Following the changes: nothing is missed and nothing told twice, whoever commits first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from store_cases import NOW, add_study

from heimdallr.store import changes as module
from heimdallr.store.changes import Changes, changes_since
from heimdallr.store.models import RemovedStudy, Study

if TYPE_CHECKING:
    from heimdallr.store.database import Database


def look(database: Database, cursor: str | None) -> Changes:
    """One look in a transaction of its own."""
    with database.read() as session:
        return changes_since(session, cursor)


def add(database: Database, *keys: str) -> list[int]:
    """Studies, committed."""
    with database.write() as session:
        return [add_study(session, key).id for key in keys]


def test_a_reader_is_told_of_every_change_once(database: Database) -> None:
    """New, changed by the session, changed by a statement, removed."""
    first, second = add(database, "a", "b")
    start = look(database, None)
    assert start.studies == ()
    (third,) = add(database, "c")
    news = look(database, start.cursor)
    assert news.studies == (third,)
    assert look(database, news.cursor).studies == ()
    with database.write() as session:
        session.scalars(select(Study).where(Study.id == second)).one().progress = 0.5
    with database.write() as session:
        session.execute(update(Study).where(Study.id == first).values(progress=0.1))
    news = look(database, news.cursor)
    assert news.studies == (second, first)
    with database.write() as session:
        session.delete(session.get(Study, third))
        session.add(RemovedStudy(study_id=third, removed_at=NOW))
    last = look(database, news.cursor)
    assert (last.studies, last.removed) == ((), (third,))
    assert look(database, last.cursor) == Changes(last.cursor)


def test_numbers_do_not_come_again(database: Database) -> None:
    """A removed study takes the highest number with it; the next change is news all the same."""
    (first,) = add(database, "a")
    with database.write() as session:
        session.delete(session.get(Study, first))
        session.add(RemovedStudy(study_id=first, removed_at=NOW))
    cursor = look(database, None).cursor
    (second,) = add(database, "b")
    assert second != first
    assert look(database, cursor).studies == (second,)


def test_a_writer_that_commits_late_is_not_missed(database: Database) -> None:
    """Begun first, committed last, looked in between: the case that a plain counter loses."""
    if database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    first, second = add(database, "a", "b")
    cursor = look(database, None).cursor
    with database.write() as slow:
        slow.execute(update(Study).where(Study.id == first).values(progress=0.1))
        with database.write() as quick:
            quick.execute(update(Study).where(Study.id == second).values(progress=0.2))
        between = look(database, cursor)
        assert between.studies == (second,)
        assert look(database, between.cursor).studies == (), "told once, not at every look"
    after = look(database, between.cursor)
    assert after.studies == (first,)
    assert look(database, after.cursor).studies == ()


def test_too_much_and_unknown_cursors_ask_for_a_new_start(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than can be told, another database's cursor, or nonsense."""
    cursor = look(database, None).cursor
    add(database, *"abcd")
    monkeypatch.setattr(module, "MOST", 3)
    assert not look(database, cursor).complete
    for wrong in (
        "",
        "x",
        "999999999",
        "5:3:",
        "1:999999999:",
        "3:9:4,4",
        "3:9:12",
        "-1",
        "1:2:3:4",
    ):
        if database.is_sqlite or wrong != "999999999":
            assert not look(database, wrong).complete, wrong
