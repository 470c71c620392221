"""Crop boxes, slabs and clean-up follow TotalSegmentator."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
from tiny_networks import noisy_body
from totalsegmentator.cropping import crop_to_mask

from heimdallr.domain.errors import SegmentationError
from heimdallr.imaging.volume import LabelMap
from heimdallr.segmentation import crop_and_clean
from heimdallr.segmentation.tasks import Crop, task


@pytest.mark.parametrize("margin_mm", [(0.0, 0.0, 0.0), (3.0, 3.0, 3.0), (20.0, 20.0, 20.0)])
def test_crop_box_is_totalsegmentators(margin_mm: tuple[float, float, float]) -> None:
    """Same box, same affine, margins cut at the image's border."""
    volume = noisy_body((20, 22, 24))
    labels = np.zeros(volume.shape, np.uint8)
    labels[5:9, 10:12, 18:23] = 1
    labels[11, 4, 20] = 2
    found = LabelMap(labels, volume.affine, {1: "brain", 2: "skull", 3: "liver"})
    crop = Crop(("brain", "skull"), "total_fastest", margin_mm)
    box = crop_and_clean.crop_box(found, crop)
    assert box is not None
    image = nib.Nifti1Image(volume.data, volume.affine)
    mask = nib.Nifti1Image((labels > 0).astype(np.uint8), volume.affine)
    expected, bounds = crop_to_mask(image, mask, addon=margin_mm)
    assert [[side.start, side.stop] for side in box] == bounds
    np.testing.assert_array_equal(volume.data[box], np.asanyarray(expected.dataobj))
    moved = crop_and_clean.cropped_affine(volume.affine, box)
    np.testing.assert_allclose(moved, expected.affine)


def test_an_absent_structure_gives_no_box_and_an_unknown_one_an_error() -> None:
    """A structure that is not there and one never heard of are different answers."""
    volume = noisy_body((8, 8, 8))
    found = LabelMap(np.zeros(volume.shape, np.uint8), volume.affine, {1: "brain"})
    assert crop_and_clean.crop_box(found, Crop(("brain",), "total", (3.0, 3.0, 3.0))) is None
    with pytest.raises(SegmentationError, match="has no spleen"):
        crop_and_clean.crop_box(found, Crop(("spleen",), "total", (3.0, 3.0, 3.0)))


def test_slabs_are_put_together_as_totalsegmentator_does() -> None:
    """Three overlapping thirds cover every slice once."""
    shape, slices = (600, 600, 700), np.arange(700)
    parts = list(crop_and_clean.slabs(shape, several=True))
    third, margin = 700 // 3, 20
    assert [(part.start, part.stop) for part, _ in parts] == [
        (0, third + margin),
        (third + 1 - margin, 2 * third + margin),
        (2 * third + 1 - margin, 700),
    ]
    kept = np.concatenate([slices[part][keep] for part, keep in parts])
    np.testing.assert_array_equal(kept, slices)


def test_small_images_and_single_networks_are_run_whole() -> None:
    """Only tasks of several networks split very large images."""
    whole = [(slice(0, 700), slice(0, 700))]
    assert list(crop_and_clean.slabs((600, 600, 700), several=False)) == whole
    assert list(crop_and_clean.slabs((100, 100, 700), several=True)) == whole


def test_only_the_largest_trunk_is_kept() -> None:
    """Task ``body`` drops stray pieces of the trunk and small extremities."""
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[5:30, 5:30, 5:30] = 1
    labels[35:37, 35:37, 35:37] = 1
    labels[33:36, 2:5, 2:5] = 2
    cleaned = crop_and_clean.cleaned(
        labels.copy(), task("body_fast"), np.diag([6.0, 6.0, 6.0, 1.0])
    )
    assert (cleaned == 1).sum() == 25**3
    assert not (cleaned == 2).any()
    kept = crop_and_clean.cleaned(labels.copy(), task("total_fast"), np.diag([6.0, 6.0, 6.0, 1.0]))
    np.testing.assert_array_equal(kept, labels)


def test_labels_far_from_their_structures_are_removed() -> None:
    """``heartchambers_highres`` keeps labels within 10 mm of the heart and its great vessels."""
    chambers = task("heartchambers_highres")
    names = {1: "heart", 2: "aorta", 3: "inferior_vena_cava"}
    found = np.zeros((30, 10, 10), np.uint8)
    found[5:8] = 1
    labels = np.ones((30, 10, 10), np.uint8)
    kept = crop_and_clean.kept_inside(
        labels, LabelMap(found, np.diag([2.0, 2.0, 2.0, 1.0]), names), chambers
    )
    present = np.flatnonzero(kept.any(axis=(1, 2)))
    assert (present[0], present[-1]) == (0, 12)
