"""Planes of voxels between two planes of the patient."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.domain.study import Unseen
from heimdallr.imaging.slabs import Slab, bridged, emptied, gaps_in, slab_of
from heimdallr.imaging.volume import Array, LabelMap, Volume

AXIAL = np.array([[0.7, 0, 0, -100], [0, 0.7, 0, -90], [0, 0, 5.0, -300], [0, 0, 0, 1]])
SHAPE = (30, 30, 20)


@pytest.mark.parametrize(
    ("normal", "low_mm", "high_mm"), [((0, 0, 1), -262.5, -252.5), ((0, 0, -1), 252.5, 262.5)]
)
def test_slices_whose_centres_lie_in_a_part(
    normal: tuple[float, float, float], low_mm: float, high_mm: float
) -> None:
    """Centres at -260 and -255 mm; the normal may point either way."""
    assert slab_of(Unseen(normal, low_mm, high_mm, 2), AXIAL) == Slab(2, 8, 10)


def test_sagittal_slices_lie_across_the_first_axis() -> None:
    """Left and right of an MR of the spine."""
    sagittal = np.array([[4.0, 0, 0, -40], [0, 0.7, 0, -90], [0, 0, 0.7, -90], [0, 0, 0, 1]])
    assert slab_of(Unseen((-1, 0, 0), 6, 14, 2), sagittal) == Slab(0, 7, 9)


def test_tilted_slices_are_counted_along_their_normal() -> None:
    """The gantry leant; the grid's third axis is the normal."""
    angle = np.deg2rad(20)
    normal = (0.0, float(np.sin(angle)), float(np.cos(angle)))
    affine = np.eye(4)
    affine[:3, 1] = (0, np.cos(angle), -np.sin(angle))
    affine[:3, 2] = 5 * np.array(normal)
    assert slab_of(Unseen(normal, 47.5, 57.5, 2), affine) == Slab(2, 10, 12)


def test_only_what_has_slices_on_both_sides_is_a_gap() -> None:
    """What lies beyond the ends of the volume is not in it."""
    parts = [
        Unseen((0, 0, 1), low, high, 2)
        for low, high in [(-400, -302.5), (-262.5, -252.5), (-202.5, 0)]
    ]
    assert gaps_in(SHAPE, AXIAL, parts) == (Slab(2, 8, 10),)


def test_nothing_is_labelled_in_a_gap() -> None:
    """The map that was given stays as it was."""
    whole = LabelMap(np.ones(SHAPE, np.uint8), AXIAL, {1: "liver"})
    made = emptied(whole, [Slab(2, 8, 10)])
    assert made.data[:, :, 8:10].max() == 0
    assert made.data[:, :, [7, 10]].min() == 1
    assert whole.data.min() == 1


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
@pytest.mark.parametrize("axis", [0, 2])
def test_a_gap_is_bridged_from_side_to_side(dtype: type, axis: int) -> None:
    """Evenly, across whichever axis; the image that was given stays empty there."""
    whole = 10 * np.indices((12, 12, 12))[axis]
    gap = Slab(axis, 4, 7)
    data: Array = whole.astype(dtype)
    data[gap.index] = -1024
    made = bridged(Volume(data, np.eye(4)), [gap])
    assert made.data.dtype == dtype
    assert np.array_equal(made.data, whole)
    assert (data == -1024).sum() == 3 * 12 * 12
