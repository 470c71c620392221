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

BODY_PARTS, ARMS = "boa_body_parts", ("arm_left", "arm_right")
"""BOA's network that tells arms from the trunk, where a site has installed it."""

LIMB_BONES = ("humerus", "femur")
"""An arm hanging beside the trunk brings its bone along: that is no inside of the trunk."""


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
    tissue_map = case.segmentations[TASK].label_map
    labels = tissue_map.data[:, :, k]
    structures = case.anatomy.data[:, :, k]
    limbs = [number for number, name in case.anatomy.names.items() if name.startswith(LIMB_BONES)]
    anatomy = (structures > 0) & ~np.isin(structures, limbs)
    trunk = _trunk(((labels > 0) | (structures > 0)) & ~_arms(case, k))
    compartments = {
        name: np.asarray((labels == tissue_map.number(name)) & trunk)
        for name in (MUSCLE, SUBCUTANEOUS, TORSO)
    }
    inside = (compartments[TORSO] | anatomy) & trunk
    compartments[MUSCLE] = _without_arms(compartments[MUSCLE], inside, case)
    return AxialTissue(
        compartments,
        case.image.data[:, :, k],
        in_plane_area_mm2(case.image.affine) / 100,
        case.field_of_view,
    )


def _arms(case: Case, k: int) -> Mask:
    """The arms on a slice, where a network has told them from the trunk; else nothing."""
    if BODY_PARTS not in case.segmentations:
        return np.zeros(case.image.shape[:2], bool)
    parts = case.segmentations[BODY_PARTS].label_map
    arms = [parts.number(name) for name in ARMS if name not in case.rejected]
    return np.isin(parts.data[:, :, k], arms)


def _trunk(body: Mask) -> Mask:
    """The largest connected part of the body's cross-section; arms held away are others."""
    pieces = cc3d.connected_components(binary_fill_holes(body), connectivity=8)
    sizes = np.bincount(pieces.ravel())
    if len(sizes) < 2:  # noqa: PLR2004 - nothing but background
        return np.zeros_like(body)
    return np.asarray(pieces == 1 + int(np.argmax(sizes[1:])))


def _without_arms(muscle: Mask, inside: Mask, case: Case) -> Mask:
    """Muscle without the pieces that lie wholly outside the trunk wall."""
    if not inside.any():
        return muscle
    distance_mm = distance_transform_edt(~inside, sampling=case.image.spacing_mm[:2])
    pieces = cc3d.connected_components(muscle, connectivity=8)
    near = np.unique(pieces[muscle & (distance_mm <= ARM_DISTANCE_MM)])
    return np.asarray(np.isin(pieces, near) & muscle)
