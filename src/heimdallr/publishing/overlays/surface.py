"""Structures seen from the front: shaded surfaces in parallel projection.

The label map is brought to an isotropic grid along the patient's own axes (through the affine, so
oblique and tilted volumes stand upright), every structure is smoothed a little, and its surface is
found along rays that run from anterior to posterior. Depth gives the shading; what lies nearer
covers what lies farther. Left, right, head and foot are those of a coronal slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy import ndimage

from heimdallr.imaging.morphology import label_boxes
from heimdallr.publishing.overlays.picture import Picture
from heimdallr.publishing.overlays.plane import Plane
from heimdallr.publishing.palette import colour

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from heimdallr.imaging.volume import Affine, Array, LabelMap

    Pixels = npt.NDArray[np.float32]

FINEST_MM = 2.0
MOST_VOXELS_ALONG_AN_AXIS = 300
"""How fine the grid is: chosen for speed, 27 million voxels at most."""
SURFACE = 0.5
"""Where a smoothed mask's surface lies."""
MARGIN_VOXELS = 4
"""Room for the smoothing around a structure."""

# Light and gloss are chosen by eye.
LIGHT = np.array([-0.38, -0.55, 0.75]) / np.linalg.norm([-0.38, -0.55, 0.75])
_BETWEEN = LIGHT + np.array([0, 0, 1])  # half-way between the light and the eye
HALF_WAY = _BETWEEN / np.linalg.norm(_BETWEEN)
AMBIENT, DIFFUSE, GLOSS, GLOSS_EXPONENT = 0.34, 0.74, 0.16, 22


@dataclass(frozen=True, slots=True)
class Upright:
    """A label map on an isotropic grid along the patient's axes (R, A, S).

    Attributes:
        labels: (I, J, K) label numbers.
        voxel_mm: edge of a voxel.
        smoothing_voxels: Gaussian along R, A, S that takes off the steps of the original slices.
        plane: the coronal picture of the whole grid.
    """

    labels: Array
    voxel_mm: float
    smoothing_voxels: tuple[float, float, float]
    plane: Plane


def upright(label_map: LabelMap) -> Upright:
    """Bring a label map to an isotropic grid along the patient's axes, nearest neighbour."""
    corners = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in label_map.shape])).reshape(3, -1).T
    world = label_map.voxel_to_world(corners)
    low, extent_mm = world.min(0), np.ptp(world, axis=0)
    voxel_mm = max(FINEST_MM, float(extent_mm.max()) / MOST_VOXELS_ALONG_AN_AXIS)
    shape = tuple(int(n) for n in np.maximum(1, np.ceil(extent_mm / voxel_mm)))
    affine = np.diag([voxel_mm] * 3 + [1.0])
    affine[:3, 3] = low + voxel_mm / 2
    to_voxel = np.asarray(np.linalg.inv(label_map.affine) @ affine, np.float64)
    labels = _nearest(label_map.data, to_voxel, shape)
    step_mm = np.abs(label_map.affine[:3, :3]).max(axis=1)
    smoothing = np.clip(0.75 * step_mm / voxel_mm, 1.2, 4.0)
    top_left = affine[:3, 3] + voxel_mm * np.array([shape[0] - 1, shape[1] - 1, shape[2] - 1])
    plane = Plane(
        top_left,
        np.array([-voxel_mm, 0, 0]),
        np.array([0, 0, -voxel_mm]),
        shape[0],
        shape[2],
    )
    return Upright(labels, voxel_mm, (smoothing[0], smoothing[1], smoothing[2]), plane)


def _nearest(data: Array, to_voxel: Affine, shape: tuple[int, ...]) -> Array:
    """Values at the nearest voxels; along the axes one by one where the grids are parallel."""
    matrix, offset = to_voxel[:3, :3], to_voxel[:3, 3]
    if np.abs(matrix - np.diag(np.diag(matrix))).max() * max(shape) > SURFACE:
        return np.asarray(ndimage.affine_transform(data, matrix, offset, shape, order=0))
    indices = []
    for axis, length in enumerate(shape):
        index = np.rint(matrix[axis, axis] * np.arange(length) + offset[axis]).astype(np.intp)
        indices.append(np.clip(index, 0, data.shape[axis] - 1))
    return data[np.ix_(*indices)]


class FrontView:
    """A picture that surfaces are drawn into, nearest on top."""

    def __init__(self, grid: Upright, fit: tuple[int, int]) -> None:
        self._grid = grid
        self._boxes = label_boxes(grid.labels)
        black = np.zeros((grid.plane.height, grid.plane.width), np.float32)
        self.picture = Picture(black, grid.plane, fit)
        self._depth = np.full((self.picture.height, self.picture.width), np.inf, np.float32)

    def clear_depth(self) -> None:
        """Let what follows lie in front of everything drawn so far."""
        self._depth.fill(np.inf)

    def draw(self, names: Mapping[int, str], *, opacity: float, tone: float = 1.0) -> None:
        """Draw the surfaces of some labels, the farthest first.

        Args:
            names: label number → structure, which gives the colour; what is not there is left out.
            opacity: of the surfaces, 0 … 1; translucent ones do not hide what follows.
            tone: brightness of the colours.
        """
        surfaces = []
        for number, name in names.items():
            box = self._boxes.get(number)
            if box is not None and (surface := self._surface(number, box)) is not None:
                surfaces.append((float(np.median(surface[2])), name, surface))
        for _, name, (corner, cover, depth) in sorted(surfaces, key=lambda one: -one[0]):
            rows = slice(corner[0], corner[0] + cover.shape[0])
            columns = slice(corner[1], corner[1] + cover.shape[1])
            nearer = depth < self._depth[rows, columns]
            visible = cover * nearer
            self._shade(self.picture.rgb[rows, columns], name, visible * opacity, depth, tone)
            if opacity >= 1:
                solid = (visible > SURFACE) & nearer
                self._depth[rows, columns][solid] = depth[solid]

    def _shade(
        self, region: Pixels, name: str, opacity: Pixels, depth: Pixels, tone: float
    ) -> None:
        down, right = np.gradient(depth)
        steep = np.sqrt(right**2 + down**2 + 1)
        toward = 1 / steep
        lit = (right * LIGHT[0] + down * LIGHT[1] + LIGHT[2]) / steep
        shine = (right * HALF_WAY[0] + down * HALF_WAY[1] + HALF_WAY[2]) / steep
        light = (AMBIENT + DIFFUSE * np.clip(lit, 0, 1)) * (0.55 + 0.45 * toward) * tone
        gloss = GLOSS * np.clip(shine, 0, 1) ** GLOSS_EXPONENT * tone
        base = np.array(colour(name), np.float32) / 255
        shaded = np.clip(base * light[..., None] + gloss[..., None], 0, 1)
        region += (shaded - region) * opacity[..., None]

    def _surface(
        self, number: int, box: tuple[slice, ...]
    ) -> tuple[tuple[int, int], Pixels, Pixels] | None:
        """One label as seen from the front, in picture pixels.

        Returns:
            Top left corner in the picture, cover (0 … 1) and depth in pixels, or ``None`` where
            smoothing leaves nothing.
        """
        grid = self._grid
        mask = np.pad(grid.labels[box] == number, MARGIN_VOXELS).astype(np.float32)
        solid = ndimage.gaussian_filter(mask, grid.smoothing_voxels)[::-1, ::-1, ::-1]
        solid *= SURFACE / min(SURFACE, float(solid.max()) * 0.8)  # thin structures stay visible
        inside = solid > SURFACE
        hit = np.asarray(inside.any(axis=1))
        first = np.argmax(inside, axis=1)[:, None]
        here = np.take_along_axis(solid, first, 1)[:, 0]
        before = np.take_along_axis(solid, np.maximum(first - 1, 0), 1)[:, 0]
        depth = first[:, 0] - (here - SURFACE) / np.maximum(here - before, 1e-3)
        _, nearest = ndimage.distance_transform_edt(~hit, return_indices=True)
        depth = ndimage.gaussian_filter(depth[tuple(nearest)], 1.2).astype(np.float32).T
        silhouette = solid.max(axis=1).T

        shape = grid.labels.shape
        # Indices from the right, from the front and from the top.
        offset = [shape[axis] - box[axis].stop - MARGIN_VOXELS for axis in range(3)]
        corner, (cover, far) = self._enlarge((offset[2], offset[0]), silhouette, depth)
        if cover.size == 0:
            return None
        down, right = np.gradient(cover)
        steepness = np.maximum(np.hypot(down, right), 0.05 / self._scale)
        return (
            corner,
            np.clip((cover - SURFACE) / steepness + SURFACE, 0, 1),
            ((far + offset[1]) * self._scale).astype(np.float32),
        )

    @property
    def _scale(self) -> float:
        return self.picture.pixels_per_mm * self._grid.voxel_mm

    def _enlarge(
        self, corner: tuple[int, int], *fields: Pixels
    ) -> tuple[tuple[int, int], list[Pixels]]:
        """Fields over part of the grid's front → the same part of the picture."""
        picture, plane = self.picture, self._grid.plane
        scale = np.array([picture.height / plane.height, picture.width / plane.width])
        size = np.array(fields[0].shape)
        start = np.maximum(np.floor(np.array(corner) * scale), 0).astype(int)
        stop = np.minimum(np.ceil((corner + size) * scale), (picture.height, picture.width)).astype(
            int
        )
        low = np.maximum(start / scale - corner, 0)
        high = np.minimum(stop / scale - corner, size)
        enlarged = [
            np.asarray(
                Image.fromarray(np.ascontiguousarray(field, dtype=np.float32)).resize(
                    (int(stop[1] - start[1]), int(stop[0] - start[0])),
                    Image.Resampling.BICUBIC,
                    box=(low[1], low[0], high[1], high[0]),
                )
            )
            for field in fields
        ]
        return (int(start[0]), int(start[1])), enlarged
