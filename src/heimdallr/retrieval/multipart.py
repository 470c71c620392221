"""Takes a ``multipart/related`` body apart while it comes (RFC 2046 section 5.1).

A study of a gigabyte is never held in memory: each part is handed on in pieces.
"""

from __future__ import annotations

from email.message import Message
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST_HEADER_BYTES = 1 << 16


class MultipartError(ValueError):
    """A body is not what its Content-Type says, or ends too early."""


class Part(Protocol):
    """Takes one part."""

    def write(self, piece: bytes | memoryview) -> None:
        """Take its next piece."""

    def close(self) -> None:
        """It has come whole."""

    def abandon(self) -> None:
        """The rest of it will not come."""


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type names.

    Raises:
        MultipartError: it names none, or is no multipart.
    """
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_maintype() != "multipart" or not boundary:
        msg = "the answer is no multipart"
        raise MultipartError(msg)
    return boundary.encode("ascii", "replace")


def take_apart(pieces: Iterable[bytes], boundary: bytes, begin: Callable[[], Part]) -> None:
    """Hand every part of a body to a :class:`Part` of its own.

    Args:
        pieces: the body as it comes.
        boundary: what separates its parts.
        begin: makes the taker of the next part.

    Raises:
        MultipartError: the body ends before its closing boundary, or has none.
    """
    body = _Body(iter(pieces))
    delimiter = b"\r\n--" + boundary
    body.put_back(b"\r\n")  # the first delimiter may stand at the very beginning
    body.copy_until(delimiter, lambda _: None)
    while not body.starts_with(b"--"):
        _skip_headers(body)
        part = begin()
        try:
            body.copy_until(delimiter, part.write)
        except BaseException:
            part.abandon()
            raise
        part.close()


def _skip_headers(body: _Body) -> None:
    """A part's headers end at an empty line; it may have none at all (RFC 2046 section 5.1)."""
    seen = bytearray()
    body.copy_until(b"\r\n", seen.extend)  # what may stand behind a boundary
    body.put_back(b"\r\n")

    def keep(piece: bytes | memoryview) -> None:
        seen.extend(piece)
        if len(seen) > MOST_HEADER_BYTES:
            msg = "a part's headers do not end"
            raise MultipartError(msg)

    body.copy_until(b"\r\n\r\n", keep)


class _Body:
    """Bytes that come in pieces, of which as much is held as a delimiter is long."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = b""

    def put_back(self, text: bytes) -> None:
        """Let these bytes come next."""
        self._held = text + self._held

    def starts_with(self, text: bytes) -> bool:
        """Whether these bytes come next."""
        while len(self._held) < len(text):
            self._more()
        return self._held.startswith(text)

    def copy_until(self, delimiter: bytes, write: Callable[[bytes | memoryview], object]) -> None:
        """Hand on everything before a delimiter, and drop that.

        Raises:
            MultipartError: it does not come.
        """
        while (at := self._held.find(delimiter)) < 0:
            safe = len(self._held) - len(delimiter) + 1
            if safe > 0:
                write(self._held[:safe])
                self._held = self._held[safe:]
            self._more()
        if at:
            write(self._held[:at])
        self._held = self._held[at + len(delimiter) :]

    def _more(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            msg = "the answer ends in the middle"
            raise MultipartError(msg)
        self._held += piece
