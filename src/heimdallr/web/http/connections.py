"""Deadlines of HTTP connections, so that nobody holds one for ever.

Uvicorn bounds how long a connection may be idle *between* requests. What it leaves open is bounded
here: a head that never ends or trickles in (slow-loris), a body that goes on after the answer, a
reader that takes nothing of a download. How fast a body has to come is :mod:`.limits`' matter.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

HEAD_S = 10.0
"""From the connection, or the first byte of a further request, to the end of its headers."""
HEAD_BYTES = 64 * 1024
"""Request line and headers together."""
LINGER_S = 30.0
"""How long a body may go on after it was answered, so that its sender can read the answer."""
STALL_S = 60.0
"""How long a reader may leave a full buffer untouched: 64 KiB a minute at least."""


class GuardedProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol with the deadlines it lacks; its hooks are those of httptools."""

    _head_timer: asyncio.TimerHandle | None = None
    _linger_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None
    _in_head = True
    _in_body = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock of the first head."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(2 * STALL_S * 1000)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        self._head_timer = self._after(HEAD_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop every clock."""
        for timer in (self._head_timer, self._linger_timer, self._stall_timer):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of a head that has not ended."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
                b"content-length: 0\r\nconnection: close\r\n\r\n"
            )
            self.transport.close()
        elif self._is_idle() and self.timeout_keep_alive_task is None:
            # Uvicorn forgets its clock on any byte, be it a blank line or the end of a late body.
            self.timeout_keep_alive_task = self._after(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_message_begin(self) -> None:
        """A further head begins."""
        super().on_message_begin()
        self._in_head = True
        if self._head_timer is None:
            self._head_bytes = 0
            self._head_timer = self._after(HEAD_S, self.transport.abort)

    def on_headers_complete(self) -> None:
        """The head is whole in time."""
        self._in_head = False
        self._in_body = True
        self._head_bytes = 0
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is whole."""
        self._in_body = False
        if self._linger_timer:
            self._linger_timer.cancel()
            self._linger_timer = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Answered; what is left of the body may still come, but not for ever."""
        super().on_response_complete()
        if self._in_body and not self.transport.is_closing() and self._linger_timer is None:
            self._linger_timer = self._after(LINGER_S, self.transport.abort)

    def pause_writing(self) -> None:
        """The reader is behind."""
        super().pause_writing()
        self._stall_timer = self._after(STALL_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The reader has caught up."""
        super().resume_writing()
        if self._stall_timer:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _is_idle(self) -> bool:
        """Whether no request is being received or answered."""
        answered = self.cycle is not None and self.cycle.response_complete
        return answered and not (self._in_head or self._in_body or self.transport.is_closing())

    def _after(self, seconds: float, action: Callable[[], None]) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, action)
