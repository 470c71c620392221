"""Emphysema: lungs with a known share of air, and scans it must not be read off."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from piece_case import ADULT, SERIES, case_of
from pieces.drawing import Grid
from pieces.lungs import SIZE_MM, lungs

from heimdallr.analyses import emphysema
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.study import KernelClass, Patient, Series

if TYPE_CHECKING:
    from pieces.drawing import Piece

    from heimdallr.analyses.case import Case

SCALE = 0.6
SMALL = replace(ADULT, sex="F", height_m=0.95)
"""A patient whose lungs are as small as the phantom's: 1.1 litres, 70 % of what is predicted."""
POCKETS_MM = {"lung_upper_lobe_left": 8.0, "lung_upper_lobe_right": 5.0}
SPACING_MM = (1.6, 1.6, 2.0)


@cache
def drawn(*, crescent: bool = False) -> Piece:
    """Both upper lobes with pockets of air."""
    size = (SIZE_MM[0] * SCALE, SIZE_MM[1] * SCALE, SIZE_MM[2] * SCALE)
    return lungs(Grid(size, SPACING_MM), POCKETS_MM, scale=SCALE, crescent=crescent)


@cache
def patient() -> Case:
    """As scanned."""
    return case_of(drawn(), np.random.default_rng(1), noise_hu=15.0, patient=SMALL)


def measured(case: Case) -> dict[str, Measurement]:
    """By name."""
    return {one.name: one for one in emphysema.measure(case)}


def refused(case: Case) -> str:
    """Code of the reason, the same for all twelve."""
    found = measured(case)
    assert len(found) == 12
    (code,) = {one.why.code for one in found.values() if one.why is not None}
    assert all(one.value is None for one in found.values())
    return code


def test_a_known_share_of_air() -> None:
    """Too low by what partial volume takes from the pockets' rims; healthy lobes have none."""
    found, truth = measured(patient()), drawn().truth
    upper = "lung_upper_lobe_left_laa950_percent"
    assert truth[upper] > 30
    assert found[upper].value == pytest.approx(truth[upper], rel=0.25)
    assert found["lungs_laa950_percent"].value == pytest.approx(
        truth["lungs_laa950_percent"], rel=0.3
    )
    for lobe in ("lung_lower_lobe_left", "lung_middle_lobe_right", "lung_lower_lobe_right"):
        assert found[f"{lobe}_laa950_percent"].value == pytest.approx(0.0, abs=0.3)


def test_the_fifteenth_percentile() -> None:
    """Healthy lung of -860 HU in 15 HU of noise, and a lobe a third of which is air."""
    found = measured(patient())
    assert found["lung_lower_lobe_left_pd15_hu"].value == pytest.approx(-860 - 1.04 * 15, abs=2)
    low = found["lung_upper_lobe_left_pd15_hu"].value
    assert isinstance(low, float)
    assert low < -970


def test_airways_are_left_out() -> None:
    """The bronchi inside the lobes are air and no emphysema."""
    case = patient()
    found = emphysema.lungs_of(case)
    entered = found.airways & np.isin(
        found.labels, [case.anatomy.number(lobe) for lobe in emphysema.LOBES]
    )
    assert entered.sum() > 10
    air = found.hu[entered]
    assert np.median(air) < -960
    for one in measured(case).values():
        assert one.parameters["trachea_air_hu"] == pytest.approx(-1000, abs=12)


@pytest.mark.parametrize(
    ("height_m", "code"), [(0.90, None), (1.00, None), (1.10, "lungs_not_inflated")]
)
def test_lungs_too_small_for_the_body_are_not_inflated(height_m: float, code: str | None) -> None:
    """The same lungs in a taller patient."""
    case = replace(patient(), patient=replace(SMALL, height_m=height_m))
    share = emphysema.predicted_capacity_l(case.patient) * emphysema.LEAST_OF_CAPACITY
    volume_l = sum(case.statistics[lobe].volume_cm3 for lobe in emphysema.LOBES) / 1000
    assert (volume_l < share) == (code is not None)
    whole = measured(case)["lungs_laa950_percent"]
    assert (whole.why.code if whole.why else None) == code


def test_a_short_adult_is_assumed_where_the_height_is_not_known() -> None:
    """And a woman where the sex is not: only a clear expiration is refused."""
    unknown = emphysema.predicted_capacity_l(Patient())
    assert unknown == pytest.approx(4.3, abs=0.1)
    assert emphysema.predicted_capacity_l(ADULT) == pytest.approx(7.1, abs=0.1)


def test_a_trachea_that_bulges_in_tells_expiration() -> None:
    """However large the lungs are."""
    case = case_of(drawn(crescent=True), np.random.default_rng(1), patient=SMALL)
    assert refused(case) == "trachea_bulges_in"


@pytest.mark.parametrize(
    ("series", "code"),
    [
        (replace(SERIES, kernel_class=KernelClass.LUNG, kernel="B70f"), "kernel_too_sharp"),
        (replace(SERIES, kernel_class=KernelClass.BONE), "kernel_too_sharp"),
        (replace(SERIES, kernel_class=KernelClass.UNKNOWN), "kernel_not_known"),
        (replace(SERIES, slice_thickness_mm=2.6), "slices_too_thick"),
        (replace(SERIES, modality="MR"), "attenuation_unknown"),
    ],
)
def test_a_scan_made_for_something_else_is_refused(series: Series, code: str) -> None:
    """With the reason."""
    assert refused(replace(patient(), series=series)) == code


def test_two_and_a_half_millimetres_and_a_standard_kernel_pass() -> None:
    """The border of the gate."""
    series = replace(SERIES, slice_thickness_mm=2.5, kernel_class=KernelClass.STANDARD)
    whole = measured(replace(patient(), series=series))["lungs_laa950_percent"]
    assert whole.status is Status.MEASURED


def test_children_mr_and_cut_lungs() -> None:
    """None of them has a number."""
    case = patient()
    assert refused(replace(case, patient=replace(SMALL, age_years=12.0))) == "holds_from_age"
    assert refused(replace(case, modality="MR")) == "mr_has_no_hounsfield_units"
    short = case.image.shape[2] * 2 // 3
    label_map = replace(case.anatomy, data=case.anatomy.data[:, :, :short])
    total = replace(case.segmentations["total"], label_map=label_map)
    image = replace(case.image, data=case.image.data[:, :, :short])
    assert refused(replace(case, image=image, segmentations={"total": total})) in {
        "lobe_truncated",
        "region_not_covered",
    }
