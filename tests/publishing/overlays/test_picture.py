"""Masks are painted where they are, as large as they are."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.publishing.overlays.picture import (
    BRAIN_BLEED,
    SOFT_TISSUE,
    Picture,
    signal_window,
)
from heimdallr.publishing.overlays.plane import Plane

RED = (255, 0, 0)


def _plane(width: int, height: int, pixel_mm: tuple[float, float]) -> Plane:
    return Plane(
        np.zeros(3),
        np.array([-pixel_mm[0], 0, 0]),
        np.array([0, 0, -pixel_mm[1]]),
        width,
        height,
    )


def _painted(mask: np.ndarray, pixel_mm: tuple[float, float], *, line: float = 0) -> np.ndarray:
    """How red each pixel of the enlarged picture is, 0 … 1."""
    plane = _plane(mask.shape[1], mask.shape[0], pixel_mm)
    picture = Picture(np.zeros(mask.shape, np.float32), plane, (600, 600))
    picture.paint(mask, RED, fill=1, line=line)
    return picture.rgb[..., 0]


@pytest.mark.parametrize("pixel_mm", [(1.0, 1.0), (0.7, 5.0)])
def test_a_disc_keeps_its_area(pixel_mm: tuple[float, float]) -> None:
    """The smooth contour encloses what the voxels enclose, on flat voxels too."""
    rows, columns = np.mgrid[:60, :60]
    mask = ((rows - 30) * pixel_mm[1]) ** 2 + ((columns - 30) * pixel_mm[0]) ** 2 < (
        14 * pixel_mm[0] * 1.4
    ) ** 2
    red = _painted(mask, pixel_mm)
    assert red.mean() == pytest.approx(mask.mean(), rel=0.05)


def test_the_enlarged_mask_lies_on_the_mask() -> None:
    """Centre of mass in the picture, as a fraction of its size, is that of the mask."""
    mask = np.zeros((40, 50), bool)
    mask[5:12, 33:47] = True
    red = _painted(mask, (1.0, 1.0))
    for axis in (0, 1):
        centre = np.average(np.indices(red.shape)[axis] + 0.5, weights=red) / red.shape[axis]
        expected = np.average(np.indices(mask.shape)[axis] + 0.5, weights=mask) / mask.shape[axis]
        assert centre == pytest.approx(expected, abs=0.005)


def test_a_single_voxel_is_not_lost() -> None:
    """Smoothing must not hide what is there: one voxel, and a line one voxel thin."""
    mask = np.zeros((40, 40), bool)
    mask[20, 20] = True
    assert _painted(mask, (1.0, 1.0)).max() > 0.9
    mask[5, 3:30] = True
    assert (_painted(mask, (1.0, 1.0))[:100].max(axis=0) > 0.9).sum() > 25 * 15


def test_a_mask_at_the_edge_is_painted_to_the_edge() -> None:
    """A truncated organ reaches the picture's edge."""
    mask = np.zeros((30, 30), bool)
    mask[:10, :] = True
    red = _painted(mask, (1.0, 1.0))
    assert red[0].min() > 0.9
    assert red[:, 0].sum() == pytest.approx(200, abs=8)


def test_an_outline_leaves_the_inside_free() -> None:
    """Without a fill only the rim is coloured, as wide as it was asked for."""
    mask = np.zeros((30, 30), bool)
    mask[8:22, 8:22] = True
    plane = _plane(30, 30, (1.0, 1.0))
    picture = Picture(np.zeros((30, 30), np.float32), plane, (600, 600))
    picture.paint(mask, RED, fill=0, line=4)
    across = picture.rgb[300, :, 0]
    assert across[200:400].max() == 0
    assert across.sum() == pytest.approx(2 * 4, abs=1.5)


def test_nothing_to_paint_changes_nothing() -> None:
    """An empty mask is no error."""
    assert _painted(np.zeros((10, 10), bool), (1.0, 1.0)).max() == 0


def test_the_scale_is_the_same_both_ways() -> None:
    """Voxels of 1×4 mm make a picture of the patient's proportions."""
    picture = Picture(np.zeros((20, 40), np.float32), _plane(40, 20, (1.0, 4.0)), (500, 900))
    assert picture.height / picture.width == pytest.approx(80 / 40, rel=0.01)
    assert picture.pixels_per_mm == pytest.approx(900 / 80)
    x, y = picture.position_of(picture.plane.points()[19, 0])
    assert x == pytest.approx(0.5 * picture.width / 40)
    assert y == pytest.approx(19.5 * picture.height / 20)


def test_windows_map_values_to_grey() -> None:
    """Black at the lower end, white at the upper end, in between straight."""
    values = np.array([-1000, -150, 50, 250, 3000], np.float32)
    assert SOFT_TISSUE.grey(values).tolist() == [0, 0, 0.5, 1, 1]
    assert (BRAIN_BLEED.level, BRAIN_BLEED.width) == (40, 80)
    flat = signal_window(np.zeros(100, np.float32)).grey(np.zeros(3, np.float32))
    assert np.isfinite(flat).all()
