"""`heimdallr exchange`: carry images and results by way of an object store."""

from __future__ import annotations

import os
import sys

from heimdallr.cli.service import begin


def exchange() -> None:
    """Carry images to HEIMDALLR_OBJECT_STORE and results back until SIGTERM or Ctrl-C."""
    settings, stop = begin("exchange")
    from heimdallr.workflow.exchange import run_exchange  # noqa: PLC0415 - commands start quickly

    run_exchange(settings, stop)
    # A store may stall for as long as it likes; what was being carried is carried again.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
