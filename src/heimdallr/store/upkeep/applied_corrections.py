"""What a case folder says of the corrections applied to it, brought into the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.corrections.versions import AFTER_FILE, BEFORE_FILE, compare, folder_of, versions
from heimdallr.domain.errors import CorrectionError, PublishingError
from heimdallr.publishing.correction_records import CORRECTION_FILE, CORRECTIONS_FOLDER
from heimdallr.publishing.kept_correction import KeptCorrection
from heimdallr.publishing.schema import Results, read_identity, read_results
from heimdallr.store.corrections import (
    CorrectionRow,
    CorrectionState,
    correction_of,
    corrections_of,
    keep_correction,
    record_of,
)
from heimdallr.store.results import dumped, index_results
from heimdallr.store.upkeep.kept_verifications import keep_in_folder
from heimdallr.store.work.states import note

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.corrections.versions import Comparison
    from heimdallr.store.models import Study

_HELD = (CorrectionState.APPLIED, CorrectionState.SUPERSEDED)
"""Of a correction that has a version: in force, or not any more."""


def numbers_in(case: Path) -> list[int]:
    """Numbers of the corrections a case folder keeps, ascending."""
    try:
        names = [path.name for path in (case / CORRECTIONS_FOLDER).iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(int(name) for name in names if name.isascii() and name.isdecimal())


def read_record(case: Path, number: int) -> KeptCorrection:
    """What a case folder says of a correction.

    Raises:
        OSError: it is not there.
        ValueError: it is damaged.
    """
    path = folder_of(case, number) / CORRECTION_FILE
    return KeptCorrection.model_validate_json(path.read_bytes())


def change_by(case: Path, number: int) -> Comparison:
    """The numbers and findings that a correction changed; raises as :func:`read_record`."""
    folder = folder_of(case, number)
    before, after = (
        Results.model_validate_json((folder / name).read_bytes())
        for name in (BEFORE_FILE, AFTER_FILE)
    )
    return compare(before, after)


def holds(case: Path, number: int) -> bool:
    """Whether a folder's results rest on a correction.

    Raises:
        PublishingError: they cannot be read.
    """
    return number in {one.number for one in _results(case).provenance.corrections}


def settle(session: Session, study: Study, row: CorrectionRow, case: Path, now: datetime) -> None:
    """Let the rows say what a folder says that has just taken its place.

    Args:
        session: the transaction; the caller holds the study's lock.
        study: the study.
        row: of the correction.
        case: the folder.
        now: the time.

    Raises:
        PublishingError: it cannot be read.
    """
    results = _results(case)
    try:
        identity, kept = read_identity(case), read_record(case, row.number)
        changes = change_by(case, row.number)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from None
    index_results(session, study, results, identity, case, now)
    keep_in_folder(session, study, case)  # it may be another word than when the folder was begun
    record_of(row, kept.record)
    row.notes = dumped(kept.notes)
    row.state, row.version, row.difference, row.error = (
        CorrectionState.APPLIED,
        row.number,
        None,
        None,
    )
    row.changed_measurements = len(changes.measurements)
    _follow(session, study.id, {one.number for one in results.provenance.corrections})
    message = f"correction {row.number} ({row.kind}) applied"
    note(session, study, "correction_applied", message, now, actor=row.by)


def bring_in(session: Session, study_id: int, case: Path, results: Results) -> None:
    """Make the rows of corrections that only a case folder knows of; those known stay.

    What belongs to no version of the results was made before the study was processed anew, as far
    as anybody can tell, and is offered again.
    """
    in_force = {one.number for one in results.provenance.corrections}
    known = _versions(case)
    for number in numbers_in(case):
        if correction_of(session, study_id, number) is not None:
            continue
        try:
            kept, changes = read_record(case, number), change_by(case, number)
        except (OSError, ValueError):
            continue  # it is damaged; the results do not need it
        state = CorrectionState.OFFERED
        if number in known:
            state = _HELD[number not in in_force]
        row = keep_correction(session, study_id, kept.record, state)
        row.notes = dumped(kept.notes)
        row.changed_measurements = len(changes.measurements)
        row.version = number if number in known else None


def _versions(case: Path) -> Collection[int]:
    try:
        return versions(case)
    except (CorrectionError, PublishingError):
        return ()


def _follow(session: Session, study_id: int, in_force: Collection[int]) -> None:
    """A way back to an earlier version takes those behind it out of force, or puts them back."""
    for row in corrections_of(session, study_id, _HELD):
        if row.version is not None:
            row.state = _HELD[row.number not in in_force]


def _results(case: Path) -> Results:
    try:
        return read_results(case)
    except (OSError, ValueError) as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> PublishingError:
    # The error's own text quotes the file.
    msg = f"the case folder cannot be read ({type(error).__name__})"
    return PublishingError(msg, remedy="process the study again")
