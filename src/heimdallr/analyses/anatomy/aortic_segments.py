"""The aorta in its five segments: which part of its line is which, and what says so.

| border | told by | else by |
|---|---|---|
| ascending, arch | origin of the brachiocephalic trunk | the line, turned over by 45° |
| arch, descending | origin of the left subclavian artery | the line, turned down by 45° |
| descending, suprarenal | middle of the body of T12 (aortic hiatus) | upper end of the kidneys |
| suprarenal, infrarenal | middle of the kidneys (renal arteries) | between L1 and L2 |

Vertebrae count only where the levels pass their self-check. Where neither can be used, the border
is unknown and both segments are. A segment is *whole* where both its borders are in view, the
ascending aorta where it begins at the heart, the infrarenal one where it ends at the iliac
arteries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.anatomy.aortic_course import has_arch, in_order, rises_first
from heimdallr.analyses.anatomy.vessel_centreline import vessels_in
from heimdallr.analyses.vertebral_levels import LEVELS, body_centroid_ijk, structure_of
from heimdallr.imaging.field_of_view import FIELD_OF_VIEW
from heimdallr.imaging.morphology import box_around
from heimdallr.imaging.statistics import FACES, GAP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from heimdallr.analyses.anatomy.vessel_centreline import Vessel
    from heimdallr.analyses.case import Case
    from heimdallr.imaging.morphology import Mask
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Affine, Array

AORTA = "aorta"
SEGMENTS = ("ascending", "arch", "descending", "suprarenal", "infrarenal")
ABDOMINAL = SEGMENTS[3:]
TRUNK, SUBCLAVIAN = "brachiocephalic_trunk", "subclavian_artery_left"
ILIAC_ARTERIES = ("iliac_artery_left", "iliac_artery_right")
KIDNEYS = ("kidney_left", "kidney_right")
HEART = "heart"
COURSE, UPPER_ENDS, BETWEEN_L1_L2 = "course_of_the_line", "kidneys_upper_end", "vertebrae_L1_L2"
"""What tells a border, where it is not a structure."""
ILIACS = "iliac_arteries"
LABEL_ENDS = "label"
"""Where a segment goes on unseen although no edge cuts it: the label ends there."""

TURNED = float(np.cos(np.radians(45)))
"""Of the line against upright, where the arch begins and ends."""
NEAR_MM = 15.0
"""The aorta ends at a structure that is no farther from its end. Chosen: labels of official weights
touch; half of it would refuse those that leave a gap of two 6 mm voxels."""
ROOT_MM = 25.0
"""From the heart on, so much of the line is root and not measured as ascending aorta. Chosen: the
sinuses are about 20 mm high; half of it would take their bulge for the ascending aorta's diameter,
twice would lose half of it."""
NEAR_STATIONS = 10
"""An end of the line that is no farther from a cut section is a cut end. Chosen: 20 mm."""
FEWEST_MM3 = 2000.0
"""A piece of the label below this is left out."""
ORIGIN_SHARE = 0.05
"""Of a branch's voxels, those nearest to the line tell its origin."""


@dataclass(frozen=True, slots=True)
class Border:
    """Between a segment and the next.

    Attributes:
        station: the first station behind it; ``None``: it cannot be told.
        by: what tells it.
    """

    station: int | None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the aorta.

    Attributes:
        stations: (m,) its stations, proximal first.
        borders: what tells its upper and its lower border.
        open_at: edges, or :data:`LABEL_ENDS`, beyond which it goes on unseen.
        known: whether its borders can be told.
    """

    stations: Array
    borders: tuple[str, str]
    open_at: tuple[str, ...] = ()
    known: bool = True


@dataclass(frozen=True, slots=True)
class Aorta:
    """The line of an aorta and what is measured along it, proximal first.

    Attributes:
        pieces: the connected pieces of its label, each from its proximal end on.
        places_mm: (n, 3) stations of all pieces, one after another.
        along_mm: (n,) way along their pieces.
        piece: (n,) whose they are.
        diameter_mm, other_mm: (n,) of the sections.
        measurable: (n,) whether a section is whole and not of the root.
        at_edge: (n,) whether an edge of the image cuts it.
        segments: by name.
        ends: whether it begins at the heart, and ends at the iliac arteries.
    """

    pieces: tuple[Vessel, ...]
    places_mm: Affine
    along_mm: Affine
    piece: Array
    diameter_mm: Affine
    other_mm: Affine
    measurable: Mask
    at_edge: Mask
    segments: Mapping[str, Segment]
    ends: tuple[bool, bool]

    def widest(self, stations: Array) -> int | None:
        """The station of the largest diameter among some; ``None``: none can be measured."""
        there = stations[self.measurable[stations]]
        return int(there[np.argmax(self.diameter_mm[there])]) if len(there) else None

    def at(self, station: int) -> tuple[Vessel, int]:
        """The piece a station is of, and its number there."""
        number = int(self.piece[station])
        return self.pieces[number], station - int(np.searchsorted(self.piece, number))

    def part(self, *names: str) -> Segment:
        """Neighbouring segments as one."""
        parts = [self.segments[name] for name in names]
        return Segment(
            np.concatenate([one.stations for one in parts]),
            (parts[0].borders[0], parts[-1].borders[1]),
            tuple(dict.fromkeys(edge for one in parts for edge in one.open_at)),
            all(one.known for one in parts),
        )


def aorta_of(case: Case) -> Aorta | None:
    """The aorta of a case; ``None`` where too little of it has a direction.

    The whole-body map must have one.
    """
    found = case.statistics[AORTA]
    box = box_around(found, case.image.shape, case.image.affine)
    mask = case.anatomy.data[box] == case.anatomy.number(AORTA)
    pieces = vessels_in(mask, box, case.image, case.gaps, case.field_of_view)
    pieces = in_order([one for one in pieces if one.volume_mm3 >= FEWEST_MM3])
    return _assembled(case, pieces) if pieces else None


def _assembled(case: Case, pieces: tuple[Vessel, ...]) -> Aorta:
    places = np.concatenate([one.line.places_mm for one in pieces])
    piece = np.repeat(np.arange(len(pieces)), [len(one.line.places_mm) for one in pieces])
    sections = [one.sections for one in pieces]
    along = np.concatenate([one.line.along_mm for one in pieces])
    measurable = np.concatenate([one.whole for one in pieces])
    first, last = pieces[0], pieces[-1]
    has_root = rises_first(first)
    at_heart = has_root and not first.cut[0] and _is_near(case, places[0], (HEART,))
    at_iliacs = not last.cut[1] and not (has_root and len(pieces) == 1 and not has_arch(first))
    at_iliacs = at_iliacs and _is_near(case, places[-1], ILIAC_ARTERIES)
    if at_heart:
        measurable &= (piece > 0) | (along >= ROOT_MM)
    at_edge = np.concatenate([one.at_edge for one in sections])
    borders = _borders(case, pieces, places)
    ends = (at_heart, at_iliacs)
    return Aorta(
        pieces,
        places,
        along,
        piece,
        np.concatenate([one.diameter_mm for one in sections]),
        np.concatenate([one.other_mm for one in sections]),
        measurable,
        at_edge,
        _segments(case, borders, ends, (places, piece, at_edge)),
        ends,
    )


def _borders(case: Case, pieces: tuple[Vessel, ...], places: Affine) -> list[Border]:
    """The four borders between the segments."""
    first = pieces[0].line.places_mm
    if has_arch(pieces[0]):
        apex = int(np.argmax(first[:, 2]))
        upright = pieces[0].line.forwards[:, 2]
        begins = _origin(case, TRUNK, pieces[0]) or Border(
            int(np.flatnonzero(upright[: apex + 1] >= TURNED)[-1]) + 1
            if (upright[: apex + 1] >= TURNED).any()
            else 0,
            COURSE,
        )
        down = np.flatnonzero(upright[apex:] <= -TURNED)
        ends = _origin(case, SUBCLAVIAN, pieces[0]) or Border(
            apex + int(down[0]) if len(down) else len(first), COURSE
        )
        descends = max(ends.station or 0, begins.station or 0)
        ends = Border(descends, ends.by)
    else:
        descends = len(first) if rises_first(pieces[0]) else 0
        begins = ends = Border(descends)
    heights = places[descends:, 2]

    def below(height_mm: float | None, by: str) -> Border:
        if height_mm is None:
            return Border(None)
        return Border(descends + int(np.count_nonzero(heights >= height_mm)), by)

    return [begins, ends, below(*_hiatus(case)), below(*_renal_arteries(case))]


def _origin(case: Case, branch: str, vessel: Vessel) -> Border | None:
    """Where a branch leaves the line."""
    found = _believed(case, branch)
    if found is None:
        return None
    box = box_around(found, case.image.shape, case.image.affine)
    inside = np.argwhere(case.anatomy.data[box] == case.anatomy.number(branch))
    points = case.image.voxel_to_world(inside + [side.start for side in box])
    distance, station = vessel.line.nearest(points)
    nearest = distance <= np.quantile(distance, ORIGIN_SHARE)
    return Border(int(np.median(station[nearest])), branch)


def _believed(case: Case, structure: str) -> StructureStatistics | None:
    judgement = case.judgements.get(structure)
    return case.statistics[structure] if judgement is not None and judgement.is_believed else None


def _hiatus(case: Case) -> tuple[float | None, str]:
    """Height where the aorta passes the diaphragm, mm; infinite: beyond the image."""
    height = _height_of_level(case, "T12")
    if height is not None:
        return height, structure_of("T12")
    kidneys = [_believed(case, name) for name in KIDNEYS]
    tops = [
        float(case.image.voxel_to_world((*one.centroid_ijk[:2], one.bbox_max_ijk[2]))[2])
        for one in kidneys
        if one is not None and not one.truncated_at
    ]
    return (max(tops), UPPER_ENDS) if tops else (None, "")


def _renal_arteries(case: Case) -> tuple[float | None, str]:
    """Height where the renal arteries leave, mm; infinite: beyond the image."""
    found = {name: _believed(case, name) for name in KIDNEYS}
    middles = {
        name: float(case.image.voxel_to_world(one.centroid_ijk)[2])
        for name, one in found.items()
        if one is not None and not one.truncated_at
    }
    if middles:
        by = "kidneys" if len(middles) == len(KIDNEYS) else next(iter(middles))
        return float(np.mean(list(middles.values()))), by
    upper, lower = (_height_of_level(case, level) for level in ("L1", "L2"))
    if upper is None or lower is None:
        return None, ""
    return (lower if np.isinf(upper) else upper if np.isinf(lower) else (upper + lower) / 2), (
        BETWEEN_L1_L2
    )


def _height_of_level(case: Case, level: str) -> float | None:
    """Height of the middle of a vertebral body, mm; infinite where it lies beyond the image."""
    if case.levels.problem is not None:
        return None
    if level in case.levels.levels:
        found = case.statistics[structure_of(level)]
        middle = body_centroid_ijk(case.anatomy, level, found)
        return float(case.image.voxel_to_world(middle)[2])
    here = LEVELS.index(level)
    whole = [LEVELS.index(name) for name in case.levels.levels]
    if here < min(whole):
        return float("inf")
    return float("-inf") if here > max(whole) else None


def _is_near(case: Case, place_mm: Affine, structures: Iterable[str]) -> bool:
    """Whether one of these structures reaches near a place, by the boxes around them."""
    at = case.image.world_to_voxel(place_mm)
    for name in structures:
        found = _believed(case, name)
        if found is None:
            continue
        inside = np.clip(at, found.bbox_min_ijk, found.bbox_max_ijk)
        off_mm = np.linalg.norm(case.image.affine[:3, :3] @ (at - inside))
        if off_mm <= NEAR_MM:
            return True
    return False


def _segments(
    case: Case,
    borders: list[Border],
    ends: tuple[bool, bool],
    line: tuple[Affine, Array, Mask],
) -> dict[str, Segment]:
    places, piece, at_edge = line
    stations = np.arange(len(places))
    stops = [0, *(one.station for one in borders), len(places)]
    by = [HEART if ends[0] else "", *(one.by for one in borders), ILIACS if ends[1] else ""]
    is_end = np.diff(piece, prepend=-1) > 0
    is_end |= np.diff(piece, append=piece[-1] + 1) > 0
    is_end[0] &= not ends[0]
    is_end[-1] &= not ends[1]
    found = {}
    for n, name in enumerate(SEGMENTS):
        low, high = stops[n], stops[n + 1]
        if low is None or high is None:
            found[name] = Segment(stations[:0], (by[n], by[n + 1]), (), known=False)
            continue
        own = stations[low:high]
        cut = own[at_edge[own]]
        loose = own[is_end[own] & ~_has_neighbour(cut, own)]
        edges = [_edge(case, places[station]) for station in cut]
        edges += [LABEL_ENDS] * len(loose)
        found[name] = Segment(own, (by[n], by[n + 1]), tuple(dict.fromkeys(edges)))
    return found


def _has_neighbour(cut: Array, own: Array) -> Mask:
    """Whether an edge cuts the vessel near a station."""
    if not len(cut):
        return np.zeros(len(own), bool)
    return np.asarray(np.abs(own[:, None] - cut[None]).min(axis=1) <= NEAR_STATIONS)


def _edge(case: Case, place_mm: Affine) -> str:
    """The edge of the image, the round field or the gap that is nearest to a place."""
    at = case.image.world_to_voxel(place_mm)
    spacing = case.image.spacing_mm
    shape = case.image.shape
    off = {
        FACES[axis][side]: abs(at[axis] - (shape[axis] - 1) * side) * spacing[axis]
        for axis in range(3)
        for side in (0, 1)
    }
    for gap in case.gaps:
        middle, half = (gap.start + gap.stop - 1) / 2, (gap.stop - gap.start) / 2
        off[GAP] = max(abs(at[gap.axis] - middle) - half, 0.0) * spacing[gap.axis]
    off[FIELD_OF_VIEW] = abs(float(case.field_of_view.depth_mm(at[0], at[1])))
    return min(off, key=lambda name: float(off[name]))
