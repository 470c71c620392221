"""Heights, weights and classes that were told of patients go with them, or when they never come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists

from heimdallr.store.body_sizes import BodySizeRow
from heimdallr.store.patient_classes import PatientClassRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import InstrumentedAttribute, Session

_TOLD: tuple[type[BodySizeRow | PatientClassRow], ...] = (BodySizeRow, PatientClassRow)


def forget_told(session: Session, patient_id: str, patients: InstrumentedAttribute[str]) -> None:
    """Forget what was told of a patient, unless there is a patient of that number still.

    Args:
        session: a transaction that writes.
        patient_id: of whom.
        patients: the column of the patients' numbers.
    """
    for table in _TOLD:
        session.execute(
            delete(table).where(
                table.patient_id == patient_id, ~exists().where(patients == patient_id)
            )
        )


def forget_unclaimed(
    session: Session, before: datetime, patients: InstrumentedAttribute[str]
) -> int:
    """Forget what came before a time, of patients of whom there is no study; how many rows."""
    return sum(
        len(
            session.execute(
                delete(table)
                .where(table.received_at < before, ~exists().where(patients == table.patient_id))
                .returning(table.id)
            ).all()
        )
        for table in _TOLD
    )
