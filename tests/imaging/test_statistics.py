"""One pass over the voxels says what asking every structure for itself would say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from heimdallr.imaging.slabs import Slab
from heimdallr.imaging.statistics import (
    StructureStatistics,
    cuts,
    statistics_in,
    structure_statistics,
)
from heimdallr.imaging.volume import Array, LabelMap, Volume

if TYPE_CHECKING:
    from collections.abc import Mapping

AFFINE = np.array([[0.7, 0, 0, -10], [0, 0.7, 0.1, -20], [0, 0, 2.0, 5], [0, 0, 0, 1]])
NAMES = {1: "liver", 2: "spleen", 3: "aorta", 7: "urinary_bladder"}


def _labels(rng: np.random.Generator) -> Array:
    labels = np.zeros((20, 24, 16), np.uint8)
    labels[2:9, 3:12, 4:9] = 1
    labels[10:20, 5:9, 2:6] = 2
    labels[4:8, 14:20, 3:14] = 3
    labels[rng.random(labels.shape) < 0.2] = 0
    return labels


def _statistics(labels: Array) -> Mapping[str, StructureStatistics]:
    image = Volume(np.zeros(labels.shape, np.int16), AFFINE)
    return structure_statistics(LabelMap(labels, AFFINE, NAMES), image)


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.int32], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_equals_the_definition(
    rng: np.random.Generator, dtype: type, order: Literal["C", "F"]
) -> None:
    """Every figure equals numpy's own on the masked voxels, for any type and memory order."""
    labels = np.asarray(_labels(rng), order=order)
    values: Array = rng.normal(40, 100, labels.shape).astype(dtype)
    if dtype is np.int32:
        values[0, 0, 0] = 2**30  # too wide for a histogram: the sorting path
    values = np.asarray(values, order=order)
    found = structure_statistics(LabelMap(labels, AFFINE, NAMES), Volume(values, AFFINE))
    assert list(found) == ["liver", "spleen", "aorta"]
    for number, name in ((1, "liver"), (2, "spleen"), (3, "aorta")):
        mask = labels == number
        inside, one = values[mask].astype(float), found[name]
        assert one.voxels == mask.sum()
        assert one.volume_cm3 == pytest.approx(mask.sum() * 0.7 * 0.7 * 2 / 1000)
        assert one.mean == pytest.approx(inside.mean())
        assert one.std == pytest.approx(inside.std())
        assert one.median == np.median(inside)
        assert (one.minimum, one.maximum) == (inside.min(), inside.max())
        where = np.argwhere(mask)
        assert one.centroid_ijk == pytest.approx(where.mean(axis=0), abs=1e-4)
        assert one.bbox_min_ijk == tuple(where.min(axis=0))
        assert one.bbox_max_ijk == tuple(where.max(axis=0))


def test_an_absent_structure_has_no_statistics(rng: np.random.Generator) -> None:
    """A structure without a voxel is missing from the result; it never shows up as zero."""
    labels = _labels(rng)
    image = Volume(np.zeros(labels.shape, np.int16), AFFINE)
    assert "urinary_bladder" not in structure_statistics(LabelMap(labels, AFFINE, NAMES), image)


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.int32, np.float32], ids=str)
def test_some_structures_alone_have_the_very_same_statistics(
    rng: np.random.Generator, dtype: type
) -> None:
    """To the last digit, in any box; ``None`` for values that are not counted."""
    labels = _labels(rng)
    labels[:, :, 0] = 3
    image = Volume(rng.normal(100, 30, labels.shape).clip(0, 255).astype(dtype), AFFINE)
    label_map, gaps = LabelMap(labels, AFFINE, NAMES), [Slab(2, 14, 16)]
    every = structure_statistics(label_map, image, gaps)
    whole = (slice(0, 20), slice(0, 24), slice(0, 16))
    tight = (slice(2, 9), slice(3, 12), slice(4, 9))

    found = statistics_in(label_map, image, {1: tight, 3: whole, 7: whole}, gaps)

    if dtype in {np.int16, np.uint8}:
        assert found == {name: every[name] for name in ("liver", "aorta")}
    else:
        assert found is None


def test_faces_of_the_volume_that_cut_a_structure(rng: np.random.Generator) -> None:
    """Where a structure reaches the edge of the volume, with how much of its section lies there."""
    labels = _labels(rng)
    labels[4:8, 14:24, 0] = 3
    found = _statistics(labels)
    assert found["liver"].truncated_at == ()
    assert found["spleen"].truncated_at == ("right",)
    assert found["aorta"].truncated_at == ("anterior", "inferior")
    mask = labels == 3
    assert found["aorta"].cuts["inferior"] == mask[:, :, 0].sum() / mask.sum(axis=(0, 1)).max()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("on_the_face", "cut"), [(0, ()), (7, ()), (8, ("superior",))])
def test_a_tip_on_the_last_slice_is_not_a_cut_organ(
    order: Literal["C", "F"], on_the_face: int, cut: tuple[str, ...]
) -> None:
    """Two percent of the largest section, 8 of 400 pixels, is where a cut begins."""
    labels = np.zeros((30, 30, 12), np.uint8)
    labels[5:25, 5:25, 3:11] = 1
    labels[10, 10 : 10 + on_the_face, 11] = 1
    found = _statistics(np.asarray(labels, order=order))
    assert found["liver"].truncated_at == cut
    if cut:
        assert found["liver"].cuts == {"superior": 0.02}


def test_eleven_voxels_of_a_liver_on_the_last_slice_leave_it_whole() -> None:
    """As seen: 11 voxels of 339,979 refused the volume of a whole liver."""
    along = np.array([0, *[9713] * 35, 13, 11])
    along[-1] = 11
    everywhere = np.zeros(512, int)
    everywhere[100:200] = 3400
    assert cuts((everywhere, everywhere, along)) == {}


def test_a_structure_at_a_gap_is_cut_there() -> None:
    """What lies in slices that no image shows is not known; a structure beside them goes on."""
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[4:9, 4:9, 2:10] = 1
    labels[12:15, 4:9, 2:9] = 2
    image = Volume(np.zeros(labels.shape, np.int16), AFFINE)
    gap = Slab(axis=2, start=10, stop=13)
    found = structure_statistics(LabelMap(labels, AFFINE, NAMES), image, [gap])
    assert found["liver"].cuts == {"gap": 1.0}
    assert found["spleen"].cuts == {}


def test_refuses_other_grids_and_nan(rng: np.random.Generator) -> None:
    """Different grids, or NaN inside a structure, are an error and not a number."""
    labels = LabelMap(_labels(rng), AFFINE, NAMES)
    with pytest.raises(ValueError, match="same grid"):
        structure_statistics(labels, Volume(np.zeros((2, 2, 2), np.int16), AFFINE))
    with pytest.raises(ValueError, match="NaN"):
        structure_statistics(labels, Volume(np.full(labels.shape, np.nan, np.float32), AFFINE))
