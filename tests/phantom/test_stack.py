"""Where the slices of a series lie in the phantom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from heimdallr.phantom.stack import stack_over

if TYPE_CHECKING:
    from conftest import SimpleBody


def test_thick_slices_average_what_they_overlap(simple_body: SimpleBody) -> None:
    """A 5 mm slice over 2.5 mm voxels is the mean of the two it covers."""
    stack = stack_over(simple_body.affine, simple_body.material.shape, matrix=64, spacing_mm=5.0)
    assert stack.slices == 20
    first, weights = stack.weights(3, simple_body.material.shape[2])
    assert first == 6
    np.testing.assert_allclose(weights, [0.5, 0.5])


def test_shares_of_cut_voxels_follow_their_overlap(simple_body: SimpleBody) -> None:
    """A 4 mm slice over 2.5 mm voxels weighs each by what it covers of it."""
    stack = stack_over(simple_body.affine, simple_body.material.shape, matrix=64, spacing_mm=4.0)
    _, weights = stack.weights(0, simple_body.material.shape[2])
    np.testing.assert_allclose(weights, [2.5 / 4, 1.5 / 4], rtol=1e-6)
    assert stack.slices == 25


def test_plane_is_the_slice_seen_from_below(simple_body: SimpleBody) -> None:
    """Row 0 is anterior, column 0 is the patient's right: both axes are reversed."""
    stack = stack_over(simple_body.affine, simple_body.material.shape, matrix=120, spacing_mm=2.5)
    plane = stack.plane(simple_body.material, 20)
    liver = np.argwhere(plane == 10)
    bone = np.argwhere(plane == simple_body.material[49, 20, 20])
    assert liver[:, 1].mean() < 59.5 < bone[:, 0].mean()


def test_nearest_and_plane_agree(simple_body: SimpleBody) -> None:
    """Labels cut to the series are the phantom's own where the grids coincide."""
    stack = stack_over(simple_body.affine, simple_body.material.shape, matrix=100, spacing_mm=2.5)
    cut = stack.nearest(simple_body.material)
    np.testing.assert_array_equal(cut[:, 10:90], simple_body.material)
    assert not cut[:, :10].any()


def test_position_and_affine_tell_the_same_place(simple_body: SimpleBody) -> None:
    """ImagePositionPatient is the affine's far corner of the slice, in LPS."""
    stack = stack_over(simple_body.affine, simple_body.material.shape, matrix=64, spacing_mm=5.0)
    world = stack.series_affine @ [63, 63, 7, 1]
    np.testing.assert_allclose(stack.position_lps_mm(7), world[:3] * [-1, -1, 1])
    np.testing.assert_allclose(stack.orientation_lps, [1, 0, 0, 0, 1, 0])


def test_a_slice_outside_the_phantom_is_refused(simple_body: SimpleBody) -> None:
    """There is nothing to show beyond the phantom's end."""
    stack = stack_over(simple_body.affine, simple_body.material.shape, matrix=64, spacing_mm=5.0)
    with pytest.raises(ValueError, match="outside the phantom"):
        stack.weights(21, simple_body.material.shape[2])
    with pytest.raises(ValueError, match="no slice"):
        stack_over(simple_body.affine, simple_body.material.shape, matrix=64, spacing_mm=500.0)
