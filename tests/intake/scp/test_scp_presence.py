"""When each peer was last heard of."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from waiting import wait_for

from heimdallr.config import Settings
from heimdallr.intake.scp.presence import Presence, PresenceWriter
from heimdallr.store.base import Base
from heimdallr.store.database import Database, open_database
from heimdallr.store.models import Peer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEGIN = datetime(2026, 2, 1, 12, tzinfo=timezone.utc)


class Clock:
    """Moves on by a minute with each look."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        """The next minute."""
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database without tables."""
    (tmp_path / "state").mkdir()
    opened = open_database(Settings(data_dir=tmp_path))
    yield opened
    opened.close()


def _peers(database: Database) -> list[Peer]:
    with database.read() as session:
        return list(session.scalars(select(Peer).order_by(Peer.id)))


def test_the_newest_of_each_kind_is_kept(database: Database) -> None:
    """Echo, store and rejection each have their own time; a later look adds, never takes away."""
    Base.metadata.create_all(database.engine)
    presence = Presence(Clock())
    presence.echoed("CT1", "10.0.0.1")
    presence.stored("CT1", "10.0.0.1")
    presence.stored("CT1", "10.0.0.1")
    presence.rejected("", "10.0.0.9", "its address may not connect")
    presence.write(database)
    presence.echoed("CT1", "10.0.0.1")
    presence.write(database)
    presence.write(database)
    first, second = _peers(database)
    assert (first.ae_title, first.address) == ("CT1", "10.0.0.1")
    assert first.last_echo_at == BEGIN + timedelta(minutes=5)
    assert first.last_store_at == BEGIN + timedelta(minutes=3)
    assert first.last_rejection_at is None
    assert first.last_seen_at == first.last_echo_at
    assert second.last_rejection == "its address may not connect"
    assert second.last_rejection_at == BEGIN + timedelta(minutes=4)


def test_a_database_that_is_away_loses_nothing(database: Database) -> None:
    """What was seen meanwhile is written when it is back, with the newer of each time."""
    presence = Presence(Clock())
    presence.echoed("CT1", "10.0.0.1")
    with pytest.raises(SQLAlchemyError):
        presence.write(database)
    presence.stored("CT1", "10.0.0.1")
    Base.metadata.create_all(database.engine)
    presence.write(database)
    (peer,) = _peers(database)
    assert peer.last_echo_at == BEGIN + timedelta(minutes=1)
    assert peer.last_store_at == peer.last_seen_at == BEGIN + timedelta(minutes=2)


def test_made_up_peers_do_not_fill_the_database(database: Database) -> None:
    """A thousand are remembered, in memory and in the table."""
    Base.metadata.create_all(database.engine)
    presence = Presence(Clock())
    for _ in range(2):
        for number in range(1100):
            presence.rejected(f"X{number}", "10.0.0.1", "made up")
        presence.write(database)
    presence.rejected("ANOTHER", "10.0.0.1", "made up")
    presence.write(database)
    assert len(_peers(database)) == 1000


def test_the_thread_writes_once_more_when_stopped(database: Database, tmp_path: Path) -> None:
    """What was seen in the last seconds is not lost."""
    Base.metadata.create_all(database.engine)
    presence = Presence()
    writer = PresenceWriter(presence, Settings(data_dir=tmp_path))
    writer.start()
    presence.echoed("CT1", "10.0.0.1")
    writer.stop()
    assert [peer.ae_title for peer in _peers(database)] == ["CT1"]


def test_the_thread_outlives_a_database_that_is_away(database: Database, tmp_path: Path) -> None:
    """It goes on trying, and writes when it is back."""
    presence = Presence()
    writer = PresenceWriter(presence, Settings(data_dir=tmp_path))
    presence.echoed("CT1", "10.0.0.1")
    writer.start()
    wait_for((tmp_path / "state" / "heimdallr.db").exists)
    with database.write() as session:
        Base.metadata.create_all(session.connection())
    wait_for(lambda: len(_peers(database)) == 1)
    writer.stop()
