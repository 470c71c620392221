"""Waiting until something is so or somebody listens; ports nobody has; the memory a test needed."""

from __future__ import annotations

import resource
import socket
import time
from typing import TYPE_CHECKING

from heimdallr.workflow.cases.environment_faults import UNCHANGED_S

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = UNCHANGED_S + 60.0
"""Longer than anything waits here: a case whose disk seems as full as it was."""


def wait_for(
    is_so: Callable[[], object],
    limit_s: float = PATIENCE_S,
    *,
    what: str = "it did not come to pass",
) -> None:
    """Wait until something is so; the test fails when it does not become so.

    Args:
        is_so: asked again and again.
        limit_s: how long.
        what: is waited for, or went wrong.
    """
    until = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < until, f"{what}: not within {limit_s:.0f} s"
        time.sleep(0.05)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for_port(port: int, limit_s: float = 60.0) -> None:
    """Wait until somebody listens at a port of loopback."""

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_for(answers, limit_s, what=f"an answer at port {port}")


def peak_memory_mb() -> float:
    """The most memory this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
