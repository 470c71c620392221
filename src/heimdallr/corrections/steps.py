"""From what is wanted to a corrected case: which voxels change, and what holds afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.corrections.changed_maps import (
    ChangedMap,
    changed_case,
    changed_maps,
    rebased,
    structure_changes,
)
from heimdallr.corrections.difference import Difference, apply, between, reverse
from heimdallr.corrections.renaming import levels_moved, renamed_runs, renaming
from heimdallr.corrections.versions import differences_back_to, results_of
from heimdallr.corrections.wanted import standing_in
from heimdallr.domain.errors import CorrectionError, PublishingError
from heimdallr.domain.statements import Statement
from heimdallr.publishing.case_file import MASK_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from heimdallr.analyses.case import Case
    from heimdallr.corrections.difference import Runs
    from heimdallr.corrections.wanted import Standing, Wanted
    from heimdallr.domain.corrections import LevelStatement
    from heimdallr.imaging.volume import Array
    from heimdallr.publishing.correction_records import CorrectionRecord
    from heimdallr.publishing.schema import Labels, Results


@dataclass(frozen=True, slots=True)
class Step:
    """A correction as it is on a case.

    Attributes:
        case: corrected.
        earlier: the case as it was.
        maps: label maps that changed, by name.
        difference: all changed voxels; ``None`` where none changed.
        record: the correction, with what it does to each structure.
        standing: what holds by persons' word afterwards, this correction included.
        notes: what the person should be told.
    """

    case: Case
    earlier: Case
    maps: Mapping[str, ChangedMap]
    difference: Difference | None
    record: CorrectionRecord
    standing: Standing
    notes: tuple[Statement, ...] = ()

    @property
    def changed(self) -> frozenset[tuple[str, str]]:
        """Task and structure of every mask that changed."""
        return frozenset((one.task, one.structure) for one in self.record.structures)


@dataclass(frozen=True, slots=True)
class Present:
    """A case as its folder has it.

    Attributes:
        folder: of the case.
        case: read back from it.
        results: ``resultados.json``.
        labels: ``labels.json``.
    """

    folder: Path
    case: Case
    results: Results
    labels: Labels

    @property
    def tasks(self) -> Mapping[str, str]:
        """Name of each label map → its task, also of those without a voxel."""
        return {MASK_FOLDERS.get(task, task): task for task in self.case.segmentations}


def step_for(present: Present, wanted: Wanted) -> Step:
    """The correction on this case.

    Raises:
        OtherBaseError: the voxels are not those it was made on.
        CorrectionError: it does not fit the case.
    """
    record, standing = wanted.record, standing_in(present.results)
    difference: Difference | None = None
    notes: tuple[Statement, ...] = ()
    renamed: Mapping[str, str | None] = {}
    match record.kind:
        case "voxels":
            difference, notes = _voxels(present, wanted)
        case "levels" if record.level is not None:
            difference, renamed, notes = _levels(present, record.level.said)
        case "restore" if record.restores_version is not None:
            difference = _back_to(present, record.restores_version)
            standing = standing_in(results_of(present.folder, record.restores_version))
        case _:
            pass
    maps: dict[str, ChangedMap] = {}
    if difference is not None:
        maps = changed_maps(present.case, present.tasks, present.labels, difference)
    earlier = _earlier(present.folder, maps)
    structures = [
        change for name, one in maps.items() for change in structure_changes(one, earlier[name])
    ]
    record = record.model_copy(update={"structures": structures})
    standing = standing.after(record, renamed)
    case = changed_case(present.case, maps, standing.level, standing.structures)
    told = (*wanted.notes, *notes)
    return Step(case, present.case, maps, difference, record, standing, told)


def _earlier(folder: Path, names: Collection[str]) -> dict[str, list[Runs] | None]:
    """Label map → what persons changed in it before, oldest first.

    ``None`` where that cannot be read: nothing is refused for want of a figure about it.
    """
    if not names:
        return {}
    try:
        back = differences_back_to(folder, 0)
    except (CorrectionError, PublishingError, OSError):
        return dict.fromkeys(names)
    return {
        name: [reverse(one.maps[name]) for one in reversed(back) if name in one.maps]
        for name in names
    }


def _voxels(present: Present, wanted: Wanted) -> tuple[Difference, tuple[Statement, ...]]:
    """What a person or another tool drew, and what of it was left out."""
    difference = wanted.difference
    assert difference is not None  # noqa: S101 - the kind has one
    named = {
        name: present.case.segmentations[task].label_map.names
        for name, task in present.tasks.items()
    }
    difference.check(present.case.image.shape, named)
    if not wanted.onto_present:
        return difference, ()
    found = {name: rebased(_data(present, name), own) for name, own in difference.maps.items()}
    moved = {name: runs for name, (runs, _) in found.items() if len(runs)}
    left = sum(others for _, others in found.values())
    if not moved:
        raise CorrectionError(Statement("correction_changes_nothing"))
    notes = (Statement("removal_of_other_structure", {"voxels": left}),) if left else ()
    return Difference(difference.shape, moved), notes


def _data(present: Present, name: str) -> Array:
    """(I, J, K) labels of a map of this name."""
    return present.case.segmentations[present.tasks[name]].label_map.data


def _levels(
    present: Present, said: LevelStatement
) -> tuple[Difference | None, Mapping[str, str | None], tuple[Statement, ...]]:
    """The renamed column in every map; new names of structures; what falls off the table."""
    moved, known = levels_moved(said), {one.name: one for one in present.labels.maps}
    runs, renamed, notes = {}, {}, []
    seen = False
    for name, task in present.tasks.items():
        if name not in known:
            continue
        own = known[name].structures
        names = present.case.segmentations[task].label_map.names
        found = renaming(names, [one.label for one in own], moved)
        if found.numbers:
            runs[name] = renamed_runs(_data(present, name), found.numbers)
        if task == present.case.anatomy_task:
            seen = said.vertebra in {one.structure for one in own}
            notes = list(found.notes)
            renamed = {names[old]: names.get(new) for old, new in found.numbers.items()}
    if not seen:
        raise CorrectionError(Statement("vertebra_not_there", {"structure": said.vertebra}))
    if not runs:
        return None, renamed, tuple(notes)
    return Difference(present.case.image.shape, runs), renamed, tuple(notes)


def _back_to(present: Present, version: int) -> Difference | None:
    """From the present label maps to those of a version, in one step."""
    earlier: dict[str, Array] = {}
    for one in differences_back_to(present.folder, version):
        for name, runs in one.maps.items():
            earlier[name] = apply(earlier.get(name, _data(present, name)), runs)
    changed = {
        name: own
        for name, data in earlier.items()
        if len(own := between(name, _data(present, name), data))
    }
    return Difference(present.case.image.shape, changed) if changed else None
