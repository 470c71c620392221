"""One study: everything about it, and its files."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from heimdallr.domain.dicom_dates import calendar_date
from heimdallr.domain.verification import Verified
from heimdallr.preparation.case_id import alphabetic_name
from heimdallr.publishing.dicom.kinds import EarlierValue
from heimdallr.publishing.publish import VOLUME_NAME
from heimdallr.publishing.report.rows import latest
from heimdallr.publishing.results import results_json
from heimdallr.publishing.schema import RESULTS_FILE, coded
from heimdallr.publishing.summary import Summary, summary_of
from heimdallr.publishing.unnamed import unnamed
from heimdallr.store.models import Event, FindingRow, Study, StudyState
from heimdallr.store.patients import NamedPatient, patients_of
from heimdallr.store.reading import details
from heimdallr.store.reading.earlier import earlier_values
from heimdallr.store.reading.patient_class import class_of
from heimdallr.store.work.runs import queue_position
from heimdallr.web.access import REFUSALS, Principal, Reader, audit
from heimdallr.web.answers.cases import CaseFolder, folder_of, study_of, trail_name
from heimdallr.web.answers.files import (
    PARTS,
    all_files,
    mask,
    mask_folders,
    picture,
    pictures,
    send_file,
    send_zip,
    unnamed_files,
)
from heimdallr.web.answers.judged_measurements import judged
from heimdallr.web.answers.verification import beside, verification_out
from heimdallr.web.answers.worklist_rows import row_out
from heimdallr.web.context import Context, Ctx
from heimdallr.web.http.problems import Answers, Problem, responses
from heimdallr.web.schemas.common import Before, Limit, StudyId
from heimdallr.web.schemas.studies import (
    ChangeOut,
    EventOut,
    FindingOut,
    NamedPatientOut,
    PatientClassOut,
    Results,
    RunOut,
    SeriesOfPatient,
    SeriesOut,
    StudyDetail,
    StudyEventOut,
    StudyEvents,
    SummaryLine,
    SummaryOut,
)

router = APIRouter(
    prefix="/api/v1/studies/{study_id}", tags=["studies"], responses={**REFUSALS, **responses(404)}
)

_NIFTI: Answers = {
    200: {"description": "NIfTI-1, gzipped", "content": {"application/gzip": {}}},
    **PARTS,
}
_PNG: Answers = {200: {"description": "PNG", "content": {"image/png": {}}}, **PARTS}
_ZIP: Answers = {200: {"description": "ZIP", "content": {"application/zip": {}}}, **responses(409)}


@router.get("")
def get_study(request: Request, context: Ctx, who: Reader, study_id: StudyId) -> StudyDetail:
    """Everything about a study: series and why they were chosen, runs, results, where from."""
    study = study_of(context, study_id)
    audit(request, who, "study.view", trail_name(study_id))
    row = row_out(context, study_id)
    with context.database.read() as session:
        named = patients_of(session, study) if study.patients > 1 else ()
        patient_class = class_of(session, study)
        series = details.series_of(session, study)
        runs = details.runs_of(session, study)
        findings = details.findings_of(session, [study_id]).get(study_id, [])
        place = queue_position(session, study_id) if row.state is StudyState.QUEUED else None
        earlier = earlier_values(session, study) if findings else ()
        said = verification_out(session, study)
    results = _results(context, study, findings, earlier)
    provenance = results.provenance if results else None
    verification = beside(said, study, provenance.created_at if provenance else None)
    if verification != said:  # the folder is ahead of the rows
        row = row.model_copy(update={"verified": Verified.OUTDATED})
    return StudyDetail(
        **row.model_dump(),
        birth_date=calendar_date(study.birth_date),
        patient_class=PatientClassOut.model_validate(patient_class),
        named_patients=[_named(one) for one in named],
        series=[SeriesOut.model_validate(one) for one in series],
        queue_position=place,
        runs=[RunOut.model_validate(one) for one in runs],
        results=results,
        verification=verification,
        kept=dict(study.kept),
    )


def _named(patient: NamedPatient) -> NamedPatientOut:
    told = patient.named
    return NamedPatientOut(
        patient_name=alphabetic_name(told.name),
        patient_id=told.patient_id,
        birth_date=calendar_date(told.birth_date),
        sex=next((one.sex for one in patient.headers if one.sex), None),
        images=patient.images,
        series=[SeriesOfPatient.model_validate(one) for one in patient.series],
    )


def _results(
    context: Context,
    study: Study,
    findings: Sequence[FindingRow],
    earlier: Iterable[EarlierValue],
) -> Results | None:
    """What is in the case folder, and who has acknowledged what; ``None`` without one."""
    try:
        case = folder_of(context, study)
        found, identity = case.results(), case.identity()
    except Problem as problem:
        if problem.status in (404, 409):
            return None
        raise
    return Results(
        summary=_summary(summary_of(found, identity.study_date, latest(earlier))),
        measurements=judged(found, identity),
        findings=[FindingOut.model_validate(one) for one in findings],
        rules=found.rules,
        images=pictures(case.path),
        masks=mask_folders(case.path),
        has_volume=(case.path / VOLUME_NAME).is_file(),
        provenance=found.provenance,
        identity=identity,
    )


def _summary(told: Summary) -> SummaryOut:
    return SummaryOut(
        lines=[
            SummaryLine(code=one.finding.code, severity=one.finding.severity, said=coded(one.said))
            for one in told.lines
        ],
        silence=coded(told.silence),
    )


@router.get("/events")
def list_study_events(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request,
    context: Ctx,
    who: Reader,
    study_id: StudyId,
    before: Before = None,
    limit: Limit = 100,
) -> StudyEvents:
    """What happened to a study, newest first."""
    audit(request, who, "study.view", trail_name(study_of(context, study_id).id), details="events")
    with context.database.read() as session:
        rows = details.events(session, study_id=study_id, before=before, limit=limit)
    return StudyEvents(
        events=[_event(row) for row in rows], next=rows[-1].id if len(rows) == limit else None
    )


def _event(row: Event) -> StudyEventOut:
    changes = [
        ChangeOut(fact=fact or "", before=before or "", after=after or None)
        for fact, before, after in row.changes
    ]
    told = EventOut.model_validate(row).model_dump() | {"study_fk": row.study_fk}
    return StudyEventOut.model_validate(told | {"changes": changes})


@router.get("/volume", responses=_NIFTI, response_class=Response)
def get_study_volume(request: Request, context: Ctx, who: Reader, study_id: StudyId) -> Response:
    """The converted volume, NIfTI-1, gzipped."""
    case = _opened(request, context, who, study_id, "volume")
    return send_file(request, case.path / VOLUME_NAME, f"study-{study_id}-{VOLUME_NAME}")


@router.get("/masks/{folder}", responses=_ZIP, response_class=Response)
def download_study_masks(
    request: Request, context: Ctx, who: Reader, study_id: StudyId, folder: str
) -> Response:
    """All masks of a folder, as a ZIP."""
    case = folder_of(context, study_of(context, study_id))
    masks = mask_folders(case.path).get(folder)
    if not masks:
        raise Problem(404, "nothing was segmented into such a folder")
    audit(request, who, "study.download", case.name, details=folder)
    names = [f"{folder}/{one}.nii.gz" for one in masks]
    return send_zip(case.path, names, f"study-{study_id}-{folder}.zip")


@router.get("/masks/{folder}/{structure}", responses=_NIFTI, response_class=Response)
def get_study_mask(  # noqa: PLR0917 - FastAPI passes them by name
    request: Request, context: Ctx, who: Reader, study_id: StudyId, folder: str, structure: str
) -> Response:
    """The mask of one structure, NIfTI-1, gzipped, on the voxels of the volume."""
    case = folder_of(context, study_of(context, study_id))
    path = mask(case.path, folder, structure)
    audit(request, who, "study.download", case.name, details=f"{folder}/{path.name}")
    return send_file(request, path, f"study-{study_id}-{folder}-{path.name}")


@router.get("/images/{filename}", responses=_PNG, response_class=Response)
def get_study_image(
    request: Request, context: Ctx, who: Reader, study_id: StudyId, filename: str
) -> Response:
    """A picture."""
    case = folder_of(context, study_of(context, study_id))
    path = picture(case.path, filename)
    audit(request, who, "study.view", case.name, details=path.name)
    return send_file(request, path, filename, inline=True)


@router.get("/archive", responses=_ZIP, response_class=Response)
def download_study_archive(
    request: Request,
    context: Ctx,
    who: Reader,
    study_id: StudyId,
    *,
    identity: Annotated[
        bool,
        Query(description="with `id.json`, `source.json` and the case ID, which name the patient"),
    ] = True,
) -> Response:
    """The whole case folder, as a ZIP.

    Without `id.json` and `source.json` nothing in it tells whose it is. The case ID and all UIDs
    are then the study's number in `resultados.json` too.
    """
    case = _opened(request, context, who, study_id, "archive" if identity else "archive, unnamed")
    download = f"study-{study_id}.zip"
    if identity:
        return send_zip(case.path, all_files(case.path), download)
    names = unnamed_files(case.path)
    return send_zip(case.path, names, download, {RESULTS_FILE: _unnamed_results(case)})


def _unnamed_results(case: CaseFolder) -> bytes:
    return results_json(unnamed(case.results(), case.identity(), case.study.id)).encode()


def _opened(
    request: Request, context: Context, who: Principal, study_id: int, what: str
) -> CaseFolder:
    """The study's folder; the audit trail says what is taken out of it."""
    case = folder_of(context, study_of(context, study_id))
    audit(request, who, "study.download", case.name, details=what)
    return case
