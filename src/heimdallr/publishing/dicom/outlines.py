"""A mask's outline as one closed line through the corners of its pixels.

Holes and separate pieces are tied in by channels of no width, as radiotherapy structure sets do:
the line runs there and back, so that the area it encloses is that of the mask, to the pixel.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Corners = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

MOST_POINTS = 8_000
"""An FL element of Explicit VR Little Endian holds 65,534 bytes (PS3.5 section 7.1.2): 8,191
points. The smallest pieces and holes are left out beyond that."""

_RIGHT, _DOWN, _LEFT, _UP = (0, 1), (1, 0), (0, -1), (-1, 0)


def outline(mask: Mask) -> Corners | None:
    """The outline of a mask.

    Args:
        mask: (rows, columns).

    Returns:
        (N, 2) column and row of the corners, the first again as the last; pixel (r, c) reaches
        from (c, r) to (c + 1, r + 1) as in PS3.3 C.18.6.1.2. ``None`` for an empty mask.
    """
    loops = sorted(_loops(mask), key=lambda loop: -abs(signed_area(loop)))
    if not loops:
        return None
    line, room = loops[0], MOST_POINTS - len(loops[0])
    for loop in loops[1:]:
        if len(loop) + 2 > room:
            break
        line = _tied(line, loop)
        room -= len(loop) + 2
    closed = np.vstack([line, line[:1]])
    return closed[:, ::-1]


def signed_area(line: npt.NDArray[np.number]) -> float:
    """Area in pixels that a closed line encloses (shoelace formula); holes count negative."""
    first, second = np.asarray(line, float).T
    return float(np.sum(first * np.roll(second, -1) - second * np.roll(first, -1)) / 2)


def _loops(mask: Mask) -> list[Corners]:
    """Every boundary as (N, 2) row and column of its corners, the mask always on the same side."""
    steps = _edges(mask)
    loops = []
    while steps:
        start = next(iter(steps))
        here, direction = start, None
        corners: list[tuple[int, int]] = []
        while here != start or direction is None:
            onward = _turn(steps[here], direction)
            steps[here].remove(onward)
            if not steps[here]:
                del steps[here]
            if onward != direction:
                corners.append(here)
            direction = onward
            here = (here[0] + onward[0], here[1] + onward[1])
            if here == start and here not in steps:
                break
        loops.append(np.array(corners, np.int64))
    return loops


def _edges(mask: Mask) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Corner → directions in which an edge of the mask leaves it; the mask lies to the right."""
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    steps: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for direction, beyond, corner in (
        (_RIGHT, padded[:-2, 1:-1], (0, 0)),
        (_DOWN, padded[1:-1, 2:], (0, 1)),
        (_LEFT, padded[2:, 1:-1], (1, 1)),
        (_UP, padded[1:-1, :-2], (1, 0)),
    ):
        for row, column in np.argwhere(inside & ~beyond).tolist():
            steps[row + corner[0], column + corner[1]].append(direction)
    return steps


def _turn(onward: list[tuple[int, int]], direction: tuple[int, int] | None) -> tuple[int, int]:
    """Where pixels touch at a corner only, turn right: they are not of one piece."""
    if direction is None or len(onward) == 1:
        return onward[0]
    right = (direction[1], -direction[0])
    return right if right in onward else onward[0]


def _tied(line: Corners, loop: Corners) -> Corners:
    """A loop inserted where it comes nearest to the line."""
    distances = ((line[:, None, :] - loop[None, :, :]) ** 2).sum(axis=2)
    at, first = np.unravel_index(int(np.argmin(distances)), distances.shape)
    turned = np.roll(loop, -int(first), axis=0)
    return np.vstack([line[: at + 1], turned, turned[:1], line[at:]])
