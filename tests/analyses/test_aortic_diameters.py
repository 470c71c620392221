"""Aortas of known diameters, whole and cut, with and without the structures that divide them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from analysis_bodies import ADULT, segmentation
from aorta_phantoms import ABDOMEN_MM, CHEST_MM, case_of
from pieces.aorta import abdominal_aorta, thoracic_aorta
from pieces.drawing import Grid
from totalsegmentator.map_to_binary import class_map

from heimdallr.analyses.aortic_diameters import OUTPUTS, measure
from heimdallr.analyses.case import Case
from heimdallr.analyses.rules.findings import find
from heimdallr.analyses.vertebral_levels import LevelCheck
from heimdallr.domain.measurement import Status
from heimdallr.domain.statements import Statement
from heimdallr.domain.study import Series
from heimdallr.imaging.volume import Volume

if TYPE_CHECKING:
    from pieces.drawing import Piece

    from heimdallr.domain.measurement import Measurement

WITHIN_MM = 1.5


def found_in(case: Case) -> dict[str, Measurement]:
    """What is measured, by name; every output is there."""
    found = {one.name: one for one in measure(case)}
    assert list(found) == [one.name for one in OUTPUTS]
    return found


def code(one: Measurement) -> str:
    """Why there is no value."""
    assert one.value is None
    assert one.why is not None
    return one.why.code


@pytest.fixture(scope="module")
def abdomen() -> Piece:
    """An aneurysm of 48 × 41 mm, winding."""
    grid = Grid(ABDOMEN_MM, (3.0, 3.0, 3.0))
    return abdominal_aorta(grid, np.random.default_rng(3), aneurysm_mm=48.0, other_mm=41.0)


@pytest.fixture(scope="module")
def chest() -> Piece:
    """An ascending aorta of 46 mm, an arch, and a descending one that leaves the image."""
    grid = Grid(CHEST_MM, (3.0, 3.0, 3.0))
    return thoracic_aorta(grid, np.random.default_rng(4), ascending_mm=46.0)


def test_an_aneurysm_has_the_diameters_it_was_drawn_with(abdomen: Piece) -> None:
    """Both diameters within 1.5 mm, the segment told by kidneys and iliac arteries."""
    found = found_in(case_of(abdomen))
    one = found["aorta_infrarenal_diameter_mm"]
    assert one.value == pytest.approx(48.0, abs=WITHIN_MM)
    assert found["aorta_infrarenal_perpendicular_mm"].value == pytest.approx(41.0, abs=WITHIN_MM)
    assert one.parameters["upper_border"] == "kidneys"
    assert one.parameters["lower_border"] == "iliac_arteries"
    for side in ("left", "right"):
        assert found[f"common_iliac_{side}_diameter_mm"].value == pytest.approx(12.0, abs=WITHIN_MM)


def test_a_lying_vessel_is_no_wider_than_an_upright_one() -> None:
    """On an axial slice a tube of 30 mm that leans by 40° is 39 mm long; across it is 30."""
    lean = Grid((220.0, 150.0, 258.0), (3.0, 3.0, 3.0), turn_deg=(0.0, 40.0, 0.0))
    piece = abdominal_aorta(lean, np.random.default_rng(5), aneurysm_mm=30.0, other_mm=30.0)
    found = found_in(case_of(piece))
    seen = found["aorta_infrarenal_diameter_mm"]
    value = seen.value if seen.value is not None else seen.parameters["seen_diameter_mm"]
    assert value == pytest.approx(30.0, abs=WITHIN_MM)


@pytest.mark.parametrize("spacing", [(2.0, 2.0, 5.0), (2.5, 2.5, 2.5)])
def test_thick_slices_and_a_flipped_grid(spacing: tuple[float, float, float]) -> None:
    """The same aneurysm within 1.5 mm."""
    grid = Grid(ABDOMEN_MM, spacing, flipped=(0, 2))
    piece = abdominal_aorta(grid, np.random.default_rng(3), aneurysm_mm=48.0, other_mm=41.0)
    found = found_in(case_of(piece))
    assert found["aorta_infrarenal_diameter_mm"].value == pytest.approx(48.0, abs=WITHIN_MM)


def test_slices_up_to_five_millimetres(abdomen: Piece) -> None:
    """5.0 mm are measured, 5.2 mm are not."""
    case = case_of(abdomen)
    for factor, is_measured in ((5.0 / 3, True), (5.2 / 3, False)):
        affine = case.image.affine.copy()
        affine[:3, 2] *= factor
        made = case.segmentations["total"]
        stretched = replace(made, label_map=replace(case.anatomy, affine=affine))
        thick = replace(
            case, image=Volume(case.image.data, affine), segmentations={"total": stretched}
        )
        codes = {one.why.code for one in measure(thick) if one.why is not None}
        assert ("slices_too_thick" not in codes) is is_measured


def test_a_cut_aneurysm_is_a_lower_bound(abdomen: Piece) -> None:
    """Seen down to its middle only: no diameter, but what was seen, and a finding that says so."""
    case = case_of(abdomen, cut=slice(36, None))
    one = found_in(case)["aorta_infrarenal_diameter_mm"]
    assert code(one) == "aorta_segment_in_part"
    assert one.why is not None
    assert one.why.parameters["edges"] == ("inferior",)
    seen = one.parameters["seen_diameter_mm"]
    assert isinstance(seen, float)
    assert 30.0 < seen < 48.0 + WITHIN_MM
    known = replace_levels(case, LevelCheck(None, ("L3", "L4", "L5")))
    said = {each.code: each for each in find(known, measure(known)).findings}
    assert "at least" in said["abdominal_aorta_dilated"].title


def test_a_round_field_of_view_cuts_an_aneurysm(abdomen: Piece) -> None:
    """The circle ends amid the aneurysm: what was seen of it is no diameter."""
    case = case_of(abdomen)
    label_map = case.segmentations["total"].label_map
    i, j, _ = np.argwhere(label_map.mask("aorta")).mean(axis=0)
    x, y, _ = np.ogrid[tuple(map(slice, label_map.shape))]
    outside = np.broadcast_to(np.hypot(x - i + 12, y - j) > 17, label_map.shape)
    image = Volume(np.where(outside, -2000, case.image.data), case.image.affine)
    seen = replace(label_map, data=np.where(outside, 0, label_map.data))
    made = replace(case.segmentations["total"], label_map=seen)
    found = found_in(replace(case, image=image, segmentations={"total": made}))
    one = found["aorta_infrarenal_diameter_mm"]
    assert one.value is None
    assert one.why is not None
    assert one.why.parameters["edges"] == ("field_of_view",)


def replace_levels(case: Case, levels: LevelCheck) -> Case:
    """The case with another outcome of the level check."""
    case.worked_out.levels = levels
    return case


def test_the_border_at_t12_needs_levels_that_hold(abdomen: Piece) -> None:
    """Levels refused: the kidneys' upper end tells it; neither: the segment is unknown."""
    refused = LevelCheck(Statement("no_level_anchor"), ())
    found = found_in(replace_levels(case_of(abdomen), refused))
    assert found["aorta_suprarenal_diameter_mm"].parameters["upper_border"] == "kidneys_upper_end"
    assert code(found["aorta_descending_diameter_mm"]) == "aorta_label_ends"
    none = case_of(abdomen, without=("kidney_left", "kidney_right"))
    found = found_in(replace_levels(none, refused))
    for name in ("descending", "suprarenal", "infrarenal", "abdominal"):
        assert code(found[f"aorta_{name}_diameter_mm"]) == "aorta_border_unknown"
    assert code(found["aorta_abdominal_tortuosity"]) == "aorta_border_unknown"


def test_levels_that_hold_say_what_lies_beyond_the_image(abdomen: Piece) -> None:
    """L2 to L5 in view: the diaphragm lies above, nothing here is descending aorta."""
    lumbar = LevelCheck(None, ("L3", "L4", "L5"), ("sacrum",))
    found = found_in(replace_levels(case_of(abdomen, without=("kidney_left",)), lumbar))
    assert code(found["aorta_suprarenal_diameter_mm"]) == "aorta_label_ends"
    assert code(found["aorta_descending_diameter_mm"]) == "region_not_covered"
    assert found["aorta_infrarenal_diameter_mm"].parameters["upper_border"] == "kidney_right"


def test_without_iliac_arteries_the_label_may_have_ended_early(abdomen: Piece) -> None:
    """The infrarenal diameter is what was seen."""
    case = case_of(abdomen, without=("iliac_artery_left", "iliac_artery_right"))
    found = found_in(case)
    one = found["aorta_infrarenal_diameter_mm"]
    assert code(one) == "aorta_label_ends"
    assert one.parameters["seen_diameter_mm"] == pytest.approx(48.0, abs=WITHIN_MM)
    assert found["common_iliac_left_diameter_mm"].status is not Status.MEASURED


def test_an_arch_is_divided_by_its_branches(chest: Piece) -> None:
    """Ascending, arch and descending; the root is left out."""
    found = found_in(case_of(chest))
    one = found["aorta_ascending_diameter_mm"]
    assert one.value == pytest.approx(chest.truth["ascending_mm"], abs=2.0)
    assert one.parameters["lower_border"] == "brachiocephalic_trunk"
    assert one.parameters["ecg_gating"] == "unknown"
    gated = replace(case_of(chest), series=replace(case_of(chest).series, gated=True))
    one = found_in(gated)["aorta_ascending_diameter_mm"]
    assert one.parameters["ecg_gating"] == "gated"
    arch = found["aorta_arch_diameter_mm"]
    assert arch.value == pytest.approx(chest.truth["arch_mm"], abs=2.0)
    assert arch.parameters["lower_border"] == "subclavian_artery_left"
    assert code(found["aorta_descending_diameter_mm"]) == "aorta_border_unknown"


def test_without_branches_the_course_of_the_line_divides_it(chest: Piece) -> None:
    """As with weights that leave the branches out."""
    case = case_of(chest, without=("brachiocephalic_trunk", "subclavian_artery_left"))
    found = found_in(replace_levels(case, LevelCheck(None, ("T4", "T5", "T6"))))
    one = found["aorta_ascending_diameter_mm"]
    assert one.parameters["lower_border"] == "course_of_the_line"
    assert one.value == pytest.approx(chest.truth["ascending_mm"], abs=2.0)
    descending = found["aorta_descending_diameter_mm"]
    assert code(descending) in {"aorta_segment_in_part", "aorta_label_ends"}
    seen = descending.parameters["seen_diameter_mm"]
    assert seen == pytest.approx(chest.truth["descending_mm"], abs=WITHIN_MM)


def test_an_arch_cut_off_leaves_two_limbs(chest: Piece) -> None:
    """A volume that begins below the arch: the limb in front is the ascending aorta, cut above."""
    case = case_of(chest, cut=slice(0, 66))
    found = found_in(replace_levels(case, LevelCheck(None, ("T6", "T7", "T8"))))
    ascending = found["aorta_ascending_diameter_mm"]
    assert code(ascending) == "aorta_segment_in_part"
    assert ascending.why is not None
    assert ascending.why.parameters["edges"] == ("superior",)
    assert code(found["aorta_arch_diameter_mm"]) == "region_not_covered"
    seen = found["aorta_descending_diameter_mm"].parameters["seen_diameter_mm"]
    assert seen == pytest.approx(chest.truth["descending_mm"], abs=WITHIN_MM)


def test_bundled_weights_are_too_coarse(abdomen: Piece) -> None:
    """Their label made 31 mm of a real aorta of 20 mm."""
    case = case_of(abdomen)
    made = case.segmentations["total"]
    bundled = replace(made, provenance=replace(made.provenance, weights_origin="bundled"))
    found = found_in(replace(case, segmentations={"total": bundled}))
    assert {code(one) for one in found.values()} == {"too_coarse_for_diameters"}


def test_no_aorta_and_too_little_of_it(abdomen: Piece) -> None:
    """Not segmented is said so; of three slices no course can be told."""
    assert code(found_in(case_of(abdomen, without=("aorta",)))["aorta_length_mm"])
    few = found_in(case_of(abdomen, cut=slice(38, 42)))
    assert {code(one) for one in few.values()} == {"vessel_too_short"}


def test_mr_has_diameters_too(abdomen: Piece) -> None:
    """They need no attenuation."""
    case = case_of(abdomen)
    names = {name: number for number, name in class_map["total_mr"].items()}
    labels = np.zeros_like(case.anatomy.data)
    for name in ("aorta", "kidney_left", "kidney_right", "iliac_artery_left", "iliac_artery_right"):
        labels[case.anatomy.mask(name)] = names[name]
    mr = Case(
        "MR",
        case.image,
        ADULT,
        Series("1.2.3", "MR"),
        {"total_mr": segmentation(labels, case.image.affine, "total_mr")},
    )
    found = found_in(mr)
    assert found["aorta_infrarenal_diameter_mm"].value == pytest.approx(48.0, abs=WITHIN_MM)


@pytest.mark.parametrize(
    ("diameter", "said"),
    [(29.9, None), (30.0, "significant"), (54.9, "significant"), (55.0, "critical")],
)
def test_bands_of_an_aneurysm(abdomen: Piece, diameter: float, said: str | None) -> None:
    """From 30 mm a finding, from 55 mm a critical one."""
    output = next(one for one in OUTPUTS if one.name == "aorta_abdominal_diameter_mm")
    findings = {
        one.code: one
        for one in find(case_of(abdomen), [output.measured(diameter, structure="aorta")]).findings
    }
    one = findings.get("abdominal_aorta_dilated")
    assert (one.severity.value if one else None) == said


def test_labels_with_bumps_are_measured_through(abdomen: Piece) -> None:
    """A rough label, a tenth of its rim lost or gained, has its diameter within 2 mm."""
    case = case_of(abdomen)
    rng = np.random.default_rng(7)
    labels = case.anatomy.data.copy()
    aorta = case.anatomy.mask("aorta")
    shifted = np.roll(aorta, 1, axis=0)
    rim = aorta ^ shifted
    flips = rim & (rng.random(rim.shape) < 0.1)
    labels[flips & aorta] = 0
    labels[flips & ~aorta & (labels == 0)] = case.anatomy.number("aorta")
    rough = replace(case.segmentations["total"], label_map=replace(case.anatomy, data=labels))
    found = found_in(replace(case, segmentations={"total": rough}))
    assert found["aorta_infrarenal_diameter_mm"].value == pytest.approx(48.0, abs=2.0)
