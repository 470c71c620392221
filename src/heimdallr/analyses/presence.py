"""Whether a structure was segmented, and if not, with which status and reason it is absent.

An empty mask has several causes: the structure lies outside the scan, it was removed, it was
missed, or the weights in use do not know it. Only the first makes a measurement *not applicable*,
and only when the body region it belongs to is not covered; everything else is *not assessable*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.belief import SIDE_UNKNOWN, STRAY_CM3, fragment
from heimdallr.analyses.body_regions import covered_regions
from heimdallr.analyses.declared_outputs import Absence, inapplicable, unassessable
from heimdallr.analyses.unseen_regions import may_be_unseen
from heimdallr.domain.corrections import Rejection
from heimdallr.domain.measurement import Status
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.imaging.statistics import StructureStatistics

TRUNCATED = "truncated"
"""Code of the reason that rules and pictures ask for."""


def attenuation_absence(case: Case) -> Absence | None:
    """Why a CT has no attenuation; ``None`` when its voxels are Hounsfield units."""
    return None if case.attenuation_known else unassessable("attenuation_unknown")


def patient_absence(case: Case) -> Absence | None:
    """Why nothing can be said of a patient; ``None`` when the whole-body map shows one."""
    if case.anatomy_task not in case.segmentations or case.shows_a_patient:
        return None
    return unassessable("no_patient")


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
        return refusal(case, structure) or found
    if left_out := unknown_to_weights(case, structure):
        return left_out
    return (
        patient_absence(case)
        or _outside(case, structure, region)
        or _unrecognised(structure, found)
    )


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
    if found is None:
        return unassessable("not_segmented", structure=structure)
    return Absence(Status.NOT_ASSESSABLE, fragment(structure, found))


def believed(case: Case) -> tuple[str, ...]:
    """The structures of the whole-body map that are taken for what their labels say."""
    return tuple(name for name, one in case.judgements.items() if one.is_believed)


def refusal(case: Case, structure: str) -> Absence | None:
    """Why a segmented structure is not measured, the weightiest reason; ``None`` when it is."""
    reasons = case.judgements[structure].reasons
    return Absence(Status.NOT_ASSESSABLE, reasons[0]) if reasons else None


def rejection(case: Case, structure: str) -> Absence | None:
    """Why a structure of another task's map does not count: a person does not believe it.

    For those of the whole-body map :func:`refusal` says it.
    """
    reason = case.rejected.get(structure)
    if reason is None:
        return None
    return Absence(Status.NOT_ASSESSABLE, Rejection("structure", structure, reason).why)


def unsegmented(case: Case, structure: str) -> Absence:
    """Why a structure of another task's map is not there."""
    return rejection(case, structure) or unassessable("not_segmented", structure=structure)


def unknown_side(case: Case) -> Absence | None:
    """Why left cannot be told from right, if nothing says how the patient lies."""
    return None if case.series.sides_known else Absence(Status.NOT_ASSESSABLE, SIDE_UNKNOWN)


def certainty(case: Case, structure: str) -> dict[str, Scalar]:
    """The parameter ``confidence`` of a measurement; empty where the weights give none."""
    confidence = case.confidence(structure)
    return {} if confidence is None else {"confidence": confidence}


def unknown_to_weights(case: Case, structure: str) -> Absence | None:
    """Whether the weights in use were never good for this structure."""
    if structure not in case.segmentations[case.anatomy_task].provenance.left_out:
        return None
    return unassessable("left_out_by_bundled_weights", structure=structure)


def truncated_edges(measurement: Measurement) -> tuple[str, ...]:
    """What cuts that which was to be measured: edges of the image, a gap; empty when nothing."""
    why = measurement.why
    if why is None or why.code != TRUNCATED:
        return ()
    edges = why.parameters["edges"]
    return tuple(map(str, edges)) if isinstance(edges, tuple) else ()


def truncation(statistics: StructureStatistics) -> Absence | None:
    """Why the volume of a structure is unknown when it goes on where nothing was imaged."""
    return truncated_by(statistics.cuts)


def truncated_by(cuts: Mapping[str, float]) -> Absence | None:
    """The same of anything, by what cuts it and how much of it lies there."""
    if not cuts:
        return None
    percent = 100 * max(cuts.values())
    return unassessable(TRUNCATED, edges=tuple(cuts), count=len(cuts), percent=percent)
