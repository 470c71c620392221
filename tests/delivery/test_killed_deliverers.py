"""Deliverers that are killed at any instant: nothing is lost, nothing becomes another object."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import deliveries
import pytest
from deliveries import add_destination, add_done, publish_anew
from sqlalchemy import func, select

from heimdallr.config import Settings
from heimdallr.store.delivery_tables import (
    OPEN_STATES,
    DeliveryNews,
    DeliveryState,
    Destination,
    OutboxRow,
)
from heimdallr.store.layout import DataFolders, data_folders

if TYPE_CHECKING:
    from heimdallr.store.database import Database

DESTINATIONS = ("share", "archive", "record")


class Killed:
    """Deliverers of one data folder, killed and started again."""

    def __init__(self, database: Database, folders: DataFolders, journal: Path) -> None:
        url = "" if database.is_sqlite else database.url.render_as_string(hide_password=False)
        if database.is_sqlite:
            url = f"sqlite:///{database.url.database}"
        self._command = [
            sys.executable, deliveries.__file__, str(folders.root), url, str(journal),
        ]  # fmt: skip
        self._running: list[subprocess.Popen[bytes]] = []
        self.kills = 0

    def start(self) -> None:
        """One more."""
        self._running.append(
            subprocess.Popen(self._command, env={**os.environ, "PYTHONPATH": _SUPPORT})
        )

    def kill_one(self) -> None:
        """The one that has lived longest, without a word."""
        victim = self._running.pop(0)
        victim.send_signal(signal.SIGKILL)
        victim.wait(30)
        self.kills += 1

    def stop(self) -> None:
        """All that are left, as a supervisor does."""
        for one in self._running:
            one.terminate()
        for one in self._running:
            assert one.wait(60) == 0


_SUPPORT = str(Path(deliveries.__file__).parent)


def _settled(database: Database) -> bool:
    with database.read() as session:
        waiting = session.scalar(select(func.count()).where(OutboxRow.state.in_(OPEN_STATES)))
        return not waiting and session.scalar(select(func.count(DeliveryNews.id))) == 0


def _kill_at_random(
    database: Database, tmp_path: Path, *, kills: int, studies: int, deliverers: int
) -> None:
    folders = data_folders(Settings(data_dir=tmp_path / "data"))
    folders.create()
    journal = tmp_path / "journal"
    journal.mkdir()
    for name in DESTINATIONS:
        add_destination(database, name, objects=("seg", "results", "event"))
    chance = random.Random(13)  # noqa: S311 - the instants need not be secret
    numbers = [add_done(database, folders, one) for one in range(1, studies // 2)]
    killed = Killed(database, folders, journal)
    for _ in range(deliverers):
        killed.start()
    while killed.kills < kills:
        time.sleep(chance.uniform(0.05, 2.2))
        killed.kill_one()
        killed.start()
        if len(numbers) < studies:
            numbers.append(add_done(database, folders, len(numbers) + 1, critical=True))
        if killed.kills == kills // 2:
            publish_anew(database, folders, numbers[0])
    deadline = time.monotonic() + 300
    while not _settled(database) and time.monotonic() < deadline:
        time.sleep(0.2)
    killed.stop()
    _nothing_lost_nothing_doubled(database, journal, numbers)


def _nothing_lost_nothing_doubled(database: Database, journal: Path, numbers: list[int]) -> None:
    """Every object of every study has arrived everywhere, under one number and one content."""
    arrived: dict[tuple[str, int], set[str]] = defaultdict(set)
    for path in sorted(journal.iterdir()):
        entry = json.loads(path.read_text())
        arrived[entry["to"], int(entry["key"])].add(entry["content"])
    with database.read() as session:
        rows = session.scalars(select(OutboxRow)).all()
        names = {one.id: one.name for one in session.scalars(select(Destination))}
    final = [row for row in rows if row.state is DeliveryState.SENT]
    assert {row.state for row in rows} <= {DeliveryState.SENT, DeliveryState.SUPERSEDED}
    for row in final:
        place = (names[row.destination_fk or 0], row.id)
        assert len(arrived.pop(place)) == 1, "never two contents under one number"
    called_off = {row.id for row in rows if row.state is DeliveryState.SUPERSEDED}
    assert {key for _, key in arrived} <= called_off, "nothing arrived that nobody owed"
    newest: dict[tuple[int, int | None], dict[str, list[tuple[str, int]]]] = {}
    for row in sorted(final, key=lambda one: one.id):
        by_results = newest.setdefault((row.study_fk, row.destination_fk), {})
        by_results.setdefault(row.results_digest, []).append((row.kind, row.part))
    assert len(newest) == len(numbers) * len(DESTINATIONS)
    for by_results in newest.values():
        whole = sorted(list(by_results.values())[-1])
        assert whole == [("event", 1), ("results", 1), ("seg", 1), ("seg", 2)]


def test_a_few_kills(database: Database, tmp_path: Path) -> None:
    """On both databases; on PostgreSQL two deliverers share the work."""
    few = 3
    _kill_at_random(
        database, tmp_path, kills=few, studies=6, deliverers=1 if database.is_sqlite else 2
    )


@pytest.mark.slow
def test_many_kills(database: Database, tmp_path: Path) -> None:
    """A hundred on each database."""
    _kill_at_random(
        database, tmp_path, kills=100, studies=60, deliverers=1 if database.is_sqlite else 2
    )
