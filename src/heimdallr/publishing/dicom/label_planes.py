"""A label map as planes of pixels: on the source's own planes, or on its own regular grid.

Where the volume holds the source's voxels, each pixel is the voxel that was made of it: axes are
swapped and turned, nothing is interpolated or rounded. Where it was resampled (a tilted gantry,
uneven spacing, missing slices), each pixel takes the label of the nearest voxel to its centre, and
nothing outside the volume.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from heimdallr.domain.errors import ObjectError
from heimdallr.imaging.patient_axes import LPS_RAS, plane_normal

if TYPE_CHECKING:
    from heimdallr.domain.source_images import SourceImages, SourcePlane
    from heimdallr.imaging.volume import Affine, LabelMap

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

MAX_OFF = 0.75
"""Voxels that a pixel may lie off the voxel it was made into. Placement within preparation's
tolerance stays below half of one; a stack of another series does not."""
NEGLIGIBLE = 0.01
"""Voxels over a whole plane that rounding of direction cosines may add up to."""
MAX_OUTSIDE = 2.0
"""Voxels that the middle of a plane may lie outside a resampled volume, which ends at them."""


@dataclass(frozen=True, slots=True)
class PlaneGrid:
    """Where planes lie, in the patient's frame (LPS, mm).

    Attributes:
        rows: of each plane.
        columns: of each plane.
        pixel_spacing_mm: between rows, between columns.
        thickness_mm: what each plane stands for along the normal.
        spacing_mm: between planes; ``None`` where they are unevenly spaced or sheared.
        orientation: (6,) cosines of rows and columns.
        positions: (N, 3) centre of the first pixel of each plane.
        sources: the image each plane is that of, or lies nearest to.
        on_sources: planes are those of the images, pixel by pixel.
    """

    rows: int
    columns: int
    pixel_spacing_mm: tuple[float, float]
    thickness_mm: float
    spacing_mm: float | None
    orientation: tuple[float, ...]
    positions: Floats
    sources: tuple[SourcePlane, ...]
    on_sources: bool


@dataclass(frozen=True, slots=True)
class LabelPlanes:
    """Planes of label numbers, in descending order along their normal.

    That order makes frames, rows and columns right-handed, as readers that build volumes expect.

    Attributes:
        grid: where they lie.
        pixels: (N, rows, columns) label numbers; a view of the label map where that is possible.
    """

    grid: PlaneGrid
    pixels: Pixels

    def read(self, plane: int) -> Pixels:
        """(rows, columns) label numbers of one plane, contiguous."""
        return np.ascontiguousarray(self.pixels[plane])

    def only(self, plane: int) -> LabelPlanes:
        """One of the planes, alone."""
        one = slice(plane, plane + 1)
        grid = replace(
            self.grid, positions=self.grid.positions[one], sources=self.grid.sources[one]
        )
        return LabelPlanes(grid, self.pixels[one])


def source_planes(label_map: LabelMap, source: SourceImages, *, resampled: bool) -> LabelPlanes:
    """A label map on the planes of the images it was made of.

    Args:
        label_map: labels on the volume's voxels.
        source: the images.
        resampled: the volume is not made of the images' own voxels.

    Raises:
        ObjectError: the images are not those of this volume.
    """
    data, to_voxel = _bytes_of(label_map), _inverse(_lps(label_map.affine))
    grid = _source_grid(source, even=not resampled)
    if resampled:
        _check_inside(grid, to_voxel, data.shape)
        return LabelPlanes(grid, _nearest_labels(grid, data, to_voxel))
    planes = _along(data, *_axes(grid.orientation, to_voxel))
    if planes.shape != (len(grid.positions), grid.rows, grid.columns):
        raise _not_its_images()
    for plane in (0, len(planes) - 1):
        _check_corners(grid, to_voxel, data.shape, plane)
    return LabelPlanes(grid, planes)


def regular_planes(label_map: LabelMap, source: SourceImages) -> LabelPlanes:
    """A label map on its own grid, turned as the images are."""
    affine = _lps(label_map.affine)
    data, to_voxel = _bytes_of(label_map), _inverse(affine)
    axes, turned = _axes(source.planes[0].orientation, to_voxel)
    planes = _along(data, axes, turned)
    first, steps = np.zeros(3), []
    for axis, flip in zip(axes, turned, strict=True):
        first[axis] = data.shape[axis] - 1 if flip else 0
        steps.append(affine[:3, axis] * (-1 if flip else 1))
    origin = affine[:3, :3] @ first + affine[:3, 3]
    along, down, across = steps
    sizes = [float(np.linalg.norm(step)) for step in steps]
    positions = origin + np.arange(len(planes))[:, None] * along
    grid = PlaneGrid(
        rows=planes.shape[1],
        columns=planes.shape[2],
        pixel_spacing_mm=(sizes[1], sizes[2]),
        thickness_mm=sizes[0],
        spacing_mm=sizes[0],
        orientation=(*(across / sizes[2]), *(down / sizes[1])),
        positions=positions,
        sources=_nearest_images(source, positions),
        on_sources=False,
    )
    return LabelPlanes(grid, planes)


def _source_grid(source: SourceImages, *, even: bool) -> PlaneGrid:
    positions = np.array([plane.position_lps_mm for plane in source.planes])
    orientation = source.planes[0].orientation
    depth = positions @ _normal(orientation)
    order = np.argsort(-depth, kind="stable")
    steps = np.abs(np.diff(depth[order]))
    usual = float(np.median(steps)) if steps.size else None
    mean = float(steps.mean()) if steps.size else None
    return PlaneGrid(
        rows=source.rows,
        columns=source.columns,
        pixel_spacing_mm=source.pixel_spacing_mm,
        # Without SliceThickness a plane stands for what lies between it and its neighbours.
        thickness_mm=source.slice_thickness_mm or usual or min(source.pixel_spacing_mm),
        spacing_mm=mean if even else None,
        orientation=orientation,
        positions=positions[order],
        sources=tuple(source.planes[n] for n in order),
        on_sources=True,
    )


def _nearest_images(source: SourceImages, positions: Floats) -> tuple[SourcePlane, ...]:
    """The image that lies nearest to each position along the normal."""
    normal = _normal(source.planes[0].orientation)
    depths = np.array([plane.position_lps_mm for plane in source.planes]) @ normal
    nearest = np.abs((positions @ normal)[:, None] - depths).argmin(axis=1)
    return tuple(source.planes[n] for n in nearest)


def _axes(
    orientation: tuple[float, ...], to_voxel: Floats
) -> tuple[tuple[int, int, int], tuple[bool, bool, bool]]:
    """Which voxel axis runs along planes, rows and columns, and whether against them.

    Planes run down the normal.
    """
    cosines = np.asarray(orientation)
    directions = np.stack([-_normal(orientation), cosines[3:], cosines[:3]], axis=1)
    # In millimetres: voxels may be ten times as long as they are wide.
    per_voxel = np.linalg.norm(np.linalg.inv(to_voxel[:3, :3]), axis=0)
    along = (to_voxel[:3, :3] @ directions) * per_voxel[:, None]
    plane, row, column = (int(axis) for axis in np.argmax(np.abs(along), axis=0))
    if {plane, row, column} != {0, 1, 2}:
        raise _not_its_images()
    flips = (along[plane, 0] < 0, along[row, 1] < 0, along[column, 2] < 0)
    return (plane, row, column), (bool(flips[0]), bool(flips[1]), bool(flips[2]))


def _along(data: Pixels, axes: tuple[int, int, int], turned: tuple[bool, bool, bool]) -> Pixels:
    """(planes, rows, columns) view of voxels."""
    view = data.transpose(axes)
    first, second, third = (slice(None, None, -1 if flip else 1) for flip in turned)
    return view[first, second, third]


def _nearest_labels(grid: PlaneGrid, data: Pixels, to_voxel: Floats) -> Pixels:
    """(N, rows, columns) label of the voxel nearest to each pixel, 0 outside the volume."""
    labels = np.empty((len(grid.positions), grid.rows, grid.columns), np.uint8)
    steps = _steps(grid, to_voxel)
    rows, columns = np.arange(grid.rows)[:, None], np.arange(grid.columns)[None, :]
    for plane, position in enumerate(grid.positions):
        origin = _voxel_at(to_voxel, position)
        index, inside = [], np.ones((1, 1), dtype=bool)
        for start, (down, across), size in zip(origin, steps, data.shape, strict=True):
            # Along rows, columns or neither: what all pixels share is computed once.
            far_down, far_across = abs(down) * grid.rows, abs(across) * grid.columns
            along = start + (down * rows if far_down > NEGLIGIBLE else 0.0)
            along = np.asarray(along + (across * columns if far_across > NEGLIGIBLE else 0.0))
            nearest = np.rint(along).astype(np.intp)
            inside = inside & (nearest >= 0) & (nearest < size)
            index.append(np.clip(nearest, 0, size - 1))
        labels[plane] = np.where(inside, data[index[0], index[1], index[2]], 0)
    return labels


def _steps(grid: PlaneGrid, to_voxel: Floats) -> Floats:
    """(3, 2) voxels along each axis from a row to the next, from a column to the next."""
    cosines = np.asarray(grid.orientation)
    between_rows, between_columns = grid.pixel_spacing_mm
    directions = np.stack([cosines[3:] * between_rows, cosines[:3] * between_columns], axis=1)
    return np.asarray(to_voxel[:3, :3] @ directions)


def _voxel_at(to_voxel: Floats, position: Floats) -> Floats:
    """(3,) voxel index, with fractions, of a point."""
    return np.asarray(to_voxel[:3, :3] @ position + to_voxel[:3, 3])


def _check_corners(grid: PlaneGrid, to_voxel: Floats, shape: tuple[int, ...], plane: int) -> None:
    """Whether the corners of a plane lie at the voxels they are taken from."""
    axes, turned = _axes(grid.orientation, to_voxel)
    origin, steps = _voxel_at(to_voxel, grid.positions[plane]), _steps(grid, to_voxel)
    for row, column in ((0, 0), (grid.rows - 1, grid.columns - 1)):
        expected = np.zeros(3)
        for axis, flip, count in zip(axes, turned, (plane, row, column), strict=True):
            expected[axis] = shape[axis] - 1 - count if flip else count
        found = origin + steps @ np.array([row, column])
        if float(np.abs(found - expected).max()) > MAX_OFF:
            raise _not_its_images()


def _check_inside(grid: PlaneGrid, to_voxel: Floats, shape: tuple[int, ...]) -> None:
    """Whether the middle of every plane lies in a resampled volume."""
    middle = _steps(grid, to_voxel) @ np.array([grid.rows, grid.columns]) / 2
    for position in grid.positions:
        found = _voxel_at(to_voxel, position) + middle
        if (found < -MAX_OUTSIDE).any() or (found > np.array(shape) - 1 + MAX_OUTSIDE).any():
            raise _not_its_images()


def _not_its_images() -> ObjectError:
    msg = "the images are not those this case was made of"
    return ObjectError(msg, remedy="name the folder of the study as it was processed (--source)")


def _bytes_of(label_map: LabelMap) -> Pixels:
    """The labels as bytes: :mod:`heimdallr.publishing.schema` has none above 255."""
    return np.asarray(label_map.data).astype(np.uint8, copy=False)


def _normal(orientation: tuple[float, ...]) -> Floats:
    return plane_normal(orientation[:3], orientation[3:])


def _inverse(affine: Floats) -> Floats:
    return np.asarray(np.linalg.inv(affine), dtype=np.float64)


def _lps(affine: Affine) -> Floats:
    """(4, 4) voxel index → LPS mm."""
    turned = np.eye(4)
    turned[:3] = LPS_RAS @ affine[:3]
    return turned
