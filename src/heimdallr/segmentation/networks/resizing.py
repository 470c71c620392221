"""Resizing to a network's grid: nnU-Net's ``resample_data_or_seg_to_shape``, as matrices.

nnU-Net resizes by scipy's splines (skimage's ``resize``). Along one axis such a spline is linear in
the voxels, and the axes do not mix: it is a matrix for each axis, read off scipy itself by zooming
unit vectors, edges and all. Three products of matrices take a tenth of the spline's time. Where
voxels are much longer along one axis, nnU-Net takes the nearest slice along it; so does this.

Resampling that is none of this, as no released network asks for, is done by nnU-Net's own function,
which imports PyTorch.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from heimdallr.domain.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heimdallr.imaging.volume import Array
    from heimdallr.segmentation.network_collections import SplineOrder
    from heimdallr.segmentation.networks.plans import Resampling

USUAL = "resample_data_or_seg_to_shape"
"""nnU-Net's function that is done here."""

ANISOTROPY = 3
"""Voxels longer than this times their width are resampled slice by slice (nnU-Net's
``ANISO_THRESHOLD``)."""

_PLANES = 8
"""Resized together: their splines see much the same planes. 4 and 16 took as long."""

_NOTHING = 1e-7
"""Weights below are lost in 32 bit: a spline sees 14 voxels to either side."""


def shape_at(shape: Sequence[int], spacing: Sequence[float], target: Sequence[float]) -> list[int]:
    """Voxels of an image at another spacing (``compute_new_shape``).

    A stack thinner than half a voxel of the new spacing is still one voxel thick.
    """
    axes = zip(spacing, target, shape, strict=True)
    return [max(round(one / other * size), 1) for one, other, size in axes]


def axis_apart(
    resampling: Resampling, current: Sequence[float], wanted: Sequence[float]
) -> int | None:
    """The axis along which slices are resampled one by one (``determine_do_sep_z_and_axis``).

    Args:
        resampling: as the plans say.
        current: spacing.
        wanted: spacing.

    Returns:
        None where all axes are treated alike.
    """
    forced = resampling.options.get("force_separate_z", False)
    threshold = resampling.options.get("separate_z_anisotropy_threshold", ANISOTROPY)
    if forced is None:
        spacings = [one for one in (current, wanted) if max(one) / min(one) > threshold]
    else:
        spacings = [current] if forced else []
    if not spacings:
        return None
    long = [axis for axis, mm in enumerate(spacings[0]) if mm == max(spacings[0])]
    return long[0] if len(long) == 1 else None


def is_usual(resampling: Resampling, *, apart: bool) -> bool:
    """Whether a resampling is one that is done without nnU-Net.

    Args:
        resampling: as the plans say.
        apart: whether slices are resampled one by one.
    """
    options = resampling.options
    nearest_slice = not apart or options.get("order_z", 0) == 0
    splines = options.get("order", 3) in (1, 3) and not options.get("is_seg", False)
    return resampling.function == USUAL and splines and nearest_slice


def resized(
    image: Array,
    shape: Sequence[int],
    current: Sequence[float],
    wanted: Sequence[float],
    resampling: Resampling,
) -> Array:
    """An image on a grid of another shape, as nnU-Net resizes it.

    Args:
        image: (Z, Y, X) float32.
        shape: voxels wanted along Z, Y, X.
        current: spacing of ``image``.
        wanted: spacing wanted.
        resampling: as the plans say.

    Returns:
        ``shape`` float32; ``image`` itself where it has that shape.
    """
    if image.shape == tuple(shape):
        return image
    apart = axis_apart(resampling, current, wanted)
    if not is_usual(resampling, apart=apart is not None):
        resized_by_nnunet: Array = by_nnunet(image[None], shape, current, wanted, resampling)[0]
        return resized_by_nnunet
    return _by_splines(image, shape, resampling.options.get("order", 3), apart)


def nearest(old: int, new: int) -> Array:
    """(new,) index of the slice nearest to each new one, of slices that span the same length."""
    places = (np.arange(new) + 0.5) * (old / new) - 0.5
    index = ndimage.map_coordinates(np.arange(old, dtype=float), [places], order=0, mode="nearest")
    return np.asarray(index.astype(np.intp))


def by_nnunet(
    data: Array,
    shape: Sequence[int],
    current: Sequence[float],
    wanted: Sequence[float],
    resampling: Resampling,
) -> Array:
    """nnU-Net's own function on (C, Z, Y, X); arguments as of :func:`resized`.

    Raises:
        WeightsError: nnU-Net has no function of that name.
    """
    from nnunetv2.preprocessing.resampling.utils import (  # noqa: PLC0415 - PyTorch
        recursive_find_resampling_fn_by_name,
    )

    try:
        function = recursive_find_resampling_fn_by_name(resampling.function)
    except RuntimeError as error:
        msg = f"nnU-Net has no resampling named {resampling.function}"
        raise WeightsError(msg, remedy="install a matching nnunetv2, or other weights") from error
    resampled = function(data, list(shape), list(current), list(wanted), **resampling.options)
    return np.asarray(resampled)


def _by_splines(image: Array, shape: Sequence[int], order: SplineOrder, apart: int | None) -> Array:
    """What splines overshoot is cut off, in each slice where slices are apart."""
    axes = [axis for axis in range(image.ndim) if axis != apart]
    low, high = (of(axis=tuple(axes), keepdims=True) for of in (image.min, image.max))
    # what shrinks most goes first, and of equals the axis of whole planes: less is left for others
    for axis in sorted(axes, key=lambda axis: round(shape[axis] / image.shape[axis], 1)):
        if shape[axis] != image.shape[axis]:
            matrix = spline_matrix(image.shape[axis], shape[axis], order)
            image = _along(image, matrix, axis)
    np.clip(image, low, high, out=image)
    return image if apart is None else image.take(nearest(image.shape[apart], shape[apart]), apart)


@lru_cache(maxsize=6)
def spline_matrix(old: int, new: int, order: SplineOrder) -> Array:
    """(new, old) float32 weights of the voxels along an axis in the resized ones."""
    unit = np.eye(old)
    matrix = ndimage.zoom(unit, (new / old, 1), order=order, mode="nearest", grid_mode=True)
    return np.asarray(matrix, np.float32)


def _along(image: Array, matrix: Array, axis: int) -> Array:
    """A matrix applied along an axis of a volume."""
    if axis:
        return matrix @ image if axis == 1 else image @ matrix.T
    resized = np.empty((len(matrix), *image.shape[1:]), np.float32)
    for first in range(0, len(matrix), _PLANES):
        rows = matrix[first : first + _PLANES]
        seen = np.flatnonzero(np.abs(rows).max(axis=0) > _NOTHING)
        near = slice(seen[0], seen[-1] + 1)
        resized[first : first + _PLANES] = np.tensordot(rows[:, near], image[near], 1)
    return resized
