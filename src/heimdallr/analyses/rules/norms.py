"""Where a measurement stands among people of the same sex, age and build, by published figures.

The figures stand in ``norm_tables``, one file per publication: its source, whom it was made from
and what of it could not be read, then one row per group. A row gives a percentile, or mean and
standard deviation, or a limit. A z-score is ``(value - mean) / sd``, and its percentile that of a
normal distribution; ``per_year`` lets the mean change with age from ``age_from`` on. A limit that
was published for one people, or on another slice, makes no finding and no flag.

Of several rows for a patient the one for the fewest people holds: by body mass index before any,
ten years before all. Norms are for adults, and for known ages only. Attenuation changes with
contrast: a row of ``phase`` native holds for unenhanced CT.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from statistics import NormalDist
from typing import TYPE_CHECKING

from heimdallr.domain.statements import Statement
from heimdallr.domain.study import ADULT_YEARS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from heimdallr.domain.statements import Value
    from heimdallr.domain.study import Patient

OLDEST_YEARS = 120.0
"""A group that ends later is one of all adults."""
_TABLES = "norm_tables"
MEDIAN = 50.0
_ENDS = (1.0, 99.0)
"""Percentiles beyond which a normal distribution fitted to some hundred people says nothing."""


@dataclass(frozen=True, slots=True)
class Group:
    """People a figure was made from; what is ``None`` did not matter.

    Attributes:
        age_from: first age in years.
        age_below: first age that is no longer meant.
        bmi_from: lowest body mass index in kg/m².
        bmi_below: first that is no longer meant.
    """

    sex: str | None
    age_from: float
    age_below: float
    bmi_from: float | None
    bmi_below: float | None

    @property
    def size(self) -> tuple[bool, float]:
        """The smaller, the more particular."""
        return self.bmi_from is None, self.age_below - self.age_from

    def holds(self, patient: Patient) -> bool:
        """Whether a patient is one of them; what is not known of a patient does not fit."""
        age, bmi = patient.age_years, patient.body_mass_index
        return (
            (self.sex is None or self.sex == patient.sex)
            and (age is not None and self.age_from <= age < self.age_below)
            and (
                self.bmi_from is None
                or self.bmi_below is None
                or (bmi is not None and self.bmi_from <= bmi < self.bmi_below)
            )
        )

    @property
    def said(self) -> Statement:
        """``women, 60–69 years, BMI 20–25``."""
        sex = self.sex or "O"
        if self.age_below > OLDEST_YEARS:
            return Statement("norm_group_adults", {"sex": sex})
        told: dict[str, Value] = {
            "sex": sex,
            "age_from": self.age_from,
            "age_to": self.age_below - 1,
        }
        if self.bmi_from is None or self.bmi_below is None:
            return Statement("norm_group", told)
        bmi: dict[str, Value] = {"bmi_from": self.bmi_from, "bmi_below": self.bmi_below}
        return Statement("norm_group_bmi", told | bmi)


@dataclass(frozen=True, slots=True)
class Figure:
    """What a table says of one group: a percentile, mean and standard deviation, or a limit."""

    group: Group
    unenhanced: bool
    percentile: float | None
    value: float | None
    mean: float | None
    sd: float | None
    per_year: float
    limit: float | None


@dataclass(frozen=True, slots=True)
class Norm:
    """A publication's figures for one measurement.

    Attributes:
        source: citation.
        population: whom it was made from.
        remark: what of it is not used or could not be read.
    """

    quantity: str
    unit: str
    source: str
    population: str
    remark: str
    figures: tuple[Figure, ...]

    @property
    def short(self) -> str:
        """``van der Werf 2018``."""
        return self.source.partition(",")[0]


BY_ATTENUATION = frozenset({"HU", "cm2", "cm2/m2"})
"""Units of attenuations, and of areas, which are outlined between two attenuations."""


@dataclass(frozen=True, slots=True)
class Acquired:
    """How a CT was acquired, as far as norms go by it."""

    native: bool
    usual_attenuation: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a value stands, or why a norm says nothing of it.

    Attributes:
        source: citation of the norm.
        population: whom it was made from.
        said: the standing with its short citation, or the reason.
        group: the people compared with; ``None``: there is a reason instead.
        z: z-score, where mean and standard deviation are published.
        percentile: that of a normal distribution with this z-score.
    """

    source: str
    population: str
    said: Statement
    group: Statement | None = None
    z: float | None = None
    percentile: float | None = None


def standings(
    quantity: str,
    value: float,
    patient: Patient,
    *,
    native: bool,
    usual_attenuation: bool = True,
) -> tuple[Standing, ...]:
    """Where a value stands by each norm of its quantity; none for quantities without a norm.

    Args:
        quantity: name of the measurement.
        value: in the norm's unit.
        patient: sex, age, height and weight count.
        native: whether the CT is unenhanced.
        usual_attenuation: whether it is as a usual tube shows the body, no virtual image.
    """
    acquired = Acquired(native=native, usual_attenuation=usual_attenuation)
    found = (_standing(norm, value, patient, acquired) for norm in norms().get(quantity, ()))
    return tuple(one for one in found if one is not None)


def z_score(figure: Figure, value: float, age_years: float) -> float | None:
    """``(value - mean) / sd``; ``None`` where the figure is a percentile."""
    if figure.mean is None or figure.sd is None:
        return None
    mean = figure.mean + figure.per_year * (age_years - figure.group.age_from)
    return (value - mean) / figure.sd


def _standing(norm: Norm, value: float, patient: Patient, acquired: Acquired) -> Standing | None:
    sexes = {figure.group.sex for figure in norm.figures}
    if patient.sex in ("M", "F") and not sexes.intersection((None, patient.sex)):
        return None
    held = [figure for figure in norm.figures if figure.group.holds(patient)]
    if reason := _reason(norm, held, patient, acquired):
        return Standing(norm.source, norm.population, reason)
    group = min((figure.group for figure in held), key=lambda one: one.size)
    chosen = [figure for figure in held if figure.group == group]
    z = None if patient.age_years is None else z_score(chosen[0], value, patient.age_years)
    if z is None:
        said = _beside(chosen, value, norm.short)
        return Standing(norm.source, norm.population, said, group.said)
    percentile = 100 * NormalDist().cdf(z)
    said = _by_z(round(z, 1) + 0.0, percentile, norm.short)
    return Standing(
        norm.source, norm.population, said, group.said, round(z, 2), round(percentile, 1)
    )


def _reason(
    norm: Norm, held: Sequence[Figure], patient: Patient, acquired: Acquired
) -> Statement | None:
    """Why a norm says nothing of a patient; ``None`` when it does."""
    if patient.age_years is None:
        return Statement("norm_needs_age", {"norm": norm.short})
    if patient.age_years < ADULT_YEARS:
        return Statement("norm_is_for_adults", {"norm": norm.short})
    if patient.sex not in ("M", "F") and all(figure.group.sex for figure in norm.figures):
        return Statement("norm_needs_sex", {"norm": norm.short})
    if not held:
        return Statement("norm_outside_ages", {"norm": norm.short})
    return _acquired_otherwise(norm, held, acquired)


def _acquired_otherwise(norm: Norm, held: Sequence[Figure], acquired: Acquired) -> Statement | None:
    if norm.unit in BY_ATTENUATION and not acquired.usual_attenuation:
        return Statement("norm_is_of_usual_attenuation", {"norm": norm.short})
    if not acquired.native and all(figure.unenhanced for figure in held):
        return Statement("norm_is_unenhanced", {"norm": norm.short})
    return None


def _by_z(z: float, percentile: float, norm: str) -> Statement:
    told: dict[str, Value] = {"z": z, "norm": norm}
    lowest, highest = _ENDS
    if percentile < lowest:
        return Statement("norm_z_below", told | {"percentile": lowest})
    if percentile > highest:
        return Statement("norm_z_above", told | {"percentile": highest})
    return Statement("norm_z", told | {"percentile": round(percentile)})


def _beside(figures: Sequence[Figure], value: float, norm: str) -> Statement:
    """On which side of a limit, or between which published percentiles, a value lies."""
    limit = figures[0].limit
    if limit is None:
        return _among(figures, value, norm)
    if value >= limit:
        return Statement("norm_over_limit", {"limit": limit, "norm": norm})
    return Statement("norm_under_limit", {"limit": limit, "norm": norm})


def _among(figures: Iterable[Figure], value: float, norm: str) -> Statement:
    """Between which published percentiles a value lies."""
    known = {
        figure.percentile: figure.value
        for figure in figures
        if figure.percentile is not None and figure.value is not None
    }
    under = [percentile for percentile, limit in known.items() if value < limit]
    over = [percentile for percentile, limit in known.items() if value >= limit]
    if under and over:
        return Statement("norm_between", {"low": max(over), "high": min(under), "norm": norm})
    if under:
        told: dict[str, Value] = {"percentile": min(under), "norm": norm}
        is_upper = min(under) > MEDIAN
        return Statement("norm_not_above", told) if is_upper else Statement("norm_below", told)
    told = {"percentile": max(over), "norm": norm}
    is_lower = max(over) < MEDIAN
    return Statement("norm_not_below", told) if is_lower else Statement("norm_above", told)


@cache
def norms() -> Mapping[str, tuple[Norm, ...]]:
    """Measurement → its norms, those with a z-score first."""
    found: dict[str, list[Norm]] = {}
    tables = resources.files(__package__) / _TABLES
    for table in sorted(tables.iterdir(), key=lambda path: path.name):
        for norm in _read(table.read_text("utf-8")):
            found.setdefault(norm.quantity, []).append(norm)
    return {
        quantity: tuple(sorted(of, key=lambda one: one.figures[0].mean is None))
        for quantity, of in found.items()
    }


def _read(text: str) -> Iterable[Norm]:
    """The norms of one table."""
    lines = text.splitlines()
    head = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    figures: dict[tuple[str, str], list[Figure]] = {}
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        figures.setdefault((row["quantity"], row["unit"]), []).append(_figure(row))
    for (quantity, unit), of in figures.items():
        yield Norm(
            quantity, unit, head["source"], head["population"], head.get("remark", ""), tuple(of)
        )


def _figure(row: Mapping[str, str]) -> Figure:
    def number(column: str) -> float | None:
        return float(row[column]) if row[column] else None

    group = Group(
        row["sex"] or None,
        float(row["age_from"]),
        float(row["age_below"]),
        number("bmi_from"),
        number("bmi_below"),
    )
    return Figure(
        group,
        row["phase"] == "native",
        number("percentile"),
        number("value"),
        number("mean"),
        number("sd"),
        number("per_year") or 0.0,
        number("limit"),
    )
