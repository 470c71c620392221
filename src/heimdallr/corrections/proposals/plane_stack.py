"""Where other tools' pixels lie in a case's volume: parallel planes, each with its own origin.

Planes of their own origins are what all tools draw on: the images of a series, tilted or unevenly
spaced ones too, the frames of an object, the slices of a NIfTI file. A voxel belongs to the pixel
whose centre is nearest: of the nearest plane, the nearest row and column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from heimdallr.imaging.patient_axes import plane_normal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

NEGLIGIBLE = 0.01
"""Pixels over a whole volume that rounding of direction cosines may add up to."""
_CORNERS = np.array([[a, b] for a in (0, 1) for b in (0, 1)])


@dataclass(frozen=True, slots=True)
class Box:
    """A box of indices, half open.

    Attributes:
        low: (3,) its first index along each axis.
        high: (3,) behind its last.
    """

    low: tuple[int, int, int]
    high: tuple[int, int, int]

    @classmethod
    def of(cls, slices: tuple[slice, slice, slice]) -> Box:
        """The same box as :mod:`heimdallr.imaging.morphology` tells it."""
        i, j, k = slices
        return cls((i.start, j.start, k.start), (i.stop, j.stop, k.stop))

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """As an index of an array."""
        i, j, k = (slice(low, high) for low, high in zip(self.low, self.high, strict=True))
        return i, j, k

    @property
    def shape(self) -> tuple[int, int, int]:
        """Its size."""
        i, j, k = (high - low for low, high in zip(self.low, self.high, strict=True))
        return i, j, k

    def joined(self, other: Box | None) -> Box:
        """The smallest box around both."""
        if other is None:
            return self
        return Box(_three(map(min, self.low, other.low)), _three(map(max, self.high, other.high)))

    def moved(self, by: Sequence[int]) -> Box:
        """The box so many indices further on."""
        return Box(
            _three(map(sum, zip(self.low, by, strict=True))),
            _three(map(sum, zip(self.high, by, strict=True))),
        )

    def grown(self, by: int, shape: Sequence[int]) -> Box:
        """A margin more on every side, within an array of a shape."""
        return Box(
            _three(max(low - by, 0) for low in self.low),
            _three(min(high + by, size) for high, size in zip(self.high, shape, strict=True)),
        )


@dataclass(frozen=True, slots=True)
class Pixels:
    """Which pixel some voxels belong to, as arrays that broadcast over (I, J) of one slice.

    Attributes:
        plane: number of the plane.
        row: on it.
        column: on it.
        inside: whether there is such a pixel; the numbers of others are some that exist.
        reached: whether the plane is near enough, its rows and columns going on for ever.
    """

    plane: Indices
    row: Indices
    column: Indices
    inside: Bools
    reached: Bools

    def within(self, box: Box) -> tuple[tuple[Indices, Indices, Indices], Bools]:
        """Their index in an array of a box of pixels, and whether they lie in it."""
        index, inside = [], self.inside
        for at, low, size in zip(
            (self.plane, self.row, self.column), box.low, box.shape, strict=True
        ):
            inside = inside & (at >= low) & (at < low + size)
            index.append(np.clip(at - low, 0, size - 1))
        return (index[0], index[1], index[2]), inside


@dataclass(frozen=True, slots=True)
class PlaneStack:
    """Parallel planes of pixels.

    Attributes:
        origins_mm: (N, 3) RAS, centre of the first pixel of each plane, ascending along
            :attr:`normal`.
        down_mm: (3,) RAS, from a row to the next.
        across_mm: (3,) RAS, from a column to the next.
        rows: of each plane.
        columns: of each plane.
        reach_mm: how far from a plane its voxels may lie.
    """

    origins_mm: Floats
    down_mm: Floats
    across_mm: Floats
    rows: int
    columns: int
    reach_mm: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Planes, rows, columns."""
        return len(self.origins_mm), self.rows, self.columns

    @property
    def normal(self) -> Floats:
        """(3,) unit vector across the planes."""
        return plane_normal(self.across_mm, self.down_mm)

    def nearest(self, points_ras_mm: Floats) -> Indices:
        """(N,) the plane that each of (N, 3) points lies on, or is nearest to."""
        depths = self.origins_mm @ self.normal
        return np.searchsorted((depths[1:] + depths[:-1]) / 2, points_ras_mm @ self.normal)

    def on_plane(self, plane: int, points_ras_mm: Floats) -> Floats:
        """(N, 2) row and column of (N, 3) points, with fractions, as a plane counts them."""
        return np.asarray((points_ras_mm - self.origins_mm[plane]) @ self._duals().T)

    def pixels_of(self, affine: Floats, box: Box) -> Iterator[tuple[int, Pixels]]:
        """The pixels of the voxels of a box, slice by slice along K.

        Args:
            affine: (4, 4) voxel index → RAS mm.
            box: of voxels.

        Yields:
            K, and its voxels' pixels.
        """
        depths = self.origins_mm @ self.normal
        halves = (depths[1:] + depths[:-1]) / 2
        per_plane = float(np.median(np.diff(depths))) if len(depths) > 1 else self.reach_mm * 2
        duals = self._duals()
        own = self.origins_mm @ duals.T
        for k in range(box.low[2], box.high[2]):
            depth = _along(affine, self.normal, box, k, per_plane)
            plane = np.searchsorted(halves, depth)
            reached = np.abs(depth - depths[plane]) <= self.reach_mm + NEGLIGIBLE * per_plane
            found, inside = [], reached
            for dual, starts, size in zip(duals, own.T, (self.rows, self.columns), strict=True):
                at = np.rint(_along(affine, dual, box, k, 1.0) - starts[plane]).astype(np.intp)
                inside = inside & (at >= 0) & (at < size)
                found.append(np.clip(at, 0, size - 1))
            yield k, Pixels(plane, found[0], found[1], inside, reached)

    def sample(self, labels: npt.NDArray[Any], affine: Floats) -> npt.NDArray[Any]:
        """(N, rows, columns) label of the voxel nearest to each pixel, 0 outside the volume.

        Args:
            labels: (I, J, K).
            affine: (4, 4) voxel index → RAS mm.
        """
        to_voxel = np.linalg.inv(affine)
        steps = to_voxel[:3, :3] @ np.stack([self.down_mm, self.across_mm], axis=1)
        rows, columns = np.arange(self.rows)[:, None], np.arange(self.columns)[None, :]
        sampled = np.zeros(self.shape, labels.dtype)
        for plane, origin in enumerate(self.origins_mm):
            first = to_voxel[:3, :3] @ origin + to_voxel[:3, 3]
            index, inside = [], np.ones((1, 1), dtype=bool)
            for start, (down, across), size in zip(first, steps, labels.shape, strict=True):
                at = np.full((1, 1), start)
                at = at + down * rows if abs(down) * self.rows > NEGLIGIBLE else at
                at = at + across * columns if abs(across) * self.columns > NEGLIGIBLE else at
                nearest = np.rint(at).astype(np.intp)
                inside = inside & (nearest >= 0) & (nearest < size)
                index.append(np.clip(nearest, 0, size - 1))
            sampled[plane] = np.where(inside, labels[index[0], index[1], index[2]], 0)
        return sampled

    def voxels_around(self, box: Box, affine: Floats, shape: tuple[int, int, int]) -> Box | None:
        """A box around all voxels that may belong to a box of pixels.

        Args:
            box: of planes, rows and columns.
            affine: (4, 4) voxel index → RAS mm.
            shape: of the volume.

        Returns:
            ``None`` where they all lie outside the volume.
        """
        # Half a pixel to either side, and as far as a plane reaches.
        low, high = np.array(box.low[1:]) - 0.5, np.array(box.high[1:]) - 0.5
        on_plane = (low + _CORNERS * (high - low)) @ np.stack([self.down_mm, self.across_mm])
        origins = self.origins_mm[box.low[0] : box.high[0]]
        gaps = np.diff(self.origins_mm @ self.normal)
        reach = min(self.reach_mm, float(gaps.max())) if len(gaps) else self.reach_mm
        away = np.array([-1.0, 1.0])[:, None] * self.normal * reach
        corners = (origins[:, None, None] + on_plane[None, :, None] + away[None, None]).reshape(
            -1, 3
        )
        to_voxel = np.linalg.inv(affine)
        voxels = corners @ to_voxel[:3, :3].T + to_voxel[:3, 3]
        first = np.maximum(np.floor(voxels.min(axis=0)).astype(int), 0)
        behind = np.minimum(np.ceil(voxels.max(axis=0)).astype(int) + 1, shape)
        return None if (first >= behind).any() else Box(_three(first), _three(behind))

    def _duals(self) -> Floats:
        """(2, 3) what gives the row and the column of a point on a plane."""
        steps = np.stack([self.down_mm, self.across_mm])
        return np.asarray(np.linalg.inv(steps @ steps.T) @ steps)


def _along(affine: Floats, direction: Floats, box: Box, k: int, unit: float) -> Floats:
    """How far voxels of slice K lie along a direction: what all of them share is computed once."""
    per_voxel = direction @ affine[:3, :3]
    at = np.full((1, 1), direction @ affine[:3, 3] + per_voxel[2] * k)
    for axis, form in ((0, (-1, 1)), (1, (1, -1))):
        along = np.arange(box.low[axis], box.high[axis])
        if abs(per_voxel[axis]) * box.high[axis] > NEGLIGIBLE * unit:
            at = at + (per_voxel[axis] * along).reshape(form)
    return np.asarray(at)


def _three(values: Any) -> tuple[int, int, int]:  # noqa: ANN401 - of any iterable of numbers
    first, second, third = (int(one) for one in values)
    return first, second, third
