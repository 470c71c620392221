"""A person verifies a study's results, takes that back, and what other results do to it.

What a person has verified are results of one moment; other ones leave the verification standing
for the record, but not current. Results that a person has corrected and nobody verified go nowhere
by themselves: what was to be sent of those before is called off, and the news of them is held until
somebody has. Every function works in the caller's transaction, which holds the study's lock; the
case folder follows afterwards (:mod:`heimdallr.store.upkeep.kept_verifications`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.domain.errors import StateConflictError
from heimdallr.domain.statements import Statement
from heimdallr.domain.verification import Verification, Verified
from heimdallr.store.corrections import CorrectionState, corrections_of
from heimdallr.store.delivery_tables import DeliveryState, OutboxRow, When
from heimdallr.store.models import StudyState
from heimdallr.store.study_verifications import StudyVerificationRow, latest_word
from heimdallr.store.work import owed
from heimdallr.store.work.states import is_worked_on, note

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from heimdallr.store.models import Study


def is_withheld(study: Study, *, send_unverified: bool) -> bool:
    """Whether nothing of a study's results is sent by itself before a person verifies them.

    Args:
        study: its row.
        send_unverified: as the setting says: what the networks alone have made may go.
    """
    return study.verified is not Verified.YES and (study.corrected or not send_unverified)


def is_settled(session: Session, study: Study, created_at: datetime | None) -> bool:
    """Whether a study's rows tell of the results in its folder, and no others are on their way.

    A correction's folder takes its place before the rows follow; a process that is killed in
    between leaves results that nobody verified and rows that do not know them.

    Args:
        session: the transaction.
        study: its row.
        created_at: of the results in the folder; ``None`` where that cannot be read.
    """
    told = study.results_created_at
    if told is not None and created_at is not None and told != created_at:
        return False
    return not corrections_of(session, study.id, (CorrectionState.PENDING,))


def verification_of(session: Session, study: Study) -> Verification | None:
    """Who verified the results there are; ``None`` where nobody has verified these."""
    row = latest_word(session, study.id)
    if row is None or study.verified is not Verified.YES:
        return None
    kind, _, name = row.verified_by.partition(":")
    return Verification(name if kind == "user" else "", row.verified_at)


def verify(  # noqa: PLR0917 - whose word on what, and when
    session: Session,
    study: Study,
    results_created_at: datetime,
    actor: str,
    comment: str,
    now: datetime,
) -> None:
    """A person has verified the results; the latest word stands, and saying it again is no news.

    Args:
        session: the transaction.
        study: its row, locked.
        results_created_at: of the results there are.
        actor: who.
        comment: what they say of it.
        now: the time.

    Raises:
        StateConflictError: there are no results, or others are on their way.
    """
    _demand_results(session, study)
    if not is_settled(session, study, results_created_at):
        msg = "a correction of the study is being applied; verify the results that come of it"
        raise StateConflictError(msg)
    row = session.get(StudyVerificationRow, study.id)
    is_said = study.verified is Verified.YES and row is not None
    if is_said and row is not None and (row.verified_by, row.comment) == (actor, comment):
        return
    before = row.comment if row else ""
    if row is None:
        row = StudyVerificationRow(study_fk=study.id)
        session.add(row)
    row.verified_by, row.verified_at, row.comment = actor, now, comment
    row.results_created_at = study.results_created_at = results_created_at
    row.pending, row.taken_back = True, False
    study.verified = Verified.YES
    owed.release(session, study.id)
    owed.tell(session, study.id, When.VERIFIED, now)
    changes = _changes(before, comment)
    note(session, study, "verified", "results verified", now, actor=actor, changes=changes)


def take_back(
    session: Session, study: Study, actor: str, now: datetime, *, send_unverified: bool
) -> None:
    """Nobody has verified the results any more; what has been sent stays where it is.

    Args:
        session: the transaction.
        study: its row, locked.
        actor: who takes it back.
        now: the time.
        send_unverified: see :func:`is_withheld`.
    """
    row = latest_word(session, study.id)
    if row is None:
        return
    was_current, changes = study.verified is Verified.YES, _changes(row.comment, "")
    row.pending, row.taken_back, row.comment = True, True, ""
    study.verified = Verified.NO
    if was_current and is_withheld(study, send_unverified=send_unverified):
        withhold(session, study, now)
    elif was_current:  # what has not gone out yet goes as what it is now
        owed.tell(session, study.id, When.VERIFIED, now)
    message = "verification of the results taken back"
    note(session, study, "verified", message, now, actor=actor, changes=changes)


def follow_results(
    session: Session, study: Study, created_at: datetime, now: datetime, *, corrected: bool
) -> None:
    """The study's rows tell of these results now; nobody is told where they did before.

    Args:
        session: the transaction.
        study: its row, locked.
        created_at: when the results were made.
        now: the time.
        corrected: a person has changed what the networks said.
    """
    is_known = study.results_created_at == created_at
    study.results_created_at, study.corrected = created_at, corrected
    if is_known:
        return
    if study.verified is Verified.YES:
        study.verified = Verified.OUTDATED
    if corrected:
        withhold(session, study, now)


def withhold(session: Session, study: Study, now: datetime) -> None:
    """Let nothing of a study go by itself before a person has verified its results."""
    why = Statement("delivery_awaits_verification")
    mine = OutboxRow.study_fk == study.id
    owed.call_off(session, mine, why, now, state=DeliveryState.SUPERSEDED)
    owed.hold_results(session, study.id, now)


def forget_verification(session: Session, study: Study) -> None:
    """There is no word of anybody on these results."""
    row = session.get(StudyVerificationRow, study.id)
    if row is not None:
        session.delete(row)
        session.flush()
    study.verified = Verified.NO


def _demand_results(session: Session, study: Study) -> None:
    """Refuse what a person cannot have seen, or would not see for long."""
    if study.state is StudyState.DELETING or not study.has_results:
        msg = f"the study is {study.state.value}; it has no results that could be verified"
        raise StateConflictError(msg)
    if is_worked_on(session, study.id):
        msg = "the study is being processed; verify the results that come of it"
        raise StateConflictError(msg)


def _changes(before: str, after: str) -> list[list[str | None]]:
    """What was written beside it, for the study's history: it may be patient data."""
    return [["verification_comment", before, after or None]] if before != after else []
