"""Acknowledge a finding."""

from fastapi import APIRouter, Request

from heimdallr.store.models import FindingRow
from heimdallr.store.reading import details
from heimdallr.web.access import REFUSALS, Operator, audit
from heimdallr.web.answers.cases import study_of, trail_name
from heimdallr.web.context import Ctx
from heimdallr.web.http.problems import Problem, responses
from heimdallr.web.schemas.common import FindingId, StudyId
from heimdallr.web.schemas.studies import Acknowledgement, FindingOut

router = APIRouter(
    prefix="/api/v1/studies/{study_id}/findings",
    tags=["findings"],
    responses={**REFUSALS, **responses(404, 409)},
)


@router.post("/{finding_id}/acknowledge")
def acknowledge_finding(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    context: Ctx,
    who: Operator,
    study_id: StudyId,
    finding_id: FindingId,
    said: Acknowledgement,
) -> FindingOut:
    """Say that a person has seen a finding; the latest word stands, older ones are events."""
    name = trail_name(study_of(context, study_id).id)
    audit(request, who, "finding.acknowledge", name, details=f"finding:{finding_id}")
    with context.database.write() as session:
        row = session.get(FindingRow, finding_id)
        if row is None or row.study_fk != study_id:
            raise Problem(404, "the study has no such finding; newer results may have replaced it")
        row = details.acknowledge(session, finding_id, said.note, context.now(), who.actor)
        return FindingOut.model_validate(row)
