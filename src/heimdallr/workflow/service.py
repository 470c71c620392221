"""The worker: takes studies through their stages until it is told to stop.

Any number of workers may share a PostgreSQL database and a data folder. One that dies loses
nothing: the others (or the next one to start, on SQLite) go on from each case's last whole stage.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from heimdallr.clock import utc_now
from heimdallr.domain.errors import StorageError
from heimdallr.parent_process import ready
from heimdallr.store.database import open_database
from heimdallr.store.layout import writable_folders
from heimdallr.store.migrate import upgrade
from heimdallr.store.objects import open_object_store
from heimdallr.store.work.executors import GRACE_S, Census, make_locks, new_name
from heimdallr.store.work.services import BEAT_S, Presence
from heimdallr.workflow.cases.database_retry import is_away
from heimdallr.workflow.cases.job import Shop
from heimdallr.workflow.durable.dispatcher import Dispatcher
from heimdallr.workflow.durable.engine import DurableWork
from heimdallr.workflow.durable.housekeeping import HOUSEKEEPING_S, keep_house
from heimdallr.workflow.rule_watch import RuleWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from heimdallr.config import Settings
    from heimdallr.store.database import Database
    from heimdallr.store.work.executors import Locks
    from heimdallr.workflow.assignment import Assignment, Work
    from heimdallr.workflow.work_folder import WorkFolder

DISPATCH_S, IDLE_S, AWAY_S = 0.2, 0.5, 1.0
"""Between rounds: while something is worked on, while nothing is, while the database is away."""

CENSUS_S = 2.0
RECONCILE_S = 10.0
LOCK_S = 5.0
STOP_S = 60.0
"""How long running stages may take to reach their end when the worker is told to stop."""

LEAVE_S = 5.0
"""How long, after that, stages may take to notice that the worker is leaving."""

SETTLE_S = 2.0
"""How long runs that are over may take to be noted as such."""

FORGET_AFTER = timedelta(days=7)
"""How long the durable engine remembers runs that are over."""

_log = structlog.get_logger()


def run_worker(
    settings: Settings,
    stop: threading.Event,
    *,
    make_work: Callable[[Assignment, WorkFolder], Work] | None = None,
    stop_s: float = STOP_S,
    grace_s: float = GRACE_S,
) -> bool:
    """Work until told to stop.

    Args:
        settings: the configuration.
        stop: set by whoever wants the worker to end.
        make_work: the work on a run; the real one unless a test brings a quick one.
        stop_s: how long running stages may then take to reach their end.
        grace_s: how long another worker's lock must have been free, on PostgreSQL, before its work
            is taken over.

    Returns:
        Whether everything has ended. Otherwise a stage is still running that cannot be
        interrupted, and the process is to end without waiting for it.

    Raises:
        ConfigurationError: the data folder cannot be made or written, the object store not opened.
        StorageError: the database or the state folder cannot be used.
    """
    folders = writable_folders(settings)
    database = open_database(settings)
    upgrade(database)
    name, locks = new_name(), make_locks(database, folders.state, grace_s)
    presence = Presence("worker", name, utc_now(), {"parallel": settings.max_parallel_cases})
    make_work = make_work or _real_work(settings, presence)
    objects = open_object_store(settings)
    shop = Shop(database, folders, make_work, settings.max_recoveries, objects)
    if not locks.hold(name):
        msg = f"the lock of worker {name} cannot be taken"
        raise StorageError(msg, remedy="check the database and the state folder")
    work = DurableWork(settings, shop, name)
    work.launch()
    rounds = Rounds(settings, database, work, locks, presence)
    rounds.start()
    _log.info("worker_ready", executor=name)
    ready()
    stop.wait()
    _log.info("worker_stops", executor=name, count=work.busy)
    rounds.stop()
    ended = _leave(shop, work, stop_s)
    _in_background("leaving", partial(_say_goodbye, database, presence)).join(LEAVE_S)
    if ended:
        work.close()
        locks.release()
        database.close()
    _log.info("worker_stopped", executor=name, state="ended" if ended else "left")
    return ended


class Rounds:
    """What a worker does again and again beside the work itself, in a thread of its own."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        work: DurableWork,
        locks: Locks,
        presence: Presence,
    ) -> None:
        self._settings = settings
        self._database = database
        self._work = work
        self._locks = locks
        self._presence = presence
        self._name = presence.name
        self._rules = RuleWatch(settings, database)
        self._dispatcher = Dispatcher(
            database, work, settings.max_parallel_cases, stored_only=bool(settings.object_store)
        )
        self._census = Census(locks)
        self._stop = threading.Event()
        self._away = False
        self._holding = True
        self._due: dict[str, float] = {}
        self._thread = threading.Thread(target=self._go, name="rounds", daemon=True)

    def start(self) -> None:
        """Begin; the first thing done is to set right what the last worker left."""
        self._thread.start()

    def stop(self) -> None:
        """Do not begin another round; a round that waits for the database is not waited for."""
        self._stop.set()
        self._thread.join(LEAVE_S)

    def _go(self) -> None:
        while not self._stop.wait(self._pause_s(went_well=self._try_round())):
            pass

    def _pause_s(self, *, went_well: bool) -> float:
        if not went_well:
            return AWAY_S
        return DISPATCH_S if self._work.busy else IDLE_S

    def _try_round(self) -> bool:
        try:
            self._round()
        except Exception as error:  # noqa: BLE001 - the worker goes on; recorded
            if not is_away(error):
                _log.error("round_failed", exc_info=error)
            elif not self._away:
                _log.warning("database_away", error=type(error).__name__)
            self._away = True
            return False
        if self._away:
            _log.warning("database_back")
        self._away = False
        return True

    def _round(self) -> None:
        if self._is_due("lock", LOCK_S):
            self._hold_lock()
        if self._is_due("presence", BEAT_S):
            with self._database.write() as session:
                self._presence.beat(session, utc_now())
        if not self._holding:
            return  # taken for dead by the others, who are taking over: nothing new for now
        if self._is_due("census", CENSUS_S):
            self._census.bury(self._work.unfinished_of_others(), self._work.recover)
        if self._is_due("reconcile", RECONCILE_S):
            self._work.take_back()
            self._dispatcher.reconcile()
        self._rules.look()
        self._dispatcher.dispatch()
        if self._is_due("house", HOUSEKEEPING_S):
            _in_background("housekeeping", self._keep_house)

    def _hold_lock(self) -> None:
        held = self._locks.hold(self._name)
        if held != self._holding:
            _log.warning("lock_back" if held else "lock_lost", executor=self._name)
        self._holding = held
        if not held:
            self._due.pop("lock", None)  # try again in the next round

    def _keep_house(self) -> None:
        keep_house(self._settings, self._database)
        self._work.forget(utc_now() - FORGET_AFTER)

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_s
        return True


def _leave(shop: Shop, work: DurableWork, stop_s: float) -> bool:
    """Let running stages reach their end, up to a limit; hand over what is not over then."""
    shop.stopping.set()
    work.stop_taking()
    _wait_idle(work, stop_s)
    shop.leaving.set()
    ended = _wait_idle(work, LEAVE_S)
    # Whoever lives goes on at once; where nobody does, the next worker to start.
    handing = _in_background("handing", lambda: work.hand_over(SETTLE_S))
    handing.join(LEAVE_S)
    return ended and not handing.is_alive()


def _wait_idle(work: DurableWork, limit_s: float) -> bool:
    until = time.monotonic() + limit_s
    while work.busy and time.monotonic() < until:
        time.sleep(0.05)
    return not work.busy


def _say_goodbye(database: Database, presence: Presence) -> None:
    with database.write() as session:
        presence.leave(session)


def _real_work(settings: Settings, presence: Presence) -> Callable[[Assignment, WorkFolder], Work]:
    """The real work on a run, with one engine for all; it is being made ready meanwhile."""
    # Networks, converters and analyses are imported by workers only.
    from heimdallr.workflow.hardware import hardware  # noqa: PLC0415
    from heimdallr.workflow.real_work import RealWork  # noqa: PLC0415

    def look_around() -> None:
        presence.details = {**presence.details, "hardware": hardware(settings)}

    real = RealWork(settings)
    _in_background("warm", real.warm)
    _in_background("hardware", look_around)
    return real


def _in_background(name: str, work: Callable[[], object]) -> threading.Thread:
    def guarded() -> None:
        with suppress(KeyboardInterrupt):
            try:
                work()
            except Exception as error:  # noqa: BLE001 - recorded; nobody waits for its answer
                _log.error("background_failed", kind=name, exc_info=error)

    thread = threading.Thread(target=guarded, name=name, daemon=True)
    thread.start()
    return thread
