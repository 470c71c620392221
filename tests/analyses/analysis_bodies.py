"""Bodies of boxes and ellipsoids whose measurements follow from school geometry.

They are drawn in patient millimetres (x right, y anterior, z superior) onto a grid of any spacing;
a rotation of the grid turns the affine, as a tilted acquisition does, and leaves the patient alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from totalsegmentator.map_to_binary import class_map

from heimdallr.analyses.case import Case
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Modality, Patient, Series
from heimdallr.imaging.volume import LabelMap, Volume
from heimdallr.segmentation.result import Segmentation, SegmentationProvenance, WeightsOrigin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heimdallr.imaging.volume import Affine

Triple = tuple[float, float, float]

AIR_HU, WATER_HU, FAT_HU, MUSCLE_HU, BONE_HU = -1000, 0, -100, 50, 300
ADULT = Patient(sex="M", age_years=60.0, height_m=1.75, weight_kg=80.0)


def rotation(degrees: float, axis: int) -> Affine:
    """(4, 4) rotation about one axis."""
    a, b = (i for i in range(3) if i != axis)
    matrix = np.eye(4)
    angle = np.deg2rad(degrees)
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = -np.sin(angle), np.sin(angle)
    return matrix


def segmentation(
    labels: npt.NDArray[np.uint8],
    affine: Affine,
    task: str,
    origin: WeightsOrigin = "official",
) -> Segmentation:
    """A label map under TotalSegmentator's class names of a task."""
    names: dict[int, str] = class_map[task]
    provenance = SegmentationProvenance(task, "none", "cpu", (), origin, (), 3.0, 0.0)
    return Segmentation(LabelMap(labels, affine, names), provenance)


@dataclass
class Body:
    """A body under construction.

    Attributes:
        size_mm: extent of the field of view; its centre is the patient's origin.
        spacing_mm: voxel size.
        turn: (4, 4) rotation of the acquisition.
    """

    size_mm: Triple
    spacing_mm: Triple = (3.0, 3.0, 3.0)
    turn: Affine = field(default_factory=lambda: np.eye(4))
    modality: Modality = "CT"

    def __post_init__(self) -> None:
        """Lay the grid: air everywhere, no label."""
        shape = [round(s / d) for s, d in zip(self.size_mm, self.spacing_mm, strict=True)]
        self.image = np.full(shape, AIR_HU, np.int16)
        self.labels: dict[str, npt.NDArray[np.uint8]] = {}
        corner = [(1 - n) * d / 2 for n, d in zip(shape, self.spacing_mm, strict=True)]
        grid = np.diag([*self.spacing_mm, 1.0])
        grid[:3, 3] = corner
        self.affine = self.turn @ grid
        axes = [
            c + np.arange(n) * d for c, n, d in zip(corner, shape, self.spacing_mm, strict=True)
        ]
        self._x, self._y, self._z = np.meshgrid(*axes, indexing="ij", sparse=True)

    def box(self, centre: Triple, size: Triple) -> npt.NDArray[np.bool_]:
        """Voxels whose centre lies in a box."""
        inside = [
            np.abs(axis - c) < s / 2
            for axis, c, s in zip((self._x, self._y, self._z), centre, size, strict=True)
        ]
        return np.asarray(inside[0] & inside[1] & inside[2])

    def ellipsoid(self, centre: Triple, radii: Triple) -> npt.NDArray[np.bool_]:
        """Voxels whose centre lies in an ellipsoid."""
        scaled = [
            ((axis - c) / r) ** 2
            for axis, c, r in zip((self._x, self._y, self._z), centre, radii, strict=True)
        ]
        return np.asarray(scaled[0] + scaled[1] + scaled[2] < 1)

    def cylinder(self, centre: tuple[float, float], radii: tuple[float, float]) -> np.ndarray:
        """Voxels inside an upright elliptic cylinder through the whole volume."""
        x, y = (self._x - centre[0]) / radii[0], (self._y - centre[1]) / radii[1]
        return np.broadcast_to(x**2 + y**2 < 1, self.image.shape)

    def paint(self, mask: np.ndarray, hu: int, name: str | None = None, task: str = "") -> None:
        """Give voxels an attenuation and, in a task's label map, a name."""
        self.image[mask] = hu
        if name is not None:
            self.mark(mask, name, task)

    def see_within(self, radius_mm: float) -> None:
        """A round field of view: outside, no label, and what scanners write there."""
        outside = ~self.cylinder((0, 0), (radius_mm, radius_mm))
        self.image[outside] = -2000
        for labels in self.labels.values():
            labels[outside] = 0

    def mark(self, mask: np.ndarray, name: str, task: str = "") -> None:
        """Give voxels a name and leave their attenuation."""
        task = task or ("total" if self.modality == "CT" else "total_mr")
        numbers = {known: number for number, known in class_map[task].items()}
        labels = self.labels.setdefault(task, np.zeros(self.image.shape, np.uint8))
        labels[mask] = numbers[name]

    def case(
        self,
        patient: Patient = ADULT,
        series: Series | None = None,
        origin: WeightsOrigin = "official",
        without: Sequence[str] = (),
    ) -> Case:
        """The finished case, without the named tasks."""
        segmentations = {
            task: segmentation(labels, self.affine, task, origin)
            for task, labels in self.labels.items()
            if task not in without
        }
        return Case(
            modality=self.modality,
            image=Volume(self.image, self.affine),
            patient=patient,
            series=series or Series("1.2.3", self.modality, kvp=120.0, kernel="B30f"),
            segmentations=segmentations,
            skipped_tasks=dict.fromkeys(without, Statement("not_requested")),
        )


SPINE = ("L5", "L4", "L3", "L2", "L1", "T12", "T11")
PITCH_MM = 36.0
L3_CENTRE_MM = 0.0
VERTEBRA_BODY_MM = (48.0, 36.0, 24.0)
TRUNK_RADII_MM = (150.0, 105.0)
MUSCLE_RADII_MM = (126.0, 84.0)
CAVITY_RADII_MM = (108.0, 66.0)


def spine(
    body: Body,
    levels: Sequence[str] = SPINE,
    bottom_mm: float = -72.0,
    *,
    with_ribs: bool = True,
) -> None:
    """A column of vertebrae with bodies and spinous processes, lowest first; ribs from T12 up."""
    for n, level in enumerate(levels):
        z = bottom_mm + n * PITCH_MM
        bone = body.box((0, -39, z), VERTEBRA_BODY_MM)
        bone |= body.box((0, -66, z - 9), (12, 24, 12))
        body.paint(bone, BONE_HU, f"vertebrae_{level}")
        if with_ribs and level.startswith("T"):
            ribs(body, z)


def pelvis(body: Body, top_mm: float) -> None:
    """Sacrum and hips, of which the sacrum's upper end is so high."""
    body.paint(body.box((0, -39, top_mm - 24), (48, 36, 30)), BONE_HU, "sacrum")
    for side, name in ((-1, "hip_left"), (1, "hip_right")):
        body.paint(body.box((side * 72, -39, top_mm - 24), (48, 48, 42)), BONE_HU, name)


def ribs(body: Body, z_mm: float, reach_mm: float = 84.0) -> None:
    """A pair of ribs that begin beside a vertebral body and reach so far to the sides."""
    length = reach_mm - VERTEBRA_BODY_MM[0] / 2
    for side in (-1, 1):
        middle = side * (VERTEBRA_BODY_MM[0] / 2 + length / 2)
        body.paint(body.box((middle, -54, z_mm), (length, 9, 9)), BONE_HU)


def trunk(
    spacing_mm: Triple = (3.0, 3.0, 3.0), turn: Affine | None = None, *, arms_at_mm: float = 0.0
) -> Body:
    """Abdomen with organs, a spine and tissue masks; with arms at ``±arms_at_mm`` unless 0.

    On the slice through L3, muscle is the ring between two ellipses, subcutaneous fat the ring
    outside it, torso fat what is inside and neither kidney nor bone.
    """
    body = Body((480, 270, 324), spacing_mm, np.eye(4) if turn is None else turn)
    outer = body.cylinder((0, 0), TRUNK_RADII_MM)
    wall = body.cylinder((0, 0), MUSCLE_RADII_MM)
    cavity = body.cylinder((0, 0), CAVITY_RADII_MM)
    body.paint(outer, FAT_HU, "subcutaneous_fat", "tissue_types")
    body.paint(wall, MUSCLE_HU, "skeletal_muscle", "tissue_types")
    body.paint(cavity, FAT_HU, "torso_fat", "tissue_types")
    for side in (-1, 1) if arms_at_mm else ():
        arm = (side * arms_at_mm, 0.0)
        body.paint(body.cylinder(arm, (36, 36)), FAT_HU, "subcutaneous_fat", "tissue_types")
        body.paint(body.cylinder(arm, (30, 30)), MUSCLE_HU, "skeletal_muscle", "tissue_types")
    spine(body)
    organs = {
        "liver": ((66, 6, 84), (39, 42, 60), 60),
        "spleen": ((-66, -6, 90), (27, 30, 42), 50),
        "kidney_right": ((60, -18, -24), (24, 24, 45), 35),
        "kidney_left": ((-60, -18, -24), (24, 24, 45), 34),
        "aorta": ((-12, 0, 60), (9, 9, 90), 45),
        "inferior_vena_cava": ((12, 0, 30), (9, 9, 90), 45),
        "stomach": ((-12, 39, 84), (24, 24, 30), 20),
        "pancreas": ((-6, 24, 30), (30, 12, 12), 40),
    }
    for name, (centre, radii, hu) in organs.items():
        body.paint(body.ellipsoid(centre, radii), hu, name)
    body.labels["tissue_types"][body.labels["total"] > 0] = 0
    return body


def head(
    spacing_mm: Triple = (2.0, 2.0, 2.0),
    turn: Affine | None = None,
    *,
    bleeds: Sequence[tuple[Triple, Triple]] = (),
) -> Body:
    """A brain in a skull with ellipsoidal bleeds, each given by centre and radii."""
    body = Body((180, 216, 168), spacing_mm, np.eye(4) if turn is None else turn)
    body.paint(body.ellipsoid((0, 0, 0), (78, 96, 72)), BONE_HU * 3, "skull")
    body.paint(body.ellipsoid((0, 0, 0), (70, 88, 64)), 32, "brain")
    body.labels["cerebral_bleed"] = np.zeros(body.image.shape, np.uint8)
    for centre, radii in bleeds:
        blood = body.ellipsoid(centre, radii)
        body.paint(blood, 65, "intracerebral_hemorrhage", "cerebral_bleed")
    return body
