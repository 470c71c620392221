"""Slices of a volume between two planes of the patient, as those that no image shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Affine


@dataclass(frozen=True, slots=True)
class Slab:
    """Neighbouring planes of voxels.

    Attributes:
        axis: 0, 1 or 2, the axis they lie across.
        start: index of the first; it may lie outside the volume.
        stop: index behind the last.
    """

    axis: int
    start: int
    stop: int


def slab_between(
    affine: Affine, normal_ras: tuple[float, float, float], low_mm: float, high_mm: float
) -> Slab:
    """The planes of voxels whose centres lie between two planes of the patient.

    Args:
        affine: (4, 4) voxel index → RAS mm.
        normal_ras: unit normal of the planes; the axis nearest to it is taken.
        low_mm: lower distance of a plane from the origin along the normal.
        high_mm: the higher one.
    """
    steps_mm = np.asarray(normal_ras) @ affine[:3, :3]
    axis = int(np.argmax(np.abs(steps_mm) / np.linalg.norm(affine[:3, :3], axis=0)))
    origin_mm = float(np.asarray(normal_ras) @ affine[:3, 3])
    ends = sorted((mm - origin_mm) / float(steps_mm[axis]) for mm in (low_mm, high_mm))
    return Slab(axis, int(np.ceil(ends[0] - _ROUNDING)), int(np.floor(ends[1] + _ROUNDING)) + 1)


_ROUNDING = 1e-3
"""Share of a plane's distance by which a centre may seem to lie outside."""
