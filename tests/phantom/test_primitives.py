"""Analytic shapes: volumes, bounding boxes, closed surfaces."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.phantom.primitives import (
    Coordinates,
    Ellipsoid,
    Sheet,
    Tube,
    mirrored,
    rotation,
    tube,
)


def _grid(half_mm: float, step_mm: float = 1.0) -> Coordinates:
    axis = np.arange(-half_mm, half_mm, step_mm) + step_mm / 2
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    zero = np.zeros_like(x)
    return Coordinates(x, y, z, zero, zero, zero, zero)


def _inside(shape: Ellipsoid | Tube | Sheet, c: Coordinates, *, boxed: bool) -> np.ndarray:
    found = np.zeros(c.x.shape, bool)
    for piece in shape.pieces():
        mask = piece.inside(c)
        if boxed:
            for value, lo, hi in zip((c.x, c.y, c.z), piece.lo, piece.hi, strict=True):
                mask &= (value >= lo) & (value <= hi)
        found |= mask
    return found


def test_an_ellipsoid_has_its_volume() -> None:
    """4/3 π abc, whatever the rotation."""
    turned = rotation(about_x_deg=20, about_y_deg=-35, about_z_deg=50)
    shape = Ellipsoid((1, -2, 3), (10, 15, 22), turned)
    count = _inside(shape, _grid(30), boxed=False).sum()
    assert count == pytest.approx(4 / 3 * np.pi * 10 * 15 * 22, rel=0.01)


@pytest.mark.parametrize(
    "shape",
    [
        Ellipsoid((0, 3, 0), (8, 14, 20), rotation(about_x_deg=33, about_z_deg=20)),
        Ellipsoid((0, 0, 0), (10, 12, 15), rotation(about_y_deg=25), power=3.5),
        Ellipsoid((2, 0, 0), (12, 14, 16), None, bumps=(0.1, -0.1, 0.08, 0.1, -0.1)),
        tube([[-15, 0, 0], [0, 8, 5], [12, -6, 10]], [3, 6, 2], flatten=(1.2, 0.8, 1.4)),
        Sheet(np.array([[-10.0, 0, 12], [12, 4, 10]]), np.array([[-8.0, 3, -9], [10, 0, -12]]), 2),
    ],
    ids=["ellipsoid", "superellipsoid", "lumpy", "tube", "sheet"],
)
def test_bounding_boxes_cut_nothing_off(shape: Ellipsoid | Tube | Sheet) -> None:
    """What lies inside a shape lies inside its pieces' boxes, and nothing far away is inside."""
    grid = _grid(45)
    free, boxed = _inside(shape, grid, boxed=False), _inside(shape, grid, boxed=True)
    # The corners of a plate reach a fraction of its thickness beyond its box.
    assert (free & ~boxed).sum() <= 0.02 * free.sum()
    assert boxed.any()


def test_a_straight_tube_has_the_volume_of_a_capsule() -> None:
    """A cylinder with two half balls."""
    shape = Tube(np.array([[0.0, 0, -12], [0, 0, 12]]), np.array([7.0, 7.0]))
    count = _inside(shape, _grid(25), boxed=True).sum()
    assert count == pytest.approx(np.pi * 49 * 24 + 4 / 3 * np.pi * 343, rel=0.02)


def test_mirrored_points_change_sides_only() -> None:
    """The left body half is the right one with x negated."""
    points = [[3.0, 4.0, 5.0], [1.0, -2.0, 0.0]]
    assert np.array_equal(mirrored(points, -1), np.array(points) * [-1, 1, 1])
    assert np.array_equal(mirrored(points, 1), np.array(points))
