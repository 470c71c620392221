"""Parts are started, heard, started again, given up and stopped; real processes, small ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from heimdallr.supervisor import Backoff, Part, Supervisor, ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PART = """
import os, pathlib, signal, subprocess, sys, time
from heimdallr.parent_process import die_with, ready, stop_on_signals
die_with(int(sys.argv[2]))
what = sys.argv[3]
print(f"I am {what}", flush=True)
if what == "refuses":
    sys.exit(2)
if what == "hindered":
    lives = pathlib.Path(sys.argv[0]).with_name("lives")
    number = len(lives.read_text()) + 1 if lives.exists() else 1
    lives.write_text("x" * number)
    if number == 2:
        sys.exit(2)
if what == "breaks":
    sys.exit(1)
if what == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready()
    time.sleep(60)
if what == "parent":
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(f"2026-01-01T00:00:00 helper {helper.pid}", flush=True)
stop = stop_on_signals()
ready()
stop.wait(60)
print("goodbye", flush=True)
"""


@dataclass
class Running:
    """A supervisor in a process-wide main thread's stead, and what it said."""

    supervisor: Supervisor
    stop: threading.Event = field(default_factory=threading.Event)
    lines: list[str] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)
    code: int | None = None

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that must come soon."""
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.02)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start a supervisor over parts of the given kinds; whatever runs at the end is stopped."""
    script = tmp_path / "part.py"
    script.write_text(PART)
    threads: list[tuple[Running, threading.Thread]] = []

    def begin(*kinds: str, grace_s: float = 10.0) -> Running:
        lines: list[str] = []
        running = Running(
            lines=lines,
            supervisor=Supervisor(
                [Part(kind, (kind,)) for kind in kinds],
                os.environ,
                show=lines.append,
                grace_s=grace_s,
                make_backoff=lambda: Backoff(first_s=0.05),
                launcher=(sys.executable, str(script)),
            ),
        )

        def run() -> None:
            running.code = running.supervisor.run(running.stop, running.ready.set)

        thread = threading.Thread(target=run)
        thread.start()
        threads.append((running, thread))
        return running

    yield begin
    for running, thread in threads:
        running.stop.set()
        thread.join(60)
        assert not thread.is_alive()


def test_everything_is_ready_then_stops_when_asked(start: Callable[..., Running]) -> None:
    """Ready once all parts said so; every line carries its part's name; the end is graceful."""
    running = start("one", "two")
    assert running.ready.wait(60)
    assert set(running.supervisor.pids()) == {"one", "two"}
    running.stop.set()
    running.until(lambda: running.code is not None)
    assert running.code == 0
    assert {"one: I am one", "two: I am two", "one: goodbye", "two: goodbye"} <= set(running.lines)


def test_a_part_that_is_killed_comes_back_with_its_helpers_gone(
    start: Callable[..., Running],
) -> None:
    """SIGKILL of one part: a new process of the same name, none of its helpers left, others on."""
    running = start("parent", "other")
    assert running.ready.wait(60)
    before = running.supervisor.pids()
    (said,) = [line for line in running.lines if " helper " in line]
    assert said.startswith("2026"), "a line of the part's own logging is passed on as it is"
    os.kill(before["parent"], signal.SIGKILL)
    running.until(lambda: running.supervisor.pids().get("parent", 0) not in {0, before["parent"]})
    assert not _lives(int(said.split()[-1]))
    assert running.supervisor.pids()["other"] == before["other"]


def test_a_refused_configuration_ends_everything(start: Callable[..., Running]) -> None:
    """Exit code 2 of a part is the supervisor's; the others are stopped."""
    running = start("one", "refuses")
    running.until(lambda: running.code is not None)
    assert running.code == 2
    assert running.lines.count("refuses: I am refuses") == 1
    assert running.supervisor.pids() == {}


def test_a_part_that_worked_before_is_tried_again(start: Callable[..., Running]) -> None:
    """Killed, then refused because another program sits on its port: nobody else is stopped."""
    running = start("one", "hindered")
    assert running.ready.wait(60)
    before = running.supervisor.pids()
    os.kill(before["hindered"], signal.SIGKILL)
    running.until(lambda: running.lines.count("hindered: I am hindered") == 3)
    assert running.code is None
    assert running.supervisor.pids()["one"] == before["one"]


def test_a_part_that_never_comes_up_is_given_up(start: Callable[..., Running]) -> None:
    """Three deaths before it was ever ready are enough."""
    running = start("one", "breaks")
    running.until(lambda: running.code is not None)
    assert running.code == 1
    assert running.lines.count("breaks: I am breaks") == 3
    assert not running.ready.is_set()


def test_a_part_that_does_not_stop_is_killed(start: Callable[..., Running]) -> None:
    """The limit holds."""
    running = start("deaf", grace_s=0.3)
    assert running.ready.wait(60)
    begun = time.monotonic()
    running.stop.set()
    running.until(lambda: running.code is not None)
    assert time.monotonic() - begun < 10
    assert running.code == 0


def test_backoff_doubles_to_its_limit_and_forgets_after_steady_life() -> None:
    """1, 2, 4 … 30 seconds; a part that lived for a minute begins anew."""
    backoff = Backoff()
    waits = [backoff.died(5, ready=True) for _ in range(7)]
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert backoff.died(61, ready=True) == 1


def test_backoff_gives_up_only_what_was_never_ready() -> None:
    """A part that has worked once is started again for ever."""
    never, once = Backoff(), Backoff()
    assert [never.died(1, ready=False) for _ in range(3)] == [1, 2, None]
    once.died(1, ready=True)
    assert all(once.died(1, ready=False) is not None for _ in range(50))


def test_endings_in_words() -> None:
    """A signal is named."""
    assert ending(-9) == "killed by SIGKILL"
    assert ending(3) == "exit code 3"
    assert ending(-99) == "killed by signal 99"


def test_parts_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL of the supervisor: its parts are gone, too."""
    script = tmp_path / "part.py"
    script.write_text(PART)
    code = f"""
import os, sys, threading
from heimdallr.supervisor import Part, Supervisor
one = Supervisor([Part("one", ("one",))], os.environ, show=print,
                 launcher=(sys.executable, {str(script)!r}))
one.run(threading.Event(), lambda: print("pids", *one.pids().values(), flush=True))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        pid = next(int(line.split()[1]) for line in parent.stdout if line.startswith("pids"))
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 60
    while _lives(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
