"""Tissue composition and sarcopenia at L3 on a trunk of concentric ellipses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from analysis_bodies import (
    CAVITY_RADII_MM,
    FAT_HU,
    L3_CENTRE_MM,
    MUSCLE_RADII_MM,
    TRUNK_RADII_MM,
    Body,
    rotation,
    trunk,
)

from heimdallr.analyses import body_regions, sarcopenia_l3, tissue_composition
from heimdallr.analyses.contrast_phase import FINE
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.study import Patient

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case


def ellipse_cm2(radii_mm: tuple[float, float]) -> float:
    """Area of an ellipse."""
    return math.pi * radii_mm[0] * radii_mm[1] / 100


MUSCLE_CM2 = ellipse_cm2(MUSCLE_RADII_MM) - ellipse_cm2(CAVITY_RADII_MM)
SUBCUTANEOUS_CM2 = ellipse_cm2(TRUNK_RADII_MM) - ellipse_cm2(MUSCLE_RADII_MM)


def sarcopenia(case: Case) -> dict[str, Measurement]:
    """Sarcopenia measurements by name."""
    return {one.name: one for one in sarcopenia_l3.measure(case)}


def composition(case: Case) -> dict[str, Measurement]:
    """Tissue measurements by name."""
    return {one.name: one for one in tissue_composition.measure(case)}


def test_area_attenuation_and_index() -> None:
    """The muscle ring's area, its 50 HU, and the index for 1.75 m."""
    case = trunk().case()
    found = sarcopenia(case)
    sma, k = found["SMA_cm2"].value, found["slice_L3"].value
    assert sma == pytest.approx(MUSCLE_CM2, rel=0.01)
    assert (found["muscle_HU_mean"].value, found["muscle_HU_std"].value) == (50, 0)
    assert isinstance(sma, float)
    assert isinstance(k, int)
    assert found["SMI_cm2_m2"].value == pytest.approx(sma / 1.75**2, abs=0.005)
    assert case.image.voxel_to_world((0, 0, k))[2] == pytest.approx(L3_CENTRE_MM, abs=3)


@pytest.mark.parametrize(
    ("phase", "estimate"), [("portal_venous", 37.5), ("arterial_late", None), ("native", None)]
)
def test_an_estimate_without_contrast_stands_beside_the_mean(
    phase: str, estimate: float | None
) -> None:
    """After portal venous scans only: 0.75 of it, and the mean stays what it was."""
    case = trunk().case()
    mean = sarcopenia(case.with_facts([FINE.measured(phase)]))["muscle_HU_mean"]
    assert mean.value == 50.0
    assert mean.parameters.get("estimated_native_hu") == estimate


def test_only_muscle_attenuation_counts() -> None:
    """Fat inside the muscle compartment is intermuscular fat, not muscle."""
    body = trunk()
    streak = body.box((0, 75, 0), (60, 6, 400))
    body.image[streak] = FAT_HU
    found = sarcopenia(body.case())
    tissues = composition(body.case())
    assert found["SMA_cm2"].value == pytest.approx(MUSCLE_CM2 - 3.6, rel=0.01)
    assert tissues["intermuscular_fat_area_L3_cm2"].value == pytest.approx(3.6, abs=0.01)
    assert found["muscle_HU_mean"].value == 50


@pytest.mark.parametrize("distance_mm", [195, 183])
def test_arms_are_left_out(distance_mm: float) -> None:
    """Arms beside the trunk, apart from it or touching its skin, add nothing."""
    found = sarcopenia(trunk(arms_at_mm=distance_mm).case())
    assert found["SMA_cm2"].value == pytest.approx(MUSCLE_CM2, rel=0.01)


def test_an_arm_with_its_bone_is_left_out() -> None:
    """The humerus is segmented in an arm that touches the flank: it does not make it trunk."""
    body = trunk(arms_at_mm=183)
    for x, name in ((183, "humerus_right"), (-183, "humerus_left")):
        body.paint(body.box((x, 0, 0), (18, 18, 200)), 300, name)
        body.labels["tissue_types"][body.labels["total"] > 0] = 0
    found = sarcopenia(body.case())
    assert found["SMA_cm2"].value == pytest.approx(MUSCLE_CM2, rel=0.01)


def test_areas_at_every_level() -> None:
    """All four tissues from T11 to L5, subcutaneous fat as drawn."""
    found = composition(trunk().case())
    levels = {name.split("_area_")[1] for name in found if "_area_" in name}
    assert levels == {f"{level}_cm2" for level in ("T11", "T12", "L1", "L2", "L3", "L4", "L5")}
    subcutaneous = found["subcutaneous_fat_area_L3_cm2"]
    assert subcutaneous.value == pytest.approx(SUBCUTANEOUS_CM2, rel=0.01)
    assert found["skeletal_muscle_area_L3_cm2"].value == pytest.approx(MUSCLE_CM2, rel=0.01)


def test_scanned_volumes() -> None:
    """Ring area times scanned length, and the length beside it."""
    found = composition(trunk().case())["subcutaneous_fat_scanned_vol_cm3"]
    assert found.value == pytest.approx(SUBCUTANEOUS_CM2 * 32.4, rel=0.01)
    assert found.parameters["scanned_mm"] == 324
    assert found.parameters["route"] == "tissue_types"


@pytest.mark.parametrize(
    ("regions", "status"),
    [
        ("head", Status.NOT_APPLICABLE),
        ("head,neck", Status.NOT_APPLICABLE),
        ("neck,thorax", Status.MEASURED),
        ("", Status.MEASURED),
    ],
)
def test_a_head_has_no_visceral_fat(regions: str, status: Status) -> None:
    """What a network takes for fat of the torso there is none; what is not known, counts."""
    known = body_regions.BODY_REGIONS.of().measured(regions)
    found = composition(trunk().case().with_facts([known]))
    assert found["visceral_fat_scanned_vol_cm3"].status is status
    assert found["subcutaneous_fat_scanned_vol_cm3"].status is Status.MEASURED


def test_fat_beyond_the_field_of_view_has_no_area() -> None:
    """The flank is cut: subcutaneous fat is not assessable there, muscle still is."""
    body = trunk()
    body.paint(body.box((200, 0, 0), (120, 90, 400)), FAT_HU, "subcutaneous_fat", "tissue_types")
    found = composition(body.case())
    assert found["subcutaneous_fat_area_L3_cm2"].status is Status.NOT_ASSESSABLE
    assert "right" in found["subcutaneous_fat_area_L3_cm2"].reason
    assert found["skeletal_muscle_area_L3_cm2"].status is Status.MEASURED


@pytest.mark.parametrize(
    ("radius_mm", "fat", "muscle"),
    [(180, Status.MEASURED, Status.MEASURED), (133, Status.NOT_ASSESSABLE, Status.MEASURED),
     (100, Status.NOT_ASSESSABLE, Status.NOT_ASSESSABLE)],
)  # fmt: skip
def test_a_round_field_of_view_cuts_as_well(radius_mm: float, fat: Status, muscle: Status) -> None:
    """Flanks at 150 mm, muscle to 126: the circle cuts what it reaches."""
    body = trunk()
    body.see_within(radius_mm)
    found = {**composition(body.case()), **sarcopenia(body.case())}
    assert found["subcutaneous_fat_area_L3_cm2"].status is fat
    assert found["skeletal_muscle_area_L3_cm2"].status is muscle
    assert found["SMA_cm2"].status is muscle
    assert found["visceral_fat_area_L3_cm2"].status is muscle


def test_cut_muscle_has_no_area_but_an_attenuation() -> None:
    """The field of view ends inside the muscle."""
    narrow = Body((480, 270, 324))
    full = trunk()
    keep = slice(44, 116)
    affine = full.affine.copy()
    affine[:3, 3] = (full.affine @ [44, 0, 0, 1])[:3]
    narrow.image = full.image[keep]
    narrow.labels = {task: labels[keep] for task, labels in full.labels.items()}
    narrow.affine = affine
    found = sarcopenia(narrow.case())
    assert found["SMA_cm2"].status is Status.NOT_ASSESSABLE
    assert found["SMI_cm2_m2"].status is Status.NOT_ASSESSABLE
    assert found["muscle_HU_mean"].value == 50


def test_no_height_no_index() -> None:
    """An unknown height leaves the area and takes the index."""
    found = sarcopenia(trunk().case(Patient(sex="F")))
    assert found["SMA_cm2"].status is Status.MEASURED
    assert found["SMI_cm2_m2"].reason == "the patient's height is not known"


def test_a_misnamed_spine_gives_no_number_at_l3() -> None:
    """L2 and L3 swapped: nothing at L3, and every area says why."""
    body = trunk()
    labels = body.labels["total"]
    l3, l2 = labels == 29, labels == 30
    labels[l3], labels[l2] = 30, 29
    found = sarcopenia(body.case())
    assert {one.status for one in found.values()} == {Status.NOT_ASSESSABLE}
    assert "inconsistent" in found["SMA_cm2"].reason
    areas = [one for name, one in composition(body.case()).items() if "_area_" in name]
    assert {one.status for one in areas} == {Status.NOT_ASSESSABLE}


def test_a_cut_l3_gives_no_number() -> None:
    """L3 at the lower edge."""
    body = trunk()
    lowest = 324 // 2 // 3 - 2
    body.image, body.labels = (
        body.image[:, :, lowest:],
        {task: labels[:, :, lowest:] for task, labels in body.labels.items()},
    )
    found = sarcopenia(body.case())
    assert found["slice_L3"].status is Status.NOT_ASSESSABLE
    assert found["slice_L3"].reason == "L3 is truncated at inferior edge"


def test_without_tissue_masks_the_slice_is_still_known() -> None:
    """The licensed task was skipped: the slice is measured, the muscle says why it is not."""
    found = sarcopenia(trunk().case(without=["tissue_types"]))
    assert found["slice_L3"].status is Status.MEASURED
    assert found["SMA_cm2"].reason == "task tissue_types was not run: not requested"


def test_an_empty_tissue_mask_is_not_zero() -> None:
    """No muscle found is no measurement of 0 cm2."""
    body = trunk()
    body.labels["tissue_types"][:] = 0
    assert sarcopenia(body.case())["SMA_cm2"].status is Status.NOT_ASSESSABLE
    volumes = composition(body.case())
    assert volumes["skeletal_muscle_scanned_vol_cm3"].status is Status.NOT_ASSESSABLE
    assert volumes["skeletal_muscle_area_L3_cm2"].status is Status.NOT_ASSESSABLE


def test_mr_has_no_hounsfield_windows() -> None:
    """On MR both analyses do not apply."""
    body = Body((90, 90, 90), modality="MR")
    body.mark(body.box((0, 0, 0), (30, 30, 30)), "liver")
    for one in (*sarcopenia_l3.measure(body.case()), *tissue_composition.measure(body.case())):
        assert one.status is Status.NOT_APPLICABLE


def test_a_tilted_gantry_keeps_the_area() -> None:
    """On a sheared grid the pixel's area is that of the axial plane, whatever the shear."""
    body = trunk()
    shear = np.eye(4)
    shear[1, 2] = np.tan(np.deg2rad(15))
    straight = sarcopenia(body.case())["SMA_cm2"].value
    body.affine = rotation(-15, 0) @ shear @ body.affine
    assert sarcopenia(body.case())["SMA_cm2"].value == straight
