"""Which address a request comes from, where reverse proxies stand in between."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from heimdallr.store.work.states import note

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

    from heimdallr.web.access.gate import Access

FORWARDING = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})
"""Headers by which a proxy says for whom it asks."""

_log = structlog.get_logger()


class TrustedProxies(ProxyHeadersMiddleware):
    """Believes the proxies that are trusted, and says once that another one is not.

    Everybody behind such a proxy shares its address: the limits of signing in then count all of
    them together, and the audit trail tells none from another.
    """

    def __init__(self, app: ASGI3Application, access: Access) -> None:
        super().__init__(app, list(access.settings.trusted_proxies))
        self._access = access
        self._told = False

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Handle one request."""
        if not self._told and scope["type"] == "http":
            address = scope["client"][0] if scope["client"] else ""
            is_forwarded = any(name in FORWARDING for name, _ in scope["headers"])
            if is_forwarded and address not in self.trusted_hosts:
                self._told = True
                await run_in_threadpool(self._tell, address[:64])
        await super().__call__(scope, receive, send)

    def _tell(self, address: str) -> None:
        _log.warning(
            "untrusted_proxy", address=address, remedy="name it in HEIMDALLR_TRUSTED_PROXIES"
        )
        message = (
            f"requests come through {address or 'a socket'}, which HEIMDALLR_TRUSTED_PROXIES does "
            "not name: everybody behind it shares one address and one limit of failed sign-ins"
        )
        with suppress(SQLAlchemyError), self._access.database.write() as session:
            note(session, None, "proxy_untrusted", message, self._access.now())
