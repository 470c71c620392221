"""Whether a structure was segmented, and if not, what that honestly means.

An empty mask has several causes: the structure lies outside the scan, it was removed, it was
missed, or the weights in use do not know it. Only the first makes a measurement *not applicable*,
and only when the body region it belongs to is not covered; everything else is *not assessable*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.body_regions import covered_regions
from heimdallr.analyses.declared_outputs import Absence, inapplicable, unassessable

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Scalar
    from heimdallr.imaging.statistics import StructureStatistics

STRAY_CM3 = 1.0
"""Below this volume a label is a stray fragment, not an organ."""


PLAUSIBLE_MEDIAN_HU = {
    "liver": (-40.0, 300.0),
    "spleen": (0.0, 400.0),
    "kidney_left": (-10.0, 500.0),
    "kidney_right": (-10.0, 500.0),
    "brain": (10.0, 90.0),
}
"""Between these, unenhanced and enhanced, lies the median attenuation of any such organ."""

SEX_OF = {"prostate": "M", "uterus": "F"}
"""Structures that only patients of one sex have, by the PatientSex of those."""

SUFFICIENT_CONFIDENCE = 0.55
"""Below this the bundled networks' structures are mostly wrong: ``docs/bundled-weights.md`` has the
table the limit was read from. Other weights give no confidence, and are believed."""


def task_absence(case: Case, task: str) -> Absence | None:
    """Why a task's label map is not there; ``None`` when it is."""
    if task in case.segmentations:
        return None
    return unassessable(f"task {task} was not run: {case.skipped_tasks.get(task, 'not requested')}")


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
    if region not in covered_regions(case):
        return inapplicable(f"the {region} is not covered by this volume")
    words = structure.replace("_", " ")
    if found is None:
        return unassessable(f"no {words} segmented in this volume")
    return unassessable(
        f"only {found.volume_cm3:.2f} cm3 of {words} segmented: a fragment, not the structure"
    )


def uncertainty(case: Case, structure: str) -> Absence | None:
    """Why a segmented structure is not to be measured: it is doubtful, always or this time."""
    words = structure.replace("_", " ")
    if {"left", "right"}.intersection(structure.split("_")) and (unknown := unknown_side(case)):
        return unknown
    if case.patient.sex in {"M", "F"} - {SEX_OF.get(structure, case.patient.sex)}:
        sex = "male" if case.patient.sex == "M" else "female"
        return unassessable(f"what is labelled {words} is none: the patient is {sex}: mislabelled")
    if structure in case.segmentations[case.anatomy_task].provenance.located_only:
        return unassessable(
            f"the bundled weights do not segment the {words} well enough to measure"
        )
    confidence = case.confidence(structure)
    if confidence is None or confidence >= SUFFICIENT_CONFIDENCE:
        return None
    return unassessable(
        f"the bundled networks are unsure of the {words} (confidence {confidence:.2f})"
    )


def unknown_side(case: Case) -> Absence | None:
    """Why left cannot be told from right, if nothing says how the patient lies."""
    if case.series.sides_known:
        return None
    return unassessable("the image does not say which side is left and which is right")


def certainty(case: Case, structure: str) -> dict[str, Scalar]:
    """The parameter ``confidence`` of a measurement; empty where the weights give none."""
    confidence = case.confidence(structure)
    return {} if confidence is None else {"confidence": confidence}


def unknown_to_weights(case: Case, structure: str) -> Absence | None:
    """Whether the weights in use were never good for this structure."""
    if structure not in case.segmentations[case.anatomy_task].provenance.left_out:
        return None
    return unassessable(f"the bundled weights do not segment the {structure.replace('_', ' ')}")


def _implausible(case: Case, structure: str, found: StructureStatistics) -> Absence | None:
    """Why a mask cannot be the organ it is labelled as: a phantom's air is no liver."""
    lowest, highest = PLAUSIBLE_MEDIAN_HU.get(structure, (-np.inf, np.inf))
    if case.modality != "CT" or lowest <= found.median <= highest:
        return None
    words = structure.replace("_", " ")
    return unassessable(f"what is labelled {words} measures {found.median:.0f} HU: mislabelled")


def truncation(statistics: StructureStatistics) -> Absence | None:
    """Why the volume of a structure is unknown when it is cut by the edge of the image."""
    if not statistics.truncated_at:
        return None
    edges = " and ".join(statistics.truncated_at)
    plural = "s" if len(statistics.truncated_at) > 1 else ""
    return unassessable(f"truncated at {edges} edge{plural}")
