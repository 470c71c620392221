"""Tells living workers from dead ones by the lock each holds while it lives.

On SQLite the lock is a file in the state folder (``flock``), so all workers are on one machine and
a lock that can be taken means that its holder is dead. On PostgreSQL it is a session's advisory
lock. A session also ends when the network or the server has a moment of weakness, so there a
worker counts as dead only when its lock has been free for :data:`GRACE_S`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import socket
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import NullPool, text
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.domain.errors import StorageError
from heimdallr.store.database import Silence, postgresql_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection

    from heimdallr.store.database import Database

GRACE_S = 15.0
"""How long a worker's lock must have been free on PostgreSQL before its work is taken over."""

_SILENCE = Silence(idle_s=5, again_s=2)
"""Of a session that holds a lock: gone before its worker is missed."""

_LONGEST_HOST = 24


def new_name() -> str:
    """A name for a worker that no other one has or had; made for people to recognise the host."""
    host = re.sub(r"[^A-Za-z0-9]+", "-", socket.gethostname())[:_LONGEST_HOST].strip("-")
    return f"{host or 'worker'}-{os.getpid()}-{secrets.token_hex(4)}"


def new_signature(name: str) -> str:
    """What a worker signs a run with when it takes it up; see ``runs.executor``."""
    return f"{name}#{secrets.token_hex(4)}"


class Locks(Protocol):
    """Locks under workers' names."""

    grace_s: float

    def hold(self, name: str) -> bool:
        """Take our own lock, or make sure that we still have it."""

    def release(self) -> None:
        """Give our own lock back."""

    def others(self, name: str) -> AbstractContextManager[bool]:
        """A context in which another one's lock is held, if it could be taken; says whether."""


class FileLocks:
    """Locks as files; all workers are on this machine.

    Args:
        folder: where they are; made when absent.
    """

    grace_s = 0.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: int | None = None

    def hold(self, name: str) -> bool:
        """See :class:`Locks`."""
        if self._held is None:
            self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._held = self._take(name)
        return self._held is not None

    def release(self) -> None:
        """See :class:`Locks`."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    @contextmanager
    def others(self, name: str) -> Iterator[bool]:
        """See :class:`Locks`."""
        descriptor = self._take(name)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                with suppress(OSError):
                    self._path(name).unlink()
                os.close(descriptor)

    def _take(self, name: str) -> int | None:
        # Not inherited by programs we start: a lock must not outlive its worker in a child.
        descriptor = os.open(self._path(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in {errno.EAGAIN, errno.EACCES}:
                return None
            msg = f"the state folder knows no file locks: {error.strerror}"
            raise StorageError(msg, remedy="keep the SQLite database on a local disk") from error
        return descriptor

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"


class SessionLocks:
    """Locks of PostgreSQL sessions; workers may be anywhere.

    Args:
        database: the database all workers share.
        grace_s: see :data:`GRACE_S`.
    """

    def __init__(self, database: Database, grace_s: float = GRACE_S) -> None:
        self.grace_s = grace_s
        self._engine = postgresql_engine(
            database.url,
            {"application_name": "heimdallr worker lock"},
            silence=_SILENCE,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
        )
        self._held: Connection | None = None

    def hold(self, name: str) -> bool:
        """See :class:`Locks`."""
        if self._held is not None:
            try:
                self._held.execute(text("SELECT 1"))
            except SQLAlchemyError:
                self.release()
            else:
                return True
        try:
            connection = self._engine.connect()
        except SQLAlchemyError:
            return False
        try:
            taken = _take(connection, name)
        except SQLAlchemyError:
            taken = False
        if taken:
            self._held = connection
        else:
            _close(connection)
        return taken

    def release(self) -> None:
        """See :class:`Locks`."""
        if self._held is not None:
            _close(self._held)
            self._held = None

    @contextmanager
    def others(self, name: str) -> Iterator[bool]:
        """See :class:`Locks`."""
        connection = self._engine.connect()
        try:
            yield _take(connection, name)
        finally:
            _close(connection)


class Census:
    """Finds the dead among the workers that have unfinished work.

    Args:
        locks: the workers' locks.
        clock: monotonic seconds.
    """

    def __init__(self, locks: Locks, clock: Callable[[], float] = time.monotonic) -> None:
        self._locks = locks
        self._clock = clock
        self._free_since: dict[str, float] = {}

    def bury(self, names: Collection[str], recover: Callable[[str], None]) -> None:
        """Recover the work of those who are dead, with their lock held meanwhile.

        Args:
            names: workers with unfinished work, without ourselves.
            recover: makes the work of one of them startable again; fit to be called twice.
        """
        for gone in set(self._free_since) - set(names):
            del self._free_since[gone]
        for name in names:
            with self._locks.others(name) as taken:
                if not taken:
                    self._free_since.pop(name, None)
                    continue
                since = self._free_since.setdefault(name, self._clock())
                if self._clock() - since >= self._locks.grace_s:
                    recover(name)


def make_locks(
    database: Database, state: Path, grace_s: float = GRACE_S
) -> FileLocks | SessionLocks:
    """The locks that fit the database."""
    return FileLocks(state / "workers") if database.is_sqlite else SessionLocks(database, grace_s)


def _take(connection: Connection, name: str) -> bool:
    query = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
    return bool(connection.scalar(query, {"name": f"heimdallr-worker:{name}"}))


def _close(connection: Connection) -> None:
    """Give its locks back at once; the server would some time after the connection is gone."""
    with suppress(SQLAlchemyError):
        connection.execute(text("SELECT pg_advisory_unlock_all()"))
    with suppress(SQLAlchemyError):
        connection.close()
