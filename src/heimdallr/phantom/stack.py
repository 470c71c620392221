"""Which slices of a phantom a series shows: the grid of a stack of parallel images.

A phantom is a RAS+ voxel grid (`data[i, j, k]`: i to the right, j to anterior, k to superior). A
series is a stack of square matrices cut from it at the phantom's own in-plane spacing, so that no
image is ever resampled in plane. Slices may be thicker, thinner or further apart than the phantom's
own; what is between is a weighted mean of the phantom slices each one overlaps.

DICOM shows axial images from below, anterior up: column numbers grow to the patient's left and
row numbers to posterior (PS3.3 C.7.6.2.1.1). A slice as written is therefore the phantom's slice
with both in-plane axes reversed and swapped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from heimdallr.imaging.patient_axes import LPS_RAS

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = npt.NDArray[Any]
Affine = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of axial images over a phantom's grid; slice 0 is the most inferior.

    Attributes:
        affine: (4, 4) phantom voxel index → RAS mm.
        matrix: rows and columns of every image.
        first_ij: phantom index (i, j) of the matrix's right-posterior corner; may be negative,
            the image then shows air outside the phantom.
        first_k: phantom slice coordinate of the centre of slice 0 (fractional).
        spacing_mm: distance between the centres of neighbouring slices.
        thickness_mm: nominal slice thickness; less than the spacing leaves gaps, more overlaps.
        slices: number of slices.
    """

    affine: Affine
    matrix: int
    first_ij: tuple[int, int]
    first_k: float
    spacing_mm: float
    thickness_mm: float
    slices: int

    @property
    def phantom_spacing_mm(self) -> Affine:
        """(3,) voxel size of the phantom."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    @property
    def pixel_spacing_mm(self) -> tuple[float, float]:
        """(row spacing, column spacing) in DICOM's order: between rows first (0028,0030)."""
        column, row, _ = self.phantom_spacing_mm
        return float(row), float(column)

    @property
    def series_affine(self) -> Affine:
        """(4, 4) voxel index → RAS mm of the series as a RAS+ volume; what a converter finds."""
        affine = self.affine.copy()
        affine[:3, 2] *= self.spacing_mm / self.phantom_spacing_mm[2]
        affine[:3, 3] = self._world(*self.first_ij, self.first_k)
        return affine

    @property
    def orientation_lps(self) -> tuple[float, ...]:
        """ImageOrientationPatient: unit vectors along a row and down a column, LPS."""
        axes = self.affine[:3, :3] / self.phantom_spacing_mm
        row, column = -(LPS_RAS @ axes[:, 0]), -(LPS_RAS @ axes[:, 1])
        return tuple(float(x) for x in (*row, *column))

    def position_lps_mm(self, index: int) -> tuple[float, float, float]:
        """ImagePositionPatient of slice `index`: centre of its first pixel, LPS mm."""
        last = self.matrix - 1
        i, j = self.first_ij
        x, y, z = LPS_RAS @ self._world(i + last, j + last, self._k(index))
        return float(x), float(y), float(z)

    def weights(self, index: int, depth: int) -> tuple[int, npt.NDArray[np.float32]]:
        """Say how much each phantom slice contributes to slice `index` (box profile).

        Args:
            index: slice of the stack.
            depth: number of slices of the phantom.

        Returns:
            The first phantom slice concerned and the weights from there on; they sum to 1.

        Raises:
            ValueError: the slice lies outside the phantom.
        """
        half = self.thickness_mm / self.phantom_spacing_mm[2] / 2
        centre = self._k(index)
        lower, upper = max(centre - half, -0.5), min(centre + half, depth - 0.5)
        first, last = int(np.floor(lower + 0.5)), int(np.ceil(upper - 0.5))
        if upper <= lower:
            msg = f"slice {index} of the stack lies outside the phantom"
            raise ValueError(msg)
        last = min(max(last, first), depth - 1)
        k = np.arange(first, last + 1)
        overlap = np.minimum(k + 0.5, upper) - np.maximum(k - 0.5, lower)
        return first, (overlap / overlap.sum()).astype(np.float32)

    def plane(self, labels: Array, k: int) -> Array:
        """One phantom slice as (rows, columns) in DICOM's order, 0 outside the phantom."""
        shown = np.zeros((self.matrix, self.matrix), dtype=labels.dtype)
        (i, i_shown), (j, j_shown) = (
            _overlap(first, self.matrix, size)
            for first, size in zip(self.first_ij, labels.shape[:2], strict=True)
        )
        shown[i_shown, j_shown] = labels[i, j, k]
        return np.ascontiguousarray(shown[::-1, ::-1].T)

    def nearest(self, labels: Array) -> Array:
        """Cut labels to the series' grid, (matrix, matrix, slices) in RAS+ order.

        Every slice takes the labels of the phantom slice at its centre.
        """
        cut = np.zeros((self.matrix, self.matrix, self.slices), dtype=labels.dtype)
        for index in range(self.slices):
            k = int(np.clip(np.rint(self._k(index)), 0, labels.shape[2] - 1))
            cut[:, :, index] = self.plane(labels, k).T[::-1, ::-1]
        return cut

    def from_above(self) -> Iterator[tuple[int, int]]:
        """Pairs of (InstanceNumber, slice index), the most superior slice first."""
        return enumerate(range(self.slices - 1, -1, -1), start=1)

    def _k(self, index: int) -> float:
        return self.first_k + index * self.spacing_mm / float(self.phantom_spacing_mm[2])

    def _world(self, i: float, j: float, k: float) -> Affine:
        return np.asarray(self.affine[:3, :3] @ [i, j, k] + self.affine[:3, 3])


def _overlap(first: int, matrix: int, size: int) -> tuple[slice, slice]:
    """Where an axis of the phantom and of the matrix meet: slice of the first, of the second."""
    begin = max(first, 0)
    end = max(min(first + matrix, size), begin)
    return slice(begin, end), slice(begin - first, end - first)


def stack_over(
    affine: Affine,
    shape: tuple[int, ...],
    *,
    matrix: int,
    spacing_mm: float,
    thickness_mm: float | None = None,
    extent_k: tuple[float, float] | None = None,
) -> Stack:
    """Lay a stack centred in plane over a phantom, as many whole slices as fit.

    Args:
        affine: (4, 4) phantom voxel index → RAS mm.
        shape: (I, J, K) of the phantom.
        matrix: rows and columns of every image.
        spacing_mm: distance between slice centres.
        thickness_mm: slice thickness; the spacing where it is not given.
        extent_k: lower and upper edge in phantom slices; the whole phantom when not given.

    Raises:
        ValueError: not one slice fits.
    """
    dz = float(np.linalg.norm(affine[:3, 2]))
    lower, upper = extent_k if extent_k is not None else (-0.5, shape[2] - 0.5)
    slices = int((upper - lower) * dz / spacing_mm + 1e-6)
    if slices < 1:
        msg = f"no slice of {spacing_mm} mm fits into {(upper - lower) * dz:.1f} mm"
        raise ValueError(msg)
    rest = (upper - lower) - slices * spacing_mm / dz
    return Stack(
        affine=affine,
        matrix=matrix,
        first_ij=((shape[0] - matrix) // 2, (shape[1] - matrix) // 2),
        first_k=lower + rest / 2 + spacing_mm / dz / 2,
        spacing_mm=spacing_mm,
        thickness_mm=thickness_mm if thickness_mm is not None else spacing_mm,
        slices=slices,
    )
