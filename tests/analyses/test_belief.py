"""What is believed of a label map: each mistake that was made once, beside what looks like it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from analysis_bodies import MUSCLE_HU, Body, Triple, head, segmentation, trunk
from totalsegmentator.map_to_binary import class_map

from heimdallr.analyses import body_regions, organ_volumetry, structures
from heimdallr.analyses.case import Case
from heimdallr.analyses.presence import believed
from heimdallr.domain.measurement import Status
from heimdallr.domain.study import Patient, Series
from heimdallr.imaging.volume import LabelMap, Volume, load_label_map, load_volume
from heimdallr.preparation.prepare import PreparedStudy, prepare
from heimdallr.preparation.selection import Preferences
from heimdallr.publishing.results import notices
from heimdallr.segmentation.anatomy.body import body_of
from heimdallr.segmentation.result import Segmentation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heimdallr.imaging.volume import Array


def standing(*, below_mm: float = -700) -> Body:
    """A whole person as ellipsoids, head at the top, what lies lower than that left out."""
    body = Body((400, 260, 1000), (5, 5, 5))
    organs: dict[str, tuple[Triple, Triple]] = {
        "skull": ((0, 0, 400), (80, 95, 75)),
        "brain": ((0, 0, 410), (70, 85, 62)),
        "thyroid_gland": ((0, 30, 260), (25, 10, 18)),
        "lung_upper_lobe_right": ((75, 0, 160), (55, 70, 70)),
        "lung_upper_lobe_left": ((-75, 0, 160), (55, 70, 70)),
        "lung_lower_lobe_right": ((75, -20, 60), (55, 70, 60)),
        "lung_lower_lobe_left": ((-75, -20, 60), (55, 70, 60)),
        "heart": ((-10, 30, 90), (50, 50, 55)),
        "liver": ((70, 20, -30), (75, 80, 60)),
        "spleen": ((-90, -40, -30), (30, 30, 45)),
        "kidney_right": ((60, -50, -110), (25, 28, 50)),
        "kidney_left": ((-60, -50, -100), (25, 28, 50)),
        "colon": ((0, 60, -170), (120, 25, 80)),
        "vertebrae_L3": ((0, -70, -170), (24, 20, 15)),
        "urinary_bladder": ((0, 40, -330), (40, 35, 30)),
        "hip_right": ((90, 0, -290), (30, 60, 90)),
        "hip_left": ((-90, 0, -290), (30, 60, 90)),
        "femur_right": ((100, 0, -420), (20, 20, 75)),
        "femur_left": ((-100, 0, -420), (20, 20, 75)),
    }
    for name, (centre, radii) in organs.items():
        if centre[2] >= below_mm:
            body.paint(body.ellipsoid(centre, radii), 40, name)
    return body


def doubts(case: Case, structure: str) -> list[str]:
    """Codes of what speaks against a structure."""
    return [one.code for one in case.judgements[structure].doubts]


def test_a_whole_person_is_believed() -> None:
    """Nothing in the order of the body speaks against anything."""
    case = standing().case()
    assert set(believed(case)) == set(case.statistics)
    covered = body_regions.covered_regions(case)
    assert {"head", "thorax", "abdomen", "pelvis"} <= set(covered)


def test_bowel_is_no_spleen() -> None:
    """At the edge of a lumbar scan something of 4 HU was called one, as no spleen ever is."""
    body = standing()
    body.paint(body.ellipsoid((-90, -40, -30), (30, 30, 45)), 4, "spleen")
    assert doubts(body.case(), "spleen") == ["mislabelled"]


@pytest.mark.parametrize(
    ("aorta_hu", "spleen_hu", "against"),
    [(97, 24, ["mislabelled"]), (97, 40, []), (80, 24, []), (60, 35, [])],
)
def test_fluid_is_no_spleen_where_blood_is_enhanced(
    aorta_hu: int, spleen_hu: int, against: list[str]
) -> None:
    """Ascites was called a large spleen on a CT with contrast medium; unenhanced ones stay."""
    body = standing()
    body.paint(body.ellipsoid((0, 10, 0), (12, 12, 90)), aorta_hu, "aorta")
    body.paint(body.ellipsoid((-90, -40, -30), (30, 30, 45)), spleen_hu, "spleen")
    assert doubts(body.case(), "aorta") == []
    assert doubts(body.case(), "spleen") == against


def _with_body(case: Case, body: Array) -> Case:
    made = segmentation(body.astype(np.uint8), case.image.affine, "total").provenance
    label_map = LabelMap(body.astype(np.uint8), case.image.affine, {1: "body"})
    found = {**case.segmentations, "body": Segmentation(label_map, made)}
    return replace(case, segmentations=found)


def _unsure(case: Case, **confidence: float) -> Case:
    total = case.segmentations["total"]
    made = replace(total.provenance, weights_origin="bundled", confidence=confidence)
    return replace(
        case, segmentations={**case.segmentations, "total": replace(total, provenance=made)}
    )


def test_a_skull_in_the_couch_makes_no_head() -> None:
    """Of confidence 0.43 and outside the body: each is enough."""
    body = trunk()
    inside = body.cylinder((0, 0), (150, 105))
    body.paint(body.box((0, -125, 0), (220, 14, 300)), 700, "skull")
    case = _with_body(body.case(), inside)
    assert "outside_body" in doubts(case, "skull")
    assert doubts(_unsure(body.case(), skull=0.43), "skull")[0] == "unsure"
    for one in (case, _unsure(body.case(), skull=0.43)):
        assert body_regions.covered_regions(one) == ("abdomen",)
    assert set(believed(case)) == set(case.statistics) - {"skull"}


def test_lung_bases_and_a_whole_heart_make_no_thorax() -> None:
    """Both lower lobes by half, a whole heart; with an upper lobe it is one."""
    body = standing(below_mm=-200)
    case = body.case()
    upper = [case.anatomy.number(f"lung_upper_lobe_{side}") for side in ("left", "right")]
    labels = np.where(np.isin(case.anatomy.data, upper), 0, case.anatomy.data).astype(np.uint8)
    bases = replace(case, segmentations={"total": segmentation(labels, case.image.affine, "total")})
    assert "thorax" in body_regions.covered_regions(case)
    assert "thorax" not in body_regions.covered_regions(bases)


def test_no_colon_in_the_sinuses() -> None:
    """30 cm³ of gas in a face; the same beside the bladder is bowel."""
    face = head()
    face.paint(face.ellipsoid((0, 60, -10), (18, 20, 20)), -950, "colon")
    assert doubts(face.case(), "colon") == ["lies_too_high"]
    assert {"brain", "skull"} <= set(believed(face.case()))
    assert doubts(standing().case(), "colon") == []


def test_no_thyroid_beside_the_spleen() -> None:
    """The thyroid falls, not the spleen; a goitre down to the aortic arch stands."""
    body = standing(below_mm=-200)
    case = body.case()
    labels = case.anatomy.data.copy()
    labels[labels == case.anatomy.number("thyroid_gland")] = 0
    body.labels["total"] = labels
    body.paint(body.ellipsoid((-50, 0, -20), (14, 14, 20)), 60, "thyroid_gland")
    case = body.case()
    assert doubts(case, "thyroid_gland") == ["lies_too_low"]
    assert set(believed(case)) == set(case.statistics) - {"thyroid_gland"}
    goitre = standing()
    goitre.paint(goitre.ellipsoid((0, 35, 220), (30, 20, 65)), 60, "thyroid_gland")
    assert doubts(goitre.case(), "thyroid_gland") == []


def test_a_forearm_is_no_femur() -> None:
    """Beside the hip it does not reach it, at the height of the kidney it lies too high."""
    for height_mm, why in ((-330, "apart_from"), (-120, "lies_too_high")):
        body = standing()
        labels = body.labels["total"]
        labels[labels == body.case().anatomy.number("femur_left")] = 0
        body.paint(body.ellipsoid((-175, 40, height_mm), (18, 18, 95)), 400, "femur_left")
        case = body.case()
        assert doubts(case, "femur_left") == [why]
        assert {"femur_right", "hip_left", "kidney_left"} <= set(believed(case))


def test_a_leg_needs_no_hip() -> None:
    """A femur that the upper edge cuts."""
    body = Body((120, 120, 300))
    body.paint(body.cylinder((0, 0), (16, 16)), 500, "femur_left")
    assert doubts(body.case(), "femur_left") == []


def test_bowel_in_the_chest_comes_from_below() -> None:
    """A stomach that is pulled up stands, a loop that lies wholly above the heart does not."""
    loop = standing()
    loop.labels["total"][loop.labels["total"] == loop.case().anatomy.number("colon")] = 0
    loop.paint(loop.ellipsoid((0, -60, 190), (25, 20, 30)), -900, "colon")
    assert doubts(loop.case(), "colon") == ["lies_too_high"]
    pulled_up = standing()
    pulled_up.paint(pulled_up.box((0, -60, 80), (40, 30, 240)), 20, "stomach")
    assert doubts(pulled_up.case(), "stomach") == []


def test_a_large_kidney_is_doubted_by_its_shape() -> None:
    """321 cm³ beside 130: as bowel and spleen rim none; dilated one, but not to be measured."""
    sprawling, dilated = trunk(), trunk()
    sprawling.paint(sprawling.box((-96, -18, -30), (16, 60, 220)), 35, "kidney_left")
    sprawling.paint(sprawling.box((-60, 40, -30), (90, 60, 20)), 35, "kidney_left")
    dilated.paint(dilated.ellipsoid((-70, -18, -24), (35, 40, 55)), 35, "kidney_left")
    for body in (sprawling, dilated):
        assert body.case().statistics["kidney_left"].volume_cm3 > 300
    assert doubts(sprawling.case(), "kidney_left") == ["sprawling"]
    case = dilated.case()
    assert doubts(case, "kidney_left") == []
    volumes = {one.name: one for one in organ_volumetry.measure(case)}
    assert volumes["kidney_left_vol_cm3"].why.code == "larger_than_other"  # type: ignore[union-attr]
    assert volumes["kidney_right_vol_cm3"].status is Status.MEASURED


def test_a_kidney_is_one_piece() -> None:
    """In three alike it is none; with a small piece torn off it is."""
    three, torn = Body((200, 200, 300)), Body((200, 200, 300))
    for z in (-90, 0, 90):
        three.paint(three.ellipsoid((0, 0, z), (25, 25, 30)), 40, "kidney_left")
    torn.paint(torn.ellipsoid((0, 0, 0), (25, 25, 50)), 40, "kidney_left")
    torn.paint(torn.ellipsoid((0, 0, 80), (15, 15, 20)), 40, "kidney_left")
    assert doubts(three.case(), "kidney_left") == ["in_pieces"]
    assert doubts(torn.case(), "kidney_left") == []


@pytest.mark.parametrize(("radius_mm", "why"), [(60, ["fragment"]), (25, [])])
def test_a_whole_bone_has_a_size_for_its_body(radius_mm: int, why: list[str]) -> None:
    """A scapula of 4 cm³ is a mistake in an adult, and may be one in a newborn."""
    body = Body((500, 400, 300), (4, 4, 4))
    inside = body.cylinder((0, 0), (3 * radius_mm, 2 * radius_mm))
    body.paint(inside, MUSCLE_HU)
    body.paint(body.box((20, 20, 0), (16, 16, 16)), 300, "scapula_left")
    assert doubts(_with_body(body.case(), inside), "scapula_left") == why


def test_a_hollow_body_is_no_patient() -> None:
    """A plastic head: nothing is believed, no region assessable, and the reader is told first."""
    plastic = head()
    shell = plastic.ellipsoid((0, 0, 0), (78, 96, 72)) & ~plastic.ellipsoid((0, 0, 0), (73, 91, 67))
    case = _with_body(plastic.case(), shell)
    assert believed(case) == ()
    assert notices(case)[0].code == "no_patient"
    assert {one.why.code for one in body_regions.measure(case)} == {"no_patient"}  # type: ignore[union-attr]
    assert {one.why.code for one in organ_volumetry.measure(case)} == {"no_patient"}  # type: ignore[union-attr]
    filled = _with_body(plastic.case(), plastic.ellipsoid((0, 0, 0), (78, 96, 72)))
    assert notices(filled) == []


def test_every_reason_is_kept_and_nothing_judged_twice() -> None:
    """The inventory gives the first; later analyses get the same judgement."""
    body = standing()
    body.paint(body.box((2.5, 62.5, 422.5), (9, 9, 9)), 40, "prostate")
    case = _unsure(body.case(patient=Patient(sex="F")), prostate=0.2)
    assert doubts(case, "prostate") == ["fragment", "other_sex", "unsure"]
    found = {one.name: one for one in structures.measure(case)}
    assert found["prostate_vol_cm3"].why == case.judgements["prostate"].doubts[0]
    assert found["prostate_vol_cm3"].parameters["segmented_cm3"] == 0.125
    assert case.with_facts(()).judgements is case.judgements


REAL_MAPS = {
    "example": ("ct_totalsegmentator_example", "example_seg_fast_force_split", "example_ct"),
    "chest": ("ct_chest_lidc_0001", "labels_total_v2", "ct"),
    "s0327": ("label_maps_ct", "s0327_total", None),
    "s0328": ("label_maps_ct", "s0328_total", None),
}


@pytest.mark.parametrize("which", REAL_MAPS)
def test_real_anatomy_is_believed(real_set: Callable[[str], Path], which: str) -> None:
    """Of label maps of real patients nothing is doubted but fragments at the edges."""
    data_set, labels_name, image_name = REAL_MAPS[which]
    folder = real_set(data_set)
    labels = load_label_map(folder / f"{labels_name}.nii.gz", class_map["total"])
    total = segmentation(labels.data, labels.affine, "total")
    if image_name is None:
        water = Volume(np.zeros(labels.shape, np.int16), labels.affine)
        series = Series("1.2.3", "CT", rescale_type="US")
        case = Case("CT", water, Patient(), series, {"total": total})
    else:
        image = load_volume(folder / f"{image_name}.nii.gz")
        found = {"total": total, "body": body_of(image)}
        case = Case("CT", image, Patient(), Series("1.2.3", "CT"), found)
    doubted = {name: doubts(case, name) for name in case.statistics if name not in believed(case)}
    assert set(map(tuple, doubted.values())) <= {("fragment",)}
    assert all(case.statistics[name].cuts for name in doubted)
    assert len(doubted) <= 2


def test_the_real_plastic_head_is_no_patient(
    tmp_path: Path, real_set: Callable[[str], Path]
) -> None:
    """Whatever a network may call its shell."""
    (made,) = prepare(real_set("ct_phantom_philips"), tmp_path, Preferences())
    assert isinstance(made, PreparedStudy)
    image = load_volume(made.volume_path)
    body = body_of(image)
    skull = segmentation(body.label_map.data * np.uint8(91), image.affine, "total")
    case = Case("CT", image, Patient(), made.series, {"total": skull, "body": body})
    assert doubts(case, "skull") == ["hollow_body"]
    assert not case.shows_a_patient
