"""Heights and weights that did not come with the images: of an order, or entered by a person.

Kept by PatientID, whether or not a study of that patient is here yet: the order comes first.
Numbers of patients who never come are forgotten (:mod:`heimdallr.store.unclaimed`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from heimdallr.store.base import Base
from heimdallr.store.columns import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

Source = Literal["hl7", "person"]


class BodySizeRow(Base):
    """What somebody said of a patient's height and weight.

    Attributes:
        issuer: who gives ``patient_id``; empty where it was not told.
        accession_number: of the order it came with.
        observed_at: when it was measured, as told; else when it came.
        source: ``hl7`` or ``person``.
        who: the sending system, or the user.
        message: SHA-256 of the message and of which of both it is: the same message makes no
            second row.
    """

    __tablename__ = "body_sizes"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[str] = mapped_column(String(64), index=True)
    issuer: Mapped[str] = mapped_column(Label(64), default="")
    accession_number: Mapped[str] = mapped_column(Label(64), default="", index=True)
    height_m: Mapped[float | None]
    weight_kg: Mapped[float | None]
    observed_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(16))
    who: Mapped[str] = mapped_column(Label(80), default="")
    message: Mapped[str | None] = mapped_column(String(64), unique=True)
    received_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class BodySize:
    """A height or a weight, or both, of a patient.

    Attributes:
        patient_id: PatientID.
        issuer: who gives that number; empty where it is not told.
        accession_number: of the order; empty where there is none.
        height_m: in metres, plausible.
        weight_kg: in kilograms, plausible.
        observed_at: when it was measured.
        source: where it comes from.
        who: the sending system, or the user.
        message: SHA-256 of the message it came with and of which of both it is, hexadecimal;
            ``None`` where there was none.
    """

    patient_id: str
    issuer: str
    accession_number: str
    height_m: float | None
    weight_kg: float | None
    observed_at: datetime
    source: Source
    who: str
    message: str | None = None


def record_size(session: Session, size: BodySize, now: datetime) -> bool:
    """Keep a size; whether it is new: a message that comes again makes no second row.

    PatientIDs longer than DICOM's 64 characters belong to no image here.
    """
    known = select(BodySizeRow.id).where(BodySizeRow.message == size.message)
    if len(size.patient_id) > 64 or (  # noqa: PLR2004 - PS3.5, LO
        size.message is not None and session.scalar(known) is not None
    ):
        return False
    session.add(
        BodySizeRow(
            patient_id=size.patient_id,
            issuer=size.issuer,
            accession_number=size.accession_number,
            height_m=size.height_m,
            weight_kg=size.weight_kg,
            observed_at=size.observed_at,
            source=size.source,
            who=size.who,
            message=size.message,
            received_at=now,
        )
    )
    return True


def sizes_of(session: Session, patient_id: str, issuer: str = "") -> Sequence[BodySizeRow]:
    """What is known of a patient's size, the latest observation first.

    Images and orders name issuers differently; where one of them names none, the number counts.
    """
    found = select(BodySizeRow).where(BodySizeRow.patient_id == patient_id)
    if issuer:
        found = found.where(BodySizeRow.issuer.in_(("", issuer)))
    newest = (BodySizeRow.observed_at.desc(), BodySizeRow.id.desc())
    return session.scalars(found.order_by(*newest)).all()
