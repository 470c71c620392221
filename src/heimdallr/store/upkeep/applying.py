"""Results that follow a person's correction.

What a person saves is kept first (:mod:`heimdallr.store.corrections`), as pending. Then the new
case folder is built beside the old one, which takes seconds and holds no lock. In the last instant
before the rename the study's row is locked and everything is looked at again: no worker has the
study, the label maps and numbers are those that were built on. The rename, the rows and the mark
``applied`` follow under that lock. A process that is killed in between leaves the old folder or
the new one and the mark ``pending``; the next start finds which, and goes on.

Results of a correction are told to nobody (:mod:`heimdallr.store.work.owed`) before a person
verifies them.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import select

from heimdallr.corrections.difference import labels_version
from heimdallr.domain.errors import CorrectionError, HeimdallrError, PublishingError
from heimdallr.domain.statements import Statement
from heimdallr.publishing.schema import IDENTITY_FILE, RESULTS_FILE, coded
from heimdallr.store.corrections import CorrectionRow, CorrectionState, correction_of
from heimdallr.store.models import Study, StudyState
from heimdallr.store.upkeep.applied_corrections import holds, settle
from heimdallr.store.upkeep.case_builder import BuilderDiedError, Correct
from heimdallr.store.upkeep.correcting import OF_TOOLS
from heimdallr.store.work.states import is_worked_on, lock, note

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders
    from heimdallr.store.upkeep.case_builder import Build

FAULTS = frozenset({"correction_builder_died", "correction_not_written", "correction_never_still"})
"""Codes of errors that are no fault of the correction: the same may go well at another time."""
_ATTEMPTS = 5
"""How often a folder is built anew because a height was entered meanwhile."""
_log = structlog.get_logger()


class _NotNowError(Exception):
    """A worker has the study; the correction stays pending."""


class _ChangedError(Exception):
    """The folder is another one than was built on; to be built again."""


class _OverError(Exception):
    """Somebody else has done it, or the study or its results are gone."""


def apply_pending(  # noqa: PLR0917 - whose, which, by what and when
    database: Database,
    folders: DataFolders,
    study_id: int,
    number: int,
    build: Build,
    now: datetime,
) -> None:
    """Let a study's results follow a pending correction, as far as that is possible now.

    Afterwards it is applied; or failed, with the reason in its row; or still pending, because a
    worker has the study.

    Args:
        database: where the studies are.
        folders: the data folder.
        study_id: the study.
        number: of the correction.
        build: builds the folder.
        now: the time.
    """
    for _ in range(_ATTEMPTS):
        try:
            _apply_once(database, folders, study_id, number, build, now)
        except _ChangedError:
            continue
        except (_NotNowError, _OverError):
            return
        except CorrectionError as error:
            _fail(database, study_id, number, error.why, now)
        except (PublishingError, BuilderDiedError) as error:
            if not _settled(database, folders, study_id, number, now):
                _fail(database, study_id, number, _reason(error), now)
        return
    _fail(database, study_id, number, Statement("correction_never_still"), now)


def follow_pending(database: Database, folders: DataFolders, build: Build, now: datetime) -> int:
    """Go on with what a killed process or a worker's study left pending; how many there were.

    What is the matter with one case holds up no other.
    """
    with database.read() as session:
        pending = session.execute(
            select(CorrectionRow.study_fk, CorrectionRow.number)
            .where(CorrectionRow.state == CorrectionState.PENDING)
            .order_by(CorrectionRow.study_fk, CorrectionRow.number)
        ).all()
    for study_id, number in pending:
        try:
            apply_pending(database, folders, study_id, number, build, now)
        except (HeimdallrError, OSError) as error:  # noqa: PERF203 - each on its own
            _log.error("correction_not_followed", study_id=study_id, exc_info=error)
    return len(pending)


def _apply_once(  # noqa: PLR0917 - as above
    database: Database,
    folders: DataFolders,
    study_id: int,
    number: int,
    build: Build,
    now: datetime,
) -> None:
    with database.read() as session:
        case = _case(session, folders, study_id)
        job = _job(session, case, study_id, number)
        seen = _token(case)
    if holds(case, number):
        _settled(database, folders, study_id, number, now)
        return
    with ExitStack() as held:
        locked: list[tuple[Session, CorrectionRow]] = []

        def last_word() -> None:
            session = held.enter_context(database.write())
            if _case(session, folders, study_id, for_update=True) != case or _token(case) != seen:
                raise _ChangedError
            locked.append((session, _pending(session, study_id, number)))

        build(job, last_word)
        ((session, row),) = locked
        settle(session, lock(session, study_id), row, case, now)


def _case(
    session: Session, folders: DataFolders, study_id: int, *, for_update: bool = False
) -> Path:
    """The study's case folder, where it may be changed now."""
    study = session.get(Study, study_id, with_for_update=for_update, populate_existing=True)
    if study is None or study.case_id is None or not study.has_results:
        raise _OverError
    if study.state in {StudyState.HELD, StudyState.DELETING} or is_worked_on(session, study_id):
        raise _NotNowError
    case = folders.output / study.case_id
    if not case.is_dir():
        raise _OverError
    return case


def _pending(session: Session, study_id: int, number: int) -> CorrectionRow:
    row = correction_of(session, study_id, number)
    if row is None or row.state is not CorrectionState.PENDING:
        raise _OverError
    return row


def _job(session: Session, case: Path, study_id: int, number: int) -> Correct:
    row = _pending(session, study_id, number)
    is_of_tool, notes = row.origin in OF_TOOLS, row.told
    return Correct(case, row.said, row.difference, onto_present=is_of_tool, notes=notes)


def _token(case: Path) -> tuple[str, ...]:
    """What a folder that is built rests on: label maps, numbers, the patient's size."""
    try:
        files = [(case / name).read_bytes() for name in (RESULTS_FILE, IDENTITY_FILE)]
        return (labels_version(case), *(hashlib.sha256(one).hexdigest() for one in files))
    except OSError as error:
        msg = f"the case folder cannot be read: {error.strerror}"
        raise PublishingError(msg, remedy="process the study again") from None


def _settled(
    database: Database, folders: DataFolders, study_id: int, number: int, now: datetime
) -> bool:
    """Let the rows follow where the folder has taken its place; whether it has.

    A folder that cannot be read tells nobody that it has.
    """
    try:
        with database.write() as session:
            case = _case(session, folders, study_id, for_update=True)
            row = _pending(session, study_id, number)
            if not holds(case, number):
                return False
            settle(session, lock(session, study_id), row, case, now)
    except PublishingError:
        return False
    except (_NotNowError, _OverError):
        pass
    return True


def _fail(database: Database, study_id: int, number: int, why: Statement, now: datetime) -> None:
    """Say why; what was saved is kept."""
    with database.write() as session:
        row = correction_of(session, study_id, number)
        if row is None or row.state is not CorrectionState.PENDING:
            return
        row.state, row.error = CorrectionState.FAILED, coded(why).model_dump()
        message = f"correction {number} could not be applied: {why.text}"
        note(session, lock(session, study_id), "correction_failed", message, now)


def _reason(error: HeimdallrError) -> Statement:
    if isinstance(error, BuilderDiedError):
        return Statement("correction_builder_died")
    return Statement("correction_not_written", {"reason": str(error)})
