"""Published limits of measurements."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from heimdallr.analyses.rules.limits import Limit, Phase
from heimdallr.analyses.rules.norms import Figure, Norm, Standing
from heimdallr.analyses.rules.references import Reference
from heimdallr.publishing.schema import CodedStatement, coded
from heimdallr.web.schemas.common import Schema


class AppliesTo(Schema):
    """Whom a limit holds for; what is null does not matter."""

    age_from: float = Field(examples=[18.0], description="years; applied where age is unknown")
    sex: Literal["M", "F"] | None = Field(examples=["F"])
    bmi_from: float | None = Field(examples=[25.0], description="kg/m², this and more")
    bmi_below: float | None = Field(examples=[None], description="kg/m²")
    contrast_phase: Phase | None = Field(examples=["native"])
    kvp_from: float | None = Field(examples=[110.0])
    kvp_to: float | None = Field(examples=[130.0])


class ReferenceOut(Schema):
    """A published limit: a reason to look where a value is beyond it, not a diagnosis."""

    low: float | None = Field(examples=[34.4], description="below it a value is low")
    high: float | None = Field(examples=[None], description="above it a value is high")
    unit: str = Field(examples=["cm2/m2"])
    source: str = Field(
        examples=["Derstine 2018, Sci Rep 8:11369 (healthy donors, mean - 2 SD, unenhanced CT)"]
    )
    applies_to: AppliesTo


class NormOut(Schema):
    """Where a value stands among people like the patient, or why a norm says nothing of it."""

    said: str = Field(
        examples=["z -1.0, percentile 16 of a normal distribution (Tonnesen 2024)"],
        description="the standing, or the reason",
    )
    said_coded: CodedStatement
    group: str | None = Field(
        examples=["women of 55 to 64 years"], description="compared with; null: not compared"
    )
    group_coded: CodedStatement | None
    z: float | None = Field(examples=[-1.0], description="where mean and SD are published")
    percentile: float | None = Field(
        examples=[15.9], description="of a normal distribution with this z"
    )
    source: str = Field(examples=["Tonnesen 2024, Invest Radiol 59:259 (Framingham Heart Study)"])
    population: str = Field(examples=["1,859 women of 33 to 92 years, unenhanced CT"])


class NormFigureOut(Schema):
    """What a publication says of one group: a percentile, mean and SD, or a limit."""

    sex: Literal["M", "F"] | None = Field(examples=["F"])
    age_from: float = Field(examples=[55.0], description="first age in years")
    age_below: float = Field(examples=[65.0], description="first age that is no longer meant")
    bmi_from: float | None = Field(examples=[None], description="kg/m², this and more")
    bmi_below: float | None = Field(examples=[None], description="kg/m²")
    unenhanced: bool = Field(description="holds for unenhanced CT alone")
    group: str = Field(examples=["women of 55 to 64 years"])
    group_coded: CodedStatement
    percentile: float | None = Field(examples=[None])
    value: float | None = Field(examples=[None], description="at that percentile")
    mean: float | None = Field(examples=[110.6], description="at the first age")
    sd: float | None = Field(examples=[16.3])
    per_year: float = Field(examples=[0.0], description="change of the mean with each year of age")
    limit: float | None = Field(examples=[None])


class PublishedNormOut(Schema):
    """A publication's figures for one measurement."""

    source: str = Field(examples=["Tonnesen 2024, Invest Radiol 59:259 (Framingham Heart Study)"])
    population: str = Field(examples=["1,859 women of 33 to 92 years, unenhanced CT"])
    remark: str = Field(examples=["The table of men could not be read."])
    figures: list[NormFigureOut]


class PublishedLimits(Schema):
    """What is published about a measurement: limits of findings, and norms."""

    name: str = Field(examples=["SMA_cm2"])
    references: list[ReferenceOut] = Field(description="as the rules have them here")
    norms: list[PublishedNormOut]


def norm_out(one: Standing) -> NormOut:
    """A standing as it is sent."""
    return NormOut(
        said=one.said.text,
        said_coded=coded(one.said),
        group=one.group.text if one.group else None,
        group_coded=coded(one.group) if one.group else None,
        z=one.z,
        percentile=one.percentile,
        source=one.source,
        population=one.population,
    )


def reference_out(one: Reference) -> ReferenceOut:
    """A limit as it is sent."""
    return ReferenceOut(
        low=one.low,
        high=one.high,
        unit=one.unit,
        source=one.source,
        applies_to=applies_to(one.limit),
    )


def applies_to(limit: Limit) -> AppliesTo:
    """Whom a limit holds for, as it is sent."""
    kvp_from, kvp_to = limit.kvp or (None, None)
    return AppliesTo(
        age_from=limit.age_from,
        sex=limit.sex,
        bmi_from=limit.bmi_from,
        bmi_below=limit.bmi_below,
        contrast_phase=limit.phase,
        kvp_from=kvp_from,
        kvp_to=kvp_to,
    )


def published_norm_out(one: Norm) -> PublishedNormOut:
    """A publication's figures as they are sent."""
    return PublishedNormOut(
        source=one.source,
        population=one.population,
        remark=one.remark,
        figures=[_figure(figure) for figure in one.figures],
    )


def _figure(one: Figure) -> NormFigureOut:
    group = one.group
    return NormFigureOut(
        sex="F" if group.sex == "F" else "M" if group.sex == "M" else None,
        age_from=group.age_from,
        age_below=group.age_below,
        bmi_from=group.bmi_from,
        bmi_below=group.bmi_below,
        unenhanced=one.unenhanced,
        group=group.said.text,
        group_coded=coded(group.said),
        percentile=one.percentile,
        value=one.value,
        mean=one.mean,
        sd=one.sd,
        per_year=one.per_year,
        limit=one.limit,
    )
