"""Where a case's measurements stand among people like its patient, by published norms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.rules import norms
from heimdallr.domain.study import PixelValues
from heimdallr.publishing.judgements import patient_of
from heimdallr.publishing.stored_measurements import contrast_phase_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heimdallr.analyses.rules.norms import Standing
    from heimdallr.domain.statements import Language
    from heimdallr.publishing.schema import Identity, Results


def standings(results: Results, identity: Identity) -> dict[str, tuple[Standing, ...]]:
    """Measured number → where it stands by each norm, or why a norm says nothing of it."""
    patient = patient_of(identity)
    usual = results.provenance.pixel_values is PixelValues.ATTENUATION
    found = {
        one.name: norms.standings(
            one.name,
            one.value,
            patient,
            native=contrast_phase_of(results) == "native",
            usual_attenuation=usual,
        )
        for one in results.measurements
        if isinstance(one.value, int | float)
    }
    return {name: of for name, of in found.items() if of}


def compared(of: Iterable[Standing], language: Language) -> tuple[str, ...]:
    """Those that say where a value stands, in words, with the people compared with."""
    return tuple(
        f"{one.said.in_language(language)}: {one.group.in_language(language)}"
        for one in of
        if one.group is not None
    )
