"""Who verified the results of a study; one row for each study somebody signed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, false, true
from sqlalchemy.orm import Mapped, mapped_column

from heimdallr.store.base import Base
from heimdallr.store.columns import Label

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

COMMENT_LENGTH = 2000


class StudyVerificationRow(Base):
    """The latest word on a study; whether it is of the results there are, the study's row says.

    Attributes:
        verified_by: as the audit trail names them: ``user:anna``.
        comment: in the person's own words; may be patient data.
        results_created_at: of the results that were verified.
        pending: the case folder does not say so yet.
        taken_back: nobody has verified anything any more; the row waits for the folder to follow.
    """

    __tablename__ = "study_verifications"
    study_fk: Mapped[int] = mapped_column(
        ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    verified_by: Mapped[str] = mapped_column(Label(80))
    verified_at: Mapped[datetime]
    comment: Mapped[str] = mapped_column(Label(COMMENT_LENGTH), default="")
    results_created_at: Mapped[datetime]
    pending: Mapped[bool] = mapped_column(default=True, server_default=true(), index=True)
    taken_back: Mapped[bool] = mapped_column(default=False, server_default=false())


def latest_word(session: Session, study_id: int) -> StudyVerificationRow | None:
    """What was last said of a study; ``None`` where nothing was, or it was taken back."""
    row = session.get(StudyVerificationRow, study_id)
    return None if row is None or row.taken_back else row
