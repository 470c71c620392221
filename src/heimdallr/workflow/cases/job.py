"""One run in the hands of this worker: its stages, its reports, and how it ends.

Knows nothing of the durable engine. Every verdict is in the database before it is returned, so
that a stage which is done twice says the same twice.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, NoReturn, TypeVar

from heimdallr.clock import utc_now
from heimdallr.domain.errors import (
    ConfigurationError,
    ConversionError,
    HeimdallrError,
    InputRefusedError,
    LicenceError,
    StorageError,
    WeightsError,
)
from heimdallr.store.models import Run, Study, StudyState
from heimdallr.store.work import runs
from heimdallr.store.work.lifecycle import images_of, lacking_of
from heimdallr.store.work.runs import CancelAskedError, RunLostError, RunOverError
from heimdallr.store.work.states import FINAL_STATES
from heimdallr.workflow.assignment import Assignment, Chronicle, StudyRefusedError
from heimdallr.workflow.cases import endings
from heimdallr.workflow.cases.database_retry import LeavingError, is_away, retry_until_back
from heimdallr.workflow.cases.environment_faults import environment_fault_in, free_bytes
from heimdallr.workflow.cases.object_exchange import ObjectExchange
from heimdallr.workflow.cases.run_log import RunLog
from heimdallr.workflow.estimate import share_of_case
from heimdallr.workflow.work_folder import Source, WorkFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders
    from heimdallr.store.objects import ObjectStore
    from heimdallr.workflow.assignment import Work
    from heimdallr.workflow.cases.environment_faults import EnvironmentFault

Verdict = Literal["whole", "over"]
"""Of a stage: its output is whole and the run goes on; or the run is over."""

DELIBERATE = (InputRefusedError, ConversionError, WeightsError, LicenceError, ConfigurationError)
"""Errors that a second try meets again."""

FAULT = "this is a fault of Heimdallr's; please report it with the log of the run"
NOT_TAKEN = "the results did not arrive whole from the object store"
STOPPED = "the worker was stopped; another one will go on"
REPORT_EVERY_S = 1.0
LOOK_S = 0.2
"""How often a case that waits for the disk looks whether it still has to."""

_T = TypeVar("_T")


class StageFailedError(Exception):
    """A stage failed and is worth another try; its text quotes nothing."""


class RunTakenError(BaseException):
    """Another worker has taken the run; no failure, and like :class:`LeavingError` not recorded."""


@dataclass(frozen=True)
class Shop:
    """What every job of a worker shares.

    Attributes:
        make_work: the work on a run: the real one, or a quick one in tests.
        max_recoveries: workers that may be lost in one stage before a run is given up.
        objects: the object store; ``None`` where the data folder is shared.
        stopping: begin no further stage.
        leaving: leave the stage at the next report.
    """

    database: Database
    folders: DataFolders
    make_work: Callable[[Assignment, WorkFolder], Work]
    max_recoveries: int
    objects: ObjectStore | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    leaving: threading.Event = field(default_factory=threading.Event)

    @property
    def exchange(self) -> ObjectExchange | None:
        """Images and results by way of the object store, where there is one."""
        return ObjectExchange(self.objects, self.write) if self.objects else None

    def write(self, transaction: Callable[[Session], _T]) -> _T:
        """One transaction, as soon as the database takes it."""

        def once() -> _T:
            with self.database.write() as session:
                return transaction(session)

        return retry_until_back(once, self.leaving)


class Job:
    """One run, from the moment this worker takes it up; see :func:`take_up`."""

    def __init__(
        self, shop: Shop, assignment: Assignment, run: Run, folder: WorkFolder, log: RunLog
    ) -> None:
        self._shop = shop
        self._of = assignment
        self._executor = run.executor
        self._priority = run.priority
        self._started_at = run.started_at or utc_now()
        self._seconds: dict[str, float] = dict(run.seconds) if run.seconds else {}
        self._folder = folder
        self._log = log
        self._work = shop.make_work(assignment, folder)
        self._reported = 0.0
        self._begun = False

    def stage(self, stage: str, *, last_try: bool) -> Verdict:
        """Go through one stage.

        Args:
            stage: its name.
            last_try: a failure ends the run.

        Raises:
            StageFailedError: it failed and may be tried again.
            LeavingError: the worker is leaving.
            RunTakenError: another worker has the run.
        """
        if self._shop.stopping.is_set():
            self.hand_back(STOPPED)
        try:
            return self._past_environment_faults(stage)
        except CancelAskedError:
            self._log.warning("cancelled", stage=stage)
            self._end(StudyState.CANCELLED)
        except RunLostError:
            self._log.warning("taken_by_another_worker", stage=stage)
            raise RunTakenError from None
        except RunOverError:
            self._log.warning("over_meanwhile", stage=stage)
            self._forget_deleted()
        except StudyRefusedError as refused:
            self._log.warning("refused", stage=stage, reason=str(refused.error))
            self._refuse(refused)
        except LeavingError:
            self.hand_back(STOPPED)
        except Exception as error:  # noqa: BLE001 - the edge of the stage: recorded
            self._log.failure("stage_failed", error, stage=stage)
            if not last_try and not isinstance(error, DELIBERATE):
                text = f"{stage}: {describe(error)}"
                raise StageFailedError(text) from None
            self._fail(error)
        return "over"

    def _past_environment_faults(self, stage: str) -> Verdict:
        """Go through a stage; wait where it is no fault of the case that it cannot be."""
        tries = 0
        while True:
            try:
                self._begin()
                self._write(runs.enter_stage, stage, self._executor, utc_now())
                return self._through(stage)
            except Exception as error:
                met = environment_fault_in(error, self._shop.folders)
                if met is None:
                    raise
                self._log.failure("obstacle", error, stage=stage, reason=met.reason)
            tell = partial(runs.wait_for_disk, is_new=tries == 0)
            self._write(tell, self._executor, met.reason, utc_now())
            self._wait(stage, met, tries)
            tries += 1

    def _wait(self, stage: str, met: EnvironmentFault, tries: int) -> None:
        since = time.monotonic()
        while not met.is_worth_a_try(
            time.monotonic() - since, tries, free_bytes(self._shop.folders)
        ):
            if self._shop.stopping.wait(LOOK_S):
                self.hand_back(STOPPED)
            self._report(stage, 0.0)

    def _begin(self) -> None:
        if not self._begun:
            self._folder.begin(self._of.workflow_id, fresh=self._of.fresh)
            self._begun = True
            self._log.info("taken_up", attempt=self._of.attempt, revision=self._of.revision)

    def _through(self, stage: str) -> Verdict:
        self._log.info("stage_begins", stage=stage)
        if stage == "publish":
            return self._publish()
        self._seconds[stage] = self._work.do(stage, lambda share: self._report(stage, share))
        self._write(runs.leave_stage, self._executor, self._seconds)
        self._log.info("stage_whole", stage=stage, seconds=round(self._seconds[stage], 3))
        return "whole"

    def _publish(self) -> Verdict:
        exchange = self._shop.exchange
        if exchange is not None and exchange.is_handed_in(self._of):
            self._wait_for_exchange(exchange)  # another worker's doing, before it was lost
            return "over"
        begun = time.monotonic()
        before = {name: spent for name, spent in self._seconds.items() if name != "publish"}
        chronicle = Chronicle(self._started_at.astimezone(), before)
        case = self._work.publish(chronicle, self._last_word)
        self._seconds["publish"] = time.monotonic() - begun
        self._log.info("published", seconds=round(self._seconds["publish"], 3))
        if exchange is None:
            self._finish(case)
        else:
            self._log.info("hands_in")
            exchange.hand_in(self._of, case, self._note_handed_in)
            self._wait_for_exchange(exchange)
        return "over"

    def _note_handed_in(self, session: Session) -> None:
        workflow_id, log = self._of.workflow_id, self._log.text()
        runs.hand_in(session, workflow_id, self._executor, self._seconds, log)

    def _wait_for_exchange(self, exchange: ObjectExchange) -> None:
        """Until the results are in the data folder; the run is ended there, by the exchange."""
        try:
            while exchange.is_handed_in(self._of):
                if self._shop.stopping.wait(LOOK_S):
                    self.hand_back(STOPPED)
                self._report("publish", 1.0)
            self._last_word()
        except RunLostError:
            raise
        except RunOverError:
            endings.clear_away(self._shop.folders, self._of)
            return
        raise StorageError(NOT_TAKEN)

    def _last_word(self) -> None:
        """Nothing is published over what is newer: asked in the last instant before the rename.

        Raises:
            RunOverError: the run is over, gone, or another worker's.
            CancelAskedError: it is to be stopped.
        """
        self._write(runs.report_progress, self._executor, share_of_case("publish", 0.9), utc_now())

    def _finish(self, case: Path) -> None:
        """Rows and end of the run in one transaction; what is asked from now on is too late."""
        found = endings.read_case(case)

        def transaction(session: Session) -> bool:
            of, folders = self._of, self._shop.folders
            return endings.index_case(
                session, folders, of.workflow_id, of.case_id, case, found, self._end_in
            )

        if self._shop.write(transaction):
            endings.clear_away(self._shop.folders, self._of)
        else:
            self._log.warning("ended_otherwise", stage="publish")

    def _report(self, stage: str, share: float) -> int:
        """Tell the database how far it is, at most once a second; the case's priority by now."""
        if self._shop.leaving.is_set():
            raise LeavingError
        if time.monotonic() - self._reported < REPORT_EVERY_S:
            return self._priority
        self._reported = time.monotonic()
        done = share_of_case(stage, share)
        try:
            with self._shop.database.write() as session:
                run = runs.report_progress(
                    session, self._of.workflow_id, self._executor, done, utc_now()
                )
                self._priority = run.priority
        except Exception as error:
            if not is_away(error):
                raise
        return self._priority

    def _fail(self, error: Exception) -> None:
        text = describe(error)
        if self._shop.objects is None:  # else nobody would remove it from here
            endings.keep_input(self._shop.folders, self._of, text, self._log)
        self._end(StudyState.FAILED, text)

    def _refuse(self, refused: StudyRefusedError) -> None:
        def transaction(session: Session) -> bool:
            run = self._end_in(session, StudyState.REFUSED, str(refused.error))
            if run is None:
                return False
            endings.index_verdicts(session, run, refused.selection)
            return True

        if self._or_over(transaction):
            self._folder.remove()

    def _end(self, state: StudyState, error: str = "") -> None:
        self._or_over(lambda session: self._end_in(session, state, error) is not None)

    def _end_in(self, session: Session, state: StudyState, error: str = "") -> Run | None:
        return runs.end_run(
            session,
            self._of.workflow_id,
            state,
            utc_now(),
            executor=self._executor,
            seconds=self._seconds,
            error=error,
            log=self._log.text(),
        )

    def _or_over(self, transaction: Callable[[Session], bool]) -> bool:
        """End the run, unless it is over or another's by now; whether it ended here."""
        try:
            return self._shop.write(transaction)
        except RunLostError:
            raise RunTakenError from None
        except RunOverError:
            self._forget_deleted()
            return False

    def _forget_deleted(self) -> None:
        folders = self._shop.folders
        self._shop.write(lambda session: endings.forget_deleted(session, folders, self._of))

    def hand_back(self, reason: str) -> NoReturn:
        """Let the run wait for whoever goes on with it, and leave.

        Args:
            reason: why, for the event.

        Raises:
            LeavingError: always; when the database stays away until the worker leaves, whoever
                recovers the run will count this worker as lost, and nothing else is wrong.
        """
        self._log.info("handed_back", reason=reason)
        with suppress(RunOverError):  # it is over, or another worker has it already
            self._write(runs.hand_back, self._executor, utc_now(), reason)
        raise LeavingError

    def _write(self, change: Callable[..., object], *arguments: object) -> None:
        self._shop.write(lambda session: change(session, self._of.workflow_id, *arguments))


def take_up(shop: Shop, workflow_id: str, executor: str) -> Job | None:
    """Take up a run.

    Args:
        shop: the worker.
        workflow_id: the run.
        executor: a signature never used before.

    Returns:
        The job; ``None`` when there is nothing to do (any more).

    Raises:
        LeavingError: the worker is leaving.
    """
    if shop.stopping.is_set():
        raise LeavingError

    def transaction(session: Session) -> tuple[Run, Assignment] | None:
        try:
            run = runs.take_up(
                session, workflow_id, executor, utc_now(), max_recoveries=shop.max_recoveries
            )
        except RunOverError:
            return None
        return run, _assignment(session, run, shop.folders)

    taken = shop.write(transaction)
    if taken is None:
        return None
    run, assignment = taken
    exchange = shop.exchange
    folder = WorkFolder(
        shop.folders.revision(assignment.case_id, assignment.revision),
        partial(exchange.fetch_originals, assignment) if exchange else None,
    )
    log = RunLog(folder.path / f"run-{run.attempt}.log", workflow_id, executor)
    if run.state in FINAL_STATES:
        log.warning("not_begun", state=run.state.value, reason=run.error)
        if run.state is StudyState.FAILED and shop.objects is None:
            endings.keep_input(shop.folders, assignment, run.error, log)
        return None
    return Job(shop, assignment, run, folder, log)


def describe(error: Exception) -> str:
    """What a person is told of an error: our own words, or its class and whose fault it is."""
    if isinstance(error, HeimdallrError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} — check the rights and the space of the data folder"
    if isinstance(error, MemoryError):
        return "there is not enough memory — let fewer cases be worked on at a time"
    return f"{type(error).__name__} — {FAULT}"


def _assignment(session: Session, run: Run, folders: DataFolders) -> Assignment:
    study = session.get_one(Study, run.study_fk)
    images = images_of(session, study.id)
    return Assignment(
        workflow_id=run.workflow_id,
        study_id=study.id,
        study_key=study.key,
        case_id=study.case_id or "",
        revision=run.revision,
        attempt=run.attempt,
        fresh=run.fresh,
        sources=tuple(Source(one.key, one.digest, folders.incoming / one.path) for one in images),
        lacking=lacking_of(session, study),
    )
