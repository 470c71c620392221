"""What a person says of a case: which vertebra is which, and what is not to be believed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from analysis_bodies import Body, head, pelvis, ribs, spine, trunk

from heimdallr.analyses.registry import run_all
from heimdallr.analyses.rules.findings import find
from heimdallr.analyses.vertebral_levels import TRANSITIONAL
from heimdallr.domain.corrections import LevelStatement
from heimdallr.domain.measurement import Measurement, Status

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case

L3 = LevelStatement("vertebrae_L3", "vertebrae_L3")
BLEED = ((30.0, 8.0, 4.0), (18.0, 12.0, 14.0))


def numbers(case: Case) -> dict[str, Measurement]:
    """All measurements by name."""
    return {one.name: one for one in run_all(case)}


def without_anchors() -> Body:
    """A trunk of which neither ribs nor sacrum are in view."""
    body = trunk((6.0, 6.0, 6.0))
    body.image[body.box((0, -54, 108), (480, 20, 130)) & (body.labels["total"] == 0)] = -100
    return body


def test_levels_that_a_person_named_rest_on_the_person() -> None:
    """Without anchors nothing is measured at a level; with a person's word it is, and says so."""
    case = without_anchors().case()
    assert numbers(case)["SMA_cm2"].why is not None
    said = numbers(replace(case, said_level=L3))
    assert said["vertebral_levels"].parameters["level_rests_on"] == "person"
    assert said["SMA_cm2"].status is Status.MEASURED
    assert said["SMA_cm2"].parameters["level_rests_on"] == "person"


def test_a_person_outweighs_what_contradicts_the_names() -> None:
    """Anchors that say otherwise no longer cost the numbers."""
    body = Body((300, 270, 420))
    spine(body, ("L4", "L3", "L2", "L1", "T12", "T11", "T10"), -100.0, with_ribs=False)
    pelvis(body, -150.0)
    case = body.case()
    assert case.levels.problem is not None
    assert replace(case, said_level=L3).levels.problem is None


def test_a_transitional_vertebra_is_told_all_the_same() -> None:
    """Six vertebrae without ribs above a sacrum: named by a person, and still a finding."""
    body = Body((300, 270, 480))
    spine(body, ("L5", "L4", "L3", "L2", "L1", "T12", "T11", "T10"), -130.0, with_ribs=False)
    for n in (6, 7):
        ribs(body, -130.0 + n * 36.0)
    pelvis(body, -160.0)
    case = body.case()
    assert case.levels.problem is not None
    assert case.levels.problem.code == TRANSITIONAL
    said = replace(case, said_level=L3)
    found = numbers(said)
    between = found["vertebral_levels"].parameters["vertebrae_between_ribs_and_sacrum"]
    codes = [one.code for one in find(said, found.values()).findings]
    assert between == 6
    assert TRANSITIONAL in codes


def test_no_whole_vertebra_is_no_level_whoever_says_so() -> None:
    """There is none to name."""
    body = trunk((6.0, 6.0, 6.0))
    vertebrae = [n for n, name in body.case().anatomy.names.items() if "vertebrae" in name]
    body.labels["total"][np.isin(body.labels["total"], vertebrae)] = 0
    case = replace(body.case(), said_level=L3)
    assert case.levels.problem is not None
    assert numbers(case)["vertebral_levels"].value is None


def test_a_rejected_structure_is_not_believed_and_not_measured() -> None:
    """Its person's reason comes first, and nothing rests on it."""
    case = replace(trunk((6.0, 6.0, 6.0)).case(), rejected={"liver": "wrong_structure"})
    assert not case.judgements["liver"].is_believed
    assert case.judgements["liver"].doubts[0].code == "structure_rejected_by_person"
    assert case.doubts("total")["liver"][0].parameters["rejection"] == "wrong_structure"
    found = numbers(case)
    liver = [one for one in found.values() if one.structure == "liver"]
    assert len(liver) > 5
    assert all(one.value is None for one in liver)
    assert found["liver_vol_cm3"].reason == (
        "a person does not accept what is labelled liver: another structure"
    )
    assert found["spleen_vol_cm3"].status is Status.MEASURED


def test_a_rejected_structure_speaks_against_no_other() -> None:
    """A brain in the belly makes the organs doubtful, until a person says that it is none."""
    body = trunk((6.0, 6.0, 6.0))
    body.paint(body.ellipsoid((0, 20, -90), (60, 40, 40)), 40, "brain")
    doubted = body.case()
    rejected = replace(doubted, rejected={"brain": "wrong_structure"})
    assert rejected.judgements["liver"].is_believed
    assert rejected.judgements["spleen"].is_believed


@pytest.mark.parametrize(
    ("structure", "gone"),
    [
        ("skeletal_muscle", ("SMA_cm2", "skeletal_muscle_scanned_vol_cm3", "muscle_HU_mean")),
        ("torso_fat", ("visceral_fat_scanned_vol_cm3", "visceral_fat_area_L3_cm2")),
        ("subcutaneous_fat", ("subcutaneous_fat_area_L3_cm2",)),
    ],
)
def test_structures_of_other_maps_can_be_rejected(structure: str, gone: tuple[str, ...]) -> None:
    """Tissues of which a person does not believe one; the others are measured."""
    case = trunk((6.0, 6.0, 6.0)).case()
    before, after = numbers(case), numbers(replace(case, rejected={structure: "artefact"}))
    for name in gone:
        assert before[name].status is Status.MEASURED
        assert after[name].reason.endswith("an artefact"), name
    others = {"skeletal_muscle", "torso_fat", "subcutaneous_fat"} - {structure}
    for one in before.values():
        if one.structure in others and one.name.endswith("scanned_vol_cm3"):
            assert after[one.name] == one


def test_a_rejected_bleed_raises_no_alert() -> None:
    """Neither a volume nor an alert, and no word of "no bleed"."""
    case = head((4.0, 4.0, 4.0), bleeds=[BLEED]).case()
    assert numbers(case)["hemorrhage_alert"].value == "alert"
    rejected = replace(case, rejected={"intracerebral_hemorrhage": "artefact"})
    found = numbers(rejected)
    bleed = [one for name, one in found.items() if name.startswith("hemorrhage_")]
    assert all(one.status is Status.NOT_ASSESSABLE for one in bleed)
    assert rejected.doubts("cerebral_bleed").keys() == {"intracerebral_hemorrhage"}
