"""From the spool to the database: every received file becomes an instance, or is quarantined.

Files are read first, without the database; then, study by study, one transaction writes the rows
and gives the files their place (:mod:`heimdallr.intake.placing`); only when it is committed does
the spool let go of them. A kill at any instant is repaired by doing the same again. Two recorders
may work on one database: whoever comes second finds what the first has done.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError

from heimdallr.clock import utc_now
from heimdallr.domain.errors import StateConflictError, StorageError
from heimdallr.intake import spool
from heimdallr.intake.instances import StudyWriter, TouchedStudy
from heimdallr.intake.keeping_apart import homes_of
from heimdallr.intake.parsing import ReceivedInstance, read_received
from heimdallr.intake.pixels import Fault, UnusableFileError
from heimdallr.intake.placing import place, sync_folders
from heimdallr.preparation.inner_archives import holds_images
from heimdallr.preparation.reading import SkipReason, tolerant_pydicom
from heimdallr.store.models import Quarantined, Study, StudyState
from heimdallr.store.upkeep.withdrawal import clear_withdrawn
from heimdallr.store.work.states import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

CHUNK = 200
"""Files recorded at a time: few enough that an image is seen at once, many for one commit."""

_BESIDE_IMAGES = frozenset(
    one.value for one in (SkipReason.NOT_DICOM, SkipReason.ARCHIVE, SkipReason.DIRECTORY)
)
"""What a disc carries along with its images: a viewer, its archives, a DICOMDIR, a read-me."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of some files.

    Attributes:
        studies: whose files they are, each once.
        recorded: new instances.
        identical: instances that were there already; dropped.
        replaced: instances that were there with another content, which is kept aside.
        quarantined: files that are no usable instance, by reason.
        passed_over: files of an upload or a find that are no image and no damaged one, by
            reason; whoever gave them has them still.
    """

    studies: tuple[TouchedStudy, ...] = ()
    recorded: int = 0
    identical: int = 0
    replaced: int = 0
    quarantined: Mapping[str, int] = field(default_factory=dict)
    passed_over: Mapping[str, int] = field(default_factory=dict)

    @property
    def files(self) -> int:
        """How many files the spool has let go of."""
        kept = self.recorded + self.identical + self.replaced
        return kept + sum(self.quarantined.values()) + sum(self.passed_over.values())

    def __add__(self, other: Recorded) -> Recorded:
        """Both together; a study that either changed has changed."""
        studies = {one.id: one for one in self.studies}
        for one in other.studies:
            before = studies.get(one.id)
            studies[one.id] = before if before and before.changed else one
        return Recorded(
            tuple(studies.values()),
            self.recorded + other.recorded,
            self.identical + other.identical,
            self.replaced + other.replaced,
            Counter(self.quarantined) + Counter(other.quarantined),
            Counter(self.passed_over) + Counter(other.passed_over),
        )


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the spool that has been read."""

    path: Path
    received_at: datetime
    size_bytes: int


class Recorder:
    """Records the files of the spool's batches.

    Args:
        database: where the rows go.
        folders: where the files go.
        now: the clock.
    """

    def __init__(
        self, database: Database, folders: DataFolders, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database, self._folders, self._now = database, folders, now
        self._stayed: set[Path] = set()
        self._listed: dict[Path, list[Path]] = {}

    def record(self, batch: Path, origin: spool.Origin, limit: int = CHUNK) -> Recorded:
        """Record up to ``limit`` files of a batch, the oldest first.

        What had to stay in the spool is tried again when the others have had their turn.

        Raises:
            OSError: the disk is full or fails; nothing is lost.
            sqlalchemy.exc.OperationalError: the database is away; nothing is lost.
        """
        studies: dict[str, list[tuple[_File, ReceivedInstance]]] = defaultdict(list)
        refused: list[tuple[_File, UnusableFileError]] = []
        strangers: list[tuple[Path, str]] = []
        waiting = self._waiting(batch)
        paths, rest = waiting[:limit], waiting[limit:]
        with tolerant_pydicom():
            for path in paths:
                file = _look(path)
                if file is None:
                    continue
                try:
                    received = read_received(path, announced=origin.source == "dicom")
                    studies[received.study_key].append((file, received))
                except UnusableFileError as unusable:
                    handed_in = origin.source != "dicom"
                    if handed_in and unusable.reason in _BESIDE_IMAGES and not holds_images(path):
                        strangers.append((path, unusable.reason))
                    else:
                        refused.append((file, unusable))
                except FileNotFoundError:
                    continue  # another recorder has taken it
                except OSError as error:  # it stays in the spool; the others go on
                    _log.error("a received file cannot be read", reason=error.strerror)
        _let_go(path for path, _ in strangers)
        done = Recorded(passed_over=Counter(reason for _, reason in strangers))
        for items in studies.values():
            for part in self._by_home(items, origin.home):
                done += self._record_study(part, origin)
        done += self._quarantine(refused, origin)
        self._stayed.update(path for path in paths if path.exists())
        if rest:
            self._listed[batch] = rest
        return done

    def has_untried(self, batch: Path) -> bool:
        """Whether a batch holds files that have not had their turn."""
        return batch in self._listed or any(
            path not in self._stayed for path in _whole_files(batch)
        )

    def _waiting(self, batch: Path) -> list[Path]:
        """What is next; a large batch is listed once for many chunks, or anew after an error."""
        if batch in self._listed:
            return self._listed.pop(batch)
        whole = _whole_files(batch)
        untried = [path for path in whole if path not in self._stayed]
        if not untried:
            self._stayed.difference_update(whole)
        return untried or whole

    def _by_home(
        self, items: Sequence[tuple[_File, ReceivedInstance]], known: str
    ) -> Iterator[Sequence[tuple[_File, ReceivedInstance]]]:
        """The images of a StudyInstanceUID, apart where its patients are kept apart."""
        homes = None
        if not known:
            with self._database.read() as session:
                homes = homes_of(session, items[0][1].study_instance_uid)
        if homes is None and not known:
            yield items
            return
        parts: dict[str, list[tuple[_File, ReceivedInstance]]] = defaultdict(list)
        for file, one in items:
            home = homes.of(one.named, one.series_key) if homes else known
            parts[home].append((file, replace(one, study_key=home)))
        yield from parts.values()

    def _record_study(
        self,
        items: Sequence[tuple[_File, ReceivedInstance]],
        origin: spool.Origin,
        *,
        again: bool = True,
    ) -> Recorded:
        """One transaction; a file the database refuses is found by halving, and quarantined."""
        try:
            return self._commit(items, origin)
        except FileNotFoundError:  # another recorder has taken some; the others come next
            return Recorded()
        except StorageError as error:  # its results cannot be taken away: they wait until they can
            _log.error("a study cannot be recorded", study=items[0][1].study_key, reason=str(error))
            return Recorded()
        except (DataError, IntegrityError, OverflowError, UnicodeError):
            if len(items) > 1:
                halves = items[: len(items) // 2], items[len(items) // 2 :]
                first, second = (self._record_study(half, origin) for half in halves)
                return first + second
            if again:
                return self._record_study(items, origin, again=False)
            ((file, one),) = items
            unusable = UnusableFileError(
                Fault.UNRECORDABLE.value,
                study_instance_uid=one.study_instance_uid,
                sop_instance_uid=one.instance_key,
            )
            return self._quarantine([(file, unusable)], origin)

    def _commit(
        self, items: Sequence[tuple[_File, ReceivedInstance]], origin: spool.Origin
    ) -> Recorded:
        outcomes: Counter[str] = Counter()
        with self._database.write() as session:
            try:
                writer = StudyWriter(session, self._folders, [one for _, one in items], origin)
                writer.open(self._now(), items[0][0].received_at)
            except StateConflictError:  # it is being deleted: they wait until it is gone
                return Recorded()
            for file, one in items:
                outcomes[writer.add(one, file.path, file.received_at)] += 1
            touched = writer.close(self._now())
        _let_go(file.path for file, _ in items)
        if touched.withdrew:
            clear_withdrawn(self._folders, touched.id)
        return Recorded(
            (touched,), outcomes["recorded"], outcomes["identical"], outcomes["replaced"]
        )

    def _quarantine(
        self, refused: Sequence[tuple[_File, UnusableFileError]], origin: spool.Origin
    ) -> Recorded:
        """Keep files that are no usable instance where people find them."""
        if not refused:
            return Recorded()
        reasons = Counter(unusable.reason for _, unusable in refused)
        targets = [
            self._folders.quarantine / file.path.parent.name / file.path.name for file, _ in refused
        ]
        told: dict[str, Counter[str]] = defaultdict(Counter)
        with self._database.write() as session:
            names = [_below(self._folders.quarantine, target) for target in targets]
            known = set(
                session.scalars(select(Quarantined.path).where(Quarantined.path.in_(names)))
            )
            for (file, unusable), target, name in zip(refused, targets, names, strict=True):
                place(file.path, target)
                if name not in known:
                    session.add(_quarantined(file, name, unusable, origin))
                    told[unusable.study_instance_uid][unusable.reason] += 1
            sync_folders(targets)
            for study_uid, counts in sorted(told.items()):
                words = ", ".join(f"{count} × {reason}" for reason, count in counts.items())
                for study in _lacking(session, study_uid) or (None,):
                    note(session, study, "quarantined", f"kept in quarantine: {words}", self._now())
        _let_go(file.path for file, _ in refused)
        _log.warning("files quarantined", count=len(refused), reason="; ".join(sorted(reasons)))
        return Recorded(quarantined=reasons)


def record_batch(
    database: Database, folders: DataFolders, batch: Path, now: Callable[[], datetime] = utc_now
) -> Recorded:
    """Record a whole batch that nothing is added to any more, and remove it from the spool.

    For whoever wrote the batch and wants to know what became of it. When it cannot be recorded
    now, the recorder of the listener does it later.

    Raises:
        OSError: the disk is full or fails; nothing is lost.
        sqlalchemy.exc.SQLAlchemyError: the database is away; nothing is lost.
    """
    origin = spool.read_origin(batch)
    if origin is None:
        msg = "the batch is not there, or says nothing of its origin"
        raise FileNotFoundError(msg)
    recorder = Recorder(database, folders, now)
    done = Recorded()
    try:
        with claimed(batch, wait=True):
            while recorder.has_untried(batch):
                done += recorder.record(batch, origin)
            if not _whole_files(batch):
                remove_batch(batch)
    finally:
        if batch.is_dir():
            (batch / spool.LEFT).touch()
    return done


@contextmanager
def claimed(batch: Path, *, wait: bool = False) -> Iterator[bool]:
    """Be the only one who records a batch; whether that was to be had."""
    try:
        descriptor = os.open(batch, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def has_files(batch: Path) -> bool:
    """Whether there is something to be recorded in a batch."""
    return bool(_whole_files(batch))


def remove_batch(batch: Path) -> None:
    """Forget a batch that is over and empty; what was never whole goes with it."""
    shutil.rmtree(batch, ignore_errors=True)


def _whole_files(batch: Path) -> list[Path]:
    try:
        with os.scandir(batch) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(spool.WHOLE))
    except FileNotFoundError:
        return []
    return [batch / name for name in names]


def _look(path: Path) -> _File | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return _File(path, datetime.fromtimestamp(status.st_mtime, timezone.utc), status.st_size)


def _let_go(paths: Iterator[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _lacking(session: Session, study_uid: str) -> Sequence[Study]:
    """The studies that an unusable file may be of, locked."""
    query = select(Study).where(
        Study.study_instance_uid == study_uid, Study.state != StudyState.DELETING
    )
    return session.scalars(query.order_by(Study.id).with_for_update()).all() if study_uid else ()


def _quarantined(
    file: _File, name: str, unusable: UnusableFileError, origin: spool.Origin
) -> Quarantined:
    return Quarantined(
        path=name,
        reason=unusable.reason,
        size_bytes=file.size_bytes,
        calling_ae=origin.calling_ae,
        peer_address=origin.address,
        received_at=file.received_at,
        study_instance_uid=unusable.study_instance_uid,
        sop_instance_uid=unusable.sop_instance_uid,
    )


def _below(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
