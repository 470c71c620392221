"""Between two states of a case: what is another now of all that analyses read.

A change of one structure is more than its voxels: others may be believed no more, regions may come
into view, vertebrae lose their names. All of that is worked out of both states and compared. What
cannot have changed is taken over from the earlier state and not worked out again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.analyses.unseen_regions import coverage
from heimdallr.analyses.vertebral_levels import BEARING
from heimdallr.segmentation.anatomy.body import TASK as BODY_TASK

if TYPE_CHECKING:
    from collections.abc import Collection

    from heimdallr.analyses.case import Case
    from heimdallr.analyses.declared_inputs import Reads

Change = tuple[str, str]
"""Task and structure of a mask that is another now."""


@dataclass(frozen=True, slots=True)
class Differences:
    """What is another now.

    Attributes:
        structures: of the whole-body map, by voxels or by what is believed of them.
        tasks: other tasks with such a structure.
        levels: which vertebra is which, or on what it rests.
        coverage: which regions are in view or may be unseen, or whether there is a patient.
        patient: sex, age, height or weight.
    """

    structures: frozenset[str]
    tasks: frozenset[str]
    levels: bool
    coverage: bool
    patient: bool

    def concern(self, reads: Reads, measurements: Collection[str]) -> bool:
        """Whether an analysis that reads this may measure something else now.

        Args:
            reads: what it declares.
            measurements: names of those by earlier analyses that are others now.
        """
        return (
            not self.structures.isdisjoint(reads.structures)
            or (reads.whole_map and bool(self.structures))
            or not self.tasks.isdisjoint(reads.tasks)
            or (reads.every_task and bool(self.tasks))
            or (reads.levels and self.levels)
            or (reads.coverage and self.coverage)
            or (reads.patient and self.patient)
            or not set(reads.facts).isdisjoint(measurements)
        )


def differences(case: Case, earlier: Case, changed: Collection[Change]) -> Differences:
    """Compare a case with what it was.

    Args:
        case: as it is; it takes over what was worked out of the earlier one and still holds.
        earlier: the same image and tasks, before the change.
        changed: every mask that differs.
    """
    rejected = _rejected_otherwise(case, earlier)
    voxels = {structure for task, structure in changed if task == case.anatomy_task}
    tasks = {task for task, _ in changed if task != case.anatomy_task}
    tasks |= {
        task
        for task, one in case.segmentations.items()
        if task != case.anatomy_task and not rejected.isdisjoint(one.label_map.names.values())
    }
    patient = case.patient != earlier.patient
    if case.anatomy_task not in case.segmentations:
        return Differences(frozenset(), frozenset(tasks), False, False, patient)  # noqa: FBT003
    if not voxels:
        case.worked_out.statistics = earlier.statistics
    if not (voxels or rejected or patient or BODY_TASK in tasks):
        case.worked_out.judgements = earlier.judgements
    structures = voxels | _judged_otherwise(case, earlier)
    return Differences(
        structures=frozenset(structures),
        tasks=frozenset(tasks),
        levels=_levels_differ(case, earlier, structures),
        coverage=bool(structures) and coverage(case) != coverage(earlier),
        patient=patient,
    )


def _rejected_otherwise(case: Case, earlier: Case) -> set[str]:
    """Structures of which a person says something else now."""
    names = case.rejected.keys() | earlier.rejected.keys()
    return {name for name in names if case.rejected.get(name) != earlier.rejected.get(name)}


def _judged_otherwise(case: Case, earlier: Case) -> set[str]:
    """Structures of the whole-body map of which something else is held now."""
    now, before = case.judgements, earlier.judgements
    if now is before:
        return set()
    return {name for name in now.keys() | before.keys() if now.get(name) != before.get(name)}


def _levels_differ(case: Case, earlier: Case, structures: Collection[str]) -> bool:
    """Whether the vertebrae's names are others, or rest on something else; nobody asks of MR."""
    if case.modality != "CT":
        return False
    is_same = case.said_level == earlier.said_level
    if is_same and not any(one.startswith(BEARING) for one in structures):
        case.worked_out.levels = earlier.levels
        return False
    return case.levels != earlier.levels
