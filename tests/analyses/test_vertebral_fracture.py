"""Vertebral heights on columns drawn with known heights."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pieces.spine import Column, Vertebra, draw_spine
from spine_cases import bundled, spine_case, with_labels, with_levels

from heimdallr.analyses import vertebral_fracture
from heimdallr.analyses.rules.findings import find
from heimdallr.analyses.vertebral_fracture import UNNAMED, Heights, losses_of
from heimdallr.domain.measurement import Status
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from pieces.drawing import Triple

    from heimdallr.analyses.case import Case
    from heimdallr.domain.measurement import Measurement

SOUND = (25.0, 24.0, 26.0)
WEDGE, BICONCAVE, CRUSH = (16.0, 21.0, 26.0), (25.0, 16.0, 26.0), (15.0, 14.0, 15.5)
SPACING = (1.5, 1.5, 1.5)
OFF_MM = 1.3
"""Of a height: less than a slice."""


@lru_cache
def case_of(
    broken: Triple = SOUND, turn_deg: Triple = (0.0, 0.0, 0.0), *, screws: bool = False
) -> Case:
    """T12 to L2, L1 with these heights."""
    vertebrae = (
        Vertebra("T12", SOUND),
        Vertebra("L1", broken, screws=screws),
        Vertebra("L2", SOUND),
    )
    return spine_case(draw_spine(Column(vertebrae, 6.0, 3.0), SPACING, turn_deg))


def measured(case: Case) -> dict[str, Measurement]:
    """Measurements by name."""
    return {one.name: one for one in vertebral_fracture.measure(case)}


def test_heights_are_those_drawn() -> None:
    """Of a wedge among sound bodies: three heights each, and what was lost."""
    found = measured(case_of(WEDGE))
    for level, heights in (("T12", SOUND), ("L1", WEDGE), ("L2", SOUND)):
        for place, height in zip(("anterior", "middle", "posterior"), heights, strict=True):
            assert found[f"{level}_height_{place}_mm"].value == pytest.approx(height, abs=OFF_MM)
    assert found["L1_height_loss_percent"].value == pytest.approx(100 * (1 - 16 / 26), abs=4)
    assert found["vertebrae_measured"].value == 3


@pytest.mark.parametrize(
    ("broken", "form", "percent"),
    [(WEDGE, "wedge", 38.5), (BICONCAVE, "biconcave", 38.5), (CRUSH, "crush", 40.7)],
)
def test_each_form_is_suspected_at_its_level(broken: Triple, form: str, percent: float) -> None:
    """In front, in the middle, or wholly: one vertebra, named, with its grade."""
    found = measured(case_of(broken))
    assert found["vertebral_fractures_suspected"].value == 1
    assert found["vertebral_fractures_suspected"].parameters["levels"] == "L1"
    most = found["vertebral_height_loss_percent"]
    assert most.value == pytest.approx(percent, abs=5)
    assert (most.structure, most.parameters["level"]) == ("vertebrae_L1", "L1")
    assert most.parameters["form"] == form
    assert most.parameters["genant_grade"] in {2, 3}


def test_a_sound_spine_raises_no_alarm() -> None:
    """None suspected, and that is a count: all three were measured."""
    found = measured(case_of())
    assert found["vertebral_fractures_suspected"].value == 0
    assert found["vertebral_fractures_suspected"].structure is None
    assert found["vertebral_height_loss_percent"].parameters["genant_grade"] == 0


def test_a_turned_patient_has_the_same_heights() -> None:
    """Tilted by up to 15 degrees about three axes."""
    straight, turned = measured(case_of(WEDGE)), measured(case_of(WEDGE, (12.0, -8.0, 15.0)))
    for name, one in straight.items():
        if isinstance(one.value, float):
            assert turned[name].value == pytest.approx(
                one.value, abs=6.0 if one.unit == "%" else OFF_MM
            )


@pytest.mark.parametrize(("ratio", "suspected"), [(0.81, False), (0.79, True)])
def test_the_limit_is_a_fifth(ratio: float, *, suspected: bool) -> None:
    """At 21 % compression is suspected, at 19 % not: in front, in the middle, wholly."""
    sound = Heights(25.0, 25.0, 25.0)
    low = 25.0 * ratio
    for broken in (Heights(low, 25, 25), Heights(25, low, 25), Heights(low, low, low)):
        loss = losses_of({"L1": sound, "L2": broken, "L3": sound})["L2"]
        assert loss.suspected is suspected
        assert loss.percent == pytest.approx(100 * (1 - ratio))


@pytest.mark.parametrize(("percent", "grade"), [(21, 1), (26, 2), (39, 2), (41, 3)])
def test_grades(percent: float, grade: int) -> None:
    """Genant's limits."""
    sound, broken = Heights(25.0, 25.0, 25.0), Heights(25.0 - 0.25 * percent, 25.0, 25.0)
    assert losses_of({"L1": sound, "L2": broken})["L2"].grade == grade


def test_a_low_anterior_height_that_all_have_is_no_fracture() -> None:
    """A posterior wall drawn too high, or a body shaped like its neighbours: no alarm."""
    odd = Heights(25.0, 25.0, 32.0)
    assert not losses_of({"L1": Heights(25, 25, 26), "L2": odd, "L3": Heights(25, 25, 26)})[
        "L2"
    ].suspected


def test_a_fracture_beside_another_is_found() -> None:
    """The higher of two neighbours on each side counts."""
    sound, broken = Heights(25.0, 24.0, 25.0), Heights(15.0, 15.0, 15.0)
    losses = losses_of({"T12": sound, "L1": broken, "L2": broken, "L3": sound})
    assert [level for level, loss in losses.items() if loss.suspected] == ["L1", "L2"]


def test_l5_is_lower_behind_than_before() -> None:
    """In everybody: a low posterior wall is no fracture."""
    losses = losses_of({"L4": Heights(29, 27, 28), "L5": Heights(29, 26, 22)})
    assert not losses["L5"].suspected


def test_metal_takes_a_level_out() -> None:
    """Screws through the pedicles: L1 has no heights and says why, the others have theirs."""
    found = measured(case_of(CRUSH, screws=True))
    assert found["L1_height_loss_percent"].why == Statement("metal_in_vertebra", {"level": "L1"})
    assert found["vertebrae_measured"].value == 2
    assert found["vertebral_fractures_suspected"].value == 0


def test_a_vertebra_at_the_edge_has_no_height() -> None:
    """The image ends within L2."""
    case = case_of(WEDGE)
    low = int(case.image.world_to_voxel((0.0, 0.0, 0.0))[2] * 0.35)
    box = (slice(None), slice(None), slice(low, None))
    affine = case.image.affine.copy()
    affine[:3, 3] = case.image.voxel_to_world((0, 0, low))
    total = case.segmentations["total"]
    cut = replace(
        case,
        image=replace(case.image, data=case.image.data[box], affine=affine),
        segmentations={
            "total": replace(
                total,
                label_map=replace(total.label_map, data=total.label_map.data[box], affine=affine),
            )
        },
    )
    found = measured(with_levels(cut, ("T12", "L1")))
    why = found["L2_height_middle_mm"].why
    assert why is not None
    assert why.code == "level_truncated"
    assert found["vertebrae_measured"].value == 2


@pytest.mark.parametrize("code", sorted(UNNAMED))
def test_without_names_a_fracture_is_said_of_a_vertebra(code: str) -> None:
    """No anchor in view: no level has numbers, and yet one vertebra looks compressed.

    It is shown by its place; a structure would be coded as the very vertebra that it may not be.
    """
    case = with_levels(case_of(CRUSH), ("T12", "L1", "L2"), Statement(code))
    found = measured(case)
    count, most = (
        found[name] for name in ("vertebral_fractures_suspected", "vertebral_height_loss_percent")
    )
    assert count.parameters["levels"] == "unnamed"
    assert most.parameters["level"] == "unnamed"
    assert found["L1_height_loss_percent"].why == Statement(code)
    (finding,) = find(case, found.values()).findings
    assert finding.code == "vertebral_fracture"
    assert (count.structure, most.structure, finding.structure) == (None, None, None)
    for one in (count, most):
        i, j, k = map(int, str(one.parameters["voxel"]).split())
        assert case.anatomy.names[int(case.anatomy.data[i, j, k])] == "vertebrae_L1"
        assert one.parameters["slice_index"] == finding.slice_index == k


def test_a_named_fracture_is_shown_by_its_structure() -> None:
    """The whole vertebra, not a voxel of it."""
    found = measured(case_of(CRUSH))
    count = found["vertebral_fractures_suspected"]
    assert count.structure == "vertebrae_L1"
    assert not {"slice_index", "voxel"} & count.parameters.keys()


def test_a_column_in_disorder_has_no_heights() -> None:
    """What is labelled twice cannot be measured, named or not."""
    disorder = Statement("vertebra_in_two_places", {"level": "L1"})
    found = measured(with_levels(case_of(CRUSH), ("T12", "L1", "L2"), disorder))
    assert all(one.why == disorder for one in found.values())


@pytest.mark.parametrize(("slice_mm", "is_measured"), [(3.0, True), (3.3, False)])
def test_slices_may_be_three_millimetres(slice_mm: float, *, is_measured: bool) -> None:
    """And not more."""
    column = Column((Vertebra("T12", SOUND), Vertebra("L1", CRUSH), Vertebra("L2", SOUND)))
    found = measured(spine_case(draw_spine(column, (1.5, 1.5, slice_mm))))
    count = found["vertebral_fractures_suspected"]
    assert (count.value == 1) is is_measured
    assert is_measured or (count.why is not None and count.why.code == "slices_too_thick")


def test_bundled_weights_are_too_coarse() -> None:
    """Refused, every output with the reason."""
    found = measured(bundled(case_of(WEDGE)))
    assert {one.why.code for one in found.values() if one.why} == {"bundled_vertebrae_too_coarse"}
    assert len(found) == 3


def test_mr_has_no_heights() -> None:
    """Levels are checked on CT only."""
    found = measured(replace(case_of(), modality="MR"))
    assert {one.status for one in found.values()} == {Status.NOT_APPLICABLE}


def test_the_label_of_bodies_is_used() -> None:
    """Task vertebrae_body says that the upper third of L1 is no body: so it is measured."""
    case = case_of()
    body = (case.anatomy.data == case.anatomy.number("vertebrae_L1")).astype(np.uint8)
    k = np.flatnonzero(body.any(axis=(0, 1)))
    body[:, :, k[-len(k) // 3] :] = 0
    names = {1: "vertebrae_body", 2: "intervertebral_discs"}
    found = measured(with_labels(case, "vertebrae_body", body, names))
    assert found["L1_height_loss_percent"].value == pytest.approx(33, abs=8)
    assert found["T12_height_middle_mm"].value == pytest.approx(24, abs=OFF_MM)
