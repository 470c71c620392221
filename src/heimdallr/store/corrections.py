"""Corrections by people, and proposals that wait for one; numbered from 1 for each study.

What was applied stands in the case folder as well, voxels and all (``docs/corrections.md``); the
row says what became of it. Until then the changed voxels are kept here, so that a process that is
killed loses nothing that a person has saved. Every function works in the caller's transaction,
which holds the lock of the study's row; :mod:`heimdallr.store.upkeep.correcting` does the work.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    delete,
    func,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from heimdallr.publishing.correction_records import CorrectionRecord
from heimdallr.publishing.schema import CodedStatement, coded, said
from heimdallr.store.base import Base
from heimdallr.store.columns import Json, Label, words

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.orm import Session

    from heimdallr.domain.statements import Statement

COMMENT_LENGTH = 500
"""Letters of a person's own words; what an API takes and a column holds."""


class CorrectionState(str, Enum):
    """What became of a correction."""

    PENDING = "pending"
    """Kept; the results are to follow."""
    PROPOSED = "proposed"
    """Made by another tool; a person has to accept it."""
    OFFERED = "offered"
    """Made before the study was processed anew; a person may make it again."""
    APPLIED = "applied"
    """The results follow it."""
    DECLINED = "declined"
    """A person did not want it."""
    FAILED = "failed"
    """The results could not follow; a person may have it tried again."""
    SUPERSEDED = "superseded"
    """It holds no longer: made again under another number, or a way back led behind it."""


WAITING_STATES = (CorrectionState.PROPOSED, CorrectionState.OFFERED, CorrectionState.FAILED)
"""A person may accept or decline it."""

Base.registry.update_type_annotation_map({CorrectionState: words(CorrectionState)})


class CorrectionRow(Base):
    """A correction or a proposal of one.

    Attributes:
        record: :class:`~heimdallr.publishing.correction_records.CorrectionRecord`; once it is
            applied, the one in the case folder.
        difference: changed voxels, packed; ``None`` where there are none or the folder has them.
        error: of a failed one, a coded statement.
        notes: coded statements: what a reader of another tool's file did not know; once it is
            applied, those in the case folder.
        changed_measurements: numbers that read otherwise since.
        version: of the results it led to; ``None`` where there are none, or none any more.
    """

    __tablename__ = "corrections"
    __table_args__ = (UniqueConstraint("study_fk", "number"), Index(None, "state", "study_fk"))
    id: Mapped[int] = mapped_column(primary_key=True)
    study_fk: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[CorrectionState]
    kind: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(Label(80))
    at: Mapped[datetime]
    base: Mapped[str] = mapped_column(String(32))
    comment: Mapped[str] = mapped_column(Label(COMMENT_LENGTH), default="")
    record: Mapped[Json]
    difference: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    error: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    notes: Mapped[Json] = mapped_column(default=list)
    changed_measurements: Mapped[int] = mapped_column(default=0)
    version: Mapped[int | None]

    @property
    def said(self) -> CorrectionRecord:
        """What was done, as the case folder says it."""
        return CorrectionRecord.model_validate(self.record)

    @property
    def told(self) -> tuple[Statement, ...]:
        """The notes."""
        return tuple(said(CodedStatement.model_validate(one)) for one in self.notes)


def keep_correction(
    session: Session,
    study_id: int,
    record: CorrectionRecord,
    state: CorrectionState,
    *,
    difference: bytes | None = None,
    notes: Sequence[Statement] = (),
) -> CorrectionRow:
    """Keep a correction under its number; see :func:`next_number`."""
    row = CorrectionRow(study_fk=study_id, number=record.number, state=state, difference=difference)
    row.notes = [coded(one).model_dump() for one in notes]
    row.error, row.version, row.changed_measurements = None, None, 0
    record_of(row, record)
    session.add(row)
    session.flush()
    return row


def record_of(row: CorrectionRow, record: CorrectionRecord) -> None:
    """Let a row say what a record says."""
    row.kind, row.origin, row.by, row.at = record.kind, record.origin, record.by, record.at
    row.base, row.comment = record.base, record.comment
    row.record = record.model_dump(mode="json")


def next_number(session: Session, study_id: int, in_folder: Collection[int] = ()) -> int:
    """The number of a study's next correction.

    Args:
        session: the transaction.
        study_id: the study.
        in_folder: numbers in its case folder; a database brought back from a backup may know fewer.
    """
    known = session.scalar(
        select(func.max(CorrectionRow.number)).where(CorrectionRow.study_fk == study_id)
    )
    return max(known or 0, *in_folder, 0) + 1


def corrections_of(
    session: Session, study_id: int, states: Collection[CorrectionState] = ()
) -> list[CorrectionRow]:
    """A study's corrections, oldest first; of some states or of all."""
    asked = select(CorrectionRow).where(CorrectionRow.study_fk == study_id)
    if states:
        asked = asked.where(CorrectionRow.state.in_(states))
    return list(session.scalars(asked.order_by(CorrectionRow.number)))


def correction_of(session: Session, study_id: int, number: int) -> CorrectionRow | None:
    """One of a study's corrections."""
    return session.scalars(
        select(CorrectionRow).where(
            CorrectionRow.study_fk == study_id, CorrectionRow.number == number
        )
    ).one_or_none()


def forget_corrections(session: Session, study_id: int) -> None:
    """They were another patient's."""
    session.execute(delete(CorrectionRow).where(CorrectionRow.study_fk == study_id))


def offer_again(session: Session, study_id: int, base: str) -> list[int]:
    """The networks have made new label maps: what persons did to the old ones is offered to them.

    Args:
        session: the transaction.
        study_id: the study.
        base: token of the new label maps; a pending correction of them goes on.

    Returns:
        The numbers of those that are offered now.
    """
    known = (CorrectionState.APPLIED, CorrectionState.PENDING, CorrectionState.SUPERSEDED)
    rows = corrections_of(session, study_id, known)
    offered = []
    for row in rows:
        row.version = None
        if row.state is CorrectionState.SUPERSEDED:
            continue
        if row.kind == "restore":  # its versions are those of the old label maps
            row.state = CorrectionState.SUPERSEDED
        elif row.state is CorrectionState.APPLIED or row.base != base:
            row.state = CorrectionState.OFFERED
            offered.append(row.number)
    return offered
