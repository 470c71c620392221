"""Organ size: kidney length, and liver and spleen against the body and each other.

**Formulas.** ``kidney_<side>_length_mm``: the greatest distance between two voxel centres of the
kidney's largest piece, in millimetres through the affine, plus a third of what a voxel measures
along it: at each pole a voxel is labelled where at least half of it is kidney, which leaves a sixth
of a voxel out. ``kidney_length_difference_mm``: the longer minus the shorter. Liver volume per body
surface ``V / sqrt(h · m / 3600)`` in mL/m², height *h* in cm, mass *m* in kg (Mosteller 1987, N
Engl J Med 317:1098; Du Bois' formula gives 1 % less at 80 kg and 1.75 m, 4 % less at 100 kg and
1.60 m). ``liver_to_spleen_volume``: one volume over the other.

**Gate.** Whole organs only: one that an edge or a gap cuts is *not assessable*, with the part that
was seen (``segmented_mm``); one that is not believed or was not segmented likewise. Kidneys of the
bundled networks have no length: a length is made of two outermost voxels. On five real CTs three of
their eight whole kidneys were 3 to 5 cm too long (a tumour of the liver, a rim of spleen, bowel),
and where there is a reference, they were 4 mm too short and 9 too long (November 2026). The index
needs height and weight, and follows when they become known later. CT and MR.

**How to read it.** Kidneys of adults are 108.5 ± 12.2 mm long on the right and 111.3 ± 12.6 mm on
the left (Glodny 2009, BMC Urol 9:19; 1,040 adults without symptoms, CT, pole to pole); a difference
of more than 15 mm without an explanation is a reason to think of a renal artery (ACC/AHA 2013). A
cyst that the network labels as such does not count; a horseshoe kidney is measured half by half.
Livers above 920 mL/m² are enlarged, above 1080 massively (Linguraru 2012, Acad Radiol; its abstract
does not say by which formula the surface was found). The central 95 % of 2,989 Korean liver donors:
liver 824.5–1700 cm³, spleen 81.1–322 cm³, ratio 3.96–13.78 (Kim 2021). Contrast fills organs with
blood and inflates volumes: compare within a phase. Limits are for adults.

**How sure.** 40 drawn kidneys of 80 to 140 mm, leaning up to 25°, under their own labels: 0.3 mm
off on average and 1.3 mm at worst with slices of 2 mm, flipped and turned as well; 1.2 and 4.2 mm
with slices of 5 mm. Outlines by a network add to that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cc3d
import numpy as np

from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import Absence, Output, unassessable
from heimdallr.analyses.organ_volumetry import SMALLEST_ORGAN_CM3
from heimdallr.analyses.presence import certainty, structure_or_absence, truncation
from heimdallr.imaging.morphology import box_around, largest_diameter_mm

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement
    from heimdallr.imaging.morphology import Mask
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Affine

SIDES = ("right", "left")
VOXEL_SHARE = 1 / 3
"""Of a voxel's extent along the kidney, what the labels lack at both poles together.

Measured in November 2026 on 96 drawn kidneys with slices of 1 to 5 mm: without it they come out 0.3
of a voxel too short; twice it would make them 0.35 too long, half of it leave 0.15.
"""
SQUARE_CM_KG = 3600.0

LENGTHS = {
    side: Output(f"kidney_{side}_length_mm", "mm", f"length of the {side} kidney, pole to pole")
    for side in SIDES
}
DIFFERENCE = Output("kidney_length_difference_mm", "mm", "longer minus shorter kidney")
LIVER_INDEX = Output("liver_vol_per_bsa_ml_m2", "mL/m2", "liver volume over body surface area")
RATIO = Output("liver_to_spleen_volume", "", "liver volume over spleen volume")
OUTPUTS = (*LENGTHS.values(), DIFFERENCE, LIVER_INDEX, RATIO)
READS = Reads(
    structures=("kidney_right", "kidney_left"),
    coverage=True,
    patient=True,
    facts=("liver_vol_cm3", "spleen_vol_cm3"),
)


def measure(case: Case) -> tuple[Measurement, ...]:
    """Lengths of both kidneys and their difference, the liver's index, liver over spleen."""
    lengths = {side: _kidney_length(case, side) for side in SIDES}
    volumes = {organ: case.facts[f"{organ}_vol_cm3"] for organ in ("liver", "spleen")}
    return (
        *lengths.values(),
        _difference(lengths["right"], lengths["left"]),
        liver_index(volumes["liver"], case.patient.height_m, case.patient.weight_kg),
        _ratio(volumes["liver"], volumes["spleen"]),
    )


def liver_index(
    volume: Measurement, height_m: float | None, weight_kg: float | None
) -> Measurement:
    """The index of the liver's volume; also when height and weight become known later.

    Args:
        volume: ``liver_vol_cm3``, with a value or without.
        height_m: the patient's, in m.
        weight_kg: in kg.
    """
    if not isinstance(volume.value, int | float):
        return LIVER_INDEX.absent(_same(volume), structure="liver")
    if height_m is None or weight_kg is None:
        return LIVER_INDEX.absent(unassessable("height_or_weight_unknown"), structure="liver")
    surface_m2 = body_surface_m2(height_m, weight_kg)
    return LIVER_INDEX.measured(
        round(volume.value / surface_m2),
        structure="liver",
        body_surface_m2=round(surface_m2, 2),
        height_m=height_m,
        weight_kg=weight_kg,
    )


def body_surface_m2(height_m: float, weight_kg: float) -> float:
    """Body surface area by Mosteller's formula."""
    return float((100 * height_m * weight_kg / SQUARE_CM_KG) ** 0.5)


def _kidney_length(case: Case, side: str) -> Measurement:
    kidney, output = f"kidney_{side}", LENGTHS[side]
    found = structure_or_absence(case, kidney, region="abdomen", at_least_cm3=SMALLEST_ORGAN_CM3)
    if isinstance(found, Absence):
        return output.absent(found, structure=kidney)
    if case.segmentations[case.anatomy_task].provenance.weights_origin == "bundled":
        coarse = unassessable("too_coarse_for_length", structure=kidney)
        return output.absent(coarse, structure=kidney)
    length_mm = round(_length_mm(case, kidney, found), 1)
    if cut := truncation(found):
        return output.absent(cut, structure=kidney, segmented_mm=length_mm)
    return output.measured(length_mm, structure=kidney, **certainty(case, kidney))


def _length_mm(case: Case, kidney: str, found: StructureStatistics) -> float:
    affine = case.image.affine
    box = box_around(found, case.image.shape, affine)
    pieces = cc3d.connected_components(case.anatomy.data[box] == case.anatomy.number(kidney))
    largest = int(np.argmax(np.bincount(pieces.ravel())[1:])) + 1
    distance_mm, direction = largest_diameter_mm(_ends_mm(pieces == largest, affine))
    voxel_mm = float(np.abs(direction @ affine[:3, :3]).max())
    return distance_mm + VOXEL_SHARE * voxel_mm


def _ends_mm(mask: Mask, affine: Affine) -> Affine:
    """(N, 3) first and last voxel of each line along K: the corners of the mask are among them."""
    i, j = np.nonzero(mask.any(axis=2))
    lines = mask[i, j]
    first, last = lines.argmax(axis=1), mask.shape[2] - 1 - lines[:, ::-1].argmax(axis=1)
    ends = np.stack([np.tile(i, 2), np.tile(j, 2), np.concatenate([first, last])], axis=1)
    return np.asarray(ends @ affine[:3, :3].T)


def _difference(right: Measurement, left: Measurement) -> Measurement:
    for one in (right, left):
        if one.value is None:
            return DIFFERENCE.absent(_same(one), structure=one.structure)
    assert isinstance(right.value, float)  # noqa: S101 - both are measured
    assert isinstance(left.value, float)  # noqa: S101
    longer_mm = right.value - left.value
    shorter = left if longer_mm > 0 else right
    return DIFFERENCE.measured(round(abs(longer_mm), 1), structure=shorter.structure)


def _ratio(liver: Measurement, spleen: Measurement) -> Measurement:
    for one in (liver, spleen):
        if one.value is None:
            return RATIO.absent(_same(one), structure=one.structure)
    assert isinstance(liver.value, int | float)  # noqa: S101 - both are measured
    assert isinstance(spleen.value, int | float)  # noqa: S101
    return RATIO.measured(round(liver.value / spleen.value, 2), structure="spleen")


def _same(one: Measurement) -> Absence:
    """The reason of another measurement without a value."""
    assert one.why is not None  # noqa: S101 - it has no value
    return Absence(one.status, one.why)
