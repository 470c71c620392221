"""What is owed to whom: news turned into rows of the outbox, and what people ask for.

One row for each object and destination, at most once for the same results: asked twice, nothing is
owed twice. Newer results supersede what had not gone out; what was sent stays on record. Results
that a person has verified are said anew: they are no longer preliminary. What is to wait for a
person is held as news (:mod:`heimdallr.delivery.withholding`). How rows are sent is
:mod:`heimdallr.delivery.claims`' part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import delete, func, select

from heimdallr.delivery.case_digest import failure_digest, said_digest, tells_of_failure
from heimdallr.delivery.directory import kinds_of, rules_in_force, usual
from heimdallr.delivery.rules import (
    Facts,
    Owed,
    happened,
    happened_with_results,
    owed,
    priority,
    undecided,
)
from heimdallr.delivery.withholding import AWAITS, hold_news
from heimdallr.domain.errors import StateConflictError
from heimdallr.domain.statements import Statement
from heimdallr.domain.verification import Verified
from heimdallr.publishing.body_size import created_at
from heimdallr.publishing.schema import coded
from heimdallr.store.delivery_tables import (
    OPEN_STATES,
    DeliveryNews,
    DeliveryState,
    Destination,
    OutboxRow,
    When,
)
from heimdallr.store.models import FindingRow, Study, StudyState
from heimdallr.store.reading.patient_class import class_of
from heimdallr.store.results import unlisted
from heimdallr.store.work.owed import call_off
from heimdallr.store.work.states import lock, note
from heimdallr.store.work.verification import is_settled, is_withheld, verification_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.delivery.kinds import Kind
    from heimdallr.store.database import Database
    from heimdallr.store.layout import DataFolders

_AT_ONCE = 200
_log = structlog.get_logger()


def expand(
    database: Database, folders: DataFolders, now: datetime, *, send_unverified: bool = True
) -> int:
    """Ask the rules about everything that happened; of how many studies there was news.

    Each study is one transaction: its news goes in the same instant as what follows from it comes.
    A study whose case folder cannot be read for now, or is just being replaced, keeps its news.

    Args:
        database: knows the news.
        folders: where the case folders are.
        now: the time.
        send_unverified: results that nobody has verified may go, unless a person corrected them.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database is away; nothing is lost.
    """
    with database.read() as session:
        oldest = func.min(DeliveryNews.id)
        fresh = select(DeliveryNews.study_fk).where(DeliveryNews.held.is_(False))
        grouped = fresh.group_by(DeliveryNews.study_fk)
        studies = session.scalars(grouped.order_by(oldest).limit(_AT_ONCE)).all()
    return sum(
        _expanded(database, folders, study_id, now, send_unverified=send_unverified)
        for study_id in studies
    )


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
        StateConflictError: there is no such study, it has no results to be sent, or others are
            taking their place.
    """
    study = lock(session, study_id)
    digest = _sendable(session, folders, study)
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


def resend(
    session: Session, folders: DataFolders, row_id: int, now: datetime, actor: str
) -> OutboxRow:
    """Send an object once more, as the same object; one that waits is tried at once.

    Raises:
        StateConflictError: it is being sent, newer results have taken its place, its destination is
            gone, or the study has no results (any more) that could be sent.
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
    study = session.get_one(Study, row.study_fk)
    if not tells_of_failure(session, row.study_fk, row.results_digest):
        _sendable(session, folders, study)
    _again(row, now)
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
        verified=study.verified is Verified.YES,
        patient_class=class_of(session, study).patient_class,
    )


def undecided_rules(session: Session, study: Study) -> list[str]:
    """Rules in force that say nothing of a study's results: its patient's class is not known."""
    if not study.has_results:
        return []
    facts = facts_of(session, study)
    return undecided(rules_in_force(session), facts, happened_with_results(facts))


def _expanded(
    database: Database,
    folders: DataFolders,
    study_id: int,
    now: datetime,
    *,
    send_unverified: bool,
) -> bool:
    """Ask the rules about one study; whether there was news of it, and is none now."""
    try:
        with database.write() as session:
            return _expand_study(session, folders, study_id, now, send_unverified=send_unverified)
    except StateConflictError:
        return False  # deleted meanwhile
    except OSError as error:
        _log.warning("news_waits", study_id=study_id, reason=error.strerror)
        return False


def _expand_study(
    session: Session,
    folders: DataFolders,
    study_id: int,
    now: datetime,
    *,
    send_unverified: bool,
) -> bool:
    """What follows from a study's news; whether there still was any."""
    study = lock(session, study_id)
    news = session.scalars(select(DeliveryNews).where(DeliveryNews.study_fk == study_id)).all()
    if all(one.held for one in news) or _is_behind(session, folders, study):
        return False
    by_what = {one.what: one for one in news}
    if study.state is not StudyState.DELETING:
        if failed := by_what.pop(When.FAILED, None):
            _owe_news(session, study, failure_digest(failed.run), (When.FAILED,), now)
            session.delete(failed)
        digest = _digest_of(session, folders, study) if by_what else None
        if digest and is_withheld(study, send_unverified=send_unverified):
            hold_news(session, study, digest, now)
            return True
        if digest:  # else withdrawn or removed meanwhile
            _owe_results(session, study, digest, by_what, now)
    session.execute(delete(DeliveryNews).where(DeliveryNews.id.in_([one.id for one in news])))
    return True


def _is_behind(session: Session, folders: DataFolders, study: Study) -> bool:
    """Whether the folder may already be that of results the rows do not know."""
    if study.state is StudyState.PUBLISHING:
        return True
    case = _case_of(folders, study)
    return case is not None and not is_settled(session, study, created_at(case))


def _owe_results(
    session: Session, study: Study, digest: str, news: Collection[When], now: datetime
) -> None:
    # What is new comes before what is old goes: rows of a destination are taken in one order.
    _owe_news(session, study, digest, happened(news, facts_of(session, study)), now)
    _carry_over(session, study, digest, now, all_of_them=When.RESULTS not in news)
    older = (OutboxRow.study_fk == study.id) & (OutboxRow.results_digest != digest)
    call_off(session, older, Statement("delivery_superseded"), now, state=DeliveryState.SUPERSEDED)


def _owe_news(
    session: Session, study: Study, digest: str, what: Collection[When], now: datetime
) -> None:
    facts = facts_of(session, study)
    names = {one.id: one.name for one in session.scalars(select(Destination))}
    rules = rules_in_force(session)
    for name in undecided(rules, facts, what):
        message = f"not sent by rule {name}: the patient's class is not known"
        note(session, study, "delivery", message, now)
    for one in owed(rules, facts, what):
        if not _is_owed(session, study, digest, one, now):
            name = names[one.destination_id]
            _add(session, study, name, digest, one, facts, now, by_hand=False)
    session.flush()


def _carry_over(
    session: Session, study: Study, digest: str, now: datetime, *, all_of_them: bool
) -> None:
    """What a person asked for and has not gone out is owed of the newer results instead.

    Args:
        session: the transaction.
        study: its row, locked.
        digest: of what is to be said now.
        now: the time.
        all_of_them: what rules have said too: the results are the same, and only what a person
            says of them is new.
    """
    facts = facts_of(session, study)
    for row in _unsent_before(session, study, digest):
        if not (row.by_hand or all_of_them):
            continue
        one = Owed(row.destination_fk or 0, kinds_of([row.kind])[0], row.cause)
        if not _is_owed(session, study, digest, one, now):
            name, by_hand = row.destination, row.by_hand
            _add(session, study, name, digest, one, facts, now, by_hand=by_hand)
        if row.state is DeliveryState.SUPERSEDED:
            row.reason = coded(Statement("delivery_superseded")).model_dump()
    session.flush()


def _unsent_before(session: Session, study: Study, digest: str) -> list[OutboxRow]:
    """What was owed of other results and waits to be sent, or for a person to verify these."""
    rows = session.scalars(
        select(OutboxRow)
        .where(
            OutboxRow.study_fk == study.id,
            OutboxRow.results_digest != digest,
            OutboxRow.state.in_((*OPEN_STATES, DeliveryState.SUPERSEDED)),
            OutboxRow.destination_fk.is_not(None),
        )
        .order_by(OutboxRow.id)
    )
    return [row for row in rows if _goes(row) or _awaits(row)]


def _goes(row: OutboxRow) -> bool:
    return row.state in OPEN_STATES and row.called_off is None


def _awaits(row: OutboxRow) -> bool:
    why = row.called_off["reason"] if isinstance(row.called_off, dict) else row.reason
    return isinstance(why, dict) and why.get("code") == AWAITS


def _is_owed(session: Session, study: Study, digest: str, one: Owed, now: datetime) -> bool:
    """Whether a row says so already; one that other results had taken the place of, does again."""
    rows = _rows(session, study.id, one.destination_id, digest, one.kind)
    for row in rows:
        if row.state is DeliveryState.SUPERSEDED:
            _again(row, now)
    return bool(rows)


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
    row.attempts = row.commitment_tries = 0
    row.losses = min(row.losses, 1)  # what may have arrived once, may be there
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


def _sendable(session: Session, folders: DataFolders, study: Study) -> str:
    """The digest of the results there are, which a person may send.

    Raises:
        StateConflictError: there are none, or others are taking their place.
    """
    digest = _digest_of(session, folders, study)
    if digest is None:
        msg = f"the study is {study.state.value}; it has no results that could be sent"
        raise StateConflictError(msg)
    if _is_behind(session, folders, study):
        msg = "the study's results are just being replaced; send those that come of it"
        raise StateConflictError(msg)
    return digest


def _digest_of(session: Session, folders: DataFolders, study: Study) -> str | None:
    """Of the results there are, and who verified them; ``None`` where there are none."""
    case = _case_of(folders, study)
    if case is None:
        return None
    try:
        return said_digest(case, verification_of(session, study))
    except FileNotFoundError:
        return None


def _case_of(folders: DataFolders, study: Study) -> Path | None:
    """The folder of the results there are."""
    if not study.has_results or study.case_id is None or study.state is StudyState.DELETING:
        return None
    return folders.output / study.case_id
