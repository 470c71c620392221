"""Queues our runs as durable workflows, and reconciles the two databases.

Only as many runs are queued with DBOS as this worker has hands free. The others wait in our own
table, where their priority can still change and where they can be cancelled at once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

import structlog
from dbos import WorkflowStatusString

from heimdallr.clock import utc_now
from heimdallr.store.work import runs
from heimdallr.store.work.services import services

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from heimdallr.store.database import Database

OVERDUE_S = 5.0
"""A run that was queued with DBOS and has not begun after this long is looked into."""

NO_EXCHANGE = "nothing carries between data folder and object store — start `heimdallr exchange`"
_ENDED_BADLY = (
    WorkflowStatusString.ERROR.value,
    WorkflowStatusString.CANCELLED.value,
    WorkflowStatusString.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value,
)
_log = structlog.get_logger()


class Queue(Protocol):
    """The durable engine, as the dispatcher needs it."""

    @property
    def busy(self) -> int:
        """How many runs this worker has in its hands."""

    def enqueue(self, workflow_id: str, priority: int) -> None:
        """Queue a run; a second time changes nothing."""

    def statuses(self, workflow_ids: Collection[str]) -> Mapping[str, str]:
        """The status of each of these workflows that is known."""


class Dispatcher:
    """Queues runs, and finds those on which the databases disagree.

    Args:
        database: ours.
        queue: the durable engine.
        hands: how many runs this worker works on at a time.
        stored_only: only runs whose images are in the object store.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        database: Database,
        queue: Queue,
        hands: int,
        clock: Callable[[], float] = time.monotonic,
        *,
        stored_only: bool = False,
    ) -> None:
        self._stored_only = stored_only
        self._database = database
        self._queue = queue
        self._hands = hands
        self._clock = clock
        self._queued_at: dict[str, float] = {}

    def dispatch(self) -> int:
        """Queue what can begin; how many were new to this worker."""
        free = self._hands - self._queue.busy
        if free <= 0:
            return 0
        with self._database.read() as session:
            found = runs.startable(session, free, stored_only=self._stored_only)
            waiting = [(run.workflow_id, run.priority) for run in found]
        for gone in set(self._queued_at) - {workflow_id for workflow_id, _ in waiting}:
            del self._queued_at[gone]
        new = [one for one in waiting if one[0] not in self._queued_at]
        for workflow_id, priority in new:
            self._queue.enqueue(workflow_id, priority)
            self._queued_at[workflow_id] = self._clock()
        return len(new)

    def reconcile(self) -> int:
        """Set right the runs on which the databases disagree; how many there were.

        Ours is written first, always. So a workflow that is over while its run is not will never
        end it: the run gets another workflow, or fails where the workflow broke. A workflow that
        is not known (the work database was lost) is begun anew.
        """
        with self._database.read() as session:
            active = [run.workflow_id for run in runs.active_runs(session)]
        overdue = [
            workflow_id
            for workflow_id, since in self._queued_at.items()
            if self._clock() - since > OVERDUE_S
        ]
        known = self._queue.statuses([*active, *overdue])
        right = 0
        for workflow_id in active:
            right += self._set_right(workflow_id, known.get(workflow_id, ""))
        for workflow_id in overdue:
            if known.get(workflow_id, "") in {*_ENDED_BADLY, WorkflowStatusString.SUCCESS.value}:
                right += self._set_right(workflow_id, known[workflow_id])
            self._queued_at.pop(workflow_id, None)
        if self._stored_only:
            self._say_without_exchange()
        return right

    def _say_without_exchange(self) -> None:
        """Where nothing carries images and results, the runs that wait for that say so."""
        now = utc_now()
        with self._database.read() as session:
            if any(one.alive for one in services(session, "exchange", now)):
                return
            waiting = [run.workflow_id for run in runs.awaiting_exchange(session)]
        for workflow_id in waiting:
            with self._database.write() as session:
                runs.wait_for_store(session, workflow_id, NO_EXCHANGE, now)

    def _set_right(self, workflow_id: str, status: str) -> bool:
        now = utc_now()
        with self._database.write() as session:
            if self._stored_only and runs.is_handed_in(session, workflow_id):
                return False  # whatever its workflow thinks, the exchange ends it
            if status == "":
                reason = "the work database does not know this run; it is begun again"
                changed = runs.set_right(session, workflow_id, now, reason)
            elif status == WorkflowStatusString.SUCCESS.value:
                reason = "the work database took this run for done; it is begun again"
                changed = runs.set_right(session, workflow_id, now, reason, anew=True)
            elif status in _ENDED_BADLY:
                reason = "the work broke off — retry; if it does so again, report it with the log"
                changed = runs.fail_if_unfinished(session, workflow_id, now, reason)
            else:
                return False
        if changed:
            _log.warning("set_right", workflow_id=workflow_id, status=status, reason=reason)
        return changed
