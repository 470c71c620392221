"""The recorder: beside the listener, it turns what was received into studies that are complete.

::

    spool ─▶ record ─▶ study complete? ─▶ queued for the worker | sent to another server
    watch folder ─▶ spool

Several threads, so that a large find or a slow transfer does not keep an image waiting: recording
and completion, the watch folder, the handing over, the sign of life; and, where a port is set for
it, the HL7 listener, which stands here because what it acknowledges is in the database.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.domain.errors import ConfigurationError, StorageError
from heimdallr.intake import spool
from heimdallr.intake.completion_rule import CompletionRule, SystemClock
from heimdallr.intake.declare_complete import complete_studies, gapless, open_studies
from heimdallr.intake.handover import HandOver
from heimdallr.intake.hl7.answering import Answering
from heimdallr.intake.hl7.server import Hl7Server
from heimdallr.intake.recorder import CHUNK, Recorded, Recorder, claimed, has_files, remove_batch
from heimdallr.intake.watch import WatchFolder
from heimdallr.store.database import open_database
from heimdallr.store.layout import data_folders
from heimdallr.store.migrate import upgrade
from heimdallr.store.models import Patient
from heimdallr.store.unclaimed import forget_unclaimed
from heimdallr.store.work.services import BEAT_S, Presence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.config import Settings
    from heimdallr.intake.completion_rule import Clock
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

IDLE_POLL_S, BUSY_POLL_S = 0.2, 0.05
_SETTLING_LOOK_S = 0.25
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 15.0
_UNBEGUN_S = 60.0
_GOODBYE_S = 5.0
_FORGET_S = 3600.0
UNCLAIMED_FOR = timedelta(days=90)
"""How long height, weight and class of a patient without a study are kept. Chosen: longer than most
orders wait for their examination; no register of whoever was admitted."""
_log = structlog.get_logger()


@dataclass(slots=True)
class _Seen:
    """A batch of the spool as it was last looked at.

    Attributes:
        since: monotonic time when it was first seen.
        retry_at: not before; something in it could not be recorded.
        wait_s: how long the next wait is.
    """

    since: float
    origin: spool.Origin | None = None
    retry_at: float = 0.0
    wait_s: float = _FIRST_WAIT_S


class Intake:
    """Records the spool and completes studies, step by step; no thread and no waiting in it.

    Args:
        database: the database, up to date.
        folders: the data folder.
        settings: when a study is complete, and where it goes then.
        clock: tells the time.
    """

    def __init__(
        self, database: Database, folders: DataFolders, settings: Settings, clock: Clock
    ) -> None:
        self._database, self._folders, self._settings = database, folders, settings
        self._clock = clock
        self._recorder = Recorder(database, folders, clock.now)
        self._rule = CompletionRule(settings.idle_seconds, early=settings.early_start, clock=clock)
        self._rule.resume(open_studies(database))
        self._seen: dict[str, _Seen] = {}
        self._looked_at = clock.monotonic()
        self._backlog = False

    def step(self) -> bool:
        """Record a chunk of every batch, and complete what is due; whether anything was there.

        Raises:
            OSError: the disk is full or fails; nothing is lost.
            sqlalchemy.exc.SQLAlchemyError: the database is away; nothing is lost.
        """
        busy = self._backlog = False
        batches = self._batches()
        for batch in batches:
            busy = self._take(batch) or busy
        for gone in self._seen.keys() - {batch.name for batch in batches}:
            del self._seen[gone]
        self._complete()
        return busy

    def _batches(self) -> list[Path]:
        return sorted(one for one in self._folders.spool.iterdir() if one.is_dir())

    def _take(self, batch: Path) -> bool:
        now = self._clock.monotonic()
        seen = self._seen.setdefault(batch.name, _Seen(now))
        seen.origin = seen.origin or self._origin_of(batch, seen)
        if seen.origin is None or now < seen.retry_at or not _is_ours(batch, seen.origin):
            return False
        self._rule.opened(batch.name, _sender(seen.origin))
        over = spool.is_over(batch, seen.origin)  # before looking: what comes later is not missed
        with claimed(batch) as mine:
            if not mine:
                return False
            if over:
                spool.settle(batch)
            if has_files(batch):
                return self._record(batch, seen, seen.origin)
            if over:
                self._end(batch, seen.origin)
        return over

    def _record(self, batch: Path, seen: _Seen, origin: spool.Origin) -> bool:
        try:
            done = self._recorder.record(batch, origin)
        except OSError as error:
            _log.error("a batch cannot be recorded", batch=batch.name, reason=error.strerror)
            done = Recorded()
        for study in done.studies:
            if study.changed:
                self._rule.saw(study.id, batch.name, study.last_instance_at)
        if not done.files:
            seen.retry_at = self._clock.monotonic() + seen.wait_s
            seen.wait_s = min(2 * seen.wait_s, _LONGEST_WAIT_S)
            _log.warning("files of a batch cannot be recorded yet", batch=batch.name)
        else:
            seen.wait_s = _FIRST_WAIT_S
            self._backlog = self._backlog or done.files >= CHUNK
        return bool(done.files)

    def _end(self, batch: Path, origin: spool.Origin) -> None:
        released = spool.how_it_ended(batch) == "released"
        remove_batch(batch)
        self._rule.ended(batch.name, released=released, whole=origin.source != "dicom")

    def _origin_of(self, batch: Path, seen: _Seen) -> spool.Origin | None:
        """Where a batch comes from; when it never says so, its files are taken all the same."""
        origin = spool.read_origin(batch)
        if origin is None and self._clock.monotonic() - seen.since > _UNBEGUN_S:
            _log.warning("a batch does not say where it comes from", batch=batch.name)
            return spool.Origin(source="dicom", began_at=self._clock.now(), pid=0, process="")
        return origin

    def _complete(self) -> None:
        """Look for complete studies, when it is time.

        While more waits in the spool than was recorded now, a study is not as quiet as it looks.
        """
        now, pause = self._clock.monotonic(), self._settings.scan_seconds
        if self._backlog:
            pause = max(pause, self._settings.idle_seconds)
        elif self._rule.is_settling:
            pause = min(pause, _SETTLING_LOOK_S)
        if now - self._looked_at < pause:
            return
        self._looked_at = now
        seen = open_studies(self._database)
        verdict = self._rule.look(seen)
        due = [*verdict.complete, *gapless(self._database, verdict.if_gapless)]
        complete_studies(
            self._database, self._settings, self._folders, due, self._clock.now(), seen=seen
        )


def _is_ours(batch: Path, origin: spool.Origin) -> bool:
    """Whether the recorder is to take a batch; an upload's own process does so while it lives."""
    return (
        origin.source != "upload"
        or (batch / spool.LEFT).exists()
        or not spool.writer_lives(batch, origin)
    )


def _sender(origin: spool.Origin) -> str:
    return f"{origin.calling_ae}@{origin.address}" if origin.source == "dicom" else ""


def run_recorder(settings: Settings, stop: threading.Event) -> None:
    """Record, complete, watch and hand over until ``stop`` is set.

    The database and the disk may go away and come back meanwhile.
    """
    folders, clock = data_folders(settings), SystemClock()
    database = open_database(settings)
    loops: list[tuple[str, Callable[[], float]]] = []
    try:
        if not _begin(database, folders, stop):
            return
        intake = Intake(database, folders, settings, clock)
        if settings.watch_dir is not None:
            watch = WatchFolder(settings.watch_dir, database, folders, settings, clock)
            loops.append(("watch folder", watch.step))
        hl7 = _hl7_server(settings, database, clock)
        if hl7 is not None:
            loops.append(("HL7 listener", hl7.step))
            loops.append(("orders of nobody", partial(_forget_unclaimed, database, clock)))
        presence = Presence("recorder", f"recorder-{secrets.token_hex(8)}", clock.now())
        loops.append(("sign of life", partial(_beat, database, presence, clock)))
        if not settings.hands_over_in_place:
            loops.append(("hand-over", HandOver(database, folders, settings, clock).step))
        threads = [
            threading.Thread(target=_repeat, args=(name, step, stop), name=name, daemon=True)
            for name, step in loops
        ]
        for thread in threads:
            thread.start()
        _repeat("recorder", lambda: BUSY_POLL_S if intake.step() else IDLE_POLL_S, stop)
        for thread in threads:
            thread.join(_GOODBYE_S)
        if hl7 is not None:
            hl7.close()
        _attempt(partial(_say_goodbye, database, presence))
    finally:
        database.close()


def _hl7_server(settings: Settings, database: Database, clock: Clock) -> Hl7Server | None:
    """The HL7 listener, where a port is set; where it cannot be used, all else goes on without."""
    if settings.hl7_port is None:
        return None
    try:
        return Hl7Server(settings, Answering(database, clock.now))
    except ConfigurationError as error:
        _log.error("the HL7 listener does not run", reason=str(error))
        return None


def _forget_unclaimed(database: Database, clock: Clock) -> float:
    """Forget what was told of patients who did not come."""
    with database.write() as session:
        forget_unclaimed(session, clock.now() - UNCLAIMED_FOR, Patient.patient_id)
    return _FORGET_S


def _begin(database: Database, folders: DataFolders, stop: threading.Event) -> bool:
    """Wait until there are folders and an up-to-date database; whether there are."""
    begun = threading.Event()

    def begin() -> float:
        folders.create()
        upgrade(database)
        begun.set()
        return 0.0

    _repeat("recorder", begin, stop, until=begun)
    return begun.is_set()


def _beat(database: Database, presence: Presence, clock: Clock) -> float:
    with database.write() as session:
        presence.beat(session, clock.now())
    return BEAT_S


def _say_goodbye(database: Database, presence: Presence) -> float:
    with database.write() as session:
        presence.leave(session)
    return 0.0


def _repeat(
    name: str,
    step: Callable[[], float],
    stop: threading.Event,
    *,
    until: threading.Event | None = None,
) -> None:
    """Do a step again and again; where the database or the disk is away, wait for it.

    Args:
        name: for the log.
        step: does something, and says for how many seconds there is nothing to do.
        stop: ends it.
        until: ends it too.
    """
    wait_s = _FIRST_WAIT_S
    while not stop.is_set() and not (until and until.is_set()):
        pause, error = _attempt(step)
        if error:
            if wait_s == _FIRST_WAIT_S:
                _log.error(f"{name}: database or disk is away", error=error)
            stop.wait(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            continue
        if wait_s != _FIRST_WAIT_S:
            _log.info(f"{name}: database and disk are back")
        wait_s = _FIRST_WAIT_S
        stop.wait(pause)


def _attempt(step: Callable[[], float]) -> tuple[float, str]:
    try:
        return step(), ""
    except (SQLAlchemyError, OSError, StorageError) as error:
        return 0.0, type(error).__name__
