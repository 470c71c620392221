"""Locks that live as long as their worker, and the census of the dead, on both databases."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from heimdallr.store.work.executors import (
    Census,
    FileLocks,
    SessionLocks,
    make_locks,
    new_name,
    new_signature,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from heimdallr.store.database import Database


@pytest.fixture
def make(database: Database, tmp_path: Path) -> Iterator[Callable[[], FileLocks | SessionLocks]]:
    """Makes the locks of another worker; all are given back at the end."""
    made: list[FileLocks | SessionLocks] = []

    def one() -> FileLocks | SessionLocks:
        made.append(make_locks(database, tmp_path))
        return made[-1]

    yield one
    for locks in made:
        locks.release()


def test_names_are_never_used_twice() -> None:
    """A name fits its column, with its signature; a file name too."""
    names = {new_name() for _ in range(100)}
    assert len(names) == 100
    assert max(len(new_signature(name)) for name in names) <= 64
    assert all("/" not in name for name in names)


def test_a_lock_can_be_taken_by_others_only_when_its_holder_is_gone(
    make: Callable[[], FileLocks | SessionLocks],
) -> None:
    """Held, asked again, given back."""
    mine, other = make(), make()
    assert mine.hold("one")
    assert mine.hold("one"), "asking again changes nothing"
    with other.others("one") as taken:
        assert not taken
    mine.release()
    with other.others("one") as taken:
        assert taken
        assert not mine.hold("one"), "while another one takes its work over"
    assert mine.hold("one")


def test_the_dead_are_found_and_the_living_are_not(
    make: Callable[[], FileLocks | SessionLocks],
) -> None:
    """On SQLite at once; on PostgreSQL only when the lock was free for the whole grace."""
    living, dead, ours = make(), make(), make()
    assert living.hold("living")
    assert dead.hold("dead")
    dead.release()
    now, recovered = 100.0, list[str]()
    census = Census(ours, lambda: now)
    census.bury({"living", "dead"}, recovered.append)
    if ours.grace_s:
        assert recovered == []
        now += ours.grace_s - 1
        census.bury({"living", "dead"}, recovered.append)
        assert recovered == []
        now += 2
        census.bury({"living", "dead"}, recovered.append)
    assert recovered == ["dead"]


def test_a_blip_begins_the_grace_anew(make: Callable[[], FileLocks | SessionLocks]) -> None:
    """A lock that was free for a moment and is held again says that its worker lives."""
    worker, ours = make(), make()
    if not ours.grace_s:
        pytest.skip("about PostgreSQL")
    now, recovered = 100.0, list[str]()
    census = Census(ours, lambda: now)
    for seconds, held in ((0, False), (10, True), (10, False), (10, False)):
        now += seconds
        if held:
            assert worker.hold("worker")
        else:
            worker.release()
        census.bury({"worker"}, recovered.append)
    assert recovered == []
    now += 10
    census.bury({"worker"}, recovered.append)
    assert recovered == ["worker"]


def test_a_lock_of_a_session_that_was_cut_is_taken_again(
    database: Database, make: Callable[[], FileLocks | SessionLocks]
) -> None:
    """The next look finds the session gone and takes the lock under the same name."""
    locks = make()
    if not isinstance(locks, SessionLocks):
        pytest.skip("about PostgreSQL")
    assert locks.hold("one")
    with database.engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
        )
    assert locks.hold("one")
    with make().others("one") as taken:
        assert not taken


def test_a_program_that_was_started_does_not_inherit_the_lock(tmp_path: Path) -> None:
    """A converter that lingers does not make its dead worker look alive."""
    locks = FileLocks(tmp_path)
    assert locks.hold("one")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"], close_fds=False)
    try:
        locks.release()
        until = time.monotonic() + 10
        while not _free(tmp_path):  # for an instant, until it is another program
            assert time.monotonic() < until, "the child keeps the lock"
    finally:
        child.kill()
        child.wait()


def _free(folder: Path) -> bool:
    with FileLocks(folder).others("one") as taken:
        return taken
