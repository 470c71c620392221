"""What TotalSegmentator does around a network: crop box, slabs, clean-up.

Each function is one rule of ``totalsegmentator.nnunet.nnUNet_predict_image``; where the rule is a
function there, that function is called. The figures are literals of that function (TotalSegmentator
2.18), typed in by hand: they have to be the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from totalsegmentator import postprocessing

from heimdallr.domain.errors import SegmentationError
from heimdallr.imaging.morphology import box_of
from heimdallr.segmentation.networks.resampling import zooms_mm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heimdallr.imaging.volume import Affine, Array, LabelMap
    from heimdallr.segmentation.tasks import Crop, Task

Box = tuple[slice, slice, slice]

SPLIT_VOXELS = 512 * 512 * 900
"""Resampled images above this are run in three slabs by tasks of several networks."""

SPLIT_SLICES = 200
"""… if they have more slices than this."""

SPLIT_MARGIN = 20
"""Slices a slab reaches into its neighbours."""

BODY_MARGIN_MM = 3.0
"""``crop_addon`` of ``totalsegmentator.python_api.totalsegmentator``, also around the body that its
``body_seg`` crops to."""

SMALLEST_EXTREMITY_MM3 = 50_000
"""Task ``body``: smaller pieces of ``body_extremities`` are dropped."""

REFINING_DILATION_MM = 2
"""``dilation_mm`` of ``postprocessing.refine_vertebrae_pp_with_body_mask`` by default."""


def crop_box(found: LabelMap, crop: Crop) -> Box | None:
    """The bounding box of a crop's structures with its margin, cut at the image's border.

    Args:
        found: label map of the crop's task, on the image's grid.
        crop: structures and margin.

    Returns:
        Half-open voxel bounds; None when none of the structures is there.

    Raises:
        SegmentationError: the label map does not know a structure.
    """
    unknown = set(crop.structures) - set(found.names.values())
    if unknown:
        msg = f"the label map for cropping has no {', '.join(sorted(unknown))}"
        raise SegmentationError(msg)
    wanted = np.zeros(256, bool)
    wanted[[found.number(name) for name in crop.structures]] = True
    return _box_around(wanted[found.data], np.array(crop.margin_mm), found.affine)


def body_box(body: Array, affine: Affine) -> Box | None:
    """The bounding box of the patient with :data:`BODY_MARGIN_MM` around it; None: nobody is there.

    Args:
        body: (I, J, K) where the patient is.
        affine: (4, 4) of the image.
    """
    return _box_around(body > 0, np.full(3, BODY_MARGIN_MM), affine)


def _box_around(mask: Array, margin_mm: Array, affine: Affine) -> Box | None:
    """The bounding box of a mask with a margin, cut at the image's border."""
    found = box_of(mask)
    if found is None:
        return None
    margins = (margin_mm / zooms_mm(affine)).astype(int)
    i, j, k = (
        slice(max(side.start - int(margin), 0), min(side.stop + int(margin), size))
        for side, margin, size in zip(found, margins, mask.shape, strict=True)
    )
    return i, j, k


def cropped_affine(affine: Affine, box: Box) -> Affine:
    """Affine of the part of an image inside a box."""
    moved = affine.copy()
    moved[:3, 3] = (affine @ [box[0].start, box[1].start, box[2].start, 1])[:3]
    return moved


def slabs(shape: tuple[int, ...], *, several: bool) -> Iterator[tuple[slice, slice]]:
    """Slices to run at once, and which of them to keep.

    Very large images are run in three overlapping slabs when a task has several networks.

    Args:
        shape: (I, J, K) of the resampled image.
        several: whether the task has several networks.

    Yields:
        Slices of the image, and the part of those slices (counted from the first) that is kept.
    """
    slices = shape[2]
    if not (several and np.prod(shape) > SPLIT_VOXELS and slices > SPLIT_SLICES):
        yield slice(0, slices), slice(0, slices)
        return
    third, margin = slices // 3, SPLIT_MARGIN
    yield slice(0, third + margin), slice(0, third)
    first = third + 1 - margin
    yield slice(first, 2 * third + margin), slice(margin - 1, 2 * third - first)
    first = 2 * third + 1 - margin
    yield slice(first, slices), slice(margin - 1, slices - first)


def cleaned(labels: Array, task: Task, affine: Affine) -> Array:
    """A task's own clean-up at the resolution of its networks.

    Args:
        labels: (I, J, K) uint8; may be changed in place.
        task: the task.
        affine: (4, 4) voxel index → RAS mm of ``labels``.
    """
    zooms = zooms_mm(affine)
    voxel_mm3 = np.prod(zooms)
    names = dict(task.names)
    if task.family == "body":
        labels = postprocessing.keep_largest_blob_multilabel(
            labels, names, ["body_trunc"], quiet=True
        )
        labels = postprocessing.remove_small_blobs_multilabel(
            labels,
            names,
            ["body_extremities"],
            interval=[SMALLEST_EXTREMITY_MM3 / voxel_mm3, 1e10],
            quiet=True,
        )
    if task.family in ("vertebrae_pp", "vertebrae_pp_refined"):
        labels = _separated_vertebrae(labels, names, zooms)
    return np.asarray(labels, np.uint8)


def _separated_vertebrae(labels: Array, names: dict[int, str], zooms: Array) -> Array:
    """Vertebral bodies renumbered where labels leaked into a neighbour, then grown back."""
    spacing = tuple(zooms)
    try:
        found = postprocessing.postprocess_vertebrae_pp(
            labels.copy(), names, voxel_volume=np.prod(zooms), voxel_spacing=spacing
        )
    except IndexError:
        # TotalSegmentator 2.18 fails on a single body of mixed labels: there is no neighbour to
        # tell it from, so it keeps its labels
        found = postprocessing.dilate_vertebrae_labels(labels, names, voxel_spacing=spacing)
    return np.asarray(found)


def kept_inside(labels: Array, found: LabelMap, task: Task) -> Array:
    """Remove labels far from the structures a task belongs to.

    Args:
        labels: (I, J, K) uint8 on the image's grid; changed in place.
        found: label map of the crop's task, same grid.
        task: names the structures and the distance.
    """
    mask = np.zeros(labels.shape, bool)
    for name in task.keep_inside:
        mask |= found.mask(name)
    # rounded as TotalSegmentator does, with the mean voxel size
    voxels = int(task.keep_inside_mm / np.mean(zooms_mm(found.affine)))
    return np.asarray(postprocessing.remove_outside_of_mask(labels, mask, addon=voxels))


def refined(labels: Array, bodies: LabelMap, task: Task) -> Array:
    """Sharpen vertebral body labels by the foreground of ``vertebrae_body``."""
    return np.asarray(
        postprocessing.refine_vertebrae_pp_with_body_mask(
            labels,
            bodies.data,
            dict(task.names),
            voxel_spacing=tuple(zooms_mm(bodies.affine)),
            dilation_mm=REFINING_DILATION_MM,
        ),
        np.uint8,
    )
