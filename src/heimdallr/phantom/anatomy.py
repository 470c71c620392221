"""One synthetic body: voxelise a patient at any spacing.

The painting order is the order of `_steps`: what comes later replaces what lies beneath. Surfaces
come first, then lungs, hollow organs, solid organs, vessels, muscles and bones, last the lesions.
Geometry lives in continuous millimetres, so the same patient and seed give the same body whether
voxels measure 6 mm or 0.8 mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.phantom import abdomen, bowel, head, pelvis, ribcage, soft_tissue, thorax, vessels
from heimdallr.phantom.canvas import Block, Paint, Plan, make_plan, paint
from heimdallr.phantom.deform import Deformation, make_deformation
from heimdallr.phantom.labels import TISSUE_OF_MATERIAL, VERTEBRAE
from heimdallr.phantom.lesions import PlacedLesion, place_lesions
from heimdallr.phantom.materials import Material, liver_hu_native
from heimdallr.phantom.patient import REFERENCE_HEIGHT_MM, Patient
from heimdallr.phantom.primitives import Coordinates
from heimdallr.phantom.spine import autochthon_steps, make_spine, spine_steps
from heimdallr.phantom.torso import Torso, make_torso

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from heimdallr.phantom.patient import Region
    from heimdallr.phantom.primitives import Floats

_EXTENT_Z_MM: dict[Region, tuple[float, float]] = {
    "trunk": (-312.0, 392.0),
    "head": (432.0, 650.0),
    "whole": (-440.0, 655.0),
}
_VOXELS_PER_SLAB = 1_500_000
_MEASURED = {
    "intracerebral_bleed": Material.BLEED,
    "kidney_stone": Material.STONE,
    "gallstone": Material.STONE,
    "kidney_cyst": Material.KIDNEY_CYST,
    "lung_nodule": Material.NODULE,
    "aortic_calcification": Material.CALCIFICATION,
    "coronary_calcium": Material.CALCIFICATION,
}


@dataclass(frozen=True, slots=True)
class LesionTruth:
    """What is known about one lesion.

    Attributes:
        kind: see `patient.LesionKind`.
        side: side of a paired organ.
        level: vertebra of a fracture; empty otherwise.
        size_mm: as asked for, mm; of an aneurysm the diameter it came out with after the warp.
        centre_mm: RAS world position, mm.
        volume_cm3: volume counted on a fine grid; None where the lesion has no voxels of its own
            (aneurysm, fracture) or was not measured.
    """

    kind: str
    side: str
    level: str
    size_mm: float
    centre_mm: tuple[float, float, float]
    volume_cm3: float | None


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about a phantom.

    Attributes:
        patient: parameters it was built from.
        vertebra_centres_mm: vertebra name to the centre of its body, RAS world, mm.
        liver_hu_native: CT number a renderer should give the liver on native CT, HU.
        bleed_cm3: total volume of intracerebral haemorrhage, counted on a fine grid; 0 if the
            patient has none, None if it was not measured.
        lesions: one entry per lesion.
    """

    patient: Patient
    vertebra_centres_mm: Mapping[str, tuple[float, float, float]]
    liver_hu_native: float
    bleed_cm3: float | None
    lesions: tuple[LesionTruth, ...]


@dataclass(frozen=True, slots=True)
class Phantom:
    """A voxelised patient; all arrays (X, Y, Z), x to the right, y to the front, z to the head.

    Attributes:
        affine: (4, 4) voxel index to RAS world, mm.
        total: TotalSegmentator `total` class numbers.
        tissue: TotalSegmentator `tissue_types` class numbers.
        bleed: intracerebral haemorrhage.
        material: index into `materials.MATERIALS`.
        truth: what is known.
    """

    affine: npt.NDArray[np.float64]
    total: npt.NDArray[np.uint8]
    tissue: npt.NDArray[np.uint8]
    bleed: npt.NDArray[np.bool_]
    material: npt.NDArray[np.uint8]
    truth: Truth


@dataclass(frozen=True, slots=True)
class _Body:
    patient: Patient
    torso: Torso
    deformation: Deformation
    plan: Plan
    lesions: tuple[PlacedLesion, ...]


def build(
    patient: Patient,
    *,
    spacing_mm: tuple[float, float, float] | float,
    seed: int,
    z_range_mm: tuple[float, float] | None = None,
    fov_mm: tuple[float, float] | None = None,
    table: bool = False,
    measure_lesions: bool = True,
) -> Phantom:
    """Voxelise one patient.

    Args:
        patient: whom.
        spacing_mm: voxel size along x, y, z, or one for all, mm.
        seed: fixes the warp, organ shapes, bowel loops and lesion places; same patient and seed,
            same body.
        z_range_mm: RAS world heights of the lowest and highest slice, mm (0 is the middle of L2);
            None for the whole region.
        fov_mm: width and depth of the grid, mm, centred on the body; None: body and margin.
        table: whether the patient lies on a CT table.
        measure_lesions: whether to count lesion volumes on a fine grid (a second each).

    Returns:
        The phantom on an axis-aligned RAS grid.
    """
    body = _make_body(patient, seed)
    spacing = np.broadcast_to(np.asarray(spacing_mm, dtype=float), (3,))
    low, high = _extent_mm(body, z_range_mm, fov_mm)
    count = np.maximum(np.round((high - low) / spacing).astype(int), 1)
    axes = tuple(low[i] + spacing[i] * (np.arange(count[i]) + 0.5) for i in range(3))
    material, total = _voxelise(body, (axes[0], axes[1], axes[2]))
    if table:
        _add_table(body, material, axes[1])
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = [axis[0] for axis in axes]
    return Phantom(
        affine=affine,
        total=total,
        tissue=TISSUE_OF_MATERIAL[material],
        bleed=material == Material.BLEED,
        material=material,
        truth=_truth(body, measure=measure_lesions),
    )


def _make_body(patient: Patient, seed: int) -> _Body:
    # One stream per concern, so that a lesion more does not move the bowel.
    shape_rng, organ_rng, lesion_rng = np.random.default_rng(seed).spawn(3)
    tall = patient.height_mm / REFERENCE_HEIGHT_MM
    scale = (patient.frame, patient.frame, tall)
    if patient.region == "head":
        # Heads vary much less than bodies.
        scale = (1 + (patient.frame - 1) * 0.5, 1 + (patient.frame - 1) * 0.5, tall**0.5)
    deformation = make_deformation(
        shape_rng,
        scale=scale,
        amplitude_mm=patient.warp_mm,
        lordosis_mm=patient.lordosis_mm,
        kyphosis_mm=patient.kyphosis_mm,
        scoliosis_mm=patient.scoliosis_mm,
    )
    torso = make_torso(patient, shape_rng)
    lesions = tuple(place_lesions(patient, scale, lesion_rng))
    steps = _steps(patient, torso, organ_rng)
    steps += [step for lesion in lesions for step in lesion.steps]
    return _Body(patient, torso, deformation, make_plan(steps, deformation), lesions)


def _steps(patient: Patient, torso: Torso, rng: np.random.Generator) -> list[Paint]:
    """Return all painting steps in order, skin first, bones last."""
    spine = make_spine()
    return [
        *soft_tissue.surface_steps(patient),
        *head.head_surface_steps(),
        *soft_tissue.cavity_steps(patient),
        *thorax.lung_steps(patient, rng),
        *thorax.heart_steps(patient, rng),
        *bowel.small_bowel_steps(patient, rng),
        *bowel.colon_steps(patient, rng),
        *bowel.stomach_steps(patient, rng),
        *abdomen.liver_steps(patient, rng),
        *abdomen.gallbladder_steps(patient),
        *abdomen.spleen_steps(patient, rng),
        *abdomen.pancreas_steps(patient, rng),
        *bowel.duodenum_steps(patient, rng),
        *abdomen.kidney_steps(patient, rng),
        *abdomen.adrenal_steps(patient),
        *pelvis.gluteal_steps(patient),
        *pelvis.iliopsoas_steps(patient),
        *vessels.portal_steps(patient),
        *thorax.thoracic_vessel_steps(patient),
        *vessels.abdominal_vessel_steps(patient),
        *thorax.oesophagus_steps(rng),
        *thorax.thyroid_steps(patient),
        *thorax.airway_steps(),
        *abdomen.pelvic_organ_steps(patient),
        *autochthon_steps(patient, spine),
        *head.head_steps(patient, rng),
        *ribcage.ribcage_steps(patient, spine, torso),
        *ribcage.shoulder_steps(patient),
        *pelvis.pelvis_steps(),
        *spine_steps(patient, spine),
    ]


def _voxelise(
    body: _Body, axes: tuple[Floats, Floats, Floats]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return material and total label on a grid of world positions, slab by slab along z."""
    shape = tuple(len(a) for a in axes)
    material = np.zeros(shape, np.uint8)
    total = np.zeros(shape, np.uint8)
    x, y, z = (a / s for a, s in zip(axes, body.deformation.scale, strict=True))
    depth = max(_VOXELS_PER_SLAB // (shape[0] * shape[1]), 1)
    for start in range(0, shape[2], depth):
        part = slice(start, start + depth)
        block = Block(
            where=_coordinates(body, x, y, z[part]),
            axes=(x, y, z[part]),
            material=material[:, :, part],
            total=total[:, :, part],
        )
        paint(block, body.plan)
    return material, total


def _coordinates(body: _Body, x: Floats, y: Floats, z: Floats) -> Coordinates:
    wx, wy, wz = body.deformation.coordinates(x, y, z)
    skin, fascia, cavity = body.torso.depths(wx, wy, wz)
    return Coordinates(wx, wy, wz, skin, fascia, cavity, body.torso.above_diaphragm(wx, wy, wz))


def _extent_mm(
    body: _Body, z_range_mm: tuple[float, float] | None, fov_mm: tuple[float, float] | None
) -> tuple[Floats, Floats]:
    """Return the grid's low and high corner in world mm."""
    patient, scale = body.patient, body.deformation.scale
    z = np.asarray(_EXTENT_Z_MM[patient.region]) * scale[2]
    if z_range_mm is not None:
        z = np.asarray(z_range_mm, dtype=float)
    if patient.region == "head":
        half, back, front = 100.0, -62.0, 170.0
    else:
        skin = body.torso.skin
        half = float(skin.max()) + 10.0
        back, front = 40.0 - float(skin[0:12].max()) - 5.0, 40.0 + float(skin[40:57].max()) + 5.0
        if patient.arms != "absent":
            half = max(half, 200.0)
        if patient.arms == "down":
            reach = ribcage.arm_line(patient, 1)[:, 0].max() + 38.0 + 0.4 * patient.subcutaneous_mm
            half = max(half, float(reach))
    low = np.array([-half, back, 0.0]) * scale
    high = np.array([half, front, 0.0]) * scale
    margin = 8.0 + patient.warp_mm * 0.5
    low[:2] -= margin
    high[:2] += margin
    if fov_mm is not None:
        middle = (low[:2] + high[:2]) / 2
        low[:2], high[:2] = middle - np.asarray(fov_mm) / 2, middle + np.asarray(fov_mm) / 2
    low[2], high[2] = z
    return low, high


def _add_table(body: _Body, material: npt.NDArray[np.uint8], y: Floats) -> None:
    """Put a flat table top just behind the patient's back."""
    del body
    occupied = np.flatnonzero((material != Material.AIR).any(axis=(0, 2)))
    if len(occupied) == 0:
        return
    back = y[occupied[0]]
    rows = np.flatnonzero((y < back - 1.0) & (y > back - 22.0))
    plane = material[:, rows, :]
    plane[plane == Material.AIR] = Material.TABLE
    material[:, rows, :] = plane


def _truth(body: _Body, *, measure: bool) -> Truth:
    spine = make_spine()
    centres = body.deformation.to_world(np.stack([spine.centres_mm[v] for v in VERTEBRAE]))
    lesions = tuple(_lesion_truth(body, lesion, measure=measure) for lesion in body.lesions)
    bleeds = [x.volume_cm3 for x in lesions if x.kind == "intracerebral_bleed"]
    known = [volume for volume in bleeds if volume is not None]
    return Truth(
        patient=body.patient,
        vertebra_centres_mm={v: _triple(c) for v, c in zip(VERTEBRAE, centres, strict=True)},
        liver_hu_native=liver_hu_native(body.patient.liver_fat_fraction),
        bleed_cm3=float(sum(known)) if len(known) == len(bleeds) else None,
        lesions=lesions,
    )


def _volume_cm3(body: _Body, placed: PlacedLesion, material: Material) -> float:
    """Count a lesion's voxels on a fine world lattice, looking only into its pieces' boxes."""
    fine = float(np.clip(placed.lesion.size_mm / 25.0, 0.3, 1.0))
    found = []
    for step in placed.steps:
        for piece in step.shape.pieces():
            lo, hi = np.asarray(piece.lo), np.asarray(piece.hi)
            centre = body.deformation.to_world((lo + hi)[None] / 2)[0]
            # The warp stretches by some per cent; a quarter and 3 mm more hold the piece safely.
            half = (hi - lo) / 2 * body.deformation.scale * 1.25 + 3.0
            first = np.floor((centre - half) / fine).astype(int)
            last = np.ceil((centre + half) / fine).astype(int)
            index = [np.arange(a, b + 1) for a, b in zip(first, last, strict=True)]
            here, _ = _voxelise(body, (index[0] * fine, index[1] * fine, index[2] * fine))
            found.append(np.argwhere(here == material) + first)
    count = len(np.unique(np.concatenate(found), axis=0))
    return float(count * fine**3 / 1000.0)


def _diameter_mm(body: _Body, centre: Floats, radius_mm: float) -> float:
    """Return the mean diameter a circle about the body axis has in this patient's world."""
    angle = np.arange(0.0, 2 * np.pi, np.pi / 8)
    circle = np.stack([np.cos(angle), np.sin(angle), np.zeros(16)], axis=1) * radius_mm + centre
    world = body.deformation.to_world(circle)
    return float(np.linalg.norm(world[:8] - world[8:], axis=1).mean())


def _lesion_truth(body: _Body, placed: PlacedLesion, *, measure: bool) -> LesionTruth:
    lesion = placed.lesion
    spine = make_spine()
    centre = np.asarray(placed.centre_mm)
    if lesion.kind == "vertebral_fracture":
        centre = spine.centres_mm[lesion.level]
    world = body.deformation.to_world(centre[None])[0]
    material = _MEASURED.get(lesion.kind)
    volume = None if material is None or not measure else _volume_cm3(body, placed, material)
    size_mm = lesion.size_mm
    if lesion.kind == "aortic_aneurysm":
        size_mm = _diameter_mm(body, centre, size_mm / 2 / body.patient.frame)
    return LesionTruth(
        kind=lesion.kind,
        side=lesion.side,
        level=lesion.level if lesion.kind == "vertebral_fracture" else "",
        size_mm=size_mm,
        centre_mm=_triple(world),
        volume_cm3=volume,
    )


def _triple(v: Floats) -> tuple[float, float, float]:
    return float(v[0]), float(v[1]), float(v[2])
