"""The exchange: carries between the data folder and the object store until it is told to stop.

::

    incoming/  ─▶ object store ─▶ worker: input/<case>.r<n>/instances
    output/    ◀─ object store ◀─ worker: input/<case>.r<n>/published

It runs where the data folder is, and waits while that is away. A run waits until its images are in
the store; what a worker hands in takes its place in ``output/`` and in the rows as if the worker
had done it here. Nothing stays in the store longer than its study has an unfinished run. Every step
is told by the database and may be done again, so that a kill at any instant costs time only.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import exists, select
from sqlalchemy.exc import SQLAlchemyError

from heimdallr.clock import utc_now
from heimdallr.domain.errors import (
    ConfigurationError,
    ImagesAwayError,
    ObjectLostError,
    ObjectStoreError,
    PublishingError,
)
from heimdallr.parent_process import ready
from heimdallr.publishing.case_folder import case_folder
from heimdallr.publishing.publish import keep_words_of_persons
from heimdallr.publishing.schema import IDENTITY_FILE, RESULTS_FILE
from heimdallr.store import stored_folders
from heimdallr.store.database import open_database
from heimdallr.store.layout import data_folders, writable_folders
from heimdallr.store.migrate import upgrade
from heimdallr.store.models import Run, Study, StudyState
from heimdallr.store.objects import open_object_store
from heimdallr.store.stored_folders import Stored, StoredFolderRow
from heimdallr.store.upkeep.integrity import wait_until_here
from heimdallr.store.upkeep.retention import sweep
from heimdallr.store.work import runs
from heimdallr.store.work.executors import make_locks, new_name
from heimdallr.store.work.lifecycle import images_of
from heimdallr.store.work.services import BEAT_S, Presence
from heimdallr.store.work.states import FINAL_STATES
from heimdallr.workflow.cases import endings
from heimdallr.workflow.cases.database_retry import is_away
from heimdallr.workflow.cases.job import describe
from heimdallr.workflow.work_folder import content_of, gone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from heimdallr.config import Settings
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders
    from heimdallr.store.objects import ObjectStore
    from heimdallr.store.work.executors import Locks

LOOK_S, LONGEST_S, HOUR_S = 0.5, 30.0, 3600.0
"""How often it looks, how seldom at most while that fails, and how often it tidies up."""

LOCK = "exchange"
"""Name of the lock: two of them would remove what the other has just put."""

AWAY_S = 10.0
"""How long images that cannot be read are not looked for again."""

LANDING_TRIES = 3
"""How often results that cannot be brought to their place are tried before their run fails."""

STOP_S = 30.0
"""How long what is being carried may take to arrive when it is told to stop."""

_log = structlog.get_logger()


def run_exchange(settings: Settings, stop: threading.Event) -> bool:
    """Carry until told to stop.

    Args:
        settings: the configuration.
        stop: set by whoever wants it to end.

    Returns:
        Whether everything has ended; otherwise the object store still stalls, and the process is
        to end without waiting for it.

    Raises:
        ConfigurationError: there is no object store, or it or the data folder cannot be used.
        StorageError: the database cannot be used.
    """
    store = open_object_store(settings)
    if store is None:
        msg = "there is no object store to exchange anything with"
        raise ConfigurationError(msg, remedy="set HEIMDALLR_OBJECT_STORE")
    folders = writable_folders(settings)
    database = open_database(settings)
    upgrade(database)
    locks = make_locks(database, folders.state, 0.0)
    ready()
    if not wait_until_here(database, folders, stop, also=lambda: locks.hold(LOCK)):
        database.close()
        return True
    presence = Presence("exchange", new_name(), utc_now())
    threads = [
        threading.Thread(target=partial(_again, work, every_s, stop), name=name, daemon=True)
        for name, work, every_s in _rounds(settings, database, store, locks, presence)
    ]
    for thread in threads:
        thread.start()
    _log.info("exchange_ready")
    stop.wait()
    until = time.monotonic() + STOP_S
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0.0))
    ended = not any(thread.is_alive() for thread in threads)
    if ended:
        with suppress(SQLAlchemyError), database.write() as session:
            presence.leave(session)
        locks.release()
        database.close()
    _log.info("exchange_stopped", state="ended" if ended else "left")
    return ended


def _rounds(
    settings: Settings, database: Database, store: ObjectStore, locks: Locks, presence: Presence
) -> tuple[tuple[str, Callable[[], object], float], ...]:
    """What is done again and again, each in a thread of its own, and how often, in seconds."""
    carrier = Carrier(database, data_folders(settings), store)

    def carry_out() -> bool:
        if not locks.hold(LOCK):
            return False
        try:
            return carrier.put_originals()
        finally:
            carrier.remove_what_is_over()

    def show_life() -> None:
        with database.write() as session:
            presence.beat(session, utc_now())

    return (
        ("originals", carry_out, LOOK_S),
        ("results", carrier.land_results, LOOK_S),
        ("leftovers", carrier.remove_unknown, HOUR_S),
        ("retention", lambda: sweep(settings, database, utc_now()), HOUR_S),
        ("presence", show_life, BEAT_S),
    )


def _again(work: Callable[[], object], every_s: float, stop: threading.Event) -> None:
    """Do it again and again, more seldom while it fails; the same matter is said once.

    At once where it says that more of it may be waiting.
    """
    said, failures, waits_more = "", 0, False
    while not stop.is_set():
        try:
            waits_more = work() is True
        except Exception as error:  # noqa: BLE001 - the exchange goes on; recorded
            if said != (said := type(error).__name__):
                _log.error("round_failed", kind=threading.current_thread().name, exc_info=error)
            failures, waits_more = failures + 1, False
        else:
            said, failures = "", 0
        if not waits_more:
            stop.wait(min(every_s * 2**failures, LONGEST_S) if failures else every_s)


class _RenamedError(Exception):
    """A case has another name now, as its patient has: the results are nobody's."""


class _InPlaceError(Exception):
    """An exchange that was killed before the rows has brought the folder: to stop is too late."""


class Carrier:
    """What the exchange does, each a round that may be done again.

    Args:
        database: where the studies are.
        folders: the data folder.
        store: the object store.
    """

    def __init__(self, database: Database, folders: DataFolders, store: ObjectStore) -> None:
        self._database, self._folders, self._store = database, folders, store
        self._seen: dict[int, int] = {}
        self._not_before: dict[int, float] = {}
        self._tries: dict[str, int] = {}

    def put_originals(self) -> bool:
        """Put the images of the most urgent run that has none in the store; whether there was one.

        Of one study only: another may be more urgent by then, and what is over is to be removed.

        Raises:
            ObjectStoreError: the store cannot be reached; the runs say so.
        """
        with self._database.read() as session:
            wanted = session.execute(
                select(Run.workflow_id, Run.study_fk, Study.change)
                .join(Study, Study.id == Run.study_fk)
                .where(Run.state.not_in(FINAL_STATES), Study.state != StudyState.DELETING)
                .order_by(Run.priority, Run.queued_at, Run.id)
            ).all()
            there = set(
                session.scalars(
                    select(StoredFolderRow.study_id).where(
                        StoredFolderRow.kind == Stored.ORIGINALS, StoredFolderRow.manifest != ""
                    )
                )
            )
        for workflow_id, study_id, change in wanted:
            if study_id in there and self._seen.get(study_id) == change:
                continue
            if time.monotonic() < self._not_before.get(study_id, 0.0):
                continue
            try:
                has_put = self._put_originals(study_id, workflow_id)
            except ObjectStoreError as error:
                self._tell([run for run, study, _ in wanted if study not in there], str(error))
                raise
            except FileNotFoundError as error:
                lost = gone(Path(error.filename))
                if isinstance(lost, ImagesAwayError):
                    self._put_off(workflow_id, study_id, str(lost))
                else:
                    with self._database.write() as session:
                        runs.fail_if_unfinished(session, workflow_id, utc_now(), str(lost))
                continue
            except OSError as error:
                reason = f"a received image cannot be read: {error.strerror}"
                self._put_off(workflow_id, study_id, reason)
                continue
            self._seen[study_id] = change
            if has_put:
                return True
        return False

    def land_results(self) -> int:
        """Bring what workers have handed in to its place; how many cases.

        Raises:
            ObjectStoreError: the store cannot be reached; the runs say so.
            PublishingError: a folder cannot be written; its run says so, the others are in place.
            Exception: whatever else is the matter with one case; its run fails when that stays so.
        """
        with self._database.read() as session:
            handed_in = session.execute(
                select(Run.workflow_id, Run.study_fk, Study.case_id, StoredFolderRow.manifest)
                .join(StoredFolderRow, StoredFolderRow.workflow_id == Run.workflow_id)
                .join(Study, Study.id == Run.study_fk)
                .where(Run.state.not_in(FINAL_STATES), StoredFolderRow.manifest != "")
                .order_by(Run.priority, StoredFolderRow.id)
            ).all()
        landed, met = 0, None
        for workflow_id, study_id, case_id, manifest in handed_in:
            try:
                landed += self._land_if_possible(workflow_id, study_id, case_id or "", manifest)
            except Exception as error:  # noqa: PERF203 - each on its own
                if is_away(error):
                    raise
                self._wait_or_fail(workflow_id, error)
                met = error
        if met is not None:
            raise met
        return landed

    def remove_what_is_over(self) -> int:
        """Remove all of each study that has no unfinished run; how many studies.

        Raises:
            ObjectStoreError: the store cannot be reached; it is still owed.
        """
        unfinished = exists().where(
            Run.study_fk == StoredFolderRow.study_id, Run.state.not_in(FINAL_STATES)
        )
        with self._database.read() as session:
            over = set(session.scalars(select(StoredFolderRow.study_id).where(~unfinished)))
        for study_id in sorted(over):
            with self._database.read() as session:
                known = _rows(session, study_id)
            self._store.remove(study_id)
            with self._database.write() as session:
                for row in _rows(session, study_id):
                    # A worker that was taken for dead may have put something meanwhile.
                    if any(row.id == one.id and row.manifest == one.manifest for one in known):
                        session.delete(row)
            self._seen.pop(study_id, None)
            self._not_before.pop(study_id, None)
        return len(over)

    def remove_unknown(self) -> int:
        """Remove what no row speaks of: a database was put back from a backup; how many studies.

        Raises:
            ObjectStoreError: the store cannot be reached.
        """
        found = self._store.studies()  # before the rows: they come first
        with self._database.read() as session:
            unknown = found - set(session.scalars(select(StoredFolderRow.study_id)))
        for study_id in sorted(unknown):
            self._store.remove(study_id)
        return len(unknown)

    def _put_originals(self, study_id: int, workflow_id: str) -> bool:
        with self._database.read() as session:
            images = images_of(session, study_id)
            row = stored_folders.stored(session, study_id)
        content = content_of((one.key, one.digest) for one in images)
        if row is not None and row.manifest and row.content == content:
            return False
        with self._database.write() as session:
            anew = stored_folders.announce(session, study_id)
        files = {f"{one.key}.dcm": self._folders.incoming / one.path for one in images}
        begun = time.monotonic()
        manifest = self._store.put(study_id, files, anew=anew)
        with self._database.write() as session:
            stored_folders.settle(session, study_id, manifest, content=content)
            runs.wait_for_store(session, workflow_id, "", utc_now())
        seconds = round(time.monotonic() - begun, 3)
        _log.info("originals_put", study_id=study_id, instances=len(files), seconds=seconds)
        return True

    def _land_if_possible(
        self, workflow_id: str, study_id: int, case_id: str, manifest: str
    ) -> bool:
        try:
            return self._land(workflow_id, study_id, case_id, manifest)
        except ObjectLostError as error:
            _log.error("results_lost", workflow_id=workflow_id, reason=str(error))
            with self._database.write() as session:
                stored_folders.mark_lost(session, study_id, manifest, workflow_id)
        except (_RenamedError, runs.CancelAskedError):
            with self._database.write() as session, suppress(runs.RunOverError):
                _end(workflow_id, session, StudyState.CANCELLED)
        except runs.RunOverError:
            pass  # the next round of removing what is over sees to it
        return False

    def _wait_or_fail(self, workflow_id: str, error: Exception) -> None:
        """Store and disk are waited for; anything else is the trouble of this case alone."""
        if isinstance(error, ObjectStoreError | PublishingError):
            self._tell([workflow_id], str(error))
            return
        if isinstance(error, OSError):
            self._tell([workflow_id], f"the results cannot take their place: {error.strerror}")
            return
        self._tries[workflow_id] = tries = self._tries.get(workflow_id, 0) + 1
        _log.error("results_not_landed", workflow_id=workflow_id, attempt=tries, exc_info=error)
        if tries >= LANDING_TRIES:
            del self._tries[workflow_id]
            with self._database.write() as session:
                runs.fail_if_unfinished(session, workflow_id, utc_now(), describe(error))

    def _land(self, workflow_id: str, study_id: int, case_id: str, manifest: str) -> bool:
        begun = time.monotonic()
        output = self._folders.output

        def last_word() -> None:
            with self._database.write() as session:
                runs.last_word(session, workflow_id, case_id)

        case = output / case_id
        with self._database.write() as session:
            runs.land(session, workflow_id, case_id, utc_now())
        with (
            suppress(_InPlaceError),
            case_folder(output, case_id, last_word=last_word) as folder,
        ):
            self._store.fetch(study_id, manifest, folder)
            self._check(folder, case_id)
            if _is_same(case, folder):
                raise _InPlaceError
            keep_words_of_persons(case, folder)
        found = endings.read_case(case)
        with self._database.write() as session:
            end = partial(_end, workflow_id)
            done = endings.index_case(
                session, self._folders, workflow_id, case_id, case, found, end
            )
        seconds = round(time.monotonic() - begun, 3)
        _log.info("results_landed", study_id=study_id, workflow_id=workflow_id, seconds=seconds)
        return done

    @staticmethod
    def _check(folder: Path, case_id: str) -> None:
        """What takes its place is a case folder, and was made under the name it has now."""
        try:
            results, _ = endings.read_case(folder)
        except PublishingError as error:
            raise ObjectLostError(str(error)) from None
        if results.case_id != case_id:
            raise _RenamedError

    def _put_off(self, workflow_id: str, study_id: int, reason: str) -> None:
        self._tell([workflow_id], reason)
        self._not_before[study_id] = time.monotonic() + AWAY_S

    def _tell(self, workflow_ids: Sequence[str], reason: str) -> None:
        text = f"{reason}; the case then goes on by itself"
        for workflow_id in workflow_ids:
            with self._database.write() as session:
                runs.wait_for_store(session, workflow_id, text, utc_now())


def _end(workflow_id: str, session: Session, state: StudyState) -> Run | None:
    """Whoever has taken it up; what that worker has said of its stages stays."""
    return runs.end_run(session, workflow_id, state, utc_now())


def _is_same(case: Path, folder: Path) -> bool:
    """Whether two case folders are of one run: its times stand in both files."""
    try:
        return all(
            (case / name).read_bytes() == (folder / name).read_bytes()
            for name in (RESULTS_FILE, IDENTITY_FILE)
        )
    except FileNotFoundError:
        return False


def _rows(session: Session, study_id: int) -> Sequence[StoredFolderRow]:
    return session.scalars(
        select(StoredFolderRow).where(StoredFolderRow.study_id == study_id)
    ).all()
