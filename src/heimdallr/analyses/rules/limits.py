"""Limits of measurements: when a number is beyond one, and for whom the limit holds."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from heimdallr.analyses.rules.severity import Severity
from heimdallr.domain.study import ADULT_YEARS, Patient

Phase = Literal["native", "arterial", "venous", "delayed"]
PARAMETER = ":"
"""``hemorrhage_alert:segmented_cm3`` is that parameter of that measurement."""

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""No text, no truth value, and nothing that no measurement could be beyond."""

_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"})
"""Categories of Unicode: control and format characters, those that are none, and breaks."""
_CITATION = re.compile(r"([^\W\d_][\w-]*)\D*(\d{4})")


def _one_line(text: str) -> str:
    if any(unicodedata.category(one) in _UNSEEN for one in text):
        msg = "a line break, or another character that is not seen, stands in it"
        raise ValueError(msg)
    return text


Line = Annotated[str, Field(max_length=500), AfterValidator(_one_line)]
"""Words of a department, which stand in titles, messages and objects."""


class Limit(BaseModel):
    """What makes a number remarkable; exactly one of the first five is given.

    Attributes:
        below: smaller values are.
        at_most: these values and smaller ones are.
        above: greater values are.
        at_least: these values and greater ones are.
        among: of a category, these are.
        measurement: what is looked at: a measurement, or ``<measurement>:<parameter>``.
        severity: how soon a person should look.
        source: publication, and whom the limit was derived from; empty where there is none.
        sex: whom it is for; ``None``: men and women.
        age_from: age in years from which it holds. Where the age is unknown it is applied, with a
            caveat.
        bmi_from: body mass index in kg/m² from which it holds.
        bmi_below: body mass index below which it holds.
        phase: contrast phase at which it holds; ``None``: any.
        kvp: tube voltages at which it holds, first and last; ``None``: any.
        usual_attenuation: holds for attenuations as usual tubes give them, not for virtual images;
            always so for measurements in HU.
        unless: not asked where this measurement has a value.
        only_with: asked only where one of these measurements has a value: what they ask of the
            images, the limit needs as well.
        normal_range: derived from people without disease: between such limits values are normal.
            Of others, thresholds of diagnosis or treatment, nothing follows within them.
        title: message for the finding's title; empty: ``finding_<code>``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measurement: Annotated[str, Field(min_length=1)]
    below: Number | None = None
    at_most: Number | None = None
    above: Number | None = None
    at_least: Number | None = None
    among: tuple[str, ...] = ()
    severity: Severity
    source: Line = ""
    sex: Literal["M", "F"] | None = None
    age_from: Number = ADULT_YEARS
    bmi_from: Number | None = None
    bmi_below: Number | None = None
    phase: Phase | None = None
    kvp: tuple[Number, Number] | None = None
    usual_attenuation: bool = False
    unless: str = ""
    only_with: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    normal_range: bool = False
    title: str = ""

    @model_validator(mode="after")
    def _one_comparison(self) -> Limit:
        bounds = (self.below, self.at_most, self.above, self.at_least)
        if sum(one is not None for one in bounds) + bool(self.among) != 1:
            msg = "give exactly one of below, at_most, above, at_least, among"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _may_hold(self) -> Limit:
        ranges = {"kvp": self.kvp, "bmi_from, bmi_below": (self.bmi_from, self.bmi_below)}
        for name, (first, last) in ((name, one) for name, one in ranges.items() if one):
            if first is not None and last is not None and first > last:
                msg = f"{name}: nothing is from {first:g} to {last:g}"
                raise ValueError(msg)
        return self

    @property
    def name(self) -> str:
        """The measurement, without its parameter."""
        return self.measurement.partition(PARAMETER)[0]

    @property
    def low(self) -> float | None:
        """The bound below which values are remarkable."""
        return self.below if self.below is not None else self.at_most

    @property
    def high(self) -> float | None:
        """The bound above which they are."""
        return self.above if self.above is not None else self.at_least

    @property
    def bound(self) -> float | None:
        """The number compared with; ``None``: a category."""
        return self.high if self.low is None else self.low

    @property
    def evidence_name(self) -> str:
        """``limit_derstine_2018``: what the limit is called among a finding's evidence."""
        found = _CITATION.search(self.source)
        return f"limit_{found[1].lower()}_{found[2]}" if found else "limit"

    def in_words(self, unit: str) -> str:
        """``SMI_cm2_m2 < 45.4 cm2/m2 (M)``: in English, for tables of rules."""
        signs = {"<": self.below, "≤": self.at_most, ">": self.above, "≥": self.at_least}
        bounds = [f"{sign} {bound:g}" for sign, bound in signs.items() if bound is not None]
        beyond = bounds[0] if bounds else f"is {' or '.join(self.among)}"
        whom = [
            *([self.sex] if self.sex else []),
            *([f"from {self.age_from:g} years"] if self.age_from not in {0, ADULT_YEARS} else []),
            *([f"BMI ≥ {self.bmi_from:g}"] if self.bmi_from is not None else []),
            *([f"BMI < {self.bmi_below:g}"] if self.bmi_below is not None else []),
            *([self.phase] if self.phase else []),
            *([f"{self.kvp[0]:g} to {self.kvp[1]:g} kVp"] if self.kvp else []),
            *([f"without {self.unless}"] if self.unless else []),
            *([f"with {' or '.join(self.only_with)}"] if self.only_with else []),
        ]
        condition = f" ({', '.join(whom)})" if whom else ""
        return f"{self.measurement} {beyond} {unit}".rstrip() + condition

    def is_crossed_by(self, value: float | str) -> bool:
        """Whether a value is beyond it."""
        if isinstance(value, str):
            return value in self.among
        return (
            (self.below is not None and value < self.below)
            or (self.at_most is not None and value <= self.at_most)
            or (self.above is not None and value > self.above)
            or (self.at_least is not None and value >= self.at_least)
        )

    def holds_for(self, patient: Patient) -> bool:
        """Whether it was made for such a patient; an unknown age does not speak against it."""
        if patient.age_years is not None and patient.age_years < self.age_from:
            return False
        if self.sex is not None and patient.sex != self.sex:
            return False
        if self.bmi_from is None and self.bmi_below is None:
            return True
        index = patient.body_mass_index
        if index is None:
            return False
        return (self.bmi_from or 0.0) <= index < (self.bmi_below or float("inf"))

    def holds_at(self, phase: str | None, kvp: float | None) -> bool:
        """Whether it was made for such an acquisition; what is unknown does not fit."""
        if self.phase is not None and phase != self.phase:
            return False
        return self.kvp is None or (kvp is not None and self.kvp[0] <= kvp <= self.kvp[1])
