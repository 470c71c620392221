"""A measurement over a cohort, and two against each other."""

from __future__ import annotations

from pydantic import Field

from heimdallr.store.reading.cohort import Sex
from heimdallr.web.schemas.common import Schema
from heimdallr.web.schemas.measurements import Status


class DistributionOut(Schema):
    """How the measured numbers are distributed."""

    count: int = Field(examples=[3])
    min: float = Field(examples=[1100.0])
    max: float = Field(examples=[1900.0])
    mean: float = Field(examples=[1500.0])
    sd: float | None = Field(examples=[400.0], description="of the sample; null for one number")
    q1: float = Field(examples=[1300.0])
    median: float = Field(examples=[1500.0])
    q3: float = Field(examples=[1700.0])
    edges: list[float] = Field(
        examples=[[1100.0, 1500.0, 1900.0]], description="of the bins; one more than `counts`"
    )
    counts: list[int] = Field(
        examples=[[1, 2]],
        description="numbers in each bin; one on an edge belongs to the bin above it",
    )


class MeasurementSummary(Schema):
    """What a cohort has under one name; one value for each study, of its newest results."""

    name: str = Field(examples=["liver_vol_cm3"])
    unit: str = Field(examples=["cm3"])
    by_status: dict[Status, int] = Field(
        examples=[{"measured": 3, "not_assessable": 1}],
        description="status → studies; what no study has is left out",
    )
    distribution: DistributionOut | None = Field(description="of numbers; null without any")
    by_category: dict[str, int] = Field(
        examples=[{"native": 12, "venous": 30}],
        description="category → studies, where it is no number",
    )


class PointOut(Schema):
    """Two numbers of one study."""

    study_id: int = Field(examples=[17])
    x: float = Field(examples=[66.0])
    y: float = Field(examples=[1523.45])
    sex: Sex | None = Field(examples=["F"])
    age_years: float | None = Field(examples=[66.0])


class MeasurementPairs(Schema):
    """Studies in which both were measured."""

    x: str = Field(examples=["age_years"])
    y: str = Field(examples=["liver_vol_cm3"])
    x_unit: str = Field(examples=["years"])
    y_unit: str = Field(examples=["cm3"])
    points: list[PointOut] = Field(description="those received last first")
    total: int = Field(
        description="studies that have both, as far as they were counted; there may be fewer points"
    )
    at_least: bool = Field(description="there may be more than `total`")
