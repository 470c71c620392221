"""nnU-Net's preprocessing, in memory.

The same steps in the same order as ``nnunetv2…DefaultPreprocessor.run_case_npy`` (transpose, crop
to the non-zero region, normalise, resample), built from nnU-Net's own functions, without its files
and process pools. One short cut is taken: the non-zero mask's holes are filled only where a
normalisation looks at the mask; filling does not move the bounding box.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from acvl_utils.cropping_and_padding.bounding_boxes import (
    bounding_box_to_slice,
    get_bbox_from_mask,
)
from nnunetv2.preprocessing.cropping.cropping import create_nonzero_mask
from nnunetv2.preprocessing.normalization import default_normalization_schemes as normalizations
from nnunetv2.preprocessing.resampling.default_resampling import compute_new_shape

from heimdallr.domain.errors import WeightsError
from heimdallr.segmentation.networks.resampling import zooms_mm

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Affine, Array
    from heimdallr.segmentation.networks.network import Network


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


def prepare(image: Array, affine: Affine, network: Network) -> Prepared:
    """An image as a network wants it.

    Args:
        image: (I, J, K) array in RAS+ order, HU or MR signal.
        affine: (4, 4) voxel index → RAS mm of ``image``.
        network: whose plans to follow.

    Raises:
        WeightsError: the network wants several channels, or a normalisation nnU-Net lacks.
    """
    if network.channels != 1:
        msg = f"the network wants {network.channels} input channels; an image has one"
        raise WeightsError(msg, remedy="use the weights TotalSegmentator releases for this task")
    forward = list(network.plans.transpose_forward)
    # nnU-Net reads images as SimpleITK does: last axis first
    spacing = [float(value) for value in zooms_mm(affine)[::-1]]
    spacing = [spacing[axis] for axis in forward]
    data = image.transpose(2, 1, 0).transpose(forward)[None]
    shape_before_crop = data.shape[1:]
    box = bounding_box_to_slice(get_bbox_from_mask(data[0] != 0))
    data = np.ascontiguousarray(data[(slice(None), *box)], dtype=np.float32)
    if data.base is not None or np.shares_memory(data, image):
        data = data.copy()  # normalisation writes in place
    shape_cropped = data.shape[1:]
    data = _normalised(data, network)
    target = _target_spacing(network, spacing)
    # a stack thinner than half a voxel of the network is still one voxel thick
    new_shape = np.maximum(compute_new_shape(shape_cropped, spacing, target), 1)
    data = network.configuration.resampling_fn_data(data, new_shape, spacing, target)
    return Prepared(
        data=np.asarray(data, dtype=np.float32),
        box=tuple(box),
        shape_before_crop=shape_before_crop,
        shape_cropped=shape_cropped,
        spacing_mm=tuple(spacing),
    )


def _target_spacing(network: Network, spacing: list[float]) -> list[float]:
    target = [float(value) for value in network.configuration.spacing]
    return target if len(target) == len(spacing) else [spacing[0], *target]


def _normalised(data: Array, network: Network) -> Array:
    configuration = network.configuration
    by_channel: dict[str, Any] = network.plans.foreground_intensity_properties_per_channel
    outside = np.zeros(data.shape[1:], np.int8)
    if any(configuration.use_mask_for_norm):
        outside[~create_nonzero_mask(data)] = -1  # nnU-Net's mark for "outside the patient"
    for channel, scheme in enumerate(configuration.normalization_schemes):
        kind = getattr(normalizations, scheme, None)
        if kind is None:
            msg = f"nnU-Net has no normalisation named {scheme}"
            raise WeightsError(msg, remedy="install a matching nnunetv2, or other weights")
        normalisation = kind(
            use_mask_for_norm=configuration.use_mask_for_norm[channel],
            intensityproperties=by_channel[str(channel)],
        )
        data[channel] = normalisation.run(data[channel], outside)
    return data
