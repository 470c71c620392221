"""Centrelines of tubular masks, and the diameters along them.

An axial slice cuts a vessel that runs obliquely into an ellipse, and overstates its diameter by the
inverse of the cosine: 15 % at 30 degrees. So vessels are measured on planes at right angles to the
line through their middle. Every connected piece of the mask has a line of its own:

1. the way through its middle, from end to end (:mod:`.vessel_mask`), smoothed;
2. moved, three times, to the centroids of its own cross-sections (:mod:`.vessel_sections`), and
   smoothed again;
3. at its ends, where no section is whole, straight on as far as the mask goes.

A section that an edge of the image cuts, or near an end of the mask, is not *whole*, and not to be
measured. Everything goes through the affine: tilted, sheared and anisotropic grids are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.anatomy.vessel_mask import (
    COVERED,
    FEWEST_PLACES,
    VesselMask,
    vessel_mask,
    ways_through,
)
from heimdallr.analyses.anatomy.vessel_sections import (
    STEP_MM,
    Line,
    Sections,
    centroids_mm,
    line_through,
    sections,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heimdallr.analyses.anatomy.vessel_mask import Way
    from heimdallr.imaging.field_of_view import FieldOfView
    from heimdallr.imaging.morphology import Box, Mask
    from heimdallr.imaging.slabs import Slab
    from heimdallr.imaging.volume import Affine, Volume

ROUNDS = 3
"""How often a line is moved to the centroids of its sections. Chosen: a third round moves it by
some tenths of a mm; one would leave it on the way's lattice, six would take twice the time."""
NEAR_END_MM = 10.0
"""Sections nearer to an end of the mask than this are not measured: there a vessel widens into its
branches, or a network stops somewhere. Chosen: half of it lets the flare of a bifurcation through,
twice would lose half of a common iliac artery."""
NEAR_CUT_MM = 4.0
"""Likewise for an end that an edge of the image cuts: the vessel goes on there unchanged, but the
line's direction is less sure. Chosen, not measured."""
END_MM = 10.0
"""The last so much of a line tells where it ends. Measured on the phantoms: with 24 mm the last
sections of a winding vessel are tilted by 30 degrees, with 10 mm by 15."""
FARTHEST_MM = 120.0
"""As far as an end is followed: more than the radius of any vessel."""
REACH, MORE_MM = 2.0, 10.0
"""The wall is looked for within so many of the largest distance from it, and so much more: sections
are no circles."""
SHORTEST = 1.5
"""A piece whose line is not longer than so many of its diameters has no direction to trust.
Chosen, not measured: half of it would lay a line through a ball, twice would refuse short pieces of
wide aneurysms."""


@dataclass(frozen=True, slots=True)
class Vessel:
    """One connected piece of a vessel.

    Attributes:
        mask: what its sections are taken from.
        line: through its middle.
        sections: at the places of the line.
        whole: (n,) whether they are to be measured: neither cut nor near an end of the mask.
        volume_mm3: of the piece.
        cut: whether an edge of the image cuts it at its first and its last end.
    """

    mask: VesselMask
    line: Line
    sections: Sections
    whole: Mask
    volume_mm3: float
    cut: tuple[bool, bool]

    def reversed(self) -> Vessel:
        """The same from the other end."""
        line, there = self.line.reversed(), self.sections.reversed()
        return Vessel(self.mask, line, there, self.whole[::-1], self.volume_mm3, self.cut[::-1])


def vessels_in(
    mask: Mask, box: Box, image: Volume, gaps: Sequence[Slab], field: FieldOfView
) -> tuple[Vessel, ...]:
    """Lines and sections of every piece of a mask, the largest first.

    Args:
        mask: (I, J, K) boolean, the part of the image in ``box``.
        box: where in the image that is.
        image: whose grid it is on.
        gaps: slices of it that show nothing; a vessel that reaches them is cut there.
        field: what its slices show.
    """
    covered = vessel_mask(mask, box, image, gaps, field)
    found = (_vessel(covered, way) for way in ways_through(covered))
    return tuple(one for one in found if one is not None)


def _vessel(mask: VesselMask, way: Way) -> Vessel | None:
    reach_mm = REACH * float(way.radii_mm.max()) + MORE_MM
    line = _to_its_ends(mask, line_through(_without_corners(way)))
    for _ in range(ROUNDS):
        line = _to_its_ends(mask, _centred(mask, line, reach_mm))
    found = sections(mask, line, reach_mm)
    usual_mm = float(np.median(found.diameter_mm))
    near = max(round(usual_mm / 2 / STEP_MM), 1)
    cut = (bool(found.at_edge[:near].any()), bool(found.at_edge[-near:].any()))
    first, last = (NEAR_CUT_MM if is_cut else NEAR_END_MM for is_cut in cut)
    along = line.along_mm
    whole = ~found.at_edge & (along >= first) & (along <= along[-1] - last) & (found.other_mm > 0)
    if line.length_mm < SHORTEST * usual_mm or not whole.any():
        return None
    return Vessel(mask, line, found, whole, way.volume_mm3, cut)


def _without_corners(way: Way) -> Affine:
    """A way without its ends, one radius long each, where it turns aside into a corner."""
    steps = np.linalg.norm(np.diff(way.places_mm, axis=0), axis=1)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    by_mm = min(float(np.median(way.radii_mm)), along[-1] / 4)
    kept = way.places_mm[(along >= by_mm) & (along <= along[-1] - by_mm)]
    return kept if len(kept) >= FEWEST_PLACES else way.places_mm


def _to_its_ends(mask: VesselMask, line: Line) -> Line:
    """The line with straight ends, as far as the vessel goes and not farther.

    Its last places have no whole sections to be centred in: they are replaced by the direction of
    those before them.
    """
    places = line.places_mm[mask.at(line.places_mm) >= COVERED]
    by = min(round(NEAR_END_MM / STEP_MM), len(places) // 4)
    places = places[by : len(places) - by]
    if len(places) < FEWEST_PLACES:
        return line
    ends = []
    for path in (places, places[::-1]):
        back = path[min(round(END_MM / STEP_MM), len(path) - 1)]
        forward = (path[0] - back) / np.linalg.norm(path[0] - back)
        beyond = path[0] + np.arange(STEP_MM, FARTHEST_MM, STEP_MM)[:, None] * forward
        ends.append(beyond[: int(np.argmin(mask.at(beyond) >= COVERED))])
    return line_through(np.concatenate((ends[0][::-1], places, ends[1])))


def _centred(mask: VesselMask, line: Line, reach_mm: float) -> Line:
    """The line through the centroids of its sections; near its ends moved as the nearest is."""
    moved = centroids_mm(mask, line, reach_mm) - line.places_mm
    along = line.along_mm
    moved[np.minimum(along, along[-1] - along) < NEAR_END_MM] = np.nan
    good = np.isfinite(moved[:, 0])
    if not good.any():
        return line
    by = np.stack([np.interp(along, along[good], moved[good, axis]) for axis in range(3)], axis=1)
    return line_through(line.places_mm + by)
