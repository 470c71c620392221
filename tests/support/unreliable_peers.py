"""Ways to peers that stall, refuse and vanish at random, and an interface engine that remembers."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING

from heimdallr.hl7v2.mllp import FrameFault, FrameReader, framed
from heimdallr.hl7v2.syntax import read

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
_RESET = struct.pack("ii", 1, 0)


class UnreliableWay:
    """A port that leads to a peer, most of the time.

    A connection is refused, left hanging, cut off after some bytes of either direction, or let
    through; now and then nobody listens at all.

    Args:
        target: port of the peer.
        seed: of the chances.
    """

    def __init__(self, target: int, seed: int) -> None:
        self._target, self._chance = target, random.Random(seed)  # noqa: S311 - no secret
        self._listening = _listen(0)
        self.port = int(self._listening.getsockname()[1])
        self.mishaps = 0
        self.is_calm = False
        self._ended = threading.Event()
        for work in (self._accept, self._vanish):
            threading.Thread(target=work, daemon=True).start()

    def stop(self) -> None:
        """Lead nowhere any more."""
        self._ended.set()
        self._listening.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                time.sleep(0.02)  # nobody listens
                continue
            threading.Thread(target=self._lead, args=(connection,), daemon=True).start()

    def _vanish(self) -> None:
        while not self._ended.wait(self._chance.uniform(2, 6)):
            if self.is_calm:
                continue
            self.mishaps += 1
            with suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._ended.wait(self._chance.uniform(0.2, 1.5))
            self._listening = _listen(self.port)

    def _lead(self, connection: socket.socket) -> None:
        fate = "through" if self.is_calm else self._chance.choices(
            ("through", "refused", "stalled", "cut"), (55, 15, 10, 20)
        )[0]  # fmt: skip
        self.mishaps += fate != "through"
        with connection:
            if fate == "refused":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return
            if fate == "stalled":
                self._ended.wait(self._chance.uniform(0.3, 3))
                return
            most = self._chance.randrange(100_000) if fate == "cut" else 1 << 40
            with suppress(OSError), socket.create_connection((HOST, self._target), 5) as peer:
                pumps = [
                    threading.Thread(target=_pump, args=pair, daemon=True)
                    for pair in ((connection, peer, most), (peer, connection, most // 8))
                ]
                for pump in pumps:
                    pump.start()
                for pump in pumps:
                    pump.join()


def _listen(port: int) -> socket.socket:
    return socket.create_server((HOST, port), backlog=64)


def _pump(source: socket.socket, target: socket.socket, most: int) -> None:
    """Hand on bytes until the source ends or so many have passed; then both ends are closed."""
    with suppress(OSError):
        while most > 0 and (chunk := source.recv(min(65536, most))):
            target.sendall(chunk)
            most -= len(chunk)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


class Engine:
    """An HL7 interface engine that keeps what it took, and answers as it likes.

    Args:
        seed: of the chances.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._listening = _listen(0)
        self.port = int(self._listening.getsockname()[1])
        self.is_calm = False
        self.taken: dict[str, list[bytes]] = defaultdict(list)
        """Control id → message, as often as it was taken."""
        self.thanked: set[str] = set()
        """Control ids of which AA was said."""
        self.refusals = 0
        _serve(self._listening, self._answer)

    def stop(self) -> None:
        """Take nothing more."""
        self._listening.close()

    def _answer(self, connection: socket.socket) -> None:
        frames = FrameReader(connection, 1 << 24)
        while (content := frames.next(60)) is not None:
            message = read(content)
            control_id = message.header.text(10)
            fate = "AA" if self.is_calm else self._chance.choices(
                ("AA", "AE", "silent", "late"), (60, 10, 15, 15)
            )[0]  # fmt: skip
            if fate == "AE":
                self.refusals += 1
            else:
                self.taken[control_id].append(content)
            if fate == "silent":
                return
            if fate == "late":
                time.sleep(self._chance.uniform(0.1, 2))
            code = "AE" if fate == "AE" else "AA"
            connection.sendall(framed(_acknowledged(control_id, code)))
            if code == "AA":
                self.thanked.add(control_id)


def _acknowledged(control_id: str, code: str) -> bytes:
    header = "MSH|^~\\&|ENGINE|H|HEIMDALLR|R|20260201||ACK^R01^ACK|1|P|2.5.1"
    return f"{header}\rMSA|{code}|{control_id}\r".encode()


def _serve(listening: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    def attend(connection: socket.socket) -> None:
        with connection, suppress(OSError, FrameFault, TimeoutError):
            answer(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=attend, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
