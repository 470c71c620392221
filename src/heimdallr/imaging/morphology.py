"""Erosion, dilation, areas and diameters in millimetres, whatever the grid.

Distances go through the affine: a ball is a ball on anisotropic, oblique and sheared
(gantry-tilted) grids alike.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist, squareform

if TYPE_CHECKING:
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Affine

Mask = npt.NDArray[np.bool_]
Box = tuple[slice, slice, slice]


def reach_voxels(affine: Affine, radius_mm: float) -> tuple[int, int, int]:
    """How many voxels a ball of ``radius_mm`` reaches along each axis."""
    inverse = np.linalg.inv(affine[:3, :3])
    i, j, k = (int(np.floor(radius_mm * np.linalg.norm(row) + 1e-9)) for row in inverse)
    return i, j, k


def box_around(
    statistics: StructureStatistics,
    shape: tuple[int, int, int],
    affine: Affine,
    margin_mm: float = 0.0,
) -> Box:
    """Index box of a structure with a margin, clipped to the volume."""
    reach = reach_voxels(affine, margin_mm)
    i, j, k = (
        slice(max(low - by, 0), min(high + by, length - 1) + 1)
        for low, high, by, length in zip(
            statistics.bbox_min_ijk, statistics.bbox_max_ijk, reach, shape, strict=True
        )
    )
    return i, j, k


def label_boxes(labels: npt.NDArray[Any]) -> dict[int, Box]:
    """Label number → index box of its voxels; 0 and labels without voxels are absent."""
    # Axes in memory order: SciPy takes two to three times as long across it.
    turned = labels.strides[0] < labels.strides[-1]
    boxes: dict[int, Box] = {}
    for number, found in enumerate(ndimage.find_objects(labels.T if turned else labels), start=1):
        if found is not None:
            i, j, k = reversed(found) if turned else found
            boxes[number] = (i, j, k)
    return boxes


def box_of(mask: Mask) -> Box | None:
    """Index box of a mask's voxels; ``None``: it has none."""
    sides = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        inside = np.flatnonzero(mask.any(axis=others))
        if not len(inside):
            return None
        sides.append(slice(int(inside[0]), int(inside[-1]) + 1))
    i, j, k = sides
    return i, j, k


def within(box: Box, inner: Box) -> Box:
    """A box given inside another one, in the volume."""
    i, j, k = (
        slice(outer.start + own.start, outer.start + own.stop)
        for outer, own in zip(box, inner, strict=True)
    )
    return i, j, k


def eroded(mask: Mask, affine: Affine, radius_mm: float) -> Mask:
    """Voxels whose whole ball of ``radius_mm`` lies in the mask; beyond the array is outside.

    Args:
        mask: (I, J, K) boolean, at best cropped to the structure.
        affine: (4, 4) voxel index → mm; only its axes matter.
        radius_mm: ball radius.
    """
    return _eroded(mask, affine, radius_mm, beyond=False)


def dilated(mask: Mask, affine: Affine, radius_mm: float) -> Mask:
    """Voxels within ``radius_mm`` of the mask, inside the array."""
    return np.asarray(~_eroded(~mask, affine, radius_mm, beyond=True))


def _eroded(mask: Mask, affine: Affine, radius_mm: float, *, beyond: bool) -> Mask:
    reach = reach_voxels(affine, radius_mm)
    padded = np.pad(mask, [(by, by) for by in reach], constant_values=beyond)
    i, j, k = mask.shape
    run: dict[tuple[int, int], Mask] = {}
    result = mask.copy()
    for (di, dj), (low, high) in _ball_columns(affine, radius_mm, reach).items():
        if (low, high) not in run:
            column = padded[:, :, reach[2] + low : reach[2] + low + k].copy()
            for dk in range(low + 1, high + 1):
                column &= padded[:, :, reach[2] + dk : reach[2] + dk + k]
            run[low, high] = column
        result &= run[low, high][reach[0] + di :, reach[1] + dj :, :][:i, :j]
    return result


def _ball_columns(
    affine: Affine, radius_mm: float, reach: tuple[int, int, int]
) -> dict[tuple[int, int], tuple[int, int]]:
    """(di, dj) → lowest and highest dk of the voxels of a ball around the origin."""
    offsets = np.stack(
        np.meshgrid(*(np.arange(-by, by + 1) for by in reach), indexing="ij"), axis=-1
    ).reshape(-1, 3)
    distance_mm = np.linalg.norm(offsets @ affine[:3, :3].T, axis=1)
    columns: dict[tuple[int, int], list[int]] = defaultdict(list)
    for di, dj, dk in offsets[distance_mm <= radius_mm + 1e-6]:
        columns[int(di), int(dj)].append(int(dk))
    return {column: (min(dks), max(dks)) for column, dks in columns.items()}


def in_plane_area_mm2(affine: Affine) -> float:
    """Area of one pixel of an axial slice: |a × b| of the two in-plane axes."""
    return float(np.linalg.norm(np.cross(affine[:3, 0], affine[:3, 1])))


def slice_distance_mm(affine: Affine) -> float:
    """Distance of neighbouring axial slices along their normal, also on sheared grids."""
    return float(abs(np.linalg.det(affine[:3, :3]))) / in_plane_area_mm2(affine)


def largest_diameter_mm(points_mm: Affine) -> tuple[float, Affine]:
    """Greatest distance between any two points, and the unit vector along it.

    Args:
        points_mm: (N, 3) positions, N ≥ 1.

    Returns:
        Distance in mm (0 for one point) and a (3,) direction.
    """
    corners = points_mm
    if len(points_mm) > 4:  # noqa: PLR2004 - a tetrahedron is its own hull
        try:
            corners = points_mm[ConvexHull(points_mm).vertices]
        except QhullError:  # the points lie in one plane or on one line
            corners = _flat_hull(points_mm)
    if len(corners) < 2:  # noqa: PLR2004
        return 0.0, np.array([1.0, 0.0, 0.0])
    distances = squareform(pdist(corners))
    a, b = np.unravel_index(int(np.argmax(distances)), distances.shape)
    length = float(distances[a, b])
    return length, np.asarray((corners[b] - corners[a]) / (length or 1.0))


def _flat_hull(points_mm: Affine) -> Affine:
    """Corners of points that lie in one plane."""
    centred = points_mm - points_mm.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    flat = centred @ axes[:2].T
    try:
        return np.asarray(points_mm[ConvexHull(flat).vertices])
    except QhullError:  # one line: its ends
        along = flat[:, 0]
        return np.asarray(points_mm[[int(np.argmin(along)), int(np.argmax(along))]])
