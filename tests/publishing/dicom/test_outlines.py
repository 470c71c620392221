"""An outline encloses exactly the mask's pixels."""

from __future__ import annotations

import numpy as np
import pytest

from heimdallr.publishing.dicom.outlines import MOST_POINTS, outline, signed_area


def _area(line: np.ndarray) -> float:
    assert (line[0] == line[-1]).all()
    return abs(signed_area(line[:-1]))


def test_a_pixel_has_four_corners() -> None:
    """Pixel (row 2, column 3) reaches from (3, 2) to (4, 3), as PS3.3 C.18.6.1.2 counts."""
    mask = np.zeros((5, 6), bool)
    mask[2, 3] = True
    line = outline(mask)
    assert line is not None
    assert {tuple(corner) for corner in line.tolist()} == {(3, 2), (4, 2), (4, 3), (3, 3)}


def test_nothing_has_no_outline() -> None:
    """Not a point, not an empty line."""
    assert outline(np.zeros((4, 4), bool)) is None


@pytest.mark.parametrize("seed", range(40))
def test_holes_and_pieces_are_counted(seed: int) -> None:
    """Whatever the mask: rings, islands in lakes, pixels that touch at a corner."""
    random = np.random.default_rng(seed)
    mask = random.random((random.integers(1, 14), random.integers(1, 14))) < random.random()
    line = outline(mask)
    if line is None:
        assert not mask.any()
    else:
        assert _area(line) == mask.sum()


def test_a_line_too_long_for_the_element_loses_its_smallest_pieces() -> None:
    """The large ones stay; the element is never longer than the standard allows."""
    mask = np.zeros((200, 200), bool)
    mask[::2, ::2] = True
    mask[:60, :60] = True
    line = outline(mask)
    assert line is not None
    assert len(line) <= MOST_POINTS + 1
    assert _area(line) >= 60 * 60
