"""When each peer was last heard of, for the dashboard's "is my PACS connected?".

Receiving only notes it in memory; a thread of its own writes it to the database every few
seconds, and keeps it for later while the database is away.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.clock import utc_now
from heimdallr.store.database import open_database
from heimdallr.store.models import Peer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from heimdallr.config import Settings
    from heimdallr.store.database import Database

_log = structlog.get_logger()

_EVERY_S = 2.0
_SAY_AFTER = 10
"""Failures in a row before one is worth a word: at the first start the tables are yet to come."""
_MOST_PEERS = 1000
"""Peers that are remembered: AE titles can be made up, and each would be a row."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of a peer since it was last written."""

    seen_at: datetime
    echo_at: datetime | None = None
    store_at: datetime | None = None
    rejection_at: datetime | None = None
    rejection: str = ""


class Presence:
    """Notes what peers do; written to the database by :meth:`write`."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], Sighting] = {}

    def echoed(self, ae_title: str, address: str) -> None:
        """A peer sent C-ECHO."""
        self._note(ae_title, address, "echo_at")

    def stored(self, ae_title: str, address: str) -> None:
        """An object of a peer was kept."""
        self._note(ae_title, address, "store_at")

    def rejected(self, ae_title: str, address: str, reason: str) -> None:
        """A peer was turned away, or an object of it."""
        self._note(ae_title, address, "rejection_at", reason)

    def write(self, database: Database) -> None:
        """Write what was seen since; kept when it cannot be written.

        Raises:
            SQLAlchemyError: the database is away, or has no tables yet.
        """
        with self._lock:
            seen, self._seen = self._seen, {}
        if not seen:
            return
        try:
            with database.write() as session:
                for (ae_title, address), sighting in seen.items():
                    _record(session, ae_title, address, sighting)
        except SQLAlchemyError:
            with self._lock:
                for key, sighting in seen.items():
                    later = self._seen.get(key)
                    self._seen[key] = _merged(sighting, later) if later else sighting
            raise

    def _note(
        self,
        ae_title: str,
        address: str,
        what: Literal["echo_at", "store_at", "rejection_at"],
        reason: str = "",
    ) -> None:
        now, key = self._now(), (ae_title, address)
        with self._lock:
            if key not in self._seen and len(self._seen) >= _MOST_PEERS:
                return
            sighting = replace(self._seen.get(key) or Sighting(now), seen_at=now)
            if what == "echo_at":
                sighting = replace(sighting, echo_at=now)
            elif what == "store_at":
                sighting = replace(sighting, store_at=now)
            else:
                sighting = replace(sighting, rejection_at=now, rejection=reason)
            self._seen[key] = sighting


class PresenceWriter:
    """The thread that writes; it may be started, and is stopped once."""

    def __init__(self, presence: Presence, settings: Settings) -> None:
        self._presence = presence
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        """Begin to write every few seconds."""
        self._thread.start()

    def stop(self) -> None:
        """Write once more, and end; waits a moment at most."""
        self._stop.set()
        self._thread.join(timeout=_EVERY_S)

    def _run(self) -> None:
        database = open_database(self._settings)
        failures = 0
        try:
            last = False
            while not last:
                last = self._stop.wait(_EVERY_S)
                try:
                    self._presence.write(database)
                    failures = 0
                except SQLAlchemyError as error:
                    failures += 1
                    if failures == _SAY_AFTER:
                        _log.warning("peers are not recorded for now", error=type(error).__name__)
        finally:
            database.close()


def _record(session: Session, ae_title: str, address: str, seen: Sighting) -> None:
    peer = session.scalar(select(Peer).where(Peer.ae_title == ae_title, Peer.address == address))
    if peer is None:
        if (session.scalar(select(func.count()).select_from(Peer)) or 0) >= _MOST_PEERS:
            return
        peer = Peer(ae_title=ae_title, address=address, last_rejection="")
        session.add(peer)
    peer.last_seen_at = seen.seen_at
    peer.last_echo_at = seen.echo_at or peer.last_echo_at
    peer.last_store_at = seen.store_at or peer.last_store_at
    if seen.rejection_at:
        peer.last_rejection_at, peer.last_rejection = seen.rejection_at, seen.rejection
    session.flush()


def _merged(before: Sighting, later: Sighting) -> Sighting:
    return Sighting(
        seen_at=later.seen_at,
        echo_at=later.echo_at or before.echo_at,
        store_at=later.store_at or before.store_at,
        rejection_at=later.rejection_at or before.rejection_at,
        rejection=later.rejection if later.rejection_at else before.rejection,
    )
