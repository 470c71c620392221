"""What people ask for: start, cancel, retry, reprocess, priority, marks, delete."""

from fastapi import APIRouter, Request

from heimdallr.intake.completing import complete_studies
from heimdallr.store import details, lifecycle
from heimdallr.store.deletion import delete_study
from heimdallr.store.models import Study, StudyState
from heimdallr.web.access import REFUSALS, Administrator, Operator, Principal, Reader, audit
from heimdallr.web.api.worklist import row_out
from heimdallr.web.cases import study_of
from heimdallr.web.context import Context, Ctx
from heimdallr.web.problems import Problem, responses
from heimdallr.web.schemas.common import StudyId
from heimdallr.web.schemas.studies import Deletion, Mark, PriorityChange, StudyRow

router = APIRouter(
    prefix="/api/v1/studies/{study_id}",
    tags=["commands"],
    responses={**REFUSALS, **responses(404, 409)},
)


def _begin(request: Request, context: Context, who: Principal, study_id: int, action: str) -> Study:
    """Look the study up and write the audit trail, before anything is done."""
    study = study_of(context, study_id)
    audit(request, who, f"study.{action}", study.case_id or f"study:{study_id}")
    return study


@router.post("/start")
def start_study(request: Request, context: Ctx, who: Operator, study_id: StudyId) -> StudyRow:
    """Start now: what has arrived is all there is. 409 unless images are being received."""
    study = _begin(request, context, who, study_id, "start")
    if study.state is not StudyState.RECEIVING:
        raise Problem(409, f"the study is {study.state.value}; it has started already")
    complete_studies(
        context.database,
        context.settings,
        context.folders,
        [study_id],
        context.now(),
        actor=who.actor,
    )
    return row_out(context, study_id)


@router.post("/cancel")
def cancel_study(request: Request, context: Ctx, who: Operator, study_id: StudyId) -> StudyRow:
    """Stop the work: at once where it waits, within a step where it runs."""
    _begin(request, context, who, study_id, "cancel")
    with context.database.write() as session:
        lifecycle.cancel(session, study_id, context.now(), who.actor)
    return row_out(context, study_id)


@router.post("/retry")
def retry_study(request: Request, context: Ctx, who: Operator, study_id: StudyId) -> StudyRow:
    """Try again, from the stage that failed; what was done before it is used again."""
    _begin(request, context, who, study_id, "retry")
    with context.database.write() as session:
        lifecycle.retry(session, study_id, context.now(), who.actor)
    return row_out(context, study_id)


@router.post("/reprocess")
def reprocess_study(request: Request, context: Ctx, who: Operator, study_id: StudyId) -> StudyRow:
    """Do every stage anew; the results there are stay until newer ones replace them."""
    _begin(request, context, who, study_id, "reprocess")
    with context.database.write() as session:
        lifecycle.retry(session, study_id, context.now(), who.actor, fresh=True)
    return row_out(context, study_id)


@router.put("/priority")
def set_study_priority(
    request: Request, context: Ctx, who: Operator, study_id: StudyId, wanted: PriorityChange
) -> StudyRow:
    """Say how urgent a study is; 1 is STAT and overtakes everything that waits."""
    _begin(request, context, who, study_id, "priority")
    with context.database.write() as session:
        lifecycle.set_priority(session, study_id, wanted.priority, context.now(), who.actor)
    return row_out(context, study_id)


@router.put("/flag")
def flag_study(
    request: Request, context: Ctx, who: Operator, study_id: StudyId, mark: Mark
) -> StudyRow:
    """Flag a study, or take the flag away; retention leaves a flagged one alone."""
    _begin(request, context, who, study_id, "flag")
    with context.database.write() as session:
        details.flag(session, study_id, context.now(), who.actor, on=mark.on)
    return row_out(context, study_id)


@router.put("/read")
def mark_study_read(
    request: Request, context: Ctx, who: Reader, study_id: StudyId, mark: Mark
) -> StudyRow:
    """Mark the results as read, or as unread again. 409 where there are none."""
    _begin(request, context, who, study_id, "read")
    with context.database.write() as session:
        details.mark_read(session, study_id, context.now(), who.actor, on=mark.on)
    return row_out(context, study_id)


@router.delete("")
def delete_study_and_files(
    request: Request, context: Ctx, who: Administrator, study_id: StudyId
) -> Deletion:
    """Delete a study for good: images, volumes, masks, results and rows."""
    study = _begin(request, context, who, study_id, "delete")
    delete_study(context.database, context.folders, study_id, context.now(), who.actor)
    return Deletion(id=study_id, case_id=study.case_id)
