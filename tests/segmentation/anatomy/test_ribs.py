"""Ribs and transverse processes beside a column of boxes."""

from __future__ import annotations

import numpy as np
import pytest
from analysis_bodies import BONE_HU, PITCH_MM, SPINE, Body, ribs, spine
from scipy import ndimage

from heimdallr.segmentation.anatomy.discs import Line, line_through
from heimdallr.segmentation.anatomy.ribs import (
    Branch,
    Marks,
    find_branches,
    marks_of,
    ribs_among,
)

BOTTOM_MM = -72.0


def column(spacing_mm: tuple[float, float, float] = (3.0, 3.0, 3.0)) -> Body:
    """Seven vertebrae without ribs."""
    body = Body((240, 180, 324), spacing_mm)
    spine(body, SPINE, BOTTOM_MM, with_ribs=False)
    return body


def seen(body: Body) -> tuple[tuple[Branch, ...], Line]:
    """What is found beside the column, and the line through its bodies."""
    case = body.case()
    is_spine = np.isin(
        case.anatomy.data, [n for n, name in case.anatomy.names.items() if "vertebrae" in name]
    )
    box = ndimage.find_objects(is_spine.view(np.uint8))[0]
    line = line_through(is_spine[box], box, case.image)
    assert line is not None
    return find_branches(case.anatomy.data, case.anatomy.names, case.image, line), line


def marks(body: Body) -> Marks:
    """The vertebrae that show by what they carry."""
    branches, line = seen(body)
    return marks_of(branches, np.full(len(line.places_mm), PITCH_MM))


def at(n: int) -> float:
    """Height of the n-th vertebra from below, mm."""
    return BOTTOM_MM + n * PITCH_MM


@pytest.mark.parametrize("spacing_mm", [(3.0, 3.0, 3.0), (1.0, 1.0, 5.0), (1.5, 1.5, 8.0)])
def test_a_pair_of_ribs_is_found_where_it_begins(spacing_mm: tuple[float, float, float]) -> None:
    """Left and right, at its height, to within a slice."""
    body = column(spacing_mm)
    for n in (5, 6):
        ribs(body, at(n))
    branches, _line = seen(body)
    found = ribs_among(branches)
    assert [one.is_right for one in found].count(True) == 2
    assert len(found) == 4
    apart = found[-1].begins_mm - found[0].begins_mm
    assert apart == pytest.approx(PITCH_MM, abs=spacing_mm[2])
    assert min(one.reach_mm for one in found) == pytest.approx(84, abs=4)


def test_processes_are_no_ribs() -> None:
    """Lumbar vertebrae carry processes of 36 to 57 mm."""
    body = column()
    ribs(body, at(5))
    ribs(body, at(6))
    for n, reach_mm in enumerate((54, 57, 54, 45, 39)):
        ribs(body, at(n), reach_mm)
    branches, _ = seen(body)
    assert len(ribs_among(branches)) == 4
    assert len(branches) == 14


def test_a_short_last_rib_is_one() -> None:
    """It reaches 60 mm, and what follows it much less."""
    body = column()
    ribs(body, at(6))
    ribs(body, at(5), 60)
    ribs(body, at(4), 36)
    branches, _ = seen(body)
    assert len(ribs_among(branches)) == 4


def test_a_bright_kidney_is_none() -> None:
    """Enhanced, where its label ends a little within it, and without a label."""
    for labelled in (True, False):
        body = column()
        ribs(body, at(5))
        ribs(body, at(6))
        kidney = body.ellipsoid((60, -45, at(2)), (33, 24, 54))
        body.paint(kidney, 200)
        if labelled:
            body.mark(body.ellipsoid((60, -45, at(2)), (30, 21, 51)), "kidney_right")
        branches, _ = seen(body)
        assert len(ribs_among(branches)) == 4


def test_marks_are_in_the_middles_of_their_vertebrae() -> None:
    """Within a third of a height; processes need both sides."""
    body = column()
    for n in (5, 6):
        ribs(body, at(n))
    for n in (1, 2):
        ribs(body, at(n), 45)
    body.paint(body.box((36, -54, at(3)), (24, 9, 9)), BONE_HU)  # on one side only
    found = marks(body)
    assert found.has_rib.tolist() == [False, False, True, True]
    heights = (found.middle_mm - found.middle_mm[2]) / PITCH_MM
    assert heights == pytest.approx([-4, -3, 0, 1], abs=1 / 3)
    assert (found.last_rib, found.first_rib) == (2, None)


def test_heights_follow_what_the_vertebrae_carry() -> None:
    """Labels let expect half of the true height."""
    body = column()
    for n in range(7):
        ribs(body, at(n))
    found = marks(body)
    expected = found.heights_mm(np.full(260, PITCH_MM * 0.8))
    assert expected == pytest.approx(np.full(260, PITCH_MM), rel=0.15)
    kept = found.heights_mm(np.full(260, PITCH_MM * 0.4))  # gaps of two vertebrae: no evidence
    assert kept == pytest.approx(np.full(260, PITCH_MM * 0.4))


def test_nothing_is_known_without_bright_branches() -> None:
    """A column alone."""
    found = marks(column())
    assert len(found.middle_mm) == 0
    assert (found.last_rib, found.first_rib) == (None, None)
