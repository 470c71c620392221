"""A patient's measurements over their studies."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from heimdallr.analyses.rules.change import Verdict
from heimdallr.analyses.rules.nodule_growth import NotPaired
from heimdallr.publishing.schema import CodedStatement
from heimdallr.store.reading.history import Doubt, NotCompared
from heimdallr.web.schemas.common import Schema


class ExaminedOut(Schema):
    """A study of the patient, and its numbers."""

    study_id: int = Field(examples=[17])
    current: bool = Field(description="the study that was asked about")
    study_date: date | None = Field(examples=["2026-02-01"])
    study_time: str | None
    description: str
    modality: str = Field(examples=["CT"])
    same_name: bool = Field(
        description="names the patient in the same words; false: look before trusting a trend"
    )
    not_compared: NotCompared | None = Field(
        description=(
            "why a difference to the study that was asked about need not be the patient's: "
            "`other_modality`; `bundled_weights`: measured with them, and that study was not; "
            "`other_weights`: the reverse; null where numbers can be compared"
        )
    )
    contrast_phase: str | None = Field(
        examples=["native"], description="as measured; density depends on it"
    )
    notices: list[str] = Field(examples=[["bundled weights — not for clinical use"]])
    notices_coded: list[CodedStatement]
    values: dict[str, float] = Field(
        examples=[{"liver_vol_cm3": 1523.45}], description="name → number; only what was measured"
    )


class NoduleOut(Schema):
    """A lung nodule, and what became of it since the earlier study."""

    number: int = Field(description="its rank in this study", examples=[1])
    earlier_number: int | None = Field(
        description="its rank in the earlier one; null where it is not found there for certain"
    )
    why_not: NotPaired | None = Field(
        description=(
            "`not_seen_before`: nothing lay near; `several_near`: more than one could be meant; "
            "`lobe_not_whole`: its lobe was not wholly in view; `not_all_listed`: one of the "
            "studies has nodules that it does not list, and one of them could be meant"
        )
    )
    volume_mm3: float
    earlier_volume_mm3: float | None
    verdict: Verdict | None = Field(description="`no_change`: less than a quarter of its volume")
    doubling_days: float | None = Field(
        description="volume doubling time, where it has grown over 60 days and more"
    )


class NoduleComparisonOut(Schema):
    """The lung nodules of the study against the patient's last CT before it that shows them."""

    study_id: int = Field(description="the earlier study", examples=[12])
    study_date: date | None
    nodules: list[NoduleOut] = Field(description="the largest first")


class StudyHistory(Schema):
    """The numbers of the patient's studies."""

    doubt: Doubt | None = Field(
        description=(
            "why only the study itself is told: it has no PatientID, or its images name "
            "different patients; null when the patient is certain"
        )
    )
    studies: list[ExaminedOut] = Field(
        description="by study date, those without one first; the study itself is among them"
    )
    units: dict[str, str] = Field(examples=[{"liver_vol_cm3": "cm3"}], description="name → unit")
    left_out: int = Field(
        description=(
            "studies of the same PatientID that are probably somebody else's: another sex, no "
            "word of the name in common, or images that name different patients"
        )
    )
    further: int = Field(description="older studies beyond the limit")
    nodules: NoduleComparisonOut | None = Field(
        description="null where no lung nodule can be compared"
    )
