"""Resampling to a task's spacing and labels back: TotalSegmentator's ``change_spacing``, leaner.

``totalsegmentator.resampling.change_spacing`` copies the image to 64-bit floats first (1.3 GB for a
512×512×600 CT) and resamples labels with an interpolator. The two functions here give the same
voxels (tests compare them) without the copies: linear interpolation is done plane by plane, one
axis after the other, and labels are looked up. Both map the first and last voxel centres of the two
grids onto each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Affine, Array
    from heimdallr.segmentation.network_collections import SplineOrder


SMALLEST_SPAN = 1000.0
"""From the darkest to the brightest voxel of an MR. Chosen, not measured: scanners write 12 bits,
of which most images use a quarter or more."""


def zooms_mm(affine: Affine) -> Array:
    """(3,) voxel size as a NIfTI header stores it, in 32 bit: what TotalSegmentator computes with.

    Args:
        affine: (4, 4) voxel index → RAS mm.
    """
    return np.asarray(np.linalg.norm(affine[:3, :3], axis=0).astype(np.float32))


def to_spacing(
    data: Array,
    affine: Affine,
    spacing_mm: tuple[float | None, float | None, float | None],
    order: SplineOrder = 1,
) -> tuple[Array, Affine]:
    """Resample an image to a spacing.

    Args:
        data: (I, J, K) image.
        affine: (4, 4) voxel index → RAS mm of ``data``.
        spacing_mm: voxel size wanted along I, J, K; None keeps it.
        order: of the spline, 1 is linear.

    Returns:
        (I', J', K') int32 (fractions are cut off, as TotalSegmentator does) and its affine; the
        image itself when it has that spacing already.
    """
    current = zooms_mm(affine)
    wanted = np.array([c if s is None else s for c, s in zip(current, spacing_mm, strict=True)])
    if np.array_equal(current, wanted):
        return data, affine
    zoom = current / wanted
    scaled = affine.copy()
    scaled[:3, :3] = affine[:3, :3] / zoom
    if order == 1:
        i, j, k = (round(size * float(z)) for size, z in zip(data.shape, zoom, strict=True))
        return _linear(data, (i, j, k)), scaled
    image = data if data.dtype.isnative and data.dtype.kind in "iuf" else data.astype(np.float64)
    resampled = ndimage.zoom(image, zoom, order=order, mode="nearest", output=np.float64)
    return resampled.astype(np.int32), scaled


def spread_out(signal: Array) -> Array:
    """MR signal that is still told apart when its fractions are cut off.

    An MR has no unit, and networks bring it to mean and deviation: a factor changes nothing but
    what is cut off. Whole numbers and signal that spans enough of them stay as they are.

    Args:
        signal: (I, J, K), any scale: one from 0 to 1 would become zeros.
    """
    if signal.dtype.kind != "f" or signal.size == 0:
        return signal
    span = float(signal.max()) - float(signal.min())
    if not 0 < span < SMALLEST_SPAN or np.array_equal(signal, np.rint(signal)):
        return signal
    return np.asarray(signal * np.float32(SMALLEST_SPAN / span))


def labels_to_shape(labels: Array, shape: tuple[int, int, int]) -> Array:
    """Nearest-neighbour resampling of a label map onto a grid of another shape.

    Args:
        labels: (I, J, K) label map.
        shape: voxels of the grid wanted; it spans the same region.

    Returns:
        ``shape`` label map of the same dtype.
    """
    if labels.shape == shape:
        return labels
    i, j, k = (_nearest(old, new) for old, new in zip(labels.shape, shape, strict=True))
    found = np.empty(shape, labels.dtype, order="F")
    for plane, nearest in enumerate(k):
        found[:, :, plane] = labels[:, :, nearest][np.ix_(i, j)]
    return found


def _linear(data: Array, shape: tuple[int, int, int]) -> Array:
    """(I, J, K) → ``shape`` int32: linear along each axis, fractions cut off."""
    i, j, k = (_Between(old, new) for old, new in zip(data.shape, shape, strict=True))
    found = np.empty(shape, np.int32, order="F")
    ready: dict[int, Array] = {}
    for plane, (below, above, share) in enumerate(zip(k.below, k.above, k.share, strict=True)):
        ready = {
            n: ready[n] if n in ready else i.at(j.at(data[:, :, n].T)).T for n in (below, above)
        }
        found[:, :, plane] = ready[below] + share * (ready[above] - ready[below])
    return found


class _Between:
    """Where the voxels of a new axis lie on the old one.

    Attributes:
        below: (new,) old voxel at or before each new one.
        above: (new,) the next old voxel, or the last.
        share: (new,) float64 of the way from the one to the other.
    """

    def __init__(self, old: int, new: int) -> None:
        place = np.arange(new) * ((old - 1) / (new - 1) if new > 1 else 1.0)
        self.below = np.minimum(place.astype(np.intp), old - 1)
        self.above = np.minimum(self.below + 1, old - 1)
        self.share = place - self.below

    def at(self, plane: Array) -> Array:
        """(old, N) values → (N, new) float64: the axis done becomes the last one."""
        below = plane[self.below].astype(np.float64)
        return np.asarray(below + self.share[:, None] * (plane[self.above] - below)).T


def _nearest(old: int, new: int) -> Array:
    """(new,) index of the old voxel nearest to each new one; first and last centres coincide."""
    step = (old - 1) / (new - 1) if new > 1 else 1.0
    nearest = np.floor(step * np.arange(new) + 0.5).astype(np.intp)
    return np.asarray(np.minimum(nearest, old - 1))
