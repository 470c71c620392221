"""Actions on one study: start, cancel, retry, reprocess, whose images, priority, marks, delete."""

from fastapi import APIRouter, Request

from heimdallr.web.access import REFUSALS, Administrator, Operator
from heimdallr.web.answers import study_actions
from heimdallr.web.answers.study_actions import Asked
from heimdallr.web.answers.worklist_rows import row_out
from heimdallr.web.context import Ctx
from heimdallr.web.http.problems import responses
from heimdallr.web.schemas.common import StudyId
from heimdallr.web.schemas.studies import (
    Concerned,
    Deletion,
    Mark,
    PatientsMeant,
    PriorityChange,
    StudyRow,
)

router = APIRouter(
    prefix="/api/v1/studies/{study_id}",
    tags=["commands"],
    responses={**REFUSALS, **responses(404, 409)},
)


@router.post("/start")
def start_study(request: Request, context: Ctx, who: Operator, study_id: StudyId) -> StudyRow:
    """Start now: what has arrived is all there is. 409 unless images are being received."""
    study_actions.start(Asked(request, context, who), study_id)
    return row_out(context, study_id)


@router.post("/cancel")
def cancel_study(request: Request, context: Ctx, who: Operator, study_id: StudyId) -> StudyRow:
    """Stop the work: at once where it waits, within a step where it runs."""
    study_actions.cancel(Asked(request, context, who), study_id)
    return row_out(context, study_id)


@router.post("/retry")
def retry_study(request: Request, context: Ctx, who: Operator, study_id: StudyId) -> StudyRow:
    """Try again, from the stage that failed; what was done before it is used again."""
    study_actions.retry(Asked(request, context, who), study_id)
    return row_out(context, study_id)


@router.post("/reprocess")
def reprocess_study(request: Request, context: Ctx, who: Operator, study_id: StudyId) -> StudyRow:
    """Do every stage anew; the results there are stay until newer ones replace them."""
    study_actions.reprocess(Asked(request, context, who), study_id)
    return row_out(context, study_id)


@router.post("/patients")
def say_whose_images(
    request: Request, context: Ctx, who: Operator, study_id: StudyId, meant: PatientsMeant
) -> Concerned:
    """Say whom the images of a held study mean; the work on it begins. 409 unless it is held."""
    studies = study_actions.say_whom(Asked(request, context, who), study_id, meant)
    return Concerned(studies=[row_out(context, one) for one in studies])


@router.put("/priority")
def set_study_priority(
    request: Request, context: Ctx, who: Operator, study_id: StudyId, wanted: PriorityChange
) -> StudyRow:
    """Say how urgent a study is; 1 is STAT and overtakes everything that waits."""
    study_actions.set_priority(Asked(request, context, who), study_id, wanted.priority)
    return row_out(context, study_id)


@router.put("/flag")
def flag_study(
    request: Request, context: Ctx, who: Operator, study_id: StudyId, mark: Mark
) -> StudyRow:
    """Flag a study, or take the flag away; retention leaves a flagged one alone."""
    study_actions.flag(Asked(request, context, who), study_id, on=mark.on)
    return row_out(context, study_id)


@router.put("/read")
def mark_study_read(
    request: Request, context: Ctx, who: Operator, study_id: StudyId, mark: Mark
) -> StudyRow:
    """Mark the results as read, or as unread again. 409 where there are none.

    What is read no longer needs attention: it takes the permission `operate`.
    """
    study_actions.mark_read(Asked(request, context, who), study_id, on=mark.on)
    return row_out(context, study_id)


@router.delete("")
def delete_study_and_files(
    request: Request, context: Ctx, who: Administrator, study_id: StudyId
) -> Deletion:
    """Delete a study for good: images, volumes, masks, results and rows."""
    study = study_actions.delete(Asked(request, context, who), study_id)
    return Deletion(id=study_id, case_id=study.case_id)
