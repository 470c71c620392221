"""A slice as a picture: windowed, enlarged, with structures painted over it.

Outlines and edges are drawn from signed distances, not from pixels: the mask's distance field is
enlarged and cut at zero, which gives smooth, antialiased contours of an exact width even where a
voxel is ten times as high as it is wide. Nothing thinner than a voxel is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy import ndimage

if TYPE_CHECKING:
    import numpy.typing as npt

    from heimdallr.imaging.volume import Array
    from heimdallr.publishing.overlays.plane import Plane
    from heimdallr.publishing.palette import RGB

MARGIN_PIXELS = 3
"""How far a distance field reaches beyond its mask: more than smoothing and outline need."""

SMOOTHING_PIXELS = 0.65
"""Gaussian on the distance field, which takes the voxels' steps off. Chosen by eye; 0.45 before."""

LEAST_RADIUS_PIXELS = 0.3
"""However small or thin, a structure stays this far inside its contour at every voxel. Chosen by
eye: without it single voxels vanish under the smoothing."""


@dataclass(frozen=True, slots=True)
class Window:
    """Display window of an image.

    Attributes:
        level: value shown as middle grey.
        width: range between black and white.
    """

    level: float
    width: float

    def grey(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Values → 0 (black) … 1 (white)."""
        low = self.level - self.width / 2
        return np.asarray(np.clip((values - low) / self.width, 0, 1), np.float32)


SOFT_TISSUE = Window(level=50, width=400)
BRAIN = Window(level=40, width=120)
BRAIN_BLEED = Window(level=40, width=80)
"""Radiology's usual windows; the bleed's is 0 to 80 HU."""


def signal_window(values: npt.NDArray[np.float32]) -> Window:
    """A window for MR, whose signal has no unit: from the 2nd to the 99.5th percentile, by eye."""
    low, high = np.percentile(values, (2, 99.5))
    return Window(level=float(low + high) / 2, width=max(float(high - low), 1e-6))


class Picture:
    """Pixels of one plane, enlarged to fit a frame, to be painted on.

    Attributes:
        rgb: (height, width, 3) float32, 0 … 1.
        plane: where it lies in the patient.
        pixels_per_mm: scale, the same in both directions.
    """

    def __init__(self, grey: npt.NDArray[np.float32], plane: Plane, fit: tuple[int, int]) -> None:
        width_mm, height_mm = plane.extent_mm
        self.plane = plane
        self.pixels_per_mm = min(fit[0] / width_mm, fit[1] / height_mm)
        self.width = max(1, round(width_mm * self.pixels_per_mm))
        self.height = max(1, round(height_mm * self.pixels_per_mm))
        enlarged = Image.fromarray(grey).resize((self.width, self.height), Image.Resampling.BICUBIC)
        self.rgb = np.repeat(np.clip(np.asarray(enlarged), 0, 1)[..., None], 3, axis=2)

    def position_of(self, point_ras_mm: npt.ArrayLike) -> tuple[float, float]:
        """Where a point of the patient lies in the picture: x and y in picture pixels."""
        column, row = self.plane.pixel_of(point_ras_mm)
        return (
            (column + 0.5) * self.width / self.plane.width,
            (row + 0.5) * self.height / self.plane.height,
        )

    def paint(self, mask: Array, colour: RGB, *, fill: float, line: float) -> None:
        """Fill a mask translucently and outline it.

        Args:
            mask: boolean, on the plane's pixels.
            colour: of fill and line.
            fill: opacity of the inside, 0 … 1.
            line: width of the outline in picture pixels; it lies on the inner side, so that
                neighbours do not cover each other's edges.
        """
        found = self._distance(mask)
        if found is None:
            return
        (top, left), distance = found
        region = self.rgb[top : top + distance.shape[0], left : left + distance.shape[1]]
        inside = np.clip(distance + 0.5, 0, 1)
        edge = np.clip(line / 2 + 0.5 - np.abs(distance - line / 2), 0, 1)
        blend(region, colour, inside * fill)
        blend(region, colour, edge * min(1.0, line))

    def to_image(self) -> Image.Image:
        """The picture as 8-bit RGB."""
        return Image.fromarray((np.clip(self.rgb, 0, 1) * 255 + 0.5).astype(np.uint8))

    def _distance(self, mask: Array) -> tuple[tuple[int, int], npt.NDArray[np.float32]] | None:
        """Signed distance to the mask's edge in picture pixels, positive inside.

        Returns:
            Top left corner and field of the part of the picture around the mask, or ``None``.
        """
        boxes = ndimage.find_objects(mask.astype(np.uint8))
        if not boxes:
            return None
        # What reaches the edge of the picture goes on beyond it: no outline along the edge.
        beyond = np.pad(mask, MARGIN_PIXELS, mode="edge")
        wider = tuple(slice(side.start, side.stop + 2 * MARGIN_PIXELS) for side in boxes[0])
        padded = beyond[wider]
        corner = np.array([side.start for side in boxes[0]]) - MARGIN_PIXELS
        spacing = self.plane.pixel_mm[::-1]
        field = ndimage.distance_transform_edt(padded, spacing)
        field -= ndimage.distance_transform_edt(~padded, spacing)
        smooth = ndimage.gaussian_filter(field, SMOOTHING_PIXELS)
        least = LEAST_RADIUS_PIXELS * min(spacing)
        field = np.where(padded, np.maximum(smooth, least), smooth).astype(np.float32)

        scale = np.array([self.height / self.plane.height, self.width / self.plane.width])
        start = np.maximum(np.floor(corner * scale), 0).astype(int)
        stop = np.minimum(
            np.ceil((corner + padded.shape) * scale), (self.height, self.width)
        ).astype(int)
        low, high = start / scale - corner, stop / scale - corner
        high = np.minimum(high, padded.shape)
        enlarged = Image.fromarray(field).resize(
            (int(stop[1] - start[1]), int(stop[0] - start[0])),
            Image.Resampling.BICUBIC,
            box=(max(low[1], 0), max(low[0], 0), high[1], high[0]),
        )
        distance = np.asarray(enlarged)
        # The field is steeper than 1 between voxel centres: make it one pixel per pixel.
        down, right = np.gradient(distance)
        steepness = np.maximum(np.hypot(down, right), 0.3 / self.pixels_per_mm)
        return (int(start[0]), int(start[1])), distance / steepness


def blend(region: npt.NDArray[np.float32], colour: RGB, opacity: npt.NDArray[np.float32]) -> None:
    """Lay a colour over (H, W, 3) pixels in place, with an opacity for each."""
    over = np.array(colour, np.float32) / 255
    region += (over - region) * opacity[..., None]
