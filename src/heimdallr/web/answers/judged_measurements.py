"""A study's measurements with the published limits that hold for its patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.rules.references import caveats_for, references_for
from heimdallr.domain.study import Patient
from heimdallr.publishing.schema import coded
from heimdallr.web.schemas.references import reference_out
from heimdallr.web.schemas.studies import MeasurementOut

if TYPE_CHECKING:
    from heimdallr.analyses.rules.references import Reference
    from heimdallr.domain.statements import Statement
    from heimdallr.publishing.schema import Identity, MeasurementRecord, Results

_LIVER = "liver_hu_eroded_mean"


def judged(results: Results, identity: Identity) -> list[MeasurementOut]:
    """The measurements as they are sent; only a measured number has limits."""
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
    return [_out(one, limits.get(one.name, ()), caveats) for one in results.measurements]


def _out(
    one: MeasurementRecord, limits: tuple[Reference, ...], caveats: tuple[Statement, ...]
) -> MeasurementOut:
    number = one.value if isinstance(one.value, int | float) else None
    applied = limits if number is not None else ()
    first = applied[0] if applied else None
    weakened = caveats if first else ()
    return MeasurementOut.model_validate(
        one.model_dump()
        | {
            "reference": reference_out(first) if first else None,
            "flag": first.flag(number) if first and number is not None else None,
            "other_references": [reference_out(other) for other in applied[1:]],
            "reference_caveats": [caveat.text for caveat in weakened],
            "reference_caveats_coded": [coded(caveat) for caveat in weakened],
        }
    )
