"""Evans index, midline shift and ventricles on drawn heads, straight and askew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from piece_case import SERIES, case_of
from pieces.drawing import Grid, rotation
from pieces.ventricles import TASK, HeadPiece, HeadShape, head

from heimdallr.analyses import ventricles
from heimdallr.domain.measurement import Measurement, Status

if TYPE_CHECKING:
    from pieces.drawing import Triple

    from heimdallr.analyses.case import Case

GRID = Grid((190.0, 220.0, 190.0), (2.0, 2.0, 3.0))


def made_case(made: HeadPiece, **changed: object) -> Case:
    """A case of a drawn head."""
    case = case_of(made.piece, np.random.default_rng(1), noise_hu=4.0, marks={TASK: made.marks})
    return replace(case, **changed)  # type: ignore[arg-type]


def without(case: Case, task: str, *structures: str) -> Case:
    """The same case, some structures not segmented."""
    made = case.segmentations[task]
    data = made.label_map.data.copy()
    for name in structures:
        data[data == made.label_map.number(name)] = 0
    emptied = replace(made, label_map=replace(made.label_map, data=data))
    return replace(case, segmentations={**case.segmentations, task: emptied})


def measures(case: Case) -> dict[str, Measurement]:
    """Measurements by name."""
    return {one.name: one for one in ventricles.measure(case)}


@pytest.fixture(scope="module")
def shifted() -> HeadPiece:
    """A straight head, its midline 7 mm to the left."""
    return head(GRID, HeadShape(shift_mm=-7.0, displaced_mm=(3.0, 2.0, 0.0)))


def test_a_straight_head(shifted: HeadPiece) -> None:
    """Index, shift and its side; widths stand beside the index."""
    found = measures(made_case(shifted))
    evans = found["evans_index"]
    assert evans.value == pytest.approx(shifted.truth["evans_index"], abs=0.01)
    horns, skull = (evans.parameters[name] for name in ("frontal_horns_mm", "inner_skull_mm"))
    assert horns == pytest.approx(shifted.truth["horns_mm"], abs=1.0)
    assert skull == pytest.approx(shifted.truth["skull_mm"], abs=1.5)
    shift = found["midline_shift_mm"]
    assert shift.value == pytest.approx(7.0, abs=1.0)
    assert found["midline_shift_side"].value == "left"
    assert shift.parameters["measured_at"] == "septum"


@pytest.mark.parametrize(
    ("turn_deg", "gantry_deg", "flipped"),
    [
        ((10.0, -9.0, 12.0), (0.0, 0.0, 0.0), ()),
        ((-8.0, 10.0, -12.0), (-12.0, 0.0, 0.0), (0, 1)),
    ],
)
def test_a_head_that_lies_askew(turn_deg: Triple, gantry_deg: Triple, flipped: tuple[int]) -> None:
    """Nodding, tilted, turned, scanned with a tilted gantry: the same numbers."""
    grid = Grid(GRID.size_mm, GRID.spacing_mm, gantry_deg, flipped)
    made = head(grid, HeadShape(shift_mm=6.0, horns_mm=42.0, turn_deg=turn_deg))
    found = measures(made_case(made))
    assert found["evans_index"].value == pytest.approx(made.truth["evans_index"], abs=0.01)
    assert found["midline_shift_mm"].value == pytest.approx(6.0, abs=1.0)
    assert found["midline_shift_side"].value == "right"


@pytest.mark.parametrize(
    ("inner_mm", "turn_deg"),
    [
        ((71.2, 90.0, 66.9), (1.5, 5.5, -7.2)),
        ((69.4, 81.4, 67.7), (3.6, -5.0, 9.4)),
        ((70.7, 82.7, 67.3), (-0.6, -2.9, -10.8)),
        ((60.0, 90.0, 76.0), (8.0, 10.0, 10.0)),
    ],
)
def test_a_head_broader_than_high_is_levelled(inner_mm: Triple, turn_deg: Triple) -> None:
    """Its midpoints slope the other way; following them led 13 degrees off."""
    grid = Grid(GRID.size_mm, GRID.spacing_mm, (-12.0, 0.0, 0.0), (0, 1))
    made = head(grid, HeadShape(inner_mm=inner_mm, shift_mm=6.0, turn_deg=turn_deg))
    found = ventricles.head_of(made_case(made))
    assert isinstance(found, ventricles.Head)
    cosine = found.frame.right @ rotation(turn_deg)[:, 0]
    assert np.degrees(np.arccos(cosine)) < 6.0


def test_no_shift_goes_to_no_side() -> None:
    """Below 1 mm the plane is no better."""
    found = measures(made_case(head(GRID, HeadShape())))
    assert found["midline_shift_mm"].value == pytest.approx(0.0, abs=0.6)
    assert found["midline_shift_side"].value == "neither"


def test_a_missing_half_of_the_brain_does_not_move_the_middle(shifted: HeadPiece) -> None:
    """The skull tells it: a haematoma that is not called brain changes nothing."""
    case = made_case(shifted)
    total = case.segmentations["total"]
    data = total.label_map.data.copy()
    brain = total.label_map.number("brain")
    right = case.image.voxel_to_world(np.argwhere(data == brain))[:, 0] > 40.0
    places = np.argwhere(data == brain)[right]
    data[tuple(places.T)] = 0
    bled = replace(total, label_map=replace(total.label_map, data=data))
    found = measures(replace(case, segmentations={**case.segmentations, "total": bled}))
    assert found["midline_shift_mm"].value == pytest.approx(7.0, abs=1.0)


def test_volumes(shifted: HeadPiece) -> None:
    """Counted, and their sum."""
    case = made_case(shifted)
    found = measures(case)
    labels = case.segmentations[TASK].label_map
    voxel_cm3 = case.image.voxel_volume_mm3 / 1000
    for side in ("right", "left"):
        parts = [n for n, name in labels.names.items() if name.endswith(f"_{side}")]
        counted = float(np.isin(labels.data, parts).sum()) * voxel_cm3
        assert found[f"lateral_ventricle_{side}_vol_cm3"].value == pytest.approx(counted, abs=0.01)
    everything = float((labels.data > 0).sum()) * voxel_cm3
    assert found["ventricles_vol_cm3"].value == pytest.approx(everything, abs=0.02)


@pytest.mark.parametrize("part", ["frontal_horn", "body", "trigone"])
def test_without_a_part_the_others_are_not_the_whole(shifted: HeadPiece, part: str) -> None:
    """Of that side and of all there is what was seen, the other side is measured."""
    whole = measures(made_case(shifted))
    found = measures(without(made_case(shifted), TASK, f"ventricle_{part}_right"))
    side, everything = found["lateral_ventricle_right_vol_cm3"], found["ventricles_vol_cm3"]
    assert side.why is not None
    assert side.why.code == "not_segmented"
    assert everything.why is not None
    assert everything.why.code == "ventricles_incomplete"
    lost = []
    for one in (side, everything):
        seen, before = one.parameters["segmented_cm3"], whole[one.name].value
        assert isinstance(seen, float)
        assert isinstance(before, float)
        lost.append(before - seen)
    assert lost[0] > 0.2
    assert lost[1] == pytest.approx(lost[0], abs=0.02)
    other = "lateral_ventricle_left_vol_cm3"
    assert found[other].value == whole[other].value


def test_horns_that_many_people_lack(shifted: HeadPiece) -> None:
    """Without occipital and temporal horns a ventricle is whole, and that is said."""
    case = made_case(shifted)
    assert "parts_not_marked" not in measures(case)["ventricles_vol_cm3"].parameters
    horns = ("ventricle_occipital_horn_right", "ventricle_temporal_horn_right")
    found = measures(without(case, TASK, *horns))
    for name in ("lateral_ventricle_right_vol_cm3", "ventricles_vol_cm3"):
        assert found[name].status is Status.MEASURED
        assert found[name].parameters["parts_not_marked"] == "occipital_horn,temporal_horn"
    assert "parts_not_marked" not in found["lateral_ventricle_left_vol_cm3"].parameters


def test_a_compressed_horn_leaves_the_third_ventricle(shifted: HeadPiece) -> None:
    """No index with one horn; the third ventricle tells the midline."""
    found = measures(without(made_case(shifted), TASK, "ventricle_frontal_horn_left"))
    assert "left frontal horn" in found["evans_index"].reason
    assert found["midline_shift_mm"].value == pytest.approx(7.0, abs=1.0)
    assert found["midline_shift_mm"].parameters["measured_at"] == "third_ventricle"


def test_without_third_ventricle_the_septum_is_found_at_the_horns(shifted: HeadPiece) -> None:
    """And the sum of all is not given."""
    found = measures(without(made_case(shifted), TASK, "third_ventricle"))
    assert found["midline_shift_mm"].value == pytest.approx(7.0, abs=1.0)
    assert found["third_ventricle_vol_cm3"].status is Status.NOT_ASSESSABLE
    assert found["ventricles_vol_cm3"].status is Status.NOT_ASSESSABLE


def test_an_open_skull_has_no_middle(shifted: HeadPiece) -> None:
    """A large craniectomy at all heights: volumes stay."""
    case = made_case(shifted)
    total = case.segmentations["total"]
    data = total.label_map.data.copy()
    places = np.argwhere(data == total.label_map.number("skull"))
    open_side = case.image.voxel_to_world(places)[:, 0] > 30.0
    data[tuple(places[open_side].T)] = 0
    opened = replace(total, label_map=replace(total.label_map, data=data))
    found = measures(replace(case, segmentations={**case.segmentations, "total": opened}))
    assert "closed ring" in found["evans_index"].reason
    assert "closed ring" in found["midline_shift_mm"].reason
    assert found["ventricles_vol_cm3"].status is Status.MEASURED


def test_a_cut_head_is_refused() -> None:
    """The vertex is not in view."""
    made = head(Grid((190.0, 220.0, 120.0), (2.0, 2.0, 3.0)), HeadShape())
    found = measures(made_case(made))
    assert {one.why.code for one in found.values() if one.why} == {"truncated"}


@pytest.mark.parametrize(("spacing_mm", "measured"), [(6.0, True), (6.2, False)])
def test_thick_slices_are_refused(spacing_mm: float, *, measured: bool) -> None:
    """6 mm is the limit, and still within the tolerance."""
    made = head(Grid((190.0, 220.0, 31 * spacing_mm), (2.0, 2.0, spacing_mm)), HeadShape())
    found = measures(made_case(made))["evans_index"]
    assert (found.status is Status.MEASURED) is measured
    if measured:
        assert found.value == pytest.approx(made.truth["evans_index"], abs=0.015)


def test_sides_need_to_be_known(shifted: HeadPiece) -> None:
    """The shift is still a distance."""
    found = measures(made_case(shifted, series=replace(SERIES, sides_known=False)))
    assert found["midline_shift_mm"].value == pytest.approx(7.0, abs=1.0)
    assert found["midline_shift_side"].status is Status.NOT_ASSESSABLE
    assert found["lateral_ventricle_left_vol_cm3"].status is Status.NOT_ASSESSABLE
    assert found["ventricles_vol_cm3"].status is Status.MEASURED


def test_reasons_for_no_numbers(shifted: HeadPiece) -> None:
    """MR, no task, nothing marked, no whole-body map."""
    case = made_case(shifted)
    empty = without(case, TASK, *case.segmentations[TASK].label_map.names.values())
    for changed, status in (
        (replace(case, modality="MR"), Status.NOT_APPLICABLE),
        (replace(case, segmentations={"total": case.segmentations["total"]}), None),
        (replace(case, segmentations={}), None),
        (empty, None),
    ):
        found = measures(changed)
        assert {one.status for one in found.values()} == {status or Status.NOT_ASSESSABLE}
        assert len(found) == len(ventricles.OUTPUTS)
