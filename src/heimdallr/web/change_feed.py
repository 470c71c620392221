"""The live feed: one look at the database serves everybody who follows.

A follower that is too slow is let go; it comes again with the cursor of the last change it saw
(``Last-Event-ID``) and misses nothing. Streams end by themselves after a while, so that access is
checked anew, and at once when the service stops.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.web.http.problems import Problem, log_error

if TYPE_CHECKING:
    import threading
    from collections.abc import AsyncGenerator, Callable, Sequence

    from prometheus_client import Gauge

POLL_S = 0.5
"""How often the database is looked at while somebody follows."""
HEARTBEAT_S = 15.0
"""A comment is sent after so long a silence, so that nobody in between closes the connection."""
LIFETIME_S = 900.0
"""After this a follower has to come again."""
MAX_FOLLOWERS = 200
_BACKLOG = 100
"""Looks a follower may be behind."""
_RETRY_MS = 2000
_DATABASE_AWAY_S = 5.0


@dataclass(frozen=True, slots=True)
class Change:
    """One event of the stream: its kind, and its data as JSON on one line."""

    kind: str
    data: str


@dataclass(frozen=True, slots=True)
class Look:
    """What has changed since an earlier look.

    Attributes:
        cursor: from where to look the next time.
        changes: what changed, oldest first.
    """

    cursor: str
    changes: Sequence[Change]

    def frames(self) -> bytes:
        """As server-sent events (HTML, section 9.2); only the last one carries the cursor."""
        if not self.changes:
            return b""
        events = [f"event: {one.kind}\ndata: {one.data}\n" for one in self.changes]
        return "\n".join(events).encode() + f"id: {self.cursor}\n\n".encode()


class Feed:
    """Looks for changes while somebody follows, and tells everybody.

    Args:
        look: what has changed since an earlier look; with ``None`` nothing, but from where to
            look on. Runs in a thread.
        stopping: ends every stream.
        followers: figure of how many follow.
    """

    def __init__(
        self, look: Callable[[str | None], Look], stopping: threading.Event, followers: Gauge
    ) -> None:
        self._look = look
        self._stopping = stopping
        self._figure = followers
        self._followers: set[MemoryObjectSendStream[bytes]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._has_begun = asyncio.Event()

    def check_room(self) -> None:
        """See that one more may follow.

        Raises:
            Problem: 503, too many do.
        """
        if len(self._followers) >= MAX_FOLLOWERS:
            detail = "too many clients follow the changes; ask again now and then instead"
            raise Problem(503, detail, code="busy", headers={"Retry-After": "30"})

    async def follow(self, after: str | None) -> AsyncGenerator[bytes, None]:
        """The stream of one follower.

        Args:
            after: cursor of the last change it has seen; ``None`` for a new one.
        """
        sender, receiver = anyio.create_memory_object_stream[bytes](_BACKLOG)
        self._join(sender)
        ends_at = time.monotonic() + LIFETIME_S
        try:
            yield f"retry: {_RETRY_MS}\n\n".encode()
            # First the common look, then one's own: what happens in between comes twice, not never.
            await self._has_begun.wait()
            caught_up = await anyio.to_thread.run_sync(self._look, after)
            yield caught_up.frames()
            yield f"event: ready\ndata: {{}}\nid: {caught_up.cursor}\n\n".encode()
            while time.monotonic() < ends_at:
                frames = b": still here\n\n"
                with anyio.move_on_after(HEARTBEAT_S):
                    frames = await receiver.receive()
                yield frames
        except (anyio.EndOfStream, SQLAlchemyError):
            return
        finally:
            self._leave(sender)
            receiver.close()

    def _join(self, follower: MemoryObjectSendStream[bytes]) -> None:
        self._followers.add(follower)
        self._figure.set(len(self._followers))
        if self._looking is None or self._looking.done():
            self._has_begun = asyncio.Event()
            self._looking = asyncio.get_running_loop().create_task(self._keep_looking())

    def _leave(self, follower: MemoryObjectSendStream[bytes]) -> None:
        self._followers.discard(follower)
        self._figure.set(len(self._followers))
        follower.close()

    async def _keep_looking(self) -> None:
        """Look and tell, until nobody follows or the service stops."""
        cursor: str | None = None
        try:
            while self._followers and not self._stopping.is_set():
                try:
                    look = await anyio.to_thread.run_sync(self._look, cursor)
                except SQLAlchemyError as error:
                    log_error("changes_not_read", error)
                    await asyncio.sleep(_DATABASE_AWAY_S)
                    continue
                cursor = look.cursor
                self._has_begun.set()
                if look.changes:
                    self._tell(look.frames())
                await asyncio.sleep(POLL_S)
        finally:
            self._has_begun.set()
            for follower in tuple(self._followers):
                self._leave(follower)

    def _tell(self, frames: bytes) -> None:
        for follower in tuple(self._followers):
            if not _sent(follower, frames):
                self._leave(follower)


def _sent(follower: MemoryObjectSendStream[bytes], frames: bytes) -> bool:
    """Whether a follower could take it; not when it is gone, or too far behind."""
    try:
        follower.send_nowait(frames)
    except (anyio.WouldBlock, anyio.BrokenResourceError):
        return False
    return True
