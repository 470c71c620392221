"""Around every request: limits on its body, a metric, a log line, an answer to every error."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
import structlog

from heimdallr.web.http.problems import MEDIA_TYPE, Problem, from_error, log_error, problem_response

if TYPE_CHECKING:
    import re

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from heimdallr.web.http.telemetry import Telemetry

BODY_BYTES = 64 * 1024
"""A JSON body is never larger; uploads have limits of their own."""
BODY_S = 15.0
"""A JSON body is there by then."""

_READS = {"GET", "HEAD", "OPTIONS"}
_log = structlog.get_logger()


class BodyLimits:
    """Refuses a body that is too large (413) or too slow (408); spares the paths of uploads.

    Args:
        app: what is inside.
        unlimited: matches the paths whose endpoints read their body themselves.
    """

    def __init__(self, app: ASGIApp, unlimited: re.Pattern[str]) -> None:
        self._app = app
        self._unlimited = unlimited

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or self._unlimited.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            first = await _whole_body(receive)
        except Problem as problem:
            await from_error(problem)(scope, receive, send)
            return
        handed_on = False

        async def receive_body() -> Message:
            nonlocal handed_on
            if handed_on:
                return await receive()
            handed_on = True
            return first

        await self._app(scope, receive_body, send)


async def _whole_body(receive: Receive) -> Message:
    body = bytearray()
    with anyio.move_on_after(BODY_S):
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message
            body += message.get("body", b"")
            if len(body) > BODY_BYTES:
                raise Problem(413, f"the body of this request holds {BODY_BYTES} bytes at most")
            if not message.get("more_body", False):
                return {"type": "http.request", "body": bytes(body), "more_body": False}
    raise Problem(408, f"the body did not come within {BODY_S:.0f} seconds")


class Surround:
    """The outermost layer: counts and logs requests, makes a problem of every bare error.

    The log names a route's template, not its path: a case ID begins with a surname.
    """

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.monotonic()
        answer = _Answer(scope, receive, send)
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - the edge of a request: logged, and answered
            await answer.fail(error)
        finally:
            self._record(scope, answer.status, time.monotonic() - begun)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "") or "other"
        method = scope["method"] if scope["method"].isalpha() else "other"
        self._telemetry.observe(method, route, status, seconds)
        client = scope.get("client")
        level = "warning" if status >= 500 else "debug" if method in _READS else "info"  # noqa: PLR2004
        getattr(_log, level)(
            "http_request",
            method=method,
            path=route,
            status=status,
            seconds=round(seconds, 4),
            address=client[0] if client else "",
        )


class _Answer:
    """The way back of one request; an error without a problem in its body is given one."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._replaced = False
        self._begun = False
        self.status = 500

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = dict(message.get("headers", []))
            media_type = headers.get(b"content-type", b"").split(b";")[0]
            if self.status >= 400 and media_type not in _OWN_ERRORS:  # noqa: PLR2004
                self._replaced = True
                kept = {
                    name.decode("latin-1"): value.decode("latin-1")
                    for name, value in headers.items()
                    if name not in (b"content-type", b"content-length")
                }
                await self._give(
                    problem_response(self.status, _STANDARD[self.status], headers=kept)
                )
                return
            self._begun = True
        if not self._replaced:
            await self._send(message)

    async def fail(self, error: Exception) -> None:
        """Answer an error nobody handled; an answer that has begun is broken off instead."""
        if self._begun:
            log_error("answer_broken_off", error)
        else:
            response = from_error(error)
            self.status = response.status_code
            await self._give(response)

    async def _give(self, response: Response) -> None:
        self._begun = True
        await response(self._scope, self._receive, self._send)


_OWN_ERRORS = (MEDIA_TYPE.encode(), b"application/json", b"text/html")


class _Standard(dict[int, str]):
    def __missing__(self, status: int) -> str:
        return "the request cannot be answered"


_STANDARD = _Standard(
    {
        400: "the request is malformed, or names a host this server does not answer to",
        404: "there is nothing at this address",
        405: "this address does not know this method",
        416: "the file is shorter than the range asked for",
    }
)
