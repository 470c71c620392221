"""Slices in the patient's frame: spacing, gaps, tilt, planes."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.preparation.geometry import blocks, gaps_between, slice_normal, stack_geometry

AXIAL = (1, 0, 0, 0, 1, 0)
CORONAL = (1, 0, 0, 0, 0, -1)
SAGITTAL = (0, 1, 0, 0, 0, -1)


def _axial(depths: list[float]) -> list[tuple[float, float, float]]:
    return [(-100.0, -120.0, depth) for depth in depths]


def test_an_even_stack_is_measured_along_its_normal() -> None:
    """Coverage counts the last slice's own thickness; the order of the files does not matter."""
    geometry = stack_geometry(_axial([10.0, 0.0, 5.0, 15.0]), AXIAL)
    assert (geometry.slices, geometry.repeats, geometry.plane) == (4, 0, "axial")
    assert geometry.spacing_mm == pytest.approx(5.0)
    assert geometry.coverage_mm == pytest.approx(20.0)
    assert not geometry.uneven
    assert not geometry.tilted


@pytest.mark.parametrize(
    ("orientation", "plane"), [(AXIAL, "axial"), (CORONAL, "coronal"), (SAGITTAL, "sagittal")]
)
def test_the_plane_is_the_nearest_anatomical_one(orientation: tuple[int, ...], plane: str) -> None:
    """The normal names the plane."""
    normal = slice_normal(orientation)
    assert stack_geometry([k * 2 * normal for k in range(5)], orientation).plane == plane


def test_a_tilted_gantry_shifts_slices_against_their_normal() -> None:
    """Siemens' way: slices lean by 14 degrees, the table moves straight."""
    angle = np.radians(14)
    orientation = (1, 0, 0, 0, np.cos(angle), -np.sin(angle))
    geometry = stack_geometry([(0, 0, 5.0 * k) for k in range(6)], orientation)
    assert geometry.tilt_deg == pytest.approx(14, abs=1e-6)
    assert geometry.tilted
    assert geometry.obliquity_deg == pytest.approx(14, abs=1e-6)
    assert geometry.spacing_mm == pytest.approx(5 * np.cos(angle))


def test_a_short_stack_that_leans_by_rounding_is_not_tilted() -> None:
    """Five slices 0.6 mm apart, one coordinate rounded to a tenth: over one degree, 0.05 mm."""
    geometry = stack_geometry([(0, 0.05 * (k == 4), 0.6 * k) for k in range(5)], AXIAL)
    assert geometry.tilt_deg > 1
    assert not geometry.tilted


def test_an_oblique_stack_that_follows_its_normal_is_not_tilted() -> None:
    """Obliquity alone needs no correction: the affine carries it."""
    angle = np.radians(20)
    orientation = (1, 0, 0, 0, np.cos(angle), -np.sin(angle))
    normal = slice_normal(orientation)
    geometry = stack_geometry([3.0 * k * normal for k in range(6)], orientation)
    assert geometry.tilt_deg == pytest.approx(0, abs=1e-3)
    assert geometry.obliquity_deg == pytest.approx(20)


def test_a_missing_slice_makes_the_stack_uneven() -> None:
    """One gap of twice the median."""
    geometry = stack_geometry(_axial([0, 5, 10, 20, 25]), AXIAL)
    assert geometry.uneven
    assert geometry.largest_gap_mm == pytest.approx(10)


@pytest.mark.parametrize(
    ("step_mm", "decimals"), [(3.3333, 2), (1.25, 1), (0.625, 2), (0.625, 1), (0.6, 1), (2.5, 0)]
)
def test_rounded_positions_are_even(step_mm: float, decimals: int) -> None:
    """However much single distances differ; the spacing leads from the first slice to the last."""
    geometry = stack_geometry(_axial([round(k * step_mm, decimals) for k in range(600)]), AXIAL)
    assert geometry.uneven == (decimals == 0)
    if not geometry.uneven:
        assert geometry.spacing_mm == pytest.approx(step_mm, abs=1e-4)


def test_spacing_that_creeps_makes_the_stack_uneven() -> None:
    """No distance differs from the median by a tenth, yet equal steps miss a slice by 2 mm."""
    depth = np.cumsum([0.0, *np.linspace(0.96, 1.04, 200)])
    assert stack_geometry(_axial(depth.tolist()), AXIAL).uneven


def test_images_at_one_place_are_counted_as_repeats() -> None:
    """Two time points of three slices."""
    geometry = stack_geometry(_axial([0, 5, 10, 0, 5, 10]), AXIAL)
    assert (geometry.slices, geometry.repeats) == (3, 3)
    assert geometry.spacing_mm == pytest.approx(5)


def test_one_slice_has_no_spacing() -> None:
    """What cannot be measured is None, not zero."""
    geometry = stack_geometry(_axial([7.0]), AXIAL)
    assert geometry.spacing_mm is None
    assert geometry.coverage_mm is None
    assert not geometry.uneven


def test_two_body_parts_in_one_series_are_two_blocks() -> None:
    """Nothing is interpolated between a head and a pelvis."""
    depth = np.array([100.0, 0.0, 5.0, 105.0, 10.0, 110.0])
    assert [block.tolist() for block in blocks(depth)] == [[1, 2, 4], [0, 3, 5]]


def test_a_missing_slice_does_not_cut_a_block() -> None:
    """Nor do ten, 50 mm; nothing is measured in the gap, and it is said."""
    assert len(blocks(np.array([0.0, 5.0, 10.0, 20.0, 25.0]))) == 1
    assert len(blocks(np.array([0.0, 5.0, 10.0, 60.0, 65.0]))) == 1
    assert len(blocks(np.array([0.0, 5.0, 10.0, 61.0, 66.0]))) == 2


def test_missing_slices_are_counted_where_they_would_lie() -> None:
    """Half a slice belongs to each neighbour; single ones count as well."""
    depths = np.array([0.0, 5.0, 10.0, 15.0, 30.0, 35.0, 40.0, 50.0, 55.0])
    assert gaps_between(depths, [5.0] * 9) == [(17.5, 27.5, 2), (42.5, 47.5, 1)]
    assert gaps_between(depths, [None] * 9) == [(17.5, 27.5, 2), (42.5, 47.5, 1)]


def test_uneven_slices_that_touch_lack_none() -> None:
    """A GE head: 4 mm slices of the base, one in between, 7 mm slices of the rest."""
    steps = [4.0] * 13 + [1.08] + [7.0] * 13
    thickness = [4.0] * 14 + [7.0] * 14
    assert gaps_between(np.cumsum([0.0, *steps]), thickness) == []
    assert gaps_between(np.cumsum([0.0, *steps]), [None] * 28) == []


def test_mr_slices_with_gaps_lack_none_unless_one_does() -> None:
    """Every fifth of a slice is left out by design; three whole ones are not."""
    depths = 6.0 * np.array([0, 1, 2, 3, 4, 8, 9, 10])
    assert [gap.missing for gap in gaps_between(depths, [5.0] * 8)] == [3]


def test_overlapping_slices_lack_those_whose_numbers_are_missing() -> None:
    """Slices of 10 mm every 5 mm reach over one that was lost, and not over two."""
    depths = 5.0 * np.array([0, 1, 2, 4, 5, 6, 9, 10])
    lacking = [0, 0, 1, 0, 0, 2, 0]
    assert gaps_between(depths, [10.0] * 8, lacking) == [(15.0, 15.0, 1), (35.0, 40.0, 2)]


def test_rounded_positions_lack_none() -> None:
    """Slices 0.625 mm apart, written with one decimal."""
    assert gaps_between(np.round(0.625 * np.arange(80), 1), [0.625] * 80) == []


@pytest.mark.parametrize(
    "cosines", [(1, 0, 0, 1, 0, 0), (0, 0, 0, 0, 0, 0), (2, 0, 0, 0, 1, 0), (1, 0, 0, 0, np.nan, 0)]
)
def test_cosines_that_are_no_orientation_are_refused(cosines: tuple[float, ...]) -> None:
    """Parallel, zero, too long or not finite."""
    with pytest.raises(ValueError, match="orientation"):
        slice_normal(cosines)
