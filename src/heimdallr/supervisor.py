"""The services of one machine as children of one process.

A part that dies is started again, later each time it dies young; a part that refuses its
configuration, or never comes up, ends everything. Whoever stops the supervisor stops the parts:
gracefully within a limit when asked to, at once when it is killed itself (see
:mod:`heimdallr.parent_process`).
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from heimdallr.parent_process import NOTIFY_SOCKET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_log = structlog.get_logger()

_LOOK_S = 0.1
_REFUSED = 2
"""Exit code of a command whose configuration is wrong; starting it again would not help."""

_FORMATTED = re.compile(r"\{|\d{4}-\d\d-\d\dT")
"""How a line begins that our own logging wrote; it names its service itself."""


@dataclass(frozen=True, slots=True)
class Part:
    """One service: its name and the `heimdallr` command that is it."""

    name: str
    command: tuple[str, ...]


@dataclass(slots=True)
class Backoff:
    """How long to wait before a part is started again.

    Attributes:
        first_s: after the first death.
        most_s: at most; the wait doubles with each death until then.
        steady_s: a part that lived this long has recovered, and the count begins anew.
        attempts: deaths in a row, without ever having been ready, after which it is given up.
    """

    first_s: float = 1.0
    most_s: float = 30.0
    steady_s: float = 60.0
    attempts: int = 3
    deaths: int = 0
    was_ready: bool = False

    def died(self, lived_s: float, *, ready: bool) -> float | None:
        """Seconds until the next start; ``None``: there will be none."""
        self.was_ready |= ready
        self.deaths = 1 if lived_s >= self.steady_s else self.deaths + 1
        if not self.was_ready and self.deaths >= self.attempts:
            return None
        return min(self.first_s * 2.0 ** (self.deaths - 1), self.most_s)


@dataclass(slots=True)
class _Child:
    """A part, and the process that is it at the moment."""

    part: Part
    channel: socket.socket
    backoff: Backoff
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    ready: bool = False
    pump: threading.Thread | None = None


@dataclass(slots=True)
class Supervisor:
    """Runs parts until it is told to stop or one of them cannot be run.

    Attributes:
        parts: what to run.
        environment: of every part.
        show: is handed each line of a part's output, by the thread that reads it.
        grace_s: how long parts may take to stop before they are killed.
        clock: seconds, monotonic.
        launcher: how a `heimdallr` command is started.
    """

    parts: Sequence[Part]
    environment: Mapping[str, str]
    show: Callable[[str], None]
    grace_s: float = 30.0
    clock: Callable[[], float] = time.monotonic
    make_backoff: Callable[[], Backoff] = Backoff
    launcher: Sequence[str] = (sys.executable, "-m", "heimdallr")
    _children: list[_Child] = field(default_factory=list)

    def run(self, stop: threading.Event, when_ready: Callable[[], None]) -> int:
        """Run the parts.

        Args:
            stop: ends it.
            when_ready: called once, when every part has said that it is ready.

        Returns:
            0 when it was stopped, 2 when a part refused its configuration before it was ever
            ready, 1 when one never came up.
        """
        with tempfile.TemporaryDirectory(prefix="heimdallr-up-") as folder:
            try:
                self._children = [self._prepare(part, Path(folder)) for part in self.parts]
                return self._supervise(stop, when_ready)
            finally:
                self._end()

    def pids(self) -> dict[str, int]:
        """Name → process id of the parts that run, for tests that end one of them."""
        return {one.part.name: one.process.pid for one in self._children if one.process}

    def _prepare(self, part: Part, folder: Path) -> _Child:
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        channel.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        channel.bind(str(folder / part.name))
        return _Child(part, channel, self.make_backoff(), start_at=self.clock())

    def _supervise(self, stop: threading.Event, when_ready: Callable[[], None]) -> int:
        told = False
        while not stop.is_set():
            for child in self._children:
                code = self._look_after(child)
                if code is not None:
                    return code
            if not told and all(child.ready for child in self._children):
                told = True
                when_ready()
            stop.wait(_LOOK_S)
        return 0

    def _look_after(self, child: _Child) -> int | None:
        """Start it, hear that it is ready, notice that it died; an exit code when that is final."""
        now = self.clock()
        if child.process is None:
            if now >= child.start_at:
                self._start(child, now)
            return None
        if not child.ready:
            child.ready = _heard(child.channel)
        if not _is_over(child.process):
            return None
        name, code = child.part.name, _bury(child)
        wait = child.backoff.died(now - child.started_at, ready=child.ready)
        child.ready = False
        # What worked before may be refused for a moment: another program sits on its port, say.
        if code == _REFUSED and not child.backoff.was_ready:
            _log.error("part_refused", target=name, remedy="see its message above")
            return _REFUSED
        if wait is None:
            _log.error("part_never_came_up", target=name, status=ending(code))
            return 1
        _log.warning("part_died", target=name, status=ending(code), seconds=wait)
        child.start_at = now + wait
        return None

    def _start(self, child: _Child, now: float) -> None:
        command = [*self.launcher, "--with-parent", str(os.getpid()), *child.part.command]
        child.process = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**self.environment, NOTIFY_SOCKET: str(child.channel.getsockname())},
            start_new_session=True,  # Ctrl-C reaches the supervisor only, which asks the parts
        )
        child.started_at = now
        child.pump = threading.Thread(
            target=self._pump, args=(child.part.name, child.process), daemon=True
        )
        child.pump.start()

    def _pump(self, name: str, process: subprocess.Popen[str]) -> None:
        """Pass on what a part says; a line that is not from its logging gets its name."""
        with process.stdout or open(os.devnull, encoding="utf-8") as lines:  # noqa: PTH123
            for line in lines:
                text = line.rstrip("\n")
                self.show(text if _FORMATTED.match(text) else f"{name}: {text}")

    def _end(self) -> None:
        running = [child for child in self._children if child.process]
        for child in running:
            _signal(child, signal.SIGTERM)
        deadline = self.clock() + self.grace_s
        for child in running:
            while child.process and not _is_over(child.process):
                if self.clock() >= deadline:
                    _log.warning("part_killed", target=child.part.name, limit=self.grace_s)
                    break
                time.sleep(_LOOK_S / 5)
            _bury(child)
        for child in self._children:
            child.channel.close()


def ending(code: int) -> str:
    """An exit status in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _heard(channel: socket.socket) -> bool:
    try:
        return b"READY=1" in channel.recv(4096).splitlines()
    except BlockingIOError:
        return False


def _is_over(process: subprocess.Popen[str]) -> bool:
    """Whether the process ended; it is left to be collected, so that its id stays its own."""
    if process.returncode is not None:
        return True
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, flags) is not None


def _signal(child: _Child, number: signal.Signals) -> None:
    if child.process and child.process.returncode is None:
        child.process.send_signal(number)


def _bury(child: _Child) -> int:
    """End whatever is left of a part, its helpers too, and collect it; its exit status."""
    process = child.process
    if process is None:
        return 0
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    if child.pump:
        child.pump.join(2)
    child.process = None
    return code
