"""nnU-Net's preprocessing, in memory.

The same steps in the same order as ``nnunetv2…DefaultPreprocessor.run_case_npy`` (transpose, crop
to the non-zero region, normalise, resample), without its files and process pools, and without
importing it; tests compare. One short cut is taken: the non-zero mask's holes are filled only where
a normalisation looks at the mask; filling does not move the bounding box.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from heimdallr.domain.errors import WeightsError
from heimdallr.segmentation.networks.resampling import zooms_mm
from heimdallr.segmentation.networks.resizing import resized, shape_at

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Affine, Array
    from heimdallr.segmentation.networks.plans import Normalization, Plans


_SMALLEST = 1e-8
"""Standard deviations are divided by as if they were this at least."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A network's input, and what is needed to bring its output back.

    Attributes:
        data: (C, Z, Y, X) float32, normalised, at the plans' spacing.
        box: half-open bounds of the non-zero region along the transposed axes.
        shape_before_crop: transposed shape of the image.
        shape_cropped: shape of the non-zero region at the image's own spacing.
        spacing_mm: the image's own spacing along the transposed axes.
    """

    data: Array
    box: tuple[slice, ...]
    shape_before_crop: tuple[int, ...]
    shape_cropped: tuple[int, ...]
    spacing_mm: tuple[float, ...]


def prepare(image: Array, affine: Affine, plans: Plans) -> Prepared:
    """An image as a network wants it.

    Args:
        image: (I, J, K) array in RAS+ order, HU or MR signal.
        affine: (4, 4) voxel index → RAS mm of ``image``.
        plans: of the network.

    Raises:
        WeightsError: the network wants several channels, or a normalisation or a resampling that
            nnU-Net lacks.
    """
    if plans.channels != 1:
        msg = f"the network wants {plans.channels} input channels; an image has one"
        raise WeightsError(msg, remedy="use the weights TotalSegmentator releases for this task")
    # nnU-Net reads images as SimpleITK does: last axis first
    zooms = [float(value) for value in zooms_mm(affine)[::-1]]
    spacing = tuple(zooms[axis] for axis in plans.transpose_forward)
    whole = image.transpose(2, 1, 0).transpose(plans.transpose_forward)
    box = _bounds(whole)
    data = np.array(whole[box], np.float32, order="C")  # a copy: it is normalised in place
    normalised = _normalised(data, plans.normalizations[0])
    shape = shape_at(data.shape, spacing, plans.spacing_mm)
    return Prepared(
        data=resized(normalised, shape, spacing, plans.spacing_mm, plans.resampling_data)[None],
        box=box,
        shape_before_crop=whole.shape,
        shape_cropped=data.shape,
        spacing_mm=spacing,
    )


def _bounds(image: Array) -> tuple[slice, ...]:
    """Half-open bounds of what is not zero; the whole of an image of nothing but zeros."""
    bounds = []
    for axis, size in enumerate(image.shape):
        planes = np.moveaxis(image, axis, 0)
        first = next((n for n in range(size) if planes[n].any()), 0)
        last = next((n for n in reversed(range(size)) if planes[n].any()), size - 1)
        bounds.append(slice(first, last + 1))
    return tuple(bounds)


def _normalised(data: Array, wanted: Normalization) -> Array:
    """(Z, Y, X) float32 on the scale of the network; written in place (nnU-Net's classes)."""
    known = wanted.intensities
    if wanted.scheme == "CTNormalization":
        np.clip(data, known["percentile_00_5"], known["percentile_99_5"], out=data)
        data -= known["mean"]
        data /= max(known["std"], _SMALLEST)
    elif wanted.scheme == "ZScoreNormalization":
        if wanted.masked:
            patient = ndimage.binary_fill_holes(data != 0)
            data[patient] = _standardised(data[patient])
        else:
            _standardised(data)
    elif wanted.scheme != "NoNormalization":
        return _normalised_by_nnunet(data, wanted)
    return data


def _standardised(values: Array) -> Array:
    """Values of mean 0 and standard deviation 1; written in place."""
    deviation = max(values.std(), _SMALLEST)
    values -= values.mean()
    values /= deviation
    return values


def _normalised_by_nnunet(data: Array, wanted: Normalization) -> Array:
    """nnU-Net's own function, for a normalisation that no released network of CT or MR has."""
    from nnunetv2.preprocessing.normalization import (  # noqa: PLC0415 - rarely
        default_normalization_schemes as normalizations,
    )

    kind = getattr(normalizations, wanted.scheme, None)
    if kind is None:
        msg = f"nnU-Net has no normalisation named {wanted.scheme}"
        raise WeightsError(msg, remedy="install a matching nnunetv2, or other weights")
    outside = np.zeros(data.shape, np.int8)
    if wanted.masked:
        outside[~ndimage.binary_fill_holes(data != 0)] = -1  # nnU-Net's mark
    normalisation = kind(use_mask_for_norm=wanted.masked, intensityproperties=wanted.intensities)
    return np.asarray(normalisation.run(data, outside))
