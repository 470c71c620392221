"""`heimdallr deliver`: run a deliverer, which sends results to their destinations."""

from __future__ import annotations

import os
import sys

from heimdallr.cli.service import begin


def deliver() -> None:
    """Send what is owed to destinations until SIGTERM or Ctrl-C."""
    settings, stop = begin("deliverer")
    from heimdallr.delivery import makers, peers  # noqa: PLC0415 - commands start quickly
    from heimdallr.delivery.service import run_deliverer  # noqa: PLC0415 - as above

    run_deliverer(
        settings,
        stop,
        sender_for=peers.senders(settings),
        makers=makers.MAKERS,
        reports=peers.reports,
    )
    # A peer may stall for as long as it likes; what was in its hands is taken back.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
