"""Gzip JSON answers: a worklist shrinks to a tenth.

Nothing else is: images, volumes and archives are compressed already, the stream of changes must
come at once, and the dashboard's parts were compressed when it was built
(:mod:`heimdallr.web.api.pages`). Answers that hold a secret are left as they are: from the length
of a compressed one, its secret can be guessed by whoever makes a browser ask for it with texts of
theirs in it (BREACH).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LEAST_BYTES = 1000
"""Shorter answers fit a packet as they are."""
LEVEL = 6

SECRET = ("/api/v1/session", "/api/v1/tokens", "/api/v1/users")
"""Below these, answers hold CSRF tokens, API tokens, one-time passwords."""

_OTHERS = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    "text/*", "image/*", "font/*", "application/octet-stream", "application/javascript",
    "application/wasm",
)  # fmt: skip


class Compression:
    """ASGI middleware that compresses JSON for whoever takes it."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._gzip = GZipMiddleware(
            app,
            minimum_size=LEAST_BYTES,
            compresslevel=LEVEL,
            exclude_content_types=_OTHERS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, compressed where that is right."""
        app = self._gzip if _may_compress(scope) else self._plain
        await app(scope, receive, send)


def _may_compress(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["path"].startswith(SECRET):
        return False
    headers = Headers(scope=scope)
    return "accept-encoding" in headers and takes_gzip(headers)


def takes_gzip(headers: Headers) -> bool:
    """Whether ``Accept-Encoding`` lets gzip through (RFC 9110 section 12.5.3)."""
    if "accept-encoding" not in headers:
        return True
    weights: dict[str, str] = {}
    for one in headers["accept-encoding"].lower().split(","):
        coding, _, weight = one.replace(" ", "").partition(";q=")
        weights[coding] = weight or "1"
    weight = weights.get("gzip", weights.get("x-gzip", weights.get("*", "0")))
    return bool(weight.strip("0."))
