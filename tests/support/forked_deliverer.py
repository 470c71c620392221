"""`heimdallr deliver` in a process that is quickly there, to be killed as quickly."""

from __future__ import annotations

import multiprocessing
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from heimdallr import logs
from heimdallr.config import Settings
from heimdallr.delivery.claims import Patience
from heimdallr.delivery.makers import MAKERS
from heimdallr.delivery.peers import reports, senders
from heimdallr.delivery.service import run_deliverer
from heimdallr.parent_process import die_with, stop_on_signals

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

QUICK = Patience(timedelta(seconds=0.2), timedelta(seconds=2), timedelta(days=3))
_LOADED = ["heimdallr.delivery.makers", "heimdallr.delivery.peers", "heimdallr.delivery.service"]


def start_deliverer(data: Path, log: Path) -> BaseProcess:
    """Start one; what it needs was loaded once, by the process it is forked from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    process = context.Process(target=_deliver, args=(str(data), str(log)))
    process.start()
    return process


def _deliver(data: str, log: str) -> None:
    """As the command does, but with shorter waits; it does not outlive its test."""
    die_with(os.getppid())
    for stream in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    logs.configure(service="deliverer", level="warning")
    settings = Settings(data_dir=Path(data))
    run_deliverer(
        settings,
        stop_on_signals(),
        sender_for=senders(settings),
        makers=MAKERS,
        reports=reports,
        patience=QUICK,
    )
    os._exit(0)
