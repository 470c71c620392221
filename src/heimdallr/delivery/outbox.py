"""What is owed to whom: news turned into rows of the outbox, and what people ask for.

One row for each object and destination, at most once for the same results: asked twice, nothing is
owed twice. Newer results supersede what had not gone out; what was sent stays on record. How rows
are sent is :mod:`heimdallr.delivery.claims`' part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import delete, func, select

from heimdallr.delivery.case_digest import case_digest, failure_digest
from heimdallr.delivery.directory import kinds_of, rules_in_force, usual
from heimdallr.delivery.rules import Facts, Owed, happened_with_results, owed, priority
from heimdallr.domain.errors import StateConflictError
from heimdallr.domain.statements import Statement
from heimdallr.store.delivery_tables import (
    OPEN_STATES,
    DeliveryNews,
    DeliveryState,
    Destination,
    OutboxRow,
    When,
)
from heimdallr.store.models import FindingRow, Study, StudyState
from heimdallr.store.results import unlisted
from heimdallr.store.work.owed import call_off
from heimdallr.store.work.states import lock, note

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from heimdallr.delivery.kinds import Kind
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

_AT_ONCE = 200
_log = structlog.get_logger()


def expand(database: Database, folders: DataFolders, now: datetime) -> int:
    """Ask the rules about everything that happened; of how many studies there was news.

    Each study is one transaction: its news goes in the same instant as what follows from it comes.
    A study whose case folder cannot be read for now keeps its news.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database is away; nothing is lost.
    """
    with database.read() as session:
        oldest = func.min(DeliveryNews.id)
        grouped = select(DeliveryNews.study_fk).group_by(DeliveryNews.study_fk)
        studies = session.scalars(grouped.order_by(oldest).limit(_AT_ONCE)).all()
    return sum(_expanded(database, folders, study_id, now) for study_id in studies)


def send_by_hand(
    session: Session,
    folders: DataFolders,
    study_id: int,
    destination: Destination,
    kinds: Sequence[Kind],
    *,
    now: datetime,
    actor: str,
) -> list[OutboxRow]:
    """Owe a destination objects of a study because a person says so; what was sent goes again.

    Args:
        session: the transaction.
        folders: where the case folders are.
        study_id: the study.
        destination: to whom.
        kinds: what; empty: what the destination usually gets.
        now: the time.
        actor: who asks.

    Returns:
        The rows of these objects.

    Raises:
        StateConflictError: there is no such study, or it has no results to be sent.
    """
    study = lock(session, study_id)
    digest = _digest_of(folders, study)
    if digest is None:
        msg = f"the study is {study.state.value}; it has no results that could be sent"
        raise StateConflictError(msg)
    wanted = kinds or usual(destination)
    facts = facts_of(session, study)
    for kind in wanted:
        rows = _rows(session, study.id, destination.id, digest, kind)
        if not rows:
            one = Owed(destination.id, kind, actor)
            _add(session, study, destination.name, digest, one, facts, now, by_hand=True)
        for row in rows:
            if row.state not in OPEN_STATES:
                _again(row, now)
    session.flush()
    message = f"to be sent to {destination.name}: {', '.join(wanted)}"
    note(session, study, "delivery", message, now, actor=actor)
    return [
        row for kind in wanted for row in _rows(session, study.id, destination.id, digest, kind)
    ]


def resend(session: Session, row_id: int, now: datetime, actor: str) -> OutboxRow:
    """Send an object once more, as the same object; one that waits is tried at once.

    Raises:
        StateConflictError: it is being sent, newer results have taken its place, or its
            destination is gone.
    """
    row = _locked(session, row_id)
    if row.state is DeliveryState.SENDING:
        msg = "it is being sent at this moment"
        raise StateConflictError(msg)
    if row.state is DeliveryState.SUPERSEDED or _has_newer(session, row):
        msg = "newer results have taken its place; send those"
        raise StateConflictError(msg)
    if row.destination_fk is None:
        msg = "its destination was removed"
        raise StateConflictError(msg)
    _again(row, now)
    study = session.get_one(Study, row.study_fk)
    message = f"to be sent to {row.destination} once more: {row.kind}"
    note(session, study, "delivery", message, now, actor=actor)
    return row


def cancel(session: Session, row_id: int, now: datetime, actor: str) -> OutboxRow:
    """Call an object off that has not gone out yet.

    Raises:
        StateConflictError: it is over.
    """
    row = _locked(session, row_id)
    if row.state not in OPEN_STATES:
        msg = f"it is {row.state.value.replace('_', ' ')}; there is nothing to call off"
        raise StateConflictError(msg)
    call_off(session, OutboxRow.id == row_id, Statement("delivery_cancelled"), now)
    session.refresh(row)
    study = session.get_one(Study, row.study_fk)
    message = f"not to be sent to {row.destination}: {row.kind}"
    note(session, study, "delivery", message, now, actor=actor)
    return row


def facts_of(session: Session, study: Study) -> Facts:
    """What rules may ask of a study."""
    unacknowledged = session.scalar(
        select(func.count()).where(
            FindingRow.study_fk == study.id, FindingRow.acknowledged_at.is_(None)
        )
    )
    findings = unlisted(study.finding_codes)
    return Facts(
        calling_ae=study.calling_ae,
        modality=study.modality,
        body_regions=unlisted(study.body_regions),
        findings=findings,
        worst_severity=study.worst_severity,
        study_priority=study.priority,
        acknowledged=not unacknowledged and (bool(findings) or study.read_at is not None),
    )


def _expanded(database: Database, folders: DataFolders, study_id: int, now: datetime) -> bool:
    """Ask the rules about one study; whether there was news of it, and is none now."""
    try:
        with database.write() as session:
            return _expand_study(session, folders, study_id, now)
    except StateConflictError:
        return False  # deleted meanwhile
    except OSError as error:
        _log.warning("news_waits", study_id=study_id, reason=error.strerror)
        return False


def _expand_study(session: Session, folders: DataFolders, study_id: int, now: datetime) -> bool:
    """What follows from a study's news; whether there still was any."""
    study = lock(session, study_id)
    news = session.scalars(select(DeliveryNews).where(DeliveryNews.study_fk == study_id)).all()
    if not news or study.state is StudyState.PUBLISHING:
        return False  # the folder may already be that of results the rows do not know
    by_what = {one.what: one for one in news}
    if study.state is not StudyState.DELETING:
        if failed := by_what.get(When.FAILED):
            _owe_news(session, study, failure_digest(failed.run), (When.FAILED,), now)
        if by_what.keys() - {When.FAILED}:
            _owe_results(session, folders, study, by_what, now)
    session.execute(delete(DeliveryNews).where(DeliveryNews.id.in_([one.id for one in news])))
    return True


def _owe_results(
    session: Session,
    folders: DataFolders,
    study: Study,
    news: Collection[When],
    now: datetime,
) -> None:
    digest = _digest_of(folders, study)
    if digest is None:
        return  # withdrawn or removed meanwhile
    if When.RESULTS in news:
        happened = happened_with_results(facts_of(session, study))
    else:
        happened = (When.ACKNOWLEDGED,) if facts_of(session, study).acknowledged else ()
    # What is new comes before what is old goes: rows of a destination are taken in one order.
    _owe_news(session, study, digest, happened, now)
    _carry_over(session, study, digest, now)
    older = (OutboxRow.study_fk == study.id) & (OutboxRow.results_digest != digest)
    call_off(session, older, Statement("delivery_superseded"), now, state=DeliveryState.SUPERSEDED)


def _owe_news(
    session: Session, study: Study, digest: str, happened: Collection[When], now: datetime
) -> None:
    facts = facts_of(session, study)
    names = {one.id: one.name for one in session.scalars(select(Destination))}
    for one in owed(rules_in_force(session), facts, happened):
        if not _rows(session, study.id, one.destination_id, digest, one.kind):
            name = names[one.destination_id]
            _add(session, study, name, digest, one, facts, now, by_hand=False)
    session.flush()


def _carry_over(session: Session, study: Study, digest: str, now: datetime) -> None:
    """What a person asked for and has not gone out is owed of the newer results instead."""
    waiting = session.scalars(
        select(OutboxRow).where(
            OutboxRow.study_fk == study.id,
            OutboxRow.results_digest != digest,
            OutboxRow.by_hand.is_(True),
            OutboxRow.state.in_(OPEN_STATES),
            OutboxRow.part == 1,
            OutboxRow.destination_fk.is_not(None),
        )
    ).all()
    facts = facts_of(session, study)
    for row in waiting:
        destination = row.destination_fk or 0
        if not _rows(session, study.id, destination, digest, row.kind):
            one = Owed(destination, kinds_of([row.kind])[0], row.cause)
            _add(session, study, row.destination, digest, one, facts, now, by_hand=True)
    session.flush()


def _add(  # noqa: PLR0917 - what a row says
    session: Session,
    study: Study,
    destination: str,
    digest: str,
    one: Owed,
    facts: Facts,
    now: datetime,
    *,
    by_hand: bool,
) -> None:
    session.add(
        OutboxRow(
            study_fk=study.id,
            destination_fk=one.destination_id,
            destination=destination,
            revision=study.revision,
            results_digest=digest,
            kind=one.kind,
            cause=one.cause,
            by_hand=by_hand,
            priority=priority(facts),
            owed_since=now,
            created_at=now,
            changed_at=now,
        )
    )


def _again(row: OutboxRow, now: datetime) -> None:
    row.state, row.reason, row.next_try_at = DeliveryState.WAITING, None, None
    row.owed_since = row.changed_at = now
    row.attempts = row.losses = row.commitment_tries = 0
    row.ended_at = row.commitment_due_at = row.called_off = None


def _rows(
    session: Session, study_id: int, destination_id: int, digest: str, kind: str
) -> Sequence[OutboxRow]:
    return session.scalars(
        select(OutboxRow)
        .where(
            OutboxRow.study_fk == study_id,
            OutboxRow.destination_fk == destination_id,
            OutboxRow.results_digest == digest,
            OutboxRow.kind == kind,
        )
        .order_by(OutboxRow.part)
    ).all()


def _has_newer(session: Session, row: OutboxRow) -> bool:
    """Whether the same of newer results is owed to the destination, or has gone there."""
    newer = select(OutboxRow.id).where(
        OutboxRow.study_fk == row.study_fk,
        OutboxRow.destination_fk == row.destination_fk,
        OutboxRow.kind == row.kind,
        OutboxRow.results_digest != row.results_digest,
        OutboxRow.id > row.id,
    )
    return session.scalar(newer.limit(1)) is not None


def _locked(session: Session, row_id: int) -> OutboxRow:
    """A row, locked after its study, as everybody does.

    Raises:
        StateConflictError: there is no such row (any more).
    """
    study_id = session.scalar(select(OutboxRow.study_fk).where(OutboxRow.id == row_id))
    if study_id is not None:
        lock(session, study_id)
        row = session.get(OutboxRow, row_id, with_for_update=True, populate_existing=True)
        if row is not None:
            return row
    msg = "there is no such delivery any more"
    raise StateConflictError(msg)


def _digest_of(folders: DataFolders, study: Study) -> str | None:
    """Of the results there are; ``None`` where there are none."""
    if not study.has_results or study.case_id is None or study.state is StudyState.DELETING:
        return None
    try:
        return case_digest(folders.output / study.case_id)
    except FileNotFoundError:
        return None
