"""The vertebral level self-check."""

from __future__ import annotations

import pytest
from analysis_bodies import BONE_HU, PITCH_MM, SPINE, VERTEBRA_BODY_MM, Body, spine, trunk

from heimdallr.analyses.anatomy.vertebral_levels import (
    LevelCheck,
    body_centroid_ijk,
    check_levels,
    structure_of,
)


def check(body: Body) -> LevelCheck:
    """The self-check on a body."""
    case = body.case()
    return check_levels(case.anatomy, case.statistics)


def column(levels: tuple[str, ...] = SPINE) -> Body:
    """A spine in an otherwise empty volume."""
    body = Body((90, 180, 324))
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
    body = Body((90, 180, 6 * PITCH_MM))
    spine(body, SPINE[:6], bottom_mm=-6 * PITCH_MM / 2 + 24)
    body.paint(body.box((0, -39, 3 * PITCH_MM - 3), (48, 36, 6)), BONE_HU, "vertebrae_T11")
    outcome = check(body)
    assert outcome.problem is None
    assert "T11" not in outcome.levels


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
