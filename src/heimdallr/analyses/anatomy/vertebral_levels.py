"""Vertebral levels, and whether their labels can be believed.

A network that misnames one vertebra shifts every number taken "at L3". Before any such number the
labels must pass the self-check of :func:`check_levels`: ordered along the superior axis, evenly
spaced, and no level in two places. A consistent shift of the whole column passes it; nothing
in the spine alone can reveal that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cc3d
import numpy as np

from heimdallr.analyses.anatomy.morphology import box_around, eroded, slice_distance_mm
from heimdallr.domain.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Affine, LabelMap

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


@dataclass(frozen=True, slots=True)
class LevelCheck:
    """Outcome of the self-check.

    Attributes:
        problem: why the labels may not be used; ``None`` when they may.
        levels: whole (not cut, no fragment) levels that were judged, head to foot.
    """

    problem: Statement | None
    levels: tuple[str, ...]


def check_levels(label_map: LabelMap, statistics: Mapping[str, StructureStatistics]) -> LevelCheck:
    """Judge the vertebral labels of a whole-body map.

    Vertebrae cut by an edge of the volume have no true centroid and are left out, and so are
    fragments.

    Args:
        label_map: (I, J, K) whole-body labels, RAS+.
        statistics: of its structures.
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
    return LevelCheck(_disorder(whole, label_map.affine) or _duplicate(label_map, present), names)


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
