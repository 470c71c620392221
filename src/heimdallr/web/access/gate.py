"""The gate every request goes through, before its body is read and before it has a route.

1. The ``Host`` header is one of our names.
2. Public paths pass; anything else needs a valid API token or session, known or unknown path alike.
3. What changes something comes from one of our pages (``Origin``), and with a session carries
   its ``X-CSRF-Token``. A token needs none: no page can make a browser send one.

What the caller may do is asked later, by the route (:mod:`heimdallr.web.access.guard`).
"""

from __future__ import annotations

import secrets
import time
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.websockets import WebSocketClose

from heimdallr.store.people.sessions import find_session
from heimdallr.store.people.tokens import find_token
from heimdallr.web.access.guard import is_public
from heimdallr.web.access.hosts import HostRule, is_loopback, is_own_page
from heimdallr.web.access.principal import ANYONE, Permission, Principal, of_token, of_user
from heimdallr.web.access.refusals import unauthenticated
from heimdallr.web.http.problems import Problem, from_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from datetime import datetime

    from starlette.types import ASGIApp, Receive, Scope, Send

    from heimdallr.config import Settings
    from heimdallr.store.database import Database

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FORWARDING = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
CSRF_HEADER = "X-CSRF-Token"
CHECK_EVERY_S = 15.0
"""How long a stream outlives a sign-out or a revocation at most, while something comes."""


@dataclass(frozen=True, slots=True)
class Access:
    """What access control works with; ``app.state.access``."""

    settings: Settings
    database: Database
    now: Callable[[], datetime]

    @property
    def lasts(self) -> timedelta:
        """How long a session lasts at most."""
        return timedelta(hours=self.settings.session_hours)


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal, and the secret that their browser must repeat."""

    principal: Principal
    csrf_token: str | None = None


class Gate:
    """ASGI middleware that lets in whoever may be here at all."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._hosts = HostRule(access.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer why not."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        if scope["type"] == "http":
            try:
                scope.setdefault("state", {})["principal"] = await self._let_in(Request(scope))
            except Problem as problem:
                await from_error(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _let_in(self, request: Request) -> Principal | None:
        self._check_host(request)
        public = is_public(request.method, request.scope["path"])
        if self._access.settings.auth == "off":
            _check_local(request)
            if not (public and request.method in _SAFE_METHODS):
                _check_origin(request)
            return ANYONE
        caller = None
        if not public:
            caller = await run_in_threadpool(identify, request, self._access)
            if caller is None:
                raise unauthenticated()
        if request.method not in _SAFE_METHODS:
            _check_intent(request, caller)
        return caller.principal if caller else None

    def _check_host(self, request: Request) -> None:
        given = request.headers.getlist("host")
        server = request.scope.get("server")
        if len(given) != 1 or not self._hosts.allows(given[0], server[0] if server else ""):
            raise Problem(
                400,
                "the server does not go by this name; name it in HEIMDALLR_ALLOWED_HOSTS",
                code="unknown_host",
            )


def identify(request: Request, access: Access, *, seen: bool = True) -> Caller | None:
    """Who makes a request; waits for the database.

    Args:
        request: its ``Authorization`` header counts before its cookie.
        access: where users and tokens are kept.
        seen: whether the request keeps a session from idling; a page's automatic ones do not.
    """
    now = access.now()
    if (header := request.headers.get("authorization")) is not None:
        kind, _, secret = header.partition(" ")
        if kind.lower() != "bearer":
            return None
        token = find_token(access.database, secret.strip(), now)
        return Caller(of_token(token.name, token.scopes)) if token else None
    if not (cookie := session_cookie(request)):
        return None
    automatic = (
        "x-background" in request.headers
        or request.headers.get("accept") == "text/event-stream"  # browsers reconnect by themselves
    )
    user = find_session(access.database, cookie, now, access.lasts, seen=seen and not automatic)
    if user is None:
        return None
    principal = of_user(
        user.name, user.role, user.session_id, must_change_password=user.must_change_password
    )
    return Caller(principal, user.csrf_token)


def still_allowed(request: Request, permission: Permission) -> bool:
    """Whether who made a request that is still being answered may still make it.

    Waits for the database.
    """
    access: Access = request.app.state.access
    if access.settings.auth == "off":
        return True
    caller = identify(request, access, seen=False)
    return caller is not None and caller.principal.may(permission)


async def while_allowed(
    request: Request, permission: Permission, stream: AsyncGenerator[bytes, None]
) -> AsyncIterator[bytes]:
    """A stream that ends when who asked for it may no longer see it."""
    checked = time.monotonic()
    async with aclosing(stream):
        async for part in stream:
            if time.monotonic() - checked >= CHECK_EVERY_S:
                if not await run_in_threadpool(still_allowed, request, permission):
                    return
                checked = time.monotonic()
            yield part


def cookie_name(request: Request) -> str:
    """Under TLS a name that only this very host can have set (RFC 6265bis, 4.1.3.2)."""
    secure = request.scope["scheme"] == "https"
    return "__Host-heimdallr_session" if secure else "heimdallr_session"


def session_cookie(request: Request) -> str:
    """The session cookie that came with a request, or nothing."""
    return request.cookies.get(cookie_name(request), "")


def _check_intent(request: Request, caller: Caller | None) -> None:
    """Refuse a change that comes from a page that is not ours."""
    if caller and caller.principal.kind == "token":
        return
    _check_origin(request)
    if caller and caller.csrf_token:
        given = request.headers.get(CSRF_HEADER, "")
        if not secrets.compare_digest(given.encode(), caller.csrf_token.encode()):
            raise Problem(
                403, f"the header {CSRF_HEADER} is missing or not this session's", code="csrf"
            )


def _check_origin(request: Request) -> None:
    if not is_own_page(request.headers):
        raise Problem(
            403,
            "the request comes from another site; a reverse proxy must pass the Host header on",
            code="cross_site",
        )


def _check_local(request: Request) -> None:
    """Where access control is off, refuse all but this machine, a proxy on it too."""
    client = request.client.host if request.client else "localhost"
    proxied = any(name in request.headers for name in _FORWARDING)
    if proxied or not is_loopback(client):
        raise Problem(
            403, "access control is off; only this machine itself may connect", code="local"
        )
