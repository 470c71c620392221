"""Pleural and pericardial fluid: drawn volumes, sides, and every reason to give none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from piece_case import SERIES, case_of
from pieces.drawing import Grid
from pieces.effusions import PLEURAL, TASK, ChestPiece, Fluid, chest

from heimdallr.analyses import effusions
from heimdallr.domain.measurement import Measurement, Status

if TYPE_CHECKING:
    from heimdallr.analyses.case import Case

SIZE_MM = (340.0, 250.0, 240.0)
GRID = Grid(SIZE_MM, (4.0, 4.0, 4.0))
BOTH = Fluid({"right": -50.0, "left": -40.0}, 9.0, 12.0)


def made_case(made: ChestPiece, **changed: object) -> Case:
    """A case of a drawn chest."""
    case = case_of(made.piece, np.random.default_rng(1), marks={TASK: made.marks})
    return replace(case, **changed)  # type: ignore[arg-type]


def fluid(case: Case) -> dict[str, Measurement]:
    """Measurements by name."""
    return {one.name: one for one in effusions.measure(case)}


@pytest.fixture(scope="module")
def both() -> ChestPiece:
    """Fluid on both sides and around the heart."""
    return chest(GRID, BOTH)


def test_volumes_and_attenuation(both: ChestPiece) -> None:
    """As drawn, side by side."""
    found = fluid(made_case(both))
    for side in ("right", "left"):
        drawn = both.truth[side]
        assert found[f"pleural_effusion_{side}_ml"].value == pytest.approx(drawn, rel=0.04)
        assert found[f"pleural_effusion_{side}_hu_median"].value == pytest.approx(12.0, abs=1.0)
    assert found["pericardial_effusion_ml"].value == pytest.approx(
        both.truth["pericardium"], rel=0.06
    )


@pytest.mark.parametrize(
    "grid",
    [
        Grid(SIZE_MM, (4.0, 4.0, 4.0), flipped=(0, 1)),
        Grid(SIZE_MM, (4.0, 4.0, 4.0), (8.0, 5.0, 12.0)),
        Grid(SIZE_MM, (3.0, 3.0, 8.0)),
    ],
    ids=["flipped", "turned", "thick"],
)
def test_other_grids_measure_the_same(grid: Grid) -> None:
    """The same chest, stored and scanned otherwise."""
    made = chest(grid, BOTH)
    found = fluid(made_case(made))
    for side in ("right", "left"):
        drawn = made.truth[side]
        assert found[f"pleural_effusion_{side}_ml"].value == pytest.approx(drawn, rel=0.06)


def marked(made: ChestPiece, *blocks: tuple[float, int, int]) -> Case:
    """A case with fluid of 4 by 4 cm, 5 cm behind the middle: x in mm, first slice, slices."""
    case = made_case(made)
    task = case.segmentations[TASK]
    data = task.label_map.data.copy()
    for x_mm, first, count in blocks:
        i, j, _ = (int(v) for v in case.image.world_to_voxel((x_mm, -45.0, 0.0)))
        block = (slice(i - 10, i + 10), slice(j - 10, j + 10), slice(first, first + count))
        data[block] = task.label_map.number(PLEURAL)
    held = replace(task, label_map=replace(task.label_map, data=data))
    return replace(case, segmentations={**case.segmentations, TASK: held})


def volumes(case: Case) -> list[float]:
    """Pleural fluid that is measured, the least first."""
    found = fluid(case)
    values = (found[f"pleural_effusion_{side}_ml"].value for side in ("right", "left"))
    return sorted(one for one in values if isinstance(one, float))


@pytest.mark.parametrize("first", [12, 13, 14, 15])
@pytest.mark.parametrize("count", [1, 3])
def test_fluid_on_few_thick_slices_is_found(first: int, count: int) -> None:
    """Whichever they are; also beside more fluid elsewhere."""
    dry = chest(Grid(SIZE_MM, (2.0, 2.0, 8.0)), Fluid({}))
    ml = count * 20 * 20 * 32 / 1000
    assert volumes(marked(dry, (75.0, first, count))) == [pytest.approx(ml, abs=0.1)]
    both = marked(dry, (75.0, 20, 5), (-75.0, first - 5, count))
    assert volumes(both) == [pytest.approx(ml, abs=0.1), pytest.approx(64.0, abs=0.1)]


def test_a_dry_side_is_not_assessable() -> None:
    """What was not marked is not excluded."""
    found = fluid(made_case(chest(GRID, Fluid({"left": -40.0}))))
    assert found["pleural_effusion_left_ml"].status is Status.MEASURED
    for name in ("pleural_effusion_right_ml", "pericardial_effusion_ml"):
        assert found[name].status is Status.NOT_ASSESSABLE
        assert "this does not exclude it" in found[name].reason


def test_fluid_that_meets_behind_the_spine_is_cut_at_the_midline(both: ChestPiece) -> None:
    """One piece on both sides: each side keeps what lies on it."""
    case = made_case(both)
    before = fluid(case)
    task = case.segmentations[TASK]
    joined = task.label_map.data.copy()
    i, j, k = (int(v) for v in case.image.world_to_voxel((0.0, -52.0, 0.0)))
    joined[i - 12 : i + 13, j, k] = task.label_map.number(PLEURAL)
    bridged = replace(task, label_map=replace(task.label_map, data=joined))
    found = fluid(replace(case, segmentations={**case.segmentations, TASK: bridged}))
    for side in ("right", "left"):
        name = f"pleural_effusion_{side}_ml"
        assert found[name].value == pytest.approx(float(str(before[name].value)), abs=2.0)


def test_a_little_over_the_midline_stays_with_its_piece() -> None:
    """Fluid behind the aorta: less than a tenth of a piece."""
    made = chest(GRID, Fluid({"left": -40.0}))
    case = made_case(made)
    task = case.segmentations[TASK]
    reaching = task.label_map.data.copy()
    i, j, k = (int(v) for v in case.image.world_to_voxel((0.0, -52.0, 0.0)))
    reaching[i - 12 : i + 4, j, k] = task.label_map.number(PLEURAL)
    over = replace(task, label_map=replace(task.label_map, data=reaching))
    found = fluid(replace(case, segmentations={**case.segmentations, TASK: over}))
    assert found["pleural_effusion_right_ml"].status is Status.NOT_ASSESSABLE


def test_a_chest_that_is_cut_has_no_volume() -> None:
    """Fluid may lie below the last slice; what was seen is told."""
    made = chest(Grid((340.0, 250.0, 200.0), (4.0, 4.0, 4.0)), BOTH)
    found = fluid(made_case(made))
    volume = found["pleural_effusion_right_ml"]
    assert volume.why is not None
    assert volume.why.code == "truncated"
    seen = volume.parameters["segmented_ml"]
    assert seen == pytest.approx(made.truth["right"], rel=0.05)
    assert found["pleural_effusion_right_hu_median"].status is Status.MEASURED
    assert found["pericardial_effusion_ml"].status is Status.MEASURED  # the heart is whole


def test_a_thin_film_has_no_attenuation() -> None:
    """Nothing is left without its rim."""
    made = chest(GRID, Fluid({}, 3.0))
    found = fluid(made_case(made))
    assert found["pericardial_effusion_ml"].status is Status.MEASURED
    assert found["pericardial_effusion_hu_median"].status is Status.NOT_ASSESSABLE


def test_sides_need_to_be_known(both: ChestPiece) -> None:
    """Without them no lobe is believed to be what it is called."""
    case = made_case(both)
    found = fluid(replace(case, series=replace(SERIES, sides_known=False)))
    assert {one.status for one in found.values()} == {Status.NOT_ASSESSABLE}


def test_the_middle_without_a_spine(both: ChestPiece) -> None:
    """Both lungs tell it; one alone does not."""
    made = chest(GRID, BOTH)
    spine = [n for n, name in made.piece.names.items() if name.startswith("vertebrae")]
    made.piece.labels[np.isin(made.piece.labels, spine)] = 0
    found = fluid(made_case(made))
    assert found["pleural_effusion_left_ml"].value == pytest.approx(both.truth["left"], rel=0.05)
    left = [n for n, name in made.piece.names.items() if name.endswith("_left")]
    made.piece.labels[np.isin(made.piece.labels, left)] = 0
    found = fluid(made_case(made))
    assert "middle of the chest" in found["pleural_effusion_left_ml"].reason


def test_reasons_for_no_numbers(both: ChestPiece) -> None:
    """MR, no task, no lung, no attenuation."""
    case = made_case(both)
    for changed, status in (
        ({"modality": "MR"}, Status.NOT_APPLICABLE),
        ({"segmentations": {"total": case.segmentations["total"]}}, Status.NOT_ASSESSABLE),
        ({"segmentations": {}}, Status.NOT_ASSESSABLE),
    ):
        found = fluid(replace(case, **changed))
        assert {one.status for one in found.values()} == {status}
        assert len(found) == len(effusions.OUTPUTS)
