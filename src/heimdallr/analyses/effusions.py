"""Pleural and pericardial fluid: volume of each side and of the pericardium, and its attenuation.

**Formula.** ``V = n · |det(A)| / 1000`` mL over the voxels that the task
``pleural_pericard_effusion`` calls ``pleural_effusion`` and ``pericardial_effusion``. The task
knows one pleural class: a connected piece is on that side of the spine on which at least 90 % of it
lies, a piece on both sides is cut there. The side is judged at the height of each voxel against the
line through the vertebrae (without any, the middle between both lungs), across the direction from
the left to the right lung. Attenuation: median in HU without the outer 2 mm (a
pixel at least).

**Gate.** CT; the weights of the task; a lobe of the lung in view. Where an edge of the volume cuts
a lung, fluid of that side may lie beyond: its volume is *not assessable* and the part seen is given
as ``segmented_ml``; the pericardium goes by the heart likewise; so does fluid that is cut itself.
Less than 1 mL is a stray. **No fluid marked is not "no effusion"**: it is *not assessable*. An
image that does not say how the patient lies has no sides, and no lobes to go by.

**How to read it.** 50 mL and more of either is a finding (chosen: a healthy pericardium holds as
much at most; half of it would report what is physiological, twice it pass over what readers name).
Readers call effusions small, moderate and large around 410 ± 260, 770 ± 270 and 1370 ± 650 mL (mean
± SD of what was drained; Chiao 2015, Acad Radiol, 67 patients). Those ranges overlap, so no grade
is given. Unenhanced pleural fluid above 15.6 HU was blood rather than effusion with 87 %
sensitivity and 97 % specificity after trauma (Liu 2016, J Acute Med), but no better than 71 %
specific against empyema: the number is given, no category. Contrast and beam hardening raise it,
thin layers beside lung are pulled down.

**How sure.** Of true masks the volume is exact; of 60 drawn effusions
(flipped, tilted, slices of 2.5 and 5 mm) every one was on its side, within 3.9 mL.
What the network adds or misses is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.acquisition import ACQUISITION, acquisition
from heimdallr.analyses.anatomy.pleural_sides import right_sided
from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import (
    Absence,
    Output,
    all_absent,
    inapplicable,
    unassessable,
)
from heimdallr.analyses.presence import (
    attenuation_absence,
    rejection,
    structure_or_absence,
    task_absence,
    truncated_by,
)
from heimdallr.analyses.vertebral_levels import LEVELS, structure_of
from heimdallr.imaging.morphology import (
    Box,
    Mask,
    box_of,
    eroded,
    in_plane_area_mm2,
    reach_voxels,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.imaging.volume import LabelMap

TASK = "pleural_pericard_effusion"
PLEURAL, PERICARDIAL = "pleural_effusion", "pericardial_effusion"

LOBES = {
    "right": ("lung_upper_lobe_right", "lung_middle_lobe_right", "lung_lower_lobe_right"),
    "left": ("lung_upper_lobe_left", "lung_lower_lobe_left"),
}

STRAY_ML = 1.0
"""Chosen, not measured: a hundredth of what is seen on a chest film; half of it is noise of a few
voxels, twice it would pass over the film of fluid that healthy people have as well."""

RIM_MM = 2.0
"""Left out where attenuation is read: partial volume with lung and ribs. Chosen, not
measured: half of it is a pixel and a half; twice it leaves nothing of a layer of 8 mm."""

SMALLEST_CORE_ML = 1.0

BEYOND_MM = 60.0
"""Fluid is looked for so far around lungs and heart. Chosen: a collapsed lung
leaves its fluid as far away; half of it would miss that, twice it would only cost time."""

COARSE_MM = 2.0
"""Places where fluid is looked for first are no farther apart; where slices are, each is looked at.
Chosen, not measured: 1 mL has a hundred such places, and only a film thinner than that lies between
them; half takes eight times as long, twice would pass over a slice of 3 mm."""

VOLUMES = {
    side: Output(f"pleural_effusion_{side}_ml", "mL", f"pleural fluid on the {side}")
    for side in LOBES
}
MEDIANS = {
    side: Output(f"pleural_effusion_{side}_hu_median", "HU", f"its median attenuation, {side}")
    for side in LOBES
}
PERICARDIUM = Output("pericardial_effusion_ml", "mL", "fluid in the pericardium")
PERICARDIUM_MEDIAN = Output("pericardial_effusion_hu_median", "HU", "its median attenuation")
OUTPUTS = (
    *(output for side in LOBES for output in (VOLUMES[side], MEDIANS[side])),
    *(PERICARDIUM, PERICARDIUM_MEDIAN),
)
COLUMN = tuple(structure_of(level) for level in (*LEVELS, "S1"))
READS = Reads(
    structures=(*LOBES["right"], *LOBES["left"], "heart", *COLUMN),
    tasks=(TASK,),
    coverage=True,
    facts=ACQUISITION,
)


@dataclass(frozen=True, slots=True)
class _Collection:
    """Fluid of one place.

    Attributes:
        fluid: its voxels in the chest's box.
        box: in the volume.
        structure: class name.
        beside: organs that have to be whole, or fluid may lie beyond the volume.
    """

    fluid: Mask
    box: Box
    structure: str
    beside: tuple[str, ...]


def measure(case: Case) -> tuple[Measurement, ...]:
    """Volume and attenuation of both sides and of the pericardium."""
    box = _chest_or_absence(case)
    if isinstance(box, Absence):
        return all_absent(OUTPUTS, box)
    labels = case.segmentations[TASK].label_map
    box = _box_of_fluid(labels, box)
    pleural = labels.data[box] == labels.number(PLEURAL)
    pericardial = labels.data[box] == labels.number(PERICARDIAL)
    pericardium = _Collection(pericardial, box, PERICARDIAL, ("heart",))
    return (
        *_pleural(case, box, pleural),
        *_described(case, pericardium, PERICARDIUM, PERICARDIUM_MEDIAN),
    )


def _chest_or_absence(case: Case) -> Box | Absence:
    """Box around lungs and heart with room for fluid, or why there is nothing to measure."""
    if case.modality != "CT":
        return inapplicable("task_reads_ct_only", task=TASK)
    if absence := attenuation_absence(case):
        return absence
    organs = (*LOBES["right"], *LOBES["left"])
    found = [structure_or_absence(case, lobe, region="thorax") for lobe in organs]
    known = [one for one in found if not isinstance(one, Absence)]
    if not known:
        return next(one for one in found if isinstance(one, Absence))
    if absence := task_absence(case, TASK):
        return absence
    reach = reach_voxels(case.image.affine, BEYOND_MM)
    i, j, k = (
        slice(
            max(min(one.bbox_min_ijk[axis] for one in known) - reach[axis], 0),
            max(one.bbox_max_ijk[axis] for one in known) + reach[axis] + 1,
        )
        for axis in range(3)
    )
    return i, j, k


def _box_of_fluid(labels: LabelMap, box: Box) -> Box:
    """The part of a box that holds fluid, found at places at most so far apart, and a margin."""
    steps = [max(reach, 1) for reach in reach_voxels(labels.affine, COARSE_MM)]
    i, j, k = (slice(side.start, side.stop, step) for side, step in zip(box, steps, strict=True))
    sampled = labels.data[i, j, k]
    wet = (sampled == labels.number(PLEURAL)) | (sampled == labels.number(PERICARDIAL))
    inner = box_of(wet)
    if inner is None:
        inner = (slice(0, 0),) * 3
    i, j, k = (
        slice(
            max(side.start + (own.start - 1) * step, 0),
            min(side.start + (own.stop + 1) * step, length),
        )
        for side, own, step, length in zip(box, inner, steps, labels.shape, strict=True)
    )
    return i, j, k


def _pleural(case: Case, box: Box, fluid: Mask) -> tuple[Measurement, ...]:
    on_the_right = right_sided(case, box, fluid)
    if on_the_right is None:
        why = unassessable("no_midline_of_chest")
        every = (output for side in LOBES for output in (VOLUMES[side], MEDIANS[side]))
        return tuple(output.absent(why, structure=PLEURAL) for output in every)
    masks = {"right": fluid & on_the_right, "left": fluid & ~on_the_right}
    return tuple(
        measurement
        for side, lobes in LOBES.items()
        for measurement in _described(
            case,
            _Collection(masks[side], box, PLEURAL, lobes),
            VOLUMES[side],
            MEDIANS[side],
        )
    )


def _described(
    case: Case, one: _Collection, volume: Output, median: Output
) -> tuple[Measurement, Measurement]:
    """Volume and attenuation of one collection."""
    structure = one.structure
    if refused := rejection(case, structure):
        return volume.absent(refused, structure=structure), median.absent(
            refused, structure=structure
        )
    if inner := box_of(one.fluid):
        one = replace(one, fluid=one.fluid[inner], box=within(one.box, inner))
    volume_ml = int(np.count_nonzero(one.fluid)) * case.image.voxel_volume_mm3 / 1000
    if volume_ml < STRAY_ML:
        nothing = unassessable("lesion_not_segmented", structure=structure)
        return volume.absent(nothing, structure=structure), median.absent(
            nothing, structure=structure
        )
    at = int(np.argmax(one.fluid.sum(axis=(0, 1)))) + one.box[2].start
    seen = round(volume_ml, 1)
    if cut := truncated_by(_cuts(case, one)):
        whole = volume.absent(cut, structure=structure, slice_index=at, segmented_ml=seen)
    else:
        whole = volume.measured(seen, structure=structure, slice_index=at, segmented_ml=seen)
    return whole, _attenuation(case, one, median)


def _cuts(case: Case, one: _Collection) -> Mapping[str, float]:
    """What cuts the fluid, or an organ it lies beside."""
    found: dict[str, float] = {}
    for organ in one.beside:
        if organ in case.statistics:
            found |= case.statistics[organ].cuts
    return found | dict(case.cuts(one.fluid, one.box))


def _attenuation(case: Case, one: _Collection, output: Output) -> Measurement:
    rim_mm = max(RIM_MM, in_plane_area_mm2(case.image.affine) ** 0.5)
    core = eroded(one.fluid, case.image.affine, rim_mm)
    core_ml = int(np.count_nonzero(core)) * case.image.voxel_volume_mm3 / 1000
    if core_ml < SMALLEST_CORE_ML:
        little = unassessable("little_left_after_erosion", volume_cm3=core_ml, erosion_mm=rim_mm)
        return output.absent(little, structure=one.structure)
    value = float(np.median(case.image.data[one.box][core]))
    return output.measured(
        round(value, 1), structure=one.structure, erosion_mm=round(rim_mm, 2), **acquisition(case)
    )
