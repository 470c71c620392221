"""What a person asks of a study's label maps: save, accept, decline; what another tool proposes.

Each is one transaction under the lock of the study's row. What is to be applied is pending
afterwards, and :mod:`heimdallr.store.upkeep.applying` goes on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import heimdallr
from heimdallr.corrections.difference import labels_version
from heimdallr.corrections.versions import DIFFERENCE_FILE, folder_of
from heimdallr.corrections.wanted import check_made_on, made_on
from heimdallr.domain.errors import CorrectionError, OtherBaseError, StateConflictError
from heimdallr.domain.statements import Statement, Value
from heimdallr.publishing.case_file import written_by
from heimdallr.publishing.publish import VOLUME_NAME
from heimdallr.publishing.schema import LABELS_FILE, LABELS_FOLDER
from heimdallr.store.corrections import (
    WAITING_STATES,
    CorrectionRow,
    CorrectionState,
    correction_of,
    corrections_of,
    keep_correction,
    next_number,
    offer_again,
    record_of,
)
from heimdallr.store.models import Study, StudyState
from heimdallr.store.upkeep.applied_corrections import numbers_in
from heimdallr.store.work.states import is_worked_on, lock, note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.publishing.correction_records import CorrectionRecord, MadeOnRecord
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

NOT_NOW = frozenset(
    {
        "correction_while_processed",
        "correction_without_results",
        "correction_without_masks",
        "correction_without_volume",
        "correction_of_old_folder",
        "case_folder_damaged",
        "correction_of_other_series",
        "correction_of_other_grid",
        "correction_of_other_labels",
        "correction_of_other_levels",
    }
)
"""Codes of :func:`why_not`: nothing is wrong with what is asked, it is not possible now."""
OTHER_BASE = frozenset({"correction_of_other_base", "correction_overtaken"})
"""Codes of what says that the label maps are not those that were seen."""
OF_TOOLS = frozenset({"dicom_seg", "rtstruct", "nifti", "offered_again"})
"""Origins of what was drawn on other label maps, perhaps, than those it is put onto."""
_CLOSED_STATES = (StudyState.DELETING, StudyState.HELD)


def why_not(session: Session, folders: DataFolders, study: Study) -> Statement | None:
    """Why a study cannot be corrected now; ``None``: it can."""
    if is_worked_on(session, study.id):
        return Statement("correction_while_processed")
    case = folders.output / study.case_id if study.case_id else None
    if not study.has_results or study.state in _CLOSED_STATES or case is None:
        return Statement("correction_without_results")
    if not (case / LABELS_FOLDER / LABELS_FILE).is_file():
        return Statement("correction_without_masks")
    if not (case / VOLUME_NAME).is_file():
        return Statement("correction_without_volume")
    return _other_version(case)


def _other_version(case: Path) -> Statement | None:
    """Numbers of two versions of the program do not belong together in one case."""
    try:
        version = written_by(case)
    except FileNotFoundError:
        return Statement("correction_of_old_folder")
    except (OSError, ValueError):
        return Statement("case_folder_damaged")
    return None if version == heimdallr.__version__ else Statement("correction_of_old_folder")


def save(
    database: Database,
    folders: DataFolders,
    study_id: int,
    record: CorrectionRecord,
    difference: bytes | None,
) -> int:
    """Keep what a person has saved, pending; returns its number.

    Args:
        database: where the studies are.
        folders: the data folder.
        study_id: the study.
        record: what was done; its number is given here.
        difference: changed voxels, packed.

    Raises:
        StateConflictError: there is no such study.
        OtherBaseError: it was made on other label maps than there are.
        CorrectionError: the study cannot be corrected now.
    """
    with database.write() as session:
        study, case = _open(session, folders, study_id)
        _check_base(session, study, case, record.base)
        number = next_number(session, study_id, numbers_in(case))
        numbered = record.model_copy(update={"number": number, "made_on": _made_on(case)})
        keep_correction(session, study_id, numbered, CorrectionState.PENDING, difference=difference)
    return number


def propose(  # noqa: PLR0917 - a proposal, and where it belongs
    database: Database,
    folders: DataFolders,
    study_id: int,
    record: CorrectionRecord,
    difference: bytes,
    notes: Sequence[Statement],
    now: datetime,
) -> int:
    """Keep what another tool has made of a study's label maps, for a person to decide on.

    Args:
        database: where the studies are.
        folders: the data folder.
        study_id: the study.
        record: what was done, by whom; its number is given here.
        difference: changed voxels, packed, as against the label maps of ``record.base``.
        notes: what its reader could not make out.
        now: the time.

    Returns:
        Its number.

    Raises:
        StateConflictError, CorrectionError: as :func:`save`; the label maps may have changed.
    """
    with database.write() as session:
        return put_forward(session, folders, study_id, record, difference, notes, now)


def put_forward(  # noqa: PLR0917 - as above
    session: Session,
    folders: DataFolders,
    study_id: int,
    record: CorrectionRecord,
    difference: bytes,
    notes: Sequence[Statement],
    now: datetime,
) -> int:
    """The same as :func:`propose`, within the caller's transaction."""
    study, case = _open(session, folders, study_id)
    number = next_number(session, study_id, numbers_in(case))
    numbered = record.model_copy(update={"number": number, "made_on": _made_on(case)})
    state = CorrectionState.PROPOSED
    keep_correction(session, study_id, numbered, state, difference=difference, notes=notes)
    message = f"correction {number} proposed ({record.origin})"
    note(session, study, "correction_proposed", message, now, actor=record.by)
    return number


def accept(  # noqa: PLR0917 - whose, which, on what, by whom and when
    database: Database,
    folders: DataFolders,
    study_id: int,
    number: int,
    base: str,
    who: str,
    now: datetime,
) -> int:
    """A person takes over what waits: pending then; returns the number it is applied under.

    What was applied once, before the study was processed anew, is another correction now: it is
    made again under a new number.

    Raises:
        StateConflictError: there is no such study, or no correction of that number that waits.
        OtherBaseError, CorrectionError: as :func:`save`; or it was made on another series or
            grid, under other names of the labels, or at other vertebral levels.
    """
    with database.write() as session:
        study, case = _open(session, folders, study_id)
        _check_base(session, study, case, base)
        row = _waiting(session, study_id, number)
        present = _made_on(case)
        check_made_on(row.said, present)
        told = row.said.model_copy(update={"base": base, "by": who, "at": now, "made_on": present})
        fits = row.origin in OF_TOOLS or row.base == base
        if fits and row.state is not CorrectionState.OFFERED:
            record_of(row, told)
            row.state, row.error = CorrectionState.PENDING, None
            return number
        again = next_number(session, study_id, numbers_in(case))
        record = told.model_copy(update={"number": again, "origin": "offered_again"})
        keep_correction(
            session,
            study_id,
            record,
            CorrectionState.PENDING,
            difference=difference_of(row, case),
            notes=[Statement("correction_made_again", {"number": number})],
        )
        row.state, row.difference = CorrectionState.SUPERSEDED, None
    return again


def decline(database: Database, study_id: int, number: int, who: str, now: datetime) -> None:
    """A person does not want what waits; it is kept all the same.

    Raises:
        StateConflictError: there is no such study, or no correction of that number that waits.
    """
    with database.write() as session:
        study = lock(session, study_id)
        row = _waiting(session, study_id, number)
        row.state = CorrectionState.DECLINED
        note(session, study, "correction_declined", f"correction {number} declined", now, actor=who)


def offer_corrections(session: Session, study: Study, case: Path, now: datetime) -> None:
    """The networks have made new results: what persons did to the old ones is offered to them.

    The caller holds the study's lock. Doing it again changes nothing.
    """
    offered = offer_again(session, study.id, labels_version(case))
    if offered:
        numbers = ", ".join(map(str, offered))
        message = f"processed anew: corrections to be decided on again: {numbers}"
        note(session, study, "correction_offered", message, now)


def discard(database: Database, study_id: int, number: int) -> None:
    """Forget what was refused as soon as it was saved: whoever saved it is told, and has it."""
    with database.write() as session:
        lock(session, study_id)
        row = correction_of(session, study_id, number)
        if row is not None and row.state is CorrectionState.FAILED:
            session.delete(row)


def difference_of(row: CorrectionRow, case: Path) -> bytes | None:
    """The changed voxels of a correction, packed: out of its row or the case folder.

    What a level or an earlier version changes depends on the label maps: only the folder has it,
    while the version holds that it led to.

    Returns:
        ``None`` where it changed none, or it is not known yet which.

    Raises:
        CorrectionError: they are not kept any more.
    """
    if row.difference is not None or (row.kind != "voxels" and row.version is None):
        return row.difference
    try:
        return (folder_of(case, row.number) / DIFFERENCE_FILE).read_bytes()
    except OSError:
        if row.kind != "voxels" and not row.said.structures:
            return None
        raise CorrectionError(Statement("correction_not_kept", {"number": row.number})) from None


def _open(session: Session, folders: DataFolders, study_id: int) -> tuple[Study, Path]:
    """The study, locked, and its case folder, where it can be corrected now."""
    study = lock(session, study_id)
    why = why_not(session, folders, study)
    if why is not None or study.case_id is None:
        raise CorrectionError(why or Statement("correction_without_results"))
    return study, folders.output / study.case_id


def _check_base(session: Session, study: Study, case: Path, base: str) -> None:
    """Whoever comes second is told who was first, and does not overwrite it."""
    pending = corrections_of(session, study.id, (CorrectionState.PENDING,))
    if not pending and labels_version(case) == base:
        return
    applied = corrections_of(session, study.id, (CorrectionState.APPLIED,))
    first = next(reversed(pending or applied), None)
    if first is None:
        raise OtherBaseError(Statement("correction_of_other_base"))
    told: dict[str, Value] = {
        "number": first.number,
        "by": first.by.removeprefix("user:"),
        "at": f"{first.at:%Y-%m-%d %H:%M} UTC",
    }
    raise OtherBaseError(Statement("correction_overtaken", told))


def _made_on(case: Path) -> MadeOnRecord:
    try:
        return made_on(case)
    except (OSError, ValueError):  # its own text quotes the file
        raise CorrectionError(Statement("case_folder_damaged")) from None


def _waiting(session: Session, study_id: int, number: int) -> CorrectionRow:
    row = correction_of(session, study_id, number)
    if row is None or row.state not in WAITING_STATES:
        msg = f"correction {number} is not one that waits for a person"
        raise StateConflictError(msg)
    return row
