"""Organ density: CT attenuation of liver, spleen and both kidneys.

**Formulas.** Over the voxels of the organ's mask, in Hounsfield units: arithmetic mean, population
standard deviation (ddof = 0), exact median; and the mean over the mask eroded by 3 mm, which
leaves out the partial-volume rim, the organ's capsule and most of a misplaced contour.

**Gate.** CT only: MR signal has no Hounsfield scale, so the keys are absent. A cut organ still has
an attenuation (its parameter ``truncated_at`` says so). The eroded mean needs ≥ 1 cm³ of core.

**How to read it.** Attenuation depends on the contrast phase, on tube voltage and — its spread
much more than its mean — on the convolution kernel; all three stand beside the value as
parameters. Normal unenhanced liver at 120 kVp is about 59 ± 11 HU (Boyce 2010, AJR 194:623), a
little above the spleen. The whole-mask mean lies below the eroded one wherever fat or air
surrounds the organ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.analyses.acquisition import ACQUISITION, acquisition
from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import (
    Absence,
    Output,
    all_absent,
    inapplicable,
    unassessable,
)
from heimdallr.analyses.organ_volumetry import ORGANS, SMALLEST_ORGAN_CM3
from heimdallr.analyses.presence import attenuation_absence, structure_or_absence
from heimdallr.imaging.morphology import box_around, eroded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.imaging.statistics import StructureStatistics

EROSION_MM = 3.0
"""Chosen, not measured: a contour one voxel off, or a slice of 3 mm, spoils a rim this deep.

1.5 mm would leave that rim in; 6 mm would leave little of a small spleen or a kidney's upper pole.
"""

SMALLEST_CORE_CM3 = 1.0
"""Chosen, not measured: with noise of 20 HU the mean of its 37 voxels of 3 mm is good to 3 HU.

Half of it would be good to 5 HU; twice it would refuse shrunken kidneys.
"""


def _outputs(organ: str) -> tuple[Output, Output, Output, Output]:
    words = organ.replace("_", " ")
    return (
        Output(f"{organ}_hu_mean", "HU", f"mean attenuation of the {words}", flat=True),
        Output(f"{organ}_hu_std", "HU", f"standard deviation in the {words}", flat=True),
        Output(f"{organ}_hu_median", "HU", f"median attenuation of the {words}"),
        Output(f"{organ}_hu_eroded_mean", "HU", f"mean of the {words} without its 3 mm rim"),
    )


DIFFERENCE = Output(
    "liver_minus_spleen_hu", "HU", "eroded mean of the liver minus that of the spleen"
)
OUTPUTS = (*(output for organ in ORGANS for output in _outputs(organ)), DIFFERENCE)
READS = Reads(structures=ORGANS, coverage=True, facts=ACQUISITION)


def measure(case: Case) -> tuple[Measurement, ...]:
    """Mean, standard deviation, median and eroded mean of the four organs; liver minus spleen."""
    if case.modality != "CT":
        return all_absent(OUTPUTS, inapplicable("mr_has_no_hounsfield_units"))
    if absence := attenuation_absence(case):
        return all_absent(OUTPUTS, absence)
    densities = tuple(measurement for organ in ORGANS for measurement in _density(case, organ))
    return (*densities, _difference(case, {one.name: one for one in densities}))


def _difference(case: Case, densities: Mapping[str, Measurement]) -> Measurement:
    values = []
    for organ in ("liver", "spleen"):
        core = densities[f"{organ}_hu_eroded_mean"]
        if not isinstance(core.value, int | float):
            assert core.why is not None  # noqa: S101 - it has no value
            return DIFFERENCE.absent(Absence(core.status, core.why), structure="liver")
        values.append(core.value)
    difference = round(values[0] - values[1], 2)
    return DIFFERENCE.measured(difference, structure="liver", **acquisition(case))


def _density(case: Case, organ: str) -> tuple[Measurement, ...]:
    outputs = _outputs(organ)
    found = structure_or_absence(case, organ, region="abdomen", at_least_cm3=SMALLEST_ORGAN_CM3)
    if isinstance(found, Absence):
        return tuple(output.absent(found, structure=organ) for output in outputs)
    mean, std, median, core = outputs
    conditions = acquisition(case)
    if found.truncated_at:
        conditions["truncated_at"] = ",".join(found.truncated_at)
    return (
        mean.measured(round(found.mean, 2), structure=organ, **conditions),
        std.measured(round(found.std, 2), structure=organ, **conditions),
        median.measured(round(found.median, 2), structure=organ, **conditions),
        _core_mean(case, organ, found, core, conditions),
    )


def _core_mean(
    case: Case,
    organ: str,
    found: StructureStatistics,
    output: Output,
    conditions: dict[str, Scalar],
) -> Measurement:
    box = box_around(found, case.image.shape, case.image.affine)
    mask = case.anatomy.data[box] == case.anatomy.number(organ)
    core = eroded(mask, case.image.affine, EROSION_MM)
    core_cm3 = int(core.sum()) * case.image.voxel_volume_mm3 / 1000
    if core_cm3 < SMALLEST_CORE_CM3:
        little = unassessable(
            "little_left_after_erosion", volume_cm3=core_cm3, erosion_mm=EROSION_MM
        )
        return output.absent(little, structure=organ)
    value = float(case.image.data[box][core].mean(dtype="float64"))
    return output.measured(
        round(value, 2),
        structure=organ,
        erosion_mm=EROSION_MM,
        core_cm3=round(core_cm3, 3),
        **conditions,
    )
