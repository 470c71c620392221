"""A rectangular, evenly spaced grid from slices that are sheared or unevenly spaced.

dcm2niix corrects both and its corrected volumes are preferred; but some are misplaced — a gantry
tilted the other way is, by as much as its padding is high — and are refused by verification. Then
the slices are interpolated here: each onto its place, linearly within and between slices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.ndimage import shift

from heimdallr.imaging.patient_axes import LPS_RAS
from heimdallr.preparation.geometry import SAME_POSITION_MM, slice_normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heimdallr.preparation.instances import Frame

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Resampled:
    """A volume on a rectangular grid.

    Attributes:
        data: (columns, rows, slices) in the type of the source; the smallest value of the source
            where no slice reaches.
        affine_ras: (4, 4) voxel index → RAS mm.
    """

    data: npt.NDArray[np.generic]
    affine_ras: Floats


def resample(slices: npt.NDArray[np.generic], frames: Sequence[Frame]) -> Resampled:
    """Interpolate parallel slices onto a grid along their rows, columns and normal.

    Args:
        slices: (columns, rows, N) values, indexed as DICOM counts columns and rows.
        frames: the N planes in order along the normal, with position, orientation and spacing.
    """
    cosines = np.asarray(frames[0].orientation, dtype=np.float64)
    normal = slice_normal(cosines)
    between_rows, between_columns = frames[0].pixel_spacing or (1.0, 1.0)
    positions = np.array([frame.position for frame in frames], dtype=np.float64)
    relative = positions - positions[0]
    depth = relative @ normal
    # By how many columns and rows each slice is shifted against the first one.
    moved = np.stack(
        [relative @ cosines[:3] / between_columns, relative @ cosines[3:] / between_rows], axis=1
    )
    low = np.floor(moved.min(axis=0) + 1e-6).astype(int)
    high = np.ceil(moved.max(axis=0) - 1e-6).astype(int)
    count = int(np.ceil(depth[-1] / _step_mm(depth) - 1e-3)) + 1
    step_mm = float(depth[-1]) / (count - 1)  # the grid ends where the last slice lies
    shape = slices.shape[0] + high[0] - low[0], slices.shape[1] + high[1] - low[1], count
    placed = _Placed(slices, moved - low, (shape[0], shape[1]))
    data = np.empty(shape, dtype=slices.dtype)
    for k in range(count):
        plane = _between(placed, depth, k * step_mm)
        data[..., k] = np.rint(plane) if slices.dtype.kind in "iu" else plane
    origin = (
        positions[0] + low[0] * between_columns * cosines[:3] + low[1] * between_rows * cosines[3:]
    )
    affine = np.eye(4)
    affine[:3, 0] = cosines[:3] * between_columns @ LPS_RAS
    affine[:3, 1] = cosines[3:] * between_rows @ LPS_RAS
    affine[:3, 2] = normal * step_mm @ LPS_RAS
    affine[:3, 3] = origin @ LPS_RAS
    return Resampled(data, affine)


def _step_mm(depth: Floats) -> float:
    """Slice distance of the grid at most: the stack's smallest, but not below half the median."""
    gaps = np.diff(depth)
    gaps = gaps[gaps > SAME_POSITION_MM]
    median = float(np.median(gaps))
    even = float(gaps.max() - gaps.min()) < SAME_POSITION_MM
    return median if even else max(float(gaps.min()), median / 2)


class _Placed:
    """Source slices moved to their places within the padded grid, the last few kept."""

    def __init__(
        self, slices: npt.NDArray[np.generic], moved: Floats, shape: tuple[int, int]
    ) -> None:
        self._slices, self._moved, self._shape = slices, moved, shape
        self._fill = float(slices.min())
        self._kept: dict[int, npt.NDArray[np.float32]] = {}

    def __getitem__(self, index: int) -> npt.NDArray[np.float32]:
        """(columns, rows) of the grid: slice ``index``, smallest value where it does not reach."""
        if index not in self._kept:
            if len(self._kept) > 3:  # noqa: PLR2004 - two neighbours are ever needed at once
                self._kept.pop(min(self._kept))
            padded = np.full(self._shape, self._fill, dtype=np.float32)
            source = self._slices[..., index]
            padded[: source.shape[0], : source.shape[1]] = source
            self._kept[index] = np.asarray(
                shift(padded, self._moved[index], order=1, mode="constant", cval=self._fill),
                dtype=np.float32,
            )
        return self._kept[index]


def _between(placed: _Placed, depth: Floats, at_mm: float) -> npt.NDArray[np.float32]:
    """The plane at one depth, interpolated between its neighbours."""
    above = int(np.clip(np.searchsorted(depth, at_mm), 1, len(depth) - 1))
    below = above - 1
    weight = float(np.clip((at_mm - depth[below]) / (depth[above] - depth[below]), 0.0, 1.0))
    if weight < 1e-6:  # noqa: PLR2004 - the grid's plane is a source slice
        return placed[below]
    return (1 - weight) * placed[below] + weight * placed[above]
