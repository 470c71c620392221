"""What orders and admissions say of a patient's class: a row for each visit and each order of it.

Kept by PatientID, whether or not a study of that patient is here yet: the order comes first. A
message older than what is known changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import String, UniqueConstraint, delete, exists, select
from sqlalchemy.orm import Mapped, mapped_column

from heimdallr.store.base import Base
from heimdallr.store.columns import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import InstrumentedAttribute, Session

    from heimdallr.domain.patient_class import KnownClass

_LONGEST = 64


class PatientClassRow(Base):
    """The newest word on the class of a patient, on a visit or in an order of it.

    Attributes:
        issuer: who gives ``patient_id``; empty where it was not told.
        visit: number of the visit, or of the patient's account; empty where it was not told.
        accession_number: of the order that said it; empty of an admission.
        patient_class: see :mod:`heimdallr.domain.patient_class`.
        began_at: when the visit began, as told; else when it was first spoken of.
        ended_at: when the patient was discharged; ``None``: not yet, or nobody said so.
        said_at: when it was said.
        who: the sending system.
        received_at: when it was said here last.
    """

    __tablename__ = "patient_classes"
    __table_args__ = (UniqueConstraint("patient_id", "issuer", "visit", "accession_number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = mapped_column(String(64))
    issuer: Mapped[str] = mapped_column(String(64))
    visit: Mapped[str] = mapped_column(String(64))
    accession_number: Mapped[str] = mapped_column(String(64))
    patient_class: Mapped[str] = mapped_column(String(16))
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    said_at: Mapped[datetime]
    who: Mapped[str] = mapped_column(Label(80), default="")
    received_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class ClassSaid:
    """What one message says of a patient's class.

    Attributes:
        patient_id: PatientID.
        issuer: who gives that number; empty where it is not told.
        visit: number of the visit; empty where it is not told.
        accession_number: of the order; empty where it is none.
        patient_class: ``None``: the message says none; what is known of the visit holds.
        said_at: when it was said.
        began_at: when the visit began; ``None`` where it is not told.
        ended_at: when it ended, where this is the news.
        begins: the patient comes: of a visit without a number, it is another one.
        ends_not: a visit that had ended goes on.
        void: the patient has not come after all: what was said of the visit is forgotten.
        who: the sending system.
    """

    patient_id: str
    issuer: str
    visit: str
    accession_number: str
    patient_class: KnownClass | None
    said_at: datetime
    began_at: datetime | None = None
    ended_at: datetime | None = None
    begins: bool = False
    ends_not: bool = False
    void: bool = False
    who: str = ""


def record_class(session: Session, said: ClassSaid, now: datetime) -> bool:
    """Keep what a message says; whether it is news.

    Numbers longer than DICOM's 64 characters belong to no image here. What two connections say of
    one visit at the same instant is refused by the database once, and sent again.
    """
    key = (said.patient_id, said.issuer, said.visit, said.accession_number)
    if max(map(len, key)) > _LONGEST:
        return False
    columns = (
        PatientClassRow.patient_id,
        PatientClassRow.issuer,
        PatientClassRow.visit,
        PatientClassRow.accession_number,
    )
    known = select(PatientClassRow).with_for_update()
    for column, value in zip(columns, key, strict=True):
        known = known.where(column == value)
    row = session.scalars(known).one_or_none()
    if row is None:
        return _begin(session, said, now)
    if said.said_at < row.said_at:
        return False
    if said.void:
        session.delete(row)
        return True
    _renew(row, said, now)
    return True


def classes_of(session: Session, patient_id: str, issuer: str = "") -> Sequence[PatientClassRow]:
    """Everything that is known of a patient's class.

    Images and orders name issuers differently; where one of them names none, the number counts.
    """
    found = select(PatientClassRow).where(PatientClassRow.patient_id == patient_id)
    if issuer:
        found = found.where(PatientClassRow.issuer.in_(("", issuer)))
    return session.scalars(found.order_by(PatientClassRow.id)).all()


def forget_order(
    session: Session, patient_id: str, accession_number: str, studies: InstrumentedAttribute[str]
) -> None:
    """Forget what an order said, unless there is a study of it still.

    Args:
        session: a transaction that writes.
        patient_id: whose order.
        accession_number: of the order; empty: of none.
        studies: the column of the studies' accession numbers.
    """
    if accession_number:
        session.execute(
            delete(PatientClassRow).where(
                PatientClassRow.patient_id == patient_id,
                PatientClassRow.accession_number == accession_number,
                ~exists().where(studies == accession_number),
            )
        )


def _begin(session: Session, said: ClassSaid, now: datetime) -> bool:
    if said.patient_class is None or said.void:
        return False
    row = PatientClassRow(
        patient_id=said.patient_id,
        issuer=said.issuer,
        visit=said.visit,
        accession_number=said.accession_number,
        patient_class=said.patient_class,
        began_at=said.began_at or said.said_at,
        ended_at=said.ended_at,
        said_at=said.said_at,
        who=said.who,
        received_at=now,
    )
    session.add(row)
    return True


def _renew(row: PatientClassRow, said: ClassSaid, now: datetime) -> None:
    row.patient_class = said.patient_class or row.patient_class
    if said.began_at is not None:
        row.began_at = said.began_at
    elif said.begins and not said.visit:
        row.began_at = said.said_at
    if said.begins or said.ends_not:
        row.ended_at = None
    row.ended_at = said.ended_at or row.ended_at
    row.said_at, row.who, row.received_at = said.said_at, said.who, now
