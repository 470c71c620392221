"""Put access control around an application; create the first administrator."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

from heimdallr.clock import utc_now
from heimdallr.store.people.accounts import FIRST_ADMINISTRATOR, ensure_administrator
from heimdallr.store.people.passwords import ONE_TIME_FOR
from heimdallr.web.access import audit_api, docs, sign_in_api, tokens_api, users_api
from heimdallr.web.access.gate import Access, Gate
from heimdallr.web.access.guard import unguarded
from heimdallr.web.access.headers import SecurityHeaders
from heimdallr.web.access.hosts import check_settings
from heimdallr.web.access.proxies import TrustedProxies

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from heimdallr.config import Settings
    from heimdallr.store.database import Database


class UnguardedRouteError(RuntimeError):
    """A fault of ours: a route demands nothing and is not listed as public."""


def install(
    app: FastAPI,
    settings: Settings,
    database: Database,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Put access control around an application: middleware, its routes, ``/docs``.

    Middleware that was added before runs inside the gate, for callers that were let in; what is
    added afterwards runs outside of it.

    Args:
        app: with every route it will have, ``docs_url=None`` and ``redoc_url=None``.
        settings: of the service.
        database: open, its tables made.
        now: the clock.

    Raises:
        ConfigurationError: access control is off where others can reach the server.
        UnguardedRouteError: a route demands no permission and is not public.
    """
    check_settings(settings)
    for module in (sign_in_api, users_api, tokens_api, audit_api, docs):
        app.include_router(module.router)
    if holes := unguarded(app):
        msg = f"routes without a permission: {', '.join(holes)}"
        raise UnguardedRouteError(msg)
    app.state.access = access = Access(settings, database, now)
    app.add_middleware(Gate, access=access)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(TrustedProxies, access=access)


def welcome_administrator(settings: Settings, database: Database, now: datetime) -> None:
    """At the very first start, create the administrator and print their one-time password.

    It goes to the terminal, or where a service manager puts standard error, and to no log of
    ours. Lost, it is replaced by ``heimdallr user password admin``.
    """
    if settings.auth == "off":
        return
    password = ensure_administrator(database, now)
    if password is not None:
        sys.stderr.write(
            f"\n  The first administrator is ready to sign in; this is shown only once.\n\n"
            f"      user      {FIRST_ADMINISTRATOR}\n"
            f"      password  {password}\n\n"
            f"  It must be changed at the first sign-in, within {ONE_TIME_FOR.days} days.\n\n"
        )
        sys.stderr.flush()
