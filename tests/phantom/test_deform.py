"""The warp: invertible, the same by grid and by point, calm at the head."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.phantom.deform import Deformation, make_deformation


@pytest.fixture
def warp() -> Deformation:
    """Return a strong but typical warp."""
    return make_deformation(
        np.random.default_rng(5),
        scale=(1.05, 0.96, 1.02),
        amplitude_mm=12.0,
        lordosis_mm=8.0,
        kyphosis_mm=-6.0,
        scoliosis_mm=7.0,
    )


def test_there_and_back_is_where_we_started(warp: Deformation) -> None:
    """Body to world and back returns the point to within a hundredth of a millimetre."""
    points = np.random.default_rng(0).uniform([-150, -80, -300], [150, 150, 350], (200, 3))
    assert np.abs(warp.to_body(warp.to_world(points)) - points).max() < 0.01


def test_grid_and_points_agree(warp: Deformation) -> None:
    """The quick separable grid gives what the point-wise map gives."""
    axes = [np.linspace(-120, 130, 6), np.linspace(-60, 120, 5), np.linspace(-250, 560, 9)]
    x, y, z = warp.coordinates(*axes)
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3) * warp.scale
    expected = warp.to_body(points).reshape(6, 5, 9, 3)
    assert np.abs(np.stack([x, y, z], axis=-1) - expected).max() < 0.01


def test_boxes_on_the_grid_hold_the_warped_boxes(warp: Deformation) -> None:
    """Every point of a body box is found within the undeformed box around it."""
    rng = np.random.default_rng(1)
    centre = rng.uniform([-120, -50, -250], [120, 120, 330], (60, 3))
    half = rng.uniform(2, 60, (60, 3))
    lo, hi = warp.undeformed_boxes(centre - half, centre + half)
    for i in range(60):
        corners = centre[i] + half[i] * rng.uniform(-1, 1, (200, 3))
        found = warp.to_world(corners) / warp.scale
        assert (found >= lo[i]).all()
        assert (found <= hi[i]).all()


def test_heads_are_warped_less(warp: Deformation) -> None:
    """Above the neck about a third of the warp is left."""
    xy = np.random.default_rng(2).uniform(-60, 60, (300, 2))

    def roughness(z: float) -> float:
        shift = warp.to_body(np.column_stack([xy, np.full(300, z)]) * warp.scale)[:, :2] - xy
        return float(shift.std(axis=0).mean())

    assert roughness(560.0) < 0.7 * roughness(100.0)
