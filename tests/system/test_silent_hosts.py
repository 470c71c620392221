"""A host that loses its power or its network says no goodbye: neither end waits for it for hours.

Sockets of a process that is killed are closed by its kernel, so a network of the host's own is
needed, and cut.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from network_namespaces import network, why_no_namespaces
from postgresql import running_cluster
from sqlalchemy import text

from heimdallr.store.database import Database
from heimdallr.store.work.executors import SessionLocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from network_namespaces import Host, Network
    from postgresql import Cluster

_PATIENCE_S = 90.0
_ROW = 77
"""Stands for the row that a transaction has locked."""

_HOST = f"""
import sys
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from heimdallr.config import Settings
from heimdallr.store.database import open_database
from heimdallr.store.work.executors import SessionLocks

database = open_database(Settings())
locks = SessionLocks(database)
assert locks.hold("worker")
try:
    with database.write() as session:
        session.execute(text("SELECT pg_advisory_xact_lock({_ROW})"))
        print("holding", flush=True)
        sys.stdin.readline()
        session.execute(text("SELECT 1"))
except OperationalError:
    print("gone", flush=True)
"""


@pytest.fixture
def site() -> Iterator[tuple[Network, Cluster]]:
    """A database server, and a host with a network of its own."""
    why_not = why_no_namespaces()
    if why_not:
        pytest.skip(why_not)
    with ExitStack() as stack:
        net = stack.enter_context(network(1, namespaces=True))
        try:
            cluster = stack.enter_context(running_cluster(net.address))
        except FileNotFoundError as error:
            pytest.skip(str(error))
        yield net, cluster


def test_a_host_that_is_cut_off_is_given_up_and_gives_up(site: tuple[Network, Cluster]) -> None:
    """Its worker's lock and its transaction's are free again; its own statement ends."""
    net, cluster = site
    url, host = cluster.create_database(), net.hosts[0]
    address = url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [*host.prefix, sys.executable, "-c", _HOST],
        env={**os.environ, "HEIMDALLR_DATABASE_URL": address},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            _is_given_up(host, process, Database(url))
        finally:
            process.kill()


def _is_given_up(host: Host, process: subprocess.Popen[str], database: Database) -> None:
    assert process.stdin
    assert process.stdout
    assert process.stdout.readline() == "holding\n"
    locks = SessionLocks(database)
    assert not _free(locks)
    assert not _unlocked(database)
    host.cut()
    process.stdin.write("\n")
    process.stdin.flush()
    until = time.monotonic() + _PATIENCE_S
    while not (_free(locks) and _unlocked(database)):
        assert time.monotonic() < until, "the server keeps what the silent host held"
        time.sleep(0.5)
    out, _ = process.communicate(timeout=_PATIENCE_S)
    assert out == "gone\n"
    database.close()


def _free(locks: SessionLocks) -> bool:
    with locks.others("worker") as taken:
        return taken


def _unlocked(database: Database) -> bool:
    with database.write() as session:
        return bool(session.scalar(text(f"SELECT pg_try_advisory_xact_lock({_ROW})")))
