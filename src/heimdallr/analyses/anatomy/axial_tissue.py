"""Muscle and fat on one axial slice: the arms taken off, HU windows applied.

Attenuation windows (Alberta protocol, Mourtzakis 2008, Appl Physiol Nutr Metab 33:997): skeletal
muscle −29 … 150 HU, subcutaneous and intermuscular fat −190 … −30 HU, visceral fat −150 … −50 HU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cc3d
import numpy as np
from scipy.ndimage import binary_fill_holes, distance_transform_edt

from heimdallr.imaging.morphology import in_plane_area_mm2
from heimdallr.imaging.statistics import cuts

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from heimdallr.analyses.case import Case
    from heimdallr.imaging.field_of_view import FieldOfView
    from heimdallr.imaging.morphology import Mask
    from heimdallr.imaging.volume import Array

TASK = "tissue_types"
MUSCLE, SUBCUTANEOUS, TORSO = "skeletal_muscle", "subcutaneous_fat", "torso_fat"


@dataclass(frozen=True, slots=True)
class Window:
    """A closed interval of attenuation."""

    low_hu: int
    high_hu: int

    def __str__(self) -> str:
        return f"{self.low_hu}..{self.high_hu} HU"


MUSCLE_WINDOW = Window(-29, 150)
SUBCUTANEOUS_WINDOW = Window(-190, -30)
VISCERAL_WINDOW = Window(-150, -50)
INTERMUSCULAR_WINDOW = Window(-190, -30)

TISSUES = {
    "skeletal_muscle": (MUSCLE, MUSCLE_WINDOW),
    "subcutaneous_fat": (SUBCUTANEOUS, SUBCUTANEOUS_WINDOW),
    "visceral_fat": (TORSO, VISCERAL_WINDOW),
    "intermuscular_fat": (MUSCLE, INTERMUSCULAR_WINDOW),
}
"""Published tissue → the compartment it is looked for in, and its attenuation."""

ARM_DISTANCE_MM = 30.0
"""Muscle that lies wholly farther than this from the trunk's inside is an arm.

At the abdominal wall and the back every trunk muscle reaches within 3 cm of visceral fat,
organs, spine or paraspinal muscle; the muscles of an arm resting against the flank do not.
Chosen, not measured. 15 mm would take lateral muscle off a thick wall; at 60 mm a slim patient's
arm would count as trunk.
"""

BODY_PARTS, ARMS = "boa_body_parts", frozenset({"arm_left", "arm_right"})
"""BOA's network that tells arms from the trunk, where a site has installed it."""

LIMB_BONES = ("humerus", "femur")
"""An arm hanging beside the trunk brings its bone along: that is no inside of the trunk."""


@dataclass(frozen=True, slots=True)
class Section:
    """What is labelled on a section through the body.

    Attributes:
        tissues: (I, J) labels of the compartments.
        tissue_names: label → compartment.
        structures: (I, J) labels of the whole-body map.
        structure_names: label → structure.
        arms: (I, J) what a network has told from the trunk as an arm.
        spacing_mm: of the pixels along I and J.
    """

    tissues: Array
    tissue_names: Mapping[int, str]
    structures: Array
    structure_names: Mapping[int, str]
    arms: Mask
    spacing_mm: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AxialTissue:
    """Tissues of one slice without the arms.

    Attributes:
        compartments: compartment name → (I, J) mask before the HU window.
        image_hu: (I, J) slice of the image.
        pixel_area_cm2: area of one pixel.
        field: what the slice shows.
    """

    compartments: dict[str, Mask]
    image_hu: Array
    pixel_area_cm2: float
    field: FieldOfView

    def pixels(self, tissue: str) -> Mask:
        """(I, J) mask of a published tissue: its compartment inside its HU window."""
        compartment, window = TISSUES[tissue]
        in_window = (self.image_hu >= window.low_hu) & (self.image_hu <= window.high_hu)
        return np.asarray(self.compartments[compartment] & in_window)

    def area_cm2(self, tissue: str) -> float:
        """Area of a published tissue."""
        return int(self.pixels(tissue).sum()) * self.pixel_area_cm2

    def cut_at(self, tissue: str) -> tuple[str, ...]:
        """Edges of the slice, and of a round field of view, that cut a tissue's compartment."""
        mask = self.compartments[TISSUES[tissue][0]]
        on_rim = self.field.on_rim(mask)
        return tuple(cuts((mask.sum(axis=1), mask.sum(axis=0)), on_rim=on_rim))


def route(case: Case) -> str:
    """Which way the compartments were made, as their provenance names it."""
    return case.segmentations[TASK].provenance.task


def axial_tissue(case: Case, k: int) -> AxialTissue:
    """Tissues of slice ``k``; the tasks ``tissue_types`` and the whole-body one must be there."""
    section = Section(
        tissues=case.segmentations[TASK].label_map.data[:, :, k],
        tissue_names=case.segmentations[TASK].label_map.names,
        structures=case.anatomy.data[:, :, k],
        structure_names=case.anatomy.names,
        arms=_arms(case, k),
        spacing_mm=tuple(case.image.spacing_mm[:2].tolist()),
    )
    return AxialTissue(
        compartments_of(section),
        case.image.data[:, :, k],
        in_plane_area_mm2(case.image.affine) / 100,
        case.field_of_view,
    )


def compartments_of(section: Section) -> dict[str, Mask]:
    """Name of each compartment → its mask on a section, without the arms."""
    limbs = [n for n, name in section.structure_names.items() if name.startswith(LIMB_BONES)]
    anatomy = (section.structures > 0) & ~np.isin(section.structures, limbs)
    trunk = _trunk(((section.tissues > 0) | (section.structures > 0)) & ~section.arms)
    compartments = {
        name: labelled(section.tissues, section.tissue_names, {name}) & trunk
        for name in (MUSCLE, SUBCUTANEOUS, TORSO)
    }
    inside = (compartments[TORSO] | anatomy) & trunk
    compartments[MUSCLE] = _without_arms(compartments[MUSCLE], inside, section.spacing_mm)
    return compartments


def _arms(case: Case, k: int) -> Mask:
    """The arms on a slice, where a network has told them from the trunk; else nothing."""
    if BODY_PARTS not in case.segmentations:
        return np.zeros(case.image.shape[:2], bool)
    parts = case.segmentations[BODY_PARTS].label_map
    return labelled(parts.data[:, :, k], parts.names, ARMS - case.rejected.keys())


def labelled(labels: Array, names: Mapping[int, str], structures: Container[str]) -> Mask:
    """Where some structures are; nothing of those that the names do not have."""
    return np.isin(labels, [number for number, name in names.items() if name in structures])


def _trunk(body: Mask) -> Mask:
    """The largest connected part of the body's cross-section; arms held away are others."""
    pieces = cc3d.connected_components(binary_fill_holes(body), connectivity=8)
    sizes = np.bincount(pieces.ravel())
    if len(sizes) < 2:  # noqa: PLR2004 - nothing but background
        return np.zeros_like(body)
    return np.asarray(pieces == 1 + int(np.argmax(sizes[1:])))


def _without_arms(muscle: Mask, inside: Mask, spacing_mm: tuple[float, ...]) -> Mask:
    """Muscle without the pieces that lie wholly outside the trunk wall."""
    if not inside.any():
        return muscle
    distance_mm = distance_transform_edt(~inside, sampling=spacing_mm)
    pieces = cc3d.connected_components(muscle, connectivity=8)
    near = np.unique(pieces[muscle & (distance_mm <= ARM_DISTANCE_MM)])
    return np.asarray(np.isin(pieces, near) & muscle)
