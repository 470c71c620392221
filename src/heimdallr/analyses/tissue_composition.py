"""Tissue composition: skeletal muscle, subcutaneous, visceral and intermuscular fat.

**Formulas.** A voxel belongs to a tissue when it lies in the tissue's compartment and its
attenuation in the tissue's window (Alberta protocol): skeletal muscle −29 … 150 HU in the muscle
compartment, subcutaneous fat −190 … −30 HU, visceral fat −150 … −50 HU in the torso fat,
intermuscular fat −190 … −30 HU in the muscle compartment. ``<tissue>_scanned_vol_cm3`` is ``n ·
|det(A)| / 1000`` over the whole scan; ``<tissue>_area_<level>_cm2`` is ``n · |a × b| / 100`` on
the axial slice through the centroid of a vertebral body.

**Routes.** The compartments come from the task ``tissue_types`` (licensed by TotalSegmentator's
makers), from BOA's body regions, or from a licence-free route; all give the same masks' names, and
``route`` names the one that was used. Where BOA's network is installed, ``epicardial_fat`` is what
measures −190 … −30 HU inside the pericardium, ``mediastinal_fat`` the same in the mediastinum
(Haubold 2023, Invest Radiol, doi:10.1097/RLI.0000000000001040); visceral fat contains both.

**Gate.** CT only. The volumes describe the length that was scanned (``scanned_mm``) and not the
patient: compare them between scans of the same coverage only. Areas need a whole vertebra that is
believed, a spine that passes the level self-check and is named by sacrum or ribs
(``level_rests_on``), and a compartment that the field of view does not cut. Arms are left out of
the areas, not of the volumes. Epicardial and mediastinal fat need a region that the edge of the
image does not cut. Visceral fat *does not apply* where nothing but head and neck is in
view.

**How to read it.** Areas at L3 represent the whole body best (Shen 2004, J Appl Physiol 97:2333).
Obese patients' subcutaneous fat often leaves the field of view: its area is then *not assessable*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.anatomy.axial_tissue import (
    BODY_PARTS,
    SUBCUTANEOUS_WINDOW,
    TASK,
    TISSUES,
    TORSO,
    axial_tissue,
    route,
)
from heimdallr.analyses.body_regions import SEPARATOR
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
    patient_absence,
    refusal,
    rejection,
    task_absence,
    truncation,
    unsegmented,
)
from heimdallr.analyses.vertebral_levels import (
    LUMBAR,
    THORACIC,
    body_centroid_ijk,
    structure_of,
)
from heimdallr.domain.measurement import Status
from heimdallr.imaging.morphology import slice_distance_mm
from heimdallr.imaging.statistics import structure_statistics

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement

AREA_LEVELS = THORACIC[9:] + LUMBAR
"""T10 to L5: the levels with published reference values (Derstine 2018, Sci Rep 8:11369)."""

VOLUME = Output("<tissue>_scanned_vol_cm3", "cm3", "volume of the tissue inside the scan")
AREA = Output("<tissue>_area_<level>_cm2", "cm2", "area of the tissue at a vertebral level")
DEPOT = Output("<depot>_vol_cm3", "cm3", "epicardial and mediastinal fat, by BOA's network only")
OUTPUTS = (VOLUME, AREA, DEPOT)

BODY_REGIONS = "boa_body_regions"
DEPOTS = {"epicardial_fat": "pericardium", "mediastinal_fat": "mediastinum"}
"""Fat → the region of BOA's network it is looked for in (its ``tissue/definition.py``)."""

READS = Reads(
    whole_map=True,
    tasks=(TASK, BODY_REGIONS, BODY_PARTS),
    levels=True,
    coverage=True,
    facts=("body_regions",),
)
"""Of the whole map: arms are what no organ is near to."""


def measure(case: Case) -> tuple[Measurement, ...]:
    """Four scanned volumes, four areas per whole vertebra from T10 to L5, fat of the chest."""
    volumes = tuple(VOLUME.of(tissue=tissue) for tissue in TISSUES)
    if case.modality != "CT":
        return all_absent(volumes, inapplicable("tissue_needs_attenuation"))
    if absence := attenuation_absence(case) or patient_absence(case) or task_absence(case, TASK):
        return all_absent(volumes, absence)
    return (*_volumes(case), *_areas(case), *_depots(case))


def _volumes(case: Case) -> tuple[Measurement, ...]:
    tissue_map = case.segmentations[TASK].label_map
    counts = dict.fromkeys(TISSUES, 0)
    compartments = {compartment for compartment, _ in TISSUES.values()}
    segmented: set[str] = set()
    # Slab by slab along the axis that lies farthest apart in memory: contiguous, and no
    # temporary as large as the volume.
    axis = int(np.argmax(np.abs(tissue_map.data.strides)))
    slabs = (np.moveaxis(data, axis, 0) for data in (tissue_map.data, case.image.data))
    for labels, image_hu in zip(*slabs, strict=True):
        values = {name: image_hu[labels == tissue_map.number(name)] for name in compartments}
        segmented |= {name for name, within in values.items() if within.size}
        for tissue, (compartment, window) in TISSUES.items():
            within = values[compartment]
            inside = (within >= window.low_hu) & (within <= window.high_hu)
            counts[tissue] += int(np.count_nonzero(inside))
    voxel_cm3 = case.image.voxel_volume_mm3 / 1000
    seen = case.image.shape[2] - sum(gap.stop - gap.start for gap in case.gaps if gap.axis == 2)  # noqa: PLR2004
    scanned_mm = round(seen * slice_distance_mm(case.image.affine), 1)
    measurements = []
    for tissue, (compartment, window) in TISSUES.items():
        output = VOLUME.of(tissue=tissue)
        if compartment == TORSO and _above_the_trunk(case):
            nothing = inapplicable("only_head_and_neck_in_view")
            measurements.append(output.absent(nothing, structure=compartment))
            continue
        if compartment not in segmented or compartment in case.rejected:
            nothing = unsegmented(case, compartment)
            measurements.append(output.absent(nothing, structure=compartment))
            continue
        measurements.append(
            output.measured(
                round(counts[tissue] * voxel_cm3, 3),
                structure=compartment,
                window=str(window),
                scanned_mm=scanned_mm,
                route=route(case),
            )
        )
    return tuple(measurements)


def _above_the_trunk(case: Case) -> bool:
    """Whether regions were recognised, and none of them has viscera."""
    regions = case.facts.get("body_regions")
    covered = str(regions.value or "").split(SEPARATOR) if regions else []
    return bool(covered) and set(covered) <= {"head", "neck"}


def _areas(case: Case) -> tuple[Measurement, ...]:
    if case.anatomy_task not in case.segmentations:
        return ()
    check = case.levels
    levels = [level for level in AREA_LEVELS if level in check.levels]
    found: list[Measurement] = []
    for level in levels:
        problem = check.problem and Absence(Status.NOT_ASSESSABLE, check.problem)
        if absence := problem or refusal(case, structure_of(level)):
            outputs = (AREA.of(tissue=tissue, level=level) for tissue in TISSUES)
            found += all_absent(outputs, absence)
        else:
            found += _areas_at(case, level)
    return tuple(found)


def _areas_at(case: Case, level: str) -> list[Measurement]:
    found = case.statistics[structure_of(level)]
    k = round(float(body_centroid_ijk(case.anatomy, level, found)[2]))
    tissues = axial_tissue(case, k)
    result = []
    for tissue, (compartment, window) in TISSUES.items():
        output = AREA.of(tissue=tissue, level=level)
        if refused := rejection(case, compartment):
            result.append(output.absent(refused, structure=compartment, slice_index=k))
        elif cut := tissues.cut_at(tissue):
            absence = unassessable("cut_by_field_of_view", edges=cut)
            result.append(output.absent(absence, structure=compartment, slice_index=k))
        elif not tissues.compartments[compartment].any():
            absence = unassessable("not_segmented_on_slice", structure=compartment)
            result.append(output.absent(absence, structure=compartment, slice_index=k))
        else:
            measured = output.measured(
                round(tissues.area_cm2(tissue), 2),
                structure=compartment,
                slice_index=k,
                window=str(window),
                **case.levels.conditions,
            )
            result.append(measured)
    return result


def _depots(case: Case) -> list[Measurement]:
    if BODY_REGIONS not in case.segmentations:
        return []
    regions = case.segmentations[BODY_REGIONS].label_map
    found = structure_statistics(regions, case.image, case.gaps, case.field_of_view)
    window = SUBCUTANEOUS_WINDOW
    result = []
    for depot, region in DEPOTS.items():
        output = DEPOT.of(depot=depot)
        if region not in found or region in case.rejected:
            absence = unsegmented(case, region)
            result.append(output.absent(absence, structure=region))
        elif cut := truncation(found[region]):
            result.append(output.absent(cut, structure=region))
        else:
            values = case.image.data[regions.mask(region)]
            voxels = np.count_nonzero((values >= window.low_hu) & (values <= window.high_hu))
            volume_cm3 = round(voxels * case.image.voxel_volume_mm3 / 1000, 3)
            result.append(output.measured(volume_cm3, structure=region, window=str(window)))
    return result
