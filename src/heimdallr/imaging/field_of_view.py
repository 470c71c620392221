"""The round field that a CT scanner reconstructed, found from what it wrote outside.

Scanners fill the corners of a slice with one value that attenuates less than air. What reaches the
field's border goes on unseen, as at a face of the array. A field is taken for round only where one
value, the image's lowest, fills all four corners and what it leaves is a circle but for a fiftieth:
real ones are cut by a second circle, or frayed where air has the lowest value too. Neither air nor
a body is as round. Slices whose fields differ are taken for whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heimdallr.imaging.morphology import Mask
    from heimdallr.imaging.slabs import Slab
    from heimdallr.imaging.volume import Affine, Array, Volume

FIELD_OF_VIEW = "field_of_view"
"""What cuts a structure that reaches the border of a round field."""

AIR_HU = -1000
"""What fills the corners is lower. Air that was set to one value is not."""

RIM_MM = 2.0
"""A structure this near to the border reaches it; in coarser images, one pixel.

Chosen, not measured: networks work at 1.5 or 3 mm, and their borders are off by half of it. At 1 mm
a fast network's organ may end before the circle, at 4 mm a chest wall beside it would be cut.
"""

_LOOKED_AT = 16
"""Slices: enough that no pixel of noisy air has the lowest value in all of them."""

_OFF = 0.02
_ROUND = 0.95
"""This share of the border is off a circle by at most that share of its radius.

Seven real fields are off by 0.002 to 0.012; bodies on eleven slices by 0.057 (a head) or more."""

_FEWEST = 12
"""Places of the border that a circle is laid through."""


@dataclass(frozen=True, slots=True, eq=False)
class FieldOfView:
    """Where a slice shows the patient.

    Attributes:
        inwards_mm: (I, J) how far a pixel lies within the border, negative beyond it; infinite
            where the field is not round.
        rim: (I, J) whether a pixel lies at the border, on its inside.
        rim_pixels: how many pixels wide the rim is.
    """

    inwards_mm: Array
    rim: Mask
    rim_pixels: float

    def depth_mm(self, i: Array, j: Array) -> Array:
        """How far within the border voxel indices lie, those off the array as at its edge."""
        at = (
            np.clip(np.rint(index).astype(int), 0, length - 1)
            for index, length in zip((i, j), self.rim.shape, strict=True)
        )
        return np.asarray(self.inwards_mm[tuple(at)])

    def on_rim(self, mask: Mask, box: tuple[slice, ...] = ()) -> float:
        """Voxels of a mask along the border, in one layer of them.

        Args:
            mask: (I, J) or (I, J, K) boolean, the part of the image in ``box``.
            box: where in the image that is; the whole without.
        """
        return int(np.count_nonzero(mask[self.rim[box[:2]]])) / self.rim_pixels

    def on_rim_of(self, labels: Array, numbers: int) -> Array:
        """The same of so many label numbers of (I, J, K) labels, from 0 on."""
        count = np.zeros(numbers)
        rim = np.nonzero(self.rim)
        for k in range(labels.shape[2] if len(rim[0]) else 0):
            count += np.bincount(labels[:, :, k][rim], minlength=numbers)
        return count / self.rim_pixels


def whole_slice(image: Volume) -> FieldOfView:
    """The field of view of an image whose slices are filled."""
    shape = image.shape[:2]
    return FieldOfView(np.full(shape, np.inf, np.float32), np.zeros(shape, bool), 1.0)


def field_of_view(image: Volume, gaps: Iterable[Slab] = ()) -> FieldOfView:
    """What a CT's slices show.

    Args:
        image: CT, HU.
        gaps: slices of it that no image shows.
    """
    shown = np.ones(image.shape[2], bool)
    for gap in gaps:
        if gap.axis == 2:  # noqa: PLR2004 - slices lie across K
            shown[gap.start : gap.stop] = False
    slices = np.flatnonzero(shown)
    slices = slices[np.unique(np.linspace(0, len(slices) - 1, _LOOKED_AT).round().astype(int))]
    lowest = image.data[0, 0, slices[0]]
    if lowest >= AIR_HU:
        return whole_slice(image)
    seen = np.zeros(image.shape[:2], bool)
    for k in slices:
        plane = image.data[:, :, k]
        if (plane[[0, 0, -1, -1], [0, -1, 0, -1]] != lowest).any() or plane.min() < lowest:
            return whole_slice(image)
        seen |= plane != lowest
    outside = _at_corners(~seen)
    pixel_mm = image.spacing_mm[:2]
    return _field(outside, pixel_mm) if _is_round(~outside, pixel_mm) else whole_slice(image)


def _at_corners(lowest: Mask) -> Mask:
    """What reaches the corners through more than a line, which clipped air may be as well."""
    framed = np.pad(lowest, 2, constant_values=True)  # beside the array's edge one pixel is enough
    pieces, _ = ndimage.label(ndimage.binary_opening(framed, np.ones((3, 3), bool))[2:-2, 2:-2])
    corners = np.unique(pieces[[0, 0, -1, -1], [0, -1, 0, -1]])
    return np.isin(pieces, corners[corners > 0])


def _field(outside: Mask, pixel_mm: Affine) -> FieldOfView:
    size_mm = float(pixel_mm.mean())
    within, beyond = (
        ndimage.distance_transform_edt(mask, sampling=tuple(pixel_mm))
        for mask in (~outside, outside)
    )
    inwards_mm = within - beyond + np.where(outside, size_mm / 2, -size_mm / 2)
    width_mm = max(RIM_MM, size_mm)
    rim = ~outside & (inwards_mm < width_mm)
    return FieldOfView(inwards_mm, rim, width_mm / size_mm)


def _is_round(inside: Mask, pixel_mm: Affine) -> bool:
    """Whether the border of a mask, where it is not the array's, lies on a circle."""
    places_mm = _border(inside) * pixel_mm
    if len(places_mm) < _FEWEST:
        return False
    centre_mm, radius_mm = _through(places_mm)
    off_mm = np.abs(np.linalg.norm(places_mm - centre_mm, axis=1) - radius_mm)
    return bool((off_mm <= max(_OFF * radius_mm, float(pixel_mm.max()))).mean() >= _ROUND)


def _border(inside: Mask) -> Array:
    """(n, 2) the first and last pixel of every row and column; not where they reach the edge."""
    found = []
    for lines, turn in ((inside, 1), (inside.T, -1)):
        across = np.flatnonzero(lines.any(axis=1))
        end = lines.shape[1] - 1
        for at in (lines[across].argmax(axis=1), end - lines[across, ::-1].argmax(axis=1)):
            free = (at > 0) & (at < end)
            found.append(np.column_stack([across[free], at[free]])[:, ::turn])
    return np.concatenate(found)


def _through(places_mm: Affine) -> tuple[Affine, float]:
    """Centre and radius of the circle nearest to (n, 2) places (Kåsa 1976, IEEE TIM 25:8)."""
    terms = np.column_stack([2 * places_mm, np.ones(len(places_mm))])
    x, y, rest = np.linalg.lstsq(terms, (places_mm**2).sum(axis=1))[0]
    return np.array([x, y]), float(np.sqrt(max(rest + x * x + y * y, 0.0)))
