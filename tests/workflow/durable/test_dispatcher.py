"""The dispatcher between the two databases, with a work database that says what it is told to."""

from __future__ import annotations

from collections.abc import Collection, Mapping  # noqa: TC003 - readable signatures
from typing import TYPE_CHECKING

import pytest
from quick_work import receive, runs_of, study_of

from heimdallr.clock import utc_now
from heimdallr.store import stored_folders
from heimdallr.store.models import STAT, StudyState
from heimdallr.store.work import lifecycle, runs
from heimdallr.workflow.durable.dispatcher import OVERDUE_S, Dispatcher

if TYPE_CHECKING:
    from heimdallr.config import Settings
    from heimdallr.store.database import Database


class Queue:
    """A work database on paper."""

    def __init__(self) -> None:
        self.busy = 0
        self.queued: list[tuple[str, int]] = []
        self.known: dict[str, str] = {}

    def enqueue(self, workflow_id: str, priority: int) -> None:
        """Note it."""
        self.queued.append((workflow_id, priority))
        self.known.setdefault(workflow_id, "ENQUEUED")

    def statuses(self, workflow_ids: Collection[str]) -> Mapping[str, str]:
        """What was noted."""
        return {one: self.known[one] for one in workflow_ids if one in self.known}


def _take(database: Database, workflow_id: str) -> None:
    with database.write() as session:
        runs.take_up(session, workflow_id, "w#1", utc_now(), max_recoveries=3)


def test_only_as_many_are_queued_as_there_are_hands(database: Database, settings: Settings) -> None:
    """The rest waits in our own table, where it can be overtaken; nothing is queued twice."""
    ids = [receive(database, settings, f"1.2.{number}") for number in range(4)]
    workflows = [runs_of(database, study_id)[0].workflow_id for study_id in ids]
    queue = Queue()
    dispatcher = Dispatcher(database, queue, hands=2)
    assert dispatcher.dispatch() == 2
    assert dispatcher.dispatch() == 0
    assert queue.queued == [(workflows[0], 10), (workflows[1], 10)]
    queue.busy = 2
    for workflow_id in workflows[:2]:
        _take(database, workflow_id)
    with database.write() as session:
        lifecycle.set_priority(session, ids[3], STAT, utc_now(), "anna")
    assert dispatcher.dispatch() == 0
    queue.busy = 1
    assert dispatcher.dispatch() == 1
    assert queue.queued[-1] == (workflows[3], STAT)


@pytest.mark.parametrize(
    ("status", "state", "same_workflow"),
    [
        ("PENDING", StudyState.PREPARING, True),
        ("ENQUEUED", StudyState.PREPARING, True),
        ("", StudyState.QUEUED, True),
        ("SUCCESS", StudyState.QUEUED, False),
        ("ERROR", StudyState.FAILED, True),
        ("CANCELLED", StudyState.FAILED, True),
        ("MAX_RECOVERY_ATTEMPTS_EXCEEDED", StudyState.FAILED, True),
    ],
)
def test_a_run_on_which_the_databases_disagree_is_set_right(
    database: Database, settings: Settings, status: str, state: StudyState, *, same_workflow: bool
) -> None:
    """Worked on here: what the other database says decides whether that can be."""
    study_id = receive(database, settings, "1.2.3")
    workflow_id = runs_of(database, study_id)[0].workflow_id
    queue = Queue()
    dispatcher = Dispatcher(database, queue, hands=2)
    dispatcher.dispatch()
    _take(database, workflow_id)
    queue.known = {workflow_id: status} if status else {}
    changed = dispatcher.reconcile()
    study, (run,) = study_of(database, study_id), runs_of(database, study_id)
    assert study.state is state
    assert changed == (state is not StudyState.PREPARING)
    assert (run.workflow_id == workflow_id) == same_workflow


@pytest.mark.parametrize("status", ["", "SUCCESS", "ERROR"])
def test_a_run_whose_results_are_handed_in_is_left_to_the_exchange(
    database: Database, settings: Settings, status: str
) -> None:
    """Whatever became of its workflow; without an object store nobody else would end it."""
    study_id = receive(database, settings, "1.2.3")
    workflow_id = runs_of(database, study_id)[0].workflow_id
    queue = Queue()
    queue.known = {workflow_id: status} if status else {}
    _take(database, workflow_id)
    with database.write() as session:
        stored_folders.settle(session, study_id, "0" * 64, workflow_id=workflow_id)
    assert Dispatcher(database, queue, hands=2, stored_only=True).reconcile() == 0
    assert study_of(database, study_id).state is StudyState.PREPARING
    assert Dispatcher(database, queue, hands=2).reconcile() == 1


def test_a_run_that_was_queued_and_never_began_is_looked_into(
    database: Database, settings: Settings
) -> None:
    """Its workflow is over there while it waits here: after some seconds it gets another one."""
    study_id = receive(database, settings, "1.2.3")
    workflow_id = runs_of(database, study_id)[0].workflow_id
    queue, now = Queue(), 100.0
    dispatcher = Dispatcher(database, queue, hands=2, clock=lambda: now)
    dispatcher.dispatch()
    queue.known[workflow_id] = "SUCCESS"
    assert dispatcher.reconcile() == 0, "it may be on its way"
    now += OVERDUE_S + 1
    assert dispatcher.reconcile() == 1
    (run,) = runs_of(database, study_id)
    assert run.workflow_id != workflow_id
    assert dispatcher.dispatch() == 1
    assert queue.queued[-1][0] == run.workflow_id
