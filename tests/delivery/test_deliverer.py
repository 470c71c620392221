"""The deliverer as a service: destinations do not wait for one another; it ends when told to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from deliveries import MAKERS, QUICK, FakePeer, FakeReports, add_destination, add_done
from migrated_database import migrated_database
from sqlalchemy import select
from waiting import wait_for

from heimdallr.config import Settings
from heimdallr.delivery.destinations import Folder
from heimdallr.delivery.sending import Answer, Fate
from heimdallr.delivery.service import run_deliverer
from heimdallr.store.delivery_tables import DeliveryState, OutboxRow
from heimdallr.store.layout import made_folders
from heimdallr.store.models import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heimdallr.delivery.destinations import Peer
    from heimdallr.delivery.errand import SenderFor
    from heimdallr.delivery.sending import Item
    from heimdallr.store.database import Database


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a data folder of the test's own."""
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """Its database."""
    made_folders(settings)
    opened = migrated_database(settings)
    yield opened
    opened.close()


class Running:
    """A deliverer in a thread."""

    def __init__(self, settings: Settings, sender_for: SenderFor, stop_s: float) -> None:
        self._stop = threading.Event()
        self.ended: bool | None = None

        def run() -> None:
            self.ended = run_deliverer(
                settings,
                self._stop,
                sender_for=sender_for,
                makers=MAKERS,  # type: ignore[arg-type]
                reports=lambda _folders: FakeReports(),
                patience=QUICK,
                stop_s=stop_s,
            )

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def stop(self) -> bool | None:
        """As a supervisor does; whether everything had ended."""
        self._stop.set()
        self._thread.join(60)
        return self.ended


def _states(database: Database, name: str) -> list[DeliveryState]:
    with database.read() as session:
        query = select(OutboxRow.state).where(OutboxRow.destination == name)
        return list(session.scalars(query.order_by(OutboxRow.id)))


def test_a_peer_that_stalls_holds_up_nobody_but_itself(
    settings: Settings, database: Database
) -> None:
    """Not the other destinations, and not the end of the deliverer; the next one takes over."""
    folders = made_folders(settings)
    for name in ("stalled", "well"):
        add_destination(database, name, objects=("results", "event"))
    let_go = threading.Event()

    def stall(_item: Item) -> Answer:
        let_go.wait(60)
        return Answer(Fate.SENT)

    stalled, well = FakePeer(stall), FakePeer()

    def sender_for(peer: Peer, _secret: str) -> FakePeer:
        assert isinstance(peer, Folder)
        return stalled if peer.path.name == "stalled" else well

    running = Running(settings, sender_for, stop_s=0.2)
    for number in (1, 2, 3):
        add_done(database, folders, number)
        wanted = [DeliveryState.SENT] * 2 * number
        wait_for(lambda wanted=wanted: _states(database, "well") == wanted)  # type: ignore[misc]
    assert DeliveryState.SENT not in _states(database, "stalled")
    with database.read() as session:
        assert session.scalars(select(Service.kind)).all() == ["deliverer"]
    assert running.stop() is False, "a thread is still at it: the process ends without waiting"
    let_go.set()


def test_a_deliverer_that_is_told_to_stop_ends(settings: Settings, database: Database) -> None:
    """And says goodbye."""
    folders = made_folders(settings)
    add_destination(database, "share", objects=("results",))
    add_done(database, folders)
    peer = FakePeer()
    running = Running(settings, lambda _peer, _secret: peer, stop_s=20)
    wait_for(lambda: _states(database, "share") == [DeliveryState.SENT])
    assert running.stop() is True
    with database.read() as session:
        assert session.scalars(select(Service)).all() == []


def test_a_deliverer_on_another_host_waits_for_the_data_folder(
    settings: Settings, database: Database
) -> None:
    """Nothing is refused because that host does not have it; with the folder, all is sent."""
    folders = made_folders(settings)
    add_destination(database, "share", objects=("results",))
    add_done(database, folders)
    disk = folders.root / "disk"
    folders.output.rename(disk)
    folders.output.mkdir()
    peer = FakePeer()
    running = Running(settings, lambda _peer, _secret: peer, stop_s=20)
    assert running.stop() is True
    assert _states(database, "share") == []
    running = Running(settings, lambda _peer, _secret: peer, stop_s=20)
    folders.output.rmdir()
    disk.rename(folders.output)
    wait_for(lambda: _states(database, "share") == [DeliveryState.SENT])
    assert running.stop() is True
