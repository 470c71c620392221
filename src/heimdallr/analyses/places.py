"""Where structures lie to each other: what lies above what in everybody, and beside what.

The rules are few and hold for the sick as well: a hernia, a goitre, a wandering spleen or a pelvic
kidney breaks none. Of two structures that cannot both be where they are, that one falls which more
speaks against: each speaks with the share of its usual volume that was segmented, so that a liver
outweighs many specks.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.spatial import cKDTree

from heimdallr.analyses.typical_volumes import LOBES_CM3, typical_cm3
from heimdallr.domain.statements import Statement
from heimdallr.imaging.morphology import box_around

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from heimdallr.imaging.statistics import StructureStatistics
    from heimdallr.imaging.volume import Affine, LabelMap

_LOBES = tuple(LOBES_CM3)
_LUNGS = (*_LOBES, "lung_left", "lung_right")
_LOWER_LUNGS = ("lung_lower_lobe_left", "lung_lower_lobe_right", "lung_left", "lung_right")
_KIDNEYS = ("kidney_left", "kidney_right")
_BOWEL = ("stomach", "duodenum", "small_bowel", "colon")
_SOLID_ABDOMEN = ("liver", "spleen", "pancreas", *_KIDNEYS)
_NECK = ("thyroid_gland", *(f"vertebrae_C{level}" for level in range(3, 8)))
_CHEST = ("heart", *_LUNGS, "pulmonary_vein", "superior_vena_cava", "atrial_appendage_left")
_ABOVE_THE_PELVIS = (
    *("liver", "pancreas", "gallbladder", "adrenal_gland_left", "adrenal_gland_right"),
    *(f"vertebrae_T{level}" for level in range(1, 13)),
    *("vertebrae_L1", "vertebrae_L2"),
)
_LOW_SPINE = ("vertebrae_L3", "vertebrae_L4", "vertebrae_L5", "sacrum")
_PELVIS = (
    *("urinary_bladder", "prostate", "sacrum"),
    *(
        f"{name}_{side}"
        for name in ("hip", "femur", "gluteus_maximus", "gluteus_medius", "gluteus_minimus")
        for side in ("left", "right")
    ),
)
_BELOW_THE_CHIN = ("heart", *_SOLID_ABDOMEN, "gallbladder", *_BOWEL, *_LOW_SPINE, *_PELVIS)
_SHOULDERS = ("scapula_left", "scapula_right", "clavicula_left", "clavicula_right", "sternum")

At = Literal["centre", "foot"]


@dataclass(frozen=True, slots=True)
class Above:
    """What lies above what.

    Attributes:
        upper: of these every one lies higher than
        lower: every one of these,
        upper_at: by its centroid or by its lowest part,
        lower_at: likewise,
        by_mm: by more than this.
    """

    upper: tuple[str, ...]
    lower: tuple[str, ...]
    upper_at: At = "centre"
    lower_at: At = "centre"
    by_mm: float = 0.0


ORDER = (
    # A raised shoulder reaches the chin, not the brain; arms may lie beside the head.
    Above(("brain",), (*_CHEST, "thyroid_gland", *_SHOULDERS), upper_at="foot"),
    # A newborn's heart lies 8 cm below the foramen magnum, what is further down more.
    Above(("brain",), _BELOW_THE_CHIN, upper_at="foot", by_mm=50.0),
    # A bent neck brings the chin below the tips of the lungs.
    Above(("skull",), _BELOW_THE_CHIN, upper_at="foot"),
    Above(("skull",), _CHEST),
    # A goitre reaches behind the sternum, its middle stays above the heart's.
    Above(_NECK, ("heart", *_LOWER_LUNGS, *_SOLID_ABDOMEN, *_PELVIS)),
    Above(_CHEST, (*_KIDNEYS, *_LOW_SPINE, *_PELVIS)),
    # A herniated stomach or bowel comes from below the heart's middle.
    Above(("heart",), _BOWEL, lower_at="foot"),
    # Two levels are left for a column that is counted wrongly; spleens and kidneys wander.
    Above(_ABOVE_THE_PELVIS, _PELVIS),
    Above(("vertebrae_L3", "vertebrae_L4", *_KIDNEYS), ("femur_left", "femur_right")),
)
"""Anatomy of every atlas; chosen as few and as wide as refuse what bundled networks mistook in
November 2026 (bowel in the sinuses, a thyroid beside the spleen, a forearm for a femur), and
nothing in four label maps of real trunks and 35 of heads and necks."""

LOWEST_SHARE = 0.05
"""The foot of a structure is where this share of it lies lower: a stray is none. Chosen."""

TOUCHING_MM = 20.0
"""A femur is at most so far from its hip bone: the joint is 4 mm wide, points of a mask are taken
every few millimetres. Chosen, not measured: half of it is little more than that grid; at twice it a
forearm beside a slim pelvis would pass."""

_POINTS = 5000
"""Of a mask, for a distance: one for each 0.1 cm³ of a hip bone."""


def out_of_place(
    anatomy: LabelMap, statistics: Mapping[str, StructureStatistics]
) -> dict[str, Statement]:
    """Structure → why it cannot be where it is.

    Args:
        anatomy: the whole-body map.
        statistics: of the structures that are believed so far.
    """
    pairs = list(_contradictions(anatomy, statistics))
    weight = {
        name: min(found.volume_cm3 / typical_cm3(name), 1.0) for name, found in statistics.items()
    }
    wrong: dict[str, Statement] = {}
    while pairs:
        against: defaultdict[str, float] = defaultdict(float)
        for upper, lower in pairs:
            against[upper] += weight[lower]
            against[lower] += weight[upper]
        worst = max(against, key=lambda name: (against[name], -weight[name], name))
        wrong[worst] = _said(worst, pairs, weight)
        pairs = [pair for pair in pairs if worst not in pair]
    return wrong | {
        name: apart
        for name in ("femur_left", "femur_right")
        if name in statistics and name not in wrong
        if (apart := _apart(anatomy, statistics, name, wrong))
    }


def _contradictions(
    anatomy: LabelMap, statistics: Mapping[str, StructureStatistics]
) -> Iterator[tuple[str, str]]:
    """Pairs of an upper and a lower structure that lie the other way round."""
    for rule in ORDER:
        upper, lower = (
            {name: _height_mm(anatomy, statistics[name], name, at) for name in names}
            for names, at in (
                ([name for name in rule.upper if name in statistics], rule.upper_at),
                ([name for name in rule.lower if name in statistics], rule.lower_at),
            )
        )
        for one, one_mm in upper.items():
            for other, other_mm in lower.items():
                if one != other and one_mm - other_mm <= rule.by_mm:
                    yield one, other


def _height_mm(anatomy: LabelMap, found: StructureStatistics, name: str, at: At) -> float:
    """How high a structure lies, mm of the patient's own axis."""
    i, j, k = found.centroid_ijk
    if at == "foot":
        box = box_around(found, anatomy.shape, anatomy.affine)
        per_slice = (anatomy.data[box] == anatomy.number(name)).sum(axis=(0, 1))
        lower = np.cumsum(per_slice) <= LOWEST_SHARE * per_slice.sum()
        k = found.bbox_min_ijk[2] + int(lower.sum())
    return float(anatomy.voxel_to_world((i, j, k))[2])


def _said(wrong: str, pairs: Iterable[tuple[str, str]], weight: Mapping[str, float]) -> Statement:
    """What a structure is contradicted by: the weightiest, at most two."""
    above = [upper for upper, lower in set(pairs) if lower == wrong]
    below = [lower for upper, lower in set(pairs) if upper == wrong]
    if sum(weight[name] for name in above) >= sum(weight[name] for name in below):
        return Statement("lies_too_high", {"structure": wrong, "structures": _two(above, weight)})
    return Statement("lies_too_low", {"structure": wrong, "structures": _two(below, weight)})


def _two(names: Iterable[str], weight: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (-weight[name], name))[:2])


def _apart(
    anatomy: LabelMap,
    statistics: Mapping[str, StructureStatistics],
    femur: str,
    wrong: Iterable[str],
) -> Statement | None:
    """Whether a femur whose upper end is in view has no hip bone beside it."""
    hip = femur.replace("femur", "hip")
    if "superior" in statistics[femur].cuts:
        return None
    if hip in statistics and hip not in wrong:
        one, other = (_points_mm(anatomy, statistics[name], name) for name in (femur, hip))
        if np.min(cKDTree(one).query(other)[0]) <= TOUCHING_MM:
            return None
    return Statement("apart_from", {"structure": femur, "structures": (hip,)})


def _points_mm(anatomy: LabelMap, found: StructureStatistics, name: str) -> Affine:
    """(N, 3) places of a mask, every so many voxels."""
    box = box_around(found, anatomy.shape, anatomy.affine)
    points = np.argwhere(anatomy.data[box] == anatomy.number(name))
    points = points[:: max(len(points) // _POINTS, 1)] + np.array(found.bbox_min_ijk)
    return anatomy.voxel_to_world(points)
