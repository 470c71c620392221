"""Asking an archive whether it keeps what it took, and hearing its answer (PS3.4 annex J).

The answer comes later, on an association of its own, to our listener, which leaves it as a file.
One that does not come is asked for again, a few times; then the object counts as sent, and the
reason says so. What the archive says it does not keep is sent again.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import select, update

from heimdallr.delivery.claims import commitment_is_due, lost_by_peer
from heimdallr.delivery.sending import Fate
from heimdallr.domain.statements import Statement
from heimdallr.publishing.schema import coded
from heimdallr.store.delivery_tables import DeliveryState, Destination, OutboxRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from heimdallr.delivery.claims import Patience
    from heimdallr.delivery.sending import Answer
    from heimdallr.store.database import Database

ANSWER_WITHIN = timedelta(hours=1)
"""How long an archive may take. Chosen: those tried answer within a second; some do so when they
have written to tape."""

ASKED_WITHIN = timedelta(minutes=5)
"""How long asking takes at most. A deliverer that has died meanwhile may not have asked at all."""

MOST_ASKED = 3


class Report(Protocol):
    """What an archive said of the instances of one transaction.

    Attributes:
        kept: SOP instance UIDs it keeps.
        lost: SOP instance UIDs it does not keep, with FailureReason (0008,1197).
    """

    @property
    def kept(self) -> Sequence[str]:
        """See above."""

    @property
    def lost(self) -> Sequence[tuple[str, int]]:
        """See above."""


class Reports(Protocol):
    """The reports that the listener has heard."""

    def expect(self, transaction_uid: str) -> None:
        """Wait for the report of a transaction; to be called before the archive is asked."""

    def read(self, transaction_uid: str) -> Report | None:
        """The report of a transaction; ``None`` while there is none."""

    def forget(self, transaction_uid: str) -> None:
        """Wait no longer, and drop what has come."""


def begin(
    session: Session, destination_id: int, now: datetime, *, asks: bool
) -> tuple[str, Sequence[OutboxRow]]:
    """Rows a destination is to be asked about now, under a transaction UID of their own.

    Those it was asked about too often are left as they are: sent, with the reason.

    Args:
        session: the transaction.
        destination_id: whose turn it is.
        now: the time.
        asks: whether it is (still) to be asked; otherwise sent is all that is ever known.
    """
    session.get(Destination, destination_id, with_for_update=True)  # one deliverer asks
    rows = session.scalars(
        select(OutboxRow)
        .where(OutboxRow.destination_fk == destination_id, commitment_is_due(now))
        .order_by(OutboxRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    transaction_uid = f"2.25.{uuid.uuid4().int}"
    to_ask = []
    for row in rows:
        if not asks:
            row.commitment_due_at, row.changed_at = None, now
            continue
        if row.commitment_tries >= MOST_ASKED:
            why = Statement("commitment_unanswered", {"count": row.commitment_tries})
            row.commitment_due_at, row.reason, row.changed_at = None, coded(why).model_dump(), now
            continue
        row.transaction_uid = transaction_uid
        row.commitment_due_at, row.changed_at = now + ASKED_WITHIN, now
        to_ask.append(row)
    return transaction_uid, to_ask


def asked(session: Session, transaction_uid: str, now: datetime) -> None:
    """It was asked about the rows of a transaction; those without an answer wait for the report."""
    session.execute(
        update(OutboxRow)
        .where(
            OutboxRow.transaction_uid == transaction_uid,
            OutboxRow.state == DeliveryState.SENT,
            OutboxRow.commitment_due_at.is_not(None),
        )
        .values(
            commitment_due_at=now + ANSWER_WITHIN, commitment_tries=OutboxRow.commitment_tries + 1
        )
    )


def note_answer(  # noqa: PLR0917 - of what, which answer and when
    session: Session,
    key: int,
    transaction_uid: str,
    answer: Answer,
    patience: Patience,
    now: datetime,
) -> None:
    """What an archive answered at once about a row."""
    row = session.get(OutboxRow, key, with_for_update=True, populate_existing=True)
    if row is None or row.state is not DeliveryState.SENT or row.transaction_uid != transaction_uid:
        return
    row.changed_at = now
    row.reason = coded(answer.why).model_dump() if answer.why else row.reason
    if answer.fate is Fate.LATER and row.commitment_due_at is not None:  # else it may not go again
        lost_by_peer(row, row.reason, patience, now)
    elif answer.fate is Fate.COMMITTED:
        _keep(row, now)
    elif answer.fate is Fate.REFUSED:
        row.commitment_due_at = None


def hear(database: Database, reports: Reports, patience: Patience, now: datetime) -> int:
    """Take in the reports that have come; how many.

    Raises:
        OSError: they cannot be read now.
        sqlalchemy.exc.SQLAlchemyError: the database is away; they are heard again.
    """
    awaited = (
        select(OutboxRow.transaction_uid)
        .where(OutboxRow.commitment_due_at.is_not(None), OutboxRow.transaction_uid != "")
        .distinct()
    )
    with database.read() as session:
        transactions = session.scalars(awaited).all()
    heard = 0
    for transaction_uid in transactions:
        report = reports.read(transaction_uid)
        if report is None:
            continue
        with database.write() as session:
            _apply(session, transaction_uid, report, patience, now)
        reports.forget(transaction_uid)
        heard += 1
    return heard


def _apply(
    session: Session, transaction_uid: str, report: Report, patience: Patience, now: datetime
) -> None:
    kept, lost = set(report.kept), dict(report.lost)
    rows = session.scalars(
        select(OutboxRow)
        .where(
            OutboxRow.transaction_uid == transaction_uid,
            OutboxRow.state == DeliveryState.SENT,
            OutboxRow.commitment_due_at.is_not(None),  # else it may not go again
        )
        .order_by(OutboxRow.id)
        .with_for_update()
    ).all()
    for row in rows:
        if row.sop_instance_uid in lost:
            why = Statement("commitment_failed", {"status": f"{lost[row.sop_instance_uid]:04X}"})
            lost_by_peer(row, coded(why).model_dump(), patience, now)
        elif row.sop_instance_uid in kept:
            _keep(row, now)


def _keep(row: OutboxRow, now: datetime) -> None:
    row.state, row.commitment_due_at = DeliveryState.COMMITTED, None
    row.reason, row.changed_at = None, now
