"""Calcium in a territory: its lesions, and the Agatston score.

**Agatston score** (Agatston 1990, J Am Coll Cardiol 15:827). On each axial slice, neighbouring
pixels (also over corners) of at least 130 HU that cover at least 1 mm² are a lesion. Its area in
mm² is multiplied by the weight of its brightest pixel on that slice (130 to 199 HU: 1, 200 to 299:
2, 300 to 399: 3, from 400: 4), and all products are added. Slices were 3 mm thick and 3 mm apart;
with other increments the sum is multiplied by increment / 3 mm, which is today's custom.

*Thin slices* are noisier and are never scored as they are: as many neighbours are averaged as fit
into 3 mm (1 mm: three, 1.25 mm: two), which is near to what a scanner would have made of the data.
*Tilted volumes* are scored on their own slices, as acquired: pixel area and increment go through
the affine. A reformatted volume therefore has a slightly different score than the axial one, as two
scans of one patient have.

Lesions that people look at are three-dimensional: voxels of one piece, over faces, edges and
corners.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cc3d
import numpy as np
from scipy import ndimage

from heimdallr.analyses.declared_outputs import Absence, unassessable
from heimdallr.imaging.morphology import dilated, in_plane_area_mm2, label_boxes, slice_distance_mm

if TYPE_CHECKING:
    from heimdallr.imaging.morphology import Mask
    from heimdallr.imaging.volume import Affine, Array

CALCIUM_HU = 130.0
SMALLEST_AREA_MM2 = 1.0
REFERENCE_INCREMENT_MM = 3.0
"""Agatston 1990, J Am Coll Cardiol 15:827."""

AGATSTON_KVP = (110.0, 130.0)
"""The 130 HU and the weights hold at 120 kVp; calcium is a third brighter at 100."""

UNENHANCED_HU = 100.0
"""Median of an aorta above which it holds contrast medium, whatever the phase is called. As the
roadmap has it: unenhanced blood has 30 to 60 HU; the threshold of calcium is at 130."""

METAL_HU = 1500.0
"""From here on it is metal: pacemaker leads, valves, stent grafts. Chosen: dense plaque seldom
exceeds 1300 HU at 120 kVp. Half of it would refuse plaque, twice no scanner stores; a coronary
stent of 700 HU cannot be told from plaque."""

NOISE_TIMES = 4.0
"""130 HU must lie so many standard deviations above blood: 21 HU of noise on blood of 45. Chosen:
of the 100,000 pixels around a heart three would pass by chance, and a lesion takes several side by
side. At half of it noise alone would score; at twice it few CTs would be scored."""

_CORNERS_TOO = np.ones((3, 3), bool)
_STEP_MM = 1e-3


@dataclass(frozen=True, slots=True)
class Section:
    """A lesion on one slice.

    Attributes:
        k: index of the slice in the array.
        area_mm2: of its pixels.
        peak_hu: of the brightest.
        score: area × weight × increment / 3 mm: what it adds to the Agatston score.
    """

    k: int
    area_mm2: float
    peak_hu: float
    score: float


@dataclass(frozen=True, slots=True)
class Lesion:
    """One piece of calcium.

    Attributes:
        ijk: index of its brightest voxel in the array.
        peak_hu: of that voxel.
        volume_mm3: of its voxels.
        voxels: how many.
        area_mm2: on the slice ``ijk`` lies on.
        score: what it adds to the Agatston score; 0 where no section of it reaches 1 mm².
    """

    ijk: tuple[int, int, int]
    peak_hu: float
    volume_mm3: float
    voxels: int
    area_mm2: float
    score: float


def weight(peak_hu: float) -> int:
    """Agatston's density weight; 0 below 130 HU."""
    return 0 if peak_hu < CALCIUM_HU else int(min(max(peak_hu // 100, 1), 4))


def sections(hu: Array, mask: Mask, affine: Affine) -> list[Section]:
    """The calcified lesions of every slice, lowest first.

    Args:
        hu: (I, J, K) attenuation.
        mask: (I, J, K) where calcium counts.
        affine: (4, 4) voxel index → mm.
    """
    pixel_mm2 = in_plane_area_mm2(affine)
    per_mm2 = slice_distance_mm(affine) / REFERENCE_INCREMENT_MM
    found = []
    bright = mask & (hu >= CALCIUM_HU)
    for k in np.flatnonzero(bright.any(axis=(0, 1))).tolist():
        pieces, count = ndimage.label(bright[:, :, k], _CORNERS_TOO)
        numbers = range(1, count + 1)
        areas = np.bincount(pieces.ravel())[1:] * pixel_mm2
        peaks = ndimage.maximum(hu[:, :, k], pieces, numbers)
        found += [
            Section(k, float(area), float(peak), float(area) * weight(peak) * per_mm2)
            for area, peak in zip(areas, peaks, strict=True)
            if area >= SMALLEST_AREA_MM2
        ]
    return found


def agatston(hu: Array, mask: Mask, affine: Affine) -> float:
    """The Agatston score of what lies in a mask; arguments as of :func:`sections`."""
    return sum(one.score for one in sections(hu, mask, affine))


def lesions(hu: Array, mask: Mask, affine: Affine) -> list[Lesion]:
    """Pieces of calcium in a mask, the one of the highest score (then volume) first.

    Args:
        hu: (I, J, K) attenuation.
        mask: (I, J, K) where calcium counts.
        affine: (4, 4) voxel index → mm.
    """
    pieces = cc3d.connected_components(mask & (hu >= CALCIUM_HU), connectivity=26)
    found = []
    for number, box in label_boxes(pieces).items():
        piece = pieces[box] == number
        values = np.where(piece, hu[box], -np.inf)
        peak = np.unravel_index(int(values.argmax()), values.shape)
        i, j, k = (int(at) + side.start for at, side in zip(peak, box, strict=True))
        voxels = int(piece.sum())
        found.append(
            Lesion(
                ijk=(i, j, k),
                peak_hu=float(values[peak]),
                volume_mm3=voxels * float(abs(np.linalg.det(affine[:3, :3]))),
                voxels=voxels,
                area_mm2=int(piece[:, :, peak[2]].sum()) * in_plane_area_mm2(affine),
                score=agatston(hu[box], piece, affine),
            )
        )
    return sorted(found, key=lambda one: (-one.score, -one.volume_mm3, one.ijk))


def without_what_reaches_out(
    hu: Array, territory: Mask, share: float = 0.5, *, to_the_border: bool = False
) -> Mask:
    """The territory without bright pieces of which less than ``share`` lies in it.

    A rib, the edge of a vertebra or a calcified vessel that only touches a territory is none of its
    lesions.

    Args:
        hu: (I, J, K) attenuation of the territory and what lies around it.
        territory: (I, J, K) where calcium may count.
        share: of a piece that must lie inside.
        to_the_border: what reaches the border of the arrays goes too, however much lies inside.
    """
    pieces = cc3d.connected_components(hu >= CALCIUM_HU, connectivity=26)
    whole = np.bincount(pieces.ravel())
    inside = np.bincount(pieces[territory], minlength=len(whole))
    outside = inside < share * whole
    if to_the_border:
        faces = (pieces.take(side, axis) for axis in range(3) for side in (0, -1))
        outside[np.concatenate([np.unique(face) for face in faces])] = True
    outside[0] = False
    return np.asarray(territory & ~outside[pieces])


def volume_mm3(hu: Array, mask: Mask, affine: Affine) -> float:
    """Volume of the sections that are scored; arguments as of :func:`sections`."""
    area_mm2 = sum(one.area_mm2 for one in sections(hu, mask, affine))
    return area_mm2 * slice_distance_mm(affine)


def averaged_slices(hu: Array, affine: Affine) -> tuple[Array, int]:
    """Neighbouring thin slices averaged to at most 3 mm, and how many make one.

    A remainder at the upper end is left out; :func:`affine_of_averaged` has the new grid.
    """
    count = slices_averaged(affine)
    if count == 1:
        return hu, 1
    k = hu.shape[2] // count
    grouped = hu[:, :, : k * count].reshape(*hu.shape[:2], k, count)
    return grouped.mean(axis=3, dtype=np.float32), count


def middles_of_averaged(labels: Array, count: int) -> Array:
    """The labels that belong to averaged slices: those of the middle slice of each group."""
    return labels[:, :, count // 2 :: count][:, :, : labels.shape[2] // count]


def slices_averaged(affine: Affine) -> int:
    """How many neighbouring slices fit into 3 mm; at least one."""
    return max(1, int((REFERENCE_INCREMENT_MM + _STEP_MM) / slice_distance_mm(affine)))


def affine_of_averaged(affine: Affine, count: int) -> Affine:
    """(4, 4) affine after averaging ``count`` slices at a time."""
    averaged = affine.copy()
    averaged[:3, 2] = affine[:3, 2] * count
    averaged[:3, 3] = affine[:3, 3] + affine[:3, 2] * (count - 1) / 2
    return averaged


def coarse(
    mask: Mask, affine: Affine, step_mm: float = 2.0
) -> tuple[Mask, Affine, tuple[int, ...]]:
    """Every so many voxels of a mask, near ``step_mm`` apart: (mask, affine, steps).

    Territories are drawn with tolerances of many millimetres; on such a grid a ball of 12 mm costs
    nothing.
    """
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    i, j, k = (max(1, round(float(step_mm / one))) for one in spacing)
    thinned = affine.copy()
    thinned[:3, :3] = affine[:3, :3] * (i, j, k)
    return mask[::i, ::j, ::k], thinned, (i, j, k)


def fine(mask: Mask, steps: tuple[int, ...], shape: tuple[int, ...]) -> Mask:
    """A coarse mask on the grid it was thinned from."""
    for axis, step in enumerate(steps):
        if step > 1:
            index = np.minimum((np.arange(shape[axis]) + step // 2) // step, mask.shape[axis] - 1)
            mask = np.take(mask, index, axis=axis)
    return np.asarray(mask)


def near(mask: Mask, affine: Affine, radius_mm: float) -> Mask:
    """:func:`dilated` on a coarse grid: within about ``radius_mm``, good to 1 mm, and fast."""
    thinned, thinned_affine, steps = coarse(mask, affine)
    return mask | fine(dilated(thinned, thinned_affine, radius_mm), steps, mask.shape)


def noise_hu(values: Array) -> tuple[float, float]:
    """Median and noise of a homogeneous organ.

    The noise is the median less the 16th percentile, one standard deviation of what is normal: the
    upper half may hold calcium.
    """
    low, middle = np.percentile(values, (15.87, 50.0))
    return float(middle), float(middle - low)


def noise_absence(blood: Array, structure: str) -> Absence | None:
    """Why calcium cannot be told from noise; ``None`` where it can.

    Args:
        blood: attenuation of the voxels of a vessel, on the slices that are scored.
        structure: its class name.
    """
    middle, noise = noise_hu(blood)
    if middle + NOISE_TIMES * noise <= CALCIUM_HU:
        return None
    return unassessable("noise_like_calcium", structure=structure, noise_hu=noise)
