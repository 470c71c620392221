"""What was sent, what waits, what did not arrive: of one study, and of every destination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import case, func, select

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

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session


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
    lately = (since, now + SKEW)
    failed = OutboxRow.state.in_(FAILED_STATES) & OutboxRow.ended_at.between(*lately)
    is_open = OutboxRow.state.in_(OPEN_STATES)
    query = (
        select(
            OutboxRow.destination_fk,
            _count(is_open),
            _count(OutboxRow.state == DeliveryState.SENDING),
            _count(failed),
            _count(OutboxRow.sent_at.between(*lately)),
            func.min(case((is_open, OutboxRow.owed_since))),
            func.max(OutboxRow.sent_at),
        )
        .where(OutboxRow.destination_fk.is_not(None))
        .group_by(OutboxRow.destination_fk)
    )
    counted = {row[0]: tuple(row)[1:] for row in session.execute(query)}
    nothing = (0, 0, 0, 0, None, None)
    return [
        DestinationFigures(destination, *counted.get(destination.id, nothing))
        for destination in session.scalars(
            select(Destination).order_by(func.lower(Destination.name))
        )
    ]


def news_count(session: Session) -> int:
    """Of how many things the rules have not been asked yet."""
    return session.scalar(select(func.count(DeliveryNews.id))) or 0


def is_anything_to_deliver(session: Session) -> bool:
    """Whether somebody counts on a deliverer: a rule is in force, or something is owed."""
    rule = select(DeliveryRule.id).where(DeliveryRule.enabled.is_(True)).limit(1)
    row = select(OutboxRow.id).where(OutboxRow.state.in_(OPEN_STATES)).limit(1)
    return session.scalar(rule) is not None or session.scalar(row) is not None


def counts(session: Session) -> Mapping[tuple[str, DeliveryState], int]:
    """Destination and state → how many."""
    query = select(OutboxRow.destination, OutboxRow.state, func.count()).group_by(
        OutboxRow.destination, OutboxRow.state
    )
    return {(name, state): count for name, state, count in session.execute(query)}


def _count(kind: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((kind, 1)))
