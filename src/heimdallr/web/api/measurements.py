"""Measurements across studies: JSON, CSV, and what each of them means."""

import inspect
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from heimdallr.analyses.registry import ANALYSES
from heimdallr.analyses.rules.norms import norms
from heimdallr.analyses.rules.references import references
from heimdallr.analyses.rules.rule_table import RuleTable
from heimdallr.domain.dicom_dates import calendar_date
from heimdallr.store.reading import export
from heimdallr.store.reading.cohort import Cohort, Sex
from heimdallr.web.access import REFUSALS, Principal, Reader, audit
from heimdallr.web.answers.cases import trail_name
from heimdallr.web.answers.csv_tables import csv_lines
from heimdallr.web.api.worklist import WorklistQuery
from heimdallr.web.context import Ctx
from heimdallr.web.schemas.common import MAX_ID
from heimdallr.web.schemas.measurements import (
    AnalysisOut,
    Catalogue,
    CatalogueEntry,
    MeasuredOut,
    MeasuredPage,
    NameOut,
    Names,
)
from heimdallr.web.schemas.references import (
    PublishedLimits,
    published_norm_out,
    reference_out,
)
from heimdallr.workflow.department_rules import in_force

router = APIRouter(prefix="/api/v1/measurements", tags=["measurements"], responses=REFUSALS)

_COLUMNS = (
    "study_id", "study_date", "modality", "sex", "age_years",
    "name", "value", "text", "unit", "status", "reason", "structure",
)  # fmt: skip
Name = Annotated[str, Query(max_length=100)]


class CohortQuery(WorklistQuery):
    """Of which studies: as on the worklist, and by the patient's sex and age."""

    sex: Annotated[Sex | None, Query(description="of the patient", examples=["F"])] = None
    age_from: Annotated[
        int | None, Query(ge=0, le=150, description="first age wanted, in completed years")
    ] = None
    age_to: Annotated[
        int | None, Query(ge=0, le=150, description="last age wanted, in completed years")
    ] = None

    def cohort(self) -> Cohort:
        """As the store takes it."""
        return Cohort(self.wanted(), sex=self.sex, age_from=self.age_from, age_to=self.age_to)


class MeasurementQuery(CohortQuery):
    """Which measurements of which studies."""

    name: Annotated[list[Name], Query(max_length=200, examples=[["liver_vol_cm3"]])] = Field(
        default=[]
    )
    measured: Annotated[bool, Query(description="only those that have a value")] = False
    study: Annotated[int | None, Query(ge=1, le=MAX_ID, description="of this study only")] = None
    patient_of: Annotated[
        int | None, Query(ge=1, le=MAX_ID, description="of all studies of this study's patient")
    ] = None

    def which(self) -> export.Wanted:
        """As the store takes it."""
        return export.Wanted(
            self.cohort(),
            names=tuple(self.name),
            measured_only=self.measured,
            study_id=self.study,
            patient_of=self.patient_of,
        )


class MeasurementPageQuery(MeasurementQuery):
    """Which measurements, a page at a time."""

    after: Annotated[int, Query(ge=0, le=MAX_ID, description="`next` of the page before")] = 0
    limit: Annotated[
        int,
        Query(ge=1, le=5000, description="how many at most; of a study that has more, all"),
    ] = 500


@router.get("")
def list_measurements(
    request: Request, context: Ctx, who: Reader, query: Annotated[MeasurementPageQuery, Query()]
) -> MeasuredPage:
    """Measurements of all studies that fit, with or without a value."""
    _audit_export(request, who, query, "json")
    with context.database.read() as session:
        piece = export.measurements(session, query.which(), after=query.after, limit=query.limit)
    return MeasuredPage(measurements=[_out(row) for row in piece.rows], next=piece.next)


@router.get(
    ".csv",
    response_class=Response,
    responses={200: {"description": "RFC 4180, UTF-8", "content": {"text/csv": {}}}},
)
def export_measurements_csv(
    request: Request, context: Ctx, who: Reader, query: Annotated[MeasurementQuery, Query()]
) -> Response:
    """The same as a table, all of it, streamed; safe to open in a spreadsheet.

    Studies stand in it by number; date, sex and age are the only facts about the patient.
    """
    _audit_export(request, who, query, "csv")
    rows = (
        [getattr(row, column) for column in _COLUMNS]
        for row in export.every_measurement(context.database, query.which())
    )
    return StreamingResponse(
        csv_lines(_COLUMNS, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="measurements.csv"'},
    )


def _audit_export(request: Request, who: Principal, query: MeasurementQuery, form: str) -> None:
    """Record whose numbers are handed out, where one study or its patient is asked for."""
    number = query.study or query.patient_of
    whose = "" if number is None else trail_name(number)
    of_patient = ", all studies of the patient" if number and not query.study else ""
    audit(request, who, "measurements.export", whose, details=form + of_patient)


@router.get("/names")
def list_measurement_names(context: Ctx, _who: Reader) -> Names:
    """Every name under which the studies here have something, and its unit."""
    with context.database.read() as session:
        rows = export.measurement_names(session)
    return Names(names=[NameOut.model_validate(row) for row in rows])


@router.get("/catalogue")
def get_measurement_catalogue(context: Ctx, _who: Reader) -> Catalogue:
    """What is measured, and how, and the published limits: the analyses' own documentation."""
    return _catalogue(in_force(context.settings).table)


def _catalogue(rules: RuleTable) -> Catalogue:
    limits = references(rules)
    analyses: list[AnalysisOut] = []
    entries: list[CatalogueEntry] = []
    for name, analysis in ANALYSES.items():
        title, _, text = (inspect.getdoc(analysis) or "").partition("\n")
        markdown = text.strip().replace("``", "`")
        analyses.append(AnalysisOut(name=name, title=title.rstrip("."), text=markdown))
        entries.extend(
            CatalogueEntry(
                name=output.name,
                unit=output.unit,
                meaning=output.meaning,
                analysis=name,
                flat=output.flat,
                references=[reference_out(one) for one in limits if one.quantity == output.name],
            )
            for output in analysis.OUTPUTS
        )
    return Catalogue(analyses=analyses, measurements=entries)


@router.get("/limits")
def get_published_limits(
    context: Ctx,
    _who: Reader,
    name: Annotated[
        str, Query(max_length=100, description="of the measurement", examples=["SMA_cm2"])
    ],
) -> PublishedLimits:
    """What is published about a measurement: the limits of findings as they are here, and norms."""
    limits = references(in_force(context.settings).table)
    return PublishedLimits(
        name=name,
        references=[reference_out(one) for one in limits if one.quantity == name],
        norms=[published_norm_out(one) for one in norms().get(name, ())],
    )


def _out(row: export.MeasuredStudy) -> MeasuredOut:
    copied = {column: getattr(row, column) for column in (*_COLUMNS, "reason_coded")}
    return MeasuredOut.model_validate(copied | {"study_date": calendar_date(row.study_date)})
