"""Emphysema: how much of each lobe, and of the lungs, is as thin as destroyed lung.

**Formulas.** Over the voxels of a lobe without its airways:

* ``…_laa950_percent``: share below -950 HU (LAA-950, *low attenuation area*);
* ``…_pd15_hu``: their 15th percentile, in HU (PD15; add 1000 for grams per litre).

Voxels are sampled every 2 mm as they are, not averaged: a share changes by less than 0.1 of a
percent, and the noise stays what it is. Airways are the trachea and what air joins to it: outside
the lobes all of it, inside a lobe up to 30 mm from where the bronchus enters, and no more than 15
cm³ of all lobes. Smaller bronchi are narrower than the partial volume that keeps them above -950.

**Gate.** CT as it was scanned of an adult, soft or standard kernel (a lung kernel's noise alone
puts lung below -950; which kernel is which, ``preparation/kernels.py`` lists by vendor), slices of
at most 2.5 mm, five whole lobes and the trachea. *Inspiration*: in expiration lung is denser and
emphysema hides. Judged by two signs, each of which refuses: lungs of less than 60 % of the total
lung capacity predicted for sex, age and height (where the height is not known, for a short adult);
a trachea whose back wall bulges inwards (its slices fill, in the median, less than 0.85 of their
convex hull).

**How to read it.** There is no category: published limits differ (1 to 6 % for LAA-950) with
kernel, slice thickness, dose and iterative reconstruction. Follow one patient on one protocol. The
mean of the air in the trachea (``trachea_air_hu``) tells how the scanner is calibrated: -1000 HU,
if it is well. Contrast medium raises lung by some HU and lowers LAA-950.

**How sure.** Phantom lungs with round pockets of air: of 25.0 % in a lobe 21.6 are found, of 10.1 %
7.9, of 3.3 % 2.7 (pockets of 14, 10 and 7 mm, voxels of 1.2 × 1.2 × 1.5 mm, 15 HU of noise): rims
are partial volume and do not count, the more the smaller the pockets; in healthy lobes 0.0. On the
real chest of LIDC-IDRI 0001 lungs have 2.6 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cc3d
import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from heimdallr.analyses.acquisition import ACQUISITION, acquisition
from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import Absence, Output, all_absent, unassessable
from heimdallr.analyses.presence import structure_or_absence, truncation
from heimdallr.analyses.scan_gates import (
    age_absence,
    kernel_absence,
    region_absence,
    scanned_absence,
    spacing_absence,
)
from heimdallr.analyses.typical_volumes import LOBES_CM3

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.domain.study import Patient
    from heimdallr.imaging.morphology import Box, Mask
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Array

LOBES = tuple(LOBES_CM3)
TRACHEA = "trachea"
LIMIT_HU, PERCENTILE = -950.0, 15.0
THICKEST_SLICE_MM = 2.5
"""LAA-950 and PD15 as the Fleischner Society's and the COPDGene study's protocols have them."""

STEP_MM = 2.0
"""Chosen: half of it takes eight times as long for the second decimal of a percentage."""

AIRWAY_HU, LUMEN_HU = -900.0, -930.0
"""Air outside and inside the lobes. Chosen: partial volume of a thin wall lies above the one; at
-950 noise would end a bronchus after every voxel, at -900 lung itself is let in."""

BRONCHUS_MM, MOST_BRONCHI_CM3, LARGEST_TREE_CM3 = 30.0, 15.0, 200.0
"""Chosen: ten segmental bronchi of 8 mm and 30 mm length have 15 cm³, trachea and main bronchi 60.
More than that is emphysema beside a bronchus, or air outside the patient: then only the first
voxels inside the lobe are taken. All of it is 0.3 % of a lung."""

LEAST_OF_CAPACITY = 0.60
"""Lung volume on CT over predicted total lung capacity. Chosen, between inspiration and expiration:
supine CT in full inspiration shows 0.83 of what plethysmography does (5.34 of 6.46 L; PMC3292389),
predicted residual capacity is 0.49 of total sitting, and less lying. At a half quiet expiration
passes, at 0.8 every other inspiration is refused."""
SHORT_M = {"M": 1.60, "F": 1.50}
"""Assumed where the height is not known: a short adult, so that only a clear expiration is
refused."""
USUAL_AGE = 60.0

ROUND = 0.85
"""Share of its convex hull that a trachea fills, in the median of its slices. Chosen, not measured:
a disc or a horseshoe with a flat back fills 0.95 and more, a crescent 0.8 and less."""
FEWEST_PIXELS = 12

LUNGS_LAA = Output("lungs_laa950_percent", "%", "share of both lungs below -950 HU, airways out")
LUNGS_PD15 = Output("lungs_pd15_hu", "HU", "15th percentile of attenuation in both lungs")


def _outputs(lobe: str) -> tuple[Output, Output]:
    words = lobe.replace("_", " ")
    return (
        Output(f"{lobe}_laa950_percent", "%", f"share of the {words} below -950 HU"),
        Output(f"{lobe}_pd15_hu", "HU", f"15th percentile of attenuation in the {words}"),
    )


OUTPUTS = (LUNGS_LAA, LUNGS_PD15, *(output for lobe in LOBES for output in _outputs(lobe)))
READS = Reads(structures=(*LOBES, TRACHEA), coverage=True, patient=True, facts=ACQUISITION)


@dataclass(frozen=True, slots=True)
class Lungs:
    """Lobes and airways on a grid of about 2 mm.

    Attributes:
        box: what was cut out of the volume.
        steps: every how many voxels of it are taken.
        hu: (I, J, K) their attenuation.
        labels: (I, J, K) their labels.
        airways: (I, J, K) trachea and bronchi.
    """

    box: Box
    steps: tuple[int, int, int]
    hu: Array
    labels: Array
    airways: Mask


def measure(case: Case) -> tuple[Measurement, ...]:
    """LAA-950 and PD15 of the lungs and of each lobe."""
    absence = unfit(case)
    if absence:
        return all_absent(OUTPUTS, absence)
    lungs = lungs_of(case)
    trachea = lungs.labels == case.anatomy.number(TRACHEA)
    known: dict[str, Scalar] = {
        "threshold_hu": LIMIT_HU,
        "lung_volume_cm3": round(_volume_cm3(case)),
        "trachea_air_hu": round(float(np.median(lungs.hu[trachea])), 1),
        **acquisition(case),
    }
    parts = [lungs.hu[(lungs.labels == case.anatomy.number(one)) & ~lungs.airways] for one in LOBES]
    measured = [
        one
        for lobe, values in zip(LOBES, parts, strict=True)
        for one in _numbers(_outputs(lobe), values, lobe, known)
    ]
    whole = _numbers((LUNGS_LAA, LUNGS_PD15), np.concatenate(parts), None, known)
    return (*whole, *measured)


def _numbers(
    outputs: tuple[Output, Output],
    values: Array,
    structure: str | None,
    known: dict[str, Scalar],
) -> tuple[Measurement, Measurement]:
    share, percentile = outputs
    return (
        share.measured(
            round(100 * float((values < LIMIT_HU).mean()), 2), structure=structure, **known
        ),
        percentile.measured(
            round(float(np.percentile(values, PERCENTILE)), 1), structure=structure, **known
        ),
    )


def unfit(case: Case) -> Absence | None:
    """Why emphysema cannot be measured on this CT."""
    absence = (
        scanned_absence(case)
        or region_absence(case, "thorax", LOBES)
        or age_absence(case)
        or kernel_absence(case)
        or spacing_absence(case, THICKEST_SLICE_MM)
    )
    if absence:
        return absence
    for lobe in LOBES:
        found = structure_or_absence(case, lobe, region="thorax")
        if isinstance(found, Absence):
            return found
        if cut := truncation(found):
            return unassessable("lobe_truncated", structure=lobe, **cut.why.parameters)
    trachea = structure_or_absence(case, TRACHEA, region="thorax")
    if isinstance(trachea, Absence):
        return trachea
    return _expiration(case, trachea)


def _volume_cm3(case: Case) -> float:
    return sum(case.statistics[lobe].volume_cm3 for lobe in LOBES)


def _expiration(case: Case, trachea: StructureStatistics) -> Absence | None:
    """What speaks for a scan in expiration."""
    volume_l, capacity_l = _volume_cm3(case) / 1000, predicted_capacity_l(case.patient)
    if volume_l < LEAST_OF_CAPACITY * capacity_l:
        return unassessable(
            "lungs_not_inflated", volume_l=volume_l, percent=100 * volume_l / capacity_l
        )
    filled = roundness(case, trachea)
    return None if filled >= ROUND else unassessable("trachea_bulges_in", share=filled)


def predicted_capacity_l(patient: Patient) -> float:
    """Total lung capacity in litres by sex, age and height.

    The Global Lung Function Initiative's medians (Hall 2021, Eur Respir J 57:2000289) without their
    age spline, which moves an adult's by a few percent. Unknown sex counts as female.
    """
    sex = "M" if patient.sex == "M" else "F"
    height_cm = 100 * (patient.height_m or SHORT_M[sex])
    age, tall = np.log(patient.age_years or USUAL_AGE), np.log(height_cm)
    if sex == "M":
        return float(np.exp(-10.5861 + 0.1433 * age + 2.3155 * tall))
    return float(np.exp(-10.1128 + 0.1062 * age + 2.2259 * tall))


def roundness(case: Case, trachea: StructureStatistics) -> float:
    """Share of its convex hull that the trachea fills: median of its slices within the chest."""
    low, high = trachea.bbox_min_ijk, trachea.bbox_max_ijk
    top = max(case.statistics[lobe].bbox_max_ijk[2] for lobe in LOBES)
    box = tuple(slice(a, b + 1) for a, b in zip(low, (*high[:2], min(high[2], top)), strict=True))
    mask = case.anatomy.data[box] == case.anatomy.number(TRACHEA)
    # The lowest third divides into the main bronchi.
    start = mask.shape[2] // 3
    shares = [one for k in range(start, mask.shape[2]) if (one := _filled(mask[:, :, k]))]
    return float(np.median(shares)) if shares else 1.0


def _filled(pixels: Mask) -> float | None:
    """Pixels over the area of the hull of their corners; ``None`` for a few."""
    points = np.argwhere(pixels)
    if len(points) < FEWEST_PIXELS:
        return None
    corners = np.concatenate([points + by for by in ((0, 0), (0, 1), (1, 0), (1, 1))])
    try:
        return len(points) / float(ConvexHull(corners).volume)
    except QhullError:  # pragma: no cover - corners of pixels span a plane
        return None


def lungs_of(case: Case) -> Lungs:
    """Lobes and airways, sampled."""
    found = [case.statistics[name] for name in (*LOBES, TRACHEA)]
    box = tuple(
        slice(min(s.bbox_min_ijk[a] for s in found), max(s.bbox_max_ijk[a] for s in found) + 1)
        for a in range(3)
    )
    i, j, k = (max(1, round(float(STEP_MM / mm))) for mm in case.image.spacing_mm)
    hu, labels = (data[box][::i, ::j, ::k] for data in (case.image.data, case.anatomy.data))
    numbers = [case.anatomy.number(lobe) for lobe in LOBES]
    voxel_cm3 = case.image.voxel_volume_mm3 * i * j * k / 1000
    airways = _airways(
        hu, np.isin(labels, numbers), labels == case.anatomy.number(TRACHEA), voxel_cm3
    )
    return Lungs((box[0], box[1], box[2]), (i, j, k), hu, labels, airways)


def _airways(hu: Array, lobes: Mask, trachea: Mask, voxel_cm3: float) -> Mask:
    """Trachea, main bronchi, and the bronchi near them inside the lobes."""
    pieces = cc3d.connected_components(trachea | ((hu < AIRWAY_HU) & ~lobes), connectivity=6)
    numbers = np.unique(pieces[trachea])
    central = np.isin(pieces, numbers)
    if central.sum() * voxel_cm3 > LARGEST_TREE_CM3:
        central = trachea
    steps = round(BRONCHUS_MM / STEP_MM)
    where = np.argwhere(central)
    box = tuple(
        slice(max(int(low) - steps - 1, 0), int(high) + steps + 2)
        for low, high in zip(where.min(axis=0), where.max(axis=0), strict=True)
    )
    tree, lumen = central[box], lobes[box] & (hu[box] < LUMEN_HU)
    entered = ndimage.binary_dilation(tree) & lumen
    bronchi = ndimage.binary_dilation(entered, iterations=steps, mask=lumen)
    if bronchi.sum() * voxel_cm3 > MOST_BRONCHI_CM3:
        bronchi = entered
    airways = central.copy()
    airways[box] |= bronchi
    return airways
