"""Earlier versions of a study's results: the networks' own, and those between corrections."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from heimdallr.web.access import REFUSALS, Reader, audit
from heimdallr.web.answers import versions
from heimdallr.web.answers.cases import folder_of, study_of, trail_name
from heimdallr.web.context import Ctx
from heimdallr.web.http.problems import Answers, responses
from heimdallr.web.schemas.common import MAX_ID, StudyId
from heimdallr.web.schemas.corrections import DIFFERENCE, ChangedResults, VersionResults

router = APIRouter(
    prefix="/api/v1/studies/{study_id}/versions/{version}",
    tags=["corrections"],
    responses={**REFUSALS, **responses(404, 409)},
)

Version = Annotated[
    int,
    Path(ge=0, le=MAX_ID, description="0: as the networks made it; else after this correction"),
]
_NIFTI: Answers = {
    200: {
        "description": "NIfTI-1; gzip is the content coding",
        "content": {"application/octet-stream": {}},
    },
    304: {"description": "the reader has it already"},
    **responses(503),
}


@router.get("/results")
def get_version_results(
    request: Request, context: Ctx, who: Reader, study_id: StudyId, version: Version
) -> VersionResults:
    """`resultados.json` as it was in that version."""
    case = folder_of(context, study_of(context, study_id))
    audit(request, who, "study.view", trail_name(study_id), details=f"version {version}")
    found = versions.results_of_version(case, version)
    return VersionResults(**found.model_dump(by_alias=True))


@router.get("/changes")
def get_changes_since_version(
    request: Request, context: Ctx, who: Reader, study_id: StudyId, version: Version
) -> ChangedResults:
    """Every number and finding that differs between that version and the results of now."""
    case = folder_of(context, study_of(context, study_id))
    audit(request, who, "study.view", trail_name(study_id), details=f"since version {version}")
    return ChangedResults.model_validate(versions.changes_since(case, version))


@router.get("/difference", responses=DIFFERENCE, response_class=Response)
def get_difference_since_version(
    request: Request, context: Ctx, who: Reader, study_id: StudyId, version: Version
) -> Response:
    """The voxels that differ, with their labels in that version and now."""
    case = folder_of(context, study_of(context, study_id))
    audit(request, who, "study.view", trail_name(study_id), details=f"since version {version}")
    packed = versions.packed_difference_since(case, version)
    return Response(packed, media_type="application/octet-stream")


@router.get("/labels/{folder}.nii", responses=_NIFTI, response_class=Response)
def get_version_label_map(  # noqa: PLR0917 - the request's parts
    request: Request,
    context: Ctx,
    who: Reader,
    study_id: StudyId,
    version: Version,
    folder: Annotated[str, Path(description="name of the label map", examples=["total"])],
) -> Response:
    """All structures of a task in one label map, as they were in that version."""
    case = folder_of(context, study_of(context, study_id))
    audit(request, who, "study.view", trail_name(study_id), details=f"version {version}")
    return versions.send_label_map(request, context, case, version, folder)
