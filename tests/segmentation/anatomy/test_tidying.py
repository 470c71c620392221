"""Stray pieces and fatty rims go, organs and bowel loops stay."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.imaging.volume import Volume
from heimdallr.segmentation.anatomy.tidying import (
    on_their_sides,
    tidied,
    within_windows,
    without_bone_marrow,
    without_strays,
)

NAMES = {1: "liver", 2: "colon", 3: "kidney_left", 4: "vertebrae_L3"}


def test_a_speck_of_an_organ_goes_and_the_organ_stays() -> None:
    """A small second piece is dropped, a large one is kept, other labels are untouched."""
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[2:12, 2:12, 2:12] = 1
    labels[30:34, 30:34, 30:34] = 1  # 64 of 1000 voxels: a stray
    labels[20:30, 2:10, 2:10] = 3
    labels[20:30, 20:26, 2:10] = 3  # three quarters of the largest: kept
    cleaned = without_strays(labels, NAMES, voxel_mm3=27.0)
    expected = labels.copy()
    expected[30:34, 30:34, 30:34] = 0
    assert np.array_equal(cleaned, expected)
    assert labels[31, 31, 31] == 1


def test_bowel_comes_in_pieces() -> None:
    """Of the colon only specks are dropped."""
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[2:22, 2:22, 2:22] = 2
    labels[30:34, 30:34, 30:34] = 2  # 64 voxels of 27 mm3 = 1.7 cm3: a loop
    labels[30:32, 2:4, 2:3] = 2  # 4 voxels = 0.1 cm3: a speck
    cleaned = without_strays(labels, NAMES, voxel_mm3=27.0)
    assert cleaned[31, 31, 31] == 2
    assert cleaned[31, 3, 2] == 0


def test_a_vertebra_is_one_piece_and_bleeds_may_be_several() -> None:
    """Of two pieces of a vertebra the larger stays; of a bleed only specks are dropped."""
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[2:12, 2:12, 2:12] = 4
    labels[20:29, 2:12, 2:12] = 4
    cleaned = without_strays(labels, NAMES, voxel_mm3=27.0)
    assert (cleaned[2:12, 2:12, 2:12] == 4).all()
    assert not cleaned[20:29].any()
    labels[:] = 0
    labels[2:22, 2:22, 2:22] = 1
    labels[30:39, 30:39, 30:39] = 1  # 0.7 of 8 cm3
    labels[30:35, 2:5, 2:5] = 1  # 0.05 cm3
    cleaned = without_strays(labels, {1: "intracerebral_hemorrhage"}, voxel_mm3=1.0)
    assert cleaned[34, 34, 34] == 1
    assert not cleaned[30:35, 2:5, 2:5].any()


def test_touching_structures_are_told_apart() -> None:
    """A stray that touches another organ is still a stray; an empty map stays empty."""
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[:10] = 3
    labels[10:12, :2, :2] = 1
    labels[15:19] = 1
    assert not (without_strays(labels, NAMES, voxel_mm3=27.0)[10:12] == 1).any()
    empty = np.zeros((4, 4, 4), np.uint8)
    assert not without_strays(empty, NAMES, voxel_mm3=27.0).any()


def test_the_fatty_rim_of_a_kidney_goes(rng: np.random.Generator) -> None:
    """A mask one voxel too large on every side is trimmed to the organ; a liver's is not."""
    image = rng.normal(-100, 15, (30, 30, 30)).astype(np.float32)
    image[8:20, 8:20, 8:20] += 135
    for number, trimmed in ((3, True), (1, False)):
        labels = np.zeros(image.shape, np.uint8)
        labels[7:21, 7:21, 7:21] = number
        cleaned = within_windows(labels, NAMES, Volume(image, np.diag([2.0, 2.0, 2.0, 1.0])))
        organ = np.zeros(image.shape, bool)
        organ[8:20, 8:20, 8:20] = True
        wrong = np.count_nonzero((cleaned == number) != organ)
        assert (wrong < 0.03 * organ.sum()) == trimmed


def test_a_bleed_is_told_from_brain_and_bone(rng: np.random.Generator) -> None:
    """A mask drawn too large around a bleed beside the skull comes down to the bleed."""
    image = rng.normal(34, 4, (40, 40, 40)).astype(np.float32)
    image[10:25, 10:25, 10:25] += 30
    image[28:] = 900
    labels = np.zeros(image.shape, np.uint8)
    labels[8:30, 8:27, 8:27] = 1
    volume = Volume(image, np.diag([1.0, 1.0, 1.0, 1.0]))
    cleaned = within_windows(labels, {1: "intracerebral_hemorrhage"}, volume)
    assert abs(np.count_nonzero(cleaned[:26]) / 15**3 - 1) < 0.15
    assert not cleaned[28:].any()


def test_marrow_is_no_bleed() -> None:
    """A small piece within the skull base goes; in the brain, and large ones, stay."""
    image = np.full((60, 60, 30), 34, np.float32)
    image[40:] = 800
    image[48:54, 20:30, 10:20] = 70
    image[10:20, 20:30, 10:20] = 70
    image[30:39, 40:50, 10:20] = 70
    labels = (image == 70).astype(np.uint8)
    cleaned = without_bone_marrow(labels.copy(), Volume(image, np.diag([1.0, 1.0, 1.0, 1.0])))
    assert not cleaned[48:54].any()
    large = without_bone_marrow(labels.copy(), Volume(image, np.diag([2.0, 2.0, 2.0, 1.0])))
    assert np.array_equal(large, labels)
    assert np.array_equal(cleaned[:40], labels[:40])


def test_nothing_is_labelled_outside_the_body() -> None:
    """A liver that goes on into the couch ends at the skin."""
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[5:15, 2:18, 5:15] = 1
    body = np.zeros(labels.shape, bool)
    body[:, 6:] = True
    image = Volume(np.full(labels.shape, 40, np.int16), np.diag([3.0, 3.0, 3.0, 1.0]))
    assert np.array_equal(tidied(labels.copy(), NAMES, image, body), labels * body)
    assert np.array_equal(tidied(labels.copy(), NAMES, image), labels)


@pytest.mark.parametrize("turned", [0.0, 10.0])
def test_a_limb_is_named_for_its_side(turned: float) -> None:
    """A piece of the left arm beyond the spine is the right arm's; kidneys and the rest stay."""
    kinds = ("humerus_left", "humerus_right", "kidney_left", "kidney_right", "vertebrae_L3")
    names = dict(enumerate((*kinds, "gluteus_maximus_left", "gluteus_maximus_right"), start=1))
    labels = np.zeros((60, 40, 40), np.uint8)
    labels[28:33, 10:20, 5:35] = 5
    labels[2:8, 10:16, 5:35] = labels[54:58, 10:16, 5:15] = 1
    labels[54:58, 10:16, 15:35] = 2
    labels[40:48, 20:30, 5:15] = 3  # situs inversus is no mistake
    labels[30:36, 2:8, 5:15] = 6  # a little beyond the middle
    expected = labels.copy()
    expected[54:58, 10:16, 5:15] = 2
    turn = np.deg2rad(turned)
    affine = np.diag([5.0, 5.0, 5.0, 1.0])
    affine[:2, :2] = 5.0 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    affine[:3, 3] = (-700.0, 20.0, 5.0)
    assert np.array_equal(on_their_sides(labels.copy(), names, affine), expected)


def test_without_a_spine_no_side_is_known() -> None:
    """A shoulder alone in the image keeps its name."""
    labels = np.zeros((40, 20, 20), np.uint8)
    labels[2:5], labels[30:35] = 1, 1
    names = {1: "humerus_left", 2: "humerus_right"}
    assert np.array_equal(on_their_sides(labels.copy(), names, np.eye(4) * 5), labels)
