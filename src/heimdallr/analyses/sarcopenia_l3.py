"""Sarcopenia at L3: skeletal muscle area, attenuation and index on one axial slice.

**Formulas.** On the axial slice through the centroid of the third lumbar vertebral *body*, with the
pixels *m* of the muscle compartment between −29 and 150 HU, arms excluded:

* ``SMA = |m| · |a × b| / 100`` cm² (pixel area from the affine's in-plane axes *a*, *b* in mm);
* ``muscle_HU_mean``, ``muscle_HU_std``: mean and population standard deviation over *m*;
* ``SMI = SMA / height²`` cm²/m² when the height is known.

**Gate.** CT; tissue masks; L3 whole and of at least 5 cm³; a spine that passes the level
self-check and is named by sacrum or ribs (``level_rests_on``). Muscle that the field of view cuts
has no area but still an attenuation. Without a height there is no SMI.

**How to read it.** Low values mark frailty and poor outcome in cancer, cirrhosis and surgery.
Published cut-offs, all for adults:

| Source | men | women |
|---|---|---|
| Prado 2008 | SMI 52.4 cm²/m² | SMI 38.5 cm²/m² |
| Martin 2013 | SMI 43 (BMI < 25), 53 (BMI ≥ 25) | SMI 41 |
| Martin 2013 | 41 HU (BMI < 25), 33 HU (BMI ≥ 25) | the same |
| Derstine 2018 | SMA 144.3 cm², SMI 45.4, 38.5 HU | SMA 92.2 cm², SMI 34.4, 34.3 HU |

Prado: Lancet Oncol 9:629 (obese patients with cancer). Martin: J Clin Oncol 31:1539 (cancer).
Derstine: Sci Rep 8:11369 (healthy kidney donors of 18–40 years, mean − 2 SD, *unenhanced* CT).
Contrast raises muscle attenuation by some HU: after a portal venous scan ``estimated_native_hu``
beside the mean is 0.75 times it (Perez 2021, Abdom Radiol; 1,211 kidney donors); it never stands
for the mean, and no limit is applied to it. ``slice_L3`` counts from 0 at the inferior end of the
volume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.acquisition import ACQUISITION, acquisition
from heimdallr.analyses.anatomy.axial_tissue import (
    BODY_PARTS,
    MUSCLE,
    MUSCLE_WINDOW,
    TASK,
    AxialTissue,
    axial_tissue,
    route,
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
    attenuation_absence,
    rejection,
    structure_or_absence,
    task_absence,
    truncation,
)
from heimdallr.analyses.vertebral_levels import (
    body_centroid_ijk,
    structure_of,
)
from heimdallr.domain.measurement import Status

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar

LEVEL = "L3"
L3 = structure_of(LEVEL)
SMALLEST_L3_CM3 = 5.0
"""Chosen, not measured: L3 has 66 to 81 cm³ in three real label maps; less than this is a fragment
whose middle is not L3's. Twice it would refuse an infant's."""

SMALLEST_AREA_CM2 = 10.0
"""Below this no trunk muscle was segmented, whatever the patient.

Chosen, not measured: a ninth of the lowest published limit (92 cm²). Half of it could be a piece of
one muscle; twice it would come near a small child's.
"""

NATIVE_OF_PORTAL_VENOUS = 0.75
"""Perez 2021, of the renal parenchymal phase of donors, which is close to the portal venous one."""

SLICE = Output("slice_L3", "", "slice through the L3 body, 0 = most inferior", flat=True)
SMA = Output("SMA_cm2", "cm2", "skeletal muscle area at L3", flat=True)
HU_MEAN = Output("muscle_HU_mean", "HU", "mean attenuation of that muscle", flat=True)
HU_STD = Output("muscle_HU_std", "HU", "standard deviation of its attenuation", flat=True)
SMI = Output("SMI_cm2_m2", "cm2/m2", "skeletal muscle index: SMA over height squared")
OUTPUTS = (SLICE, SMA, HU_MEAN, HU_STD, SMI)
READS = Reads(
    whole_map=True,
    tasks=(TASK, BODY_PARTS),
    levels=True,
    coverage=True,
    patient=True,
    facts=(*ACQUISITION, "contrast_phase_fine"),
)
"""Of the whole map: arms are what no organ is near to."""
_OF_MUSCLE = (SMA, HU_MEAN, HU_STD, SMI)
_KEPT = ("level_rests_on", "level_agrees_with", "level_differs_from")
"""Parameters of the area that are the index's too."""


def measure(case: Case) -> tuple[Measurement, ...]:
    """Slice, area, attenuation and index; what the study cannot answer says why."""
    if case.modality != "CT":
        return all_absent(OUTPUTS, inapplicable("muscle_needs_attenuation"))
    if absence := attenuation_absence(case):
        return all_absent(OUTPUTS, absence)
    k = l3_slice(case)
    if isinstance(k, Absence):
        return all_absent(OUTPUTS, k)
    slice_l3 = SLICE.measured(k, structure=L3, **case.levels.conditions)
    if absence := task_absence(case, TASK) or rejection(case, MUSCLE):
        return (slice_l3, *all_absent(_OF_MUSCLE, absence))
    tissues = axial_tissue(case, k)
    area_cm2 = tissues.area_cm2(MUSCLE)
    if area_cm2 < SMALLEST_AREA_CM2:
        absence = unassessable("little_muscle_at_level", area_cm2=area_cm2, level=LEVEL)
        return (slice_l3, *all_absent(_OF_MUSCLE, absence))
    return (slice_l3, *_muscle(case, tissues, area_cm2, k))


def l3_slice(case: Case) -> int | Absence:
    """Index of the axial slice through the centroid of the L3 body, or why there is none."""
    found = structure_or_absence(case, L3, region="abdomen", at_least_cm3=SMALLEST_L3_CM3)
    if isinstance(found, Absence):
        return found
    if cut := truncation(found):
        return unassessable("level_truncated", level=LEVEL, **cut.why.parameters)
    if case.levels.problem is not None:
        return Absence(Status.NOT_ASSESSABLE, case.levels.problem)
    return round(float(body_centroid_ijk(case.anatomy, LEVEL, found)[2]))


def _muscle(case: Case, tissues: AxialTissue, area_cm2: float, k: int) -> tuple[Measurement, ...]:
    values = case.image.data[:, :, k][tissues.pixels(MUSCLE)].astype("float64")
    conditions = {**acquisition(case), **case.levels.conditions}
    mean_hu = float(values.mean())
    mean = HU_MEAN.measured(
        round(mean_hu, 2),
        structure=MUSCLE,
        slice_index=k,
        **_as_if_native(case, mean_hu),
        **conditions,
    )
    std = HU_STD.measured(
        round(float(values.std()), 2), structure=MUSCLE, slice_index=k, **conditions
    )
    if cut := tissues.cut_at(MUSCLE):
        absence = unassessable("muscle_cut_by_field_of_view", edges=cut)
        seen = round(area_cm2, 2)
        sma = SMA.absent(absence, structure=MUSCLE, slice_index=k, segmented_cm2=seen)
        return (sma, mean, std, SMI.absent(absence, structure=MUSCLE))
    sma = SMA.measured(
        round(area_cm2, 2),
        structure=MUSCLE,
        slice_index=k,
        window=str(MUSCLE_WINDOW),
        pixels=len(values),
        route=route(case),
        **case.levels.conditions,
    )
    return (sma, mean, std, muscle_index(sma, case.patient.height_m))


def _as_if_native(case: Case, mean_hu: float) -> dict[str, Scalar]:
    """What the mean would be without contrast, where that is known: after portal venous scans."""
    phase = case.facts.get("contrast_phase_fine")
    if phase is None or phase.value != "portal_venous":
        return {}
    return {"estimated_native_hu": round(NATIVE_OF_PORTAL_VENOUS * mean_hu, 2)}


def muscle_index(sma: Measurement, height_m: float | None) -> Measurement:
    """The index of a measured area; also when the height becomes known later.

    Args:
        sma: :data:`SMA`, measured, in cm².
        height_m: the patient's, in m.
    """
    if height_m is None:
        return SMI.absent(unassessable("height_unknown"), structure=MUSCLE)
    assert isinstance(sma.value, int | float)  # noqa: S101 - it is measured
    conditions = {name: sma.parameters[name] for name in _KEPT if name in sma.parameters}
    index = round(sma.value / height_m**2, 2)
    return SMI.measured(index, structure=MUSCLE, height_m=height_m, **conditions)
