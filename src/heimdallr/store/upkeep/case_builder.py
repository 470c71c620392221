"""The process beside the web server that computes: corrected case folders, versions, proposals.

Label maps take a gigabyte and seconds of both cores, and a web server has neither to spare. So one
process, warm between two jobs, does them one after the other (:mod:`.case_builder_process`) and
ends itself after some idle minutes, which gives the memory back. It knows no database: before a
folder takes its place it asks here for the last word, and waits for the answer.

It does not outlive the server: the kernel kills it with the thread that started it, and a pipe
that ends says the same.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from typing import TYPE_CHECKING, Literal, Protocol

import structlog

from heimdallr.domain.errors import (
    CorrectionError,
    HeimdallrError,
    OtherBaseError,
    PublishingError,
)
from heimdallr.preparation.child_process import tethered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from heimdallr.domain.statements import Statement
    from heimdallr.publishing.correction_records import CorrectionRecord, Origin, StructureChange

_MODULE = "heimdallr.store.upkeep.case_builder_process"
_ENDS_WITHIN_S = 10.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Correct:
    """Let a case folder follow a correction.

    Attributes:
        case: the folder.
        record: the correction, numbered.
        difference: its changed voxels, packed.
        onto_present: they were changed on other label maps; what is now in their place gives way.
        notes: what is to be told of it already.
    """

    case: Path
    record: CorrectionRecord
    difference: bytes | None = None
    onto_present: bool = False
    notes: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteVersion:
    """Write a label map as it was in an earlier version, as gzipped NIfTI."""

    case: Path
    version: int
    map_name: str
    target: Path


@dataclass(frozen=True, slots=True)
class ReadProposal:
    """Read what another tool made of a case: DICOM SEG, RTSTRUCT or NIfTI files."""

    case: Path
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class MakeReady:
    """Load what a correction needs; somebody has begun to draw one."""


@dataclass(frozen=True, slots=True)
class ProposalRead:
    """What :class:`ReadProposal` comes to.

    Attributes:
        difference: changed voxels, packed.
        base: token of the label maps they were compared with.
        origin: kind of the files.
        notes: structures nobody knows, and the like.
        structures: what it would do to each.
    """

    difference: bytes
    base: str
    origin: Origin
    notes: tuple[Statement, ...]
    structures: tuple[StructureChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job comes to, beside files.

    Attributes:
        proposal: what was read.
    """

    proposal: ProposalRead | None = None


Job = Correct | WriteVersion | ReadProposal | MakeReady


@dataclass(frozen=True, slots=True)
class Told:
    """What the process says.

    Attributes:
        what: ``begun``: it has the job; ``last_word``: only the rename is left; ``done``;
            ``called_off``: the last word was no; ``refused``: what was given does not fit the
            case; ``failed``: an error of ours, in its own words; ``broken``: another one.
        outcome: of what is done.
    """

    what: Literal[
        "begun", "last_word", "done", "called_off", "other_base", "refused", "failed", "broken"
    ]
    why: Statement | None = None
    text: str = ""
    outcome: Outcome = Outcome()


class BuilderDiedError(HeimdallrError):
    """The process ended in the middle of a job; killed for its memory, as a rule."""


class Build(Protocol):
    """Does a job; here or in another process."""

    def __call__(self, job: Job, last_word: Callable[[], None]) -> Outcome:
        """Do it.

        Args:
            job: what to do.
            last_word: called when only the rename is left; what it raises is raised.

        Raises:
            CorrectionError: what was given does not fit the case.
            PublishingError: the folder cannot be read or written.
            BuilderDiedError: the process ended; the folder is the old one or the new one.
        """


class CaseBuilder:
    """The process; used by one thread at a time, always the same, which lasts.

    Args:
        command: the program that does the jobs; it is given the number of its end of the pipe.
    """

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", _MODULE)) -> None:
        self._command = tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None

    @property
    def pid(self) -> int | None:
        """Of the process, while it lives."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def __call__(self, job: Job, last_word: Callable[[], None]) -> Outcome:
        """Do a job; see :class:`Build`."""
        pipe = self._begin(job)
        refusal: Exception | None = None
        while True:
            told = self._hear(pipe)
            if told.what == "last_word":
                try:
                    last_word()
                except Exception as error:  # noqa: BLE001 - raised when the folder is cleared away
                    refusal = error
                self._answer(pipe, go_on=refusal is None)
            elif told.what != "begun":
                break
        if refusal is not None:
            raise refusal
        _raise(told)
        return told.outcome

    def close(self) -> None:
        """End it."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            try:
                self._process.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = self._pipe = None

    def _begin(self, job: Job) -> Connection:
        """Give the job to the process: a warm one may have gone to rest this very moment."""
        for _ in range(2):
            pipe = self._warm()
            with suppress(OSError, EOFError):
                pipe.send(job)
                pipe.recv()
                return pipe
            self.close()
        msg = "the process that computes corrections cannot be started"
        raise BuilderDiedError(msg, remedy="see the log of the web server")

    def _warm(self) -> Connection:
        if self._pipe is not None and self.pid is not None:
            return self._pipe
        self.close()
        ours, its = Pipe()
        command = [*self._command, str(its.fileno())]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            tethered(command), pass_fds=(its.fileno(),), stdin=subprocess.DEVNULL
        )
        its.close()
        self._pipe = ours
        return ours

    def _hear(self, pipe: Connection) -> Told:
        try:
            told = pipe.recv()
        except (EOFError, OSError):
            self.close()
            msg = "the process that computes corrections ended"
            raise BuilderDiedError(
                msg, remedy="it may have needed more memory; try again"
            ) from None
        if not isinstance(told, Told):
            msg = "the process that computes corrections says what nobody understands"
            raise BuilderDiedError(msg)
        return told

    @staticmethod
    def _answer(pipe: Connection, *, go_on: bool) -> None:
        with suppress(OSError):  # that it is gone shows when it is listened to
            pipe.send(go_on)


def _raise(told: Told) -> None:
    """Raise what the process met."""
    if told.what in {"done", "called_off"}:
        return
    if told.why is not None:
        raise (OtherBaseError if told.what == "other_base" else CorrectionError)(told.why)
    if told.what == "broken":
        _log.error("case_builder_broken", error=told.text)
        msg = "the corrected case cannot be computed"
        raise PublishingError(msg, remedy="a fault of Heimdallr's; the web server's log says more")
    raise PublishingError(told.text)
