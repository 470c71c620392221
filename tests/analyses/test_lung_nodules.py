"""Lung nodules: callipers on drawn ellipsoids, and every reason to measure none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from piece_case import ADULT, case_of
from pieces.drawing import Grid
from pieces.nodules import LABEL, LOWER, SUBSOLID_HU, UPPER, Nodule, lung

from heimdallr.analyses import lung_nodules
from heimdallr.analyses.anatomy.axes import axes_on_slice
from heimdallr.analyses.lung_nodules import size_class_of
from heimdallr.domain.measurement import Measurement, Status

if TYPE_CHECKING:
    from pieces.nodules import LungPiece

    from heimdallr.analyses.case import Case

GRID = Grid((60.0, 60.0, 40.0), (0.8, 0.8, 1.25))
ROUND = Nodule((4.0, 8.0, 2.0), (4.5, 3.5, 4.0), 30.0)
DARK = Nodule((-8.0, -12.0, 0.0), (6.0, 6.0, 5.0), hu=SUBSOLID_HU)


def made_case(piece: LungPiece, **changed: object) -> Case:
    """A case of a drawn piece."""
    case = case_of(piece.piece, np.random.default_rng(1), marks={LABEL: piece.marks})
    return replace(case, **changed)  # type: ignore[arg-type]


def nodules(case: Case) -> dict[str, Measurement]:
    """Measurements by name."""
    return {one.name: one for one in lung_nodules.measure(case)}


@pytest.fixture(scope="module")
def two() -> LungPiece:
    """A solid nodule in the upper lobe, a larger subsolid one in the lower."""
    return lung(GRID, [ROUND, DARK])


def test_two_nodules_the_largest_first(two: LungPiece) -> None:
    """Diameters, volumes, lobes and densities as drawn."""
    found = nodules(made_case(two))
    assert found["lung_nodules"].value == 2
    assert found["lung_nodule_largest_mm"].value == found["nodule_1_diameter_mm"].value
    assert found["nodule_1_diameter_mm"].value == pytest.approx(12.0, abs=0.5)
    assert found["nodule_2_diameter_mm"].value == pytest.approx(8.0, abs=0.5)
    axes = found["nodule_2_diameter_mm"].parameters
    assert axes["long_axis_mm"] == pytest.approx(9.0, abs=0.7)
    assert axes["short_axis_mm"] == pytest.approx(7.0, abs=0.7)
    assert found["nodule_1_vol_mm3"].value == pytest.approx(DARK.volume_mm3, rel=0.05)
    assert [found[f"nodule_{n}_density"].value for n in (1, 2)] == ["subsolid", "solid"]
    assert [found[f"nodule_{n}_lobe"].value for n in (1, 2)] == [LOWER, UPPER]
    assert found["lung_nodule_size_class"].value == "above_8_mm"


def test_a_nodule_is_where_it_was_drawn(two: LungPiece) -> None:
    """Its voxel, through the affine, is its centre."""
    case = made_case(two)
    voxel = str(nodules(case)["nodule_2_diameter_mm"].parameters["voxel"]).split()
    place = case.image.voxel_to_world([int(along) for along in voxel])
    assert place == pytest.approx(ROUND.centre_mm, abs=0.9)


@pytest.mark.parametrize("gap_mm", [0.0, 4.0, 7.0])
def test_the_distance_to_the_wall(gap_mm: float) -> None:
    """A ball so far from the lung's right surface (22 mm from the middle)."""
    ball = Nodule((22.0 - gap_mm - 4.0, 2.0, 0.0), (4.0, 4.0, 4.0))
    found = nodules(made_case(lung(GRID, [ball])))["nodule_1_pleura_mm"]
    assert found.value == pytest.approx(gap_mm, abs=0.8)


def test_a_nodule_that_the_lobe_leaves_out_still_belongs_to_it() -> None:
    """Some maps have a hole where a solid nodule is."""
    piece = lung(GRID, [ROUND])
    piece.piece.labels[piece.marks.labels > 0] = 0
    found = nodules(made_case(piece))
    assert found["nodule_1_lobe"].value == UPPER
    assert found["nodule_1_pleura_mm"].value == pytest.approx(
        float(str(nodules(made_case(lung(GRID, [ROUND])))["nodule_1_pleura_mm"].value))
    )


def test_what_is_outside_the_lung_is_dropped_and_counted() -> None:
    """A lymph node in the wall."""
    piece = lung(GRID, [ROUND, Nodule((27.5, 0.0, 0.0), (2.0, 4.0, 4.0))])
    found = nodules(made_case(piece))
    assert found["lung_nodules"].value == 1
    assert found["lung_nodules"].parameters["outside_lung"] == 1


def test_specks_are_micronodules() -> None:
    """2 mm is counted, not measured."""
    found = nodules(made_case(lung(GRID, [Nodule((4.0, 8.0, 2.0), (1.1, 1.1, 1.3))])))
    assert found["lung_nodules"].value == 0
    assert found["lung_nodules"].parameters["micronodules"] == 1


def test_nothing_found_is_no_verdict() -> None:
    """A count of this network, no class, no size."""
    found = nodules(made_case(lung(GRID, [])))
    assert found["lung_nodules"].value == 0
    assert found["lung_nodules"].parameters["network"] == "none_found"
    for name in ("lung_nodule_largest_mm", "lung_nodule_size_class"):
        assert "does not exclude" in found[name].reason
    assert len(found) == 3


@pytest.mark.parametrize(
    ("mean_mm", "expected"),
    [
        (5.49, "below_6_mm"),
        (5.5, "6_to_8_mm"),
        (8.49, "6_to_8_mm"),
        (8.5, "above_8_mm"),
    ],
)
def test_classes_go_by_whole_millimetres(mean_mm: float, expected: str) -> None:
    """Rounded, halves up, as Fleischner asks."""
    assert size_class_of(mean_mm) == expected


@pytest.mark.parametrize(("age", "classed"), [(34.9, False), (35.0, True), (None, True)])
def test_classes_hold_from_35_years(two: LungPiece, age: float | None, *, classed: bool) -> None:
    """Below, sizes without a class."""
    found = nodules(made_case(two, patient=replace(ADULT, age_years=age)))
    assert (found["lung_nodule_size_class"].status is Status.MEASURED) is classed
    assert found["lung_nodule_largest_mm"].status is Status.MEASURED


@pytest.mark.parametrize(("spacing_mm", "measured"), [(2.5, True), (2.6, False)])
def test_thick_slices_are_refused(spacing_mm: float, *, measured: bool) -> None:
    """2.5 mm is the limit."""
    grid = Grid((60.0, 60.0, 15 * spacing_mm), (0.8, 0.8, spacing_mm))
    found = nodules(made_case(lung(grid, [ROUND])))
    assert (found["lung_nodules"].status is Status.MEASURED) is measured
    if not measured:
        assert "slices of 2.6 mm" in found["lung_nodules"].reason


def test_a_nodule_cut_by_the_edge_has_no_size() -> None:
    """It is at least as large as it is seen: above 8 mm stays above 8 mm."""
    grid = Grid((60.0, 60.0, 40.0), (0.8, 0.8, 1.25))
    piece = lung(grid, [Nodule((0.0, 5.0, 19.0), (6.0, 6.0, 5.0))], wall_mm=0.0)
    found = nodules(made_case(piece))
    assert found["nodule_1_diameter_mm"].why is not None
    assert found["nodule_1_diameter_mm"].why.code == "truncated"
    assert found["lung_nodule_largest_mm"].status is Status.NOT_ASSESSABLE
    assert found["lung_nodule_size_class"].value == "above_8_mm"
    assert "superior" in str(found["lung_nodules"].parameters["truncated_at"])


def test_small_nodules_have_no_density() -> None:
    """No core is left without its outer millimetre."""
    found = nodules(made_case(lung(GRID, [Nodule((4.0, 8.0, 2.0), (1.7, 1.7, 1.7))])))
    assert "too small" in found["nodule_1_density"].reason
    assert found["nodule_1_diameter_mm"].status is Status.MEASURED


def test_reasons_for_no_numbers(two: LungPiece) -> None:
    """MR, no task, no lung."""
    case = made_case(two)
    for changed, status in (
        ({"modality": "MR"}, Status.NOT_APPLICABLE),
        ({"segmentations": {"total": case.segmentations["total"]}}, Status.NOT_ASSESSABLE),
        ({"segmentations": {}}, Status.NOT_ASSESSABLE),
    ):
        found = nodules(replace(case, **changed))
        assert {one.status for one in found.values()} == {status}
        assert len(found) == 3


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (12.0, -6.0, 10.0)])
@pytest.mark.parametrize("flipped", [(), (0, 1)])
def test_turned_and_flipped_grids_measure_the_same(
    turn: tuple[float, float, float], flipped: tuple[int, ...]
) -> None:
    """The long axis is that of the section the slices make."""
    grid = Grid((60.0, 60.0, 40.0), (0.8, 0.8, 1.25), turn, flipped)
    long_mm, short_mm = ROUND.axes_mm(grid)
    found = nodules(made_case(lung(grid, [ROUND])))["nodule_1_diameter_mm"]
    assert found.value == pytest.approx((long_mm + short_mm) / 2, abs=0.6)


def test_callipers_on_a_hand_drawn_section() -> None:
    """A cross of 5 and 3 pixels of 2 mm: 10 and 6 mm, at right angles."""
    pixels = [(i, 0, 4) for i in range(-2, 3)] + [(0, j, 4) for j in (-1, 1)]
    axes = axes_on_slice(np.array(pixels), np.diag([2.0, 2.0, 5.0, 1.0]))
    assert (axes.long_mm, axes.short_mm, axes.mean_mm) == pytest.approx((10.0, 6.0, 8.0))
    long, short = (np.diff(ends, axis=0)[0] for ends in (axes.long_ends_mm, axes.short_ends_mm))
    assert np.linalg.norm(long) == pytest.approx(10.0)
    assert np.linalg.norm(short) == pytest.approx(6.0)
    assert long @ short == pytest.approx(0.0)
