"""Structure inventory: every structure the whole-body network segmented.

**Definition.** For each of the (up to 117 on CT, 50 on MR) structures that has voxels: volume in
cm³, and on CT mean, standard deviation (ddof = 0) and median attenuation in HU. Liver, spleen and
kidneys are left to organ volumetry and organ density, which publish them under the same names.

**Gate.** A structure that is not believed (see *What is believed*) is *not assessable* with the
weightiest reason; so is one that they only locate, whatever has a side
where the image does not say how the patient lies, every vertebra of a CT on which nothing confirms
the vertebrae's names (see *Vertebral levels*), and the volume of those that bundled weights do not
segment. The volume of a structure cut by an edge of the image, or of the round field that
the scanner reconstructed (``field_of_view``), is *not assessable*; its
attenuation is still measured and carries ``truncated_at``. What was seen is always given as
``segmented_cm3``. Other structures without a voxel are not listed: the inventory says what was
found, and ``structures_segmented`` out of how many the weights know.

**How to read it.** Class names are TotalSegmentator's (Wasserthal 2023, Radiology: Artificial
Intelligence 5:e230024). ``body`` is the patient without couch, headrest and clothing, with the gas
inside; it is found on CT, from attenuation and thickness, without a network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import Absence, Output, all_absent, unassessable
from heimdallr.analyses.organ_volumetry import ORGANS
from heimdallr.analyses.presence import (
    attenuation_absence,
    certainty,
    refusal,
    rejection,
    task_absence,
    truncated_by,
    truncation,
    unknown_to_weights,
)
from heimdallr.domain.measurement import Status
from heimdallr.imaging.statistics import cuts, sections_of
from heimdallr.segmentation.anatomy.body import BODY
from heimdallr.segmentation.anatomy.body import TASK as BODY_TASK

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.imaging.statistics import StructureStatistics

COUNT = Output("structures_segmented", "", "number of structures with at least one voxel")
VOLUME = Output("<structure>_vol_cm3", "cm3", "volume of the structure")
MEAN = Output("<structure>_hu_mean", "HU", "mean attenuation of the structure (CT)")
STD = Output("<structure>_hu_std", "HU", "standard deviation of its attenuation (CT)")
MEDIAN = Output("<structure>_hu_median", "HU", "median attenuation of the structure (CT)")
OUTPUTS = (COUNT, VOLUME, MEAN, STD, MEDIAN)
READS = Reads(whole_map=True, tasks=(BODY_TASK,), levels=True)


def measure(case: Case) -> tuple[Measurement, ...]:
    """Volume and, on CT, attenuation of everything segmented, in label order."""
    if absence := task_absence(case, case.anatomy_task):
        return all_absent(OUTPUTS, absence)
    left_out = case.segmentations[case.anatomy_task].provenance.left_out
    known = len(case.anatomy.names) - len(left_out)
    listed = [
        measurement
        for structure, found in case.statistics.items()
        if structure not in ORGANS
        for measurement in _describe(case, structure, found)
    ]
    unknown = [
        VOLUME.of(structure=structure).absent(absence, structure=structure)
        for structure in left_out
        if (absence := unknown_to_weights(case, structure))
    ]
    count = COUNT.measured(len(case.statistics), structures_known=known)
    return (count, *_body(case), *listed, *unknown)


def _body(case: Case) -> list[Measurement]:
    """The volume of the body; nearly always an edge cuts it."""
    made, output = case.segmentations.get(BODY_TASK), VOLUME.of(structure=BODY)
    if made is None:
        return []
    if refused := rejection(case, BODY):
        return [output.absent(refused, structure=BODY)]
    sections = [along[-1] for along in sections_of(made.label_map.data)]
    if not (voxels := int(sections[0].sum())):
        return [output.absent(unassessable("not_segmented", structure=BODY), structure=BODY)]
    volume_cm3 = round(voxels * made.label_map.voxel_volume_mm3 / 1000, 3)
    on_rim = case.field_of_view.on_rim_of(made.label_map.data, 2)[1]
    if cut := truncated_by(cuts(sections, case.gaps, on_rim)):
        return [output.absent(cut, structure=BODY, segmented_cm3=volume_cm3)]
    return [output.measured(volume_cm3, structure=BODY, voxels=voxels)]


def _volume(
    output: Output, structure: str, found: StructureStatistics, **sure: Scalar
) -> Measurement:
    """A volume, or what cuts it and how much was seen."""
    volume_cm3 = round(found.volume_cm3, 3)
    if cut := truncation(found):
        return output.absent(cut, structure=structure, segmented_cm3=volume_cm3)
    return output.measured(volume_cm3, structure=structure, voxels=found.voxels, **sure)


def _nameless(case: Case, structure: str) -> Absence | None:
    """Why a vertebra may be another than it is called, if the column's names may not be used."""
    if case.modality != "CT" or not structure.startswith("vertebrae_"):
        return None
    problem = case.levels.problem
    return None if problem is None else Absence(Status.NOT_ASSESSABLE, problem)


def _describe(case: Case, structure: str, found: StructureStatistics) -> list[Measurement]:
    volume_cm3 = round(found.volume_cm3, 3)
    volume = VOLUME.of(structure=structure)
    conditions: dict[str, Scalar] = certainty(case, structure)
    if doubt := refusal(case, structure) or _nameless(case, structure):
        others = (MEAN, STD, MEDIAN) if case.modality == "CT" else ()
        seen = volume.absent(doubt, structure=structure, segmented_cm3=volume_cm3, **conditions)
        unread = (output.of(structure=structure) for output in others)
        return [seen, *(o.absent(doubt, structure=structure, **conditions) for o in unread)]
    result = [_volume(volume, structure, found, **conditions)]
    if found.truncated_at:
        conditions["truncated_at"] = ",".join(found.truncated_at)
    if case.modality != "CT":
        return result
    if unknown := attenuation_absence(case):
        outputs = [output.of(structure=structure) for output in (MEAN, STD, MEDIAN)]
        return [*result, *(output.absent(unknown, structure=structure) for output in outputs)]
    result += [
        output.of(structure=structure).measured(round(value, 2), structure=structure, **conditions)
        for output, value in ((MEAN, found.mean), (STD, found.std), (MEDIAN, found.median))
    ]
    return result
