"""A person verifies the results of a study, and who is editing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.corrections.difference import labels_version
from heimdallr.domain.errors import StateConflictError
from heimdallr.domain.verification import Verified
from heimdallr.publishing.body_size import created_at
from heimdallr.store import editing_sessions
from heimdallr.store.study_verifications import latest_word
from heimdallr.store.upkeep import kept_verifications
from heimdallr.store.work import verification
from heimdallr.store.work.states import lock
from heimdallr.web.access import audit
from heimdallr.web.answers.cases import folder_of, study_of, trail_name
from heimdallr.web.http.problems import Problem
from heimdallr.web.schemas.verification import EditingOut, Editor, VerificationOut

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from heimdallr.store.models import Study
    from heimdallr.web.answers.cases import CaseFolder
    from heimdallr.web.answers.study_actions import Asked
    from heimdallr.web.context import Context
    from heimdallr.web.schemas.verification import VerificationIn


def verification_out(session: Session, study: Study) -> VerificationOut:
    """What is said of a study's results."""
    row = latest_word(session, study.id)
    return VerificationOut(
        verified=row is not None,
        by=row.verified_by if row else "",
        at=row.verified_at if row else None,
        comment=row.comment if row else "",
        is_current=row is not None and study.verified is Verified.YES,
    )


def beside(said: VerificationOut, study: Study, created_at: datetime | None) -> VerificationOut:
    """What is said of results in a folder, which takes its place before the study's row follows.

    Args:
        said: of the study.
        study: its row, as it was then.
        created_at: of the results that are told with it; ``None`` where none are.
    """
    told = study.results_created_at
    is_of_these = told is None or created_at is None or told == created_at
    return said.model_copy(update={"is_current": said.is_current and is_of_these})


def say(asked: Asked, study_id: int, given: VerificationIn) -> VerificationOut:
    """Keep that a person verifies the results they have seen, or takes that back.

    Raises:
        Problem: 403, it is a program that asks; 404 or 409, there are no such results.
        StateConflictError: other results have come, or are coming.
    """
    study = asked.begin(study_id, "verify" if given.verified else "unverify")
    if asked.who.kind == "token":
        detail = "only a person who has signed in verifies results; a token is a program's"
        raise Problem(403, detail, code="not_a_person")
    if given.verified:
        _verify(asked, folder_of(asked.context, study), given)
    else:
        _take_back(asked, study_id)
    kept_verifications.follow(asked.context.database, asked.context.folders, study_id)
    with asked.context.database.read() as session:
        return verification_out(session, study_of(asked.context, study_id))


def beat(asked: Asked, study_id: int, key: str) -> EditingOut:
    """A window gives a sign that it is editing; the audit trail has its first one."""
    study_of(asked.context, study_id)
    who, now = asked.who.actor, asked.now
    with asked.context.database.write() as session:
        lock(session, study_id)
        is_first = editing_sessions.beat(session, study_id, who, key, now)
        others = editors(session, study_id, now, besides=(who, key))
    if is_first:
        audit(asked.request, asked.who, "study.edit", trail_name(study_id))
        asked.context.corrector.make_ready()
    return EditingOut(others=others)


def leave(asked: Asked, study_id: int, key: str) -> EditingOut:
    """A window stops editing."""
    study_of(asked.context, study_id)
    with asked.context.database.write() as session:
        editing_sessions.leave(session, study_id, asked.who.actor, key)
        return EditingOut(others=editors(session, study_id, asked.now))


def editors(
    session: Session, study_id: int, now: datetime, *, besides: tuple[str, str] | None = None
) -> list[Editor]:
    """Who edits a study, besides the one who asks."""
    rows = editing_sessions.editing(session, study_id, now, besides=besides)
    return [Editor(by=row.by, since=row.since) for row in rows]


def _verify(asked: Asked, case: CaseFolder, given: VerificationIn) -> None:
    seen = case.results().provenance.created_at
    if given.results_at is not None and given.results_at != seen:
        detail = "the results have changed since they were loaded; look at them again"
        raise Problem(409, detail, code="other_results")
    if given.base is not None and given.base != _base(case):
        detail = "the label maps have changed since they were loaded; look at them again"
        raise Problem(409, detail, code="other_base")
    context, who = asked.context, asked.who.actor
    with context.database.write() as session:
        study = lock(session, case.study.id)
        if created_at(case.path) != seen:
            msg = "the results have just been replaced; look at them again"
            raise StateConflictError(msg)
        verification.verify(session, study, seen, who, given.comment, asked.now)


def _take_back(asked: Asked, study_id: int) -> None:
    context = asked.context
    with context.database.write() as session:
        study = lock(session, study_id)
        verification.take_back(
            session,
            study,
            asked.who.actor,
            asked.now,
            send_unverified=context.settings.send_unverified,
        )


def _base(case: CaseFolder) -> str:
    try:
        return labels_version(case.path)
    except OSError as error:
        raise Problem(404, "the case has no such file any more", code="not_kept") from error


def awaits_verification(context: Context, study: Study) -> bool:
    """Whether nothing of a study's results is sent by itself before a person verifies them."""
    send_unverified = context.settings.send_unverified
    return study.has_results and verification.is_withheld(study, send_unverified=send_unverified)
