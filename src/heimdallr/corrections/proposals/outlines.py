"""Outlines as pixels: a pixel belongs to a structure when its centre lies within its outlines.

All outlines of a structure on a plane count together, by the even-odd rule: an outline within
another one is a hole, an island in it is solid again, and the two sides of a keyhole's bridge
cancel. A centre on an outline lies within it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Points = npt.NDArray[np.float64]

_ON_IT = 1e-3
"""Pixels that a centre may lie off an outline and still be on it: coordinates are rounded."""
_CHUNK = 1 << 22
"""Crossings of outlines with rows that are looked at together: their numbers take 32 MB each."""


def filled(outlines: Sequence[Points], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """(rows, columns) the pixels within closed outlines.

    Args:
        outlines: (P, 2) each, row and column of its corners, with fractions.
        shape: rows, columns.
    """
    # Each rule takes the centres on two sides of an outline; both take those on all of them.
    both = [_even_odd([one + off for one in outlines], shape) for off in (-_ON_IT, _ON_IT)]
    return np.asarray(both[0] | both[1])


def _even_odd(outlines: Sequence[Points], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    rows, columns = shape
    turns = np.zeros(rows * (columns + 1), np.uint8)
    for one in outlines:
        for place in _crossings(one, shape):
            turns ^= (np.bincount(place, minlength=turns.size) & 1).astype(np.uint8)
    # What was crossed an odd number of times on the way from the left lies within.
    within = np.bitwise_xor.accumulate(turns.reshape(rows, columns + 1), axis=1)
    return within[:, :columns].astype(bool)


def _crossings(outline: Points, shape: tuple[int, int]) -> Iterator[npt.NDArray[np.intp]]:
    """Flat index of the first pixel behind each crossing of an outline with a row of centres."""
    rows, columns = shape
    begin, end = outline, np.roll(outline, -1, axis=0)
    low, high = np.minimum(begin[:, 0], end[:, 0]), np.maximum(begin[:, 0], end[:, 0])
    first = np.clip(np.ceil(low), 0, rows).astype(np.intp)
    counts = np.clip(np.ceil(high), 0, rows).astype(np.intp) - first
    ends = np.cumsum(counts)
    done = 0
    while done < len(outline):
        before = int(ends[done] - counts[done])
        stop = max(int(np.searchsorted(ends, before + _CHUNK, side="right")), done + 1)
        edge = np.repeat(np.arange(done, stop), counts[done:stop])
        row = first[edge] + np.arange(before, before + len(edge)) - (ends - counts)[edge]
        (from_row, from_column), (to_row, to_column) = begin[edge].T, end[edge].T
        share = (row - from_row) / (to_row - from_row)
        column = from_column + share * (to_column - from_column)
        behind = np.clip(np.ceil(column), 0, columns).astype(np.intp)
        yield row * (columns + 1) + behind
        done = stop
