"""Long and short axis of something on one slice, as they are drawn with callipers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.imaging.morphology import in_plane_area_mm2, largest_diameter_mm

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Affine


@dataclass(frozen=True, slots=True)
class Axes:
    """The greatest diameter of a section, and the longest chord at right angles to it.

    Attributes:
        long_mm: greatest diameter.
        short_mm: longest chord perpendicular to it.
        extent_mm: distance of the two lines parallel to it that hold the section between them.
        long_ends_mm: (2, 3) its ends, mm from voxel (0, 0, 0) along the affine's axes.
        short_ends_mm: (2, 3) likewise.
    """

    long_mm: float
    short_mm: float
    extent_mm: float
    long_ends_mm: Affine
    short_ends_mm: Affine

    @property
    def mean_mm(self) -> float:
        """Mean of both: the diameter of a nodule."""
        return (self.long_mm + self.short_mm) / 2


def axes_on_slice(pixels_ijk: Affine, affine: Affine) -> Axes:
    """Callipers on the pixels of one slice.

    Distances between pixel centres are lengthened by one pixel (the root of its area), so that a
    row of *n* pixels is *n* pixels long.

    Args:
        pixels_ijk: (N, 3) voxel indices with the same k, N ≥ 1.
        affine: (4, 4) voxel index → mm; only its axes matter.
    """
    points_mm = pixels_ijk @ affine[:3, :3].T
    pixel_mm = in_plane_area_mm2(affine) ** 0.5
    length_mm, along = largest_diameter_mm(points_mm)
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    across = np.cross(normal / np.linalg.norm(normal), along)
    t_mm, s_mm = points_mm @ along, points_mm @ across
    first, last = points_mm[int(np.argmin(t_mm))], points_mm[int(np.argmax(t_mm))]
    low, high = _longest_chord(t_mm, s_mm, pixel_mm)
    half = pixel_mm / 2
    return Axes(
        long_mm=length_mm + pixel_mm,
        short_mm=float(s_mm[high] - s_mm[low]) + pixel_mm,
        extent_mm=float(np.ptp(s_mm)) + pixel_mm,
        long_ends_mm=np.array([first - half * along, last + half * along]),
        short_ends_mm=np.array([
            points_mm[low] - half * across,
            points_mm[low] + (s_mm[high] - s_mm[low] + half) * across,
        ]),
    )  # fmt: skip


def _longest_chord(t_mm: Affine, s_mm: Affine, pixel_mm: float) -> tuple[int, int]:
    """The two points, of one band a pixel wide across the long axis, farthest apart."""
    band = np.rint((t_mm - t_mm.min()) / pixel_mm).astype(int)
    order = np.lexsort((s_mm, band))
    starts = np.flatnonzero(np.r_[True, np.diff(band[order]) > 0])
    ends = np.r_[starts[1:], len(order)] - 1
    widest = int(np.argmax(s_mm[order[ends]] - s_mm[order[starts]]))
    return int(order[starts[widest]]), int(order[ends[widest]])
