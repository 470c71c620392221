"""Which way the pieces of an aorta's label run: from the heart on, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heimdallr.analyses.anatomy.vessel_centreline import Vessel

ARCH_MM = 20.0
"""A line that rises and falls by this much has an arch. Chosen: half of it is a kink of the
abdominal aorta, twice it misses an arch whose limbs the image cuts short."""
LIMBS_APART_MM = 20.0
"""So far in front of another piece lies the ascending aorta. Chosen, not measured: their middles
are 50 to 80 mm apart in adults."""
ENDS_APART_MM = 100.0
"""Where an arch's ends differ by more in height, the lower one is the descending; else it is the
one behind. Chosen, not measured: a heart is about as high."""


def in_order(pieces: Iterable[Vessel]) -> tuple[Vessel, ...]:
    """Pieces from the heart on, each proximal end first."""
    found = list(pieces)
    rising = [not has_arch(one) and _lies_before_another(one, found) for one in found]
    turned = [_proximal_first(one, rises=up) for one, up in zip(found, rising, strict=True)]
    order = sorted(
        range(len(turned)),
        key=lambda n: (not (rising[n] or has_arch(turned[n])), -turned[n].line.places_mm[0, 2]),
    )
    return tuple(turned[n] for n in order)


def has_arch(one: Vessel) -> bool:
    """Whether a piece rises and falls again."""
    height = one.line.places_mm[:, 2]
    return bool(height.max() - max(height[0], height[-1]) >= ARCH_MM)


def rises_first(one: Vessel) -> bool:
    """Whether a piece, its proximal end first, begins with the ascending aorta."""
    height = one.line.places_mm[:, 2]
    return bool(height.max() - height[0] >= ARCH_MM)


def _lies_before_another(one: Vessel, pieces: Iterable[Vessel]) -> bool:
    """Whether another piece lies behind this one, at the same height."""
    mine = one.line.places_mm
    for other in pieces:
        theirs = other.line.places_mm
        low = max(mine[:, 2].min(), theirs[:, 2].min())
        high = min(mine[:, 2].max(), theirs[:, 2].max())
        if other is one or low >= high:
            continue
        here, there = (
            points[(points[:, 2] >= low) & (points[:, 2] <= high), 1] for points in (mine, theirs)
        )
        if len(here) and len(there) and here.mean() - there.mean() > LIMBS_APART_MM:
            return True
    return False


def _proximal_first(one: Vessel, *, rises: bool) -> Vessel:
    first, last = one.line.places_mm[0], one.line.places_mm[-1]
    if has_arch(one):
        apart = abs(first[2] - last[2]) > ENDS_APART_MM
        is_right = first[2] > last[2] if apart else first[1] > last[1]
    else:
        is_right = (first[2] < last[2]) == rises
    return one if is_right else one.reversed()
