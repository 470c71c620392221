"""`heimdallr up`: how its limits fit those of what it runs."""

from __future__ import annotations

import inspect

from heimdallr.cli.commands.up import up
from heimdallr.workflow import service


def test_an_ordinary_stop_leaves_the_worker_the_time_it_asks_for() -> None:
    """A worker that is killed while a stage reaches its end counts as lost."""
    stages, notice, handing = service.STOP_S, service.LEAVE_S, service.LEAVE_S
    assert inspect.signature(up).parameters["grace"].default > stages + notice + handing
