"""Taking results back that name the wrong patient.

Numbers were judged by the age and sex of somebody else, and ``id.json`` names them. Nothing of it
may be read or sent any longer, also before the study has been worked on again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from heimdallr.domain.errors import StorageError
from heimdallr.domain.statements import Statement
from heimdallr.store.corrections import forget_corrections
from heimdallr.store.results import forget_results
from heimdallr.store.study_body_sizes import forget_body_size
from heimdallr.store.upkeep.removal import clear_aside, made_to_send, set_aside
from heimdallr.store.work import owed
from heimdallr.store.work.lifecycle import stop_work
from heimdallr.store.work.states import OTHER_PATIENT, note

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from heimdallr.store.layout import DataFolders
    from heimdallr.store.models import Study


def withdraw_results(session: Session, folders: DataFolders, study: Study, now: datetime) -> None:
    """Take a study's results out of sight and stop the work on it; the caller holds its lock.

    When the transaction fails after this, doing the same again finds the folder gone.

    Raises:
        StorageError: the folder of results, or of what is to be sent, cannot be written.
    """
    stop_work(session, study, now, OTHER_PATIENT)
    told = owed.told_destinations(session, study.id)
    owed.call_off_study(session, study.id, Statement("delivery_withdrawn"), now)
    if study.case_id is not None:
        set_aside(folders.output / study.case_id, folders.output, _owner(study.id))
    # After the case, of which nothing can be made from here on.
    for root, path in made_to_send(folders, study.id):
        set_aside(path, root, _owner(study.id))
    forget_body_size(session, study.id)
    forget_corrections(session, study.id)
    if study.has_results:
        forget_results(session, study)
        study.digest = ""  # when the same images come back, they are measured anew
        study.volume_bytes, study.notices, study.read_at = None, [], None
        study.kept = {**dict(study.kept), "volume": False, "masks": False, "results": False}
    elif not told:
        return
    message = "results withdrawn: they were made for another patient than the images name now"
    if told:
        message += f"; they were sent to {', '.join(told)}, where somebody has to take them back"
    note(session, study, owed.WITHDRAWN, message, now)


def clear_withdrawn(folders: DataFolders, study_id: int) -> None:
    """Remove what was withdrawn; what cannot be goes with the next sweep."""
    with suppress(StorageError):
        clear_aside((folders.output, folders.outbox), _owner(study_id))


def _owner(study_id: int) -> str:
    return f"study-{study_id}"
