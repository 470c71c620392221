"""What is to be fetched from an archive: the earlier studies of a patient, and how far that got.

::

    search ─▶ waiting ─▶ done      what the archive has was looked through: a row for each study
                    └──▶ refused | given_up
    study  ─▶ waiting ─▶ fetched
                    └──▶ refused | given_up

A row is written before anything is asked, so nothing is forgotten at a kill; what is done twice
brings the same images, which change nothing. A study that was asked for here is nobody's reason to
look for more: it was fetched for another.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from heimdallr.store.base import Base
from heimdallr.store.columns import Json, words

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SEARCH = ""
"""In place of a StudyInstanceUID: look which studies there are."""
SENT_IN_PART = "archive_sent_in_part"
"""Code of a reason whose ``count`` is how many images the archive has."""
PRIOR = 20
"""Priority of a study that was fetched for another: everything that was sent goes first."""


class FetchState(str, Enum):
    """How far a request got."""

    WAITING = "waiting"
    """For its first or its next try."""
    DONE = "done"
    """The archive was looked through, or the study is here."""
    REFUSED = "refused"
    """The archive said no, and would say so again."""
    GIVEN_UP = "given_up"
    """It was tried often enough."""


class FetchRequest(Base):
    """One thing to be asked of an archive.

    Attributes:
        study_fk: the study whose patient's earlier ones are wanted.
        study_instance_uid: of the one that is wanted; :data:`SEARCH`: look which there are.
        attempts: how often it was tried.
        next_attempt_at: not before.
        reason: code and parameters of what went wrong the last time; ``None`` when nothing did.
            A study that is done has one where instances of it cannot be had or used.
        found: studies a search found, or instances of the study that are here after a try.
    """

    __tablename__ = "fetch_requests"
    __table_args__ = (
        UniqueConstraint("study_fk", "study_instance_uid"),
        Index(None, "state", "next_attempt_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    study_fk: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    study_instance_uid: Mapped[str] = mapped_column(String(64), default=SEARCH, index=True)
    state: Mapped[FetchState] = mapped_column(words(FetchState), default=FetchState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    reason: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    found: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


def is_fetched_prior(session: Session, study_instance_uid: str) -> bool:
    """Whether a study was asked for because of another one; not only meant to be."""
    if not study_instance_uid:
        return False
    wanted = (FetchRequest.study_instance_uid == study_instance_uid, FetchRequest.attempts > 0)
    return session.scalar(select(FetchRequest.id).where(*wanted).limit(1)) is not None
