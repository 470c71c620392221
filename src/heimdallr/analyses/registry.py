"""The analyses, in the order they are run, and the one way to run them.

To add one: write its module (``OUTPUTS`` and ``measure``), its test, and one line here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from heimdallr.analyses import (
    body_regions,
    cerebral_haemorrhage,
    contrast_phase,
    level_naming,
    organ_density,
    organ_volumetry,
    other_networks,
    sarcopenia_l3,
    structures,
    tissue_composition,
)
from heimdallr.analyses.declared_outputs import Absence, all_absent
from heimdallr.domain.measurement import Status
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.analyses.case import Analysis, Case
    from heimdallr.domain.measurement import Measurement

ANALYSES: Mapping[str, Analysis] = {
    "body_regions": body_regions,
    "level_naming": level_naming,
    "contrast_phase": contrast_phase,
    "organ_volumetry": organ_volumetry,
    "organ_density": organ_density,
    "tissue_composition": tissue_composition,
    "sarcopenia_l3": sarcopenia_l3,
    "cerebral_haemorrhage": cerebral_haemorrhage,
    "structures": structures,
    "other_networks": other_networks,
}
"""Name → analysis. Later ones see the results of earlier ones in ``Case.facts``."""


def run_all(case: Case, analyses: Mapping[str, Analysis] = ANALYSES) -> tuple[Measurement, ...]:
    """Every measurement of a case.

    An analysis that raises costs its own measurements only: each output with a fixed name becomes
    ``failed`` with the kind of error. The error's text is left out, it might quote a header.
    """
    results: list[Measurement] = []
    for name, analysis in analyses.items():
        try:
            found = analysis.measure(case)
        except Exception as error:  # noqa: BLE001 - the edge of a stage: recorded, not hidden
            broke = Statement("analysis_broke", {"analysis": name, "error": type(error).__name__})
            found = all_absent(analysis.OUTPUTS, Absence(Status.FAILED, broke))
        stamped = tuple(replace(measurement, analysis=name) for measurement in found)
        case = case.with_facts(stamped)
        results.extend(stamped)
    return tuple(results)
