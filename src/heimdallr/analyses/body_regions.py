"""Body regions: which parts of the body the volume covers.

**Definition.** Each region has anchor structures. An anchor *counts* when it is believed (see
*What is believed*), its mask is more than a stray fragment (≥ 5 cm³, or ≥ 30 % of its
typical volume where that is less) and it is seen for the most part: either no edge of the volume
cuts it, or at least 30 % of its typical volume is there (half of it for the long bones, whose heads
belong to trunk scans). A region is *covered* when enough of its anchors count, the thorax only with
an upper lobe among them: lung bases and the heart do not make an abdominal CT a chest CT, and a
nephrectomy does not take the abdomen away.

**Typical volumes** are means of the reference man and woman (ICRP Publication 89, 2002, masses ÷
1.05 g/cm³); lobes share a 5 L inspiratory lung; bones are rounded from CT label maps. They only set
the thresholds. A child's whole organ counts because no edge cuts it, whatever its size.

**What was not measured.** Where the series lacks slices, or shows more than the volume, a covered
region whose anchors are cut there, or lie on both sides, is *covered in part*: what is looked for
in it may lie in the rest.

**No patient.** Where no structure at all is believed, as of a test object, no region is assessable.

**How to read it.** ``body_region_<region>`` says *covered*, *covered in part* or *not covered*; its
parameters give the volume of each anchor and which ones counted. ``body_regions`` lists the covered
regions, those in part as well. MR uses the structures ``total_mr`` has; it has none in the neck,
whose coverage is therefore *not assessable* on MR. The trachea is no anchor of the neck: its mask
does not end at the clavicles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import Output, all_absent, unassessable
from heimdallr.analyses.typical_volumes import LOBES_CM3, TYPICAL_CM3
from heimdallr.domain.statements import Statement
from heimdallr.imaging.statistics import GAP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.analyses.case import Case
    from heimdallr.analyses.declared_outputs import Absence
    from heimdallr.domain.measurement import Measurement, Scalar

STRAY_CM3 = 5.0
"""Chosen, not measured: 23 voxels of the bundled networks (6 mm).

Half of it may still be a stray; twice it would leave out a newborn's spleen.
"""

TYPICAL_FRACTION = 0.30
"""Chosen; lung bases on two real abdominal CTs hold 3 to 25 % of their lobes (November 2026).

Half of it would make such a CT a chest CT; with twice it a liver cut at its dome would be no sign
of an abdomen.
"""

LONG_BONE_FRACTION = 0.50
"""Chosen; the femora of three real trunk CTs are there by 24 to 43 % (November 2026).

With half of it every CT of the pelvis would be one of the legs; with twice it none that cuts them.
"""

COVERED, IN_PART, NOT_COVERED = "covered", "covered in part", "not covered"
SEPARATOR = ","

BODY_REGIONS = Output("body_regions", "", "covered regions, head to foot", flat=True)
BODY_REGION = Output("body_region_<region>", "", "whether the region is covered, with its evidence")
OUTPUTS = (BODY_REGIONS, BODY_REGION)


@dataclass(frozen=True, slots=True)
class Region:
    """One body region.

    Attributes:
        needed: how many anchors have to count.
        typical_cm3: anchor structure → typical adult volume.
        fraction: share of the typical volume at which a cut anchor still counts.
        one_of: anchors of which at least one has to count.
    """

    name: str
    needed: int
    typical_cm3: Mapping[str, float]
    fraction: float = TYPICAL_FRACTION
    one_of: tuple[str, ...] = ()


def _typical(*names: str) -> dict[str, float]:
    return {name: TYPICAL_CM3[name] for name in names}


_ABDOMEN = _typical("liver", "spleen", "pancreas", "kidney_right", "kidney_left", "stomach")
_PELVIS = _typical("hip_left", "hip_right", "sacrum", "urinary_bladder")
_LIMBS = _typical("femur_left", "femur_right", "humerus_left", "humerus_right")
_NECK = _typical(*(f"vertebrae_C{level}" for level in range(1, 8)), "thyroid_gland")
_HEART = _typical("heart")
UPPER_LOBES = ("lung_upper_lobe_left", "lung_upper_lobe_right")

CT_REGIONS = (
    Region("head", 1, _typical("brain", "skull")),
    Region("neck", 4, _NECK),
    Region("thorax", 3, LOBES_CM3 | _HEART, one_of=UPPER_LOBES),
    Region("abdomen", 3, _ABDOMEN),
    Region("pelvis", 2, _PELVIS),
    Region("extremities", 1, _LIMBS, LONG_BONE_FRACTION),
)
MR_REGIONS = (
    Region("head", 1, _typical("brain")),
    Region("neck", 1, {}),
    Region("thorax", 2, _typical("lung_left", "lung_right") | _HEART),
    Region("abdomen", 3, _ABDOMEN),
    Region("pelvis", 2, _PELVIS),
    Region("extremities", 1, _LIMBS, LONG_BONE_FRACTION),
)

READS = Reads(
    structures=tuple(
        dict.fromkeys(one for region in (*CT_REGIONS, *MR_REGIONS) for one in region.typical_cm3)
    ),
    coverage=True,
)


def covered_regions(case: Case) -> tuple[str, ...]:
    """Names of the covered regions, head to foot; the whole-body task must have been run."""
    return tuple(region.name for region in _regions(case) if _is_covered(case, region))


def is_in_part(case: Case, region: str) -> bool:
    """Whether a region goes on where slices are missing, or were left out."""
    (anchors,) = (one.typical_cm3 for one in _regions(case) if one.name == region)
    found = [case.statistics[anchor] for anchor in anchors if anchor in case.statistics]
    if any({GAP, *case.unseen_beyond}.intersection(one.truncated_at) for one in found):
        return True
    return any(
        min(one.bbox_min_ijk[gap.axis] for one in found) < gap.start
        and max(one.bbox_max_ijk[gap.axis] for one in found) >= gap.stop
        for gap in case.gaps
        if found
    )


def measure(case: Case) -> tuple[Measurement, ...]:
    """One measurement per region with its evidence, and the list of covered ones."""
    if case.anatomy_task not in case.segmentations:
        reason = case.skipped_tasks.get(case.anatomy_task, Statement("not_requested"))
        absence = unassessable("task_not_run", task=case.anatomy_task, reason=reason)
        return _none(case, absence)
    if not case.shows_a_patient:
        return _none(case, unassessable("no_patient"))
    covered = covered_regions(case)
    regions = tuple(_measure_region(case, region) for region in _regions(case))
    if not covered:
        nothing = unassessable("no_region_covered")
        return (BODY_REGIONS.absent(nothing), *regions)
    return (BODY_REGIONS.measured(SEPARATOR.join(covered)), *regions)


def _none(case: Case, absence: Absence) -> tuple[Measurement, ...]:
    names = (BODY_REGION.of(region=region.name) for region in _regions(case))
    return all_absent((BODY_REGIONS, *names), absence)


def _regions(case: Case) -> tuple[Region, ...]:
    return CT_REGIONS if case.modality == "CT" else MR_REGIONS


def _measure_region(case: Case, region: Region) -> Measurement:
    output = BODY_REGION.of(region=region.name)
    if not region.typical_cm3:
        absence = unassessable(
            "region_without_structures", task=case.anatomy_task, region=region.name
        )
        return output.absent(absence)
    counting = _counting(case, region)
    evidence: dict[str, Scalar] = {
        f"{anchor}_cm3": round(case.statistics[anchor].volume_cm3, 2)
        for anchor in region.typical_cm3
        if anchor in case.statistics
    }
    covered = IN_PART if is_in_part(case, region.name) else COVERED
    return output.measured(
        covered if _is_covered(case, region) else NOT_COVERED,
        structure=None,
        anchors_counted=SEPARATOR.join(counting),
        anchors_needed=region.needed,
        **evidence,
    )


def _is_covered(case: Case, region: Region) -> bool:
    counting = _counting(case, region)
    return len(counting) >= region.needed and (
        not region.one_of or not set(region.one_of).isdisjoint(counting)
    )


def _counting(case: Case, region: Region) -> tuple[str, ...]:
    """The anchors of a region that count."""
    return tuple(
        anchor
        for anchor, typical_cm3 in region.typical_cm3.items()
        if _counts(case, anchor, typical_cm3, region.fraction)
    )


def _counts(case: Case, anchor: str, typical_cm3: float, fraction: float) -> bool:
    judgement, found = case.judgements.get(anchor), case.statistics.get(anchor)
    if found is None or judgement is None or not judgement.is_believed:
        return False
    if found.volume_cm3 < min(STRAY_CM3, TYPICAL_FRACTION * typical_cm3):
        return False
    return not found.truncated_at or found.volume_cm3 >= fraction * typical_cm3
