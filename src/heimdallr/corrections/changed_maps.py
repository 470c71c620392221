"""A case with other label maps, and what that did to each structure.

Statistics of a structure follow from its own voxels: those of the others are kept. Nothing here
passes over all voxels of a volume but the copy of a map that changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.corrections.difference import (
    Difference,
    Runs,
    apply,
    between_voxels,
    composed,
    reverse,
    voxels_of,
)
from heimdallr.imaging.statistics import statistics_in
from heimdallr.publishing.correction_records import StructureChange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heimdallr.analyses.case import Case
    from heimdallr.corrections.difference import Shape
    from heimdallr.domain.corrections import LevelStatement, RejectionReason
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Array, LabelMap
    from heimdallr.publishing.schema import Labels, StructureRecord

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class ChangedMap:
    """One label map that a difference changes.

    Attributes:
        task: the task whose map it is.
        label_map: as it is now, RAS+.
        runs: what changed.
        before: label → what ``labels.json`` said of the structure; absent where it had no voxel.
        boxes: label of each structure that gained or lost voxels → a box that holds all it has now.
    """

    task: str
    label_map: LabelMap
    runs: Runs
    before: Mapping[int, StructureRecord]
    boxes: Mapping[int, Box]


def rebased(labels: Array, runs: Runs) -> tuple[Runs, int]:
    """Runs that give the same labels to the same voxels of another map.

    A label that was drawn wins over whatever is there. A voxel that was taken out of a structure
    is taken out of that one only: what is another structure now was not what somebody erased.

    Args:
        labels: (I, J, K) the other map, uint8.
        runs: made elsewhere, on the same grid.

    Returns:
        The runs; how many voxels were to be taken out, and belong to another structure now.
    """
    flat = np.asfortranarray(labels).reshape(-1, order="F")
    found, left = [], 0
    for where, before, after in voxels_of(runs):
        present = flat[where]
        others = (after == 0) & (present != before) & (present != 0)
        own = (present != after) & ~others
        found.append((where[own], present[own], after[own]))
        left += int(others.sum())
    if not found:
        return runs, left
    where, before, after = (np.concatenate(column) for column in zip(*found, strict=True))
    return between_voxels(where, before, after), left


def changed_maps(
    case: Case, tasks: Mapping[str, str], labels: Labels, difference: Difference
) -> dict[str, ChangedMap]:
    """The label maps of a case with a difference in them.

    Args:
        case: as it is.
        tasks: name of each label map → its task.
        labels: what ``labels.json`` says of the maps.
        difference: made on these maps, and checked.

    Returns:
        Name of each map that changed → the map.

    Raises:
        OtherBaseError: it was made on other maps.
    """
    known = {one.name: {own.label: own for own in one.structures} for one in labels.maps}
    found = {}
    for name, runs in difference.maps.items():
        old = case.segmentations[tasks[name]].label_map
        before = known.get(name, {})
        found[name] = ChangedMap(
            task=tasks[name],
            label_map=replace(old, data=apply(old.data, runs)),
            runs=runs,
            before=before,
            boxes=_boxes(runs, before, old.shape),
        )
    return found


def structure_changes(changed: ChangedMap, earlier: Sequence[Runs] | None) -> list[StructureChange]:
    """What happened to each structure, in label order.

    Args:
        changed: the map.
        earlier: what persons changed in it before, from what the networks made on; ``None``: that
            cannot be read.
    """
    voxels = {number: one.voxels for number, one in changed.before.items()}
    voxel_cm3 = changed.label_map.voxel_volume_mm3 / 1000
    since = None if earlier is None else composed([*earlier, changed.runs])
    return changes_by(changed.runs, changed.task, changed.label_map.names, voxels, voxel_cm3, since)


def changes_by(  # noqa: PLR0917 - a map's changes, and what is known of the map
    runs: Runs,
    task: str,
    names: Mapping[int, str],
    voxels: Mapping[int, int],
    voxel_cm3: float,
    since_networks: Runs | None = None,
) -> list[StructureChange]:
    """What changed voxels of a label map do to each structure, in label order.

    Args:
        runs: the changed voxels.
        task: whose map it is.
        names: of its labels.
        voxels: label → how many it had before; absent where it had none.
        voxel_cm3: volume of one.
        since_networks: all that persons changed in the map, these changes included.
    """
    found = []
    for number in sorted({*runs.labels, *reverse(runs).labels} - {0}):
        added, removed = _turnover(runs, number)
        before = voxels.get(number, 0)
        after = before - removed + added
        found.append(
            StructureChange(
                task=task,
                structure=names[number],
                voxels_added=added,
                voxels_removed=removed,
                dice=_dice(after, added, removed),
                volume_before_cm3=before * voxel_cm3,
                volume_after_cm3=after * voxel_cm3,
                dice_with_networks=None
                if since_networks is None
                else _dice(after, *_turnover(since_networks, number)),
            )
        )
    return found


def _turnover(runs: Runs, number: int) -> tuple[int, int]:
    """How many voxels a structure gains and loses by runs."""
    gained, lost = (
        int(runs.lengths[labels == number].sum(dtype=np.int64))
        for labels in (runs.after, runs.before)
    )
    return gained, lost


def _dice(voxels: int, added: int, removed: int) -> float | None:
    """Of a structure and of what it was: twice what both have, by the voxels of either.

    ``None`` where it was nothing.
    """
    before = voxels - added + removed
    return 2 * (voxels - added) / (before + voxels) if before else None


def changed_case(
    case: Case,
    maps: Mapping[str, ChangedMap],
    level: LevelStatement | None,
    rejected: Mapping[str, RejectionReason],
) -> Case:
    """A case with these label maps, this level and these rejections.

    Args:
        case: as it was; statistics of structures that nobody touched are kept.
        maps: those that changed.
        level: what a person has said of the vertebrae.
        rejected: structure → why a person does not believe it.
    """
    by_task = {one.task: one for one in maps.values()}
    segmentations = {
        task: replace(made, label_map=by_task[task].label_map) if task in by_task else made
        for task, made in case.segmentations.items()
    }
    new = replace(case, segmentations=segmentations, said_level=level, rejected=rejected)
    anatomy = by_task.get(case.anatomy_task)
    if anatomy is not None and case.worked_out.statistics is not None:
        new.worked_out.statistics = _statistics(new, anatomy, case.worked_out.statistics)
    return new


def _statistics(
    case: Case, changed: ChangedMap, known: Mapping[str, StructureStatistics]
) -> Mapping[str, StructureStatistics] | None:
    """Those of all structures, in label order; ``None`` where they have to be counted anew."""
    found = statistics_in(
        changed.label_map, case.image, changed.boxes, case.gaps, case.field_of_view
    )
    if found is None:
        return None
    names = changed.label_map.names
    touched = {names[number] for number in changed.boxes}
    whole = {name: one for name, one in known.items() if name not in touched} | dict(found)
    return {name: whole[name] for _, name in sorted(names.items()) if name in whole}


def _boxes(runs: Runs, before: Mapping[int, StructureRecord], shape: Shape) -> dict[int, Box]:
    """Label of each structure that the runs touch → a box that holds all its voxels afterwards."""
    low, high = _run_boxes(runs, shape)
    boxes: dict[int, Box] = {}
    for number in sorted((runs.labels | set(np.unique(runs.before).tolist())) - {0}):
        own = runs.after == number
        corners = [low[:, own].min(axis=1), high[:, own].max(axis=1)] if own.any() else []
        if number in before:
            record = before[number]
            corners += [np.array(record.bbox_min_ijk), np.array(record.bbox_max_ijk)]
        if corners:
            first, last = np.min(corners, axis=0).tolist(), np.max(corners, axis=0).tolist()
            i, j, k = (slice(a, b + 1) for a, b in zip(first, last, strict=True))
            boxes[number] = (i, j, k)
    return boxes


def _run_boxes(runs: Runs, shape: Shape) -> tuple[Array, Array]:
    """(3, N) lowest and highest index of each run, the highest inclusive.

    A run that goes on in another row or plane has the whole of it.
    """
    width, height, _ = shape
    first = runs.starts.astype(np.int64)
    last = first + runs.lengths - 1
    one_row, one_plane = (
        first // width == last // width,
        (first // (width * height) == last // (width * height)),
    )
    rows = first // width % height, last // width % height
    low = np.stack(
        [
            np.where(one_row, first % width, 0),
            np.where(one_plane, rows[0], 0),
            first // (width * height),
        ]
    )
    high = np.stack(
        [
            np.where(one_row, last % width, width - 1),
            np.where(one_plane, rows[1], height - 1),
            last // (width * height),
        ]
    )
    return low, high
