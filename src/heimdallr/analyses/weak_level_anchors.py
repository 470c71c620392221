"""Weak anchors of vertebral levels: what lies beside the column at about a known level.

Sacrum and ribs belong to the column and name its vertebrae
(:mod:`heimdallr.analyses.vertebral_levels`). Crests of the ilium, the end of the aorta, kidneys and
lung bases lie at levels that differ from one person to the next by one or two. They name none: they
agree with the names, or are so far from where they should be that the names cannot be right.

Heights are taken along the patient, as radiographs and sagittal images show them, and are told as
the vertebra that is nearest. What is not believed, or cut at the end that is asked for, is no
anchor; of a pair both must be seen, and their middle counts.

What they refuse was measured on four real label maps (s0327, s0328, TotalSegmentator's example CT,
``ct_chest_lidc_0001``) and 20 held-out trunks with right names, which pass, and names moved on
purpose: of one level off none are refused, of two 31 of 48, of three 47 of 48.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from heimdallr.analyses.vertebral_levels import LEVELS, UNCONFIRMED
from heimdallr.domain.statements import Statement
from heimdallr.imaging.morphology import box_around

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from heimdallr.analyses.vertebral_levels import LevelCheck
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import LabelMap

DOWNWARDS = (*LEVELS, "S1", "S2")
"""What may be beside a structure, head to foot."""


@dataclass(frozen=True, slots=True)
class Range:
    """The vertebrae that a structure may lie beside.

    Attributes:
        highest: the upper end of the range.
        lowest: the lower one.
        may_rise: disease often lifts it above the range, so that there it says nothing.
    """

    highest: str
    lowest: str
    may_rise: bool = False

    def off(self, beside: int) -> int:
        """How many levels a vertebra (index in :data:`DOWNWARDS`) is out of it, down > 0."""
        above = beside - DOWNWARDS.index(self.highest)
        below = beside - DOWNWARDS.index(self.lowest)
        return max(below, 0) + (0 if self.may_rise else min(above, 0))


RANGES = {
    "iliac_crest": Range("L4", "L5"),
    "aortic_bifurcation": Range("L3", "L5"),
    "kidneys": Range("L1", "L3"),
    "lung_bases": Range("T10", "L1", may_rise=True),
}
"""Weak anchor → where it lies.

* Highest points of both crests (Tuffier's line): L4 in 69 % of 108 CTs (Clin Anat 2012, 25:819),
  between the upper third of L4 and the middle third of L5 in all of 296 radiographs (North Cyprus).
* End of the aorta: L4 in 67 % of 441 (Chithriki 2002, Surg Radiol Anat 24:308), 83 % of 210
  (AJR 2004, 182:1295), 71 % of 1049 (Tokgoz 2014, Korean J Radiol 15:258); L3 in 59 % of those
  whose L5 is sacral, L4/5 in 33 % of those whose S1 is lumbar. One to each side: chosen.
* Middle of the kidneys: that of their hila is L2 most often in 100 CTs (Clin Anat 2016, 29:165).
  One to each side: chosen.
* Lung bases: T10 when breathing quietly, down to two lower after a deep breath (Semin Intervent
  Radiol 2020, 37:74). L1 chosen: the labelled chest has T12/L1. Effusions and a paralysed diaphragm
  lift them.
"""

CONTRADICTS = 2
"""So many levels out of its range an anchor refuses the names.

The real maps and held-out trunks have 0. Of the bundled networks' structures in six real CTs one is
one level out: lung bases beside L2 (and kidneys beside L3), where the lowest long ribs are called
T12's and the vertebra below them has stubs. One level would refuse people who are made so; it is
told beside every number instead (``level_differs_from``). Three would find next to nothing.
"""

REACH_LEVELS = 2.5
"""Heights are told so far beyond the whole vertebrae in view, by the distance of the last two.

Chosen: two levels. Each is about 2.5 % lower than the one below, so that over two it is a tenth of
a level wrong; half of it would not find what is two levels below L5.
"""

END_CM3 = 0.5
"""So much of a structure lies beyond what is called its end: no stray voxel makes it.

Chosen: two voxels of the bundled networks. In the real maps half or twice of it moves an end by up
to 3 mm; without it the end is up to 6 mm farther.
"""

BRANCHING_MM = 20.0
"""Both common iliac arteries begin so near to the aorta's end, or the end was not found.
Chosen: half a vertebra. Half of it is three voxels of the bundled networks."""

_GRID_MM = 3.0
"""Grid in the slices on which ends are looked for: chosen for speed."""


def weighed(
    check: LevelCheck,
    label_map: LabelMap,
    statistics: Mapping[str, StructureStatistics],
    believed: Collection[str],
) -> LevelCheck:
    """The same check with what the weak anchors say of the names.

    Args:
        check: names in order, and not contradicted by sacrum or ribs; any other comes back as is.
        label_map: (I, J, K) whole-body labels, RAS+.
        statistics: of the label map's structures.
        believed: those that are taken for what their labels say.
    """
    if check.problem is not None and check.problem.code != UNCONFIRMED:
        return check
    ends = _Ends(label_map, {name: statistics[name] for name in believed if name in statistics})
    beside = {
        anchor: place
        for anchor, height_mm in ends.heights_mm().items()
        if (place := _place_beside(check.heights_mm, height_mm)) is not None
    }
    for anchor, place in beside.items():
        if abs(RANGES[anchor].off(place)) >= CONTRADICTS:
            return replace(check, problem=_contradiction(anchor, place))
    agreeing = {anchor: at for anchor, at in beside.items() if _is_within(RANGES[anchor], at)}
    differing = tuple(anchor for anchor, at in beside.items() if RANGES[anchor].off(at))
    problem = check.problem
    if problem is not None and agreeing and not differing:
        problem = Statement(
            "only_weak_level_anchors",
            {"landmarks": tuple(agreeing), "levels": _leeway(agreeing)},
        )
    return replace(check, problem=problem, agrees_with=tuple(agreeing), differs_from=differing)


def _contradiction(anchor: str, place: int) -> Statement:
    wanted = RANGES[anchor]
    return Statement(
        "level_contradicts_landmark",
        {
            "landmark": anchor,
            "level": DOWNWARDS[place],
            "upper": wanted.highest,
            "lower": wanted.lowest,
        },
    )


def _is_within(wanted: Range, place: int) -> bool:
    return DOWNWARDS.index(wanted.highest) <= place <= DOWNWARDS.index(wanted.lowest)


def _leeway(agreeing: Mapping[str, int]) -> int:
    """By how many levels, up or down, the names could be moved and still agree with all.

    At least one: where two ranges meet at their ends nothing is left, but people differ by one.
    """
    ranges = [(RANGES[anchor], place) for anchor, place in agreeing.items()]
    up = min(place - DOWNWARDS.index(one.highest) for one, place in ranges)
    down = min(DOWNWARDS.index(one.lowest) - place for one, place in ranges)
    return max(up, down, 1)


def _place_beside(heights_mm: Mapping[str, float], height_mm: float) -> int | None:
    """Index in :data:`DOWNWARDS` of the vertebra at a height; None where none is within reach."""
    places = np.array([DOWNWARDS.index(level) for level in heights_mm])
    depths_mm = -np.array(list(heights_mm.values()))
    if len(places) < 2:  # noqa: PLR2004 - no distance
        return None
    pitch_mm = np.diff(depths_mm)[[0, -1]] / np.diff(places)[[0, -1]]
    beyond = REACH_LEVELS * np.array([-1, 1])
    depths_mm = np.array([depths_mm[0], *depths_mm, depths_mm[-1]])
    depths_mm[[0, -1]] += beyond * pitch_mm
    places = np.array([places[0] + beyond[0], *places, places[-1] + beyond[1]])
    at = float(np.interp(-height_mm, depths_mm, places, left=np.nan, right=np.nan))
    return round(at) if 0 <= at < len(DOWNWARDS) - 0.5 else None  # nan is neither


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where believed structures end, in mm towards the head from voxel 0."""

    label_map: LabelMap
    believed: Mapping[str, StructureStatistics]

    def heights_mm(self) -> dict[str, float]:
        """Weak anchor → its height; those in view only."""
        found = {
            "iliac_crest": _middle([self._top(f"hip_{side}") for side in ("left", "right")]),
            "aortic_bifurcation": self._bifurcation(),
            "kidneys": _middle([self._centre(f"kidney_{side}") for side in ("left", "right")]),
            "lung_bases": _middle(
                [self._bottom(f"lung_lower_lobe_{side}") for side in ("left", "right")]
            ),
        }
        return {anchor: height for anchor, height in found.items() if height is not None}

    def _bifurcation(self) -> float | None:
        end_mm = self._bottom("aorta")
        if end_mm is None:
            return None
        branches = [self._top(f"iliac_artery_{side}") for side in ("left", "right")]
        both = all(mm is not None and abs(mm - end_mm) <= BRANCHING_MM for mm in branches)
        return end_mm if both else None

    def _centre(self, structure: str) -> float | None:
        found = self.believed.get(structure)
        if found is None or found.cuts:
            return None
        return float(self.label_map.affine[2, :3] @ found.centroid_ijk)

    def _top(self, structure: str) -> float | None:
        found = self.believed.get(structure)
        return None if found is None or set(found.cuts) - {"inferior"} else self._end(structure, 1)

    def _bottom(self, structure: str) -> float | None:
        found = self.believed.get(structure)
        return None if found is None or set(found.cuts) - {"superior"} else self._end(structure, -1)

    def _end(self, structure: str, upwards: int) -> float:
        affine = self.label_map.affine
        box = box_around(self.believed[structure], self.label_map.shape, affine)
        spacing_mm = np.linalg.norm(affine[:3, :2], axis=0)
        step = (*np.maximum(1, np.floor(_GRID_MM / spacing_mm)).astype(int).tolist(), 1)
        sides = tuple(slice(side.start, side.stop, n) for side, n in zip(box, step, strict=True))
        where = np.argwhere(self.label_map.data[sides] == self.label_map.number(structure))
        heights_mm = np.sort(upwards * ((where * step + [s.start for s in box]) @ affine[2, :3]))
        voxels = round(END_CM3 * 1000 / (self.label_map.voxel_volume_mm3 * np.prod(step)))
        return float(upwards * heights_mm[-1 - min(voxels, len(heights_mm) - 1)])


def _middle(heights_mm: list[float | None]) -> float | None:
    """Of a pair; None where one is missing."""
    seen = [height for height in heights_mm if height is not None]
    return float(np.mean(seen)) if len(seen) == len(heights_mm) else None
