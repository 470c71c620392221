"""How a CT was made, and of whom, lets it be measured or not: each gate at its border."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.analyses.case import Case
from heimdallr.analyses.scan_gates import age_absence, spacing_absence, voxel_absence
from heimdallr.domain.study import Patient, Series
from heimdallr.imaging.volume import Volume


def case_of(
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0),
    thickness_mm: float | None = None,
    age_years: float | None = None,
) -> Case:
    """Air."""
    image = Volume(np.zeros((4, 4, 4), np.int16), np.diag([*spacing_mm, 1.0]))
    series = Series("1.2.3", "CT", slice_thickness_mm=thickness_mm)
    return Case("CT", image, Patient(age_years=age_years), series, {})


@pytest.mark.parametrize(
    ("apart_mm", "thickness_mm", "any_passes", "overlapping_passes"),
    [
        (2.5, None, True, True),
        (2.5003, 2.5, True, True),
        (2.6, 2.5, False, False),
        (2.5, 5.0, False, True),
    ],
)
def test_slices_that_overlap_may_be_thick_where_only_distance_counts(
    apart_mm: float, thickness_mm: float | None, *, any_passes: bool, overlapping_passes: bool
) -> None:
    """Thickness and distance each say no, distance alone where overlapping slices will do."""
    case = case_of((1.0, 1.0, apart_mm), thickness_mm)
    assert (spacing_absence(case, 2.5) is None) is any_passes
    assert (spacing_absence(case, 2.5, may_overlap=True) is None) is overlapping_passes


@pytest.mark.parametrize(
    ("spacing_mm", "code"),
    [
        ((3.0, 3.0, 3.0), None),
        ((1.0, 3.1, 1.0), "pixels_too_large"),
        ((1.0, 1.0, 3.1), "slices_too_thick"),
    ],
)
def test_voxels_are_refused_for_their_longest_side(
    spacing_mm: tuple[float, float, float], code: str | None
) -> None:
    """Pixels and slices have a sentence each."""
    absence = voxel_absence(case_of(spacing_mm), 3.0)
    assert (absence.why.code if absence else None) == code


@pytest.mark.parametrize(
    ("age_years", "adult", "from_35"),
    [(17.9, False, False), (18.0, True, False), (35.0, True, True), (None, True, True)],
)
def test_limits_hold_from_an_age(age_years: float | None, *, adult: bool, from_35: bool) -> None:
    """Of grown-ups unless another age is told; who is of unknown age is not left out."""
    case = case_of(age_years=age_years)
    assert (age_absence(case) is None) is adult
    assert (age_absence(case, 35.0) is None) is from_35
