"""What was sent, what waits, what did not arrive: of one study, and of every destination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import func, select

from heimdallr.store.clock import SKEW
from heimdallr.store.delivery_tables import (
    FAILED_STATES,
    OPEN_STATES,
    DeliveryNews,
    DeliveryRule,
    DeliveryState,
    Destination,
    OutboxRow,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, ScalarSelect
    from sqlalchemy.orm import Session


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DestinationFigures:
    """How it stands with one destination.

    Attributes:
        waiting: objects that are owed.
        sending: of those, the ones in a deliverer's hands.
        failed: refused or given up since the time asked for.
        sent: taken since then.
        oldest_at: since when the oldest of those that wait is owed.
        last_sent_at: when it last took something.
    """

    destination: Destination
    waiting: int
    sending: int
    failed: int
    sent: int
    oldest_at: datetime | None
    last_sent_at: datetime | None


def deliveries_of(session: Session, study_id: int) -> Sequence[OutboxRow]:
    """Everything a study's results were owed to, the newest first."""
    query = select(OutboxRow).where(OutboxRow.study_fk == study_id)
    return session.scalars(query.order_by(OutboxRow.id.desc()).limit(1000)).all()


def deliveries(
    session: Session,
    *,
    states: Collection[DeliveryState] = (),
    destination_id: int | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[OutboxRow]:
    """Deliveries of all studies, the newest first.

    Args:
        session: the transaction.
        states: which; none: any.
        destination_id: to one destination; ``None``: to any.
        before: those older than this one.
        limit: how many at most.
    """
    query = select(OutboxRow).order_by(OutboxRow.id.desc()).limit(limit)
    if states:
        query = query.where(OutboxRow.state.in_(states))
    if destination_id is not None:
        query = query.where(OutboxRow.destination_fk == destination_id)
    if before is not None:
        query = query.where(OutboxRow.id < before)
    return session.scalars(query).all()


def figures(session: Session, since: datetime, now: datetime) -> list[DestinationFigures]:
    """How it stands with every destination now, and since a time; by name."""
    of_it = OutboxRow.destination_fk == Destination.id
    is_open = of_it & OutboxRow.state.in_(OPEN_STATES)
    lately = of_it & OutboxRow.ended_at.between(since, now + SKEW)
    query = select(
        Destination,
        _one(func.count(), is_open),
        _one(func.count(), of_it & (OutboxRow.state == DeliveryState.SENDING)),
        _one(func.count(), lately & OutboxRow.state.in_(FAILED_STATES)),
        _one(func.count(), lately & OutboxRow.sent_at.is_not(None)),
        _one(func.min(OutboxRow.owed_since), is_open),
        _one(func.max(OutboxRow.sent_at), of_it),
    ).order_by(func.lower(Destination.name))
    return [DestinationFigures(*row) for row in session.execute(query)]


def news_count(session: Session) -> int:
    """Of how many things the rules have not been asked yet, and nothing keeps them from it."""
    query = select(func.count(DeliveryNews.id)).where(DeliveryNews.held.is_(False))
    return session.scalar(query) or 0


def awaiting_verification(session: Session) -> int:
    """Of how many studies nothing is sent before a person verifies their results."""
    query = select(func.count(DeliveryNews.study_fk.distinct())).where(DeliveryNews.held.is_(True))
    return session.scalar(query) or 0


def is_anything_to_deliver(session: Session) -> bool:
    """Whether somebody counts on a deliverer: a rule is in force, or something is owed."""
    rule = select(DeliveryRule.id).where(DeliveryRule.enabled.is_(True)).limit(1)
    row = select(OutboxRow.id).where(OutboxRow.state.in_(OPEN_STATES)).limit(1)
    return session.scalar(rule) is not None or session.scalar(row) is not None


def counts(session: Session) -> Mapping[tuple[str, DeliveryState], int]:
    """Destination and state → how many; of the destinations there are."""
    counted = (
        select(OutboxRow.destination_fk, OutboxRow.state, func.count().label("count"))
        .group_by(OutboxRow.destination_fk, OutboxRow.state)
        .subquery()
    )
    query = select(Destination.name, counted.c.state, counted.c.count).join(
        counted, counted.c.destination_fk == Destination.id
    )
    return {(name, state): count for name, state, count in session.execute(query)}


def _one(what: ColumnElement[_T], where: ColumnElement[bool]) -> ScalarSelect[_T]:
    return select(what).where(where).scalar_subquery()
