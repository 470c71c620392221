"""Frames: split anywhere, one after the other, cut off, endless, never whole."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from heimdallr.hl7v2.mllp import END, START, FrameFault, FrameReader, framed

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_messages_arrive_however_their_bytes_are_split(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """One byte at a time, and two messages in one piece with line ends between."""
    ours, theirs = pair
    reader = FrameReader(ours, 100)
    for byte in framed(b"MSH|one"):
        theirs.sendall(bytes([byte]))
    assert reader.next(1.0) == b"MSH|one"
    theirs.sendall(framed(b"two") + b"\r\n" + framed(b"three"))
    theirs.close()
    assert reader.next(1.0) == b"two"
    assert reader.next(1.0) == b"three"
    assert reader.next(1.0) is None


@pytest.mark.parametrize(
    "sent", [b"no frame", START + b"cut off", START + b"x" * 200, b"x" + framed(b"a")]
)
def test_what_is_no_frame_is_said_to_be_none(
    pair: tuple[socket.socket, socket.socket], sent: bytes
) -> None:
    """Nothing is read for ever, nothing without a frame is a message."""
    ours, theirs = pair
    theirs.sendall(sent)
    theirs.close()
    with pytest.raises(FrameFault):
        FrameReader(ours, 100).next(1.0)


def test_a_peer_that_stalls_is_not_waited_for(pair: tuple[socket.socket, socket.socket]) -> None:
    """Neither before a message nor within one."""
    ours, theirs = pair
    reader = FrameReader(ours, 100)
    with pytest.raises(TimeoutError):
        reader.next(5.0, silence_s=0.01)
    theirs.sendall(START + b"half")
    with pytest.raises(TimeoutError):
        reader.next(0.01)


def test_line_ends_behind_a_message_begin_no_other(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """Some engines end each frame with more of them; then they may be silent for long."""
    ours, theirs = pair
    reader = FrameReader(ours, 100)
    theirs.sendall(framed(b"one") + b"\r\n")
    assert reader.next(5.0) == b"one"
    sender = threading.Timer(0.1, theirs.sendall, (framed(b"two"),))
    sender.start()
    assert reader.next(0.05, silence_s=5.0) == b"two"
    sender.join()


def test_a_frame_within_a_message_is_never_sent() -> None:
    """Escapes keep them out; what comes from elsewhere is refused."""
    for byte in (START, END[:1]):
        with pytest.raises(ValueError, match="frames"):
            framed(b"a" + byte + b"b")
