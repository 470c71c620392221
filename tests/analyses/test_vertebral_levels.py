"""The vertebral level self-check."""

from __future__ import annotations

import pytest
from analysis_bodies import (
    BONE_HU,
    PITCH_MM,
    SPINE,
    VERTEBRA_BODY_MM,
    Body,
    pelvis,
    ribs,
    spine,
    trunk,
)

from heimdallr.analyses import structures
from heimdallr.analyses.vertebral_levels import (
    LevelCheck,
    body_centroid_ijk,
    check_levels,
    structure_of,
)
from heimdallr.domain.measurement import Status


def check(body: Body) -> LevelCheck:
    """The self-check on a body."""
    case = body.case()
    return check_levels(case.anatomy, case.image, case.statistics)


def column(levels: tuple[str, ...] = SPINE) -> Body:
    """A spine in an otherwise empty volume."""
    body = Body((210, 180, 324))
    spine(body, levels)
    return body


def test_an_ordinary_spine_passes() -> None:
    """Seven vertebrae in order and evenly spaced."""
    outcome = check(column())
    assert outcome.problem is None
    assert outcome.levels == tuple(reversed(SPINE))


def test_two_swapped_levels_fail() -> None:
    """L2 below L3."""
    outcome = check(column(("L5", "L4", "L2", "L3", "L1", "T12", "T11")))
    assert outcome.problem is not None
    assert "L3 lies above L2" in outcome.problem.text


def test_a_skipped_name_fails() -> None:
    """The column is continuous but its names jump from L4 to L2: one name was lost."""
    outcome = check(column(("L5", "L4", "L2", "L1", "T12", "T11", "T10")))
    assert outcome.problem is not None
    assert "spacing" in outcome.problem.text


def test_a_gap_with_the_right_names_passes() -> None:
    """L2 was not segmented, but its place is empty: the other names still fit."""
    body = column()
    body.labels["total"][body.labels["total"] == 30] = 0
    assert check(body).problem is None


def test_one_level_in_two_places_fails() -> None:
    """A second L3 where L1 should be."""
    outcome = check(column(("L5", "L4", "L3", "L2", "L3", "T12", "T11")))
    assert outcome.problem is not None
    assert "inconsistent" in outcome.problem.text


def test_a_detached_spinous_process_is_no_second_level() -> None:
    """Two pieces of one vertebra at about the same height are one level."""
    body = column()
    labels = body.labels["total"]
    gap = body.box((0, -57, 0), (30, 6, 300))
    labels[gap] = 0
    assert check(body).problem is None


def test_fragments_are_not_judged() -> None:
    """A few voxels named T4 in the pelvis do not condemn the spine."""
    body = column()
    body.mark(body.box((0, 30, -140), (6, 6, 6)), "vertebrae_T4")
    assert check(body).problem is None


def test_too_few_vertebrae_cannot_be_verified() -> None:
    """Two vertebrae have one spacing and nothing to compare it with."""
    outcome = check(column(("L4", "L3")))
    assert outcome.problem is not None
    assert "cannot be verified" in outcome.problem.text


def test_cut_vertebrae_are_left_out() -> None:
    """A vertebra cut by the upper edge has no true centroid and is not used."""
    body = Body((210, 180, 6 * PITCH_MM))
    spine(body, SPINE[:6], bottom_mm=-6 * PITCH_MM / 2 + 24)
    body.paint(body.box((0, -39, 3 * PITCH_MM - 3), (48, 36, 6)), BONE_HU, "vertebrae_T11")
    outcome = check(body)
    assert outcome.problem is None
    assert "T11" not in outcome.levels


def named(levels: tuple[str, ...], *ribs_at: int, sacrum: bool = False) -> LevelCheck:
    """Outcome for seven vertebrae of these names, lowest first, of which some carry ribs."""
    body = Body((210, 180, 360))
    for n, level in enumerate(levels):
        spine(body, (level,), -72.0 + n * PITCH_MM, with_ribs=False)
        if n in ribs_at:
            ribs(body, -72.0 + n * PITCH_MM)
    if sacrum:
        pelvis(body, -108.0)
    return check(body)


UP_BY_ONE = ("L4", "L3", "L2", "L1", "T12", "T11", "T10")


def test_the_last_ribs_name_a_column() -> None:
    """T12 carries them: rightly named levels rest on that."""
    outcome = named(SPINE, 5, 6)
    assert (outcome.problem, outcome.rests_on) == (None, ("last_rib",))


def test_the_sacrum_names_a_column() -> None:
    """L5 lies above it."""
    outcome = named(SPINE, sacrum=True)
    assert (outcome.problem, outcome.rests_on) == (None, ("sacrum",))


def test_both_are_told() -> None:
    """Where both are in view levels rest on both."""
    outcome = named(SPINE, 5, 6, sacrum=True)
    assert (outcome.problem, outcome.rests_on) == (None, ("sacrum", "last_rib"))


def test_a_whole_column_one_level_off_is_refused() -> None:
    """Nothing in the column itself shows it: the last ribs do."""
    outcome = named(UP_BY_ONE, 5, 6)
    assert outcome.problem is not None
    assert outcome.problem.code == "level_contradicts_anchor"
    assert outcome.problem.parameters["level"] == "T11"


def test_a_column_that_does_not_begin_with_l5_is_refused() -> None:
    """What lies above the sacrum is L5."""
    outcome = named(UP_BY_ONE, sacrum=True)
    assert outcome.problem is not None
    assert outcome.problem.parameters["anchor"] == "sacrum"


@pytest.mark.parametrize(("lowest_rib", "count"), [(4, 4), (6, 6)])
def test_a_transitional_vertebra_is_said(lowest_rib: int, count: int) -> None:
    """Four or six vertebrae between the last ribs and the sacrum."""
    outcome = named(SPINE, *range(lowest_rib, 7), sacrum=True)
    assert outcome.problem is not None
    assert outcome.problem.code == "transitional_vertebra"
    assert outcome.problem.parameters == {"count": count}


def test_without_an_anchor_no_level_is_known() -> None:
    """A column of lumbar vertebrae could be named anyhow."""
    outcome = named(SPINE)
    assert outcome.problem is not None
    assert outcome.problem.code == "no_level_anchor"


def test_a_vertebra_whose_name_nothing_confirms_has_no_numbers() -> None:
    """The inventory would otherwise give the volume of L3, of what may be L2 or L4."""
    body = Body((210, 180, 324))
    spine(body, SPINE, with_ribs=False)
    numbers = [one for one in structures.measure(body.case()) if one.structure == "vertebrae_L3"]
    assert {one.name for one in numbers} >= {"vertebrae_L3_vol_cm3", "vertebrae_L3_hu_mean"}
    assert {one.why.code for one in numbers if one.why} == {"no_level_anchor"}
    assert not any(one.status is Status.MEASURED for one in numbers)


def test_ribs_that_go_on_below_the_image_name_nothing() -> None:
    """The lowest vertebra in view has ribs: the next may have some too."""
    outcome = named(("T12", "T11", "T10", "T9", "T8", "T7", "T6"), *range(7))
    assert outcome.problem is not None
    assert outcome.problem.code == "no_level_anchor"


def test_one_vertebra_cut_into_two_is_refused() -> None:
    """In order and evenly spaced, but of a quarter of its neighbours' volume."""
    body = column()
    body.labels["total"][body.box((14, -39, 0), (28, 90, 36))] = 0
    body.labels["total"][body.box((-18, -39, 0), (12, 90, 36))] = 0
    outcome = check(body)
    assert outcome.problem is not None
    assert outcome.problem.code == "vertebra_of_odd_volume"
    assert outcome.problem.parameters["level"] == "L3"


@pytest.mark.parametrize("spacing", [(3.0, 3.0, 3.0), (1.5, 1.5, 1.5), (1.0, 1.0, 6.0)])
def test_the_bodys_centroid_ignores_the_spinous_process(
    spacing: tuple[float, float, float],
) -> None:
    """L3's body is centred 39 mm behind the origin; its process pulls the mask's centroid back."""
    case = trunk(spacing).case()
    found = case.statistics[structure_of("L3")]
    x, y, z = case.anatomy.voxel_to_world(body_centroid_ijk(case.anatomy, "L3", found))
    assert (x, y, z) == pytest.approx((0, -39, 0), abs=VERTEBRA_BODY_MM[2] / 12)
    assert case.anatomy.voxel_to_world(found.centroid_ijk)[1] < y - 0.5
