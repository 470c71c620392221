"""Where a picture lies in the patient.

A picture is a plane in RAS millimetres, looked at in radiological convention: the patient's right
on the picture's left; anterior (axial) or head (coronal, sagittal) at the top; in a sagittal
picture anterior is on the left. All of that follows from the volume's affine: a plane maps each
pixel to a point in the patient, and the point to a voxel. Its letters are read off the same
vectors, so that a picture that were mirrored would carry mirrored letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import ndimage

from heimdallr.imaging.volume import LabelMap

if TYPE_CHECKING:
    import numpy.typing as npt

    from heimdallr.imaging.volume import Affine, Array, Volume

View = Literal["axial", "coronal", "sagittal"]

RIGHT_DOWN_AXES: dict[View, tuple[int, int]] = {
    "axial": (0, 1),
    "coronal": (0, 2),
    "sagittal": (1, 2),
}
"""Volume axes (R, A, S) whose *negative* direction runs right and down in the picture."""

THROUGH_AXIS: dict[View, int] = {"axial": 2, "coronal": 1, "sagittal": 0}

ORTHOGONAL_COSINE = 1e-3
"""Below this two axes are at right angles: over 500 pixels they part by half of one."""
OBLIQUE_COSINE = np.sin(np.radians(20))
"""From this much of a second direction on, an edge gets a second letter (``AH``). Chosen by eye."""


@dataclass(frozen=True, slots=True)
class Plane:
    """A grid of picture pixels in the patient.

    Attributes:
        origin_ras_mm: (3,) centre of the top left pixel.
        right_mm: (3,) from one pixel to the next on its right.
        down_mm: (3,) from one pixel to the next below; at right angles to ``right_mm``.
        width: pixels in a row.
        height: rows.
    """

    origin_ras_mm: Affine
    right_mm: Affine
    down_mm: Affine
    width: int
    height: int

    @property
    def pixel_mm(self) -> tuple[float, float]:
        """Width and height of a pixel."""
        return float(np.linalg.norm(self.right_mm)), float(np.linalg.norm(self.down_mm))

    @property
    def extent_mm(self) -> tuple[float, float]:
        """Width and height of the picture."""
        width_mm, height_mm = self.pixel_mm
        return self.width * width_mm, self.height * height_mm

    def points(self) -> Affine:
        """(height, width, 3) RAS mm of every pixel's centre."""
        rows, columns = np.mgrid[: self.height, : self.width]
        return np.asarray(
            self.origin_ras_mm + columns[..., None] * self.right_mm + rows[..., None] * self.down_mm
        )

    def pixel_of(self, point_ras_mm: npt.ArrayLike) -> tuple[float, float]:
        """Column and row (fractional) of the pixel nearest to a point, seen at right angles."""
        offset = np.asarray(point_ras_mm, dtype=float) - self.origin_ras_mm
        column = float(offset @ self.right_mm / (self.right_mm @ self.right_mm))
        row = float(offset @ self.down_mm / (self.down_mm @ self.down_mm))
        return column, row

    def around(self, mask: Array, margin_mm: float) -> Plane:
        """The part of this plane around a (height, width) mask; all of it when that is empty."""
        rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
        if not len(rows):
            return self
        width_mm, height_mm = self.pixel_mm
        by_columns, by_rows = round(margin_mm / width_mm), round(margin_mm / height_mm)
        left, right = max(columns[0] - by_columns, 0), min(columns[-1] + by_columns, self.width - 1)
        top, bottom = max(rows[0] - by_rows, 0), min(rows[-1] + by_rows, self.height - 1)
        origin = self.origin_ras_mm + left * self.right_mm + top * self.down_mm
        return Plane(
            origin,
            self.right_mm,
            self.down_mm,
            int(right - left) + 1,
            int(bottom - top) + 1,
        )

    @property
    def letters(self) -> dict[Literal["left", "right", "top", "bottom"], str]:
        """Patient directions at the four edges: R/L, A/P, H/F."""
        return {
            "left": direction_letters(-self.right_mm),
            "right": direction_letters(self.right_mm),
            "top": direction_letters(-self.down_mm),
            "bottom": direction_letters(self.down_mm),
        }


def direction_letters(direction_ras: npt.ArrayLike) -> str:
    """Name of a direction in the patient; two letters, the stronger first, when it is oblique."""
    unit = np.asarray(direction_ras, dtype=float)
    unit = unit / np.linalg.norm(unit)
    letters = [
        pair[0 if part > 0 else 1] for pair, part in zip(("RL", "AP", "HF"), unit, strict=True)
    ]
    order = np.argsort(-np.abs(unit))
    named = [letters[axis] for axis in order if abs(unit[axis]) >= OBLIQUE_COSINE]
    return "".join(named[:2])


def slice_plane(volume: Volume | LabelMap, view: View, index: int) -> Plane:
    """The plane of one slice of a volume.

    Where the slice's two axes are at right angles, each pixel is one voxel. Where they are not
    (the sagittal slices of a tilted gantry), the slice is sampled on a straight grid over it.

    Args:
        volume: RAS+ grid; only its shape and affine matter.
        view: which way to look.
        index: slice number along the axis that is looked along.
    """
    across, along = RIGHT_DOWN_AXES[view]
    axes = volume.affine[:3, :3]
    right, down = -axes[:, across], -axes[:, along]
    corner = np.array(volume.shape) - 1.0
    corner[THROUGH_AXIS[view]] = index
    origin = volume.voxel_to_world(corner)
    width, height = volume.shape[across], volume.shape[along]
    cosine = right @ down / (np.linalg.norm(right) * np.linalg.norm(down))
    if abs(cosine) < ORTHOGONAL_COSINE:
        return Plane(origin, right, down, width, height)
    return _straightened(origin, right, down, width, height)


def _straightened(origin: Affine, right: Affine, down: Affine, width: int, height: int) -> Plane:
    """A plane at right angles that covers the parallelogram of a sheared slice."""
    right_unit = right / np.linalg.norm(right)
    leaning = float(down @ right_unit)  # mm that each row is shifted along the row direction
    down_upright = down - leaning * right_unit
    shift_mm = leaning * (height - 1)
    pixel_mm = float(np.linalg.norm(right))
    wider = int(np.ceil(abs(shift_mm) / pixel_mm))
    start = origin + min(shift_mm, 0.0) * right_unit
    return Plane(start, right, down_upright, width + wider, height)


def sample_image(volume: Volume, plane: Plane, *, outside: float) -> npt.NDArray[np.float32]:
    """(height, width) values of the image on a plane, interpolated linearly.

    Args:
        volume: the image.
        plane: where to look.
        outside: value of pixels beyond the volume.
    """
    ijk = _voxels(plane, volume)
    inside = _inside(ijk, volume.shape)
    values = ndimage.map_coordinates(volume.data, ijk, order=1, mode="nearest", output=np.float32)
    return np.where(inside, values, np.float32(outside))


def sample_labels(label_map: LabelMap, plane: Plane) -> Array:
    """(height, width) label numbers on a plane, nearest neighbour; 0 beyond the volume."""
    ijk = _voxels(plane, label_map)
    inside = _inside(ijk, label_map.shape)
    i, j, k = (
        np.clip(np.rint(index).astype(np.intp), 0, size - 1)
        for index, size in zip(ijk, label_map.shape, strict=True)
    )
    labels = label_map.data[i, j, k]
    return np.where(inside, labels, 0).astype(label_map.data.dtype)


def on_slice(mask: Array, volume: Volume, k: int) -> LabelMap:
    """An (I, J) array of one axial slice as a label map one voxel thick, in its place.

    For masks that an analysis computed on the slice itself: what is shown is what was measured.
    """
    affine = volume.affine.copy()
    affine[:3, 3] = volume.voxel_to_world((0, 0, k))
    return LabelMap(mask[:, :, None].astype(np.uint8), affine, {1: "mask"})


def _voxels(plane: Plane, grid: Volume | LabelMap) -> Affine:
    """(3, height, width) fractional voxel indices of every pixel's centre."""
    corners = plane.origin_ras_mm + np.stack([np.zeros(3), plane.right_mm, plane.down_mm])
    start, right, down = grid.world_to_voxel(corners)[:, :, None, None]
    columns, rows = np.arange(plane.width), np.arange(plane.height)[:, None]
    return np.asarray(start + columns * (right - start) + rows * (down - start))


def _inside(ijk: Affine, shape: tuple[int, int, int]) -> npt.NDArray[np.bool_]:
    half = 0.5  # a voxel reaches half its size beyond its centre
    sizes = np.array(shape)[:, None, None]
    return np.asarray(((ijk > -half) & (ijk < sizes - half)).all(axis=0))
