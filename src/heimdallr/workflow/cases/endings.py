"""What is done when a run ends: results indexed, a failure's input kept, folders cleared away."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from sqlalchemy import select

from heimdallr.clock import utc_now
from heimdallr.domain.errors import PublishingError, StorageError
from heimdallr.publishing.schema import coded, read_identity, read_results
from heimdallr.store.layout import revisions
from heimdallr.store.models import Study, StudyState
from heimdallr.store.patients import settle
from heimdallr.store.results import index_results, index_series
from heimdallr.store.upkeep.correcting import offer_corrections
from heimdallr.store.upkeep.kept_verifications import keep_in_folder
from heimdallr.store.upkeep.resizing import follow_body_size
from heimdallr.store.work import runs
from heimdallr.workflow.work_folder import keep_failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.domain.study import Selection
    from heimdallr.publishing.schema import Identity, Results
    from heimdallr.store.layout import DataFolders
    from heimdallr.store.models import Run
    from heimdallr.workflow.assignment import Assignment
    from heimdallr.workflow.cases.run_log import RunLog


def read_case(case: Path) -> tuple[Results, Identity]:
    """What a case folder says.

    Raises:
        PublishingError: it cannot be read back.
    """
    try:
        return read_results(case), read_identity(case)
    except (OSError, ValueError) as error:
        # The error's own text quotes the file.
        msg = f"the case folder cannot be read back ({type(error).__name__})"
        raise PublishingError(msg, remedy="check the output folder's disk") from None


def index_case(  # noqa: PLR0917 - of which run, what it says, and how it ends
    session: Session,
    folders: DataFolders,
    workflow_id: str,
    case_id: str,
    case: Path,
    found: tuple[Results, Identity],
    end: Callable[[Session, StudyState], Run | None],
) -> bool:
    """Rows and end of a run whose case folder is in its place, in the caller's transaction.

    Args:
        session: the transaction.
        folders: the data folder.
        workflow_id: the run.
        case_id: under which the case was made.
        case: its folder.
        found: what that says.
        end: ends the run; ``None`` where somebody has ended it before.

    Returns:
        Whether it is done; otherwise it was ended before, or what it names is another patient's.

    Raises:
        RunOverError: its study was deleted.
        RunLostError: it is another worker's.
    """
    if runs.is_withdrawn(session, workflow_id, case_id):
        end(session, StudyState.CANCELLED)
        shutil.rmtree(case, ignore_errors=True)
        return False
    run = end(session, StudyState.DONE)
    if run is None:
        return False
    study, now = session.get_one(Study, run.study_fk), utc_now()
    index_results(session, study, *found, case, now)
    offer_corrections(session, study, case, now)
    keep_in_folder(session, study, case)
    follow_body_size(session, folders, study, now)
    settle(session, study, now)
    return True


def index_verdicts(session: Session, run: Run, selection: Selection | None) -> None:
    """Write what selection thought of every series of a study that was refused."""
    verdicts = selection.verdicts if selection else ()
    judged = [
        (one.series.series_instance_uid, None, [(why.text, coded(why)) for why in one.reasons])
        for one in verdicts
    ]
    index_series(session, run.study_fk, judged)


def keep_input(folders: DataFolders, assignment: Assignment, error: str, log: RunLog) -> None:
    """Keep the input of a failed run in ``failed/``, with the error and the log beside it."""
    text = f"{error}\n\n{log.text()}"
    try:
        target = folders.failure(assignment.case_id, assignment.revision)
        keep_failure(target, assignment.sources, text)
    except (OSError, StorageError) as failure:
        # The received files are where they were; the run's row tells the rest.
        log.failure("input_not_kept", failure)


def clear_away(folders: DataFolders, assignment: Assignment) -> None:
    """Remove what a case that is done needs no more: work folders, inputs of failed attempts."""
    for folder in (folders.input, folders.failed):
        for path, revision in revisions(folder, assignment.case_id):
            if revision <= assignment.revision:
                shutil.rmtree(path, ignore_errors=True)


def forget_deleted(session: Session, folders: DataFolders, assignment: Assignment) -> None:
    """Remove what a worker may have written after its study was deleted.

    A study that is sent again has the same case ID, and folders of the same names: then, as when
    nothing was deleted, nothing is removed. Done inside the transaction, which on SQLite keeps
    such a study from getting its case ID meanwhile.
    """
    bearer = session.scalars(
        select(Study).where(Study.case_id == assignment.case_id).with_for_update()
    ).one_or_none()
    if bearer is not None and bearer.state is not StudyState.DELETING:
        return
    clear_away(folders, assignment)
    shutil.rmtree(folders.output / assignment.case_id, ignore_errors=True)
