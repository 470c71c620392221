"""Measurements across studies."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from heimdallr.publishing.schema import CodedStatement
from heimdallr.web.schemas.common import Schema
from heimdallr.web.schemas.references import ReferenceOut

Status = Literal["measured", "not_applicable", "not_assessable", "failed"]


class MeasuredOut(Schema):
    """A measurement, and what of its study an evaluation needs."""

    study_id: int
    study_date: date | None
    modality: str
    sex: str | None
    age_years: float | None
    name: str = Field(examples=["liver_vol_cm3"])
    value: float | None = Field(description="a number", examples=[1523.45])
    text: str | None = Field(description="a category, where it is no number")
    unit: str = Field(examples=["cm3"])
    status: Status
    reason: str = Field(description="why there is no value")
    reason_coded: CodedStatement | None
    structure: str | None


class MeasuredPage(Schema):
    """Measurements of some studies, each with all of its own, in the order of their numbers."""

    measurements: list[MeasuredOut]
    next: int | None = Field(description="`after` of the next page; null on the last one")


class CatalogueEntry(Schema):
    """A measurement that is made, and how."""

    name: str = Field(examples=["<structure>_vol_cm3"], description="`<…>` stands for one of many")
    unit: str
    meaning: str
    analysis: str
    flat: bool = Field(description="a top-level key of `resultados.json` as well")
    references: list[ReferenceOut] = Field(
        description="published limits; a study's own measurements name those that hold for it"
    )


class AnalysisOut(Schema):
    """An analysis, in the words of its own documentation."""

    name: str = Field(examples=["sarcopenia_l3"])
    title: str
    text: str = Field(description="definition, method, how to read it; Markdown")


class Catalogue(Schema):
    """Everything that is measured."""

    analyses: list[AnalysisOut]
    measurements: list[CatalogueEntry]


class NameOut(Schema):
    """A name under which the studies here have something."""

    name: str = Field(examples=["liver_vol_cm3"])
    unit: str = Field(examples=["cm3"])


class Names(Schema):
    """All of them, sorted."""

    names: list[NameOut]
