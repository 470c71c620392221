"""Liver steatosis: fat in the liver, by attenuation or by a fat fraction map.

**Formulas.** Unenhanced CT, with the means *L* and *S* of liver and spleen without their 3 mm rim
(which stand among the organ densities, as does *L - S*): ``liver_to_spleen_hu_ratio = L / S``;
``liver_fat_percent = 38.2 - 0.58 · L``, at least 0: the proton density fat fraction by MR that goes
with *L* (Pickhardt 2018, AJR). Portal venous CT: the class of *L* only. MR: the mean of a fat
fraction map over the liver without its rim, in percent.

**Gate.** At least 100 cm³ of liver over 30 mm. CT: Hounsfield units of a usual tube, no virtual
image; 110 to 130 kV, for the fat percentage 115 to 125; unenhanced or portal venous as told. MR:
the series calls itself a fat fraction in its ImageType or description *and* its RescaleType names
percent or per mille; a map of unknown scale is refused, and so is one with values outside -10 to
100 %. Maps are measured only where a study holds no anatomical series.

**How to read it.** Unenhanced, below 40 HU steatosis is at least moderate, about 15 % by MR (Boyce
2010, AJR 194:623); below 48 HU it was so in each of 315 donors (Pickhardt 2012, Eur Radiol
22:1075), and *L - S* below -10 HU says the same (Limanond 2004, Radiology 230:276). Iron hides fat:
it raises attenuation. Portal venous: below 80 HU moderate steatosis with a sensitivity of 86 % and
a specificity of 90 %, below 90 HU 95 % and 75 % (Pickhardt 2024; the reference was below 40 HU
unenhanced); *L - S* says less there. MR: 6.4, 17.4 and 22.1 % separate the grades of histology
(Tang, quoted in J Hepatol 2016 65:1006).

**How sure.** 20 drawn livers of 5 to 65 HU under their own labels, noise 10 HU: fat 0.03 % off on
average and 0.1 % at worst, flipped and turned as well; 0.2 % at worst with slices of 5 mm, 0.5 %
with a sharp kernel. How well the formula fits a patient is another matter: some per cent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.acquisition import ACQUISITION, acquisition
from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import (
    Absence,
    Output,
    all_absent,
    inapplicable,
    unassessable,
)
from heimdallr.analyses.organ_density import EROSION_MM
from heimdallr.analyses.presence import structure_or_absence
from heimdallr.analyses.scan_gates import native_absence, scanned_absence, voltage_absence
from heimdallr.imaging.morphology import box_around, eroded, slice_distance_mm
from heimdallr.preparation.mr_contrast import is_fat_fraction

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.imaging.statistics import StructureStatistics

USUAL_KVP, FORMULA_KVP = (110.0, 130.0), (115.0, 125.0)
"""Chosen, not measured: the limits and the formula were published for 120 kV, and fat is darker at
lower voltages. Half the width would refuse nothing more that scanners offer, twice it would take in
100 and 140 kV."""
SMALLEST_LIVER_CM3, LOWEST_LIVER_MM = 100.0, 30.0
"""Chosen, not measured: a dome at the foot of a chest scan is lung and diaphragm for the most part.
Half of it would measure that, twice it would refuse the livers of most chest scans."""
INTERCEPT_PERCENT, PERCENT_PER_HU = 38.2, -0.58
"""Pickhardt 2018. Checked against Starekova 2021, Radiology 301:250, figure 2: 65, 23 and -3 HU go
with 0.5, 25 and 40 %."""
LIKELY_HU, POSSIBLE_HU = 80.0, 90.0
"""Pickhardt 2024."""
PLAUSIBLE_PERCENT = (-10.0, 100.0)
"""Between these lie 98 % of a liver's voxels in a map of the scale it names; noise reaches below 0.
Chosen, not measured: per mille taken for percent exceeds it from a fat fraction of 10 % on."""

RATIO = Output("liver_to_spleen_hu_ratio", "", "attenuation of the liver over the spleen's")
FAT = Output("liver_fat_percent", "%", "fat fraction that goes with the unenhanced attenuation")
PORTAL = Output("liver_portal_venous_hu_class", "", "portal venous attenuation in three classes")
PDFF = Output("liver_pdff_percent", "%", "mean of an MR fat fraction map over the liver")
OUTPUTS = (RATIO, FAT, PORTAL, PDFF)
READS = Reads(
    structures=("liver",),
    coverage=True,
    facts=(
        *ACQUISITION,
        *("contrast_phase_fine", "liver_hu_eroded_mean", "spleen_hu_eroded_mean"),
    ),
)
_BY_CT, _UNENHANCED = (RATIO, FAT, PORTAL), (RATIO, FAT)

BELOW_80, BELOW_90, FROM_90 = "below 80 HU", "80 to 90 HU", "90 HU and more"


def measure(case: Case) -> tuple[Measurement, ...]:
    """What the modality and the phase allow; the others say why not."""
    if case.modality != "CT":
        absence = inapplicable("mr_has_no_hounsfield_units")
        return (*all_absent(_BY_CT, absence), _fat_fraction(case))
    no_map = PDFF.absent(inapplicable("fat_fraction_is_mr"))
    liver_hu = _usual_attenuation(case) or _enough_liver(case) or _mean_hu(case, "liver")
    if isinstance(liver_hu, Absence):
        return (*all_absent(_BY_CT, liver_hu), no_map)
    return (*_unenhanced(case, liver_hu), _portal_venous(case, liver_hu), no_map)


def _usual_attenuation(case: Case) -> Absence | None:
    """Why attenuations are not those that limits were published for."""
    return scanned_absence(case) or voltage_absence(case, *USUAL_KVP)


def _enough_liver(case: Case) -> Absence | None:
    found = _liver(case)
    return found if isinstance(found, Absence) else None


def _liver(case: Case) -> StructureStatistics | Absence:
    found = structure_or_absence(case, "liver", region="abdomen")
    if isinstance(found, Absence):
        return found
    slices = found.bbox_max_ijk[2] - found.bbox_min_ijk[2] + 1
    height_mm = slices * slice_distance_mm(case.image.affine)
    if found.volume_cm3 < SMALLEST_LIVER_CM3 or height_mm < LOWEST_LIVER_MM:
        return unassessable(
            "little_liver",
            volume_cm3=found.volume_cm3,
            height_mm=height_mm,
            needed_cm3=SMALLEST_LIVER_CM3,
            needed_mm=LOWEST_LIVER_MM,
        )
    return found


def _mean_hu(case: Case, organ: str) -> float | Absence:
    """The organ's mean without its rim, as measured among the densities."""
    one = case.facts[f"{organ}_hu_eroded_mean"]
    if isinstance(one.value, int | float):
        return float(one.value)
    assert one.why is not None  # noqa: S101 - it has no value
    return Absence(one.status, one.why)


def _unenhanced(case: Case, liver_hu: float) -> tuple[Measurement, ...]:
    if absence := native_absence(case):
        return all_absent(_UNENHANCED, absence)
    return (_ratio(case, liver_hu), _fat(case, liver_hu))


def _ratio(case: Case, liver_hu: float) -> Measurement:
    spleen_hu = _mean_hu(case, "spleen")
    if isinstance(spleen_hu, float) and spleen_hu <= 0:
        spleen_hu = unassessable("mislabelled", structure="spleen", median_hu=spleen_hu)
    if isinstance(spleen_hu, Absence):
        return RATIO.absent(spleen_hu, structure="liver")
    return RATIO.measured(round(liver_hu / spleen_hu, 3), structure="liver", **acquisition(case))


def _fat(case: Case, liver_hu: float) -> Measurement:
    if absence := voltage_absence(case, *FORMULA_KVP):
        return FAT.absent(absence, structure="liver")
    percent = INTERCEPT_PERCENT + PERCENT_PER_HU * liver_hu
    return FAT.measured(round(max(percent, 0.0), 1), structure="liver", **acquisition(case))


def _portal_venous(case: Case, liver_hu: float) -> Measurement:
    phase = case.facts["contrast_phase_fine"].value
    if phase is None:
        return PORTAL.absent(unassessable("native_phase_not_known"), structure="liver")
    if phase != "portal_venous":
        another = inapplicable("needs_portal_venous_ct", phase=str(phase))
        return PORTAL.absent(another, structure="liver")
    named = BELOW_80 if liver_hu < LIKELY_HU else BELOW_90 if liver_hu < POSSIBLE_HU else FROM_90
    return PORTAL.measured(named, structure="liver", **acquisition(case))


def _fat_fraction(case: Case) -> Measurement:
    """The mean of a fat fraction map; of any other MR series, why there is none."""
    if not is_fat_fraction(case.series):
        return PDFF.absent(inapplicable("no_fat_fraction_map"))
    percent_per_unit = case.series.percent_per_unit
    if percent_per_unit is None:
        return PDFF.absent(unassessable("fat_fraction_of_unknown_scale"))
    found = _liver(case)
    if isinstance(found, Absence):
        return PDFF.absent(found, structure="liver")
    box = box_around(found, case.image.shape, case.image.affine)
    mask = case.anatomy.data[box] == case.anatomy.number("liver")
    core = eroded(mask, case.image.affine, EROSION_MM)
    percent = case.image.data[box][core if core.any() else mask] * percent_per_unit
    low, high = (float(one) for one in np.percentile(percent, (1, 99)))
    lowest, highest = PLAUSIBLE_PERCENT
    if low < lowest or high > highest:
        implausible = unassessable("fat_fraction_out_of_range", low_percent=low, high_percent=high)
        return PDFF.absent(implausible, structure="liver")
    value = round(float(percent.mean(dtype="float64")), 1)
    unit = case.series.rescale_type.strip().upper()
    return PDFF.measured(value, structure="liver", read_as=unit, erosion_mm=EROSION_MM)
