"""``labels.json`` tells the truth about where structures are."""

from __future__ import annotations

import numpy as np
import pytest
from publishing_cases import TRUNK_AFFINE, TRUNK_NAMES, trunk_arrays

from heimdallr.domain.statements import Statement
from heimdallr.imaging.volume import LabelMap, Volume
from heimdallr.publishing.label_maps import describe, describe_map, describe_structures
from heimdallr.publishing.schema import Labels, coded

OBLIQUE = np.array(
    [[0.8, -0.1, 0.2, -90.0], [0.1, 0.8, 0.1, -80.0], [-0.2, -0.1, 2.9, 400.0], [0, 0, 0, 1]]
)


def test_every_structure_is_where_its_voxels_are() -> None:
    """Counts, boxes, centroids and millimetres, computed once more the slow way."""
    rng = np.random.default_rng(3)
    labels = rng.choice(np.array([0, 1, 5, 31], np.uint8), (9, 8, 7), p=[0.9, 0.05, 0.04, 0.01])
    names = {1: "spleen", 5: "liver", 31: "vertebrae_L1", 40: "vertebrae_T4"}
    record = describe_map("total", "total", LabelMap(labels, OBLIQUE, names))
    assert [one.label for one in record.structures] == [1, 5, 31]
    for one in record.structures:
        voxels = np.argwhere(labels == one.label)
        assert one.structure == names[one.label]
        assert one.voxels == len(voxels)
        assert one.bbox_min_ijk == tuple(voxels.min(axis=0))
        assert one.bbox_max_ijk == tuple(voxels.max(axis=0))
        assert one.centroid_ijk == pytest.approx(voxels.mean(axis=0), abs=1e-3)
        world = OBLIQUE[:3, :3] @ voxels.mean(axis=0) + OBLIQUE[:3, 3]
        assert one.centroid_ras_mm == pytest.approx(world, abs=1e-3)
        counts = np.bincount(voxels[:, 2])
        assert counts[one.largest_slice] == counts.max()


def test_a_position_lies_inside_and_on_the_largest_slice() -> None:
    """A ring, whose centroid is a hole; two pieces, whose centroid is between them."""
    labels = np.zeros((40, 40, 12), np.uint8)
    i, j = np.indices((40, 40)) - 20
    ring = (np.hypot(i, j) > 10) & (np.hypot(i, j) < 14)
    labels[ring, 3:6] = 1
    labels[:, :, 4][np.hypot(i, j) < 15] = np.where(ring, 1, 0)[np.hypot(i, j) < 15]
    labels[2:5, 2:5, 8:10] = 2
    labels[30:38, 30:38, 9] = 2
    record = describe_map("total", "total", LabelMap(labels, OBLIQUE, {1: "colon", 2: "liver"}))
    ring_record, pieces = record.structures
    for one in record.structures:
        assert labels[one.position_ijk] == one.label
        assert one.position_ijk[2] == one.largest_slice
        world = OBLIQUE[:3, :3] @ one.position_ijk + OBLIQUE[:3, 3]
        assert one.position_ras_mm == pytest.approx(world, abs=1e-3)
    assert labels[tuple(round(along) for along in ring_record.centroid_ijk)] == 0
    assert pieces.largest_slice == 9


def test_the_order_in_memory_does_not_matter() -> None:
    """The same records however the voxels lie."""
    organs = trunk_arrays()[1]
    records = [
        describe_map("total", "total", LabelMap(data, TRUNK_AFFINE, TRUNK_NAMES))
        for data in (np.ascontiguousarray(organs), np.asfortranarray(organs), organs[::-1][::-1])
    ]
    assert records[0] == records[1] == records[2]
    liver = next(one for one in records[0].structures if one.structure == "liver")
    assert (liver.name, liver.colour, liver.group) == ("Liver", (188, 96, 76), "organs")


def test_what_is_not_believed_says_why() -> None:
    """The reasons stand beside the structure, in words and coded; the others have none."""
    organs = LabelMap(trunk_arrays()[1], TRUNK_AFFINE, TRUNK_NAMES)
    why = Statement("unsure", {"structure": "liver", "confidence": 0.41})
    record = describe_map("total", "total", organs, {"liver": (why,)})
    doubted = {one.structure: one for one in record.structures if one.doubts}
    assert set(doubted) == {"liver"}
    assert doubted["liver"].doubts == [why.text]
    assert doubted["liver"].doubts_coded == [coded(why)]


def test_some_structures_are_described_as_all_are() -> None:
    """In any box that holds them; one without a voxel is not described."""
    organs = LabelMap(trunk_arrays()[1], TRUNK_AFFINE, TRUNK_NAMES)
    every = {
        one.label: one for one in describe_map("total", "total", organs).structures if one.label < 6
    }
    i, j, k = (slice(0, length) for length in organs.shape)
    low, high = every[5].bbox_min_ijk, every[5].bbox_max_ijk
    tight = slice(low[0], high[0] + 1), slice(low[1], high[1] + 1), slice(low[2], high[2] + 1)

    found = describe_structures(organs, {5: tight, 3: (i, j, k), 32: (i, j, slice(0, 1))})

    assert found == {5: every[5], 3: every[3]}


def test_an_empty_map_has_no_structures() -> None:
    """Nothing segmented is no structure of 0 voxels."""
    empty = LabelMap(np.zeros((4, 4, 4), np.uint8), np.eye(4), TRUNK_NAMES)
    assert describe_map("total", "total", empty).structures == []


def test_the_file_reads_back() -> None:
    """JSON and back, shape and affine too."""
    organs = LabelMap(trunk_arrays()[1], TRUNK_AFFINE, TRUNK_NAMES)
    image = Volume(trunk_arrays()[0], TRUNK_AFFINE)
    labels = describe(image, [describe_map("total", "total", organs)])
    assert Labels.model_validate_json(labels.model_dump_json()) == labels
    assert labels.shape == image.shape
    assert np.array_equal(labels.affine, TRUNK_AFFINE)
