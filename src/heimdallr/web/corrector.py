"""The thread that lets results follow corrections, one after the other.

Requests hand it work and wait. When nobody asks for anything it looks, now and then, for what a
killed process or a worker has left pending. It alone speaks with the process that computes.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.domain.errors import HeimdallrError
from heimdallr.store.upkeep import kept_verifications
from heimdallr.store.upkeep.applying import apply_pending, follow_pending
from heimdallr.store.upkeep.case_builder import CaseBuilder, MakeReady
from heimdallr.store.upkeep.proposing import follow_drawn
from heimdallr.web.http.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders
    from heimdallr.store.upkeep.case_builder import Job, Outcome

MOST_WAITING = 8
"""Requests that wait their turn; each holds one of the server's threads for some seconds."""
MOST_READING = 3
"""Of them, those that change nothing: whoever looks at old versions leaves room for who saves."""
LOOK_EVERY_S = 30.0
"""How long at most what is pending waits for somebody to look, when nobody saves anything."""
_ENDS_WITHIN_S = 15.0
_log = structlog.get_logger()
_T = TypeVar("_T")


class Builder(Protocol):
    """Builds, in this process or in another one, and can be ended."""

    def __call__(self, job: Job, last_word: Callable[[], None]) -> Outcome:
        """Do a job."""

    def close(self) -> None:
        """End it."""


class Corrector:
    """Applies corrections and makes what needs label maps; begun when it is first needed."""

    def __init__(
        self,
        database: Database,
        folders: DataFolders,
        now: Callable[[], datetime],
        builder: Builder | None = None,
    ) -> None:
        self._database, self._folders, self._now = database, folders, now
        self._builder = builder or CaseBuilder()
        self._turns: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._reading = threading.BoundedSemaphore(MOST_READING)
        self._left = threading.Event()

    def start(self) -> None:
        """Begin to look for what is pending."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="corrector", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End after the work in hand; what waits stays pending."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._turns.put(None)
            thread.join(_ENDS_WITHIN_S)

    def apply(self, study_id: int, number: int) -> None:
        """Let a pending correction be applied, and wait for it; its row tells how it went.

        Where too many wait already it stays pending, and is applied as soon as there is time.
        """
        if self._turns.qsize() >= MOST_WAITING:
            self._left.set()
            return
        self._in_turn(
            lambda: apply_pending(
                self._database, self._folders, study_id, number, self._builder, self._now()
            )
        )

    def do(self, job: Job) -> Outcome:
        """Have something computed that changes nothing, and wait for it.

        Raises:
            Problem: 503, too many wait already.
            CorrectionError: what was given does not fit the case.
            PublishingError: the case cannot be read.
        """
        if self._turns.qsize() >= MOST_WAITING or not self._reading.acquire(blocking=False):
            detail = "too many requests wait for label maps at this moment; try again"
            raise Problem(503, detail, code="busy", headers={"Retry-After": "10"})
        try:
            return self._in_turn(lambda: self._builder(job, lambda: None))
        finally:
            self._reading.release()

    def make_ready(self) -> None:
        """Have the process loaded before somebody saves, unless it has something to do."""
        self.start()
        if self._turns.empty():
            self._turns.put(self._load)

    def _load(self) -> None:
        with suppress(HeimdallrError):  # whoever saves is told
            self._builder(MakeReady(), lambda: None)

    def _in_turn(self, work: Callable[[], _T]) -> _T:
        self.start()
        result: Future[_T] = Future()

        def turn() -> None:
            try:
                result.set_result(work())
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                result.set_exception(error)

        self._turns.put(turn)
        return result.result()

    def _work(self) -> None:
        self._follow()
        while True:
            try:
                turn = self._turns.get(timeout=0.0 if self._left.is_set() else LOOK_EVERY_S)
            except queue.Empty:
                self._left.clear()
                self._follow()
                continue
            if turn is None:
                break
            turn()
        with suppress(OSError):
            self._builder.close()

    def _follow(self) -> None:
        """Go on with what is pending; a database that is away is asked again the next time."""
        try:
            kept_verifications.follow_pending(
                self._database, self._folders, go_on=self._turns.empty
            )
            follow_pending(self._database, self._folders, self._builder, self._now())
            follow_drawn(
                self._database,
                self._folders,
                self._builder,
                self._now(),
                go_on=self._turns.empty,
            )
        except SQLAlchemyError as error:
            _log.warning("database_away", error=type(error).__name__)
        except (HeimdallrError, OSError) as error:
            _log.error("corrections_not_followed", exc_info=error)
