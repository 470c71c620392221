"""Height and weight of a study's patient, where the images do not tell them."""

from fastapi import APIRouter, Request

from heimdallr.web.access import REFUSALS, Operator, Reader, audit
from heimdallr.web.answers import body_sizes
from heimdallr.web.answers.cases import study_of, trail_name
from heimdallr.web.answers.study_actions import Asked
from heimdallr.web.context import Ctx
from heimdallr.web.http.problems import responses
from heimdallr.web.schemas.common import StudyId
from heimdallr.web.schemas.studies import BodySizeIn, BodySizeOut

router = APIRouter(
    prefix="/api/v1/studies/{study_id}/body-size",
    tags=["commands"],
    responses={**REFUSALS, **responses(404, 409)},
)


@router.get("")
def get_body_size(request: Request, context: Ctx, who: Reader, study_id: StudyId) -> BodySizeOut:
    """Height and weight that were entered; what the header says stands in `id.json`."""
    study = study_of(context, study_id)
    audit(request, who, "study.view", trail_name(study.id), details="body_size")
    return body_sizes.entered(context, study_id)


@router.put("")
def enter_body_size(
    request: Request, context: Ctx, who: Operator, study_id: StudyId, given: BodySizeIn
) -> BodySizeOut:
    """Enter height and weight: index, limits and findings follow without segmenting again."""
    body_sizes.enter(Asked(request, context, who), study_id, given)
    return body_sizes.entered(context, study_id)
