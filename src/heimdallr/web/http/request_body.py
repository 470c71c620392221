"""Large bodies of requests while they arrive: in pieces, or whole up to a limit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
from starlette.requests import ClientDisconnect

from heimdallr.web.http.problems import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import Request

SILENCE_S = 30.0
"""How long a sender may send nothing."""
LEAST_BYTES_PER_S = 1024
"""Slower than this, after a minute, is no transfer."""
_PATIENCE_S = 60.0
_PIECE = 2**20


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces worth a thread's while; a sender that dawdles is given up.

    Raises:
        Problem: 408.
        ClientDisconnect: the sender broke off.
    """
    begun, received = time.monotonic(), 0
    pending = bytearray()
    stream = request.stream()
    while True:
        try:
            with anyio.fail_after(SILENCE_S):
                chunk = await anext(stream)
        except StopAsyncIteration:
            break
        except TimeoutError as silence:
            raise Problem(408, f"nothing came for {SILENCE_S:.0f} seconds") from silence
        received += len(chunk)
        spent = time.monotonic() - begun
        if spent > _PATIENCE_S and received < LEAST_BYTES_PER_S * spent:
            raise Problem(408, "the upload is too slow")
        pending += chunk
        if len(pending) >= _PIECE:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)


async def whole(request: Request, limit: int) -> bytes:
    """The whole body.

    Args:
        request: the request; nobody has read its body yet.
        limit: bytes it may have.

    Raises:
        Problem: 400, the sender broke off; 408, it dawdles; 413, there is too much.
    """
    too_much = Problem(413, f"the body of this request holds {limit / 2**20:.0f} MB at most")
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise too_much
    body = bytearray()
    try:
        async for piece in pieces(request):
            body += piece
            if len(body) > limit:
                raise too_much
    except ClientDisconnect as gone:
        raise Problem(400, "the sender broke off", code="broken_off") from gone
    return bytes(body)
