"""Calcium in a territory: Agatston's score as he wrote it down, and what counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heimdallr.analyses.anatomy.calcified_lesions import (
    affine_of_averaged,
    agatston,
    averaged_slices,
    coarse,
    fine,
    lesions,
    middles_of_averaged,
    near,
    noise_absence,
    sections,
    slices_averaged,
    weight,
    without_what_reaches_out,
)

AXIAL = np.diag([0.7, 0.7, 3.0, 1.0])


def agatston_1990(hu: np.ndarray, mask: np.ndarray, pixel_mm2: float, increment_mm: float) -> float:
    """Pixel by pixel: grow each lesion of a slice, take area and peak, weigh, add."""
    score = 0.0
    for k in range(hu.shape[2]):
        left = {(i, j) for i, j in np.ndindex(hu.shape[:2]) if mask[i, j, k] and hu[i, j, k] >= 130}
        while left:
            pixels = grown(left.pop(), left)
            peak, area = max(hu[i, j, k] for i, j in pixels), len(pixels) * pixel_mm2
            if area >= 1:
                score += area * (1 + (peak >= 200) + (peak >= 300) + (peak >= 400))
    return score * increment_mm / 3


def grown(first: tuple[int, int], left: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """A pixel and all that hang together with it, taken out of those that are left."""
    pixels = [first]
    for a, b in pixels:
        for neighbour in [(a + di, b + dj) for di in (-1, 0, 1) for dj in (-1, 0, 1)]:
            if neighbour in left:
                left.remove(neighbour)
                pixels.append(neighbour)
    return pixels


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), in_plane=st.floats(0.4, 1.2), increment=st.floats(0.6, 5.0))
def test_the_score_is_agatstons(seed: int, in_plane: float, increment: float) -> None:
    """Against an implementation that shares no line with ours."""
    rng = np.random.default_rng(seed)
    hu = rng.integers(0, rng.integers(150, 600), (12, 11, 4)).astype(np.int16)
    mask = rng.random(hu.shape) < rng.uniform(0.2, 1.0)
    affine = np.diag([in_plane, in_plane, increment, 1.0])
    expected = agatston_1990(hu, mask, in_plane**2, increment)
    assert agatston(hu, mask, affine) == pytest.approx(expected)
    found = lesions(hu, mask, affine)
    assert sum(one.voxels for one in found) == int((mask & (hu >= 130)).sum())
    assert sum(one.score for one in found) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("peak_hu", "expected"),
    [(129, 0), (130, 1), (199, 1), (200, 2), (299, 2), (300, 3), (399, 3), (400, 4), (1400, 4)],
)
def test_weights_change_at_their_borders(peak_hu: int, expected: int) -> None:
    """130, 200, 300 and 400 HU."""
    assert weight(peak_hu) == expected


def test_a_pixel_below_one_square_millimetre_is_no_lesion() -> None:
    """Two pixels of 0.7 mm have 0.98 mm² and do not count, three do."""
    hu = np.zeros((5, 5, 1), np.int16)
    hu[1:3, 1, 0] = 500
    everywhere = np.ones(hu.shape, bool)
    assert sections(hu, everywhere, AXIAL) == []
    hu[3, 2, 0] = 500
    (one,) = sections(hu, everywhere, AXIAL)
    assert one.score == pytest.approx(3 * 0.49 * 4)


def test_a_tilted_gantry_scores_its_own_slices() -> None:
    """A sheared grid: the area of a pixel and the distance of slices, not the length of an edge."""
    tilted = AXIAL.copy()
    tilted[1, 2] = 1.0
    hu = np.full((4, 4, 2), 250, np.int16)
    everywhere = np.ones(hu.shape, bool)
    assert agatston(hu, everywhere, tilted) == pytest.approx(agatston(hu, everywhere, AXIAL))


@pytest.mark.parametrize(
    ("increment_mm", "count"), [(0.6, 5), (1.0, 3), (1.25, 2), (2.0, 1), (3.0, 1), (5.0, 1)]
)
def test_thin_slices_are_averaged_to_three_millimetres(increment_mm: float, count: int) -> None:
    """As many as fit; the middle one gives labels and place."""
    affine = np.diag([0.7, 0.7, increment_mm, 1.0])
    assert slices_averaged(affine) == count
    hu = np.arange(2 * 2 * 16, dtype=np.int16).reshape(2, 2, 16)
    averaged, of = averaged_slices(hu, affine)
    assert of == count
    assert averaged.shape == middles_of_averaged(hu, count).shape
    assert averaged[0, 0, 0] == pytest.approx(hu[0, 0, :count].mean())
    place_mm = affine_of_averaged(affine, count) @ [0, 0, 1, 1]
    assert place_mm[2] == pytest.approx(increment_mm * (count + (count - 1) / 2))


def test_what_lies_mostly_outside_is_no_lesion_of_a_territory() -> None:
    """A rib that touches it goes, plaque that stands out of it a little stays."""
    hu = np.zeros((12, 12, 3), np.int16)
    hu[0:10, 2, 1] = 400  # a rib, three of its ten voxels inside
    hu[5:9, 8, 1] = 400  # plaque, three of its four inside
    territory = np.zeros(hu.shape, bool)
    territory[:3, :6] = territory[5:8, 7:] = True
    kept = without_what_reaches_out(hu, territory) & (hu >= 130)
    assert kept.sum() == 3
    assert kept[5:8, 8, 1].all()


def test_noise_that_reaches_the_threshold_is_refused() -> None:
    """Blood of 45 HU: 20 HU of noise pass, 23 do not; calcium in the blood is no noise."""
    rng = np.random.default_rng(1)
    assert noise_absence(rng.normal(45, 20, 20000), "aorta") is None
    with_plaque = np.concatenate([rng.normal(45, 18, 20000), np.full(1500, 900.0)])
    assert noise_absence(with_plaque, "aorta") is None
    refused = noise_absence(rng.normal(45, 23, 20000), "aorta")
    assert refused is not None
    assert refused.why.code == "noise_like_calcium"


def test_a_coarse_mask_comes_back_in_its_place() -> None:
    """Thinned and thickened again it moves by less than a coarse voxel."""
    mask = np.zeros((40, 40, 20), bool)
    mask[10:30, 12:25, 5:14] = True
    thinned, _, steps = coarse(mask, AXIAL)
    assert steps == (3, 3, 1)
    again = fine(thinned, steps, mask.shape)
    assert again.shape == mask.shape
    assert (again != mask).sum() < 0.25 * mask.sum()
    grown = near(mask, AXIAL, 4.0)
    assert grown[mask].all()
    assert 1.6 * mask.sum() < grown.sum() < 3.5 * mask.sum()
