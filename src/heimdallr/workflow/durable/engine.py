"""The durable engine: a DBOS workflow for each run, a step for each stage.

Our database says what is to be worked on; this remembers which stages are behind a run when its
worker dies. Steps return one word. Retries, back-off and limits per worker are DBOS's own.

Five things stand on DBOS internals, for which its version is pinned and the kill tests are there:
taking over the work of a dead worker, taking back what it dropped itself, ending the polling for
work before the rest, refusing pickle, and that a :class:`BaseException` leaves a workflow
unfinished.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import timezone
from typing import TYPE_CHECKING, NoReturn

import structlog
from dbos import (
    DBOS,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetEnqueueOptions,
    SetWorkflowID,
    StepOptions,
    WorkflowStatusString,
)
from dbos import _serialization as dbos_serialization

from heimdallr.store.database import postgresql_engine
from heimdallr.store.work import runs
from heimdallr.store.work.executors import new_signature
from heimdallr.store.work.states import STAGES
from heimdallr.workflow.cases.database_retry import LeavingError, is_away
from heimdallr.workflow.cases.job import RunTakenError, Shop, take_up
from heimdallr.workflow.cases.last_try import LastTryGate
from heimdallr.workflow.durable.dbos_log import quieten

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from heimdallr.config import Settings

QUEUE = "cases"
VERSION = "heimdallr-1"
"""Raised only when a workflow that was begun by an older program cannot be gone on with."""

POLL_S = 0.25
"""Each look for a queued run is three queries: ten a second took an idle worker 7 % of a core."""
FINISHED = (
    WorkflowStatusString.SUCCESS.value,
    WorkflowStatusString.ERROR.value,
    WorkflowStatusString.CANCELLED.value,
    WorkflowStatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value,
)
_DELETED_AT_ONCE = 500
_SCHEMA = "dbos"

_log = structlog.get_logger()


@dataclass(frozen=True)
class _Desk:
    """What the workflow function, which DBOS finds by its name, works with."""

    shop: Shop
    executor: str
    last_try_gate: LastTryGate
    step: StepOptions
    busy: set[int]
    left: set[str]


_desk: _Desk | None = None


@DBOS.workflow(name="process_run", max_recovery_attempts=None)
def process_run(workflow_id: str) -> str:
    """Take one run through its stages; called again from the top after a worker died."""
    if _desk is None:
        raise LeavingError
    desk, ticket = _desk, threading.get_ident()
    desk.busy.add(ticket)
    desk.left.discard(workflow_id)
    try:
        return _process(desk, workflow_id)
    except LeavingError:
        desk.left.add(workflow_id)
        _log.info("left_to_another", workflow_id=workflow_id)
        raise
    except RunTakenError:
        _log.warning("taken_by_another_worker", workflow_id=workflow_id)
        raise
    finally:
        desk.busy.discard(ticket)


def _process(desk: _Desk, workflow_id: str) -> str:
    # Not a step: who takes the run up, and how often, is no thing of the past to be replayed.
    shop = desk.shop
    losses = shop.write(lambda session: runs.losses(session, workflow_id))
    with desk.last_try_gate.enter(alone=losses > 0 and losses + 1 == shop.max_recoveries):
        job = take_up(shop, workflow_id, new_signature(desk.executor))
        if job is None:
            return "over"

        def stage(name: str) -> str:
            status = DBOS.step_status
            tries = (status.current_attempt, status.max_attempts) if status else (None, None)
            attempt, attempts = tries[0] or 0, tries[1] or 1
            return job.stage(name, last_try=attempt + 1 >= attempts)

        for name in STAGES:
            options: StepOptions = {**desk.step, "name": name}
            try:
                verdict = DBOS.run_step(options, stage, name)
            except Exception as error:
                if not is_away(error):
                    raise
                # Done, but not noted: DBOS waits for a server that is away, not for a full disk.
                job.hand_back(f"the work database could not be written in stage {name}")
            if verdict == "over":
                break
    return "over"


class DurableWork:
    """The durable engine of this process; there can be one.

    Args:
        settings: the configuration.
        shop: what the jobs work with.
        executor: this worker's name, whose lock it holds.
    """

    def __init__(self, settings: Settings, shop: Shop, executor: str) -> None:
        self._settings = settings
        self._executor = executor
        self._desk = _Desk(
            shop=shop,
            executor=executor,
            last_try_gate=LastTryGate(shop.stopping),
            step={
                "retries_allowed": True,
                "max_attempts": settings.stage_attempts,
                "interval_seconds": settings.stage_backoff,
                "backoff_rate": 2.0,
            },
            busy=set(),
            left=set(),
        )
        self._dbos: DBOS | None = None
        self._idle: set[str] = set()

    @property
    def busy(self) -> int:
        """How many runs this worker has in its hands."""
        return len(self._desk.busy)

    def launch(self) -> None:
        """Begin to take runs from the queue.

        Raises:
            Exception: the database cannot be used; DBOS and its drivers raise many kinds.
        """
        global _desk  # noqa: PLW0603 - DBOS is one per process, and calls a function by its name
        _refuse_pickle()
        quieten()
        _desk = self._desk
        self._dbos = DBOS(config=self._config())
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._settings.max_parallel_cases,
            polling_interval_sec=POLL_S,
            on_conflict="always_update",
        )

    def enqueue(self, workflow_id: str, priority: int) -> None:
        """Queue a run; a second time changes nothing."""
        with SetWorkflowID(workflow_id), SetEnqueueOptions(priority=priority):
            DBOS.enqueue_workflow(QUEUE, process_run, workflow_id)

    def statuses(self, workflow_ids: Collection[str]) -> Mapping[str, str]:
        """DBOS's status of each of these workflows that it knows."""
        if not workflow_ids:
            return {}
        found = DBOS.list_workflows(
            workflow_ids=list(workflow_ids), load_input=False, load_output=False
        )
        return {one.workflow_id: one.status for one in found}

    def unfinished_of_others(self) -> set[str]:
        """Names of other workers that have taken runs and not ended them."""
        pending = DBOS.list_workflows(
            status=WorkflowStatusString.PENDING.value, load_input=False, load_output=False
        )
        return {one.executor_id for one in pending if one.executor_id} - {self._executor}

    def recover(self, executor: str) -> None:
        """Put back in the queue what a worker has not ended; it must be dead, or be us, leaving."""
        recovered = DBOS._recover_pending_workflows([executor])  # noqa: SLF001 - see above
        if recovered:
            _log.warning("work_recovered", executor=executor, count=len(recovered))

    def take_back(self) -> None:
        """Put back in the queue what this worker has taken and nobody works on.

        DBOS ends a workflow whose outcome it cannot note (the disk is full), and leaves it taken.
        What was found so twice in a row is neither just beginning nor just ending.
        """
        if self._dbos is None:
            return
        held = self._dbos._active_workflows_set.activeList()  # noqa: SLF001 - see above
        idle = self._pending() - set(held)
        for workflow_id in idle & self._idle:
            _log.warning("taken_back", workflow_id=workflow_id)
            self._dbos._sys_db.reenqueue_for_recovery(workflow_id, [self._executor], QUEUE)  # noqa: SLF001
        self._idle = idle

    def hand_over(self, settle_s: float) -> None:
        """Put back in the queue what this worker, which is leaving, has not ended.

        Args:
            settle_s: how long runs that are over may take to be noted as such.
        """
        until = time.monotonic() + settle_s
        while self._pending() - self._desk.left and time.monotonic() < until:
            time.sleep(0.05)
        self.recover(self._executor)

    def _pending(self) -> set[str]:
        mine = DBOS.list_workflows(
            status=WorkflowStatusString.PENDING.value,
            executor_id=self._executor,
            load_input=False,
            load_output=False,
        )
        return {one.workflow_id for one in mine}

    def forget(self, before: datetime) -> int:
        """Delete what is known of runs that ended before a time; how many."""
        deleted = 0
        while True:
            old = DBOS.list_workflows(
                status=list(FINISHED),
                completed_before=before.astimezone(timezone.utc).isoformat(),
                limit=_DELETED_AT_ONCE,
                load_input=False,
                load_output=False,
            )
            if not old:
                return deleted
            DBOS.delete_workflows([one.workflow_id for one in old])
            deleted += len(old)

    def stop_taking(self) -> None:
        """Take nothing more from the queue; what is running goes on."""
        if self._dbos is not None:
            for event in self._dbos.background_thread_stop_events:
                event.set()

    def close(self) -> None:
        """End the engine; nothing is running any more."""
        global _desk
        DBOS.destroy()
        self._dbos, _desk = None, None

    def _config(self) -> DBOSConfig:
        database = self._desk.shop.database
        config: DBOSConfig = {
            "name": "heimdallr",
            "application_version": VERSION,
            "executor_id": self._executor,
            "serializer": DBOSPortableJSONSerializer(),
            "enable_otlp": False,
            "use_listen_notify": False,
            "log_level": "WARNING",
            "sys_db_pool_size": self._settings.max_parallel_cases + 6,
        }
        if database.is_sqlite:
            path = self._desk.shop.folders.state / "work.db"
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
            config["system_database_url"] = f"sqlite:///{path}"
        else:
            config["dbos_system_schema"] = _SCHEMA
            config["system_database_engine"] = postgresql_engine(
                database.url,
                {"application_name": "heimdallr work"},
                pool_pre_ping=True,
                pool_size=self._settings.max_parallel_cases + 6,
            )
        return config


def _refuse_pickle() -> None:
    """Whoever can write a row could otherwise run code: DBOS unpickles what calls itself pickle."""

    def refuse(_self: object, _data: str) -> NoReturn:
        msg = "pickled data in the work database; nothing of ours is pickled"
        raise TypeError(msg)

    dbos_serialization.DefaultSerializer.deserialize = refuse  # type: ignore[assignment,method-assign]
