"""Aortic calcium: Agatston score and volume of plaque in the wall of the abdominal aorta.

**Formulas.** The Agatston score (see *Calcified lesions*) of the abdominal aorta, from the middle
between T11 and T12 to the middle between L4 and L5, or to its bifurcation where that is higher:
its mask and a rim of 2.5 mm, because the networks leave plaque outside the mask. Not counted is
what lies within 2.5 mm of a vertebra and outside the mask, what carries another structure's label
(the iliac arteries), and a bright piece that lies mostly outside. ``aortic_calcium_vol_mm3`` is the
volume of the voxels that count.

**Gate.** Unenhanced CT as it was scanned (phase *native*, and a median of at most 100 HU in the
aorta), 110 to 130 kVp, slices of at most 5 mm, T12 to L4 whole, vertebral levels that are believed
(see *Vertebral levels*: without them the stretch is not known, and no other stretch is scored in
its place), an aorta that was followed over that stretch, noise that leaves 130 HU four standard
deviations above blood, no metal (1500 HU and more: a stent). An aorta that was looked at and holds
no calcium has the score 0.

**How to read it.** In 829 adults without symptoms, whose aorta was scored (with a modified Agatston
score) on unenhanced CT colonography, a score above 200 told cardiovascular events of the next 11
years better than the Framingham risk score (O'Connor 2018, Radiology; PMID 30277443). No
other limit is given here. Slices of other thickness than 3 mm change the score.

**How sure.** Phantoms with one to four plaques (``tools/quality``), against the score without noise
on slices of 3 mm: off by 4 to 5 on slices of 3 mm (at most 32), by 12 of 1 mm (at most 50), by 13
of 5 mm (at most 50) and by 10 of tilted ones (at most 36), of some hundred. Vertebrae before which
the aorta lies added nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.acquisition import ACQUISITION, acquisition
from heimdallr.analyses.anatomy.calcified_lesions import (
    AGATSTON_KVP,
    CALCIUM_HU,
    METAL_HU,
    UNENHANCED_HU,
    Section,
    affine_of_averaged,
    averaged_slices,
    middles_of_averaged,
    noise_absence,
    sections,
    volume_mm3,
    without_what_reaches_out,
)
from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import Absence, Output, unassessable
from heimdallr.analyses.presence import structure_or_absence
from heimdallr.analyses.scan_gates import (
    native_absence,
    region_absence,
    scanned_absence,
    spacing_absence,
    voltage_absence,
)
from heimdallr.analyses.vertebral_levels import LEVELS, structure_of
from heimdallr.domain.measurement import Status
from heimdallr.imaging.morphology import box_around, dilated
from heimdallr.imaging.statistics import GAP

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.imaging.morphology import Box, Mask
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Affine, Array

AORTA = "aorta"
FIRST, LAST = "T12", "L4"
THICKEST_SLICE_MM = 5.0
RIM_MM = 2.5
"""Chosen, not measured: the wall is 2 mm thick, and a contour is a voxel off. Half of it would cut
plaque at the border of the mask, twice reach into vertebrae, bowel and the renal arteries."""

FOLLOWED = 0.75
"""Share of the stretch on which there must be an aorta. Chosen: it may divide at the upper edge of
L4, a fifth above the end. With half an aorta that was lost would be scored."""

SMALLEST_VERTEBRA_CM3 = 5.0
ALONG = ("superior", "inferior", GAP)
"""What cuts a stretch of the spine; a spinous process beyond the field of view does not."""

SCORE = Output("aortic_calcium_agatston", "", "Agatston score of the abdominal aorta, T12 to L4")
VOLUME = Output("aortic_calcium_vol_mm3", "mm3", "volume of the calcium that is scored")
OUTPUTS = (SCORE, VOLUME)
READS = Reads(whole_map=True, levels=True, coverage=True, facts=ACQUISITION)
"""Of the whole map: what carries another label is no plaque."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The abdominal aorta as it is scored.

    Attributes:
        hu: (I, J, K) attenuation, thin slices averaged.
        territory: (I, J, K) where calcium counts.
        affine: of these arrays.
        box: what was cut out of the volume.
        count: slices averaged.
    """

    hu: Array
    territory: Mask
    affine: Affine
    box: Box
    count: int


def measure(case: Case) -> tuple[Measurement, ...]:
    """Score and volume, or why there are none."""
    scored = scored_aorta(case)
    if isinstance(scored, Absence):
        return tuple(output.absent(scored, structure=AORTA) for output in OUTPUTS)
    found = sections(scored.hu, scored.territory, scored.affine)
    total = sum(one.score for one in found)
    place = {} if not found else {"slice_index": _slice(scored, found)}
    score = SCORE.measured(
        round(total, 0 if total >= 1 else 1),
        structure=AORTA,
        threshold_hu=CALCIUM_HU,
        slices_averaged=scored.count,
        **place,
        **case.levels.conditions,
        **acquisition(case),
    )
    volume = volume_mm3(scored.hu, scored.territory, scored.affine)
    return score, VOLUME.measured(round(volume, 1), structure=AORTA, **place)


def _slice(scored: Scored, found: list[Section]) -> int:
    """Slice of the volume with the highest score."""
    per_slice: dict[int, float] = {}
    for one in found:
        per_slice[one.k] = per_slice.get(one.k, 0.0) + one.score
    k = max(per_slice, key=lambda k: per_slice[k])
    return int(scored.box[2].start + k * scored.count + scored.count // 2)


def scored_aorta(case: Case) -> Scored | Absence:
    """The stretch of aorta that is scored, or why it cannot be."""
    unfit = (
        scanned_absence(case)
        or region_absence(case, "abdomen", map(structure_of, (FIRST, LAST)))
        or native_absence(case)
        or voltage_absence(case, *AGATSTON_KVP)
        or spacing_absence(case, THICKEST_SLICE_MM)
    )
    if unfit:
        return unfit
    aorta = structure_or_absence(case, AORTA, region="abdomen")
    if isinstance(aorta, Absence):
        return aorta
    if aorta.median > UNENHANCED_HU:
        return unassessable("vessel_enhanced", structure=AORTA, median_hu=aorta.median)
    stretch = abdominal_stretch(case)
    if isinstance(stretch, Absence):
        return stretch
    return _followed(case, aorta, stretch) or _scored(case, aorta, stretch)


def abdominal_stretch(case: Case) -> tuple[int, int] | Absence:
    """Lowest and highest slice of the abdominal aorta, T12 to L4."""
    for level in (FIRST, LAST):
        found = structure_or_absence(
            case, structure_of(level), region="abdomen", at_least_cm3=SMALLEST_VERTEBRA_CM3
        )
        if isinstance(found, Absence):
            return found
        if edges := tuple(edge for edge in found.cuts if edge in ALONG):
            return unassessable("level_truncated", level=level, edges=edges, count=len(edges))
    if case.levels.problem is not None:
        return Absence(Status.NOT_ASSESSABLE, case.levels.problem)
    return _border(case, LAST, +1), _border(case, FIRST, -1)


def _border(case: Case, level: str, below: int) -> int:
    """Slice half way to the next level, ``below`` (+1) or above (-1); its own end without one."""
    own = case.statistics[structure_of(level)]
    neighbour = structure_of(LEVELS[LEVELS.index(level) + below])
    beside = case.statistics.get(neighbour)
    if beside is None or beside.cuts:
        return own.bbox_min_ijk[2] if below > 0 else own.bbox_max_ijk[2]
    return round((own.centroid_ijk[2] + beside.centroid_ijk[2]) / 2)


def _followed(case: Case, aorta: StructureStatistics, stretch: tuple[int, int]) -> Absence | None:
    low, high = stretch
    i, j, _ = box_around(aorta, case.image.shape, case.image.affine)
    seen = (case.anatomy.data[i, j, low : high + 1] == case.anatomy.number(AORTA)).any(axis=(0, 1))
    share = float(seen.mean())
    if share < FOLLOWED or GAP in aorta.cuts:
        return unassessable("vessel_not_followed", structure=AORTA, percent=100 * share)
    return None


def _scored(case: Case, aorta: StructureStatistics, stretch: tuple[int, int]) -> Scored | Absence:
    """Crop, average and outline the stretch."""
    i, j, _ = box_around(aorta, case.image.shape, case.image.affine, 4 * RIM_MM)
    box = (i, j, slice(stretch[0], stretch[1] + 1))
    hu, count = averaged_slices(case.image.data[box], case.image.affine)
    labels = middles_of_averaged(case.anatomy.data[box], count)
    affine = affine_of_averaged(case.image.affine, count)
    own = labels == case.anatomy.number(AORTA)
    if absence := noise_absence(hu[own], AORTA):
        return absence
    blocked = ((labels > 0) | dilated(_bone(case, labels), affine, RIM_MM)) & ~own
    territory = dilated(own, affine, RIM_MM) & ~blocked
    territory = without_what_reaches_out(np.where(blocked, np.float32(-1024), hu), territory)
    if float(hu[territory].max()) >= METAL_HU:
        return unassessable("metal_in", structure=AORTA, peak_hu=float(hu[territory].max()))
    return Scored(hu, territory, affine, box, count)


def _bone(case: Case, labels: Array) -> Mask:
    numbers = [n for n, name in case.anatomy.names.items() if name.startswith("vertebrae_")]
    return np.asarray(np.isin(labels, numbers))
