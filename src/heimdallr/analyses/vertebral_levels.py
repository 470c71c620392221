"""Vertebral levels: which vertebra is which, what says so, and whether that can be believed.

A network that misnames one vertebra shifts every number taken "at L3", and one that misnames the
whole column does so without any disorder to be seen. So the labels must pass the self-check of
:func:`check_levels` (ordered, evenly spaced, of fitting volumes, no level in two places), and their
names must be those that *anchors* outside the column give them: the sacrum lies below L5, the last
ribs are carried by T12, the first ones by T1. Where anchors say something else, or none is in view,
no number is taken at a level.

Four or six vertebrae between last ribs and sacrum are a *transitional* vertebra (in 4 to 30 % of
people, by the way one counts: Konin and Walz 2010, AJNR 31:1778): the level is said to be unknown,
and not counted away. Twelve ribs that are not there, or a thirteenth, cannot be told from the last
rib alone: what rests on it says so. What lies beside the column is asked afterwards
(:mod:`heimdallr.analyses.weak_level_anchors`).
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a check is read back at run time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import cc3d
import numpy as np

from heimdallr.domain.statements import Statement
from heimdallr.imaging.morphology import box_around, eroded, slice_distance_mm
from heimdallr.segmentation.anatomy.discs import line_through
from heimdallr.segmentation.anatomy.ribs import BRIGHT_BESIDE_RIBS, find_branches, marks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from heimdallr.imaging.morphology import Box, Mask
    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Affine, LabelMap, Volume
    from heimdallr.segmentation.anatomy.discs import Line

CERVICAL = tuple(f"C{n}" for n in range(1, 8))
THORACIC = tuple(f"T{n}" for n in range(1, 13))
LUMBAR = tuple(f"L{n}" for n in range(1, 6))
LEVELS = CERVICAL + THORACIC + LUMBAR
"""Head to foot. S1 is left out: it is part of the sacrum and does not keep the spacing."""

NARROWEST, WIDEST = 0.6, 1.6
"""Allowed spacing of neighbouring centroids over the local median.

Chosen: between the 0.89 to 1.05 of three real label maps (s0327, s0328 and the example CT of
TotalSegmentator; November 2026) and the 0.5 and 2 of a vertebra labelled twice or passed over.
"""

WINDOW = 5
"""Spacings the local median is taken over: two to each side."""

SMALLEST_SHARE, LARGEST_SHARE, GROWTH = 0.45, 1.65, 1.1
"""Allowed volume of a vertebra over what its neighbours let expect, and by how much each is larger
than the one above.

Chosen: three label maps and a labelled chest have 0.85 to 1.23, the bundled networks' on seven real
CTs 0.49 to 1.46; a vertebra that was cut into two at a breathing step had 0.25, two taken for one
1.7 (November 2026).
"""

FEWEST_LEVELS = 3
"""Fewer whole vertebrae give no spacing to compare."""

STRAY_FRACTION = 0.10
"""A label below this share of the median vertebra is a fragment and not judged.

Chosen; the smallest whole thoracic or lumbar vertebra of the same three maps has 0.67 of it. Half
would judge fragments, twice might leave out cervical vertebrae beside lumbar ones.
"""

DUPLICATE_FRACTION = 0.20
"""A second piece of a label counts from this share of its largest piece.

Chosen; in the same three maps second pieces have at most 0.002 of it. Half would call a torn
spinous process a second vertebra, twice would pass over a third of a neighbour under its label.
"""

CORE_EROSION_MM = 5.0
"""Removes arch and processes (at most about 1 cm thick), leaves the vertebral body.

Chosen, not measured: half of such a thickness. 2.5 mm would leave the pedicles; of a vertebra 20 mm
high 10 mm would leave nothing.
"""


def structure_of(level: str) -> str:
    """TotalSegmentator's class name of a level: ``L3`` → ``vertebrae_L3``."""
    return f"vertebrae_{level}"


ANCHORED = {"sacrum": "L5", "last_rib": "T12", "first_rib": "T1"}
"""Anchor → the level that it names: the one above the sacrum, those that carry the ribs."""

_BOTH_ENDS = {"sacrum", "last_rib"}
"""Between these there are five vertebrae, the lumbar ones."""

TRANSITIONAL = "transitional_vertebra"
"""Code of the reason that the rule of the same name asks for."""

PERSON = "person"
"""What levels rest on that a person has named."""

UNCONFIRMED = "no_level_anchor"
"""Code of the reason when neither sacrum nor ribs say which vertebra is which."""

PELVIS = {"sacrum": 25.0, "hip_left": 50.0, "hip_right": 50.0}
"""So much, cm³, of each of these must be in view before the sacrum is an anchor.

Chosen, not measured: an eighth of a grown-up's (ICRP 89). With less a slice of L5 at the edge of
the image, called sacrum, would name the column.
"""

BEARING = (
    *("vertebrae_", *BRIGHT_BESIDE_RIBS),
    *("aorta", "iliac_artery", "kidney_left", "kidney_right", "lung_lower_lobe"),
)
"""Beginnings of the names of all structures that levels are judged by, weak anchors among them."""

CANAL_MM = 12.0
"""Nearer to the line through the bodies than this is vertebral body, for its middle along it."""


@dataclass(frozen=True, slots=True)
class LevelCheck:
    """Outcome of the self-check.

    Attributes:
        problem: why the labels may not be used; ``None`` when they may.
        levels: whole (not cut, no fragment) levels that were judged, head to foot.
        rests_on: the anchors that give the levels their names.
        agrees_with: the weak ones that lie where these names let expect them.
        differs_from: those that lie one level out of where people have them.
        heights_mm: level → height of its body, mm towards the head from voxel 0.
        transitional: how many vertebrae lie between last ribs and sacrum, where it is not five.
    """

    problem: Statement | None
    levels: tuple[str, ...]
    rests_on: tuple[str, ...] = ()
    agrees_with: tuple[str, ...] = ()
    differs_from: tuple[str, ...] = ()
    heights_mm: Mapping[str, float] = field(default_factory=dict)
    transitional: int | None = None

    @property
    def conditions(self) -> dict[str, str]:
        """The parameters of every number taken at a level."""
        said = {
            "level_rests_on": self.rests_on,
            "level_agrees_with": self.agrees_with,
            "level_differs_from": self.differs_from,
        }
        return {name: ",".join(anchors) for name, anchors in said.items() if anchors}


def said_by_person(check: LevelCheck) -> LevelCheck:
    """The same check where a person has said which vertebra is which: nothing outweighs that.

    What lies beside the column still agrees with the names or differs from them, and is told; so is
    a transitional vertebra. Where no vertebra is whole there is none to name.
    """
    return replace(check, problem=None, rests_on=(PERSON,)) if check.levels else check


def check_levels(
    label_map: LabelMap, image: Volume, statistics: Mapping[str, StructureStatistics]
) -> LevelCheck:
    """Judge the vertebral labels of a whole-body map.

    Vertebrae cut by an edge of the volume have no true centroid and are left out, and so are
    fragments.

    Args:
        label_map: (I, J, K) whole-body labels, RAS+.
        image: the CT, HU, on the same grid: ribs are looked for in it.
        statistics: of the label map's structures.
    """
    present = {
        level: statistics[structure_of(level)]
        for level in LEVELS
        if structure_of(level) in statistics
    }
    whole = {level: found for level, found in present.items() if not found.truncated_at}
    if whole:
        usual = float(np.median([found.voxels for found in whole.values()]))
        whole = {
            level: found for level, found in whole.items() if found.voxels >= STRAY_FRACTION * usual
        }
    names = tuple(whole)
    if len(whole) < FEWEST_LEVELS:
        return LevelCheck(Statement("few_whole_vertebrae", {"count": len(whole)}), names)
    disorder = (
        _disorder(whole, label_map.affine) or _misfit(whole) or _duplicate(label_map, present)
    )
    if disorder is not None:
        return LevelCheck(disorder, names)
    spine, box = _marked(label_map, statistics, map(structure_of, LEVELS))
    line = line_through(spine, box, image)
    if line is None:
        return LevelCheck(Statement(UNCONFIRMED), names)
    middles_mm = _middles(label_map, spine, box, line)
    named = _named_by_anchors(label_map, image, statistics, line, middles_mm)
    heights_mm = {
        level: float(np.interp(middles_mm[level], range(len(line.places_mm)), line.places_mm[:, 2]))
        for level in names
        if level in middles_mm
    }
    problem, off = _contradiction(named), _off(named)
    between = len(LUMBAR) + off["sacrum"] - off["last_rib"] if off.keys() >= _BOTH_ENDS else None
    return LevelCheck(
        problem,
        names,
        tuple(named),
        heights_mm=heights_mm,
        transitional=None if between == len(LUMBAR) else between,
    )


def _misfit(whole: Mapping[str, StructureStatistics]) -> Statement | None:
    """Which vertebra is too small or too large to be one beside its neighbours."""
    places = [LEVELS.index(level) for level in whole]
    relative = [
        found.volume_cm3 / GROWTH**place
        for found, place in zip(whole.values(), places, strict=True)
    ]
    for n, (level, found) in enumerate(whole.items()):
        usual_cm3 = _local_median(relative, n) * GROWTH ** places[n]
        if not SMALLEST_SHARE <= found.volume_cm3 / usual_cm3 <= LARGEST_SHARE:
            return Statement(
                "vertebra_of_odd_volume",
                {"level": level, "volume_cm3": found.volume_cm3, "usual_cm3": usual_cm3},
            )
    return None


def _named_by_anchors(
    label_map: LabelMap,
    image: Volume,
    statistics: Mapping[str, StructureStatistics],
    line: Line,
    middles_mm: Mapping[str, float],
) -> dict[str, str]:
    """Anchor → the level that the labels have where it points; anchors in view only."""
    levels = [level for level in reversed(LEVELS) if level in middles_mm]
    places = np.array([middles_mm[level] for level in levels])
    if len(places) < FEWEST_LEVELS:
        return {}
    usual_mm = np.full(len(line.places_mm), float(np.median(np.diff(places))))
    branches = find_branches(label_map.data, label_map.names, image, line)
    marks = marks_of(branches, usual_mm)
    named = {}
    if (above_mm := _above_sacrum(label_map, statistics, line, places)) is not None:
        named["sacrum"] = levels[int(np.argmin(np.abs(places - above_mm)))]
    for anchor, mark in (("last_rib", marks.last_rib), ("first_rib", marks.first_rib)):
        if mark is not None:
            place = marks.place_of(
                mark, lambda mm: -LEVELS.index(levels[int(np.argmin(np.abs(places - mm)))])
            )
            named[anchor] = LEVELS[min(-place, len(LEVELS) - 1)]
    return named


def _middles(label_map: LabelMap, spine: Mask, box: Box, line: Line) -> dict[str, float]:
    """Level → middle of its body along the line, mm."""
    where = np.argwhere(spine) + [side.start for side in box]
    along_mm, aside_mm = line.along(where @ label_map.affine[:3, :3].T)
    body = np.linalg.norm(aside_mm, axis=1) < CANAL_MM
    numbers = label_map.data[tuple(where[body].T)]
    return {
        label_map.names[number].removeprefix("vertebrae_"): float(
            np.median(along_mm[body][numbers == number])
        )
        for number in np.unique(numbers).tolist()
    }


def _marked(
    label_map: LabelMap, statistics: Mapping[str, StructureStatistics], structures: Iterable[str]
) -> tuple[Mask, Box]:
    """Where any of these structures is, in the box around them all; one of them is there."""
    found = {name: statistics[name] for name in structures if name in statistics}
    low = np.min([one.bbox_min_ijk for one in found.values()], axis=0)
    high = np.max([one.bbox_max_ijk for one in found.values()], axis=0)
    i, j, k = (slice(int(first), int(last) + 1) for first, last in zip(low, high, strict=True))
    is_one = np.zeros(256, bool)
    is_one[[number for number, name in label_map.names.items() if name in found]] = True
    return np.asarray(is_one[label_map.data[i, j, k]]), (i, j, k)


def _above_sacrum(
    label_map: LabelMap,
    statistics: Mapping[str, StructureStatistics],
    line: Line,
    places: Affine,
) -> float | None:
    """Middle of the vertebra above the sacrum, mm along the line; None where it is out of view."""
    seen = {name: statistics[name].volume_cm3 for name in PELVIS if name in statistics}
    if any(seen.get(name, 0.0) < needed for name, needed in PELVIS.items()):
        return None
    mask, box = _marked(label_map, statistics, ("sacrum", "vertebrae_S1"))
    where = np.argwhere(mask) + [side.start for side in box]
    along_mm, aside_mm = line.along(where @ label_map.affine[:3, :3].T)
    top_mm = along_mm[np.linalg.norm(aside_mm, axis=1) < CANAL_MM].max(initial=-np.inf)
    above = places[places > top_mm]
    return float(above[0]) if len(above) and np.isfinite(top_mm) else None


def _contradiction(named: Mapping[str, str]) -> Statement | None:
    """Why the anchors do not let the levels be used; ``None`` when they agree with the labels."""
    if not named:
        return Statement(UNCONFIRMED)
    off = _off(named)
    if off.get("sacrum") == 0 and off.get("last_rib"):
        return Statement(TRANSITIONAL, {"count": len(LUMBAR) - off["last_rib"]})
    for anchor, by in off.items():
        if by:
            return Statement(
                "level_contradicts_anchor",
                {"level": named[anchor], "anchor": anchor, "expected": ANCHORED[anchor]},
            )
    return None


def _off(named: Mapping[str, str]) -> dict[str, int]:
    """Anchor → by how many levels the labels are off where it points, down > 0."""
    return {
        anchor: LEVELS.index(level) - LEVELS.index(ANCHORED[anchor])
        for anchor, level in named.items()
    }


def _disorder(whole: Mapping[str, StructureStatistics], affine: Affine) -> Statement | None:
    """What is wrong with order or spacing; ``None`` when nothing is."""
    names = list(whole)
    centroids = np.array([whole[name].centroid_ijk for name in names])
    for upper, lower, step in zip(names, names[1:], np.diff(centroids[:, 2]), strict=False):
        if step >= 0:
            return Statement("vertebrae_out_of_order", {"lower": lower, "upper": upper})
    distances_mm = np.linalg.norm(np.diff(centroids, axis=0) @ affine[:3, :3].T, axis=1)
    steps = np.diff([LEVELS.index(name) for name in names])
    spacings_mm = distances_mm / steps
    for n, spacing_mm in enumerate(spacings_mm):
        ratio = spacing_mm / _local_median(spacings_mm, n)
        if not NARROWEST <= ratio <= WIDEST:
            return Statement(
                "vertebrae_unevenly_spaced",
                {"upper": names[n], "lower": names[n + 1], "ratio": float(ratio)},
            )
    return None


def _local_median(spacings_mm: Sequence[float] | Affine, n: int) -> float:
    """Median of the spacings around the n-th; the window moves inward at the ends."""
    first = min(max(n - WINDOW // 2, 0), max(len(spacings_mm) - WINDOW, 0))
    return float(np.median(spacings_mm[first : first + WINDOW]))


def _duplicate(label_map: LabelMap, present: Mapping[str, StructureStatistics]) -> Statement | None:
    """Which level is in two places; ``None`` when none is.

    Two pieces of one label are two places when their centroids are farther apart than half the
    median height of the labels' boxes; a spinous process that is cut off its body is not.
    """
    slice_mm = slice_distance_mm(label_map.affine)
    heights = [found.bbox_max_ijk[2] - found.bbox_min_ijk[2] + 1 for found in present.values()]
    usual_height_mm = float(np.median(heights)) * slice_mm
    for level, found in present.items():
        box = box_around(found, label_map.shape, label_map.affine)
        mask = label_map.data[box] == label_map.number(structure_of(level))
        pieces = cc3d.statistics(cc3d.connected_components(mask, connectivity=26))
        sizes = pieces["voxel_counts"][1:]
        if len(sizes) < 2:  # noqa: PLR2004 - in one piece
            continue
        heights_mm = pieces["centroids"][1:, 2] * slice_mm
        large = sizes >= DUPLICATE_FRACTION * sizes.max()
        if np.ptp(heights_mm[large]) > usual_height_mm / 2:
            return Statement("vertebra_in_two_places", {"level": level})
    return None


def body_centroid_ijk(label_map: LabelMap, level: str, found: StructureStatistics) -> Affine:
    """Centroid of the vertebral *body*: what is left of the mask after arch and processes go.

    Falls back to the centroid of the whole mask where nothing survives the erosion (a coarse grid).

    Returns:
        (3,) fractional voxel index.
    """
    box = box_around(found, label_map.shape, label_map.affine)
    mask = label_map.data[box] == label_map.number(structure_of(level))
    core = eroded(mask, label_map.affine, CORE_EROSION_MM)
    pieces = cc3d.statistics(cc3d.connected_components(core, connectivity=26))
    sizes = pieces["voxel_counts"][1:]
    if not len(sizes):
        return np.asarray(found.centroid_ijk)
    corner = np.array([side.start for side in box])
    return np.asarray(pieces["centroids"][1 + int(np.argmax(sizes))] + corner)
