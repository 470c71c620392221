"""The analyses, in the order they are run, and the one way to run them.

To add one: write its module (``OUTPUTS``, ``READS`` and ``measure``), its test, and one line here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from heimdallr.analyses import (
    aortic_calcium,
    aortic_diameters,
    body_regions,
    bone_density,
    cerebral_haemorrhage,
    contrast_phase,
    coronary_calcium,
    effusions,
    emphysema,
    kidney_stones,
    level_naming,
    liver_steatosis,
    lung_nodules,
    organ_density,
    organ_size,
    organ_volumetry,
    other_networks,
    sarcopenia_l3,
    structures,
    tissue_composition,
    ventricles,
    vertebral_fracture,
)
from heimdallr.analyses.changed_inputs import differences
from heimdallr.analyses.declared_outputs import Absence, all_absent
from heimdallr.domain.measurement import Status
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from heimdallr.analyses.case import Analysis, Case
    from heimdallr.analyses.changed_inputs import Change
    from heimdallr.domain.measurement import Measurement

ANALYSES: Mapping[str, Analysis] = {
    "body_regions": body_regions,
    "level_naming": level_naming,
    "contrast_phase": contrast_phase,
    "organ_volumetry": organ_volumetry,
    "organ_density": organ_density,
    "organ_size": organ_size,
    "liver_steatosis": liver_steatosis,
    "tissue_composition": tissue_composition,
    "sarcopenia_l3": sarcopenia_l3,
    "vertebral_fracture": vertebral_fracture,
    "bone_density": bone_density,
    "aortic_diameters": aortic_diameters,
    "cerebral_haemorrhage": cerebral_haemorrhage,
    "ventricles": ventricles,
    "lung_nodules": lung_nodules,
    "effusions": effusions,
    "kidney_stones": kidney_stones,
    "aortic_calcium": aortic_calcium,
    "coronary_calcium": coronary_calcium,
    "emphysema": emphysema,
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
        found = _measured(name, analysis, case)
        case = case.with_facts(found)
        results.extend(found)
    return tuple(results)


def run_changed(
    case: Case,
    earlier: Case,
    before: Iterable[Measurement],
    changed: Collection[Change],
    *,
    again: Collection[str] = (),
) -> tuple[tuple[Measurement, ...], frozenset[str]]:
    """Every measurement of a case that a person changed: those of :func:`run_all`, in less time.

    Only those analyses are run whose inputs (``READS``) are others now, or that rest on a result
    which is another now.

    Args:
        case: as it is.
        earlier: as it was: the same image and tasks.
        before: all measurements of that, by this version of the analyses.
        changed: task and structure of every mask that differs.
        again: analyses to run in any case, of which ``before`` does not hold what they measured.

    Returns:
        All measurements, and which analyses were run.
    """
    differ = differences(case, earlier, changed)
    own: defaultdict[str, list[Measurement]] = defaultdict(list)
    for one in before:
        own[one.analysis].append(one)
    results: list[Measurement] = []
    others: set[str] = set()
    run: set[str] = set()
    for name, analysis in ANALYSES.items():
        found = tuple(own[name])
        lacks = {one.name for one in analysis.OUTPUTS if not one.is_template}
        lacks -= {one.name for one in found}
        if lacks or name in again or differ.concern(analysis.READS, others):
            found = _measured(name, analysis, case)
            others |= _others(own[name], found)
            run.add(name)
        case = case.with_facts(found)
        results.extend(found)
    return tuple(results), frozenset(run)


def _measured(name: str, analysis: Analysis, case: Case) -> tuple[Measurement, ...]:
    """What an analysis measures; failed where it breaks."""
    try:
        found = analysis.measure(case)
    except Exception as error:  # noqa: BLE001 - the edge of a stage: recorded, not hidden
        broke = Statement("analysis_broke", {"analysis": name, "error": type(error).__name__})
        found = all_absent(analysis.OUTPUTS, Absence(Status.FAILED, broke))
    return tuple(replace(measurement, analysis=name) for measurement in found)


def _others(before: Iterable[Measurement], after: Iterable[Measurement]) -> set[str]:
    """Names of the measurements that are not as they were."""
    was, now = ({one.name: one for one in measured} for measured in (before, after))
    return {name for name in was.keys() | now.keys() if was.get(name) != now.get(name)}
