"""Heights and weights that were entered, or told by another system; one for each study."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from heimdallr.domain.body_size import BodySize
from heimdallr.store.base import Base
from heimdallr.store.columns import Label

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from heimdallr.domain.body_size import Source


class StudyBodySizeRow(Base):
    """Height and weight at a study that its headers do not tell; see the domain's ``BodySize``.

    Attributes:
        height_m: ``None``, with the weight: what was entered is taken back.
        pending: the results do not follow yet.
    """

    __tablename__ = "study_body_sizes"
    study_fk: Mapped[int] = mapped_column(
        ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    height_m: Mapped[float | None]
    weight_kg: Mapped[float | None]
    source: Mapped[str] = mapped_column(String(8), default="entered")
    entered_by: Mapped[str] = mapped_column(Label(80), default="")
    entered_at: Mapped[datetime]
    pending: Mapped[bool] = mapped_column(default=True, index=True)


def body_size_of(session: Session, study_id: int) -> BodySize | None:
    """What was entered for a study; ``None``: its headers hold."""
    row = session.get(StudyBodySizeRow, study_id)
    if row is None or (row.height_m is None and row.weight_kg is None):
        return None
    source = cast("Source", row.source)
    return BodySize(row.height_m, row.weight_kg, source, row.entered_by, row.entered_at)


def keep_body_size(session: Session, study_id: int, size: BodySize | None, now: datetime) -> None:
    """Keep what was entered for a study, pending; ``None`` takes it back.

    The caller holds the study's lock.
    """
    row = session.get(StudyBodySizeRow, study_id)
    if row is None and size is None:
        return
    if row is None:
        row = StudyBodySizeRow(study_fk=study_id)
        session.add(row)
    row.height_m = size.height_m if size else None
    row.weight_kg = size.weight_kg if size else None
    row.source, row.entered_by = (size.source, size.by) if size else ("entered", "")
    row.entered_at, row.pending = (size.at if size else now), True
    session.flush()


def settle_body_size(session: Session, study_id: int) -> None:
    """The results follow; what was taken back is forgotten."""
    row = session.get(StudyBodySizeRow, study_id)
    if row is None:
        return
    row.pending = False
    if row.height_m is None and row.weight_kg is None:
        session.delete(row)


def forget_body_size(session: Session, study_id: int) -> None:
    """It was another patient's."""
    row = session.get(StudyBodySizeRow, study_id)
    if row is not None:
        session.delete(row)
