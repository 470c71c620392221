"""Structures of other networks: what other people's open networks segmented besides.

**Definition.** For each structure that has voxels in the label map of a task of another collection
(``docs/segmentation.md`` lists them: BOA, MOOSE, BLAST-CT): volume in cm³ and mean attenuation in
HU. The name ends with the task, since several networks may know one structure.

**Gate.** CT only, and only where a site has installed such networks. The volume of a structure cut
by the edge of the image is *not assessable*, its attenuation is measured and carries
``truncated_at``; so is whatever has a side where the image does not say how the patient lies. **A
lesion that was not segmented is never "no lesion"**: each of BLAST-CT's four kinds is then *not
assessable*. Other structures without a voxel are not listed.

**How to read it.** These are network outputs as they are, by weights that nobody here has
validated; the notices and the provenance name their makers and licence, whom to credit. Traumatic
brain injury is what BLAST-CT was trained on (Monteiro 2020, Lancet Digital Health 2:e314): its
parenchymal, extra-axial and intraventricular blood and oedema raise no alert here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import Output, unassessable
from heimdallr.analyses.presence import (
    attenuation_absence,
    rejection,
    truncation,
    unknown_side,
)
from heimdallr.imaging.statistics import structure_statistics

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.segmentation.result import Segmentation

VOLUME = Output("<structure>_vol_cm3_by_<task>", "cm3", "volume of the structure by that task")
MEAN = Output("<structure>_hu_mean_by_<task>", "HU", "its mean attenuation")
OUTPUTS = (VOLUME, MEAN)
READS = Reads(every_task=True)

LESIONS = frozenset(
    {
        *("intraparenchymal_hemorrhage", "extra_axial_hemorrhage"),
        *("intraventricular_hemorrhage", "perilesional_edema"),
    }
)
"""A label map without a voxel of these must not be read as a head without them."""


def measure(case: Case) -> tuple[Measurement, ...]:
    """Volume and attenuation of everything other collections' tasks found, task by task."""
    return tuple(
        measurement
        for task, segmentation in case.segmentations.items()
        if task == segmentation.provenance.task and segmentation.provenance.collections
        for measurement in _of_task(case, task, segmentation)
    )


def _of_task(case: Case, task: str, segmentation: Segmentation) -> list[Measurement]:
    found = structure_statistics(segmentation.label_map, case.image, case.gaps, case.field_of_view)
    result = []
    for structure in segmentation.label_map.names.values():
        if structure in found:
            result += _describe(case, task, structure, found[structure])
        elif structure in LESIONS:
            absence = unassessable("lesion_not_segmented", structure=structure)
            output = VOLUME.of(structure=structure, task=task)
            result.append(output.absent(absence, structure=structure, task=task))
    return result


def _describe(
    case: Case, task: str, structure: str, found: StructureStatistics
) -> list[Measurement]:
    volume, mean = (output.of(structure=structure, task=task) for output in OUTPUTS)
    sided = not {"left", "right"}.isdisjoint(structure.split("_"))
    doubt = rejection(case, structure) or (unknown_side(case) if sided else None)
    about: dict[str, Scalar] = {"task": task}
    if found.cuts:
        about["truncated_at"] = ",".join(found.truncated_at)
    absent = doubt or truncation(found)
    unread = doubt or attenuation_absence(case)
    return [
        volume.absent(absent, structure=structure, **about)
        if absent
        else volume.measured(round(found.volume_cm3, 3), structure=structure, **about),
        mean.absent(unread, structure=structure, **about)
        if unread
        else mean.measured(round(found.mean, 2), structure=structure, **about),
    ]
