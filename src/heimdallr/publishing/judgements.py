"""A case's measurements with the published limits that hold for its patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.analyses.rules.references import caveats_for, references_for
from heimdallr.domain.study import Patient

if TYPE_CHECKING:
    from heimdallr.analyses.rules.references import Flag, Reference
    from heimdallr.domain.statements import Statement
    from heimdallr.publishing.schema import Identity, MeasurementRecord, Results

_LIVER = "liver_hu_eroded_mean"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A measured number beside its limits.

    Attributes:
        limits: those that hold for the patient, the one that decides first; at least one.
        flag: where the number lies, by the first.
        caveats: what weakens the limits.
    """

    limits: tuple[Reference, ...]
    flag: Flag
    caveats: tuple[Statement, ...]


def judgements(results: Results, identity: Identity) -> dict[str, Judgement]:
    """Measurement → its limits; only measured numbers for which there are any."""
    patient = Patient(
        sex=identity.sex,
        age_years=identity.age_years,
        height_m=identity.height_m,
        weight_kg=identity.weight_kg,
    )
    by_name = {one.name: one for one in results.measurements}
    phase, liver = by_name.get("contrast_phase"), by_name.get(_LIVER)
    kvp = liver.parameters.get("kvp") if liver else None
    limits = references_for(
        patient,
        native=phase is not None and phase.value == "native",
        kvp=float(kvp) if isinstance(kvp, int | float) else None,
    )
    caveats = caveats_for(patient)
    return {
        one.name: Judgement(limits[one.name], limits[one.name][0].flag(number), caveats)
        for one in results.measurements
        if one.name in limits and (number := _number(one)) is not None
    }


def _number(one: MeasurementRecord) -> float | None:
    return one.value if isinstance(one.value, int | float) else None
