"""Outlines as pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdallr.corrections.proposals import outlines
from heimdallr.corrections.proposals.outlines import filled


def square(low: float, high: float) -> npt.NDArray[np.float64]:
    """A square around the pixels of rows and columns low to high."""
    return np.array([[low, low], [low, high], [high, high], [high, low]], dtype=np.float64)


def test_an_outline_around_pixels_holds_these() -> None:
    """And so does one through the centres of the outermost, whichever side they are on."""
    expected = np.zeros((8, 9), bool)
    expected[2:6, 2:6] = True
    assert np.array_equal(filled([square(1.5, 5.5)], (8, 9)), expected)
    through = filled([square(2.0, 5.0)], (8, 9))
    row, column = np.nonzero(through)
    assert (row.mean(), column.mean()) == (3.5, 3.5)


def test_outlines_within_outlines_are_holes_and_islands() -> None:
    """Out, in, out, in."""
    found = filled([square(0.5, 10.5), square(2.5, 8.5), square(4.5, 6.5)], (12, 12))
    assert found.sum() == 100 - 36 + 4


def test_what_leaves_the_image_ends_there() -> None:
    """Neither an error nor a pixel on the other side."""
    assert filled([square(-5.0, 3.5)], (8, 8)).sum() == 16
    assert not filled([square(20.5, 30.5)], (8, 8)).any()


@given(
    st.lists(
        st.tuples(st.floats(-3, 12, width=32), st.floats(-3, 12, width=32)),
        min_size=3,
        max_size=12,
    )
)
def test_large_outlines_are_filled_in_pieces(corners: list[tuple[float, float]]) -> None:
    """The same whatever is looked at together."""
    points = np.array(corners)
    whole = filled([points], (10, 10))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outlines, "_CHUNK", 1)
        assert np.array_equal(filled([points], (10, 10)), whole)
