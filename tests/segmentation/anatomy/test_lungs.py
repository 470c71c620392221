"""Lungs end where air ends, reach as far as it goes, and are no air cells of a skull."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.imaging.volume import Array, Volume
from heimdallr.segmentation.anatomy.lungs import lungs_by_air

NAMES = {5: "liver", 10: "lung_upper_lobe_left", 13: "lung_middle_lobe_right", 20: "colon"}
LEFT, RIGHT, COLON = 10, 13, 20
SHAPE = (60, 50, 40)
SOFT_HU, LUNG_HU, BOWEL_GAS_HU = 40, -800, -1000


def chest(spacing_mm: float = 2.0) -> tuple[Volume, Array]:
    """Two lungs in soft tissue, the left with a recess one voxel thin, and what is lung."""
    lung = np.zeros(SHAPE, np.uint8)
    lung[4:20, 10:40, 8:32] = LEFT
    lung[12, 10:40, 4:8] = LEFT
    lung[40:56, 10:40, 8:32] = RIGHT
    image = np.where(lung > 0, LUNG_HU, SOFT_HU).astype(np.int16)
    image[10, 25, 12:28] = SOFT_HU  # a vessel
    image[24:34, 20:30, 10:30] = BOWEL_GAS_HU
    return Volume(image, np.diag([spacing_mm] * 3 + [1.0])), lung


def seen(lung: Array) -> Array:
    """What a coarse network makes of it: a voxel too much of each lung, and no recess."""
    labels = lung.copy()
    labels[3:21, 9:41, 7:33] = LEFT
    labels[39:57, 9:41, 7:33] = RIGHT
    labels[12, :, :7] = 0
    labels[24:34, 20:30, 10:30] = COLON
    return labels


def test_lungs_are_what_holds_air() -> None:
    """Rims of chest wall go, the recess is found, vessels within stay, the bowel is left alone."""
    volume, lung = chest()
    coarse = seen(lung)
    found = lungs_by_air(coarse.copy(), NAMES, volume)
    assert np.array_equal(found == LEFT, lung == LEFT)
    assert np.array_equal(found == RIGHT, lung == RIGHT)
    assert np.array_equal(found == COLON, coarse == COLON)


def test_air_that_does_not_come_from_a_lung_is_none() -> None:
    """Dark air nearby stays what it is: without a connection, and gas even with one."""
    volume, lung = chest(spacing_mm=3.0)
    labels = np.where(lung == RIGHT, lung, 0).astype(np.uint8)
    apart = (slice(35, 37), slice(20, 30), slice(10, 30))
    volume.data[apart] = LUNG_HU
    gas = (slice(40, 56), slice(6, 10), slice(8, 32))
    volume.data[gas] = BOWEL_GAS_HU
    found = lungs_by_air(labels.copy(), NAMES, volume)
    assert np.array_equal(found, labels)


def test_air_is_followed_no_farther_than_the_network_can_be_wrong() -> None:
    """A lung that the network did not see is not lung because the other one touches it."""
    volume, lung = chest(spacing_mm=3.0)
    volume.data[20:40, 24:26, 20:22] = LUNG_HU  # a bridge of 60 mm
    labels = np.where(lung == RIGHT, lung, 0).astype(np.uint8)
    found = lungs_by_air(labels, NAMES, volume)
    assert found[36:40, 24:26, 20:22].all()
    assert not found[:35].any()


@pytest.mark.parametrize("cut", [False, True])
def test_air_cells_of_a_skull_are_no_lung(*, cut: bool) -> None:
    """A few cubic centimetres of air; cut by the image's edge, it may be the apex of a lung."""
    image = np.full(SHAPE, SOFT_HU, np.int16)
    cells = (slice(20, 30), slice(20, 30), slice(0 if cut else 5, 12))
    image[cells] = LUNG_HU
    labels = np.where(image == LUNG_HU, LEFT, 0).astype(np.uint8)
    volume = Volume(image, np.eye(4))
    assert lungs_by_air(labels.copy(), NAMES, volume).any() == cut
    image[cells] = BOWEL_GAS_HU
    assert not lungs_by_air(labels, NAMES, volume).any()


def test_no_lung_no_change() -> None:
    """A map without lungs comes back as it was."""
    volume, lung = chest()
    labels = np.where(lung > 0, 5, 0).astype(np.uint8)
    assert np.array_equal(lungs_by_air(labels.copy(), NAMES, volume), labels)
