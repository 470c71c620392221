"""Which series of a study is measured: a ranking with a written reason for every series.

Pure and lexicographic: the first criterion on which two series differ decides, and nothing later
can outvote it. The order of the input plays no part. ``docs/series-selection.md`` explains each
criterion to those who have to trust it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heimdallr.domain.statements import Statement
from heimdallr.domain.study import (
    MODALITIES,
    KernelClass,
    PixelValues,
    Selection,
    SeriesVerdict,
)
from heimdallr.preparation.mr_contrast import MrContrast, mr_contrast
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

COARSE_PIXEL_MM = (2.25, 3.5)
"""Pixels up to the first show organs as well as finer ones at the 1.5 to 3 mm that networks see; a
scout of 128 pixels over a trunk has more, one of 64 more than the second."""

COARSE_SPACING_MM = 10.0
"""Slices farther apart are a survey."""

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
    say: Callable[[SeriesCandidate], Statement]
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
    refused: Mapping[str, Statement] | None = None,
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
) -> tuple[Statement, ...]:
    facts = tuple(rule.say(one) for rule in rules if rule.rank(one) != rule.usual)
    if one is best:
        return (Statement("series_after_ct"), *facts) if offset else facts
    for rule in rules:
        if rule.rank(one) != rule.rank(best):
            said = {"series": best.called, "this": rule.say(one), "best": rule.say(best)}
            return (Statement("series_passed_over", said),)
    return (Statement("series_equal", {"series": best.called}),)


def _ct_rules(group: Sequence[SeriesCandidate], preferences: Preferences) -> tuple[_Criterion, ...]:
    longest = max(one.series.coverage_mm or 0.0 for one in group)
    return (
        _Criterion(lambda one: VALUES_ORDER.index(one.series.pixel_values), _say_values, usual=0),
        _Criterion(
            lambda one: _tier(one.series.coverage_mm or 0.0, longest, preferences.full_coverage),
            lambda one: Statement("series_covers", {"coverage_mm": one.series.coverage_mm or 0.0}),
        ),
        _Criterion(
            preferences.phase_rank,
            lambda one: Statement(
                "series_of_phase", {"phase": one.series.phase_hint or UNKNOWN_PHASE}
            ),
        ),
        _Criterion(lambda one: one.series.spectral is not None, _say_origin, usual=False),
        _Criterion(
            lambda one: KERNEL_ORDER.index(one.series.kernel_class),
            lambda one: Statement(
                "series_of_kernel",
                {"kernel_class": one.series.kernel_class.value, "source": one.kernel_source},
            ),
        ),
        _Criterion(_thickness_rank, _say_thickness),
        _Criterion(lambda one: -one.series.instances, _say_slices),
    )


def _mr_rules(group: Sequence[SeriesCandidate], preferences: Preferences) -> tuple[_Criterion, ...]:
    longest = max(_extent_mm(one) for one in group)
    return (
        _Criterion(lambda one: int(mr_tier(one)), lambda one: mr_tier(one).said),
        _Criterion(_resolution_step, _say_resolution),
        _Criterion(
            lambda one: _tier(_extent_mm(one), longest, preferences.full_coverage),
            lambda one: Statement("series_extends", {"extent_mm": _extent_mm(one)}),
        ),
        _Criterion(
            lambda one: max(mr_contrast(one.series), MrContrast.IN_PHASE),
            lambda one: mr_contrast(one.series).said,
        ),
        _Criterion(lambda one: -one.series.instances, _say_slices),
        _Criterion(_thickness_rank, _say_thickness),
    )


def _say_values(one: SeriesCandidate) -> Statement:
    return {
        PixelValues.ATTENUATION: Statement("series_in_hounsfield_units"),
        PixelValues.VIRTUAL: Statement("series_is_virtual"),
    }.get(one.series.pixel_values, Statement("series_of_unknown_scale"))


def _say_origin(one: SeriesCandidate) -> Statement:
    """How its images came about; those of an unusual energy were told apart before."""
    if one.series.spectral is None:
        return Statement("series_as_scanned")
    if one.series.energy_kev is None:
        return Statement("series_computed")
    return Statement("series_monoenergetic", {"energy_kev": one.series.energy_kev})


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


def _resolution_step(one: SeriesCandidate) -> int:
    """Coarseness in steps: between them pixels differ by less than networks see."""
    pixel = max(one.series.pixel_spacing_mm or (math.inf,))
    steps = [pixel > limit for limit in COARSE_PIXEL_MM]
    return sum(steps) + ((one.series.spacing_mm or math.inf) > COARSE_SPACING_MM)


def _say_resolution(one: SeriesCandidate) -> Statement:
    pixel_mm = max(one.series.pixel_spacing_mm or (0.0,))
    return Statement(
        "series_of_resolution",
        {"pixel_mm": pixel_mm, "spacing_mm": one.series.spacing_mm or 0.0},
    )


def _thickness_rank(one: SeriesCandidate) -> float:
    """Millimetres by which slices are thinner or thicker than what is best."""
    thickness = _thickness_mm(one)
    thinnest, thickest = BEST_THICKNESS_MM
    if thickness is None:
        return math.inf
    return round(max(thinnest - thickness, thickness - thickest, 0.0), 1)


def _thickness_mm(one: SeriesCandidate) -> float | None:
    return one.series.slice_thickness_mm or one.series.spacing_mm


def _say_thickness(one: SeriesCandidate) -> Statement:
    thickness_mm = _thickness_mm(one)
    if thickness_mm is None:
        return Statement("series_of_unknown_thickness")
    return Statement("series_of_thickness", {"thickness_mm": thickness_mm})


def _say_slices(one: SeriesCandidate) -> Statement:
    return Statement("series_of_slices", {"slices": one.series.instances})


def _identity(one: SeriesCandidate) -> tuple[object, ...]:
    number = one.series.number
    return (number is None, number or 0, one.series.series_instance_uid, one.key)
