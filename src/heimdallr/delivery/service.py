"""The deliverer: sends what is owed until it is told to stop.

::

    news ─▶ rules ─▶ outbox ─▶ one errand per destination, each in a thread of its own
    reports of storage commitment ─▶ outbox

A destination that stalls holds up nobody but itself. Any number of deliverers may share a
PostgreSQL database and a data folder. One that dies loses nothing: the others, or the next one to
start, take back what it had in its hands, and send the same objects.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.clock import utc_now
from heimdallr.delivery import claims, commitment
from heimdallr.delivery.claims import Patience
from heimdallr.delivery.errand import Errand, Tools
from heimdallr.delivery.making import Workshop
from heimdallr.delivery.outbox import expand
from heimdallr.delivery.tidying import tidy
from heimdallr.delivery.withholding import follow_setting
from heimdallr.domain.errors import StorageError
from heimdallr.parent_process import ready
from heimdallr.store.database import open_database
from heimdallr.store.layout import writable_folders
from heimdallr.store.migrate import upgrade
from heimdallr.store.upkeep.integrity import wait_until_here
from heimdallr.store.work.executors import GRACE_S, Census, make_locks, new_name, new_signature
from heimdallr.store.work.services import BEAT_S, Presence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from heimdallr.config import Settings
    from heimdallr.delivery.commitment import Reports
    from heimdallr.delivery.errand import SenderFor
    from heimdallr.delivery.kinds import Kind
    from heimdallr.delivery.making import Maker
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders
    from heimdallr.store.work.executors import Locks

LOOK_S, AWAY_S = 0.5, 2.0
LOCK_S, CENSUS_S, HEAR_S, TIDY_S = 5.0, 2.0, 2.0, 60.0
STOP_S = 20.0
"""How long an object that is being sent may take to arrive when the deliverer is told to stop."""

LEAVE_S = 5.0

_log = structlog.get_logger()


def run_deliverer(
    settings: Settings,
    stop: threading.Event,
    *,
    sender_for: SenderFor,
    makers: Mapping[Kind, Maker],
    reports: Callable[[DataFolders], Reports],
    patience: Patience | None = None,
    grace_s: float = GRACE_S,
    stop_s: float = STOP_S,
) -> bool:
    """Deliver until told to stop.

    Args:
        settings: the configuration.
        stop: set by whoever wants the deliverer to end.
        sender_for: who speaks to a peer.
        makers: who makes which kind of object.
        reports: what the listener has heard of storage commitment.
        patience: how often something is tried; that of the settings unless a test has less.
        grace_s: how long another deliverer's lock must have been free, on PostgreSQL, before what
            it had in its hands is taken back.
        stop_s: how long what is being sent may then take.

    Returns:
        Whether everything has ended; otherwise a peer still stalls, and the process is to end
        without waiting for it.

    Raises:
        ConfigurationError: the data folder cannot be made or written.
        StorageError: the database or the state folder cannot be used.
    """
    folders = writable_folders(settings)
    database = open_database(settings)
    upgrade(database)
    name, locks = new_name(), make_locks(database, folders.state, grace_s)
    if not locks.hold(name):
        msg = f"the lock of deliverer {name} cannot be taken"
        raise StorageError(msg, remedy="check the database and the state folder")
    ready()
    if not wait_until_here(database, folders, stop):
        locks.release()
        database.close()
        return True
    stopping = threading.Event()
    tools = Tools(
        database=database,
        workshop=Workshop(database, folders, makers),
        sender_for=sender_for,
        reports=reports(folders),
        patience=patience or Patience(whole=timedelta(days=settings.delivery_days)),
        now=utc_now,
        stopping=stopping,
    )
    presence = Presence("deliverer", name, utc_now())
    rounds = Rounds(tools, folders, locks, presence, send_unverified=settings.send_unverified)
    rounds.start()
    _log.info("deliverer_ready", executor=name)
    stop.wait()
    _log.info("deliverer_stops", executor=name)
    stopping.set()
    ended = rounds.stop(stop_s)
    goodbye = threading.Thread(target=partial(_leave, database, presence), daemon=True)
    goodbye.start()
    goodbye.join(LEAVE_S)
    if ended:
        locks.release()
        database.close()
    _log.info("deliverer_stopped", executor=name, state="ended" if ended else "left")
    return ended


class Rounds:
    """What a deliverer does again and again: hears news, sends errands off, looks for the dead.

    Args:
        tools: of the errands.
        folders: the data folder.
        locks: of the deliverers; ours is held.
        presence: our sign of life.
        send_unverified: as the setting says.
    """

    def __init__(
        self,
        tools: Tools,
        folders: DataFolders,
        locks: Locks,
        presence: Presence,
        *,
        send_unverified: bool,
    ) -> None:
        self._tools, self._folders = tools, folders
        self._send_unverified, self._follows_setting = send_unverified, False
        self._locks, self._presence, self._name = locks, presence, presence.name
        self._census = Census(locks)
        self._errands: dict[int, tuple[Errand, threading.Thread]] = {}
        self._due: dict[str, float] = {}
        self._holding, self._away = True, False
        self._thread = threading.Thread(target=self._go, name="rounds", daemon=True)

    def start(self) -> None:
        """Begin; first of all, what the last deliverer left is taken back."""
        self._thread.start()

    def stop(self, limit_s: float) -> bool:
        """Send nobody off any more; whether all errands have come to their end."""
        until = time.monotonic() + limit_s
        self._thread.join(LEAVE_S)
        for _, thread in list(self._errands.values()):
            thread.join(max(until - time.monotonic(), 0.0))
        return not any(thread.is_alive() for _, thread in self._errands.values())

    def _go(self) -> None:
        while not self._tools.stopping.wait(LOOK_S if self._try_round() else AWAY_S):
            pass

    def _try_round(self) -> bool:
        try:
            self._round()
        except SQLAlchemyError as error:
            if not self._away:
                _log.warning("database_away", error=type(error).__name__)
            self._away = True
            return False
        except Exception as error:  # noqa: BLE001 - the deliverer goes on; recorded
            _log.error("round_failed", exc_info=error)
            return False
        if self._away:
            _log.warning("database_back")
        self._away = False
        return True

    def _round(self) -> None:
        tools, now = self._tools, self._tools.now()
        if self._is_due("lock", LOCK_S):
            self._hold_lock()
        if self._is_due("presence", BEAT_S):
            with tools.database.write() as session:
                self._presence.beat(session, now)
        if not self._holding:
            return  # taken for dead by the others, who are taking over
        if self._is_due("census", CENSUS_S):
            self._take_back()
        if not self._follows_setting:
            follow_setting(tools.database, now, send_unverified=self._send_unverified)
            self._follows_setting = True
        expand(tools.database, self._folders, now, send_unverified=self._send_unverified)
        if self._is_due("hear", HEAR_S):
            commitment.hear(tools.database, tools.reports, tools.patience, now)
        self._send_off()
        if self._is_due("tidy", TIDY_S):
            tidy(tools.database, self._folders)

    def _send_off(self) -> None:
        self._errands = {
            target: pair for target, pair in self._errands.items() if pair[1].is_alive()
        }
        with self._tools.database.read() as session:
            due = claims.due_destinations(session, self._tools.patience, self._tools.now())
        for destination_id in due:
            if destination_id not in self._errands:
                errand = Errand(self._tools, destination_id, new_signature(self._name))
                thread = threading.Thread(
                    target=errand.run, name=f"destination-{destination_id}", daemon=True
                )
                self._errands[destination_id] = (errand, thread)
                thread.start()

    def _take_back(self) -> None:
        """What the dead had in their hands, and what no errand of ours has (any more)."""
        with self._tools.database.read() as session:
            signatures = claims.holders(session)
        busy = {errand.signature for errand, thread in self._errands.values() if thread.is_alive()}
        mine = {one for one in signatures if _signed_by(one) == self._name}
        for signature in mine - busy:
            self._recover(signature)
        others: dict[str, list[str]] = {}
        for signature in signatures - mine:
            others.setdefault(_signed_by(signature), []).append(signature)

        def recover_all(name: str) -> None:
            for signature in others[name]:
                self._recover(signature)

        self._census.bury(others, recover_all)

    def _recover(self, signature: str) -> None:
        tools = self._tools
        with tools.database.write() as session:
            count = claims.take_back(session, signature, tools.patience, tools.now())
        _log.warning("taken_back", executor=signature, count=count)

    def _hold_lock(self) -> None:
        held = self._locks.hold(self._name)
        if held != self._holding:
            _log.warning("lock_back" if held else "lock_lost", executor=self._name)
        self._holding = held
        if not held:
            self._due.pop("lock", None)

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_s
        return True


def _signed_by(signature: str) -> str:
    return signature.partition("#")[0]


def _leave(database: Database, presence: Presence) -> None:
    with suppress(SQLAlchemyError), database.write() as session:
        presence.leave(session)
