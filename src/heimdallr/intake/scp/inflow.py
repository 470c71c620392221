"""A read-ahead buffer for the bytes of one connection, with deadlines."""

from __future__ import annotations

import math
import select
import socket
import ssl
import time

from heimdallr.intake.scp.fault import PeerFault

_LEAST_RATE = 4096
"""Bytes a second below which a sender is taken for stalled, on top of the time it may be silent;
a 128 KiB PDU over a 64 kbit/s line takes half of what it is allowed."""

TOO_LONG = "the association lasted too long"

_NO_QUICKACK = -1
_QUICKACK = getattr(socket, "TCP_QUICKACK", _NO_QUICKACK)


class Inflow:
    """Reads a connection in large pieces and hands out small ones.

    Before each read it asks the kernel to acknowledge what comes at once (TCP_QUICKACK, which does
    not last): a sender that leaves Nagle's algorithm on otherwise waits for the delayed
    acknowledgement, 40 ms, several times for each image.

    Args:
        connection: a connected TCP or TLS socket; gets a timeout.
        silence_s: how long the peer may be silent while something is expected of it.
        size: bytes read ahead.
    """

    def __init__(self, connection: socket.socket, silence_s: float, size: int = 1 << 18) -> None:
        self.connection = connection
        self._silence_s = silence_s
        self._view = memoryview(bytearray(size))
        self._start = self._end = 0
        self._deadline = time.monotonic() + silence_s
        self.ends_at = math.inf
        """Monotonic time at which the association has lasted too long, whatever it does."""
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        connection.settimeout(silence_s)

    def be_patient(self, silence_s: float) -> None:
        """Change how long the peer may be silent."""
        self._silence_s = silence_s
        self.connection.settimeout(silence_s)

    def expect(self, count: int) -> None:
        """Set the deadline by which this many bytes have to be here."""
        self._deadline = time.monotonic() + self._silence_s + count / _LEAST_RATE

    def wait(self, seconds: float) -> bool:
        """Whether something can be read, or the end of it, within this time."""
        if self._end > self._start:
            return True
        if isinstance(self.connection, ssl.SSLSocket) and self.connection.pending():
            return True
        try:
            return bool(self._poll.poll(seconds * 1000))
        except (OSError, ValueError):
            return True  # closed under our hands: reading will say so

    def peek(self, count: int) -> memoryview:
        """The next bytes, left where they are; valid until the next call.

        Raises:
            ConnectionError: the connection ended.
            PeerFault: they did not come in time.
        """
        while self._end - self._start < count:
            if count > len(self._view):
                self._grow(count)
            self._read()
        return self._view[self._start : self._start + count]

    def take(self, count: int) -> bytes:
        """The next bytes; see :meth:`peek`."""
        taken = bytes(self.peek(count))
        self._start += count
        return taken

    def some(self, most: int) -> memoryview:
        """The next bytes, at least one; valid until the next call. See :meth:`peek`."""
        if self._end == self._start:
            self._read()
        start = self._start
        self._start = min(self._end, start + most)
        return self._view[start : self._start]

    def put_back(self, taken: bytes) -> None:
        """Put bytes that were taken in front again."""
        rest = bytes(self._view[self._start : self._end])
        if len(taken) + len(rest) > len(self._view):
            self._grow(len(taken) + len(rest))
        self._start, self._end = 0, len(taken) + len(rest)
        self._view[: self._end] = taken + rest

    def forget(self) -> None:
        """Free the buffer.

        An association and its threads refer to each other, and would keep it until the garbage is
        collected.
        """
        self._view = memoryview(b"")
        self._start = self._end = 0

    def _read(self) -> None:
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == len(self._view):
            self._move(self._view)
        if _QUICKACK != _NO_QUICKACK:
            self.connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        try:
            count = self.connection.recv_into(self._view[self._end :])
        except TimeoutError:
            msg = "silent within a message"
            raise PeerFault(msg) from None
        if not count:
            raise ConnectionResetError
        self._end += count
        now = time.monotonic()
        if now > self._deadline:
            msg = "too slow within a message"
            raise PeerFault(msg)
        if now > self.ends_at:
            raise PeerFault(TOO_LONG)

    def _grow(self, size: int) -> None:
        self._move(memoryview(bytearray(size)))

    def _move(self, view: memoryview) -> None:
        """Bring what is unread to the front of a view, which may be the same one."""
        count = self._end - self._start
        view[:count] = bytes(self._view[self._start : self._end])
        self._view, self._start, self._end = view, 0, count
