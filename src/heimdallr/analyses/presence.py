"""Whether a structure was segmented, and if not, with which status and reason it is absent.

An empty mask has several causes: the structure lies outside the scan, it was removed, it was
missed, or the weights in use do not know it. Only the first makes a measurement *not applicable*,
and only when the body region it belongs to is not covered; everything else is *not assessable*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.body_regions import covered_regions
from heimdallr.analyses.declared_outputs import Absence, inapplicable, unassessable
from heimdallr.analyses.unseen_regions import may_be_unseen
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.imaging.statistics import StructureStatistics

TRUNCATED = "truncated"
"""Code of the reason that rules and pictures ask for."""

STRAY_CM3 = 1.0
"""Below this volume a label is a stray fragment, not an organ.

Chosen, not measured: five voxels of the bundled networks (6 mm). Half of it is two of them, which
may be noise; twice it would take short pieces of vessels from the contrast phase.
"""

PLAUSIBLE_MEDIAN_HU = {
    "liver": (-40.0, 300.0),
    "spleen": (0.0, 400.0),
    "kidney_left": (-10.0, 500.0),
    "kidney_right": (-10.0, 500.0),
    "brain": (10.0, 90.0),
    **dict.fromkeys(("pancreas", "gallbladder"), (-100.0, 500.0)),
    "urinary_bladder": (-200.0, 3000.0),
    **dict.fromkeys(
        (
            *("heart", "aorta", "pulmonary_vein", "inferior_vena_cava"),
            *("portal_vein_and_splenic_vein", "iliac_artery_left", "iliac_artery_right"),
            *("iliac_vena_left", "iliac_vena_right"),
        ),
        (-20.0, 1000.0),
    ),
}
"""Between these, unenhanced and enhanced, lies the median attenuation of any such organ.

Chosen, not measured, after the bundled networks had called the air of a test object (-988 HU) a
liver (November 2026). Wide on purpose: narrower, they would refuse livers full of fat and kidneys
full of contrast; wider, a piece of fat would pass for a kidney.
"""

SEX_OF = {"prostate": "M", "uterus": "F"}
"""Structures that only patients of one sex have, by the PatientSex of those."""

SUFFICIENT_CONFIDENCE = 0.55
"""Below this the bundled networks' structures are mostly wrong. Other weights give no confidence,
and are believed.

Measured in November 2026 on 20 phantoms, eight label maps and a real CT: of the 51 structures it
refuses 35 have a Dice below 0.7; 0.60 would lose more than twice as many good ones. The table it
was read from stands in ``docs/bundled-weights.md``.
"""


def attenuation_absence(case: Case) -> Absence | None:
    """Why a CT has no attenuation; ``None`` when its voxels are Hounsfield units."""
    return None if case.attenuation_known else unassessable("attenuation_unknown")


def task_absence(case: Case, task: str) -> Absence | None:
    """Why a task's label map is not there; ``None`` when it is."""
    if task in case.segmentations:
        return None
    reason = case.skipped_tasks.get(task, Statement("not_requested"))
    return unassessable("task_not_run", task=task, reason=reason)


def structure_or_absence(
    case: Case, structure: str, *, region: str, at_least_cm3: float = STRAY_CM3
) -> StructureStatistics | Absence:
    """Statistics of a structure of the whole-body map, or why there are none.

    Args:
        case: the case.
        structure: TotalSegmentator class name.
        region: body region the structure belongs to.
        at_least_cm3: a smaller mask does not count as the structure.
    """
    if absence := task_absence(case, case.anatomy_task):
        return absence
    found = case.statistics.get(structure)
    if found is not None and found.volume_cm3 >= at_least_cm3:
        return _implausible(case, structure, found) or uncertainty(case, structure) or found
    if left_out := unknown_to_weights(case, structure):
        return left_out
    return _outside(case, structure, region) or _unrecognised(structure, found)


def _outside(case: Case, structure: str, region: str) -> Absence | None:
    """Why a structure cannot be expected in the volume, or not with certainty."""
    covered, unseen = region in covered_regions(case), may_be_unseen(case, region)
    if unseen:
        return (
            unassessable("not_in_measured_part", structure=structure, region=region)
            if covered
            else unassessable("region_not_measured", region=region)
        )
    return None if covered else inapplicable("region_not_covered", region=region)


def _unrecognised(structure: str, found: StructureStatistics | None) -> Absence:
    return (
        unassessable("not_segmented", structure=structure)
        if found is None
        else _fragment(structure, found)
    )


def _fragment(structure: str, found: StructureStatistics) -> Absence:
    return unassessable("fragment", structure=structure, volume_cm3=round(found.volume_cm3, 3))


def disbelief(case: Case, structure: str) -> Absence | None:
    """Why a segmented structure is not taken for what its label says; ``None`` when it is.

    One that is only located is believed: it is there, if not well enough drawn to be measured.
    """
    found = case.statistics[structure]
    if found.volume_cm3 < STRAY_CM3:
        return _fragment(structure, found)
    return (
        _implausible(case, structure, found)
        or _of_other_sex(case, structure)
        or _unsure(case, structure)
    )


def believed(case: Case) -> tuple[str, ...]:
    """The structures of the whole-body map that are taken for what their labels say."""
    return tuple(name for name in case.statistics if disbelief(case, name) is None)


def uncertainty(case: Case, structure: str) -> Absence | None:
    """Why a segmented structure is not to be measured: it is doubtful, always or this time."""
    if {"left", "right"}.intersection(structure.split("_")) and (unknown := unknown_side(case)):
        return unknown
    if mistaken := _of_other_sex(case, structure):
        return mistaken
    if structure in case.segmentations[case.anatomy_task].provenance.located_only:
        return unassessable("poorly_segmented", structure=structure)
    return _unsure(case, structure)


def _of_other_sex(case: Case, structure: str) -> Absence | None:
    """Whether the patient cannot have it: a prostate in a woman is none."""
    sex, needed = case.patient.sex, SEX_OF.get(structure)
    if needed and sex and sex not in (needed, "O"):
        return unassessable("other_sex", structure=structure, sex=sex)
    return None


def _unsure(case: Case, structure: str) -> Absence | None:
    """Whether the network itself doubts what it has drawn this time."""
    confidence = case.confidence(structure)
    if confidence is None or confidence >= SUFFICIENT_CONFIDENCE:
        return None
    return unassessable("unsure", structure=structure, confidence=confidence)


def unknown_side(case: Case) -> Absence | None:
    """Why left cannot be told from right, if nothing says how the patient lies."""
    if case.series.sides_known:
        return None
    return unassessable("side_unknown")


def certainty(case: Case, structure: str) -> dict[str, Scalar]:
    """The parameter ``confidence`` of a measurement; empty where the weights give none."""
    confidence = case.confidence(structure)
    return {} if confidence is None else {"confidence": confidence}


def unknown_to_weights(case: Case, structure: str) -> Absence | None:
    """Whether the weights in use were never good for this structure."""
    if structure not in case.segmentations[case.anatomy_task].provenance.left_out:
        return None
    return unassessable("left_out_by_bundled_weights", structure=structure)


def _implausible(case: Case, structure: str, found: StructureStatistics) -> Absence | None:
    """Why a mask cannot be the organ it is labelled as: a phantom's air is no liver."""
    lowest, highest = PLAUSIBLE_MEDIAN_HU.get(structure, (-np.inf, np.inf))
    if not case.attenuation_known or lowest <= found.median <= highest:
        return None
    return unassessable("mislabelled", structure=structure, median_hu=found.median)


def truncated_edges(measurement: Measurement) -> tuple[str, ...]:
    """What cuts that which was to be measured: edges of the image, a gap; empty when nothing."""
    why = measurement.why
    if why is None or why.code != TRUNCATED:
        return ()
    edges = why.parameters["edges"]
    return tuple(map(str, edges)) if isinstance(edges, tuple) else ()


def truncation(statistics: StructureStatistics) -> Absence | None:
    """Why the volume of a structure is unknown when it goes on where nothing was imaged."""
    cuts = statistics.cuts
    if not cuts:
        return None
    percent = 100 * max(cuts.values())
    return unassessable(TRUNCATED, edges=tuple(cuts), count=len(cuts), percent=percent)
