"""Checks that a converted volume shows what its DICOM images show, in the same place.

A converter may exit with 0 and be wrong: slices mirrored, a tilt ignored, uneven spacing made
even, values not rescaled. Both are therefore checked from the DICOM headers and pixels alone:
where every slice corner lies, and which values three of the slices hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates, uniform_filter

from heimdallr.imaging.patient_axes import LPS_RAS, plane_normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heimdallr.preparation.instances import Frame

Floats = npt.NDArray[np.float64]

SAME_VALUE_HU = 1.0
"""How far the median pixel of a volume that was not resampled may be off: rescaling is rounded to
whole HU. A wrong slope or intercept is off by hundreds."""

EXACT_CORRELATION = 0.99
RESAMPLED_CORRELATION = 0.9
RESAMPLED_DIFFERENCE_HU = 25.0
"""Interpolating between slices changes single pixels; the slice as a whole stays recognisable.

Chosen, not measured: a wrong place or a mirrored slice lowers the correlation, a wrong rescale is
off by hundreds of HU. Stricter figures would refuse noisy slices that were interpolated rightly.
"""

SAME_VALUE_PERCENT = 0.5
RESAMPLED_DIFFERENCE_PERCENT = 5.0
"""The same of a map in percent. Chosen, not measured: fat fractions are told to about a percent, a
wrong scale makes a half or the double of them."""

SAME_IMAGE = 0.999
"""Correlation above which two images of one matrix are the same image. Chosen, not measured: equal
values at another scale have 1, neighbouring slices less."""

COARSE_PIXELS = 5
"""Edge of the squares resampled slices are compared by: interpolation moves values by less."""

MIN_SEEN = 0.5
"""Share of a slice that must lie in the volume. Chosen: an edge may be cropped, not half of it."""

UNIFORM = 1e-6
"""A standard deviation below this is none: correlation does not exist there."""


@dataclass(frozen=True, slots=True)
class StoredVolume:
    """A converted volume whose voxels are still as its file holds them.

    Attributes:
        stored: (I, J, K) numbers, mapped or in memory.
        slope: what they are multiplied with.
        inter: what is then added.
    """

    stored: npt.NDArray[np.generic]
    slope: float = 1.0
    inter: float = 0.0

    def values(self, box: tuple[slice, ...]) -> npt.NDArray[np.float32]:
        """The rescaled voxels of a part, the only one that is read: HU for CT."""
        part = np.asarray(self.stored[box], dtype=np.float64)
        return np.asarray(part * self.slope + self.inter, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class SourcePlane:
    """One source image with its decoded values.

    Attributes:
        frame: where it lies.
        values: (rows, columns) after rescale: HU for CT.
    """

    frame: Frame
    values: npt.NDArray[np.float64]


def plane_points_ras(frame: Frame, rows: Floats, columns: Floats) -> Floats:
    """World coordinates of pixels of a DICOM plane (PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1).

    Args:
        frame: a plane with position, orientation and pixel spacing.
        rows: row indices (from 0), any shape.
        columns: column indices, same shape.

    Returns:
        (…, 3) RAS mm of the pixels' centres.
    """
    position = np.asarray(frame.position, dtype=np.float64)
    cosines = np.asarray(frame.orientation, dtype=np.float64)
    between_rows, between_columns = frame.pixel_spacing or (np.nan, np.nan)
    points = (
        position
        + columns[..., None] * cosines[:3] * between_columns
        + rows[..., None] * cosines[3:] * between_rows
    )
    return np.asarray(points @ LPS_RAS)


def placement_error_mm(
    affine_ras: Floats, shape: Sequence[int], frames: Sequence[Frame], matrix: tuple[int, int]
) -> float:
    """How far a volume's grid puts the source slices from where DICOM has them.

    Every corner of every slice must fall on a voxel centre of the grid, each slice on its own
    plane, and the grid must hold as many voxels as the slices have pixels.

    Args:
        affine_ras: (4, 4) voxel index → RAS mm.
        shape: the volume's three axes.
        frames: the source planes.
        matrix: rows and columns of each.

    Returns:
        the largest distance in mm; infinite when slices fall outside, together, or are missing.
    """
    rows, columns = matrix
    if int(np.prod(shape)) != rows * columns * len(frames):
        return float("inf")
    r, c = np.array([0.0, 0, rows - 1, rows - 1]), np.array([0.0, columns - 1, 0, columns - 1])
    corners = np.stack([plane_points_ras(frame, r, c) for frame in frames])
    voxels = np.rint(_to_voxels(affine_ras, corners))
    inside = (voxels >= 0).all() and (voxels <= np.asarray(shape) - 1).all()
    apart = len({tuple(corner) for corner in voxels[:, 0].astype(int).tolist()}) == len(frames)
    if not inside or not apart:
        return float("inf")
    found = voxels @ affine_ras[:3, :3].T + affine_ras[:3, 3]
    return float(np.linalg.norm(found - corners, axis=-1).max())


def own_affine_ras(
    affine_ras: Floats, shape: Sequence[int], frames: Sequence[Frame], matrix: tuple[int, int]
) -> Floats | None:
    """The affine of a volume whose voxels are those of evenly spaced images, from these images.

    A converter takes the distance of two slices for the whole stack; where positions are rounded,
    the last of 600 slices then lies 30 mm off. Here the grid leads from the first slice to the
    last. The converter's own affine only tells which axis is which, and which way it runs.

    Args:
        affine_ras: (4, 4) voxel index → RAS mm, as the converter has it.
        shape: the volume's three axes.
        frames: the source planes in order along their normal, at least two.
        matrix: rows and columns of each.

    Returns:
        (4, 4) voxel index → RAS mm; ``None`` when the axes are not columns, rows and slices.
    """
    rows, columns = matrix
    r, c = np.array([0.0, 0, 1]), np.array([0.0, 1, 0])
    origin, next_column, next_row = plane_points_ras(frames[0], r, c)
    last = plane_points_ras(frames[-1], r[:1], c[:1])[0]
    steps = np.stack(
        [next_column - origin, next_row - origin, (last - origin) / (len(frames) - 1)], axis=1
    )
    found = affine_ras[:3, :3] / np.linalg.norm(affine_ras[:3, :3], axis=0)
    cosines = found.T @ (steps / np.linalg.norm(steps, axis=0))
    order = np.abs(cosines).argmax(axis=1)
    counts = np.array([columns, rows, len(frames)])[order]
    if len(set(order.tolist())) < len(order) or not np.array_equal(counts, shape):
        return None
    runs = np.sign(cosines[range(3), order])
    own = np.eye(4)
    own[:3, :3] = steps[:, order] * runs
    own[:3, 3] = origin + steps[:, order] @ np.where(runs < 0, counts - 1, 0)
    return own


def extent_error_mm(
    affine_ras: Floats, shape: Sequence[int], frames: Sequence[Frame], matrix: tuple[int, int]
) -> float:
    """How far the source slices reach out of a resampled volume, or it out of them.

    Args:
        affine_ras: (4, 4) voxel index → RAS mm.
        shape: the volume's three axes.
        frames: the source planes, first and last at the ends of the stack.
        matrix: rows and columns of each.

    Returns:
        the larger of: the farthest a slice corner lies outside the grid, and the farthest the
        grid's first and last plane lie outside the stack, in mm.
    """
    rows, columns = matrix
    r, c = np.array([0.0, 0, rows - 1, rows - 1]), np.array([0.0, columns - 1, 0, columns - 1])
    corners = np.stack([plane_points_ras(frame, r, c) for frame in (frames[0], frames[-1])])
    voxels = _to_voxels(affine_ras, corners).reshape(-1, 3)
    spacing = np.linalg.norm(affine_ras[:3, :3], axis=0)
    top = np.asarray(shape, dtype=np.float64) - 1
    sticks_out = np.maximum(np.maximum(-voxels, voxels - top), 0.0) * spacing
    first, last = corners[0, 0], corners[-1, 0]
    normal = plane_normal(corners[0, 1] - first, corners[0, 2] - first)
    ends = sorted((float(first @ normal), float(last @ normal)))
    grid = np.array([[i, j, k] for i in (0, top[0]) for j in (0, top[1]) for k in (0, top[2])])
    depth = (grid @ affine_ras[:3, :3].T + affine_ras[:3, 3]) @ normal
    beyond = max(ends[0] - float(depth.min()), float(depth.max()) - ends[1], 0.0)
    return max(float(sticks_out.max()), beyond)


def disagreement(
    volume: StoredVolume,
    affine_ras: Floats,
    planes: Sequence[SourcePlane],
    *,
    tolerance_mm: float,
    resampled: bool,
    same_value: float | None,
) -> str:
    """Compare a volume with source images at the places where they lie.

    Args:
        volume: its voxels.
        affine_ras: (4, 4) voxel index → RAS mm.
        planes: some of the source images.
        tolerance_mm: by how much their place may differ, beyond the grid's faces too.
        resampled: whether the volume was interpolated between slices; if not, each voxel is
            compared with its own pixel.
        same_value: by how much the median pixel may be off, HU for CT; ``None``: scales may
            differ by a factor, as in MR.

    Returns:
        what differs, in words; empty when nothing does. Uniform images say nothing and pass.
    """
    for plane in planes:
        ours, inside = _sampled(volume, affine_ras, plane, tolerance_mm, between=resampled)
        theirs = plane.values
        if inside.mean() < MIN_SEEN:
            return "a source slice lies outside the volume"
        if resampled:
            ours, theirs = _coarse(ours, inside), _coarse(theirs, inside)
        ours, theirs = ours[inside], theirs[inside]
        difference = float(np.median(np.abs(ours - theirs)))
        if same_value is not None and difference > same_value:
            return f"its values differ from the images' by {difference:.1f}"
        if ours.std() < UNIFORM or theirs.std() < UNIFORM:
            continue
        correlation = float(np.corrcoef(ours, theirs)[0, 1])
        if correlation < (RESAMPLED_CORRELATION if resampled else EXACT_CORRELATION):
            return f"a slice does not look like its image (correlation {correlation:.2f})"
    return ""


def _sampled(
    volume: StoredVolume,
    affine_ras: Floats,
    plane: SourcePlane,
    tolerance_mm: float,
    *,
    between: bool,
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Values of the volume at each pixel of an image, and at which of them it has any.

    Those of the nearest voxel, or where asked for, interpolated between voxels.
    """
    grid: Floats = np.indices(plane.values.shape).astype(np.float64)
    voxels = _to_voxels(affine_ras, plane_points_ras(plane.frame, grid[0], grid[1]))
    top = np.asarray(volume.stored.shape) - 1
    edge = tolerance_mm / np.linalg.norm(affine_ras[:3, :3], axis=0)
    inside = np.asarray(((voxels >= -edge) & (voxels <= top + edge)).all(axis=-1))
    if not inside.any():
        return np.zeros(plane.values.shape), inside
    lowest = np.clip(np.floor(voxels[inside].min(axis=0)).astype(int), 0, top)
    highest = np.clip(np.ceil(voxels[inside].max(axis=0)).astype(int), 0, top)
    box = tuple(slice(low, high + 1) for low, high in zip(lowest, highest, strict=True))
    ours = map_coordinates(
        volume.values(box),
        np.moveaxis(voxels - lowest, -1, 0),
        order=1 if between else 0,
        mode="nearest",
    )
    return np.asarray(ours, dtype=np.float64), inside


def _coarse(values: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    """Means over a few pixels: what interpolating by fractions of a pixel leaves unchanged."""
    filled = np.where(inside, values, values[inside].mean())
    return np.asarray(uniform_filter(filled, size=COARSE_PIXELS, mode="nearest"))


def _to_voxels(affine_ras: Floats, points_ras: Floats) -> Floats:
    inverse = np.linalg.inv(affine_ras)
    return np.asarray(points_ras @ inverse[:3, :3].T + inverse[:3, 3])
