"""Who is changing a study's masks at this moment: signs of life of the windows they do it in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, delete, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from heimdallr.store.base import Base
from heimdallr.store.clock import SKEW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

ALIVE = timedelta(seconds=60)
"""A window gives a sign every 20 s: two may be lost on the way."""
KEY_LENGTH = 64


class EditingSessionRow(Base):
    """A window in which somebody edits a study.

    Attributes:
        by: as the audit trail names them.
        session: what the window calls itself; another person's may be called the same.
        since: its first sign of life.
        seen_at: its latest.
    """

    __tablename__ = "editing_sessions"
    study_fk: Mapped[int] = mapped_column(
        ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    by: Mapped[str] = mapped_column(String(80), primary_key=True)
    session: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    since: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)


def beat(session: Session, study_id: int, by: str, key: str, now: datetime) -> bool:
    """A window gives a sign of life; those that have given none for long are forgotten.

    The caller holds the study's lock.

    Returns:
        Whether it is its first one.
    """
    session.execute(delete(EditingSessionRow).where(~_is_alive(now)))
    row = session.get(EditingSessionRow, (study_id, by, key), populate_existing=True)
    if row is None:
        session.add(
            EditingSessionRow(study_fk=study_id, by=by, session=key, since=now, seen_at=now)
        )
    else:
        row.seen_at = now
    session.flush()
    return row is None


def leave(session: Session, study_id: int, by: str, key: str) -> None:
    """A window stops editing."""
    session.execute(
        delete(EditingSessionRow).where(
            EditingSessionRow.study_fk == study_id,
            EditingSessionRow.by == by,
            EditingSessionRow.session == key,
        )
    )


def editing(
    session: Session, study_id: int, now: datetime, *, besides: tuple[str, str] | None = None
) -> Sequence[EditingSessionRow]:
    """The windows in which a study is being edited, the first one first.

    Args:
        session: the transaction.
        study_id: the study.
        now: the time.
        besides: person and window that ask and are left out; their other windows are not.
    """
    query = (
        select(EditingSessionRow)
        .where(EditingSessionRow.study_fk == study_id, _is_alive(now))
        .order_by(EditingSessionRow.since, EditingSessionRow.by, EditingSessionRow.session)
    )
    if besides is not None:
        by, key = besides
        query = query.where(or_(EditingSessionRow.by != by, EditingSessionRow.session != key))
    return session.scalars(query).all()


def _is_alive(now: datetime) -> ColumnElement[bool]:
    """A sign from further ahead than clocks differ means that the clock was set back."""
    return EditingSessionRow.seen_at.between(now - ALIVE, now + SKEW)
