"""Retries a worker's transactions while the database is down, so that no report is lost.

A stage that was done, or a case that ended, is written as soon as the database is back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

_T = TypeVar("_T")
_FIRST_S, _LONGEST_S = 0.1, 5.0

_log = structlog.get_logger()


class LeavingError(BaseException):
    """The worker is leaving: what it was doing is for another one to go on with.

    Not an :class:`Exception`, so that no stage takes it for a failure of its own and the durable
    workflow keeps no record of it.
    """


def is_away(error: BaseException) -> bool:
    """Whether an error says that the database cannot be reached now, or is too busy."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeoutError):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def retry_until_back(transaction: Callable[[], _T], leaving: threading.Event) -> _T:
    """Retry a transaction until the database is back.

    Args:
        transaction: one transaction, fit to be done twice.
        leaving: the worker gives up waiting.

    Raises:
        LeavingError: the worker is leaving, and the database is still away.
    """
    pause_s = _FIRST_S
    while True:
        try:
            return transaction()
        except Exception as error:
            if not is_away(error):
                raise
            if pause_s == _FIRST_S:
                _log.warning("database_away", error=type(error).__name__)
        if leaving.wait(pause_s):
            raise LeavingError
        pause_s = min(pause_s * 2, _LONGEST_S)
