"""Limits on simultaneous connections and associations.

A connection that has not yet asked for an association costs its peer nothing. So these are
counted apart, and the oldest gives way to a new one: whoever means it asks at once. Associations
beyond the limits are rejected at once, and those of one address never take every place.
"""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Connection = TypeVar("Connection")


class WaitingRoom(Generic[Connection]):
    """Connections that have not asked for an association yet, oldest first.

    Args:
        most: of them at a time.
        most_per_address: of one address.
        dismiss: ends a connection that gives way; must not wait.
    """

    def __init__(
        self, most: int, most_per_address: int, dismiss: Callable[[Connection], None]
    ) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._dismiss = dismiss
        self._lock = Lock()
        self._waiting: dict[Connection, str] = {}

    def enter(self, connection: Connection, address: str) -> None:
        """Take in a connection; the oldest, of its own address first, gives way if it must."""
        with self._lock:
            same = [other for other, place in self._waiting.items() if place == address]
            leaving = same[:1] if len(same) >= self._most_per_address else []
            if not leaving and len(self._waiting) >= self._most:
                leaving = [next(iter(self._waiting))]
            for other in leaving:
                del self._waiting[other]
            self._waiting[connection] = address
        for other in leaving:
            self._dismiss(other)

    def leave(self, connection: Connection) -> None:
        """Forget a connection, whichever way it went."""
        with self._lock:
            self._waiting.pop(connection, None)

    def everyone(self) -> list[Connection]:
        """Who is in."""
        with self._lock:
            return list(self._waiting)


class Places:
    """Places for associations.

    Args:
        most: at a time.
        most_per_address: of one address.
    """

    def __init__(self, most: int, most_per_address: int) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._lock = Lock()
        self._taken: Counter[str] = Counter()

    def take(self, address: str) -> bool:
        """Take a place for an association of this address; ``False`` when there is none."""
        with self._lock:
            if self._taken.total() >= self._most or self._taken[address] >= self._most_per_address:
                return False
            self._taken[address] += 1
            return True

    def give_back(self, address: str) -> None:
        """Give back a place that was taken."""
        with self._lock:
            self._taken[address] -= 1
            if self._taken[address] <= 0:
                del self._taken[address]

    @property
    def taken(self) -> int:
        """Associations at the moment."""
        with self._lock:
            return self._taken.total()
