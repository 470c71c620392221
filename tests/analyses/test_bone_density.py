"""Trabecular attenuation on spines drawn with known attenuation."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import pytest
from pieces.spine import Column, Vertebra, draw_spine
from spine_cases import bundled, spine_case, with_levels

from heimdallr.analyses import bone_density, vertebral_fracture
from heimdallr.analyses.bone_density import category, densities, norm
from heimdallr.analyses.contrast_phase import OUTPUTS as PHASE_OUTPUTS
from heimdallr.analyses.declared_outputs import Absence
from heimdallr.domain.measurement import Status
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Patient

if TYPE_CHECKING:
    from pieces.drawing import Triple
    from pieces.spine import Spine

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement

LEVELS = ("T12", "L1", "L2")
HU = {"T12": 150.0, "L1": 130.0, "L2": 140.0}
WEDGE = (15.0, 20.0, 26.0)


@lru_cache
def spine(
    *,
    wedge: bool = False,
    cement: bool = False,
    screws: bool = False,
    spacing_mm: Triple = (1.5, 1.5, 1.5),
    turn_deg: Triple = (0.0, 0.0, 0.0),
) -> Spine:
    """T12 to L2, L1 with something in it."""
    l1 = Vertebra(
        "L1", WEDGE if wedge else (26.0, 25.0, 27.0), HU["L1"], cement=cement, screws=screws
    )
    column = (Vertebra("T12", trabecular_hu=HU["T12"]), l1, Vertebra("L2", trabecular_hu=HU["L2"]))
    return draw_spine(Column(column, 6.0, 3.0), spacing_mm, turn_deg)


def measured(case: Case) -> dict[str, Measurement]:
    """Measurements by name, after the heights."""
    known = case.with_facts(vertebral_fracture.measure(case))
    return {one.name: one for one in bone_density.measure(known)}


def code(one: Measurement) -> str | None:
    """Of the reason why there is no value."""
    return one.why.code if one.why else None


@pytest.mark.parametrize("turn_deg", [(0.0, 0.0, 0.0), (12.0, -8.0, 15.0)])
@pytest.mark.parametrize("spacing_mm", [(1.5, 1.5, 1.5), (1.0, 1.0, 3.0), (1.0, 1.0, 5.0)])
def test_means_are_those_drawn(turn_deg: Triple, spacing_mm: Triple) -> None:
    """However the patient lies; cortex, discs and processes stay out of it."""
    case = spine_case(spine(turn_deg=turn_deg, spacing_mm=spacing_mm))
    for level, found in densities(case).items():
        assert not isinstance(found, Absence)
        assert found.mean_hu == pytest.approx(HU[level], abs=4.0)
        assert found.body_hu == pytest.approx(HU[level], abs=8.0)
        assert found.std_hu == pytest.approx(15.0, abs=3.0)
        assert found.region.area_cm2 > 1.0


def test_the_slice_is_that_of_the_middle() -> None:
    """Where the viewer jumps: mid-height of the body."""
    drawn = spine()
    case = spine_case(drawn)
    found = measured(case)
    for level in LEVELS:
        k = found[f"{level}_trabecular_hu_mean"].parameters["slice_index"]
        assert isinstance(k, int)
        middle = case.image.world_to_voxel(drawn.middles_mm[level])[2]
        assert k == pytest.approx(middle, abs=1.5)


def test_conclusions_are_of_l1() -> None:
    """A woman of 60: usual are 151 HU, SD 41."""
    found = measured(spine_case(spine()))
    mean = found["L1_trabecular_hu_mean"].value
    assert isinstance(mean, float)
    assert found["bone_density_category"].value == "possible"
    assert found["bone_density_category"].parameters["levels"] == "L1"
    assert found["bone_density_z"].value == pytest.approx((mean - 151) / 41, abs=0.01)
    assert code(found["bone_density_native_hu"]) == "native_from_venous_only"


def test_the_venous_phase_says_what_native_may_be() -> None:
    """0.87 of it, beside the value as measured."""
    case = spine_case(spine())
    phase = next(one for one in PHASE_OUTPUTS if one.name == "contrast_phase")
    venous = case.with_facts([phase.measured("venous")])
    native, mean = (
        measured(venous)[name].value for name in ("bone_density_native_hu", "L1_trabecular_hu_mean")
    )
    assert isinstance(mean, float)
    assert native == pytest.approx(0.87 * mean, abs=0.1)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("wedge", "vertebra_looks_compressed"),
        ("cement", "dense_vertebra"),
        ("screws", "metal_in_vertebra"),
    ],
)
def test_a_broken_filled_or_screwed_level_is_passed_over(what: str, reason: str) -> None:
    """And the levels beside it stand for it."""
    found = measured(spine_case(spine(**{what: True})))
    assert code(found["L1_trabecular_hu_mean"]) == reason
    assert found["bone_density_category"].parameters["levels"] == "T12,L2"
    assert found["bone_density_category"].parameters["mean_hu"] == pytest.approx(145, abs=3)


def test_whether_heights_were_looked_at_is_said() -> None:
    """With slices of 4 mm there are densities, and no heights."""
    found = measured(spine_case(spine(spacing_mm=(1.0, 1.0, 4.0))))
    assert found["L1_trabecular_hu_mean"].parameters["height_checked"] == "no"
    found = measured(spine_case(spine()))
    assert found["L1_trabecular_hu_mean"].parameters["height_checked"] == "yes"


@pytest.mark.parametrize(
    ("kvp", "reason"),
    [
        (110, None),
        (130, None),
        (109, "voltage_outside"),
        (131, "voltage_outside"),
        (None, "voltage_unknown"),
    ],
)
def test_the_voltage_is_about_120(kvp: float | None, reason: str | None) -> None:
    """Both ends of what is allowed."""
    found = measured(spine_case(spine(), kvp=kvp))
    assert code(found["L1_trabecular_hu_mean"]) == reason
    assert code(found["bone_density_category"]) == reason


def test_slices_may_be_five_millimetres() -> None:
    """And not six."""
    found = measured(spine_case(spine(spacing_mm=(1.5, 1.5, 6.0))))
    assert all(code(one) == "slices_too_thick" for one in found.values())


@pytest.mark.parametrize(
    ("hu", "expected"), [(110, "likely"), (111, "possible"), (160, "possible"), (161, "unlikely")]
)
def test_categories(hu: float, expected: str) -> None:
    """Pickhardt's limits belong to the lower side."""
    assert category(hu) == expected


@pytest.mark.parametrize(
    ("age", "mean_hu", "sd_hu"),
    [(18, 226, 44), (30, 226, 44), (60, 151, 41), (90, 89, 38), (99, 89, 38)],
)
def test_the_norm_of_an_age(age: float, mean_hu: float, sd_hu: float) -> None:
    """Flat to 30, 2.5 HU a year, never below that of the oldest."""
    assert norm(age) == pytest.approx((mean_hu, sd_hu))


@pytest.mark.parametrize(("age", "is_adult"), [(18.0, True), (17.9, False)])
def test_children_have_no_category(age: float, *, is_adult: bool) -> None:
    """Their attenuation is measured all the same."""
    found = measured(spine_case(spine(), patient=Patient(age_years=age)))
    assert found["L1_trabecular_hu_mean"].status is Status.MEASURED
    expected = Status.MEASURED if is_adult else Status.NOT_APPLICABLE
    assert found["bone_density_category"].status is expected
    assert found["bone_density_z"].status is expected


def test_without_an_age_there_is_no_z() -> None:
    """The category does not need one."""
    found = measured(spine_case(spine(), patient=Patient()))
    assert found["bone_density_category"].value == "possible"
    assert code(found["bone_density_z"]) == "age_unknown_no_norm"


def test_levels_need_names() -> None:
    """No anchor in view: no number at any level."""
    case = with_levels(spine_case(spine()), LEVELS, Statement("no_level_anchor"))
    found = measured(case)
    assert all(code(one) == "no_level_anchor" for one in found.values())


def test_what_else_has_no_density() -> None:
    """MR, pixels that are no Hounsfield units, and the bundled networks' borders."""
    case = spine_case(spine())
    mr = measured(replace(case, modality="MR"))
    assert all(one.status is Status.NOT_APPLICABLE for one in mr.values())
    coarse = measured(bundled(case))
    assert all(code(one) == "bundled_vertebrae_too_coarse" for one in coarse.values())
    assert len(coarse) == len(bone_density.OUTPUTS)


def test_a_level_that_was_not_segmented_says_so() -> None:
    """L2 is missing from the map."""
    case = spine_case(spine())
    total = case.segmentations["total"]
    data = total.label_map.data.copy()
    data[data == case.anatomy.number("vertebrae_L2")] = 0
    left = replace(total, label_map=replace(total.label_map, data=data))
    found = measured(with_levels(replace(case, segmentations={"total": left}), ("T12", "L1")))
    assert found["L2_trabecular_hu_mean"].value is None
    assert found["L1_trabecular_hu_mean"].status is Status.MEASURED
