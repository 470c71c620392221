"""Keep an answer that many ask for; it is made anew after a few seconds, not sooner."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Answer = TypeVar("_Answer")


class Cached(Generic[_Answer]):
    """The last answer; while it is made anew, whoever asks waits for it and asks nothing.

    Args:
        make: makes the answer.
        seconds: how old it may be.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        make: Callable[[], _Answer],
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._made: tuple[float, _Answer] | None = None

    def __call__(self) -> _Answer:
        """The answer."""
        with self._lock:
            if self._made is None or self._clock() - self._made[0] >= self._seconds:
                self._made = (self._clock(), self._make())
            return self._made[1]
