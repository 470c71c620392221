"""Which series of a study is measured: a ranking with a written reason for every series.

Pure and lexicographic: the first criterion on which two series differ decides, and nothing later
can outvote it. The order of the input plays no part. ``docs/series-selection.md`` explains each
criterion to those who have to trust it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heimdallr.domain.study import (
    MODALITIES,
    KernelClass,
    PixelValues,
    Selection,
    SeriesVerdict,
    Spectral,
)
from heimdallr.preparation.usability import mr_tier, obstacles, region

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from heimdallr.domain.study import Modality
    from heimdallr.preparation.stacks import SeriesCandidate

UNKNOWN_PHASE = "unknown"
PHASE_ORDER = ("native", "venous", "arterial", "delayed", UNKNOWN_PHASE)
KERNEL_ORDER = (
    KernelClass.SOFT,
    KernelClass.STANDARD,
    KernelClass.UNKNOWN,
    KernelClass.LUNG,
    KernelClass.BONE,
)
VALUES_ORDER = (PixelValues.ATTENUATION, PixelValues.VIRTUAL, PixelValues.UNKNOWN)
BEST_THICKNESS_MM = (1.0, 3.0)
"""Chosen, not measured: thinner slices add noise, thicker ones blur what the networks (1.5 and 3 mm
voxels) still see."""
Rank = float | int | str


@dataclass(frozen=True, slots=True)
class Preferences:
    """What an institution may want otherwise.

    Attributes:
        phase_order: contrast phases of CT from most to least wanted.
        phase_order_by_region: the same for one body region (``head``, ``neck``, ``thorax``,
            ``abdomen``, ``pelvis``, ``spine``, ``extremities``), overriding the general order.
        minimum_slices: a stack of fewer slices is no volume. Chosen, not measured: three views of a
            localizer are no volume, the four slices of a thick head CT are.
        full_coverage: fraction of the longest coverage that counts as the same region. Chosen, not
            measured: at 0.95 a phase that begins some slices later would lose to one nobody asked
            for; at 0.8 a region could lack its edge.
    """

    phase_order: tuple[str, ...] = PHASE_ORDER
    phase_order_by_region: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    minimum_slices: int = 4
    full_coverage: float = 0.9

    def phase_rank(self, candidate: SeriesCandidate) -> int:
        """Place of a series' phase in the order that holds for its body region."""
        order = self.phase_order_by_region.get(region(candidate.series), self.phase_order)
        phase = candidate.series.phase_hint or UNKNOWN_PHASE
        return order.index(phase) if phase in order else len(order)


@dataclass(frozen=True, slots=True)
class _Criterion:
    """One rule: how it ranks a series (smaller is better) and how it is said."""

    rank: Callable[[SeriesCandidate], Rank]
    say: Callable[[SeriesCandidate], str]
    usual: Rank | None = None
    """What nearly every series has: said only where two are compared."""


def select(
    candidates: Sequence[SeriesCandidate], preferences: Preferences | None = None
) -> Selection:
    """Rank every series of a study.

    CT is preferred to MR where a study holds usable volumes of both.

    Args:
        candidates: the stacks of a study, in any order.
        preferences: what an institution wants otherwise.

    Returns:
        a verdict for each candidate: the ranked ones first, then the refused ones.
    """
    return verdicts(rank(candidates, preferences or Preferences()))


def rank(
    candidates: Sequence[SeriesCandidate],
    preferences: Preferences,
    refused: Mapping[str, str] | None = None,
) -> list[tuple[SeriesCandidate, SeriesVerdict]]:
    """Rank every candidate, and keep it beside its verdict.

    Args:
        candidates: the stacks of a study, in any order.
        preferences: what an institution wants otherwise.
        refused: candidates (by key) that turned out to be unusable later, with the reason.
    """
    refused = refused or {}
    reasons = {
        one.key: (
            (refused[one.key],)
            if one.key in refused
            else obstacles(one, preferences.minimum_slices)
        )
        for one in candidates
    }
    usable = [one for one in candidates if not reasons[one.key]]
    ranked: list[tuple[SeriesCandidate, SeriesVerdict]] = []
    for modality in MODALITIES:
        ranked.extend(_ranked(modality, usable, preferences, offset=len(ranked)))
    unusable = [
        (one, SeriesVerdict(one.series, None, reasons[one.key]))
        for one in sorted(candidates, key=_identity)
        if reasons[one.key]
    ]
    return ranked + unusable


def verdicts(ranked: Sequence[tuple[SeriesCandidate, SeriesVerdict]]) -> Selection:
    """The ranking as it is stored with the case."""
    return Selection(tuple(verdict for _, verdict in ranked))


def _ranked(
    modality: Modality,
    usable: Sequence[SeriesCandidate],
    preferences: Preferences,
    offset: int,
) -> list[tuple[SeriesCandidate, SeriesVerdict]]:
    group = [one for one in usable if one.series.modality == modality]
    if not group:
        return []
    rules = (_ct_rules if modality == "CT" else _mr_rules)(group, preferences)
    order = sorted(group, key=lambda one: (*(rule.rank(one) for rule in rules), _identity(one)))
    best = order[0]
    return [
        (one, SeriesVerdict(one.series, place, _reasons(one, best, rules, offset)))
        for place, one in enumerate(order, start=1 + offset)
    ]


def _reasons(
    one: SeriesCandidate, best: SeriesCandidate, rules: Sequence[_Criterion], offset: int
) -> tuple[str, ...]:
    facts = tuple(rule.say(one) for rule in rules if rule.rank(one) != rule.usual)
    if one is best:
        return ("the study holds a usable CT, which is preferred", *facts) if offset else facts
    for rule in rules:
        if rule.rank(one) != rule.rank(best):
            return (f"passed over for {best.name}: {rule.say(one)} against {rule.say(best)}",)
    return (f"passed over for {best.name}: equal in everything but its number or UID",)


def _ct_rules(group: Sequence[SeriesCandidate], preferences: Preferences) -> tuple[_Criterion, ...]:
    longest = max(one.series.coverage_mm or 0.0 for one in group)
    return (
        _Criterion(lambda one: VALUES_ORDER.index(one.series.pixel_values), _say_values, usual=0),
        _Criterion(
            lambda one: _tier(one.series.coverage_mm or 0.0, longest, preferences.full_coverage),
            lambda one: f"covers {one.series.coverage_mm or 0.0:.0f} mm",
        ),
        _Criterion(
            preferences.phase_rank,
            lambda one: f"contrast phase {one.series.phase_hint or UNKNOWN_PHASE} by its tags",
        ),
        _Criterion(lambda one: one.series.spectral is not None, _say_origin, usual=False),
        _Criterion(
            lambda one: KERNEL_ORDER.index(one.series.kernel_class),
            lambda one: f"{one.series.kernel_class.value} kernel ({one.kernel_source})",
        ),
        _Criterion(_thickness_rank, _say_thickness),
        _Criterion(lambda one: -one.series.instances, _say_slices),
    )


def _mr_rules(group: Sequence[SeriesCandidate], preferences: Preferences) -> tuple[_Criterion, ...]:
    longest = max(_extent_mm(one) for one in group)
    return (
        _Criterion(lambda one: int(mr_tier(one)), lambda one: mr_tier(one).label),
        _Criterion(
            lambda one: _tier(_extent_mm(one), longest, preferences.full_coverage),
            lambda one: f"covers {_extent_mm(one):.0f} mm head to foot",
        ),
        _Criterion(lambda one: -one.series.instances, _say_slices),
        _Criterion(_thickness_rank, _say_thickness),
    )


def _say_values(one: SeriesCandidate) -> str:
    return {
        PixelValues.ATTENUATION: "Hounsfield units",
        PixelValues.VIRTUAL: "Hounsfield units of a virtual image",
    }.get(one.series.pixel_values, "values of an unknown scale")


def _say_origin(one: SeriesCandidate) -> str:
    """How its images came about; those of an unusual energy were told apart before."""
    series = one.series
    if series.spectral is Spectral.MONOENERGETIC and series.energy_kev is not None:
        return f"virtual monoenergetic image of {series.energy_kev:g} keV"
    return "as scanned" if series.spectral is None else series.spectral.value.replace("_", " ")


def _tier(value: float, best: float, full: float) -> int:
    """0 for nearly the whole region, then one more for each tenth that is missing.

    Whole tenths, because 398 mm and 402 mm show the same body and must leave the choice to the
    next rule.
    """
    fraction = value / best if best > 0 else 1.0
    return 0 if fraction >= full else 1 + math.floor((full - fraction) * 10)


def _extent_mm(one: SeriesCandidate) -> float:
    """Extent along the patient: across slices of an axial stack, within slices otherwise."""
    coverage = one.series.coverage_mm or 0.0
    spacing, rows = one.series.pixel_spacing_mm, one.series.rows
    if one.geometry is None or one.geometry.plane == "axial" or spacing is None or rows is None:
        return coverage
    return rows * spacing[0]


def _thickness_rank(one: SeriesCandidate) -> float:
    """Millimetres by which slices are thinner or thicker than what is best."""
    thickness = _thickness_mm(one)
    thinnest, thickest = BEST_THICKNESS_MM
    if thickness is None:
        return math.inf
    return round(max(thinnest - thickness, thickness - thickest, 0.0), 1)


def _thickness_mm(one: SeriesCandidate) -> float | None:
    return one.series.slice_thickness_mm or one.series.spacing_mm


def _say_thickness(one: SeriesCandidate) -> str:
    thickness = _thickness_mm(one)
    return "unknown slice thickness" if thickness is None else f"{thickness:.2g} mm slices"


def _say_slices(one: SeriesCandidate) -> str:
    return f"{one.series.instances} slices"


def _identity(one: SeriesCandidate) -> tuple[object, ...]:
    number = one.series.number
    return (number is None, number or 0, one.series.series_instance_uid, one.key)
