"""The acquisition (phase, kVp, kernel), given as parameters of every number in Hounsfield units."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Scalar


def acquisition(case: Case) -> dict[str, Scalar]:
    """Contrast phase, tube voltage and convolution kernel; only what is known."""
    phase = case.facts.get("contrast_phase")
    known: dict[str, Scalar] = {
        "contrast_phase": phase.value if phase else None,
        "kvp": case.series.kvp,
        "kernel": case.series.kernel or None,
    }
    return {name: value for name, value in known.items() if value is not None}
