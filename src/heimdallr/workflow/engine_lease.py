"""One resident engine per worker, used by one case at a time, the most urgent first.

A network uses its whole device, so two cases at once would only make both late. While one case
has the engine, the others do what needs none: preparing, measuring, publishing.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from heimdallr.segmentation.engine import Engine

LOOK_S = 0.5
"""How often a waiting case asks whether it may still wait, and how urgent it is by now."""


class EngineLease:
    """Hands the engine to one case after the other.

    Args:
        make: makes the engine; called once, by whoever needs it first.
    """

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._engine: Engine | None = None
        self._making = threading.Lock()
        self._changed = threading.Condition()
        self._waiting: dict[int, int] = {}
        self._tickets = count()
        self._taken = False
        self._preparing = 0

    def engine(self) -> Engine:
        """The engine, made when it is first asked for."""
        with self._making:
            if self._engine is None:
                self._engine = self._make()
            return self._engine

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """A case is on its way to the engine; what can wait leaves it the processor."""
        with self._changed:
            self._preparing += 1
        try:
            yield
        finally:
            with self._changed:
                self._preparing -= 1
                self._changed.notify_all()

    def let_cases_go_first(self) -> None:
        """Return when no case is being prepared, for whoever only makes later ones quicker."""
        with self._changed:
            self._changed.wait_for(lambda: not self._preparing)

    @contextmanager
    def use(self, urgency: Callable[[], int]) -> Iterator[Engine]:
        """Wait for the engine and hold it for the length of the block.

        Args:
            urgency: the case's priority now, lower is sooner; asked again while waiting, and
                free to raise when the case is to wait no more.
        """
        self._wait(urgency)
        try:
            yield self.engine()
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()

    def _wait(self, urgency: Callable[[], int]) -> None:
        ticket = next(self._tickets)
        try:
            while True:
                priority = urgency()  # outside the lock: it may ask the database
                with self._changed:
                    self._waiting[ticket] = priority
                    if self._is_next(ticket) or (
                        self._changed.wait(LOOK_S) and self._is_next(ticket)
                    ):
                        self._taken = True
                        return
        finally:
            with self._changed:
                self._waiting.pop(ticket, None)
                self._changed.notify_all()

    def _is_next(self, ticket: int) -> bool:
        first = min(self._waiting, key=lambda one: (self._waiting[one], one))
        return not self._taken and first == ticket
