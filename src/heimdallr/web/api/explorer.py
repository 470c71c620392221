"""Measurements over a cohort: how one is distributed, and two against each other."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from heimdallr.store.reading.cohort import gather, pairs
from heimdallr.web.access import REFUSALS, Reader, audit
from heimdallr.web.answers.distribution import distribution
from heimdallr.web.api.measurements import CohortQuery
from heimdallr.web.context import Ctx
from heimdallr.web.schemas.explorer import (
    DistributionOut,
    MeasurementPairs,
    MeasurementSummary,
    PointOut,
)

router = APIRouter(prefix="/api/v1/measurements", tags=["measurements"], responses=REFUSALS)

_NAME = r"^[A-Za-z0-9_.]{1,100}$"
"""Of a measurement; it stands in the audit trail."""


class SummaryQuery(CohortQuery):
    """Which measurement of which studies."""

    name: Annotated[
        str, Query(pattern=_NAME, description="of the measurement", examples=["liver_vol_cm3"])
    ]
    bins: Annotated[int, Query(ge=1, le=200, description="of the histogram")] = 30


class PairsQuery(CohortQuery):
    """Which two measurements of which studies."""

    x: Annotated[
        str,
        Query(pattern=_NAME, description="a measurement, or `age_years`", examples=["age_years"]),
    ]
    y: Annotated[
        str,
        Query(
            pattern=_NAME, description="a measurement, or `age_years`", examples=["liver_vol_cm3"]
        ),
    ]
    limit: Annotated[int, Query(ge=1, le=5000, description="points at most")] = 5000


@router.get("/summary")
def summarize_measurement(
    request: Request, context: Ctx, who: Reader, query: Annotated[SummaryQuery, Query()]
) -> MeasurementSummary:
    """How a measurement is distributed over a cohort, and of how many studies there is none."""
    audit(request, who, "measurements.summary", details=query.name)
    with context.database.read() as session:
        found = gather(session, query.name, query.cohort())
    described = distribution(found.values, query.bins)
    return MeasurementSummary(
        name=query.name,
        unit=found.unit,
        by_status=dict(found.by_status),
        distribution=DistributionOut.model_validate(described) if described else None,
        by_category=dict(found.by_word),
    )


@router.get("/pairs")
def pair_measurements(
    request: Request, context: Ctx, who: Reader, query: Annotated[PairsQuery, Query()]
) -> MeasurementPairs:
    """Two measurements, or one and the age, of each study that has both; for a scatter plot."""
    audit(request, who, "measurements.pairs", details=f"{query.x} {query.y}")
    with context.database.read() as session:
        found = pairs(session, query.x, query.y, query.cohort(), limit=query.limit)
    return MeasurementPairs(
        x=query.x,
        y=query.y,
        x_unit=found.x_unit,
        y_unit=found.y_unit,
        points=[PointOut.model_validate(one) for one in found.points],
        total=found.total,
        at_least=found.at_least,
    )
