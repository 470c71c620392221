"""Cerebral haemorrhage: volume, extent and side of intracerebral bleeding on a head CT.

**Formulas.** Voxels of the task ``cerebral_bleed`` count inside the brain (holes filled, dilated
by 5 mm); the rest is dropped and reported as ``dropped_cm3``. ``hemorrhage_vol_cm3 = n · |det(A)|
/ 1000``. ``hemorrhage_abc2_cm3 = A · B · C / 2`` (Kothari 1996, Stroke 27:1304) of the largest
connected bleed: on the slice of its largest area, *A* is the greatest diameter and *B* the width
perpendicular to it; *C* is the slice distance times the number of slices, each weighted 1 where
its area exceeds 75 % of the largest, ½ from 25 %, else 0 (``c_unweighted_mm`` gives the full
height). ``hemorrhage_diameter_mm`` is the greatest distance in 3-D. Analysis slices lie at 15, 50
and 85 % of the slices that contain bleed, counted from the inferior end. The side is judged
against the plane that mirrors the brain onto itself best; *both* when the smaller part exceeds 10
%.

**Gate.** CT with a brain in view. **An empty mask is never "no bleed"**: the network's class is
*intracerebral* haemorrhage, so subdural, epidural and subarachnoid blood and what it misses stay
unseen; every measurement is then *not assessable*. A bleed cut by the edge of the volume has no
volume, but still alerts; nor has one where slices of the head are missing or were left out: there
may be more.

**How to read it.** ``hemorrhage_alert`` is *alert* from 0.1 cm³ of segmented bleed; ≥ 30 cm³ is
*large* (one point of the ICH score, Hemphill 2001, Stroke 32:891). ABC/2 is what a radiologist
measures by hand; it is given for comparison, the voxel volume is the better number.
``hemorrhage_ventricle_contact`` needs the task ``ventricle_parts``. Calcification and contrast
agent can imitate blood.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cc3d
import numpy as np

from heimdallr.analyses.acquisition import ACQUISITION, acquisition
from heimdallr.analyses.anatomy.axes import axes_on_slice
from heimdallr.analyses.anatomy.symmetry import midsagittal_plane
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
    unknown_side,
)
from heimdallr.analyses.unseen_regions import may_be_unseen
from heimdallr.imaging.morphology import (
    Box,
    Mask,
    box_around,
    box_of,
    dilated,
    largest_diameter_mm,
    reach_voxels,
    slice_distance_mm,
)

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Affine, LabelMap

TASK, LABEL = "cerebral_bleed", "intracerebral_hemorrhage"
VENTRICLE_TASK = "ventricle_parts"
BRAIN = "brain"

SMALLEST_BRAIN_CM3 = 5.0
"""Chosen, not measured: less is a stray. The task itself is run from 100 cm³ on."""

BRAIN_MARGIN_MM = 5.0
"""How far blood may lie outside what is labelled brain.

Chosen, not measured: blood at the surface is often not labelled brain. Half of it would cut such
bleeds; twice it would reach through the skull.
"""

ALERT_CM3 = 0.1
"""Chosen, not measured: four voxels of the network (3 mm); the bundled one drops what is below 0.5.

Half of it is noise of two voxels; twice it would keep quiet about bleeds a radiologist sees.
"""

LARGE_CM3 = 30.0
"""Hemphill 2001, Stroke 32:891 (ICH score)."""

CONTACT_MM = 2.0
"""Chosen, not measured: the width of partial volume between blood and fluid.

Half of it would miss contact; twice it would find some across a layer of white matter.
"""

ONE_SIDED = 0.90
"""Chosen, not measured: the rest may be put on the other side by a midline that is somewhat off.

At 0.95 a bleed beside the midline would be on both sides; at 0.80 a second one would be hidden.
"""

FULL_SLICE, HALF_SLICE = 0.75, 0.25
"""Shares of the largest area from which a slice counts in full and half (Kothari 1996)."""

ALERT, BELOW_ALERT = "alert", "below threshold"

VOLUME = Output("hemorrhage_vol_cm3", "cm3", "volume of intracerebral bleeding", flat=True)
ANALYSIS_SLICES = {
    "inferior_15": 0.15,
    "center_50": 0.50,
    "superior_85": 0.85,
}
SLICES = tuple(
    Output(
        f"hemorrhage_analysis_slices.{place}",
        "",
        f"slice at {share:.0%} of those that contain bleed, 0 = most inferior",
        flat=True,
    )
    for place, share in ANALYSIS_SLICES.items()
)
ALARM = Output("hemorrhage_alert", "", "alert from 0.1 cm3 of segmented bleed")
ABC2 = Output("hemorrhage_abc2_cm3", "cm3", "ABC/2 estimate of the largest bleed")
DIAMETER = Output("hemorrhage_diameter_mm", "mm", "largest diameter of the largest bleed")
LESIONS = Output("hemorrhage_lesions", "", "number of separate bleeds (26-connected)")
SIDE = Output("hemorrhage_side", "", "left, right or both")
VENTRICLE = Output("hemorrhage_ventricle_contact", "", "whether a bleed reaches a ventricle")
HU_MEAN = Output("hemorrhage_hu_mean", "HU", "mean attenuation of the bleed")
OUTPUTS = (VOLUME, *SLICES, ALARM, ABC2, DIAMETER, LESIONS, SIDE, VENTRICLE, HU_MEAN)
READS = Reads(structures=(BRAIN,), tasks=(TASK, VENTRICLE_TASK), coverage=True, facts=ACQUISITION)


@dataclass(frozen=True, slots=True)
class _Bleed:
    """Bleed and brain inside a box around the brain.

    Attributes:
        mask: (I, J, K) bleed inside the brain.
        brain: (I, J, K) brain with its holes filled.
        corner: (3,) index of the box's first voxel in the volume.
        dropped_voxels: bleed voxels outside the brain.
    """

    mask: Mask
    brain: Mask
    corner: tuple[int, int, int]
    dropped_voxels: int


def measure(case: Case) -> tuple[Measurement, ...]:
    """Everything about the bleed, or why nothing can be said."""
    if case.modality != "CT":
        return all_absent(OUTPUTS, inapplicable("task_reads_ct_only", task=TASK))
    if absence := attenuation_absence(case):
        return all_absent(OUTPUTS, absence)
    brain = structure_or_absence(case, BRAIN, region="head", at_least_cm3=SMALLEST_BRAIN_CM3)
    if isinstance(brain, Absence):
        return all_absent(OUTPUTS, brain)
    if absence := task_absence(case, TASK) or rejection(case, LABEL):
        return all_absent(OUTPUTS, absence)
    bleed = _inside_brain(case, brain)
    if not bleed.mask.any():
        return all_absent(OUTPUTS, _nothing_found(case, brain, bleed))
    return _describe(case, bleed)


def _nothing_found(case: Case, brain: StructureStatistics, bleed: _Bleed) -> Absence:
    """Why an empty mask says nothing."""
    if brain.cuts or may_be_unseen(case, "head"):
        return unassessable("no_bleed_in_measured_part")
    if bleed.dropped_voxels:
        return unassessable("no_bleed_within_brain", dropped_voxels=bleed.dropped_voxels)
    return unassessable("no_bleed_segmented")


def _inside_brain(case: Case, brain: StructureStatistics) -> _Bleed:
    """Cut bleed and brain out of the case, and drop bleed outside the brain."""
    box = box_around(brain, case.image.shape, case.image.affine, 2 * BRAIN_MARGIN_MM)
    return _cut(case.segmentations[TASK].label_map, case.anatomy, box)


def measured_bleed(bleed_map: LabelMap, anatomy: LabelMap) -> LabelMap:
    """The map of a bleed without what lies outside the brain and is not measured.

    Args:
        bleed_map: of the task ``cerebral_bleed``.
        anatomy: whole-body map on the same voxels.
    """
    brain = box_of(anatomy.mask(BRAIN))
    data = np.zeros_like(bleed_map.data)
    if brain is not None:
        reach = reach_voxels(anatomy.affine, 2 * BRAIN_MARGIN_MM)
        i, j, k = (
            slice(max(side.start - by, 0), side.stop + by)
            for side, by in zip(brain, reach, strict=True)
        )
        data[i, j, k][_cut(bleed_map, anatomy, (i, j, k)).mask] = bleed_map.number(LABEL)
    return replace(bleed_map, data=data)


def _cut(bleed_map: LabelMap, anatomy: LabelMap, box: Box) -> _Bleed:
    affine = anatomy.affine
    everywhere = bleed_map.mask(LABEL)
    found = everywhere[box]
    filled = _without_holes(anatomy.data[box] == anatomy.number(BRAIN))
    kept = found.copy()
    if found.any():
        near = _around(found, affine)
        kept[near] &= dilated(filled[near], affine, BRAIN_MARGIN_MM)
    i, j, k = (side.start for side in box)
    dropped = int(np.count_nonzero(everywhere)) - int(np.count_nonzero(kept))
    return _Bleed(kept, filled, (i, j, k), dropped)


def _around(mask: Mask, affine: Affine) -> tuple[slice, ...]:
    """Box of a mask with room for the dilation: the brain is dilated there only."""
    reach = reach_voxels(affine, BRAIN_MARGIN_MM)
    indices = np.nonzero(mask)
    return tuple(
        slice(max(int(along.min()) - by, 0), int(along.max()) + by + 1)
        for along, by in zip(indices, reach, strict=True)
    )


def _without_holes(mask: Mask) -> Mask:
    """The mask plus every cavity that does not open to the outside (blood read as no brain)."""
    padded = np.pad(mask, 1)
    outside = cc3d.connected_components(~padded, connectivity=6)
    solid = outside != outside[0, 0, 0]
    return np.asarray(solid[1:-1, 1:-1, 1:-1])


def _describe(case: Case, bleed: _Bleed) -> tuple[Measurement, ...]:
    voxel_cm3 = case.image.voxel_volume_mm3 / 1000
    indices = np.argwhere(bleed.mask) + np.array(bleed.corner)
    volume_cm3 = len(indices) * voxel_cm3
    unknown = _unknown_extent(case, bleed)
    hu = case.image.data[tuple(indices.T)].astype("float64")
    pieces, lesions = cc3d.connected_components(bleed.mask, connectivity=26, return_N=True)
    largest = np.argwhere(pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:])))
    return (
        *_size(case, largest, volume_cm3, unknown, bleed.dropped_voxels * voxel_cm3),
        *_analysis_slices(indices[:, 2]),
        ALARM.measured(
            ALERT if volume_cm3 >= ALERT_CM3 else BELOW_ALERT,
            structure=LABEL,
            threshold_cm3=ALERT_CM3,
            segmented_cm3=round(volume_cm3, 3),
            large=volume_cm3 >= LARGE_CM3,
        ),
        LESIONS.absent(unseen, structure=LABEL)
        if (unseen := _unseen_head(case))
        else LESIONS.measured(int(lesions), structure=LABEL),
        _side(case, bleed),
        _ventricle_contact(case, bleed),
        HU_MEAN.measured(round(float(hu.mean()), 2), structure=LABEL, **acquisition(case)),
    )


def _unknown_extent(case: Case, bleed: _Bleed) -> Absence | None:
    """Why the bleed may be larger than what is seen."""
    i, j, k = (slice(at, at + n) for at, n in zip(bleed.corner, bleed.mask.shape, strict=True))
    cut = case.cuts(bleed.mask, (i, j, k))
    if not cut:
        return _unseen_head(case)
    percent = 100 * max(cut.values())
    return unassessable("bleed_truncated", edges=tuple(cut), count=len(cut), percent=percent)


def _unseen_head(case: Case) -> Absence | None:
    """Why there may be more bleeds: slices of the head are missing, or were left out."""
    return unassessable("part_of_head_not_measured") if may_be_unseen(case, "head") else None


def _size(
    case: Case,
    largest: np.ndarray,
    volume_cm3: float,
    unknown: Absence | None,
    dropped_cm3: float,
) -> tuple[Measurement, ...]:
    """Volume, ABC/2 and diameter; none of them where there may be more than is seen."""
    if unknown:
        seen = round(volume_cm3, 3)
        volume = VOLUME.absent(unknown, structure=LABEL, segmented_cm3=seen)
        return (volume, ABC2.absent(unknown), DIAMETER.absent(unknown))
    affine = case.image.affine
    a, b, c, c_unweighted = abc_mm(largest, affine)
    points_mm = largest @ affine[:3, :3].T
    diameter_mm = largest_diameter_mm(points_mm)[0] + case.image.voxel_volume_mm3 ** (1 / 3)
    return (
        VOLUME.measured(round(volume_cm3, 3), structure=LABEL, dropped_cm3=round(dropped_cm3, 3)),
        ABC2.measured(
            round(a * b * c / 2000, 3),
            structure=LABEL,
            a_mm=round(a, 1),
            b_mm=round(b, 1),
            c_mm=round(c, 1),
            c_unweighted_mm=round(c_unweighted, 1),
        ),
        DIAMETER.measured(round(diameter_mm, 1), structure=LABEL),
    )


def abc_mm(indices: np.ndarray, affine: Affine) -> tuple[float, float, float, float]:
    """Kothari's A, B and C of one bleed, and C without the weights.

    Args:
        indices: (N, 3) voxel indices of the bleed.
        affine: (4, 4) voxel index → mm.

    Returns:
        A, B, C and the unweighted C in mm.
    """
    slices, counts = np.unique(indices[:, 2], return_counts=True)
    widest = indices[indices[:, 2] == slices[int(np.argmax(counts))]]
    axes = axes_on_slice(widest, affine)
    share = counts / counts.max()
    weights = np.where(share > FULL_SLICE, 1.0, np.where(share >= HALF_SLICE, 0.5, 0.0))
    distance_mm = slice_distance_mm(affine)
    return (
        axes.long_mm,
        axes.extent_mm,
        float(weights.sum()) * distance_mm,
        len(slices) * distance_mm,
    )


def _analysis_slices(slice_of_voxel: np.ndarray) -> tuple[Measurement, ...]:
    """The slices at 15, 50 and 85 % of those that contain bleed."""
    slices = np.unique(slice_of_voxel)
    return tuple(
        output.measured(int(slices[round(share * (len(slices) - 1))]), structure=LABEL)
        for output, share in zip(SLICES, ANALYSIS_SLICES.values(), strict=True)
    )


def _side(case: Case, bleed: _Bleed) -> Measurement:
    """Left, right or both, against the midsagittal plane."""
    if absence := unknown_side(case):
        return SIDE.absent(absence, structure=LABEL)
    affine = case.image.affine
    centre_mm, rightward = midsagittal_plane(bleed.brain | bleed.mask, affine)
    positions_mm = np.argwhere(bleed.mask) @ affine[:3, :3].T - centre_mm
    right = float(np.mean(positions_mm @ rightward > 0))
    side = "right" if right >= ONE_SIDED else "left" if right <= 1 - ONE_SIDED else "both"
    return SIDE.measured(side, structure=LABEL, share_right=round(right, 3))


def _ventricle_contact(case: Case, bleed: _Bleed) -> Measurement:
    """Whether any bleed voxel lies within 2 mm of a ventricle."""
    if absence := task_absence(case, VENTRICLE_TASK):
        return VENTRICLE.absent(absence)
    box = tuple(
        slice(start, start + length)
        for start, length in zip(bleed.corner, bleed.mask.shape, strict=True)
    )
    parts = case.segmentations[VENTRICLE_TASK].label_map
    believed = [number for number, name in parts.names.items() if name not in case.rejected]
    ventricles = np.isin(parts.data[box], believed)
    if not ventricles.any():
        return VENTRICLE.absent(unassessable("no_ventricle_segmented"))
    reached = bool((dilated(bleed.mask, case.image.affine, CONTACT_MM) & ventricles).any())
    return VENTRICLE.measured("yes" if reached else "no", within_mm=CONTACT_MM)
