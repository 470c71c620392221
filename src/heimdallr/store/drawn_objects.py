"""Segmentations and structure sets of other tools that wait to become proposals.

The recorder notes them in the transaction that records the object, so that none is forgotten;
:mod:`heimdallr.store.upkeep.proposing` reads them when the study has results, and takes the row
away in the transaction that keeps the proposal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from heimdallr.store.base import Base
from heimdallr.store.columns import Label

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SENDER_LENGTH = 80


class DrawnObjectRow(Base):
    """An object that was drawn on a study, and has not been read yet.

    Attributes:
        sender: who is said to propose it: ``dicom:ORTHANC``, ``upload``, ``watch``.
        tries: how often it was begun to be read; a file that brings the process down is not read
            for ever.
    """

    __tablename__ = "drawn_objects"
    instance_fk: Mapped[int] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sender: Mapped[str] = mapped_column(Label(SENDER_LENGTH))
    tries: Mapped[int] = mapped_column(default=0)


def note_drawn(session: Session, instance_id: int, sender: str) -> None:
    """Let an object, new or of new content, wait to be read."""
    row = session.get(DrawnObjectRow, instance_id)
    if row is None:
        row = DrawnObjectRow(instance_fk=instance_id)
        session.add(row)
    row.sender, row.tries = sender[:SENDER_LENGTH], 0
    session.flush()
