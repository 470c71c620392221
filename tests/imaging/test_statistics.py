"""One pass over the voxels says what asking every structure for itself would say."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from heimdallr.imaging.statistics import structure_statistics
from heimdallr.imaging.volume import Array, LabelMap, Volume

AFFINE = np.array([[0.7, 0, 0, -10], [0, 0.7, 0.1, -20], [0, 0, 2.0, 5], [0, 0, 0, 1]])
NAMES = {1: "liver", 2: "spleen", 3: "aorta", 7: "urinary_bladder"}


def _labels(rng: np.random.Generator) -> Array:
    labels = np.zeros((20, 24, 16), np.uint8)
    labels[2:9, 3:12, 4:9] = 1
    labels[10:20, 5:9, 2:6] = 2
    labels[4:8, 14:20, 3:14] = 3
    labels[rng.random(labels.shape) < 0.2] = 0
    return labels


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


def test_faces_of_the_volume_a_structure_touches(rng: np.random.Generator) -> None:
    """A structure that reaches the edge of the volume is named truncated there."""
    labels = _labels(rng)
    labels[5, 15:24, 0] = 3
    image = Volume(np.zeros(labels.shape, np.int16), AFFINE)
    found = structure_statistics(LabelMap(labels, AFFINE, NAMES), image)
    assert found["liver"].truncated_at == ()
    assert found["spleen"].truncated_at == ("right",)
    assert found["aorta"].truncated_at == ("anterior", "inferior")


def test_refuses_other_grids_and_nan(rng: np.random.Generator) -> None:
    """Different grids, or NaN inside a structure, are an error and not a number."""
    labels = LabelMap(_labels(rng), AFFINE, NAMES)
    with pytest.raises(ValueError, match="same grid"):
        structure_statistics(labels, Volume(np.zeros((2, 2, 2), np.int16), AFFINE))
    with pytest.raises(ValueError, match="NaN"):
        structure_statistics(labels, Volume(np.full(labels.shape, np.nan, np.float32), AFFINE))
