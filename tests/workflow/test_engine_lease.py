"""The engine's lease: one case at a time, the most urgent first."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, cast

import pytest

from heimdallr.workflow.engine_lease import EngineLease

if TYPE_CHECKING:
    from heimdallr.segmentation.engine import Engine


class _Made:
    """Stands for an engine; counts how many were made."""

    count = 0

    def __init__(self) -> None:
        type(self).count += 1


def _lease() -> EngineLease:
    _Made.count = 0
    return EngineLease(lambda: cast("Engine", _Made()))


def test_waiting_cases_get_the_engine_in_the_order_of_their_urgency() -> None:
    """While one case holds it, a STAT case overtakes those that came before it."""
    lease, order, inside = _lease(), [], threading.Semaphore(1)

    def work(name: str, priority: int) -> None:
        with lease.use(lambda: priority):
            assert inside.acquire(blocking=False), "two cases at once"
            order.append(name)
            inside.release()

    threads = []
    with lease.use(lambda: 10):
        for name, priority in (("first", 10), ("second", 10), ("stat", 1)):
            threads.append(threading.Thread(target=work, args=(name, priority)))
            threads[-1].start()
            time.sleep(0.1)
    for thread in threads:
        thread.join(60)
    assert order == ["stat", "first", "second"]
    assert _Made.count == 1


def test_a_case_becomes_urgent_while_it_waits() -> None:
    """Somebody marks the last one in the line STAT: it is next."""
    lease, order = _lease(), []
    priorities = {"early": 10, "late": 10}

    def work(name: str) -> None:
        with lease.use(lambda: priorities[name]):
            order.append(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in priorities]
    with lease.use(lambda: 10):
        for thread in threads:
            thread.start()
            time.sleep(0.1)
        priorities["late"] = 1
        time.sleep(1.2)  # a waiting case asks again every half second
    for thread in threads:
        thread.join(60)
    assert order == ["late", "early"]


def test_a_cancelled_case_leaves_the_line() -> None:
    """What urgency raises ends the wait; the next case is not held up by it."""
    lease = _lease()

    def cancelled() -> int:
        raise InterruptedError

    with pytest.raises(InterruptedError), lease.use(cancelled):
        pytest.fail("the engine was handed out")
    with lease.use(lambda: 10) as engine:
        assert engine is lease.engine()


def test_making_ready_lets_cases_that_are_prepared_go_first() -> None:
    """Two are being prepared; only when both are does the rest of the networks load."""
    lease, loaded = _lease(), threading.Event()

    def warm() -> None:
        lease.let_cases_go_first()
        loaded.set()

    with lease.preparing():
        with lease.preparing():
            thread = threading.Thread(target=warm)
            thread.start()
            assert not loaded.wait(0.1)
        assert not loaded.wait(0.1)
    thread.join(60)
    assert loaded.is_set()
    lease.let_cases_go_first()
