"""Erosion, dilation and diameters, against brute force and scipy."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from analysis_bodies import rotation
from scipy.ndimage import distance_transform_edt

from heimdallr.imaging.morphology import (
    dilated,
    eroded,
    in_plane_area_mm2,
    label_boxes,
    largest_diameter_mm,
    slice_distance_mm,
)


def blob(rng: np.random.Generator) -> np.ndarray:
    """A ragged mask away from the border."""
    mask = np.zeros((24, 22, 18), dtype=bool)
    mask[6:18, 6:16, 5:13] = rng.random((12, 10, 8)) < 0.9
    return mask


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 0.9, 2.5), (3.0, 3.0, 3.0)])
@pytest.mark.parametrize("radius_mm", [0.5, 2.0, 3.0])
def test_a_ball_agrees_with_the_distance_transform(
    rng: np.random.Generator, spacing: tuple[float, float, float], radius_mm: float
) -> None:
    """On orthogonal grids erosion and dilation are thresholds of the Euclidean distance."""
    mask = blob(rng)
    affine = np.diag([*spacing, 1.0])
    inside = distance_transform_edt(mask, sampling=spacing)
    outside = distance_transform_edt(~mask, sampling=spacing)

    assert np.array_equal(eroded(mask, affine, radius_mm), inside > radius_mm)
    assert np.array_equal(dilated(mask, affine, radius_mm), outside <= radius_mm)


def test_a_sheared_grid_keeps_its_ball(rng: np.random.Generator) -> None:
    """With gantry tilt the ball is sheared in voxels; brute force over all pairs agrees."""
    mask = blob(rng)
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    affine[1, 2] = 0.8  # each slice lies 0.8 mm further anterior
    where_mm = np.argwhere(mask) @ affine[:3, :3].T
    everywhere_mm = np.argwhere(np.ones_like(mask)) @ affine[:3, :3].T
    nearest = np.array([np.min(((where_mm - p) ** 2).sum(axis=1)) for p in everywhere_mm])

    expected = (nearest.reshape(mask.shape)) <= 2.5**2 + 1e-9

    assert np.array_equal(dilated(mask, affine, 2.5), expected)


def test_rotating_the_grid_changes_nothing(rng: np.random.Generator) -> None:
    """Only the lengths and angles of the axes matter."""
    mask = blob(rng)
    straight = np.diag([1.0, 1.0, 2.0, 1.0])
    assert np.array_equal(
        eroded(mask, straight, 2.0), eroded(mask, rotation(27, 0) @ straight, 2.0)
    )


def test_what_touches_the_border_is_eroded_there() -> None:
    """Beyond the array is outside: nobody knows what would be there."""
    mask = np.ones((7, 7, 7), dtype=bool)
    core = eroded(mask, np.eye(4), 2.0)
    assert core.sum() == 27
    assert core[2:5, 2:5, 2:5].all()


def test_slices_of_a_sheared_grid() -> None:
    """Pixel area and slice distance multiply to the voxel's volume, tilt or not."""
    affine = np.diag([0.5, 0.6, 5.0, 1.0])
    affine[1, 2] = 1.7
    assert in_plane_area_mm2(affine) == pytest.approx(0.3)
    assert slice_distance_mm(affine) == pytest.approx(5.0)


@pytest.mark.parametrize("flat", [False, True])
def test_the_largest_diameter_of_a_cloud(rng: np.random.Generator, *, flat: bool) -> None:
    """The hull shortcut finds the pair that brute force finds, also in a plane."""
    points = rng.normal(size=(60, 3)) * (10, 5, 0 if flat else 3)
    between = np.linalg.norm(points[:, None] - points[None], axis=-1)
    length, along = largest_diameter_mm(points)
    assert length == pytest.approx(between.max())
    assert np.linalg.norm(along) == pytest.approx(1.0)


def test_the_diameter_of_a_row_and_of_a_point() -> None:
    """Degenerate shapes have a diameter too."""
    row = np.array([[float(x), 2.0, 3.0] for x in range(9)])
    assert largest_diameter_mm(row)[0] == pytest.approx(8.0)
    assert largest_diameter_mm(row[:1])[0] == 0.0


@pytest.mark.parametrize("order", ["C", "F"])
def test_boxes_of_labels_whatever_their_order_in_memory(order: Literal["C", "F"]) -> None:
    """Each label's least box; none for 0 and for labels without voxels."""
    labels = np.zeros((4, 5, 6), np.uint8, order=order)
    labels[1:3, 2, 4:6] = 2
    labels[3, 0, 0] = 7
    assert label_boxes(labels) == {
        2: (slice(1, 3), slice(2, 3), slice(4, 6)),
        7: (slice(3, 4), slice(0, 1), slice(0, 1)),
    }
