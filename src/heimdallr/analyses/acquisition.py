"""The acquisition (phase, kVp, kernel), given as parameters of every number in Hounsfield units."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Scalar

ACQUISITION = ("contrast_phase",)
"""Measurements it is read from."""


GATED, GATING_UNKNOWN = "gated", "unknown"


def ecg_gating(case: Case) -> str:
    """Whether the heart was held still by its electrocardiogram, as far as the header tells."""
    return GATED if case.series.gated else GATING_UNKNOWN


def acquisition(case: Case) -> dict[str, Scalar]:
    """Contrast phase, tube voltage, kernel, energy and compression; only what is known."""
    phase, series = case.facts.get("contrast_phase"), case.series
    known: dict[str, Scalar] = {
        "contrast_phase": phase.value if phase else None,
        "kvp": series.kvp,
        "kernel": series.kernel or None,
        "computed_as": series.spectral.value if series.spectral else None,
        "energy_kev": series.energy_kev,
        "lossy_compression": str(series.lossy) if series.lossy else None,
    }
    return {name: value for name, value in known.items() if value is not None}
