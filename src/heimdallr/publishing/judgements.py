"""A case's measurements with the published limits that hold for its patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.analyses.rules.findings import Told
from heimdallr.analyses.rules.references import caveats_for, references_for
from heimdallr.domain.study import Patient, PixelValues
from heimdallr.publishing.stored_measurements import stored_kvp, stored_measurement
from heimdallr.publishing.stored_rules import stored_rules

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heimdallr.analyses.rules.references import Flag, Reference
    from heimdallr.domain.statements import Statement
    from heimdallr.publishing.schema import Identity, MeasurementRecord, Results


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
    measured = [one for one in results.measurements if one.value is not None]
    told = told_of(results, identity, measured)
    limits = references_for(told, stored_rules(results))
    caveats = caveats_for(told.patient)
    return {
        one.name: _judged(limits[one.name], number, caveats)
        for one in results.measurements
        if one.name in limits and (number := _number(one)) is not None
    }


def told_of(
    results: Results, identity: Identity, measurements: Iterable[MeasurementRecord]
) -> Told:
    """What rules and limits ask of a published case; where its structures lie is not told.

    Args:
        results: how the case was measured.
        identity: whose it is.
        measurements: what is asked about.
    """
    return Told(
        patient=patient_of(identity),
        usual_attenuation=results.provenance.pixel_values is PixelValues.ATTENUATION,
        kvp=stored_kvp(results),
        measurements={one.name: stored_measurement(one) for one in measurements},
        middle_slices={},
    )


def patient_of(identity: Identity) -> Patient:
    """What limits and norms go by."""
    return Patient(
        sex=identity.sex,
        age_years=identity.age_years,
        height_m=identity.height_m,
        weight_kg=identity.weight_kg,
    )


def _judged(
    limits: tuple[Reference, ...], value: float, caveats: tuple[Statement, ...]
) -> Judgement:
    """The first limit decides, or the first on the other side where a value is beyond that."""
    first = limits[0]
    other = next((one for one in limits if (one.low is None) != (first.low is None)), first)
    decides = first if other.flag(value) == "normal" else other
    ordered = (decides, *(one for one in limits if one is not decides))
    return Judgement(ordered, decides.flag(value), caveats)


def _number(one: MeasurementRecord) -> float | None:
    return one.value if isinstance(one.value, int | float) else None
