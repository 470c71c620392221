"""Coronary calcium on an unenhanced chest CT: a category, and each lesion for review.

**Formulas.** The Agatston score (see *Calcified lesions*) of the coronary territory gives the
category 0, 1-99, 100-299 or 300 and more (the categories of CAC-DRS, Hecht 2018, J Cardiovasc
Comput Tomogr 12:185; the same limits hold for chest CT). Without ECG gating the heart moves while
it is scanned: the score itself is an estimate, given as the parameter ``estimated_agatston`` only.
``ecg_gating`` says whether the header tells of gating; where it does not, there may have been none.

*Territory.* Where the task ``coronary_arteries`` was run, its arteries and 3 mm around them.
Otherwise an **estimate**: the outer 12 mm of the heart's mask and 6 mm of fat outside it. Left out
are the aorta with 3 mm around it, the heart within 8 mm of the ascending aorta (the aortic valve),
whatever carries another label, and a bright piece that lies mostly outside (rib, sternum). The
mitral annulus lies deeper for the most part, but where it comes near the surface it is counted, as
is calcium of the pericardium; an ostial plaque within 3 mm of the aorta is missed.
``route`` says which territory was used.

**Gate.** Unenhanced CT as it was scanned (phase *native*, and a median of at most 100 HU in the
aorta), 110 to 130 kVp, soft or standard kernel, slices of at most 3 mm, the whole heart, noise that
leaves 130 HU four standard deviations above blood. Metal (1500 HU and more: leads, valves, clips)
makes it *not assessable*. A coronary **stent** is often no brighter than plaque and cannot be told
from it: where one is known, the category means nothing.

**How to read it.** ``coronary_calcium_lesions`` says how many pieces make the category up, and
``coronary_calcium_lesion_<n>_peak_hu`` where each of the twelve largest lies: look at them before
the category is believed. *0* means that no piece of 1 mm² was found in the territory. Categories
hold for adults; a child has none.

**How sure.** On 20 phantoms with one to five lesions and a calcified valve, against the score
without noise on slices of 3 mm: off by 4 (at most 27), on slices of 1 mm by 8 (at most 23), on
tilted ones by 10 (at most 41); of the lesions at most one, the smallest, was missed, and
the valve never counted. Phantoms do not move: a beating heart adds far more. The estimated
territory was looked at on one real heart, whose rim and grooves it covers; no native chest CT was
there to try it on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cc3d
import numpy as np

from heimdallr.analyses.acquisition import ACQUISITION, acquisition, ecg_gating
from heimdallr.analyses.anatomy.calcified_lesions import (
    AGATSTON_KVP,
    CALCIUM_HU,
    METAL_HU,
    UNENHANCED_HU,
    Lesion,
    affine_of_averaged,
    agatston,
    averaged_slices,
    coarse,
    fine,
    lesions,
    middles_of_averaged,
    near,
    noise_absence,
    without_what_reaches_out,
)
from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import Absence, Output, unassessable
from heimdallr.analyses.presence import structure_or_absence, truncation
from heimdallr.analyses.scan_gates import (
    age_absence,
    kernel_absence,
    native_absence,
    region_absence,
    scanned_absence,
    spacing_absence,
    voltage_absence,
)
from heimdallr.imaging.morphology import box_around, dilated, eroded

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.imaging.morphology import Box, Mask
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Affine, Array

HEART, AORTA = "heart", "aorta"
TASK, LABEL = "coronary_arteries", "coronary_arteries"
BESIDE = ("atrial_appendage_left", "pulmonary_vein")
"""Labels that reach into the grooves the coronary arteries run in."""

THICKEST_SLICE_MM = 3.0
SMALLEST_HEART_CM3 = 100.0
"""Chosen: a sixth of a grown-up's; less is a part of one."""

OUTSIDE_MM, DEEP_MM = 6.0, 12.0
"""How far coronary arteries lie outside and inside the heart's mask. Chosen, not measured: they run
in fat some millimetres thick, in grooves as deep as a centimetre. Half of it would lose those of
the grooves, twice reach the chest wall and the valves."""

AORTIC_WALL_MM, ARTERY_MM, VALVE_MM = 3.0, 3.0, 8.0
"""Chosen, not measured: a wall and a voxel; motion of a coronary artery between its two contours;
from the mask's end to the leaflets. Half of the last would count the aortic valve, twice would lose
the left main."""

ROOM_MM = 10.0
"""Seen around the territory, to tell what reaches out of it."""

MOST_LISTED = 12
BORDERS = (1.0, 100.0, 300.0)
CATEGORIES = ("0", "1-99", "100-299", "300 or more")
"""CAC-DRS, see above. A score between 0 and 1 is no 0: something was found."""

ESTIMATE, ARTERIES = "estimated from heart and aorta", "coronary_arteries"

CATEGORY = Output("coronary_calcium_category", "", "0, 1-99, 100-299 or 300 or more")
LESIONS = Output("coronary_calcium_lesions", "", "pieces of calcium that make it up")
LESION = Output("coronary_calcium_lesion_<n>_peak_hu", "HU", "one of the twelve largest, its place")
OUTPUTS = (CATEGORY, LESIONS, LESION)
READS = Reads(whole_map=True, tasks=(TASK,), coverage=True, patient=True, facts=ACQUISITION)
"""Of the whole map: what carries another label is no plaque."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The heart as it is scored.

    Attributes:
        hu: (I, J, K) attenuation, thin slices averaged.
        territory: (I, J, K) where calcium counts.
        affine: of these arrays.
        box: what was cut out of the volume.
        count: slices averaged.
        route: what the territory was made of.
    """

    hu: Array
    territory: Mask
    affine: Affine
    box: Box
    count: int
    route: str

    def lesions(self) -> list[Lesion]:
        """Those that score, the largest first."""
        found = lesions(self.hu, self.territory, self.affine)
        return [one for one in found if one.score > 0]

    def voxel(self, lesion: Lesion) -> tuple[int, int, int]:
        """A lesion's brightest place, in the volume."""
        i, j, k = (
            at + side.start
            for at, side in zip(lesion.ijk, (*self.box[:2], slice(0, 0)), strict=True)
        )
        return i, j, self.box[2].start + k * self.count + self.count // 2


def measure(case: Case) -> tuple[Measurement, ...]:
    """Category, number of lesions and the largest of them."""
    scored = scored_heart(case)
    if isinstance(scored, Absence):
        return tuple(output.absent(scored, structure=HEART) for output in (CATEGORY, LESIONS))
    found = scored.lesions()
    score = agatston(scored.hu, scored.territory, scored.affine)
    first: dict[str, Scalar] = _place(scored, found[0]) if found else {}
    return (
        CATEGORY.measured(
            category_of(score),
            structure=HEART,
            estimated_agatston=round(score, 1),
            route=scored.route,
            ecg_gating=ecg_gating(case),
            threshold_hu=CALCIUM_HU,
            slices_averaged=scored.count,
            **first,
            **acquisition(case),
        ),
        LESIONS.measured(len(found), structure=HEART, route=scored.route, **first),
        *(
            LESION.of(n=str(n)).measured(
                round(one.peak_hu),
                structure=HEART,
                area_mm2=round(one.area_mm2, 1),
                volume_mm3=round(one.volume_mm3, 1),
                estimated_agatston=round(one.score, 1),
                **_place(scored, one),
            )
            for n, one in enumerate(found[:MOST_LISTED], start=1)
        ),
    )


def category_of(score: float) -> str:
    """The category of an Agatston score."""
    if score <= 0:
        return CATEGORIES[0]
    return CATEGORIES[max(1, sum(score >= border for border in BORDERS))]


def _place(scored: Scored, lesion: Lesion) -> dict[str, Scalar]:
    """Where a viewer is to jump."""
    voxel = scored.voxel(lesion)
    return {"slice_index": voxel[2], "voxel": " ".join(map(str, voxel))}


def scored_heart(case: Case) -> Scored | Absence:
    """The heart with the territory that is scored, or why it cannot be."""
    unfit = (
        scanned_absence(case)
        or region_absence(case, "thorax", [HEART])
        or age_absence(case)
        or native_absence(case)
        or voltage_absence(case, *AGATSTON_KVP)
        or kernel_absence(case)
        or spacing_absence(case, THICKEST_SLICE_MM)
    )
    if unfit:
        return unfit
    heart = structure_or_absence(case, HEART, region="thorax", at_least_cm3=SMALLEST_HEART_CM3)
    if isinstance(heart, Absence):
        return heart
    aorta = structure_or_absence(case, AORTA, region="thorax")
    if isinstance(aorta, Absence):
        return aorta
    if aorta.median > UNENHANCED_HU:
        return unassessable("vessel_enhanced", structure=AORTA, median_hu=aorta.median)
    return truncation(heart) or _scored(case, heart)


def _scored(case: Case, heart: StructureStatistics) -> Scored | Absence:
    box = box_around(heart, case.image.shape, case.image.affine, OUTSIDE_MM + ROOM_MM)
    hu, count = averaged_slices(case.image.data[box], case.image.affine)
    labels = middles_of_averaged(case.anatomy.data[box], count)
    affine = affine_of_averaged(case.image.affine, count)
    own, aorta = (labels == case.anatomy.number(name) for name in (HEART, AORTA))
    if absence := noise_absence(hu[aorta if aorta.any() else own], AORTA):
        return absence
    around, unlabelled = near(own, affine, OUTSIDE_MM), _unlabelled(case, labels)
    peak_hu = float(hu[around & unlabelled].max())
    if peak_hu >= METAL_HU:
        return unassessable("metal_in", structure=HEART, peak_hu=peak_hu)
    blocked = ~unlabelled | dilated(aorta, affine, AORTIC_WALL_MM)
    arteries = _arteries(case, box, count)
    territory = (
        around & ~_deep(own | aorta, affine) & ~(own & near(_root(aorta, own), affine, VALVE_MM))
        if arteries is None
        else dilated(arteries, affine, ARTERY_MM)
    )
    free = np.where(blocked, np.float32(-1024), hu)
    territory = without_what_reaches_out(free, territory & ~blocked)
    route = ESTIMATE if arteries is None else ARTERIES
    return Scored(hu, territory, affine, box, count, route)


def _unlabelled(case: Case, labels: Array) -> Mask:
    """Where nothing but heart, what lies in its grooves, or nothing is labelled."""
    names = {HEART, *BESIDE}
    numbers = [number for number, name in case.anatomy.names.items() if name in names]
    return np.asarray(np.isin(labels, [0, *numbers]))


def _arteries(case: Case, box: Box, count: int) -> Mask | None:
    """The segmented coronary arteries; ``None`` where there are none that count."""
    if TASK not in case.segmentations or LABEL in case.rejected:
        return None
    found = case.segmentations[TASK].label_map
    mask = middles_of_averaged(found.data[box] == found.number(LABEL), count)
    return mask if mask.any() else None


def _deep(solid: Mask, affine: Affine) -> Mask:
    """What lies deeper in heart and aorta than coronary arteries do."""
    thinned, thinned_affine, steps = coarse(solid, affine)
    return fine(eroded(thinned, thinned_affine, DEEP_MM), steps, solid.shape)


def _root(aorta: Mask, heart: Mask) -> Mask:
    """The piece of aorta that comes out of the heart, not the one that runs down behind it."""
    pieces, count = cc3d.connected_components(aorta, connectivity=26, return_N=True)
    if count < 2:  # noqa: PLR2004 - one piece is the root, or there is none
        return aorta
    centroids = cc3d.statistics(pieces)["centroids"][1:]
    middle = np.argwhere(heart).mean(axis=0)
    return np.asarray(pieces == 1 + int(np.argmax(centroids[:, 1] - middle[1])))
