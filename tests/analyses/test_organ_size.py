"""Organ size: known lengths and volumes, whole organs only, a body of known size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from analysis_bodies import ADULT, Body, segmentation, trunk
from piece_case import case_of
from pieces.drawing import Grid
from pieces.kidneys import leaning_kidneys

from heimdallr.analyses import organ_size, organ_volumetry
from heimdallr.analyses.declared_outputs import Output, unassessable
from heimdallr.domain.measurement import Measurement, Status

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case
    from heimdallr.domain.study import Patient

VOLUME = Output("liver_vol_cm3", "cm3", "")


def found(body: Body, patient: Patient = ADULT) -> dict[str, Measurement]:
    """The sizes of a body, after its volumes."""
    return measured(body.case(patient))


def measured(case: Case) -> dict[str, Measurement]:
    """The sizes of a case, after its volumes."""
    case = case.with_facts(organ_volumetry.measure(case))
    return {one.name: one for one in organ_size.measure(case)}


@pytest.mark.parametrize("slice_mm", [2.0, 5.0])
def test_a_kidney_is_as_long_as_it_was_drawn(slice_mm: float) -> None:
    """Ellipsoids of 90 mm whose poles fall on the border of voxels; they lose about a slice."""
    sizes = found(trunk((2.0, 2.0, slice_mm)))
    for side in ("right", "left"):
        length = sizes[f"kidney_{side}_length_mm"]
        assert length.value == pytest.approx(90.0, abs=0.3 + slice_mm)
        assert length.structure == f"kidney_{side}"
    assert sizes["kidney_length_difference_mm"].value == 0.0


@pytest.mark.parametrize("flipped", [(), (0, 2)])
@pytest.mark.parametrize("turn_deg", [(0.0, 0.0, 0.0), (10.0, -8.0, 5.0)])
def test_a_leaning_kidney_is_measured_along_itself(
    turn_deg: tuple[float, float, float], flipped: tuple[int, ...]
) -> None:
    """However the grid lies; straight up it would be 7 mm shorter."""
    piece = leaning_kidneys(
        Grid((190.0, 110.0, 150.0), (2.0, 2.0, 2.5), turn_deg, flipped), 120.0, 95.0
    )
    sizes = measured(case_of(piece, np.random.default_rng(1)))
    for side in ("right", "left"):
        name = f"kidney_{side}_length_mm"
        assert sizes[name].value == pytest.approx(piece.truth[name], abs=1.5)


def test_a_stray_piece_makes_no_kidney_longer() -> None:
    """A few voxels far below are not its lower pole."""
    body = trunk()
    whole = found(body)["kidney_right_length_mm"].value
    body.mark(body.box((60, -18, -120), (9, 9, 9)), "kidney_right")
    assert found(body)["kidney_right_length_mm"].value == whole


def test_a_cut_kidney_has_no_length() -> None:
    """The part that was seen stands beside the reason; the difference has the same reason."""
    body = trunk()
    body.paint(body.box((60, -18, -110), (24, 24, 120)), 35, "kidney_right")
    sizes = found(body)
    right = sizes["kidney_right_length_mm"]
    assert right.status is Status.NOT_ASSESSABLE
    assert right.reason.startswith("truncated at inferior edge")
    assert isinstance(right.parameters["segmented_mm"], float)
    assert sizes["kidney_left_length_mm"].value is not None
    assert sizes["kidney_length_difference_mm"].reason == right.reason


def test_a_removed_kidney_is_not_zero() -> None:
    """Absent, missed and removed look alike."""
    body = trunk()
    body.labels["total"][body.labels["total"] == 3] = 0
    sizes = found(body)
    assert sizes["kidney_left_length_mm"].reason == "no left kidney segmented in this volume"
    assert sizes["kidney_length_difference_mm"].value is None
    assert sizes["kidney_right_length_mm"].value is not None


def test_the_shorter_kidney_is_named() -> None:
    """By the structure the difference belongs to."""
    body = trunk()
    body.labels["total"][body.box((60, -18, 21), (60, 60, 42))] = 0
    difference = found(body)["kidney_length_difference_mm"]
    assert difference.structure == "kidney_right"
    assert isinstance(difference.value, float)
    assert difference.value == pytest.approx(17.0, abs=3.0)


def test_liver_over_body_surface() -> None:
    """1,500 cm³ at 1.75 m and 80 kg: 1.972 m² by Mosteller."""
    index = organ_size.liver_index(VOLUME.measured(1500.0), 1.75, 80.0)
    assert (index.value, index.parameters["body_surface_m2"]) == (761, 1.97)


@pytest.mark.parametrize(("height", "weight"), [(None, 80.0), (1.75, None)])
def test_without_height_or_weight_there_is_no_index(
    height: float | None, weight: float | None
) -> None:
    """And the volume stays."""
    sizes = found(trunk(), replace(ADULT, height_m=height, weight_kg=weight))
    index = sizes["liver_vol_per_bsa_ml_m2"]
    assert index.reason == "the patient's height or weight is not known"
    assert sizes["liver_to_spleen_volume"].value is not None


def test_a_cut_liver_has_no_index() -> None:
    """For the reason its volume has."""
    absent = VOLUME.absent(unassessable("not_segmented", structure="liver"))
    index = organ_size.liver_index(absent, 1.75, 80.0)
    assert (index.status, index.reason) == (Status.NOT_ASSESSABLE, absent.reason)


def test_liver_over_spleen() -> None:
    """Ellipsoids of 39 by 42 by 60 and 27 by 30 by 42 mm."""
    ratio = found(trunk())["liver_to_spleen_volume"]
    assert ratio.value == pytest.approx(39 * 42 * 60 / (27 * 30 * 42), rel=0.02)


def test_mr_has_sizes_too() -> None:
    """A length needs no attenuation."""
    body = Body((180, 120, 180), modality="MR")
    for side, name in ((1, "kidney_right"), (-1, "kidney_left")):
        body.paint(body.ellipsoid((side * 50, 0, 0), (25, 24, 50)), 300, name)
    assert found(body)["kidney_right_length_mm"].value == pytest.approx(100.0, abs=2.0)


def test_kidneys_of_the_bundled_weights_have_no_length() -> None:
    """A tumour of the liver under their label made 146 mm of a kidney of 110."""
    case = trunk().case(ADULT)
    labels = segmentation(case.anatomy.data, case.image.affine, "total", "bundled")
    sizes = measured(replace(case, segmentations={**case.segmentations, "total": labels}))
    for name in ("kidney_right_length_mm", "kidney_left_length_mm", "kidney_length_difference_mm"):
        assert sizes[name].value is None
        assert sizes[name].status is Status.NOT_ASSESSABLE
        why = sizes[name].why
        assert why is not None
        assert why.code == "too_coarse_for_length"
    assert sizes["liver_to_spleen_volume"].value is not None
