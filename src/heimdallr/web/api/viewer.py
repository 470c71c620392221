"""What the viewer in the browser loads: a manifest, then volume, preview and label maps.

Looking at a study here is one line in the audit trail, not one per file. Whoever asks for a file
without having asked for the manifest is recorded all the same.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import select

from heimdallr.publishing.publish import VOLUME_NAME
from heimdallr.publishing.schema import PREVIEW_NAME
from heimdallr.store.clock import SKEW
from heimdallr.store.models import AuditEntry
from heimdallr.store.reading import details
from heimdallr.web.access import REFUSALS, Principal, Reader, audit
from heimdallr.web.access.trail import client_address
from heimdallr.web.answers.cases import CaseFolder, folder_of, study_of
from heimdallr.web.answers.files import PARTS, label_map, send_unpacked
from heimdallr.web.answers.viewer_manifest import manifest_of
from heimdallr.web.context import Context, Ctx
from heimdallr.web.http.problems import Answers, responses
from heimdallr.web.schemas.common import StudyId
from heimdallr.web.schemas.viewer import ViewerManifest

router = APIRouter(
    prefix="/api/v1/studies/{study_id}/viewer",
    tags=["viewer"],
    responses={**REFUSALS, **responses(404, 409)},
)

VIEWING = "viewer"
VISIT = timedelta(hours=1)
"""Files that are asked for within this time of a recorded look belong to it."""

_NIFTI: Answers = {
    200: {
        "description": "NIfTI-1; gzip is the content coding",
        "content": {"application/octet-stream": {}},
    },
    **PARTS,
}


@router.get("")
def get_viewer_manifest(
    request: Request, context: Ctx, who: Reader, study_id: StudyId
) -> ViewerManifest:
    """What there is to view, and where each number is.

    Slices (`slice_L3`, a finding's `slice_index`, `hemorrhage_analysis_slices`) and voxel indices
    count in RAS+ order from the left, posterior, inferior corner. A file may store its axes
    otherwise (`orientation`): positions in mm hold for both.
    """
    case = folder_of(context, study_of(context, study_id))
    audit(request, who, "study.view", case.name, details=VIEWING)
    with context.database.read() as session:
        findings = details.findings_of(session, [study_id]).get(study_id, [])
    return manifest_of(case, findings)


@router.get("/volume.nii", responses=_NIFTI, response_class=Response)
def get_viewer_volume(request: Request, context: Ctx, who: Reader, study_id: StudyId) -> Response:
    """The volume."""
    case = _visited(request, context, who, study_id)
    return send_unpacked(request, case.path / VOLUME_NAME)


@router.get("/preview.nii", responses=_NIFTI, response_class=Response)
def get_viewer_preview(request: Request, context: Ctx, who: Reader, study_id: StudyId) -> Response:
    """A large volume on fewer voxels; 404 when the volume is not large."""
    case = _visited(request, context, who, study_id)
    return send_unpacked(request, case.path / PREVIEW_NAME)


@router.get("/labels/{folder}.nii", responses=_NIFTI, response_class=Response)
def get_viewer_label_map(
    request: Request,
    context: Ctx,
    who: Reader,
    study_id: StudyId,
    folder: Annotated[str, Path(description="name of the label map", examples=["total"])],
) -> Response:
    """All structures of a task in one label map, uint8, on the voxels of the volume."""
    case = _visited(request, context, who, study_id)
    return send_unpacked(request, label_map(case.path, folder))


def _visited(request: Request, context: Context, who: Principal, study_id: int) -> CaseFolder:
    """The case folder; whoever looks at it is recorded, once per visit."""
    case = folder_of(context, study_of(context, study_id))
    now = context.now()
    looked = select(AuditEntry.id).where(
        AuditEntry.object == case.name,
        AuditEntry.actor == who.actor[:80],
        AuditEntry.address == client_address(request),
        AuditEntry.action == "study.view",
        AuditEntry.details == VIEWING,
        AuditEntry.at.between(now - VISIT, now + SKEW),
    )
    with context.database.read() as session:
        is_known = session.scalar(looked.limit(1)) is not None
    if not is_known:
        audit(request, who, "study.view", case.name, details=VIEWING)
    return case
