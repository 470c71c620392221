"""Filters DBOS's log: one line for each event, an outage once a minute."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S = 60.0
"""While the database is away DBOS says so ten times a second."""

_ALIKE = 32
"""Messages that begin with the same characters say the same."""


class OncePerOutage(logging.Filter):
    """Lets a message through that was not told lately, without the lines that explain it.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be logged."""
        lines = record.getMessage().splitlines() or [""]
        record.msg, record.args = lines[0], ()
        now, alike = self._clock(), lines[0][:_ALIKE]
        if now - self._told.get(alike, -EVERY_S) < EVERY_S:
            return False
        self._told[alike] = now
        return True


def quieten() -> None:
    """Filter what DBOS logs in this process; a second call changes nothing."""
    logger = logging.getLogger("dbos")
    if not any(isinstance(one, OncePerOutage) for one in logger.filters):
        logger.addFilter(OncePerOutage())
