"""What a study owes to other systems: the news rules are asked about, and calling things off.

Whoever ends a run or acknowledges a finding writes the news in the same transaction, so that a
kill at any instant leaves both or neither. What follows from it is the deliverer's to say
(:mod:`heimdallr.delivery.outbox`). Every function works in the caller's transaction, which holds
the lock of the study's row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, literal, or_, select, true, update

from heimdallr.publishing.schema import coded
from heimdallr.store.delivery_tables import (
    OPEN_STATES,
    DeliveryNews,
    DeliveryRule,
    DeliveryState,
    OutboxRow,
    When,
)
from heimdallr.store.models import Event

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from heimdallr.domain.statements import Statement

WITHDRAWN = "withdrawn"
"""Kind of the event that results of a study were taken back: they were another patient's."""


def tell(session: Session, study_id: int, what: When, now: datetime, *, run: str = "") -> None:
    """Something happened to a study that rules are to be asked about.

    Args:
        session: the transaction.
        study_id: the study, whose lock is held.
        what: happened.
        now: the time.
        run: workflow of the run that ended.
    """
    if what is When.RESULTS:  # whoever waits to hear of a failure has results instead
        session.execute(
            delete(DeliveryNews).where(
                DeliveryNews.study_fk == study_id, DeliveryNews.what == When.FAILED
            )
        )
    row = session.scalars(
        select(DeliveryNews).where(DeliveryNews.study_fk == study_id, DeliveryNews.what == what)
    ).one_or_none()
    if row is None:
        session.add(DeliveryNews(study_fk=study_id, what=what, run=run, at=now))
    else:
        row.run, row.at, row.held = run, now, False


def hold_results(session: Session, study_id: int, now: datetime) -> None:
    """Let the rules be asked about a study's results once a person has verified them."""
    row = session.scalars(
        select(DeliveryNews).where(
            DeliveryNews.study_fk == study_id, DeliveryNews.what == When.RESULTS
        )
    ).one_or_none()
    if row is None:
        row = DeliveryNews(study_fk=study_id, what=When.RESULTS, at=now)
        session.add(row)
    row.held = True
    session.flush()


def release(session: Session, study_id: int) -> None:
    """A person has verified a study's results: what was held for that is news now."""
    session.execute(
        update(DeliveryNews).where(DeliveryNews.study_fk == study_id).values(held=False)
    )


def call_off(
    session: Session,
    condition: ColumnElement[bool],
    why: Statement,
    now: datetime,
    *,
    state: DeliveryState = DeliveryState.CANCELLED,
) -> int:
    """Let what waits go no more; what is being sent at this moment, if it comes back unsent.

    Args:
        session: the transaction.
        condition: which rows of the outbox.
        why: the reason that is shown.
        now: the time.
        state: what they become.

    Returns:
        How many there were.
    """
    reason = coded(why).model_dump()
    waiting = (
        update(OutboxRow)
        .where(OutboxRow.state == DeliveryState.WAITING, condition)
        .values(state=state, reason=reason, next_try_at=None, changed_at=now, ended_at=now)
    )
    # What was cancelled is not superseded: it would be owed anew.
    lesser = or_(
        OutboxRow.called_off.is_(None),
        OutboxRow.called_off["state"].as_string() != DeliveryState.CANCELLED.value,
        literal(state is DeliveryState.CANCELLED),
    )
    sending = (
        update(OutboxRow)
        .where(OutboxRow.state == DeliveryState.SENDING, condition, lesser)
        .values(called_off={"state": state.value, "reason": reason}, changed_at=now)
    )
    return sum(
        len(
            session.execute(
                one.returning(OutboxRow.id).execution_options(synchronize_session=False)
            ).all()
        )
        for one in (waiting, sending)
    )


def call_off_study(session: Session, study_id: int, why: Statement, now: datetime) -> int:
    """Owe nothing more of a study, and forget its news; how much was called off.

    What was sent is not sent again, whatever its destination says of it later.
    """
    session.execute(delete(DeliveryNews).where(DeliveryNews.study_fk == study_id))
    mine = OutboxRow.study_fk == study_id
    await_no_word(session, mine)
    return call_off(session, mine, why, now)


def await_no_word(session: Session, condition: ColumnElement[bool]) -> None:
    """Do not wait to hear whether such rows are kept where they were sent to."""
    rows = session.scalars(
        select(OutboxRow)
        .where(OutboxRow.commitment_due_at.is_not(None), condition)
        .order_by(OutboxRow.id)  # as whoever hears reports takes them
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for row in rows:
        row.commitment_due_at = None
    session.flush()


def has_arrived() -> ColumnElement[bool]:
    """Of rows whose destination has them, or may: they left, and nobody said what became of it."""
    unheard = (OutboxRow.losses > 0) & (OutboxRow.media_type != "")  # something was made
    return or_(OutboxRow.sent_at.is_not(None), unheard)


def of_this_patient(session: Session, study_id: int) -> ColumnElement[bool]:
    """Of rows of a study that are about the patient it was last said to be of."""
    other = select(func.max(Event.at)).where(Event.study_fk == study_id, Event.kind == WITHDRAWN)
    until = session.scalar(other)
    return true() if until is None else OutboxRow.created_at > until


def told_destinations(session: Session, study_id: int) -> list[str]:
    """Who has results of a study's patient, or may have; an event (of a webhook) names nobody."""
    is_leaving = (OutboxRow.state == DeliveryState.SENDING) & (OutboxRow.media_type != "")
    names = select(OutboxRow.destination).where(
        OutboxRow.study_fk == study_id,
        OutboxRow.kind != "event",
        of_this_patient(session, study_id),
        or_(has_arrived(), is_leaving),
    )
    return sorted(set(session.scalars(names)))


def owed_studies(session: Session, studies: Collection[int]) -> frozenset[int]:
    """Those of some studies whose results somebody is still to get."""
    waiting = select(OutboxRow.study_fk).where(
        OutboxRow.study_fk.in_(studies), OutboxRow.state.in_(OPEN_STATES)
    )
    news = select(DeliveryNews.study_fk).where(
        DeliveryNews.study_fk.in_(studies),
        DeliveryNews.what != When.FAILED,
        DeliveryNews.held.is_(False),
        exists().where(DeliveryRule.enabled.is_(True)),
    )
    return frozenset(session.scalars(waiting.union(news)))
