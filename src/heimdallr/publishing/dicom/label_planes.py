"""A label map as planes of pixels: on the source's own planes, or on its own regular grid.

Where the volume holds the source's voxels, each pixel is the voxel that was made of it: axes are
swapped and turned, nothing is interpolated or rounded. Where it was resampled (a tilted gantry,
uneven spacing, missing slices), each pixel takes the label of the nearest voxel to its centre, and
nothing outside the volume.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from heimdallr.domain.errors import ObjectError

if TYPE_CHECKING:
    from heimdallr.domain.source_images import SourceImages, SourcePlane
    from heimdallr.imaging.volume import Affine, LabelMap

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])

MAX_OFF = 0.75
"""Voxels that a pixel may lie off the voxel it was made into. Placement within preparation's
tolerance stays below half of one; a stack of another series does not."""
MAX_OUTSIDE = 2.0
"""Voxels that the middle of a plane may lie outside a resampled volume, which ends at them."""


class LabelPlanes(Protocol):
    """Planes of label numbers, in descending order along their normal.

    That order makes frames, rows and columns right-handed, as readers that build volumes expect.
    """

    @property
    def grid(self) -> PlaneGrid:
        """Where the planes lie."""

    def read(self, plane: int) -> Pixels:
        """(rows, columns) label numbers of one plane, contiguous."""


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
class VoxelPlanes:
    """Planes that are slabs of voxels of the label map.

    Attributes:
        grid: where they lie.
        planes: (N, rows, columns) view of the label map.
    """

    grid: PlaneGrid
    planes: Pixels

    def read(self, plane: int) -> Pixels:
        """(rows, columns) label numbers of one plane."""
        return np.ascontiguousarray(self.planes[plane])


@dataclass(frozen=True, slots=True)
class NearestPlanes:
    """Planes that lie between the voxels of a label map.

    Attributes:
        grid: where they lie.
        data: (I, J, K) labels.
        to_voxel: (4, 4) LPS mm → voxel index.
    """

    grid: PlaneGrid
    data: Pixels
    to_voxel: Floats

    def read(self, plane: int) -> Pixels:
        """(rows, columns) label numbers of one plane."""
        index = _voxels_of(self.grid, self.to_voxel, plane)
        nearest = np.rint(index).astype(np.intp)
        shape = np.array(self.data.shape)
        inside = ((nearest >= 0) & (nearest < shape)).all(axis=-1)
        i, j, k = np.moveaxis(np.clip(nearest, 0, shape - 1), -1, 0)
        return np.ascontiguousarray(np.where(inside, self.data[i, j, k], 0).astype(np.uint8))


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
        return NearestPlanes(grid, data, to_voxel)
    planes = _along(data, *_axes(grid.orientation, to_voxel))
    first, last = (_voxels_of(grid, to_voxel, n) for n in (0, len(grid.positions) - 1))
    if planes.shape != (len(grid.positions), grid.rows, grid.columns):
        raise _not_its_images()
    for corners, n in ((first, 0), (last, len(planes) - 1)):
        _check_corners(corners, grid, to_voxel, data.shape, n)
    return VoxelPlanes(grid, planes)


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
        sources=_nearest(source, positions),
        on_sources=False,
    )
    return VoxelPlanes(grid, planes)


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


def _nearest(source: SourceImages, positions: Floats) -> tuple[SourcePlane, ...]:
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


def _voxels_of(grid: PlaneGrid, to_voxel: Floats, plane: int) -> Floats:
    """(rows, columns, 3) voxel index, with fractions, of each pixel of a plane."""
    cosines = np.asarray(grid.orientation)
    between_rows, between_columns = grid.pixel_spacing_mm
    linear = to_voxel[:3, :3]
    origin = linear @ grid.positions[plane] + to_voxel[:3, 3]
    across = np.arange(grid.columns)[None, :, None] * (linear @ cosines[:3] * between_columns)
    down = np.arange(grid.rows)[:, None, None] * (linear @ cosines[3:] * between_rows)
    return np.asarray(origin + across + down)


def _check_corners(
    index: Floats, grid: PlaneGrid, to_voxel: Floats, shape: tuple[int, ...], plane: int
) -> None:
    """Whether the corners of a plane lie at the voxels they are taken from."""
    axes, turned = _axes(grid.orientation, to_voxel)
    for row, column in ((0, 0), (-1, -1)):
        place = (plane, row % grid.rows, column % grid.columns)
        expected = np.zeros(3)
        for axis, flip, count in zip(axes, turned, place, strict=True):
            expected[axis] = shape[axis] - 1 - count if flip else count
        if float(np.abs(index[row, column] - expected).max()) > MAX_OFF:
            raise _not_its_images()


def _check_inside(grid: PlaneGrid, to_voxel: Floats, shape: tuple[int, ...]) -> None:
    """Whether the middle of every plane lies in a resampled volume."""
    for plane in range(len(grid.positions)):
        middle = _voxels_of(grid, to_voxel, plane)[grid.rows // 2, grid.columns // 2]
        if (middle < -MAX_OUTSIDE).any() or (middle > np.array(shape) - 1 + MAX_OUTSIDE).any():
            raise _not_its_images()


def _not_its_images() -> ObjectError:
    msg = "the images are not those this case was made of"
    return ObjectError(msg, remedy="name the folder of the study as it was processed (--source)")


def _bytes_of(label_map: LabelMap) -> Pixels:
    """The labels as bytes: :mod:`heimdallr.publishing.schema` has none above 255."""
    return np.asarray(label_map.data).astype(np.uint8, copy=False)


def _normal(orientation: tuple[float, ...]) -> Floats:
    cosines = np.asarray(orientation)
    normal = np.cross(cosines[:3], cosines[3:])
    return np.asarray(normal / np.linalg.norm(normal))


def _inverse(affine: Floats) -> Floats:
    return np.asarray(np.linalg.inv(affine), dtype=np.float64)


def _lps(affine: Affine) -> Floats:
    """(4, 4) voxel index → LPS mm."""
    turned = np.eye(4)
    turned[:3] = RAS_TO_LPS @ affine[:3]
    return turned
