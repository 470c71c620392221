"""Kidney stones: known ones are found and sized; none is a count, not looked is a reason."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from piece_case import SERIES, case_of
from pieces.drawing import Grid
from pieces.kidneys import CENTRE_MM, SIZE_MM, StoneTruth, kidneys

from heimdallr.analyses import kidney_stones
from heimdallr.analyses.contrast_phase import PHASE
from heimdallr.analyses.declared_outputs import unassessable
from heimdallr.domain.measurement import Measurement, Status
from heimdallr.imaging.volume import Volume

if TYPE_CHECKING:
    from pieces.drawing import Piece, Triple

    from heimdallr.analyses.case import Case

LOWER_POLE = StoneTruth("kidney_right", (0, 0, -30), (3.5, 2.5, 3.0), 900.0)
PELVIS = StoneTruth("kidney_right", (-18, 0, 0), (5.0, 4.0, 4.0), 700.0)
STONES = (LOWER_POLE, PELVIS)


@cache
def drawn(spacing_mm: Triple = (1.0, 1.0, 1.5), turn_deg: Triple = (0.0, 0.0, 0.0)) -> Piece:
    """Two stones on the right, none on the left."""
    return kidneys(Grid(SIZE_MM, spacing_mm, turn_deg), STONES)


@cache
def patient() -> Case:
    """As scanned."""
    return case_of(drawn(), np.random.default_rng(1), noise_hu=15.0)


def measured(case: Case) -> dict[str, Measurement]:
    """By name without its beginning."""
    return {one.name.removeprefix("kidney_stones_"): one for one in kidney_stones.measure(case)}


def with_image(case: Case, data: np.ndarray) -> Case:
    """The case with another image."""
    changed = replace(case, image=Volume(data, case.image.affine))
    return changed.with_facts([PHASE.measured("native")])


def test_stones_of_known_size_are_counted_and_sized() -> None:
    """One in the lower pole, one in the renal pelvis beside the kidney's mask; the rib is none."""
    found = measured(patient())
    assert found["right"].value == 2
    assert found["right_diameter_mm"].value == pytest.approx(10.0, abs=0.8)
    assert found["right_diameter_mm"].parameters["in_hilum"] is True
    volume_mm3 = LOWER_POLE.volume_mm3 + PELVIS.volume_mm3
    assert found["right_vol_mm3"].value == pytest.approx(volume_mm3, rel=0.15)
    at_130 = found["right_vol_mm3"].parameters["volume_at_130_hu_mm3"]
    assert isinstance(at_130, float)
    assert at_130 > 1.2 * volume_mm3
    assert found["right_peak_hu"].value == pytest.approx(900, abs=60)


def test_the_viewer_is_led_to_the_largest_stone() -> None:
    """Its voxel, in the volume, is bright and lies where it was drawn."""
    case = patient()
    text = str(measured(case)["right_diameter_mm"].parameters["voxel"])
    voxel = tuple(map(int, text.split()))
    assert case.image.data[voxel] > 500
    x, y, z = CENTRE_MM["kidney_right"]
    assert case.image.voxel_to_world(voxel) == pytest.approx([x - 18, y, z], abs=6.0)


def test_no_stone_is_a_count_and_has_no_size() -> None:
    """The left kidney was looked at: 0, and no diameter of 0."""
    found = measured(patient())
    assert (found["left"].status, found["left"].value) == (Status.MEASURED, 0)
    for name in ("left_diameter_mm", "left_vol_mm3", "left_peak_hu"):
        assert found[name].status is Status.NOT_APPLICABLE
        assert found[name].value is None


def test_turned_acquisitions_find_the_same() -> None:
    """Volumes tilted by 12 and 8 degrees, thick slices: count and size."""
    for spacing_mm, within_mm in (((1.0, 1.0, 1.5), 0.8), ((1.0, 1.0, 3.0), 1.2)):
        case = case_of(drawn(spacing_mm, (12.0, -8.0, 5.0)), np.random.default_rng(2))
        found = measured(case)
        assert found["right"].value == 2
        assert found["right_diameter_mm"].value == pytest.approx(10.0, abs=within_mm)


@pytest.mark.parametrize(
    ("phase", "status", "code"),
    [
        ("arterial", Status.NOT_APPLICABLE, "needs_unenhanced_ct"),
        ("venous", Status.NOT_APPLICABLE, "needs_unenhanced_ct"),
        ("delayed", Status.NOT_APPLICABLE, "needs_unenhanced_ct"),
        (None, Status.NOT_ASSESSABLE, "native_phase_not_known"),
    ],
)
def test_contrast_is_refused(phase: str | None, status: Status, code: str) -> None:
    """Excreted medium looks like stone; a phase that is not known is not taken for native."""
    fact = PHASE.absent(unassessable("no_patient")) if phase is None else PHASE.measured(phase)
    for one in kidney_stones.measure(patient().with_facts([fact])):
        assert (one.status, one.why and one.why.code) == (status, code)


def test_slices_of_three_millimetres_are_the_thickest() -> None:
    """Spacing and thickness both count."""
    case = patient()
    thin = replace(case, series=replace(SERIES, slice_thickness_mm=3.0))
    thick = replace(case, series=replace(SERIES, slice_thickness_mm=3.1))
    assert measured(thin)["left"].value == 0
    why = measured(thick)["left"].why
    assert why is not None
    assert why.code == "slices_too_thick"


@pytest.mark.parametrize("median_hu", [20, 180])
def test_a_bright_bladder_tells_excreted_contrast(median_hu: int) -> None:
    """Even where blood shows none any more."""
    case = patient()
    labels, image = case.anatomy.data.copy(), case.image.data.copy()
    labels[:12, :12, :12], image[:12, :12, :12] = 9, median_hu
    anatomy = replace(case.anatomy, data=labels, names={**case.anatomy.names, 9: "urinary_bladder"})
    total = replace(case.segmentations["total"], label_map=anatomy)
    changed = with_image(replace(case, segmentations={"total": total}), image)
    status = Status.MEASURED if median_hu < 100 else Status.NOT_ASSESSABLE
    assert measured(changed)["left"].status is status


def test_a_cut_kidney_has_no_count() -> None:
    """Stones of the part that is seen are told beside the reason."""
    case = patient()
    short = case.image.shape[2] * 2 // 3
    anatomy = replace(case.anatomy, data=case.anatomy.data[:, :, :short])
    total = replace(case.segmentations["total"], label_map=anatomy)
    cut = with_image(replace(case, segmentations={"total": total}), case.image.data[:, :, :short])
    found = measured(cut)
    assert found["right"].status is Status.NOT_ASSESSABLE
    assert found["right"].why is not None
    assert found["right"].why.code == "truncated"
    assert found["right"].parameters["stones_seen"] == 2


def test_noise_makes_no_stones() -> None:
    """40 HU of noise puts thousands of voxels above 130 HU; none stands five deviations out."""
    case = case_of(drawn(), np.random.default_rng(3), noise_hu=40.0)
    found = measured(case)
    assert (found["right"].value, found["left"].value) == (2, 0)


def test_a_stent_is_no_stone() -> None:
    """What runs out of the kidney leaves that side without a count, the other one with."""
    case = patient()
    image = case.image.data.copy()
    i, j, k = (round(at) for at in case.statistics["kidney_left"].centroid_ijk)
    image[i - 2 : i + 80, j - 1 : j + 2, k - 1 : k + 1] = 1200
    found = measured(with_image(case, image))
    assert found["left"].why is not None
    assert found["left"].why.code == "bright_piece_leaves_kidney"
    assert found["right"].value == 2


def test_mr_and_virtual_images_have_no_stones() -> None:
    """Neither a count nor a zero."""
    case = patient()
    mr = replace(case, modality="MR", series=replace(SERIES, modality="MR"))
    virtual = replace(case, series=replace(SERIES, rescale_type="HU_MOD"))
    for changed, code in ((mr, "mr_has_no_hounsfield_units"), (virtual, "virtual_attenuation")):
        assert {one.why and one.why.code for one in kidney_stones.measure(changed)} == {code}
