"""Security headers on every answer, and an answer where an error would leave none.

The content security policy lets a page load from this server only, and run nothing that stands
in the page itself. Viewing volumes takes WebAssembly and workers made of a blob.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from heimdallr.web.http.problems import from_error, log_error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NO_FRAMES = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
DATA_POLICY = f"default-src 'none'; {_NO_FRAMES}"
"""Answers that are no page: nothing is loaded, nothing runs, should a browser show one."""
DOCS_POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; {_NO_FRAMES}"
)
_DASHBOARD = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'{nonce}; "
    "img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; "
    f"worker-src 'self' blob:; manifest-src 'self'; {_NO_FRAMES}"
)
_PROGRAMS = ("text/html", "text/javascript", "application/javascript")
"""A worker obeys the policy that came with its program."""

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # addresses hold case IDs
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex, nofollow",
}
STRICT_TRANSPORT = "max-age=31536000"


class SecurityHeaders:
    """ASGI middleware: headers on everything, and no error without an answer.

    An error's text may quote a header of a study; so it is neither sent nor left to the server's
    log, which would print it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add(MutableHeaders(scope=message), scope)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:  # noqa: BLE001 - the edge of a request; it is logged
            if started:  # the server closes a connection whose answer does not end
                log_error("answer_broken_off", error)
            else:
                await from_error(error)(scope, receive, send_with_headers)


def _add(headers: MutableHeaders, scope: Scope) -> None:
    headers.update(ALWAYS)
    policy = _policy(scope["path"], headers.get("content-type", ""))
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("Cache-Control", "no-store")
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = STRICT_TRANSPORT


def dashboard_policy(nonce: str = "") -> str:
    """Policy of the dashboard's page; style elements that carry the nonce count as its own."""
    return _DASHBOARD.format(nonce=f" 'nonce-{nonce}'" if nonce else "")


def _policy(path: str, content_type: str) -> str:
    if not content_type.startswith(_PROGRAMS):
        return DATA_POLICY
    return DOCS_POLICY if path == "/docs" or path.startswith("/docs/") else dashboard_policy()
