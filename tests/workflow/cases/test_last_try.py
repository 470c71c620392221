"""Side by side, or one alone."""

from __future__ import annotations

import threading
import time

import pytest

from heimdallr.workflow.cases.database_retry import LeavingError
from heimdallr.workflow.cases.last_try import LastTryGate


def test_a_suspect_waits_for_the_others_and_is_alone_then() -> None:
    """Two are inside; the suspect waits; whoever comes after it waits for it."""
    last_try_gate, inside, most = LastTryGate(threading.Event()), [], []
    release = threading.Event()

    def visit(name: str, *, alone: bool) -> None:
        with last_try_gate.enter(alone=alone):
            inside.append(name)
            most.append((name, len(inside)))
            if name.startswith("early"):
                release.wait(10)
            time.sleep(0.1)
            inside.remove(name)

    names = ("early 1", "early 2", "suspect", "late 1", "late 2")
    threads = []
    for name in names:
        thread = threading.Thread(target=visit, args=(name,), kwargs={"alone": name == "suspect"})
        thread.start()
        threads.append(thread)
        time.sleep(0.1)
    assert sorted(inside) == ["early 1", "early 2"]
    release.set()
    for thread in threads:
        thread.join(60)
    assert ("suspect", 1) in most
    assert [name for name, _ in most].index("suspect") == 2


def test_a_worker_that_stops_lets_nobody_wait_on() -> None:
    """Whoever still waits leaves; the last_try_gate is as before."""
    stopping = threading.Event()
    last_try_gate = LastTryGate(stopping)
    with last_try_gate.enter(alone=True):
        stopping.set()
        with pytest.raises(LeavingError), last_try_gate.enter(alone=False):
            pytest.fail("let in beside one that is alone")
    with last_try_gate.enter(alone=False):
        pass
