"""MLLP: one message between 0x0B and 0x1C 0x0D on a TCP connection (HL7 transport, release 1)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

START = b"\x0b"
END = b"\x1c\r"
_CHUNK = 65_536


class FrameFault(ValueError):  # noqa: N818 - an error of the peer's, told as one
    """What came is no frame, or too large a one."""


def framed(message: bytes) -> bytes:
    """A message as it goes over the wire.

    Raises:
        ValueError: a byte of the frame stands in the message.
    """
    if START in message or END[:1] in message:
        msg = "a byte that frames messages stands in a message"
        raise ValueError(msg)
    return START + message + END


class FrameReader:
    """Reads messages off a connection, however its bytes are split.

    Args:
        connection: blocking; its timeout is set for every read.
        limit: most bytes of one message.
    """

    def __init__(self, connection: socket.socket, limit: int) -> None:
        self._connection = connection
        self._limit = limit
        self._held = bytearray()

    def next(self, within_s: float, *, silence_s: float | None = None) -> bytes | None:
        """The next message; ``None`` when the peer has closed between two.

        Args:
            within_s: seconds until it must be there, whole.
            silence_s: seconds until its first byte must be there; as ``within_s`` where not told.

        Raises:
            TimeoutError: it is not there in time.
            FrameFault: bytes outside of a frame, a frame that is cut off, or one too large.
            OSError: the connection broke.
        """
        deadline = time.monotonic() + (within_s if silence_s is None else silence_s)
        begun = False
        while True:
            if START in self._held and not begun:
                begun, deadline = True, time.monotonic() + within_s
            if (message := self._taken()) is not None:
                return message
            if len(self._held) > self._limit:
                msg = f"a message of more than {self._limit} bytes"
                raise FrameFault(msg)
            chunk = self._read(deadline)
            if not chunk:
                if self._held.strip(b"\r\n"):
                    msg = "the connection ended within a message"
                    raise FrameFault(msg)
                return None
            self._held += chunk

    def _read(self, deadline: float) -> bytes:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._connection.settimeout(left_s)
        return self._connection.recv(_CHUNK)

    def _taken(self) -> bytes | None:
        """The message in hand, if it is whole; line ends between two messages are let pass."""
        begin = self._held.find(START)
        if self._held[: begin if begin >= 0 else None].strip(b"\r\n"):
            msg = "bytes outside of a frame"
            raise FrameFault(msg)
        if begin < 0:
            return None
        # The CR behind it is forgotten by some, and is let pass with line ends between messages.
        end = self._held.find(END[:1], begin)
        if end < 0:
            return None
        message = bytes(self._held[begin + 1 : end])
        del self._held[: end + 1]
        return message
