"""Resampling gives TotalSegmentator's voxels; labels bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_networks import noisy_body
from totalsegmentator.resampling import change_spacing

from heimdallr.segmentation.networks.resampling import (
    labels_to_shape,
    spread_out,
    to_spacing,
    zooms_mm,
)

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Array


@pytest.mark.parametrize("spacing", [1.5, 3.0, 6.0])
@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.uint16])
def test_image_equals_change_spacing(spacing: float, dtype: type) -> None:
    """Voxels and affine are the same, for integers and floats, on an oblique grid.

    Fractions are cut off, so the last bit of a sum may decide on one unit, now and then.
    """
    volume = noisy_body((21, 19, 17))
    data: Array = (volume.data + 1100).astype(dtype)
    turned = volume.affine.copy()
    turned[:3, :3] = turned[:3, :3] @ np.array([[0.96, -0.28, 0], [0.28, 0.96, 0], [0, 0, 1]])
    image = nib.Nifti1Image(data.astype(np.float64), turned)
    expected = change_spacing(image, [spacing] * 3, order=1, dtype=np.int32)
    ours, affine = to_spacing(data, turned, (spacing, spacing, spacing))
    apart = np.abs(ours - np.asanyarray(expected.dataobj))
    assert apart.max() <= 1
    assert np.mean(apart > 0) < 1e-3
    np.testing.assert_allclose(affine, expected.affine, rtol=1e-12)
    np.testing.assert_array_equal(zooms_mm(turned), np.array(image.header.get_zooms()))


def test_an_image_at_the_spacing_is_returned_as_it_is() -> None:
    """No copy, no cut-off fractions."""
    data = np.random.default_rng(0).random((4, 4, 4))
    same, _ = to_spacing(data, np.diag([3.0, 3.0, 3.0, 1.0]), (3.0, 3.0, 3.0))
    assert same is data


@settings(max_examples=40, deadline=None)
@given(
    old=st.tuples(*[st.integers(1, 30)] * 3),
    new=st.tuples(*[st.integers(1, 60)] * 3),
    seed=st.integers(0, 9),
)
def test_labels_equal_change_spacing(
    old: tuple[int, int, int], new: tuple[int, int, int], seed: int
) -> None:
    """Nearest neighbours are the interpolator's, for every pair of shapes."""
    labels = np.random.default_rng(seed).integers(0, 118, old).astype(np.uint8)
    image = nib.Nifti1Image(labels, np.eye(4))
    expected = change_spacing(image, 3.0, new, order=0, dtype=np.uint8)
    np.testing.assert_array_equal(labels_to_shape(labels, new), np.asanyarray(expected.dataobj))


def test_signal_in_fractions_is_not_cut_to_nothing() -> None:
    """From 0 to 1 it would be zeros: it is spread over whole numbers, in proportion."""
    signal = np.random.default_rng(0).random((9, 8, 7), np.float32)
    wide = spread_out(signal)
    assert np.ptp(wide) == pytest.approx(1000.0, rel=1e-5)
    np.testing.assert_allclose(wide / wide.max(), signal / signal.max(), rtol=1e-5)
    assert spread_out(-signal).max() <= 0  # what is below 0 stays there


@pytest.mark.parametrize(
    "signal",
    [
        np.arange(60, dtype=np.int16).reshape(3, 4, 5),
        np.arange(60, dtype=np.float32).reshape(3, 4, 5),
        np.linspace(0, 1500, 60, dtype=np.float32).reshape(3, 4, 5),
        np.full((3, 4, 5), 0.5, np.float32),
        np.full((3, 4, 5), np.nan, np.float32),
        np.zeros((0, 4, 5), np.float32),
    ],
    ids=["integers", "whole numbers", "wide", "uniform", "no numbers", "nothing"],
)
def test_usual_signal_stays_as_it_is(signal: Array) -> None:
    """Label maps of usual MR are TotalSegmentator's."""
    assert spread_out(signal) is signal
