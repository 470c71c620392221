"""The report of a study, as a file."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from heimdallr.domain.statements import Language
from heimdallr.publishing.report.pdf import pdf_bytes
from heimdallr.store.reading.earlier import earlier_values
from heimdallr.store.work.verification import verification_of
from heimdallr.web.access import REFUSALS, Reader, audit
from heimdallr.web.answers.cases import folder_of, study_of
from heimdallr.web.context import Ctx
from heimdallr.web.http.problems import Answers, responses
from heimdallr.web.schemas.common import StudyId

router = APIRouter(
    prefix="/api/v1/studies/{study_id}", tags=["studies"], responses={**REFUSALS, **responses(404)}
)

_PDF: Answers = {
    200: {"description": "PDF/A-2b", "content": {"application/pdf": {}}},
    **responses(409),
}


@router.get("/report.pdf", responses=_PDF, response_class=Response)
def download_study_report(
    request: Request, context: Ctx, who: Reader, study_id: StudyId, language: Language = "en"
) -> Response:
    """The report of one page, with the patient's earlier values; its file name is the number's."""
    study = study_of(context, study_id)
    case = folder_of(context, study)
    audit(request, who, "study.download", case.name, details=f"report.pdf {language}")
    with context.database.read() as session:
        earlier = earlier_values(session, study)
        verification = verification_of(session, study)
    content = case.report(language, earlier)
    if content.created_at == study.results_created_at:  # else other results have come meanwhile
        content = replace(content, verification=verification)
    return Response(
        pdf_bytes(content),
        media_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="study-{study_id}-report.pdf"'},
    )
