"""What an evaluation collects: Dice, surface distances, levels, areas, confidence."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from agreement import surface_distances_mm
from classes import MR_KEPT, TISSUE, TOTAL, TOTAL_KEPT, TOTAL_MR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy import typing as npt

    from heimdallr.imaging.volume import Volume
    from heimdallr.segmentation.result import Segmentation

    Labels = npt.NDArray[np.uint8]

_SMALLEST_MM3 = 500.0
"""A structure of which less is in the image is not scored."""


def dice_by_class(
    found: Labels, wanted: Labels, numbers: Sequence[int], voxel_mm3: float
) -> dict[int, float]:
    """Dice of every class that is present in the reference.

    Args:
        found: Label map to be judged.
        wanted: Reference, same shape.
        numbers: Class numbers to score.
        voxel_mm3: Volume of a voxel.

    Returns:
        Class number to Dice; classes with less than 0.5 cm³ in the reference are left out.
    """
    joint = np.bincount(
        found.ravel().astype(np.int32) * 256 + wanted.ravel(), minlength=65536
    ).reshape(256, 256)
    in_found, in_wanted = joint.sum(1), joint.sum(0)
    return {
        n: float(2 * joint[n, n] / (in_found[n] + in_wanted[n]))
        for n in numbers
        if in_wanted[n] * voxel_mm3 >= _SMALLEST_MM3
    }


_TOGETHER = {
    "lungs, all lobes": tuple(range(10, 15)),
    "vertebrae T11 to L5, any level": tuple(range(27, 34)),
}


def dice_together(found: Labels, wanted: Labels) -> dict[str, float]:
    """Dice of groups of classes taken as one structure, where the reference has the group."""
    scores = {}
    for name, numbers in _TOGETHER.items():
        a, b = np.isin(found, numbers), np.isin(wanted, numbers)
        if b.any():
            scores[name] = float(2 * (a & b).sum() / (a.sum() + b.sum()))
    return scores


@dataclass
class Classes:
    """Figures of one task's classes, one of each per image.

    Attributes:
        dice: class number to Dice, where the reference has the class.
        surface_mm: class number to (mean, 95th percentile) of the distances of surfaces, where both
            have it.
    """

    dice: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    surface_mm: dict[int, list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(
        self, found: Labels, wanted: Labels, numbers: Sequence[int], volume: Volume
    ) -> dict[int, float]:
        """Score an image; its Dice per class."""
        scores = dice_by_class(found, wanted, numbers, volume.voxel_volume_mm3)
        for n, value in scores.items():
            self.dice[n].append(value)
        for n, distances in surface_distances_mm(found, wanted, scores, volume.spacing_mm).items():
            self.surface_mm[n].append(distances)
        return scores

    def summary(self, names: Mapping[int, str]) -> dict[str, list[float]]:
        """Class to mean Dice, mean surface distance, mean 95th percentile."""
        return {
            names[n]: [_mean(values), *(_mean(d) for d in zip(*self.surface_mm[n], strict=True))]
            for n, values in sorted(self.dice.items())
        }


@dataclass
class Scores:
    """Collected figures of one set of images."""

    total: Classes = field(default_factory=Classes)
    tissue: Classes = field(default_factory=Classes)
    total_mr: Classes = field(default_factory=Classes)
    together: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    levels: list[str] = field(default_factory=list)
    muscle_cm2: list[tuple[str, float | None, float | None]] = field(default_factory=list)
    bleeds_cm3: list[tuple[float, float]] = field(default_factory=list)
    sure: list[tuple[str, float, float]] = field(default_factory=list)
    sure_mr: list[tuple[str, float, float]] = field(default_factory=list)

    def add_total(self, found: Segmentation, wanted: Labels, volume: Volume) -> None:
        """Score a whole-body map, and keep what the network thought of itself."""
        labels, shown = found.label_map.data, _shown(found)
        scores = self.total.add(labels, wanted, shown, volume)
        for name, value in dice_together(labels, wanted).items():
            self.together[name].append(value)
        self.sure += _confidence(found, wanted, shown, scores)

    def add_mr(self, found: Segmentation, wanted: Labels, volume: Volume) -> None:
        """The same for an MR."""
        shown = [n for n in MR_KEPT if TOTAL_MR[n] not in found.provenance.left_out]
        scores = self.total_mr.add(found.label_map.data, wanted, shown, volume)
        self.sure_mr += _confidence(found, wanted, shown, scores)

    def summary(self) -> dict[str, object]:
        """Plain figures for a JSON file."""
        return {
            "total": self.total.summary(TOTAL),
            "tissue": self.tissue.summary(TISSUE),
            "total_mr": self.total_mr.summary(TOTAL_MR),
            "together": {name: _mean(v) for name, v in self.together.items()},
            "l3": self.levels,
            "muscle_at_l3_cm2": self.muscle_cm2,
            "bleeds_cm3": self.bleeds_cm3,
            "confidence": self.sure,
            "confidence_mr": self.sure_mr,
        }


def _confidence(
    found: Segmentation, wanted: Labels, shown: Sequence[int], scores: Mapping[int, float]
) -> list[tuple[str, float, float]]:
    """Class, confidence and Dice of what is scored, and of what is not there at all (Dice 0)."""
    names, confidence = found.label_map.names, found.provenance.confidence
    return [
        (names[n], confidence[names[n]], scores.get(n, 0.0))
        for n in shown
        if names[n] in confidence and (n in scores or not (wanted == n).any())
    ]


def _shown(found: Segmentation) -> list[int]:
    """Classes that the weights segment."""
    return [n for n in TOTAL_KEPT if TOTAL[n] not in found.provenance.left_out]


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 3)
