"""Resizing by matrices equals nnU-Net's own function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from nnunetv2.preprocessing.resampling.default_resampling import (
    compute_new_shape,
    determine_do_sep_z_and_axis,
    resample_data_or_seg_to_shape,
)

from heimdallr.domain.errors import WeightsError
from heimdallr.segmentation.networks import resizing
from heimdallr.segmentation.networks.plans import Resampling
from heimdallr.segmentation.networks.resizing import axis_apart, resized, shape_at

if TYPE_CHECKING:
    from heimdallr.imaging.volume import Array

OPTIONS = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}

Spacing = tuple[float, float, float]


def noise(shape: tuple[int, int, int], seed: int = 0) -> Array:
    """(Z, Y, X) without any smoothness."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("order", [1, 3])
@pytest.mark.parametrize(
    ("shape", "current", "wanted"),
    [
        ((40, 36, 33), (1.5, 1.5, 1.5), (6.0, 6.0, 6.0)),
        ((12, 9, 14), (6.0, 5.0, 4.0), (2.5, 2.0, 3.5)),
        ((40, 20, 20), (2.0, 3.0, 1.0), (2.5, 1.0, 2.0)),
        ((30, 30, 30), (3.0, 3.0, 3.0), (3.0, 3.0, 2.9)),
        ((3, 40, 40), (5.0, 3.0, 3.0), (6.0, 6.0, 6.0)),
        ((9, 30, 31), (15.0, 3.0, 3.0), (6.0, 6.0, 6.0)),  # slices by themselves from here on
        ((30, 9, 31), (1.0, 5.0, 1.0), (2.0, 2.0, 2.0)),
        ((40, 31, 9), (1.0, 1.0, 4.0), (6.0, 6.0, 6.0)),
        ((40, 30, 30), (1.5, 1.5, 1.5), (9.0, 2.0, 2.0)),
    ],
)
def test_resizing_is_nnunets(
    shape: tuple[int, int, int], current: Spacing, wanted: Spacing, order: int
) -> None:
    """Noise at any spacing, enlarged or made smaller, cut off where splines overshoot."""
    data, options = noise(shape), {**OPTIONS, "order": order}
    new = shape_at(shape, current, wanted)
    assert new == [max(int(size), 1) for size in compute_new_shape(shape, current, wanted)]
    expected = resample_data_or_seg_to_shape(data[None], new, current, wanted, **options)
    ours = resized(data, new, current, wanted, Resampling(resizing.USUAL, options))
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected[0], rtol=1e-4, atol=2e-5)


def test_an_image_of_that_shape_is_returned_as_it_is() -> None:
    """No copy, no rounding."""
    data = noise((5, 6, 7))
    usual = Resampling(resizing.USUAL, OPTIONS)
    assert resized(data, (5, 6, 7), (1.0,) * 3, (1.0,) * 3, usual) is data


@pytest.mark.parametrize("forced", [None, True, False])
def test_slices_are_resampled_by_themselves_where_nnunet_does(forced: bool | None) -> None:  # noqa: FBT001 - nnU-Net's option
    """Whichever axis is long, in the image or in the network."""
    spacings = [(1.0, 1.0, 1.0), (5.0, 1.0, 1.0), (1.0, 4.0, 1.0), (1.0, 1.0, 3.0), (4.0, 4.0, 1.0)]
    usual = Resampling(resizing.USUAL, {**OPTIONS, "force_separate_z": forced})
    for current in spacings:
        for wanted in spacings:
            apart, axis = determine_do_sep_z_and_axis(forced, current, wanted)
            assert axis_apart(usual, current, wanted) == (axis if apart else None)


@pytest.mark.parametrize(
    "options", [{**OPTIONS, "order": 0}, {**OPTIONS, "order_z": 1, "force_separate_z": True}]
)
def test_unusual_plans_are_left_to_nnunet(options: dict[str, object]) -> None:
    """What is not done here is done by nnU-Net's function."""
    data, current, wanted = noise((9, 20, 21)), (5.0, 1.0, 1.0), (2.0, 2.0, 2.0)
    new = shape_at(data.shape, current, wanted)
    expected = resample_data_or_seg_to_shape(data[None], new, current, wanted, **options)
    ours = resized(data, new, current, wanted, Resampling(resizing.USUAL, options))
    np.testing.assert_array_equal(ours, expected[0])


def test_a_resampling_nobody_knows_is_an_error() -> None:
    """It is named."""
    unknown = Resampling("resample_by_magic", {})
    with pytest.raises(WeightsError, match="resample_by_magic"):
        resized(noise((4, 4, 4)), (2, 2, 2), (1.0,) * 3, (2.0,) * 3, unknown)
