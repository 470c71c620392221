"""The ``listen`` service: the DICOM listener, and the recorder beside it.

Two processes, so that neither waits for the other: this one answers senders and knows no
database; its child, with a lower priority, records what has come in. When the child dies it is
started again; receiving goes on meanwhile. When this process dies, the kernel ends the child.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from heimdallr import logs, parent_process
from heimdallr.files import keep_others_out
from heimdallr.intake.scp.presence import Presence, PresenceWriter
from heimdallr.intake.scp.server import Scp
from heimdallr.store.commitment_reports import CommitmentReports
from heimdallr.store.layout import made_folders

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

    from heimdallr.config import Settings

_log = structlog.get_logger()

_NICENESS = 5
"""Of the recorder: senders wait for the listener, nobody waits for the recorder."""
_LOOK_S = 0.25
_RECORDER_GRACE_S = 20.0


def run_listener(
    settings: Settings,
    stop: threading.Event,
    announce: Callable[[str], None] | None = None,
    record: Callable[[Settings, threading.Event], None] | None = None,
) -> None:
    """Receive until told to stop; call it from a thread that lasts as long (the main one).

    Args:
        settings: of the listener and of its recorder.
        stop: ends it; objects on their way may still arrive.
        announce: is handed the lines that say who may connect, once the listener answers.
        record: what the recorder's process does; see :class:`Recorder`.

    Raises:
        ConfigurationError: a setting cannot be used, or the data folder cannot be made.
    """
    folders = made_folders(settings)
    presence = Presence()
    scp = Scp(settings, folders.spool, presence, CommitmentReports(folders.commitments))
    scp.start()
    writer = PresenceWriter(presence, settings)
    writer.start()
    for line in describe(scp):
        (announce or _log.info)(line)
    parent_process.ready()
    recorder = Recorder(settings, record)
    try:
        while not stop.wait(_LOOK_S):
            recorder.look_after(time.monotonic())
    finally:
        scp.stop()
        writer.stop()
        recorder.end()


def describe(scp: Scp) -> list[str]:
    """Who we are, who may connect, and what to set to let a PACS in; lines for people."""
    settings = scp.settings
    secured = " over TLS" if settings.dicom_certificate else ""
    lines = [f"DICOM listener {settings.ae_title} on {scp.host}, port {scp.port}{secured}"]
    if settings.dicom_peers:
        lines.append("may connect: " + ", ".join(settings.dicom_peers))
    else:
        lines.append(
            "may connect: this machine only; to let a PACS in, set HEIMDALLR_DICOM_PEERS to its "
            "address, for example 10.1.2.3 or PACS@10.1.2.3"
        )
    return lines


@dataclass(slots=True)
class Restarts:
    """When a process that died is started again: at once, then later each time it dies young.

    Attributes:
        first_s: wait after the first death.
        most_s: longest wait.
        steady_s: a life that long makes up for earlier deaths.
    """

    first_s: float = 0.5
    most_s: float = 30.0
    steady_s: float = 60.0
    _deaths: int = 0

    def wait_s(self, lived_s: float) -> float:
        """Seconds to wait after a life of so many seconds."""
        self._deaths = 0 if lived_s >= self.steady_s else self._deaths + 1
        return min(self.first_s * 2.0 ** max(self._deaths - 1, 0), self.most_s)


class Recorder:
    """The recorder's process, started again whenever it ends by itself.

    Args:
        settings: handed to it.
        work: what it does until the event is set; a function of a module, so that it can be named
            to a process of its own.
    """

    def __init__(
        self,
        settings: Settings,
        work: Callable[[Settings, threading.Event], None] | None = None,
    ) -> None:
        self._settings = settings
        self._work = work
        self._context = multiprocessing.get_context("spawn")
        self._process: BaseProcess | None = None
        self._started_at = 0.0
        self._start_at = 0.0
        self._restarts = Restarts()

    @property
    def pid(self) -> int | None:
        """Its process number; ``None`` while it does not run."""
        return self._process.pid if self._process else None

    def look_after(self, now: float) -> None:
        """Start it when it does not run and its time has come."""
        if self._process is not None:
            if self._process.is_alive():
                return
            code = self._process.exitcode
            self._process = None
            wait_s = self._restarts.wait_s(now - self._started_at)
            self._start_at = now + wait_s
            _log.error("the recorder died", exit_code=code, seconds=round(wait_s, 1))
        if now < self._start_at:
            return
        self._process = self._context.Process(
            target=_record, args=(self._settings, os.getpid(), self._work), name="recorder"
        )
        self._process.start()
        self._started_at = now

    def end(self) -> None:
        """Have it finish what it has in hand; killed when that takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.join(_RECORDER_GRACE_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process = None


def _record(
    settings: Settings,
    parent: int,
    work: Callable[[Settings, threading.Event], None] | None,
) -> None:
    """The recorder's process, from its first line to its last."""
    parent_process.die_with(parent)
    stop = parent_process.stop_on_signals()
    # Ctrl-C reaches every process of the terminal; the listener tells us when it is our turn.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    keep_others_out()
    logs.configure(
        service="recorder", level=settings.log_level, json_lines=settings.log_format == "json"
    )
    try:
        if work is None:
            from heimdallr.intake.service import run_recorder  # noqa: PLC0415 - its process's alone

            work = run_recorder
        work(settings, stop)
    except Exception as error:  # noqa: BLE001 - multiprocessing would print it, text and all
        _log.error("crashed", exc_info=error)
        sys.exit(1)
