"""A person stands for a study's results; windows in which a study is being edited."""

from fastapi import APIRouter, Request

from heimdallr.web.access import REFUSALS, Operator
from heimdallr.web.answers import verification
from heimdallr.web.answers.study_actions import Asked
from heimdallr.web.context import Ctx
from heimdallr.web.http.problems import responses
from heimdallr.web.schemas.common import StudyId
from heimdallr.web.schemas.verification import (
    EditingKey,
    EditingOut,
    VerificationIn,
    VerificationOut,
)

router = APIRouter(
    prefix="/api/v1/studies/{study_id}",
    tags=["corrections"],
    responses={**REFUSALS, **responses(404, 409)},
)


@router.put("/verification")
def verify_results(
    request: Request, context: Ctx, who: Operator, study_id: StudyId, given: VerificationIn
) -> VerificationOut:
    """Verify the results, or take that back; new results make it old.

    Only a person who has signed in can. What was to wait for it is sent; what has been sent is not
    called back.
    """
    return verification.say(Asked(request, context, who), study_id, given)


@router.put("/editing")
def give_sign_of_editing(
    request: Request, context: Ctx, who: Operator, study_id: StudyId, session: EditingKey
) -> EditingOut:
    """A window that edits the study's label maps says so every 20 s, and hears who else does."""
    return verification.beat(Asked(request, context, who), study_id, session)


@router.delete("/editing")
def stop_editing(
    request: Request, context: Ctx, who: Operator, study_id: StudyId, session: EditingKey
) -> EditingOut:
    """A window edits no more."""
    return verification.leave(Asked(request, context, who), study_id, session)
