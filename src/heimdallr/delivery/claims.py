"""Rows of the outbox in a deliverer's hands: taken, sent or not, given back.

One connection to a destination at a time, whoever has it and on whichever host: nothing is taken
while a row of the destination is being sent. A row is signed by whoever has it; word of it from
anybody else comes too late and is not heard. A deliverer that dies leaves rows signed by the dead,
which the living take back; sending them again sends the same objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from heimdallr.delivery.sending import Answer, Fate
from heimdallr.domain.errors import StateConflictError
from heimdallr.publishing.schema import coded
from heimdallr.store.clock import SKEW
from heimdallr.store.delivery_tables import DeliveryState, Destination, OutboxRow
from heimdallr.store.work.states import lock, note

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from heimdallr.domain.statements import Statement
    from heimdallr.store.columns import Json

MOST = 20
"""Rows taken at a time: a critical finding that comes meanwhile waits for no more than those."""

_INNOCENT_LOSSES = 5
"""So many deliverers may be lost with a row in their hands before it is thought to be why."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, and how often, something is tried.

    Attributes:
        first: wait after the first try; it doubles with each.
        longest: wait at most.
        whole: when the waits between tries come to this, it is given up. Days on which nothing
            could be tried, the destination switched off or no deliverer there, do not count.
    """

    first: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(hours=1)
    whole: timedelta = timedelta(days=3)

    def wait(self, attempts: int) -> timedelta:
        """How long to wait after so many tries."""
        return min(self.first * 2.0 ** min(max(attempts - 1, 0), 30), self.longest)

    def is_over(self, attempts: int) -> bool:
        """Whether the last of so many tries was the last there is."""
        return sum((self.wait(one) for one in range(1, attempts)), timedelta()) >= self.whole


def due_destinations(session: Session, patience: Patience, now: datetime) -> Sequence[int]:
    """Destinations that something can be sent to now, or that are to be asked what they keep."""
    # Two questions, each with an index of its own: asked as one, every row would be looked at.
    waiting = select(OutboxRow.destination_fk).where(
        OutboxRow.state == DeliveryState.WAITING, _is_due(patience, now)
    )
    to_ask = select(OutboxRow.destination_fk).where(commitment_is_due(now))
    enabled = select(Destination.id).where(Destination.enabled.is_(True)).order_by(Destination.id)
    due = set(session.scalars(waiting.union(to_ask)))
    return [one for one in session.scalars(enabled) if one in due] if due else []


def claim(
    session: Session, destination_id: int, me: str, patience: Patience, now: datetime
) -> Sequence[OutboxRow]:
    """Take what is due for a destination, most urgent first; nothing while somebody is at it."""
    destination = session.get(
        Destination, destination_id, with_for_update=True, populate_existing=True
    )
    if destination is None or not destination.enabled:
        return ()
    mine = OutboxRow.destination_fk == destination_id
    busy = select(OutboxRow.id).where(mine, OutboxRow.state == DeliveryState.SENDING).limit(1)
    if session.scalar(busy) is not None:
        return ()
    rows = session.scalars(
        select(OutboxRow)
        .where(mine, OutboxRow.state == DeliveryState.WAITING, _is_due(patience, now))
        .order_by(OutboxRow.priority, OutboxRow.id)
        .limit(MOST)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        row.state, row.claimed_by, row.changed_at = DeliveryState.SENDING, me, now
    return rows


def in_hand(session: Session, keys: Collection[int], me: str) -> Sequence[OutboxRow]:
    """Those of some rows that are still to be sent by this deliverer."""
    return session.scalars(
        select(OutboxRow)
        .where(
            OutboxRow.id.in_(keys),
            OutboxRow.state == DeliveryState.SENDING,
            OutboxRow.claimed_by == me,
            OutboxRow.called_off.is_(None),
        )
        .order_by(OutboxRow.priority, OutboxRow.id)
    ).all()


def record(  # noqa: PLR0917 - of what, by whom, what and when
    session: Session,
    key: int,
    me: str,
    answer: Answer,
    patience: Patience,
    now: datetime,
    *,
    commitment: bool = False,
) -> DeliveryState | None:
    """Write down what became of a row.

    Args:
        session: the transaction.
        key: the row.
        me: who has it.
        answer: what became of it.
        patience: when the next try is due, and when there is none any more.
        now: the time.
        commitment: the destination is to be asked whether it keeps what it has taken.

    Returns:
        What it is now; ``None`` when it is not ours any more.
    """
    row = _mine(session, key, me)
    if row is None:
        return None
    row.claimed_by, row.changed_at = "", now
    row.losses = min(row.losses + answer.may_have_arrived, 1)
    row.attempts += 1
    row.reason = coded(answer.why).model_dump() if answer.why else None
    if answer.fate is Fate.LATER:
        _later(row, patience, now, not_before_s=answer.not_before_s or 0)
    elif answer.fate is Fate.REFUSED and row.called_off is not None:
        _wait(row, None, now)  # there is nothing for a person to mend
    else:
        row.state, row.next_try_at, row.ended_at = DeliveryState(answer.fate.value), None, now
        row.called_off = None
        if answer.fate is not Fate.REFUSED:
            row.sent_at = now
        if answer.fate is Fate.SENT and commitment:
            row.commitment_due_at, row.commitment_tries = now, 0
    _tell(session, row, now)
    return row.state


def end_unsent(  # noqa: PLR0917 - which rows, whose, how, why and when
    session: Session,
    keys: Collection[int],
    me: str,
    state: DeliveryState,
    reason: Statement,
    now: datetime,
) -> None:
    """End rows of which there is nothing to be sent, and nothing for anybody to mend."""
    for key in sorted(keys):
        row = _mine(session, key, me)
        if row is not None:
            over = {"state": state.value, "reason": coded(reason).model_dump()}
            row.called_off = row.called_off or over
            _wait(row, None, now)
            lock(session, row.study_fk).changed_at = now


def hand_back(
    session: Session,
    keys: Collection[int],
    me: str,
    now: datetime,
    *,
    until: datetime | None = None,
) -> None:
    """Give back what was not tried; it may be taken again at once, or at a time."""
    for key in sorted(keys):
        row = _mine(session, key, me)
        if row is not None:
            _wait(row, until, now)


def holders(session: Session) -> frozenset[str]:
    """Who has rows in hand."""
    query = select(OutboxRow.claimed_by).where(OutboxRow.state == DeliveryState.SENDING).distinct()
    return frozenset(session.scalars(query))


def take_back(session: Session, dead: str, patience: Patience, now: datetime) -> int:
    """Let what a dead deliverer had in its hands wait again; how much that was.

    A row that was in the hands of several that died may be what killed them: it waits, so that
    the others have their turn, and is given up in the end.
    """
    rows = session.scalars(
        select(OutboxRow)
        .where(OutboxRow.state == DeliveryState.SENDING, OutboxRow.claimed_by == dead)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        row.losses += 1
        if row.losses < _INNOCENT_LOSSES:
            _wait(row, None, now)
        else:
            _later(row, patience, now, tries=row.losses - _INNOCENT_LOSSES + 1)
    return len(rows)


def lost_by_peer(row: OutboxRow, reason: Json | None, patience: Patience, now: datetime) -> None:
    """A destination does not keep what it had taken: it is sent again, as the same object."""
    row.reason, row.commitment_due_at, row.ended_at = reason, None, None
    _later(row, patience, now)


def commitment_is_due(now: datetime) -> ColumnElement[bool]:
    """Of rows whose destination is to be asked, now or again, whether it keeps them.

    They are sent, and nothing else: every change of the state ends the waiting.
    """
    return OutboxRow.commitment_due_at <= now


def _is_due(patience: Patience, now: datetime) -> ColumnElement[bool]:
    """A wait longer than any there is means that the clock was set back."""
    return or_(
        OutboxRow.next_try_at.is_(None),
        OutboxRow.next_try_at <= now,
        OutboxRow.next_try_at > now + patience.longest + SKEW,
    )


def _later(
    row: OutboxRow,
    patience: Patience,
    now: datetime,
    *,
    tries: int | None = None,
    not_before_s: int = 0,
) -> None:
    """Wait for the next try, or give up; what a peer asks for is granted up to the longest wait."""
    tries = row.attempts if tries is None else tries
    if patience.is_over(tries) and row.called_off is None:
        row.state, row.claimed_by = DeliveryState.GIVEN_UP, ""
        row.next_try_at, row.ended_at, row.changed_at = None, now, now
    else:
        asked = timedelta(seconds=min(not_before_s, patience.longest.total_seconds()))
        _wait(row, now + max(patience.wait(tries), asked), now)


def _wait(row: OutboxRow, until: datetime | None, now: datetime) -> None:
    """Wait again; what was called off meanwhile is over."""
    row.claimed_by, row.changed_at = "", now
    if isinstance(row.called_off, dict):
        row.state, row.reason = DeliveryState(row.called_off["state"]), row.called_off["reason"]
        row.next_try_at, row.ended_at, row.called_off = None, now, None
    else:
        row.state, row.next_try_at = DeliveryState.WAITING, until


def _mine(session: Session, key: int, me: str) -> OutboxRow | None:
    """A row in this deliverer's hands, locked after its study."""
    study_id = session.scalar(select(OutboxRow.study_fk).where(OutboxRow.id == key))
    if study_id is None:
        return None
    try:
        lock(session, study_id)
    except StateConflictError:
        return None
    row = session.get(OutboxRow, key, with_for_update=True, populate_existing=True)
    if row is None or row.state is not DeliveryState.SENDING or row.claimed_by != me:
        return None
    return row


def _tell(session: Session, row: OutboxRow, now: datetime) -> None:
    """Let readers of the study see it; what a person should know is an event."""
    study = lock(session, row.study_fk)
    study.changed_at = now
    if row.state in {DeliveryState.REFUSED, DeliveryState.GIVEN_UP}:
        what = "refused" if row.state is DeliveryState.REFUSED else "given up"
        message = f"not delivered to {row.destination}: {row.kind} was {what}"
        note(session, study, "not_delivered", message, now)
