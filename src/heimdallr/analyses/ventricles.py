"""Ventricles: Evans index, midline shift and volumes on a head CT levelled by its own symmetry.

**Definitions.** The head is levelled: its midsagittal plane halves the width between the inner
walls of the skull, so a mass that pushes the brain aside does not move it; forward is the line from
the trigones to the frontal horns, near that of the commissures.

* ``evans_index = frontal horn width / inner skull width``: on the levelled axial plane where both
  frontal horns together are widest, and the greatest width between the inner tables on that plane.
* ``midline_shift_mm``: distance of the septum from the midsagittal plane at the height of the
  foramen of Monro, where the frontal horns come closest to the third ventricle. The septum lies
  halfway between the inner walls of both horns (median of the rows within 10 mm); where one horn is
  not seen, the third ventricle's middle stands for it (``measured_at``). ``midline_shift_side`` is
  the side it moved to, from 1 mm on; below, *neither*.
* Volumes: ``n · |det(A)| / 1000`` cm³ of each lateral ventricle (five parts), of third and fourth,
  of all.

**Gate.** CT whose slices are at most 6 mm apart, with the whole brain in view; the weights of
``ventricle_parts``; a skull whose ring is closed above the skull base (no large craniectomy). The
index needs both frontal horns. A part that was not marked is *not assessable*, never 0: without
frontal horn, body or trigone (0.2 cm³ at least) neither is the side's volume nor that of all, and
``segmented_cm3`` is what was seen. Occipital and temporal horns are lacking or slits in many
people: without them volumes are measured, and ``parts_not_marked`` names them.

**How to read it.** The index is above 0.30 in ventriculomegaly (guidelines of normal-pressure
hydrocephalus); healthy adults had 0.255 ± 0.028 in 384 CTs of one hospital (Neurosciences, Riyadh),
more with age. It varies with level and tilt of the plane (Toma 2011, Neurosurgery 68:939), which is
why the head is levelled first; it does not tell hydrocephalus from atrophy, which the volumes and
the sulci do. A shift above 5 mm is where acute subdural haematomas are evacuated (Bullock 2006,
Neurosurgery 58:S16). Limits are for adults.

**How sure.** On 100 drawn heads with true labels, straight, tilted and turned by up to 12 degrees,
under a tilted gantry, in slices of 2 and 5 mm, the index was off by 0.01 (at most 0.03) and the
shift by 0.2 mm (at most 1.3). The worst were heads whose inside is as broad as high: nothing in it
tells their tilt to the side. What the network's borders add is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from heimdallr.analyses.anatomy.levelled_head import (
    HeadFrame,
    Skull,
    across,
    along,
    cavities,
    levelled,
)
from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import (
    Absence,
    Output,
    all_absent,
    inapplicable,
    unassessable,
)
from heimdallr.analyses.presence import (
    rejection,
    structure_or_absence,
    task_absence,
    truncation,
    unknown_side,
    unsegmented,
)
from heimdallr.analyses.scan_gates import spacing_absence
from heimdallr.analyses.unseen_regions import may_be_unseen
from heimdallr.imaging.morphology import Box, box_around, in_plane_area_mm2, slice_distance_mm

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Affine

TASK = "ventricle_parts"
SIDES = ("right", "left")
HORNS = {side: f"ventricle_frontal_horn_{side}" for side in SIDES}
TRIGONES = {side: f"ventricle_trigone_{side}" for side in SIDES}
SMALL_HORNS = ("occipital_horn", "temporal_horn")
"""Many people's are slits or lacking; every lateral ventricle has the other parts."""
LATERAL = {
    side: tuple(
        f"ventricle_{part}_{side}" for part in ("frontal_horn", "body", "trigone", *SMALL_HORNS)
    )
    for side in SIDES
}
THIRD, FOURTH = "third_ventricle", "fourth_ventricle"

SMALLEST_BRAIN_CM3 = 100.0
SKULL_MARGIN_MM = 15.0
"""More than fluid, bone and skin take together."""

THICKEST_MM = 6.0
"""Chosen: heads are read at 5 mm. Half of it would refuse them, twice it may step over a horn."""

SMALLEST_CM3 = 0.2
"""Of a part that counts. Chosen, not measured: slit ventricles have horns of 1 cm³; half of it is a
stray, twice it would lose compressed ones."""

SEPTUM_MM = 10.0
"""How far before, behind and above the foramen of Monro rows count, and a third of it below.

Chosen, not measured: half of it leaves few rows in thick slices, twice it leaves the septum.
"""

SEPTUM_WIDENS_MM = 3.0
"""Rows count whose walls are so much farther apart than where they come
closest: elsewhere the caudate or the fornix lies between them. Chosen."""

MOST_POINTS = 2000
"""Of a part, where distances are looked for: one per cubic millimetre of a third ventricle."""

FINE_MM = 0.5
NEITHER = "neither"
SIDED_FROM_MM = 1.0
"""Smaller shifts go to neither side: the plane itself is no better. Chosen."""

EVANS = Output("evans_index", "", "frontal horn width over inner skull width")
SHIFT = Output("midline_shift_mm", "mm", "distance of the septum from the midsagittal plane")
SIDE_VOLUMES = {
    side: Output(f"lateral_ventricle_{side}_vol_cm3", "cm3", f"volume of the {side} lateral one")
    for side in SIDES
}
THIRD_VOLUME = Output("third_ventricle_vol_cm3", "cm3", "volume of the third ventricle")
FOURTH_VOLUME = Output("fourth_ventricle_vol_cm3", "cm3", "volume of the fourth ventricle")
ALL_VOLUME = Output("ventricles_vol_cm3", "cm3", "volume of all ventricles")
SHIFT_SIDE = Output("midline_shift_side", "", "the side the septum moved to: left, right, neither")
OUTPUTS = (
    EVANS,
    SHIFT,
    SHIFT_SIDE,
    *SIDE_VOLUMES.values(),
    THIRD_VOLUME,
    FOURTH_VOLUME,
    ALL_VOLUME,
)
READS = Reads(structures=("brain", "skull"), tasks=(TASK,), coverage=True)


@dataclass(frozen=True, slots=True)
class Widths:
    """Where the Evans index was measured, in mm of the levelled head.

    Attributes:
        height_mm: of the plane.
        horns_mm: (2,) left and right end of the frontal horns' width.
        horns_forward_mm: where it is drawn.
        skull_mm: (2,) left and right inner table.
        skull_forward_mm: where the skull is widest.
    """

    height_mm: float
    horns_mm: tuple[float, float]
    horns_forward_mm: float
    skull_mm: tuple[float, float]
    skull_forward_mm: float

    @property
    def index(self) -> float:
        """The Evans index."""
        return (self.horns_mm[1] - self.horns_mm[0]) / (self.skull_mm[1] - self.skull_mm[0])


@dataclass(frozen=True, slots=True)
class Septum:
    """Where the midline of the ventricles lies, in mm of the levelled head."""

    right_mm: float
    forward_mm: float
    up_mm: float
    measured_at: str


@dataclass(frozen=True, slots=True)
class Head:
    """A levelled head.

    Attributes:
        frame: its axes.
        parts_cm3: part of the ventricles → its volume.
        widths: of the Evans index, or why there is none.
        septum: of the shift, or why there is none.
    """

    frame: HeadFrame
    widths: Widths | Absence
    septum: Septum | Absence


def measure(case: Case) -> tuple[Measurement, ...]:
    """Index, shift and volumes."""
    parts_mm = _parts_or_absence(case)
    if isinstance(parts_mm, Absence):
        return all_absent(OUTPUTS, parts_mm)
    head = levelled_head(case, parts_mm)
    if isinstance(head, Absence):
        geometry = all_absent((EVANS, SHIFT, SHIFT_SIDE), head)
    else:
        geometry = (_evans(case, head), *_shift(case, head))
    return (*geometry, *_volumes(case, parts_mm))


def head_of(case: Case) -> Head | Absence:
    """What the picture shows."""
    parts_mm = _parts_or_absence(case)
    return parts_mm if isinstance(parts_mm, Absence) else levelled_head(case, parts_mm)


def _parts_or_absence(case: Case) -> Mapping[str, Affine] | Absence:
    """Part of the ventricles → (N, 3) RAS mm of its voxels, or why there is nothing to measure."""
    brain = _whole_brain_or_absence(case)
    if isinstance(brain, Absence):
        return brain
    box = box_around(brain, case.image.shape, case.image.affine)
    labels = case.segmentations[TASK].label_map
    corner = np.array([side.start for side in box])
    found = np.argwhere(labels.data[box] > 0)
    numbers = labels.data[box][tuple(found.T)]
    points_mm = case.image.voxel_to_world(found + corner)
    parts = {
        name: points_mm[numbers == number]
        for number, name in labels.names.items()
        if name not in case.rejected
    }
    fewest = SMALLEST_CM3 * 1000 / case.image.voxel_volume_mm3
    known = {name: points for name, points in parts.items() if len(points) >= fewest}
    return known or unassessable("no_ventricle_segmented")


def _whole_brain_or_absence(case: Case) -> StructureStatistics | Absence:
    if case.modality != "CT":
        return inapplicable("task_reads_ct_only", task=TASK)
    brain = structure_or_absence(case, "brain", region="head", at_least_cm3=SMALLEST_BRAIN_CM3)
    if isinstance(brain, Absence):
        return brain
    if absence := task_absence(case, TASK):
        return absence
    if absence := spacing_absence(case, THICKEST_MM, may_overlap=True):
        return absence
    unseen = may_be_unseen(case, "head")
    cut = unassessable("part_of_head_not_measured") if unseen else truncation(brain)
    return cut or brain


def levelled_head(case: Case, parts_mm: Mapping[str, Affine]) -> Head | Absence:
    """The head's frame, and where index and shift are measured in it."""
    skull = structure_or_absence(case, "skull", region="head")
    if isinstance(skull, Absence):
        return skull
    horns = [parts_mm[name].mean(axis=0) for name in HORNS.values() if name in parts_mm]
    if not horns:
        return unsegmented(case, HORNS["right"])
    trigones = [parts_mm[name].mean(axis=0) for name in TRIGONES.values() if name in parts_mm]
    both = len(horns) == len(trigones) == len(SIDES)
    box = _skull_box(case, skull)
    anatomy = case.anatomy.data[box]
    bone = Skull((anatomy == case.anatomy.number("skull")).astype(np.float32), box)
    frame = levelled(
        case,
        bone,
        anatomy == case.anatomy.number("brain"),
        np.mean(horns, axis=0),
        np.mean(trigones, axis=0) if both else None,
    )
    if frame is None:
        return unassessable("skull_not_closed")
    parts = {name: frame.of(points) for name, points in parts_mm.items()}
    return Head(frame, _widths(case, bone, frame, parts), _septum(case, parts))


def _skull_box(case: Case, skull: StructureStatistics) -> Box:
    """Around the whole width of the skull, at the heights of the brain.

    The skull's, not the brain's: blood between both may be called neither.
    """
    shape, affine = case.image.shape, case.image.affine
    i, j, _ = box_around(skull, shape, affine, SKULL_MARGIN_MM)
    return i, j, box_around(case.statistics["brain"], shape, affine, SKULL_MARGIN_MM)[2]


def _widths(
    case: Case, skull: Skull, frame: HeadFrame, parts: Mapping[str, Affine]
) -> Widths | Absence:
    """The plane where both frontal horns are widest together, and the skull's width on it."""
    for name in HORNS.values():
        if name not in parts:
            return unsegmented(case, name)
    thickness_mm = max(slice_distance_mm(case.image.affine), 1.0)
    horns = np.concatenate([parts[name] for name in HORNS.values()])
    half_pixel = in_plane_area_mm2(case.image.affine) ** 0.5 / 2
    plane = np.rint(horns[:, 2] / thickness_mm).astype(int)
    ends = {
        int(k): (float(x.min()) - half_pixel, float(x.max()) + half_pixel)
        for k in np.unique(plane)
        if len(x := horns[plane == k, 0])
    }
    widest = max(ends, key=lambda k: ends[k][1] - ends[k][0])
    on_plane = horns[plane == widest]
    height_mm = float(on_plane[:, 2].mean())
    cavity = cavities(case, skull, frame, [height_mm], FINE_MM)[:, :, 0]
    if not cavity.any():
        return unassessable("skull_not_closed")
    x, y = across(FINE_MM), along(FINE_MM)
    first, last = cavity.argmax(axis=0), len(x) - 1 - cavity[::-1].argmax(axis=0)
    at = int(np.argmax(np.where(cavity.any(axis=0), last - first, -1)))
    lateral = on_plane[[int(on_plane[:, 0].argmin()), int(on_plane[:, 0].argmax())], 1]
    return Widths(
        height_mm,
        ends[widest],
        float(lateral.mean()),
        (float(x[first[at]]) - FINE_MM / 2, float(x[last[at]]) + FINE_MM / 2),
        float(y[at]),
    )


def _septum(case: Case, parts: Mapping[str, Affine]) -> Septum | Absence:
    """The ventricles' midline at the height of the foramen of Monro."""
    third = parts.get(THIRD)
    horns = {side: parts[name] for side, name in HORNS.items() if name in parts}
    if third is None and len(horns) < len(SIDES):
        return unsegmented(case, THIRD)
    monro = _foramen(horns, third)
    thickness_mm = max(slice_distance_mm(case.image.affine), 1.0)
    if len(horns) == len(SIDES):
        near = {
            side: points[
                (np.abs(points[:, 1] - monro[1]) <= SEPTUM_MM)
                & (points[:, 2] - monro[2] >= -max(SEPTUM_MM / 3, thickness_mm))
                & (points[:, 2] - monro[2] <= max(SEPTUM_MM, thickness_mm))
            ]
            for side, points in horns.items()
        }
        rows = np.array(list(_rows(near["left"], near["right"], thickness_mm)))
        if len(rows):
            gap = rows[:, 1] - rows[:, 0]
            beside = rows[gap <= gap.min() + SEPTUM_WIDENS_MM]
            middle = float(np.median(beside.mean(axis=1)))
            return Septum(middle, monro[1], monro[2], "septum")
    if third is None:
        return unsegmented(case, THIRD)
    return Septum(float(np.median(third[:, 0])), monro[1], monro[2], THIRD)


def _foramen(horns: Mapping[str, Affine], third: Affine | None) -> tuple[float, float, float]:
    """The foramen of Monro: where the third ventricle comes closest to the frontal horns."""
    if third is None:  # their lower end behind
        points = np.concatenate(list(horns.values()))
        x, z = np.median(points[:, [0, 2]], axis=0)
        return float(x), float(np.percentile(points[:, 1], 10)), float(z)
    every = third[:: max(len(third) // MOST_POINTS, 1)]
    distance_mm = np.zeros(len(every))
    for points in horns.values():
        distance_mm += cKDTree(points[:: max(len(points) // MOST_POINTS, 1)]).query(every)[0]
    x, y, z = every[np.argsort(distance_mm)[: max(len(every) // 50, 1)]].mean(axis=0)
    return float(x), float(y), float(z)


def _rows(left: Affine, right: Affine, thickness_mm: float) -> Iterator[tuple[float, float]]:
    """The inner walls of both horns, row by row of 1 mm."""
    rows = [
        {
            (int(y), int(z)): points
            for y, z in np.unique(at, axis=0)
            if len(points := horn[(at == (y, z)).all(axis=1), 0])
        }
        for horn in (left, right)
        if len(at := np.rint(horn[:, 1:] / (1.0, thickness_mm)).astype(int))
    ]
    if len(rows) == len(SIDES):
        for row in rows[0].keys() & rows[1].keys():
            yield float(rows[0][row].max()), float(rows[1][row].min())


def _slice_of(case: Case, head: Head, forward_mm: float, up_mm: float) -> int:
    """The axial slice nearest to a point of the midsagittal plane."""
    place = head.frame.place(0.0, forward_mm, up_mm)
    return int(
        np.clip(round(float(case.image.world_to_voxel(place)[2])), 0, case.image.shape[2] - 1)
    )


def _evans(case: Case, head: Head) -> Measurement:
    found = head.widths
    if isinstance(found, Absence):
        return EVANS.absent(found, structure=HORNS["right"])
    return EVANS.measured(
        round(found.index, 2),  # as it is printed: no more of it is known
        structure=HORNS["right"],
        slice_index=_slice_of(case, head, found.horns_forward_mm, found.height_mm),
        frontal_horns_mm=round(found.horns_mm[1] - found.horns_mm[0], 1),
        inner_skull_mm=round(found.skull_mm[1] - found.skull_mm[0], 1),
    )


def _shift(case: Case, head: Head) -> tuple[Measurement, Measurement]:
    """The shift and its side."""
    found = head.septum
    if isinstance(found, Absence):
        shift, side = (one.absent(found, structure=HORNS["right"]) for one in (SHIFT, SHIFT_SIDE))
        return shift, side
    shift_mm = abs(found.right_mm)
    at = _slice_of(case, head, found.forward_mm, found.up_mm)
    shift = SHIFT.measured(
        round(shift_mm, 1),
        structure=HORNS["right"],
        slice_index=at,
        measured_at=found.measured_at,
    )
    if absence := unknown_side(case):
        return shift, SHIFT_SIDE.absent(absence, structure=HORNS["right"])
    moved_to = "right" if found.right_mm > 0 else "left"
    told = moved_to if shift_mm >= SIDED_FROM_MM else NEITHER
    return shift, SHIFT_SIDE.measured(told, structure=HORNS["right"], slice_index=at)


def _volumes(case: Case, parts_mm: Mapping[str, Affine]) -> Iterator[Measurement]:
    """Volume of each ventricle, and of all where none is missing."""
    voxel_cm3 = case.image.voxel_volume_mm3 / 1000
    known_side = unknown_side(case)
    wholes = {
        **{SIDE_VOLUMES[side]: LATERAL[side] for side in SIDES},
        THIRD_VOLUME: (THIRD,),
        FOURTH_VOLUME: (FOURTH,),
    }
    seen_cm3, is_whole, without = 0.0, True, set[str]()
    for output, parts in wholes.items():
        volume_cm3 = sum(len(parts_mm[part]) for part in parts if part in parts_mm) * voxel_cm3
        first = next((part for part in parts if part in parts_mm), None)
        seen: dict[str, Scalar] = {"segmented_cm3": round(volume_cm3, 2)} if first else {}
        seen_cm3 += volume_cm3
        unmarked = [part for part in parts if part not in parts_mm]
        lacking = {one for one in SMALL_HORNS if any(one in part for part in unmarked)}
        refused = next((one for part in parts if (one := rejection(case, part))), None)
        if refused is None and len(unmarked) > len(lacking):
            refused = unsegmented(case, unmarked[0])
        if refused:  # the others alone are not the whole
            is_whole = False
            yield output.absent(refused, structure=first, **seen)
            continue
        without |= lacking
        sided = len(parts) > 1
        if sided and known_side:
            yield output.absent(known_side, structure=first)
        else:
            told = _not_marked(lacking)
            yield output.measured(round(volume_cm3, 2), structure=first, **told)
    if is_whole:
        told = _not_marked(without)
        yield ALL_VOLUME.measured(round(seen_cm3, 2), structure=HORNS["right"], **told)
    else:
        incomplete = unassessable("ventricles_incomplete")
        yield ALL_VOLUME.absent(incomplete, segmented_cm3=round(seen_cm3, 2))


def _not_marked(horns: Collection[str]) -> dict[str, Scalar]:
    return {"parts_not_marked": ",".join(sorted(horns))} if horns else {}
