"""Bone density: trabecular attenuation of L1, with T12 and L2 beside it.

**Formulas.** In the frame of the vertebral body (``anatomy.vertebral_body``): the region is an
ellipse in the anterior half of the body at its mid-height, as large as stays 4 mm off the label's
edge, 3 mm or one slice thick. Over the voxels whose centres lie in it: mean and population standard
deviation, HU, and the ellipse's area. ``<level>_body_hu_mean`` is the mean of the whole body
without its outer 4 mm. The age's norm is 226 HU up to 30 years, less 2.5 HU for each year after it,
never below 89; ``z = (mean - norm) / SD`` with an SD of 44 HU up to 30 years that falls evenly to
38 at 90.

**Gate.** CT with attenuations of a usual tube; 110 to 130 kVp, as the limits are of 120; slices of
at most 5 mm; labels finer than the bundled networks'; a spine that passes the level self-check and
is named by sacrum or ribs. A level is passed over when it is cut, looks compressed
(``vertebral_fracture``), holds metal, or is dense beyond marrow: cement or sclerosis. Under 18
years there is neither category nor z.

**How sure.** On 60 vertebrae of 20 phantoms (75 to 260 HU, noise 15 HU): off by 0.5 HU in the mean
and 1.7 at worst, tilted and flipped alike, with a sharp kernel by 1.4 and 5.8. In slices of 5 mm by
1.1, and by 23 in a crushed body, which slices as thick as that do not tell. Where heights could not
be measured, ``height_checked`` is *no*: look whether the body is fractured, which raises its
attenuation.

**How to read it.** A screening figure by the way, not a densitometry. Category of L1, else of the
mean of T12 and L2: at or below 110 HU more than nine in ten without osteoporosis are above it
(*likely*), above 160 HU nine in ten with it are below (*unlikely*); between them *possible*
(Pickhardt 2013, Ann Intern Med 158:588, against DXA; much the same at all levels; below 100 HU two
thirds had osteoporosis). The norm: Jang 2019, Radiology 291:360 (20,374 CTs at 120 kV; by machine
21 HU higher than by hand). Contrast raises the value: in donors by 27 HU (native = 0.87 × portal
venous, Perez 2021, Abdom Radiol), little in Jang; what the native value may be stands beside it,
and category and z are of the value as measured. Sharp kernels keep the mean and raise the standard
deviation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from heimdallr.analyses.acquisition import ACQUISITION, acquisition
from heimdallr.analyses.anatomy.implants import has_metal, is_dense
from heimdallr.analyses.anatomy.vertebral_body import STEP_MM, too_coarse, vertebral_bodies
from heimdallr.analyses.anatomy.vertebral_body import TASK as BODY_TASK
from heimdallr.analyses.declared_inputs import Reads
from heimdallr.analyses.declared_outputs import (
    Absence,
    Output,
    all_absent,
    inapplicable,
    unassessable,
)
from heimdallr.analyses.presence import structure_or_absence, task_absence, truncation
from heimdallr.analyses.scan_gates import (
    age_absence,
    scanned_absence,
    spacing_absence,
    voltage_absence,
)
from heimdallr.analyses.vertebral_fracture import LOSS
from heimdallr.analyses.vertebral_levels import structure_of
from heimdallr.domain.measurement import Status
from heimdallr.imaging.morphology import slice_distance_mm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heimdallr.analyses.anatomy.vertebral_body import VertebralBody
    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement, Scalar
    from heimdallr.imaging.volume import Affine, Array

LEVEL, BESIDE = "L1", ("T12", "L2")
LEVELS = ("T12", "L1", "L2")
SMALLEST_CM3 = 5.0
"""As of L3 in ``sarcopenia_l3``: less is a fragment."""
KVP = (110.0, 130.0)
"""Chosen, not measured: the limits are of 120 kVp. At 100 kVp bone is brighter
by about a tenth, as much as eight years of age make."""
LARGEST_SLICE_MM = 5.0
"""Chosen, not measured: of a body 25 mm high a slice of 5 mm at its middle stays 10 mm off the
endplates, one of 10 mm would touch them where it is two millimetres off."""
CORTEX_MM = 4.0
"""Off the label's edge. Chosen: cortex is 1 mm thick, labels are up to a voxel of 3 mm off; 2 mm
would leave cortex in, 8 mm nothing of a T12 of 20 mm."""
SLAB_MM = 3.0
"""Thickness of the region where slices are thinner. Chosen: as of the series that the limits were
found on (2.5 to 5 mm); half would double the noise of the mean, twice changes nothing else."""
SMALLEST_AREA_CM2 = 0.6
"""Chosen, not measured: an ellipse of 6 by 12 mm. Half is a needle between the veins, twice would
refuse small women's T12."""
DEEP, WIDE = np.linspace(0.25, 0.5, 11), np.linspace(0.1, 0.35, 26)
"""Half axes of the ellipses that are tried, each from the middle of the body forwards: over the
depth of the anterior half without cortex, and over the body's width."""

YOUNG_YEARS, YOUNG_HU, YOUNG_SD = 30.0, 226.0, 44.0
YEARLY_HU, OLD_HU = 2.5, 89.0
OLD_YEARS, OLD_SD = 90.0, 38.0
"""Jang 2019, above: mean and SD below 30 and from 90 years on, and the fall between."""
NATIVE_SHARE = 0.87
"""Perez 2021, above."""
LIKELY_HU, UNLIKELY_HU = 110.0, 160.0
"""Pickhardt 2013, above."""

MEAN = Output("<level>_trabecular_hu_mean", "HU", "mean attenuation of trabecular bone")
STD = Output("<level>_trabecular_hu_std", "HU", "standard deviation of its attenuation")
AREA = Output("<level>_trabecular_area_cm2", "cm2", "area of the region it was measured in")
BODY = Output("<level>_body_hu_mean", "HU", "mean attenuation of the body without its rim")
_OF_LEVEL = (MEAN, STD, AREA, BODY)
Z = Output("bone_density_z", "", "trabecular attenuation against others of the same age, in SD")
NATIVE = Output("bone_density_native_hu", "HU", "what it may be without contrast")
CATEGORY = Output("bone_density_category", "", "how likely osteoporosis is by it")
_OF_ALL = (CATEGORY, Z, NATIVE)
OUTPUTS = (*(one.of(level=level) for level in LEVELS for one in _OF_LEVEL), *_OF_ALL)
READS = Reads(
    structures=tuple(structure_of(level) for level in ("T11", *LEVELS, "L3")),
    tasks=(BODY_TASK,),
    levels=True,
    coverage=True,
    patient=True,
    facts=(*ACQUISITION, *(LOSS.of(level=level).name for level in LEVELS)),
)
"""With the neighbours above and below: they tell which way is up."""


@dataclass(frozen=True, slots=True)
class Region:
    """An ellipse in the mid-height plane of a body.

    Attributes:
        front_mm: its middle, along *front* from the body's.
        half_width_mm: half axis from side to side.
        half_depth_mm: half axis from front to back.
        thick_mm: slab of voxels that count.
    """

    front_mm: float
    half_width_mm: float
    half_depth_mm: float
    thick_mm: float

    @property
    def area_cm2(self) -> float:
        """Of the ellipse."""
        return float(np.pi * self.half_width_mm * self.half_depth_mm) / 100

    def holds(self, places_mm: Affine) -> Array:
        """(n,) whether places of the body's frame lie in it."""
        x, y, z = places_mm.T
        inside = (x / self.half_width_mm) ** 2 + ((y - self.front_mm) / self.half_depth_mm) ** 2
        return np.asarray((inside <= 1) & (np.abs(z) <= self.thick_mm / 2))


@dataclass(frozen=True, slots=True)
class Density:
    """What was read off one vertebra."""

    body: VertebralBody
    region: Region
    mean_hu: float
    std_hu: float
    body_hu: float
    slice_index: int


def measure(case: Case) -> tuple[Measurement, ...]:
    """Of each of the three levels, and what follows from them."""
    if absence := gate(case):
        return all_absent(OUTPUTS, absence)
    found = densities(case)
    rows = [one for level in LEVELS for one in _rows(case, level, found[level])]
    return (*rows, *_conclusions(case, found))


def gate(case: Case) -> Absence | None:
    """Why no level of this case has a density; ``None`` when some may."""
    return (
        scanned_absence(case)
        or task_absence(case, case.anatomy_task)
        or too_coarse(case)
        or voltage_absence(case, *KVP)
        or spacing_absence(case, LARGEST_SLICE_MM)
    )


def densities(case: Case) -> Mapping[str, Density | Absence]:
    """Level → what was read off it, or why nothing was."""
    doubts = {level: _doubt(case, level) for level in LEVELS}
    bodies = vertebral_bodies(case, [level for level, doubt in doubts.items() if doubt is None])
    return {
        level: doubt
        or (
            _density(case, bodies[level])
            if level in bodies
            else unassessable("body_not_separated", level=level)
        )
        for level, doubt in doubts.items()
    }


def _doubt(case: Case, level: str) -> Absence | None:
    """Why a level is passed over before its body is looked for."""
    structure = structure_of(level)
    found = structure_or_absence(case, structure, region="abdomen", at_least_cm3=SMALLEST_CM3)
    if isinstance(found, Absence):
        return found
    if cut := truncation(found):
        return unassessable("level_truncated", level=level, **cut.why.parameters)
    if case.levels.problem is not None:
        return Absence(Status.NOT_ASSESSABLE, case.levels.problem)
    loss = case.facts.get(LOSS.of(level=level).name)
    if loss is not None and loss.parameters.get("suspected") == "yes":
        return unassessable("vertebra_looks_compressed", level=level)
    if has_metal(case, structure):
        return unassessable("metal_in_vertebra", level=level)
    return None


def _density(case: Case, body: VertebralBody) -> Density | Absence:
    """Mean and spread of the ellipse, mean of the body without its rim."""
    core = _core(body)
    region = _region(body, core, slice_distance_mm(case.image.affine))
    if region is None:
        return unassessable("body_too_small", level=body.level)
    places, values = _voxels(case, body)
    within = values[_sampled(core, places)]
    inside = values[region.holds(places)]
    if not len(inside) or not len(within):
        return unassessable("body_too_small", level=body.level)
    if is_dense(within) or is_dense(inside):
        return unassessable("dense_vertebra", level=body.level)
    at_mm = body.to_patient(np.array([0.0, region.front_mm, 0.0]))
    k = round(float(case.image.world_to_voxel(at_mm)[2]))
    mean, std = float(inside.mean()), float(inside.std())
    return Density(body, region, mean, std, float(within.mean()), k)


def _core(body: VertebralBody) -> Array:
    """(X, Y, Z) the body's frame where its edge is farther than the cortex."""
    solid = body.share >= 0.5  # noqa: PLR2004 - half
    (box,) = ndimage.find_objects(solid.astype(np.uint8))  # the frame is wider on all sides
    core = np.zeros(solid.shape, bool)
    padded = np.pad(solid[box], 1)
    depth_mm = ndimage.distance_transform_edt(padded)[1:-1, 1:-1, 1:-1] * STEP_MM
    core[box] = depth_mm > CORTEX_MM
    return core


def _region(body: VertebralBody, core: Array, slice_mm: float) -> Region | None:
    """The largest ellipse in the anterior half of the mid-height plane; ``None``: none fits."""
    back, front = (body.back_mm + body.front_mm) / 2, body.front_mm - CORTEX_MM
    plane = core[:, :, core.shape[2] // 2]
    where = np.argwhere(~plane) - (np.array(plane.shape) - 1) / 2
    outside = np.append(where * STEP_MM, np.zeros((len(where), 1)), axis=1)
    regions = (
        Region(back + deep * (front - back), wide * body.width_mm, deep * (front - back), thick)
        for thick in [max(SLAB_MM, slice_mm)]
        for deep in DEEP
        for wide in WIDE
    )
    fitting = [one for one in regions if not one.holds(outside).any()]
    largest = max(fitting, key=lambda one: one.area_cm2, default=None)
    return largest if largest and largest.area_cm2 >= SMALLEST_AREA_CM2 else None


def _voxels(case: Case, body: VertebralBody) -> tuple[Affine, Array]:
    """(n, 3) places of the voxels about the body, in its frame, and (n,) their attenuation."""
    levels = np.flatnonzero(body.share.any(axis=(0, 1)))
    ends = (levels[[0, -1]] - (body.share.shape[2] - 1) / 2) * STEP_MM
    sides = [(-body.width_mm / 2, body.width_mm / 2), (body.back_mm, body.front_mm), ends]
    corners = np.array(np.meshgrid(*sides)).reshape(3, -1).T
    ijk = case.image.world_to_voxel(body.to_patient(corners))
    low = np.clip(np.floor(ijk.min(axis=0)), 0, None).astype(int)
    high = np.minimum(np.ceil(ijk.max(axis=0)).astype(int) + 1, case.image.shape)
    values = case.image.data[tuple(map(slice, low, high))]
    index = np.moveaxis(np.indices(values.shape), 0, -1).reshape(-1, 3) + low
    turned = body.axes @ case.image.affine[:3, :3]
    places = index @ turned.T + body.to_frame(case.image.affine[:3, 3])
    return places, values.reshape(-1).astype(np.float64)


def _sampled(core: Array, places_mm: Affine) -> Array:
    """(n,) whether places of the frame lie in its core."""
    middle = (np.array(core.shape) - 1) / 2
    index = np.rint(places_mm / STEP_MM + middle).astype(int)
    within = ((index >= 0) & (index < core.shape)).all(axis=1)
    inside = np.zeros(len(index), bool)
    inside[within] = core[tuple(index[within].T)]
    return inside


def _rows(case: Case, level: str, found: Density | Absence) -> tuple[Measurement, ...]:
    """The numbers of one level, or why it has none."""
    structure, outputs = structure_of(level), [one.of(level=level) for one in _OF_LEVEL]
    if isinstance(found, Absence):
        return tuple(output.absent(found, structure=structure) for output in outputs)
    loss = case.facts.get(LOSS.of(level=level).name)
    conditions: dict[str, Scalar] = {
        "slice_index": found.slice_index,
        "height_checked": "yes" if loss and loss.status is Status.MEASURED else "no",
        **acquisition(case),
        **case.levels.conditions,
    }
    values = (found.mean_hu, found.std_hu, found.region.area_cm2, found.body_hu)
    return tuple(
        output.measured(round(value, 2), structure=structure, **conditions)
        for output, value in zip(outputs, values, strict=True)
    )


def _conclusions(case: Case, found: Mapping[str, Density | Absence]) -> tuple[Measurement, ...]:
    """Category, z and native value of L1, else of the mean of the levels beside it."""
    own = found[LEVEL]
    if isinstance(own, Density):
        used = [own]
    else:
        used = [one for level in BESIDE if isinstance(one := found[level], Density)]
        if not used:
            return all_absent(_OF_ALL, own)
    mean_hu = float(np.mean([one.mean_hu for one in used]))
    levels = ",".join(one.body.level for one in used)
    at = structure_of(used[0].body.level)
    about: dict[str, Scalar] = {
        "levels": levels,
        "mean_hu": round(mean_hu, 1),
        "slice_index": used[0].slice_index,
        **case.levels.conditions,
    }
    phase = case.facts.get("contrast_phase")
    native = (
        NATIVE.measured(round(NATIVE_SHARE * mean_hu, 1), structure=at, **about)
        if phase is not None and phase.value == "venous"
        else NATIVE.absent(inapplicable("native_from_venous_only"), structure=at)
    )
    if child := age_absence(case):
        return (CATEGORY.absent(child, structure=at), Z.absent(child, structure=at), native)
    kind = CATEGORY.measured(category(mean_hu), structure=at, **about)
    age = case.patient.age_years
    if age is None:
        return (kind, Z.absent(unassessable("age_unknown_no_norm"), structure=at), native)
    norm_hu, sd_hu = norm(age)
    z = (mean_hu - norm_hu) / sd_hu
    return (
        kind,
        Z.measured(round(z, 2), structure=at, norm_hu=round(norm_hu, 1), **about),
        native,
    )


def category(mean_hu: float) -> str:
    """How likely osteoporosis is at a trabecular attenuation: Pickhardt 2013."""
    if mean_hu <= LIKELY_HU:
        return "likely"
    return "possible" if mean_hu <= UNLIKELY_HU else "unlikely"


def norm(age_years: float) -> tuple[float, float]:
    """Mean and standard deviation at an age, HU: Jang 2019."""
    beyond = max(0.0, age_years - YOUNG_YEARS)
    towards_old = min(beyond / (OLD_YEARS - YOUNG_YEARS), 1.0)
    mean_hu = max(YOUNG_HU - YEARLY_HU * beyond, OLD_HU)
    return mean_hu, YOUNG_SD + towards_old * (OLD_SD - YOUNG_SD)
