"""The founding document's endpoints: `/api/patients` and what lies below a case."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from heimdallr.publishing.publish import VOLUME_NAME
from heimdallr.publishing.schema import Identity
from heimdallr.store.reading.worklist import worklist
from heimdallr.store.reading.worklist_filter import WorklistFilter
from heimdallr.web.access import REFUSALS, Reader, audit
from heimdallr.web.answers.cases import case_of
from heimdallr.web.answers.files import PARTS, mask_folders, picture, pictures, send_file, send_zip
from heimdallr.web.context import Ctx
from heimdallr.web.http.problems import Answers, Problem, responses
from heimdallr.web.schemas.common import CaseId, Limit, Offset
from heimdallr.web.schemas.founding import Patients, ResultsWithImages, patient_row

router = APIRouter(prefix="/api/patients", tags=["patients"], responses=REFUSALS)

_FOLDERS = ("total", "tissue_types", "bleed")
_MISSING = responses(404, 409)
_ZIP: Answers = {200: {"description": "ZIP of the masks", "content": {"application/zip": {}}}}
_NIFTI: Answers = {
    200: {"description": "NIfTI-1, gzipped", "content": {"application/gzip": {}}},
    **PARTS,
}
_PNG: Answers = {200: {"description": "PNG", "content": {"image/png": {}}}, **PARTS}


@router.get("")
def list_patients(
    context: Ctx,
    _who: Reader,
    search: Annotated[
        str, Query(max_length=200, description="words of name, PatientID, accession number; a date")
    ] = "",
    offset: Offset = 0,
    limit: Limit = 100,
) -> Patients:
    """Every study ever received, newest first."""
    with context.database.read() as session:
        wanted = WorklistFilter(search=search)
        page = worklist(session, wanted, offset=offset, limit=limit, count_all=True)
    rows = [patient_row(row) for row in page.rows]
    return Patients(patients=rows, total=page.total, offset=page.offset)


@router.get("/{case_id}/results", responses=_MISSING)
def get_case_results(
    request: Request, context: Ctx, who: Reader, case_id: CaseId
) -> ResultsWithImages:
    """The numbers of a case, `resultados.json`, and the names of its pictures."""
    case = case_of(context, case_id)
    audit(request, who, "study.view", case.name)
    found = case.results()
    return ResultsWithImages(**found.model_dump(by_alias=True), images=pictures(case.path))


@router.get("/{case_id}/metadata", responses=_MISSING)
def get_case_metadata(request: Request, context: Ctx, who: Reader, case_id: CaseId) -> Identity:
    """Patient and study of a case, `id.json`."""
    case = case_of(context, case_id)
    audit(request, who, "study.view", case.name)
    return case.identity()


@router.get("/{case_id}/nifti", responses={**_MISSING, **_NIFTI}, response_class=Response)
def get_case_nifti(request: Request, context: Ctx, who: Reader, case_id: CaseId) -> Response:
    """The converted volume; ranges and ETag as HTTP has them."""
    case = case_of(context, case_id)
    audit(request, who, "study.download", case.name, details="volume")
    return send_file(request, case.path / VOLUME_NAME, f"study-{case.study.id}-{VOLUME_NAME}")


@router.get(
    "/{case_id}/download/{folder}",
    responses={**_MISSING, **_ZIP, **responses(400)},
    response_class=Response,
)
def download_case_folder(
    request: Request, context: Ctx, who: Reader, case_id: CaseId, folder: str
) -> Response:
    """The masks of a folder, `total`, `tissue_types` or `bleed`, as a ZIP."""
    if folder not in _FOLDERS:
        raise Problem(400, f"the folders are {', '.join(_FOLDERS)}", code="bad_folder")
    case = case_of(context, case_id)
    masks = mask_folders(case.path).get(folder)
    if not masks:
        raise Problem(404, "nothing was segmented into this folder")
    audit(request, who, "study.download", case.name, details=folder)
    names = [f"{folder}/{mask}.nii.gz" for mask in masks]
    return send_zip(case.path, names, f"study-{case.study.id}-{folder}.zip")


@router.get("/{case_id}/images/{filename}", responses={**_MISSING, **_PNG}, response_class=Response)
def get_case_image(
    request: Request, context: Ctx, who: Reader, case_id: CaseId, filename: str
) -> Response:
    """A picture of a case."""
    case = case_of(context, case_id)
    path = picture(case.path, filename)
    audit(request, who, "study.view", case.name, details=path.name)
    return send_file(request, path, filename, inline=True)
