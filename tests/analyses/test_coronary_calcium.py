"""Coronary calcium: lesions of known score, a valve and a lead that must not count."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from analysis_bodies import segmentation
from piece_case import ADULT, SERIES, case_of
from pieces.calcium import (
    CHEST_MM,
    Plaque,
    heart,
    on_heart,
    reference_agatston,
)
from pieces.drawing import Grid

from heimdallr.analyses import coronary_calcium
from heimdallr.analyses.contrast_phase import PHASE
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.domain.study import KernelClass, Series
from heimdallr.imaging.volume import LabelMap

if TYPE_CHECKING:
    from pieces.drawing import Piece, Triple

    from heimdallr.analyses.case import Case

PLAQUES = (
    Plaque(on_heart(100.0, 0.3), (2.0, 1.5, 4.0), 600.0),
    Plaque(on_heart(160.0, 0.1), (1.5, 2.0, 6.0), 320.0),
)


def draw(grid: Grid) -> Piece:
    """Two lesions on the heart, a calcified aortic valve in it."""
    return heart(grid, PLAQUES, valve_hu=700.0)


@cache
def truth() -> float:
    """Their score on axial slices of 3 mm, without noise."""
    return reference_agatston(draw, CHEST_MM, PLAQUES, 1.0)


@cache
def patient(spacing_mm: Triple = (1.0, 1.0, 3.0), turn_deg: Triple = (0, 0, 0)) -> Case:
    """As scanned."""
    return case_of(draw(Grid(CHEST_MM, spacing_mm, turn_deg)), np.random.default_rng(1))


def measured(case: Case) -> dict[str, Measurement]:
    """By name without its beginning."""
    return {
        one.name.removeprefix("coronary_calcium_"): one for one in coronary_calcium.measure(case)
    }


def refused(case: Case) -> str:
    """Code of the reason, the same for both; no lesion is listed."""
    found = measured(case)
    assert set(found) == {"category", "lesions"}
    (code,) = {one.why.code for one in found.values() if one.why is not None}
    return code


@pytest.mark.parametrize(
    ("spacing_mm", "turn_deg"),
    [((1.0, 1.0, 3.0), (0, 0, 0)), ((1.0, 1.0, 1.5), (0, 0, 0)), ((1.0, 1.0, 3.0), (9, -7, 5))],
)
def test_lesions_of_known_score(spacing_mm: Triple, turn_deg: Triple) -> None:
    """The category is the truth's, both lesions are listed, the valve is none of them."""
    found = measured(patient(spacing_mm, turn_deg))
    category = found["category"]
    assert category.value == coronary_calcium.category_of(truth()) == "100-299"
    assert category.parameters["estimated_agatston"] == pytest.approx(truth(), rel=0.2)
    assert category.parameters["route"] == coronary_calcium.ESTIMATE
    assert found["lesions"].value == 2
    assert found["lesion_1_peak_hu"].value == pytest.approx(600, abs=60)


def test_each_lesion_has_its_place() -> None:
    """The voxel is that of the volume, also where thin slices were averaged."""
    case = patient((1.0, 1.0, 1.5))
    one = measured(case)["lesion_1_peak_hu"]
    voxel = tuple(map(int, str(one.parameters["voxel"]).split()))
    assert case.image.voxel_to_world(voxel) == pytest.approx(PLAQUES[0].centre_mm, abs=4.5)
    assert one.parameters["slice_index"] == voxel[2]


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0.0, "0"),
        (0.3, "1-99"),
        (99.9, "1-99"),
        (100.0, "100-299"),
        (299.9, "100-299"),
        (300.0, "300 or more"),
        (4000.0, "300 or more"),
    ],
)
def test_categories_at_their_borders(score: float, expected: str) -> None:
    """Something that was found is never category 0."""
    assert coronary_calcium.category_of(score) == expected


def test_a_heart_without_calcium_is_category_zero() -> None:
    """Looked at and none found, valve or not."""
    bare = heart(Grid(CHEST_MM, (1.0, 1.0, 3.0)), valve_hu=700.0)
    found = measured(case_of(bare, np.random.default_rng(2), noise_hu=15.0))
    assert (found["category"].value, found["lesions"].value) == ("0", 0)


def test_a_pacemaker_is_refused() -> None:
    """Its lead, and what it makes of the image around it."""
    with_lead = heart(Grid(CHEST_MM, (1.0, 1.0, 2.5)), PLAQUES, lead_hu=3000.0)
    assert refused(case_of(with_lead, np.random.default_rng(2))) == "metal_in"


def test_segmented_arteries_take_the_place_of_the_estimate() -> None:
    """Only what lies on them counts: here, the first of the two lesions."""
    case = patient()
    i, j, k = (round(at) for at in case.image.world_to_voxel(PLAQUES[0].centre_mm))
    arteries = np.zeros(case.image.shape, np.uint8)
    arteries[i - 1 : i + 2, j - 1 : j + 2, k - 2 : k + 3] = 1
    one = segmentation(arteries, case.image.affine, "coronary_arteries")
    one = replace(one, label_map=LabelMap(arteries, case.image.affine, {1: "coronary_arteries"}))
    with_arteries = replace(case, segmentations={**case.segmentations, "coronary_arteries": one})
    found = measured(with_arteries)
    assert found["lesions"].value == 1
    assert found["category"].parameters["route"] == coronary_calcium.ARTERIES


@pytest.mark.parametrize(
    ("series", "code"),
    [
        (replace(SERIES, kvp=100.0), "voltage_outside"),
        (replace(SERIES, kvp=None), "voltage_unknown"),
        (replace(SERIES, kernel_class=KernelClass.LUNG), "kernel_too_sharp"),
        (replace(SERIES, kernel_class=KernelClass.UNKNOWN), "kernel_not_known"),
        (replace(SERIES, slice_thickness_mm=3.1), "slices_too_thick"),
        (replace(SERIES, rescale_type="HU_MOD"), "virtual_attenuation"),
    ],
)
def test_a_scan_made_for_something_else_is_refused(series: Series, code: str) -> None:
    """With the reason."""
    assert refused(replace(patient(), series=series)) == code


def test_standard_kernels_contrast_children_and_noise() -> None:
    """A standard kernel passes; medium, a child and noise do not."""
    case = patient()
    standard = replace(case, series=replace(SERIES, kernel_class=KernelClass.STANDARD))
    assert measured(standard)["category"].status is Status.MEASURED
    assert refused(case.with_facts([PHASE.measured("arterial")])) == "needs_unenhanced_ct"
    child = replace(case, patient=replace(ADULT, age_years=17.9))
    assert measured(child)["category"].status is Status.NOT_APPLICABLE
    noisy = case_of(draw(Grid(CHEST_MM, (1, 1, 3.0))), np.random.default_rng(2), noise_hu=30.0)
    assert refused(noisy) == "noise_like_calcium"


@pytest.mark.parametrize(
    ("with_lungs", "code"), [(True, "truncated"), (False, "region_not_covered")]
)
def test_a_cut_heart_has_no_category(*, with_lungs: bool, code: str) -> None:
    """Half of it may hold more; without lungs beside it, it is a CT of something else."""
    case = patient()
    short = case.image.shape[2] * 3 // 4
    labels, image = (data[:, :, :short].copy() for data in (case.anatomy.data, case.image.data))
    names = dict(case.anatomy.names)
    if with_lungs:
        names |= {8: "lung_upper_lobe_left", 9: "lung_upper_lobe_right"}
        air = (labels == 0) & (image < -600)
        labels[air] = 8
        labels[75:][air[75:]] = 9
    label_map = LabelMap(labels, case.image.affine, names)
    total = replace(case.segmentations["total"], label_map=label_map)
    cut = replace(
        case, image=replace(case.image, data=image), segmentations={"total": total}
    ).with_facts([PHASE.measured("native")])
    assert refused(cut) == code
