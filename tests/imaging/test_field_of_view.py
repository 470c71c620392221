"""What the round field of a CT cuts, and what is not taken for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.testing import assert_allclose

from heimdallr.imaging.field_of_view import field_of_view
from heimdallr.imaging.slabs import Slab
from heimdallr.imaging.statistics import cuts, statistics_in, structure_statistics
from heimdallr.imaging.volume import Array, LabelMap, Volume

if TYPE_CHECKING:
    from heimdallr.imaging.field_of_view import FieldOfView

SIZE, SLICES, PIXEL_MM = 180, 20, 1.0
AFFINE = np.diag([PIXEL_MM, PIXEL_MM, 5.0, 1.0])
MIDDLE = (SIZE - 1) / 2
X, Y, Z = np.ogrid[:SIZE, :SIZE, :SLICES]
CIRCLE = np.hypot(X - MIDDLE, Y - MIDDLE) <= SIZE / 2


def _air(rng: np.random.Generator) -> Array:
    """Noisy, and clipped as scanners clip it."""
    air = np.rint(rng.normal(-1000, 15, (SIZE, SIZE, SLICES)))
    return np.maximum(air, -1024).astype(np.int16)


def _ellipsoid(i: float, j: float, radius: float) -> Array:
    k = (SLICES - 1) / 2
    return ((X - i) ** 2 + (Y - j) ** 2) / radius**2 + (Z - k) ** 2 / 8**2 <= 1


def _field(image: Array, *gaps: Slab) -> FieldOfView:
    return field_of_view(Volume(image, AFFINE), gaps)


@pytest.mark.parametrize("padding", [-1024, -2000, -3024])
def test_a_kidney_beyond_the_circle_is_cut(rng: np.random.Generator, padding: int) -> None:
    """A tenth of the kidney lies outside: it is cut, its twin 8 mm inside is seen whole."""
    cut, whole = _ellipsoid(150, 125, 28), _ellipsoid(36, MIDDLE, 28)
    image = np.where(cut | whole, 30, _air(rng))
    image[~np.broadcast_to(CIRCLE, image.shape)] = padding
    labels = np.zeros(image.shape, np.uint8)
    labels[cut & CIRCLE], labels[whole] = 1, 2
    label_map = LabelMap(labels, AFFINE, {1: "kidney_right", 2: "kidney_left"})
    volume = Volume(image, AFFINE)
    field = field_of_view(volume)
    found = structure_statistics(label_map, volume, (), field)
    assert found["kidney_left"].cuts == {}
    assert found["kidney_right"].truncated_at == ("field_of_view",)
    lost = np.count_nonzero(cut & ~CIRCLE) / np.count_nonzero(cut)
    assert 0.05 < lost < 0.15
    assert found["kidney_right"].cuts["field_of_view"] > 0.5
    boxes = {1: (slice(100, 180), slice(80, 170), slice(0, 20))}
    again = statistics_in(label_map, volume, boxes, (), field)
    assert again is not None
    assert again["kidney_right"] == found["kidney_right"]


def test_a_body_that_touches_the_circle_is_cut() -> None:
    """Subcutaneous fat of a wide body on one slice; that of a narrow one is seen whole."""
    circle = np.hypot(X - MIDDLE, Y - MIDDLE) <= 85
    for half_width, edges in ((90, ("field_of_view",)), (80, ())):
        body = ((X - MIDDLE) / half_width) ** 2 + ((Y - MIDDLE) / 60) ** 2 <= 1
        image = np.where(circle, np.where(body, -100, -990), -1024)
        image = np.broadcast_to(image, (SIZE, SIZE, SLICES))
        fat = image[:, :, 0] == -100
        on_rim = _field(image).on_rim(fat)
        assert tuple(cuts((fat.sum(axis=1), fat.sum(axis=0)), on_rim=on_rim)) == edges


@pytest.mark.parametrize(
    ("i", "j", "radius"),
    [(MIDDLE, MIDDLE, 105), (87.6, 92.2, 80)],
    ids=["larger than the slice", "smaller, off the middle"],
)
def test_circles_of_any_size_are_found(
    rng: np.random.Generator, i: float, j: float, radius: float
) -> None:
    """Depths are the distances from the circle, to a pixel."""
    off = np.hypot(X - i, Y - j)
    field = _field(np.where(off <= radius, _air(rng), -1024))
    off = off[:, :, 0]
    foot = [(at - c) * radius / off + c for at, c in ((X[:, :, 0], i), (Y[:, :, 0], j))]
    near = (np.abs(off - radius) < 10) & np.all([(f > 0) & (f < SIZE - 1) for f in foot], axis=0)
    assert_allclose(field.inwards_mm[near], (radius - off)[near], atol=1.0)
    assert field.depth_mm(np.array([i, 0.0]), np.array([j, -7.0])) == pytest.approx(
        [field.inwards_mm[round(i), round(j)], field.inwards_mm[0, 0]]
    )


def test_two_circles_leave_a_field(rng: np.random.Generator) -> None:
    """A second circle, 3 mm aside, takes a sliver off: as of scanners with a tilted gantry."""
    lens = CIRCLE & (np.hypot(X - MIDDLE, Y - MIDDLE - 3) <= SIZE / 2)
    field = _field(np.where(lens, _air(rng), -1500))
    assert (field.inwards_mm > 0).sum() == lens.sum()


def test_what_is_no_round_field(rng: np.random.Generator) -> None:
    """Noisy air; a body in air that was set to one value; a square; air at -1000 HU exactly."""
    head = ((X - MIDDLE) / 85) ** 2 + ((Y - MIDDLE) / 76) ** 2 <= 1
    square = (np.abs(X - MIDDLE) < 80) & (np.abs(Y - MIDDLE) < 80)
    air = _air(rng)
    for image in (
        air,
        np.where(head, 40, np.full_like(air, -1024)),
        np.where(square, air, -2000),
        np.where(CIRCLE, 40, np.full_like(air, -1000)),
        np.where(CIRCLE & (Z % 5 != 0), air, -2000) - 50 * (Z == 10).astype(np.int16),
    ):
        assert not _field(image.astype(np.int16)).rim.any()


def test_slices_that_no_image_shows_are_not_asked(rng: np.random.Generator) -> None:
    """A gap is filled with air: the field is that of the others."""
    image = np.where(CIRCLE, _air(rng), -2000).astype(np.int16)
    whole = _field(image)
    image[:, :, 4:9] = -1000
    assert not _field(image).rim.any()
    assert np.array_equal(_field(image, Slab(2, 4, 9)).rim, whole.rim)
    assert whole.rim.any()
