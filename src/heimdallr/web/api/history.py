"""A patient's measurements over their studies."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from heimdallr.domain.dicom_dates import calendar_date
from heimdallr.store.reading.history import Examined, history
from heimdallr.store.reading.nodule_comparison import NoduleComparison, compare_nodules
from heimdallr.web.access import REFUSALS, Reader, audit
from heimdallr.web.answers.cases import study_of, trail_name
from heimdallr.web.context import Ctx
from heimdallr.web.http.problems import responses
from heimdallr.web.schemas.common import Message, StudyId
from heimdallr.web.schemas.history import (
    ExaminedOut,
    NoduleComparisonOut,
    NoduleOut,
    StudyHistory,
)

router = APIRouter(
    prefix="/api/v1/studies/{study_id}", tags=["studies"], responses={**REFUSALS, **responses(404)}
)

_COPIED = ExaminedOut.model_fields.keys() - {"study_date"}
Name = Annotated[str, Query(max_length=100)]


class HistoryQuery(Message):
    """Which measurements, and of how many studies."""

    name: Annotated[
        list[Name],
        Query(max_length=200, description="only these", examples=[["liver_vol_cm3"]]),
    ] = Field(default=[])
    limit: Annotated[int, Query(ge=1, le=50, description="other studies at most, the newest")] = 20


@router.get("/history")
def get_study_history(
    request: Request,
    context: Ctx,
    who: Reader,
    study_id: StudyId,
    query: Annotated[HistoryQuery, Query()],
) -> StudyHistory:
    """What was measured in this study and in the patient's other ones, earlier and later."""
    study = study_of(context, study_id)
    audit(request, who, "study.view", trail_name(study_id), details="history")
    with context.database.read() as session:
        found = history(session, study, names=query.name, limit=query.limit)
        nodules = compare_nodules(session, study, context.folders.output)
    return StudyHistory(
        doubt=found.doubt,
        studies=[_out(one) for one in found.studies],
        units=dict(found.units),
        left_out=found.left_out,
        further=found.further,
        nodules=nodules and _compared(nodules),
    )


def _out(one: Examined) -> ExaminedOut:
    copied = {name: getattr(one, name) for name in _COPIED}
    return ExaminedOut.model_validate(copied | {"study_date": calendar_date(one.study_date)})


def _compared(found: NoduleComparison) -> NoduleComparisonOut:
    return NoduleComparisonOut(
        study_id=found.study_id,
        study_date=calendar_date(found.study_date),
        nodules=[
            NoduleOut(
                number=one.nodule.number,
                earlier_number=one.earlier and one.earlier.number,
                why_not=one.why_not,
                volume_mm3=one.nodule.volume_mm3,
                earlier_volume_mm3=one.earlier and one.earlier.volume_mm3,
                verdict=one.growth and one.growth.verdict,
                doubling_days=one.growth and one.growth.doubling_days,
            )
            for one in found.nodules
        ],
    )
