"""`heimdallr work`: run a worker, which takes studies through their stages."""

from __future__ import annotations

import os
import sys

from heimdallr.cli.service import begin


def work() -> None:
    """Work on what was received until SIGTERM or Ctrl-C; running stages reach their end first."""
    settings, stop = begin("worker")
    from heimdallr.workflow.service import run_worker  # noqa: PLC0415 - commands start quickly

    run_worker(settings, stop)
    # Networks may still be loading in the background, or a stage be running that nothing can
    # interrupt: the native libraries under them crash or hang when Python is taken down first.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
