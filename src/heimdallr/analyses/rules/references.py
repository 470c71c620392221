"""Published limits of the measurements, each with the patients it holds for.

They are those the findings use, no others, and all for adults. A value beyond a limit is a reason
to look, not a diagnosis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from heimdallr.analyses.rules.findings import (
    ADULT_YEARS,
    AGE_CAVEAT,
    BOYCE,
    FATTY_LIVER_HU,
    LARGEST_SPLEEN_CM3,
    PRASSOPOULOS,
    STEATOSIS_KVP,
)
from heimdallr.analyses.rules.muscle_cutoffs import BMI_LIMIT, CUTOFFS, Cutoff, cutoffs_for
from heimdallr.analyses.sarcopenia_l3 import HU_MEAN, SMA, SMI

if TYPE_CHECKING:
    from heimdallr.domain.statements import Statement
    from heimdallr.domain.study import Patient

Flag = Literal["low", "high", "normal"]
_UNITS = {output.name: output.unit for output in (SMA, SMI, HU_MEAN)}


@dataclass(frozen=True, slots=True)
class Reference:
    """A published limit.

    Attributes:
        quantity: name of the measurement.
        low: a value below it is low; ``None``: there is no such limit.
        high: a value above it is high.
        source: citation, and whom it was derived from.
        sex: whom it is for; ``None``: men and women.
        bmi_from: body mass index in kg/m² from which it holds.
        bmi_below: body mass index below which it holds.
        unenhanced: valid on unenhanced CT only.
        kvp: tube voltages at which it holds, first and last; ``None``: any.
    """

    quantity: str
    low: float | None
    high: float | None
    unit: str
    source: str
    sex: Literal["M", "F"] | None = None
    bmi_from: float | None = None
    bmi_below: float | None = None
    unenhanced: bool = False
    kvp: tuple[float, float] | None = None

    def flag(self, value: float) -> Flag:
        """Where a value lies; ``normal``: not beyond the limit there is."""
        if self.low is not None and value < self.low:
            return "low"
        if self.high is not None and value > self.high:
            return "high"
        return "normal"


def _of_muscle(cutoff: Cutoff) -> Reference:
    return Reference(
        cutoff.quantity,
        low=cutoff.limit,
        high=None,
        unit=_UNITS[cutoff.quantity],
        source=cutoff.source,
        sex=cutoff.sex,
        bmi_from=BMI_LIMIT if cutoff.heavy else None,
        bmi_below=BMI_LIMIT if cutoff.heavy is False else None,
        unenhanced=cutoff.unenhanced,
    )


SPLEEN = Reference(
    "spleen_vol_cm3", low=None, high=LARGEST_SPLEEN_CM3, unit="cm3", source=PRASSOPOULOS
)
LIVER = Reference(
    "liver_hu_eroded_mean",
    low=FATTY_LIVER_HU,
    high=None,
    unit="HU",
    source=BOYCE,
    unenhanced=True,
    kvp=STEATOSIS_KVP,
)
REFERENCES = (*map(_of_muscle, CUTOFFS), SPLEEN, LIVER)
"""All of them; of one quantity, those derived from healthy people first."""


def references_for(
    patient: Patient, *, native: bool, kvp: float | None
) -> dict[str, tuple[Reference, ...]]:
    """Measurement → the limits that hold for a patient; none for whoever is known to be under 18.

    Args:
        patient: sex, age, height and weight count.
        native: whether the CT is unenhanced.
        kvp: its tube voltage, where that is known.
    """
    if patient.age_years is not None and patient.age_years < ADULT_YEARS:
        return {}
    found: dict[str, tuple[Reference, ...]] = {}
    for one in (*map(_of_muscle, cutoffs_for(patient)), SPLEEN, LIVER):
        if one.unenhanced and not native:
            continue
        if one.kvp is not None and (kvp is None or not one.kvp[0] <= kvp <= one.kvp[1]):
            continue
        found[one.quantity] = (*found.get(one.quantity, ()), one)
    return found


def caveats_for(patient: Patient) -> tuple[Statement, ...]:
    """What weakens every limit for a patient."""
    return (AGE_CAVEAT,) if patient.age_years is None else ()
