"""Weak anchors: what agrees with the names of vertebrae, what refuses them, what says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from analysis_bodies import BONE_HU, MUSCLE_HU, PITCH_MM, SPINE, Body, ribs, rotation, spine

from heimdallr.analyses import level_naming
from heimdallr.analyses.vertebral_levels import LevelCheck, check_levels
from heimdallr.analyses.weak_level_anchors import weighed

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis_bodies import Triple

    from heimdallr.imaging.volume import Affine

HEIGHTS_MM = {level: (n - 2) * PITCH_MM for n, level in enumerate(SPINE)}
HEIGHTS_MM |= {"S1": -3 * PITCH_MM, "S2": -4 * PITCH_MM}
LEFT_RIGHT = ((-1, "left"), (1, "right"))


def column(
    spacing_mm: Triple = (3.0, 3.0, 3.0), turn: Affine | None = None, *, with_ribs: bool = True
) -> Body:
    """L5 to T11, and the last two pairs of ribs."""
    body = Body((210, 180, 366), spacing_mm, np.eye(4) if turn is None else turn)
    spine(body, with_ribs=with_ribs)
    return body


def crests(body: Body, top_mm: float) -> None:
    """Hip bones that end so high; the lower edge of the image cuts them."""
    low = -190.0
    for side, name in LEFT_RIGHT:
        middle = (side * 72, 10, (low + top_mm) / 2)
        body.paint(body.box(middle, (36, 36, top_mm - low)), BONE_HU, f"hip_{name}")


def kidneys(body: Body, middle_mm: float) -> None:
    """Two, whose middle is so high."""
    for side, name in LEFT_RIGHT:
        kidney = body.ellipsoid((side * 70, 0, middle_mm), (18, 18, 36))
        body.paint(kidney, MUSCLE_HU, f"kidney_{name}")


def bifurcation(body: Body, height_mm: float) -> None:
    """An aorta that the upper edge cuts and that ends so high, where two arteries begin."""
    high = 190.0
    aorta = body.box((0, 0, (high + height_mm) / 2), (15, 15, high - height_mm))
    body.paint(aorta, MUSCLE_HU, "aorta")
    for side, name in LEFT_RIGHT:
        artery = body.box((side * 9, 0, height_mm - 15), (12, 12, 30))
        body.paint(artery, MUSCLE_HU, f"iliac_artery_{name}")


def lungs(body: Body, bottom_mm: float) -> None:
    """Lower lobes that the upper edge cuts and that reach so low."""
    high = 190.0
    for side, name in LEFT_RIGHT:
        lobe = body.box((side * 75, 10, (high + bottom_mm) / 2), (36, 60, high - bottom_mm))
        body.paint(lobe, -800, f"lung_lower_lobe_{name}")


DRAW: dict[str, Callable[[Body, float], None]] = {
    "iliac_crest": crests,
    "aortic_bifurcation": bifurcation,
    "kidneys": kidneys,
    "lung_bases": lungs,
}


def check(body: Body, without: tuple[str, ...] = ()) -> LevelCheck:
    """The self-check, with what the weak anchors say; all but these are believed."""
    case = body.case()
    strong = check_levels(case.anatomy, case.image, case.statistics)
    believed = [name for name in case.statistics if name not in without]
    return weighed(strong, case.anatomy, case.statistics, believed)


@pytest.mark.parametrize(
    ("anchor", "highest", "lowest"),
    [
        ("iliac_crest", "L4", "L5"),
        ("aortic_bifurcation", "L3", "L5"),
        ("kidneys", "L1", "L3"),
        ("lung_bases", "T11", "L1"),
    ],
)
def test_both_ends_of_each_range_agree(anchor: str, highest: str, lowest: str) -> None:
    """What lies there is told beside the anchors that name the column."""
    for level in (highest, lowest):
        body = column()
        DRAW[anchor](body, HEIGHTS_MM[level])
        outcome = check(body)
        assert (outcome.problem, outcome.rests_on) == (None, ("last_rib",))
        assert outcome.agrees_with == (anchor,)


@pytest.mark.parametrize(
    ("anchor", "level"),
    [
        ("iliac_crest", "L3"),
        ("iliac_crest", "S1"),
        ("aortic_bifurcation", "L2"),
        ("aortic_bifurcation", "S1"),
        ("kidneys", "T12"),
        ("kidneys", "L4"),
        ("lung_bases", "L2"),
    ],
)
def test_one_level_out_of_its_range_an_anchor_is_a_caveat(anchor: str, level: str) -> None:
    """People are made that way too: told, and not refused."""
    body = column()
    DRAW[anchor](body, HEIGHTS_MM[level])
    outcome = check(body)
    assert (outcome.problem, outcome.agrees_with) == (None, ())
    assert outcome.differs_from == (anchor,)
    assert outcome.conditions["level_differs_from"] == anchor


@pytest.mark.parametrize(
    ("anchor", "level"),
    [
        ("iliac_crest", "L2"),
        ("iliac_crest", "S2"),
        ("aortic_bifurcation", "L1"),
        ("aortic_bifurcation", "S2"),
        ("kidneys", "T11"),
        ("kidneys", "L5"),
        ("lung_bases", "L3"),
    ],
)
def test_two_levels_out_of_its_range_it_refuses_the_names(anchor: str, level: str) -> None:
    """Although the last ribs confirm them."""
    body = column()
    DRAW[anchor](body, HEIGHTS_MM[level])
    problem = check(body).problem
    assert problem is not None
    assert problem.code == "level_contradicts_landmark"
    assert (problem.parameters["landmark"], problem.parameters["level"]) == (anchor, level)


def test_the_border_lies_between_two_vertebrae() -> None:
    """A crest beside the disc of L2 and L3: a little lower it is L3's, a little higher L2's."""
    outcomes = []
    for off_mm in (-6.0, 6.0):
        body = column()
        crests(body, HEIGHTS_MM["L3"] + PITCH_MM / 2 + off_mm)
        outcomes.append(check(body).problem is None)
    assert outcomes == [True, False]


def test_lungs_that_fluid_lifts_refuse_nothing() -> None:
    """T8: an effusion, or a paralysed diaphragm."""
    body = Body((210, 180, 366))
    spine(body, ("T12", "T11", "T10", "T9", "T8", "T7", "T6"))
    lungs(body, HEIGHTS_MM["L1"])
    problem = check(body).problem
    assert problem is not None
    assert problem.code == "no_level_anchor"


def test_without_sacrum_and_ribs_the_reason_says_what_agrees() -> None:
    """No number is measured; a person learns how far the names could be off."""
    body = column(with_ribs=False)
    crests(body, HEIGHTS_MM["L4"])
    kidneys(body, HEIGHTS_MM["L2"])
    problem = check(body).problem
    assert problem is not None
    assert problem.code == "only_weak_level_anchors"
    assert problem.parameters == {"landmarks": ("iliac_crest", "kidneys"), "levels": 1}
    assert "within 1 level, " in problem.text
    assert "iliac crests and kidneys" in problem.text
    assert "cristas ilíacas e rins" in problem.in_language("pt")


def test_a_wide_range_leaves_more_open() -> None:
    """Lung bases beside T12 would be so, if the column were one lower or two higher."""
    body = column(with_ribs=False)
    lungs(body, HEIGHTS_MM["T12"])
    problem = check(body).problem
    assert problem is not None
    assert problem.parameters == {"landmarks": ("lung_bases",), "levels": 2}


def test_weak_anchors_that_do_not_agree_among_themselves_say_nothing() -> None:
    """Crests that fit, kidneys one level low: the reason does not tell one of them only."""
    body = column(with_ribs=False)
    crests(body, HEIGHTS_MM["L4"])
    kidneys(body, HEIGHTS_MM["L4"])
    problem = check(body).problem
    assert problem is not None
    assert problem.code == "no_level_anchor"


def test_names_that_nothing_else_confirms_are_never_certain() -> None:
    """Crests as low and an aorta that ends as high as they may: only these names fit both."""
    body = column(with_ribs=False)
    crests(body, HEIGHTS_MM["L5"])
    bifurcation(body, HEIGHTS_MM["L3"])
    problem = check(body).problem
    assert problem is not None
    assert problem.parameters["levels"] == 1


def test_without_sacrum_and_ribs_they_contradict_as_well() -> None:
    """A column that nothing else names is not called probable."""
    body = column(with_ribs=False)
    crests(body, HEIGHTS_MM["L4"])
    kidneys(body, HEIGHTS_MM["L5"])
    problem = check(body).problem
    assert problem is not None
    assert problem.code == "level_contradicts_landmark"


def test_what_sacrum_or_ribs_say_stays() -> None:
    """A column that the ribs contradict is refused for that, whatever agrees."""
    body = column(with_ribs=False)
    for level in ("L1", "T12", "T11"):
        ribs(body, HEIGHTS_MM[level])
    crests(body, HEIGHTS_MM["L4"])
    problem = check(body).problem
    assert problem is not None
    assert problem.code == "level_contradicts_anchor"


@pytest.mark.parametrize(
    ("draw", "end_mm"), [(crests, 190.0), (bifurcation, -190.0), (lungs, -190.0)]
)
def test_an_end_beyond_the_edge_is_no_anchor(
    draw: Callable[[Body, float], None], end_mm: float
) -> None:
    """Where the structure ends the image does not show."""
    body = column()
    draw(body, end_mm)
    outcome = check(body)
    assert (outcome.problem, outcome.agrees_with) == (None, ())


@pytest.mark.parametrize(
    ("anchor", "level", "structure"),
    [("iliac_crest", "L4", "hip_right"), ("kidneys", "L2", "kidney_right")],
)
def test_what_the_side_of_the_image_cuts_is_no_anchor(
    anchor: str, level: str, structure: str
) -> None:
    """The end may lie outside, and the middle is another one."""
    body = column()
    DRAW[anchor](body, HEIGHTS_MM[level])
    assert check(body).agrees_with == (anchor,)
    body.paint(body.box((95, 0, HEIGHTS_MM[level] - 12), (21, 12, 12)), MUSCLE_HU, structure)
    assert check(body).agrees_with == ()


@pytest.mark.parametrize(
    ("anchor", "level", "structure"),
    [
        ("iliac_crest", "L4", "hip_left"),
        ("aortic_bifurcation", "L4", "aorta"),
        ("aortic_bifurcation", "L4", "iliac_artery_right"),
        ("kidneys", "L2", "kidney_right"),
        ("lung_bases", "T12", "lung_lower_lobe_left"),
    ],
)
def test_what_is_not_believed_is_no_anchor(anchor: str, level: str, structure: str) -> None:
    """Nor is half of a pair."""
    body = column()
    DRAW[anchor](body, HEIGHTS_MM[level])
    assert check(body).agrees_with == (anchor,)
    assert check(body, without=(structure,)).agrees_with == ()


def test_an_aorta_that_ends_away_from_its_branches_was_lost() -> None:
    """The network saw no more of it: its end is no bifurcation."""
    body = column()
    bifurcation(body, HEIGHTS_MM["L4"])
    body.labels["total"][body.box((0, 0, -12), (18, 18, 60))] = 0
    assert check(body).agrees_with == ()


def test_stray_voxels_do_not_move_an_end() -> None:
    """A splinter of 0.2 cm³ far above the crests."""
    body = column()
    crests(body, HEIGHTS_MM["L4"])
    for side, name in LEFT_RIGHT:
        body.mark(body.box((side * 72, 60, 100), (6, 6, 6)), f"hip_{name}")
    assert check(body).agrees_with == ("iliac_crest",)


def test_nothing_is_said_of_what_is_beyond_reach() -> None:
    """A chest whose lowest whole vertebra is T9, and kidneys four levels below."""
    body = Body((210, 180, 366))
    spine(body, ("T9", "T8", "T7", "T6", "T5"), bottom_mm=HEIGHTS_MM["L1"] - 36)
    kidneys(body, HEIGHTS_MM["L5"] - 36)
    problem = check(body).problem
    assert problem is not None
    assert problem.code == "no_level_anchor"


@pytest.mark.parametrize(
    ("spacing_mm", "turn"),
    [((1.5, 1.5, 5.0), np.eye(4)), ((3.0, 3.0, 3.0), rotation(12, 0)), ((1.0, 1.0, 2.0), None)],
)
def test_heights_are_the_patients(spacing_mm: Triple, turn: Affine | None) -> None:
    """Whatever the grid, turned ones too."""
    body = column(spacing_mm, turn)
    kidneys(body, HEIGHTS_MM["L2"])
    bifurcation(body, HEIGHTS_MM["L4"])
    assert check(body).agrees_with == ("aortic_bifurcation", "kidneys")


def test_every_number_at_a_level_carries_what_agrees() -> None:
    """As a parameter beside what the names rest on; what is not believed is left out."""
    body = column()
    kidneys(body, HEIGHTS_MM["L2"])
    (levels,) = level_naming.measure(body.case())
    assert levels.parameters["level_rests_on"] == "last_rib"
    assert levels.parameters["level_agrees_with"] == "kidneys"
    body.image[body.labels["total"] == 2] = -900
    assert "level_agrees_with" not in level_naming.measure(body.case())[0].parameters
