"""The bytes of one connection, read ahead."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from heimdallr.intake.scp.fault import PeerFault
from heimdallr.intake.scp.inflow import Inflow

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, Inflow]]:
    """A connection over TCP: the far end, and ours."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        far = socket.create_connection(server.getsockname())
        near, _ = server.accept()
    with far, near:
        yield far, Inflow(near, silence_s=0.3, size=64)


def test_bytes_come_out_as_they_went_in(line: tuple[socket.socket, Inflow]) -> None:
    """Peeked, taken, piece by piece, and more than was ever read ahead."""
    far, inflow = line
    content = bytes(range(256))
    far.sendall(content)
    assert bytes(inflow.peek(6)) == content[:6]
    assert inflow.take(6) == content[:6]
    assert inflow.take(200) == content[6:206]
    rest = b""
    while len(rest) < 50:
        rest += bytes(inflow.some(50 - len(rest)))
    assert rest == content[206:]


def test_what_is_put_back_comes_once_more(line: tuple[socket.socket, Inflow]) -> None:
    """Also when it is more than fits before what has been read since."""
    far, inflow = line
    far.sendall(b"a" * 60 + b"b" * 30)
    first = inflow.take(60)
    assert inflow.take(1) == b"b"
    inflow.put_back(first + b"b")
    assert inflow.take(90) == b"a" * 60 + b"b" * 30


def test_silence_is_a_fault(line: tuple[socket.socket, Inflow]) -> None:
    """A peer that stops in the middle is not waited for."""
    far, inflow = line
    far.sendall(b"abc")
    inflow.expect(6)
    with pytest.raises(PeerFault, match="silent"):
        inflow.take(6)


def test_a_trickle_is_a_fault(line: tuple[socket.socket, Inflow]) -> None:
    """A byte now and then does not keep a peer in."""
    far, inflow = line
    inflow.expect(60)
    began = time.monotonic()
    trickle = threading.Thread(target=_trickle, args=(far,))
    trickle.start()
    with pytest.raises(PeerFault, match="slow"):
        inflow.take(60)
    assert time.monotonic() - began < 2
    trickle.join()


def _trickle(far: socket.socket) -> None:
    for _ in range(40):
        far.sendall(b"x")
        time.sleep(0.02)


def test_the_end_is_an_error(line: tuple[socket.socket, Inflow]) -> None:
    """What came before it is still there."""
    far, inflow = line
    far.sendall(b"ab")
    far.close()
    assert inflow.take(2) == b"ab"
    assert inflow.wait(1)
    with pytest.raises(ConnectionError):
        inflow.take(1)


def test_waiting_is_short_when_something_is_there(line: tuple[socket.socket, Inflow]) -> None:
    """And as long as it is told when nothing is."""
    far, inflow = line
    assert not inflow.wait(0.01)
    far.sendall(b"ab")
    assert inflow.wait(1)
    inflow.take(1)
    assert inflow.wait(0)
