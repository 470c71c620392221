"""`heimdallr work`: take studies through their stages."""

from __future__ import annotations

import os
import sys

from heimdallr.cli.service import begin


def work() -> None:
    """Work on what was received until SIGTERM or Ctrl-C; running stages reach their end first."""
    settings, stop = begin("worker")
    from heimdallr.workflow.service import run_worker  # noqa: PLC0415 - commands start quickly

    if not run_worker(settings, stop):
        # A stage is running that nothing can interrupt; whoever takes the case up does it again.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
