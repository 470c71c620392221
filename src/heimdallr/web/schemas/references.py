"""Published limits of measurements."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from heimdallr.analyses.rules.references import Reference
from heimdallr.web.schemas.common import Schema


class AppliesTo(Schema):
    """Whom a limit holds for; what is null does not matter."""

    adults: Literal[True] = Field(description="no limit is applied under 18 years")
    sex: Literal["M", "F"] | None = Field(examples=["F"])
    bmi_from: float | None = Field(examples=[25.0], description="kg/m², this and more")
    bmi_below: float | None = Field(examples=[None], description="kg/m²")
    contrast_phase: Literal["native"] | None = Field(examples=["native"])
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


def reference_out(one: Reference) -> ReferenceOut:
    """A limit as it is sent."""
    kvp_from, kvp_to = one.kvp or (None, None)
    return ReferenceOut(
        low=one.low,
        high=one.high,
        unit=one.unit,
        source=one.source,
        applies_to=AppliesTo(
            adults=True,
            sex=one.sex,
            bmi_from=one.bmi_from,
            bmi_below=one.bmi_below,
            contrast_phase="native" if one.unenhanced else None,
            kvp_from=kvp_from,
            kvp_to=kvp_to,
        ),
    )
