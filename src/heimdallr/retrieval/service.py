"""Earlier studies on arrival: the patient's CTs and MRs that are not here come from the archive.

::

    a study is complete ─▶ search ─▶ one request for each earlier study ─▶ fetched
                            (fetch_requests: kept before it is done)

One thing at a time, by one process of all that share the data folder. What comes is worked on after
everything that was sent, and is itself no reason to look for more.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.clock import local_now, utc_now
from heimdallr.domain.errors import ArchiveError, ConfigurationError, StorageError
from heimdallr.domain.statements import Statement
from heimdallr.intake.service import run_recorder
from heimdallr.publishing.schema import coded
from heimdallr.retrieval.archive import FoundStudy, Query
from heimdallr.retrieval.archives import Known, archive_at, archive_named, open_archive
from heimdallr.retrieval.arrival import record_unless_somebody_does, wait_until_here, what_is_here
from heimdallr.retrieval.priors import MODALITIES, Arrived, choose, is_open
from heimdallr.retrieval.told_sizes import ToldSizes
from heimdallr.store.database import open_database
from heimdallr.store.fetch_requests import PRIOR, SEARCH, FetchRequest, FetchState, is_fetched_prior
from heimdallr.store.layout import data_folders
from heimdallr.store.models import Patient, Study, StudyState
from heimdallr.store.patients import named_in
from heimdallr.store.work.states import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from heimdallr.config import Settings
    from heimdallr.retrieval.archive import Archive
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

LOOK_S, AWAY_S = 5.0, 30.0
ARRIVAL_S = 60.0
"""How long the recorder may take for what the archive says it has sent."""

FRESH = timedelta(days=3)
"""Studies completed longer ago are not looked at: setting an archive does not fetch the history of
everybody who was ever here. Chosen: half of it would lose those of a weekend on which this did not
run, twice only asks for more on the first day."""

SAME_DAY = timedelta(hours=4)
"""A study of the day of the one that arrived is not fetched before: head and trunk of one patient
are two studies, and an archive forwards them one after the other. Chosen: half of it would fetch
those of a slow afternoon, twice only makes a comparison of one day come later."""

WAITS = tuple(timedelta(minutes=one) for one in (1, 5, 15, 60, 240, 480, 960))
"""Between two tries; after the last one it is given up, a good day after the first."""

_COMPLETE = (
    StudyState.QUEUED, StudyState.PREPARING, StudyState.SEGMENTING, StudyState.ANALYZING,
    StudyState.PUBLISHING, StudyState.DONE,
)  # fmt: skip
_log = structlog.get_logger()


class Priors:
    """Looks for earlier studies, and fetches them; no thread and no waiting loop in it.

    Args:
        database: the database.
        settings: which, how many, at what hours.
        folders: the data folder.
        archive: has them.
        now: the clock.
        local: the same in local time, for the hours.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        folders: DataFolders,
        archive: Archive,
        *,
        now: Callable[[], datetime] = utc_now,
        local: Callable[[], datetime] = local_now,
    ) -> None:
        self._database, self._settings, self._folders = database, settings, folders
        self._archive, self._now, self._local = archive, now, local

    def step(self) -> bool:
        """Do one thing that is due; whether there was any.

        Raises:
            OSError: the disk is full or fails; nothing is lost.
            sqlalchemy.exc.SQLAlchemyError: the database is away; nothing is lost.
        """
        with _alone(self._folders) as mine:
            if not mine:
                return False
            self._note_arrivals()
            if not is_open(self._settings.priors_hours, self._local()):
                return False
            request = self._due()
            if request is None:
                return False
            try:
                self._do(request)
            except ArchiveError as error:
                self._put_off(request, error.why, again=error.again, found=request.found)
            return True

    def _do(self, request: FetchRequest) -> None:
        is_search = request.study_instance_uid == SEARCH
        if not is_search and request.attempts == 0:
            here = what_is_here(self._database, request.study_instance_uid).instances
            if here:  # somebody has sent it meanwhile
                self._end(request, FetchState.DONE, here)
                return
        self._begin(request)
        if is_search:
            self._search(request)
        else:
            self._fetch(request)

    def _note_arrivals(self) -> None:
        """Keep a search for every study that was completed and has none."""
        now = self._now()
        with self._database.write() as session:
            for study in session.scalars(_unsearched(now - FRESH)):
                if is_fetched_prior(session, study.study_instance_uid):
                    continue
                session.add(FetchRequest(study_fk=study.id, next_attempt_at=now, created_at=now))

    def _due(self) -> FetchRequest | None:
        """What is to be done next: the oldest first, and searches before what they found."""
        with self._database.read() as session:
            return session.scalars(
                select(FetchRequest)
                .where(
                    FetchRequest.state == FetchState.WAITING,
                    FetchRequest.next_attempt_at <= self._now(),
                )
                .order_by(FetchRequest.next_attempt_at, FetchRequest.id)
                .limit(1)
            ).first()

    def _begin(self, request: FetchRequest) -> None:
        """Count a try before it is made: what a killed one brought in part is not all there is."""
        with self._database.write() as session:
            row = session.get(FetchRequest, request.id)
            if row is not None:
                row.attempts += 1

    def _search(self, request: FetchRequest) -> None:
        with self._database.read() as session:
            arrived = _arrived(session, request.study_fk)
        if arrived is None:
            self._end(request, FetchState.DONE, 0)
            return
        try:
            query = Query(patient_id=arrived.named.patient_id, modalities=MODALITIES)
        except ConfigurationError:
            raise ArchiveError(Statement("archive_patient_id_not_asked")) from None
        wanted = choose(
            self._archive.find(query),
            arrived,
            most=self._settings.priors_max,
            years=self._settings.priors_years,
            today=self._local().date(),
        )
        self._keep(request, wanted, arrived.study_date)

    def _keep(self, request: FetchRequest, wanted: Sequence[FoundStudy], day: str | None) -> None:
        """A request for each study that is not here, and the end of the search, at once.

        One that is kept already stays as it is. Those of the same ``day`` may still be sent.
        """
        now = self._now()
        begins = {
            one.study_instance_uid: now + SAME_DAY if one.study_date == day else now
            for one in wanted
        }
        missing = [uid for uid in begins if not what_is_here(self._database, uid).instances]
        with self._database.write() as session:
            row = session.get(FetchRequest, request.id)
            if row is None:
                return
            kept = set(
                session.scalars(
                    select(FetchRequest.study_instance_uid).where(
                        FetchRequest.study_fk == row.study_fk
                    )
                )
            )
            new = [uid for uid in missing if uid not in kept]
            session.add_all(
                FetchRequest(
                    study_fk=row.study_fk,
                    study_instance_uid=uid,
                    next_attempt_at=begins[uid],
                    created_at=now,
                )
                for uid in new
            )
            if new:
                what = f"{len(new)} earlier studies are fetched from the archive"
                note(session, session.get(Study, row.study_fk), "priors", what, now)
            _close(row, FetchState.DONE, len(wanted), now)

    def _fetch(self, request: FetchRequest) -> None:
        uid = request.study_instance_uid
        retrieved = self._archive.fetch(self._described(uid))
        record_unless_somebody_does(
            self._database, self._settings, self._folders, retrieved, self._now
        )
        sent = retrieved.arrived
        here = wait_until_here(self._database, uid, sent, ARRIVAL_S).instances
        why = retrieved.why
        if why is None and (not here or here < sent):
            why = Statement("archive_sent_but_not_here", {"count": sent, "here": here})
        if why is None:
            self._end(request, FetchState.DONE, here)
        elif 0 < here <= sent and here == request.found:
            # All that came came a second time: the others cannot be had, and would not be then.
            told = f"an earlier study was fetched in part: {why.text}" if retrieved.why else ""
            self._end(request, FetchState.DONE, here, why, told)
        else:
            self._put_off(request, why, again=True, found=here)

    def _described(self, uid: str) -> FoundStudy:
        """A study as the archive describes it; C-GET has to offer the SOP classes it has."""
        found: Sequence[FoundStudy] = ()
        if self._settings.priors_get:
            with suppress(ArchiveError):
                found = self._archive.find(Query(study_instance_uid=uid))
        return next(iter(found), FoundStudy(uid))

    def _end(
        self,
        request: FetchRequest,
        state: FetchState,
        found: int,
        why: Statement | None = None,
        told: str = "",
    ) -> None:
        now = self._now()
        with self._database.write() as session:
            row = session.get(FetchRequest, request.id)
            if row is None:  # its study is deleted
                return
            _close(row, state, found, now, why)
            if told:
                note(session, session.get(Study, row.study_fk), "priors", told, now)

    def _put_off(self, request: FetchRequest, why: Statement, *, again: bool, found: int) -> None:
        """Try again later, or no more; the reason is kept either way."""
        now = self._now()
        with self._database.write() as session:
            row = session.get(FetchRequest, request.id)
            if row is None:
                return
            row.reason, row.found = coded(why).model_dump(), found
            if again and row.attempts <= len(WAITS):
                row.next_attempt_at = now + WAITS[row.attempts - 1]
            else:
                row.state = FetchState.GIVEN_UP if again else FetchState.REFUSED
                row.finished_at = now
                what = f"an earlier study was not fetched: {why.text}"
                note(session, session.get(Study, row.study_fk), "priors", what, now)
        _log.warning(
            "an earlier study is not fetched",
            study_id=request.study_fk,
            reason=why.code,
            attempt=request.attempts + 1,
        )


def _close(
    row: FetchRequest, state: FetchState, found: int, now: datetime, why: Statement | None = None
) -> None:
    row.state, row.found, row.finished_at = state, found, now
    row.reason = coded(why).model_dump() if why else None


def record_and_fetch(settings: Settings, stop: threading.Event) -> None:
    """What the recorder's process does where others are asked: record, fetch, take over sizes."""
    loops = [("sizes", run_told_sizes)]
    if settings.priors_from:
        loops.append(("priors", run_priors))
    for name, run in loops:
        threading.Thread(target=run, args=(settings, stop), name=name, daemon=True).start()
    run_recorder(settings, stop)


def run_told_sizes(settings: Settings, stop: threading.Event) -> None:
    """Let results follow heights and weights that others tell, until ``stop`` is set."""
    folders, database = data_folders(settings), open_database(settings)
    sizes = ToldSizes(database, settings, folders)
    try:
        while not stop.is_set():
            stop.wait(_wait_after_sizes(sizes))
    finally:
        database.close()


def _wait_after_sizes(sizes: ToldSizes) -> float:
    """Look once; seconds until the next time."""
    try:
        sizes.step()
    except (SQLAlchemyError, OSError, StorageError, ConfigurationError) as error:
        why = str(error) if isinstance(error, ConfigurationError) else type(error).__name__
        _log.error("heights and weights are not taken over", reason=why)
        return AWAY_S
    return LOOK_S


def run_priors(settings: Settings, stop: threading.Event) -> None:
    """Look for earlier studies and fetch them until ``stop`` is set.

    The database, the disk and the archive may go away and come back meanwhile.
    """
    folders, database = data_folders(settings), open_database(settings)
    try:
        at = archive_at(settings.priors_from)
        while not stop.is_set():
            known = Known(at, settings.archive_token) if at else _named(database, settings)
            if known is None:
                stop.wait(AWAY_S)
                continue
            archive = open_archive(
                known.peer, known.secret, settings, folders.spool, get=settings.priors_get
            )
            stop.wait(_wait_after(Priors(database, settings, folders, archive)))
    except ConfigurationError as error:
        _log.error("earlier studies are not fetched", reason=str(error))
    finally:
        database.close()


def _named(database: Database, settings: Settings) -> Known | None:
    """The destination as it is now; ``None`` while there is none, or the database is away."""
    try:
        return archive_named(database, settings.priors_from)
    except (ConfigurationError, SQLAlchemyError, StorageError) as error:
        why = str(error) if isinstance(error, ConfigurationError) else type(error).__name__
        _log.error("earlier studies are not fetched", reason=why)
        return None


def _wait_after(priors: Priors) -> float:
    """Do one thing; seconds until the next."""
    try:
        return 0.0 if priors.step() else LOOK_S
    except (SQLAlchemyError, OSError, StorageError) as error:
        _log.error("earlier studies: database or disk is away", error=type(error).__name__)
        return AWAY_S


def _unsearched(since: datetime) -> Select[Study]:
    """Complete CTs and MRs of somebody, for which no search was kept yet."""
    searched = select(FetchRequest.id).where(
        FetchRequest.study_fk == Study.id, FetchRequest.study_instance_uid == SEARCH
    )
    return select(Study).where(
        Study.completed_at >= since,
        Study.state.in_(_COMPLETE),
        Study.patient_id != "",
        Study.priority != PRIOR,
        ~searched.exists(),
        or_(*(Study.modalities.contains(f",{one},") for one in MODALITIES)),
    )


def _arrived(session: Session, study_id: int) -> Arrived | None:
    """The study a search is for; ``None`` where it is gone, or nobody's by now."""
    study = session.get(Study, study_id)
    if study is None or not study.patient_id or study.patients > 1:
        return None
    patient = session.get(Patient, study.patient_fk) if study.patient_fk else None
    return Arrived(
        study.study_instance_uid,
        named_in(study),
        patient.issuer if patient else "",
        study.study_date,
    )


@contextmanager
def _alone(folders: DataFolders) -> Iterator[bool]:
    """Whether nobody else of this data folder fetches now; nobody begins while the block lasts."""
    descriptor = os.open(folders.state / "priors.lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
