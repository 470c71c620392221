"""Results that wait for a person to verify them: held as news, and what a changed setting does.

Nothing is owed of them meanwhile, so nothing of them can go out. A person who verifies them
(:mod:`heimdallr.store.work.verification`) makes the news heard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from heimdallr.domain.errors import StateConflictError
from heimdallr.domain.statements import Statement
from heimdallr.domain.verification import Verified
from heimdallr.store.delivery_tables import (
    OPEN_STATES,
    DeliveryNews,
    DeliveryState,
    OutboxRow,
    When,
)
from heimdallr.store.models import Study
from heimdallr.store.work import owed
from heimdallr.store.work.states import lock
from heimdallr.store.work.verification import is_withheld

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from heimdallr.store.database import Database

AWAITS = "delivery_awaits_verification"
"""Why something was not sent that was owed of results before these."""


def hold_news(session: Session, study: Study, digest: str, now: datetime) -> None:
    """Keep a study's news until somebody verifies its results.

    Args:
        session: the transaction, which holds the study's lock.
        study: its row.
        digest: of the results there are; what is owed of others is called off.
        now: the time.
    """
    mine = DeliveryNews.study_fk == study.id
    session.execute(delete(DeliveryNews).where(mine, DeliveryNews.what == When.VERIFIED))
    session.execute(update(DeliveryNews).where(mine).values(held=True))
    _call_off(session, study, OutboxRow.results_digest != digest, now)


def follow_setting(database: Database, now: datetime, *, send_unverified: bool) -> int:
    """Bring what is owed in line with whether results go unverified, which may be set anew.

    What waits is held where it must be; what was held goes where it may. What a person has asked
    for by hand goes in any case.

    Args:
        database: knows what is owed.
        now: the time.
        send_unverified: results that nobody has verified may go, unless a person corrected them.

    Returns:
        Of how many studies something changed.
    """
    if send_unverified:
        query = select(DeliveryNews.study_fk).where(DeliveryNews.held.is_(True)).distinct()
    else:
        query = (
            select(OutboxRow.study_fk)
            .join(Study, Study.id == OutboxRow.study_fk)
            .where(_by_rule(), Study.has_results.is_(True), Study.verified != Verified.YES)
            .distinct()
        )
    with database.read() as session:
        studies = session.scalars(query).all()
    return sum(_follow(database, one, now, send_unverified=send_unverified) for one in studies)


def _follow(database: Database, study_id: int, now: datetime, *, send_unverified: bool) -> bool:
    try:
        with database.write() as session:
            study = lock(session, study_id)
            must_wait = is_withheld(study, send_unverified=send_unverified)
            if must_wait == send_unverified:
                return False  # as it was before
            if must_wait:
                _call_off(session, study, _by_rule(), now)
                owed.hold_results(session, study_id, now)
            else:
                owed.release(session, study_id)
            return True
    except StateConflictError:
        return False  # deleted meanwhile


def _by_rule() -> ColumnElement[bool]:
    return OutboxRow.state.in_(OPEN_STATES) & OutboxRow.by_hand.is_(False)


def _call_off(session: Session, study: Study, which: ColumnElement[bool], now: datetime) -> None:
    these = (OutboxRow.study_fk == study.id) & which
    owed.call_off(session, these, Statement(AWAITS), now, state=DeliveryState.SUPERSEDED)
