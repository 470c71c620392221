"""Putting access control around an application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from heimdallr.web.access.problem import AccessError, handle

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from heimdallr.config import Settings
    from heimdallr.store.database import Database


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(timezone.utc)


@dataclass(frozen=True, slots=True)
class Access:
    """What access control works with; ``app.state.access``."""

    settings: Settings
    database: Database
    now: Callable[[], datetime] = utc_now


def install(
    app: FastAPI,
    settings: Settings,
    database: Database,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Put access control around an application: middleware, routes, refusals.

    Args:
        app: made with ``docs_url=None, redoc_url=None``; ``/docs`` is added here.
        settings: of the service.
        database: open, its tables made.
        now: the clock.

    Raises:
        ConfigurationError: access control is off where others can reach the server.
    """
    app.state.access = Access(settings, database, now)
    app.add_exception_handler(AccessError, handle)
