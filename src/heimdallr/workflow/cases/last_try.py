"""Runs a case alone after it crashed workers.

A case that crashes its worker takes the cases beside it along, and each of them is counted as a
crash too. Before one of them is given up it gets its last try with nothing running beside it:
if the worker dies again, it was this case.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from heimdallr.workflow.cases.database_retry import LeavingError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOK_S = 0.5


class LastTryGate:
    """Lets cases run side by side, or one case alone.

    Args:
        stopping: those who still wait leave.
    """

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._changed = threading.Condition()
        self._inside = 0
        self._alone = False
        self._waiting_alone = 0

    @contextmanager
    def enter(self, *, alone: bool) -> Iterator[None]:
        """Be inside for the length of the block.

        Raises:
            LeavingError: the worker stops before there was room.
        """
        with self._changed:
            self._waiting_alone += alone
            try:
                while not self._has_room(alone=alone):
                    if self._stopping.is_set():
                        raise LeavingError
                    self._changed.wait(_LOOK_S)
                self._inside, self._alone = self._inside + 1, alone
            finally:
                self._waiting_alone -= alone
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._inside, self._alone = self._inside - 1, False
                self._changed.notify_all()

    def _has_room(self, *, alone: bool) -> bool:
        if alone:
            return self._inside == 0
        return not self._alone and not self._waiting_alone
