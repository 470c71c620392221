"""The log of one run, for the person who looks at a failure; without patient data.

Lines go to the service's log, and to a file in the work folder that outlives the worker.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from heimdallr import logs
from heimdallr.clock import utc_now

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST = 200_000
"""How much of a log, counted from its end, is kept with the run."""

_log = structlog.get_logger()

Fact = str | int | float | None


class RunLog:
    """The log of one run.

    Args:
        path: the file; its folder need not be there yet.
        workflow_id: names the run in the service's log; a case ID would name the patient.
        executor: named there too.
    """

    def __init__(self, path: Path, workflow_id: str, executor: str) -> None:
        self._path = path
        self._about = _log.bind(workflow_id=workflow_id, executor=executor)

    def info(self, event: str, **facts: Fact) -> None:
        """Something went as it should."""
        self._about.info(event, **facts)
        self._write("info", event, facts)

    def warning(self, event: str, **facts: Fact) -> None:
        """Something a person may want to know of."""
        self._about.warning(event, **facts)
        self._write("warning", event, facts)

    def failure(self, event: str, error: BaseException, **facts: Fact) -> None:
        """Something broke: the error's class and where, never its text unless it is our own."""
        self._about.error(event, exc_info=error, **facts)
        self._write("error", event, {**facts, "error": logs.describe(error)})

    def text(self) -> str:
        """Everything so far, by every worker that had a part in it; at least the end of it."""
        try:
            return self._path.read_text(encoding="utf-8")[-_LONGEST:]
        except OSError:
            return ""

    def _write(self, level: str, event: str, facts: dict[str, Fact]) -> None:
        told = " ".join(f"{key}={logs.clean(str(value))}" for key, value in facts.items())
        line = f"{utc_now():%Y-%m-%dT%H:%M:%S.%fZ} {level:7} {event} {told}"
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(line.rstrip() + "\n")
