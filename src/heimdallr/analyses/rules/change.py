"""Change since an earlier study: how much a year, and whether it is more than measuring again.

**Formula.** ``per_year = (value − earlier) / (days between / 365.25)``. A difference below the
smallest change of ``smallest_changes.toml`` is *no change*, whatever its rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from heimdallr.analyses.rules.toml_tables import packaged_table
from heimdallr.domain.dicom_dates import calendar_date

FILE = "smallest_changes.toml"
DAYS_PER_YEAR = 365.25
SHORTEST_DAYS = 60
"""A rate a year is given from this distance; over days it would be noise multiplied.

Chosen, not measured: at 30 days an error of 1 mm is 12 mm a year, at 120 days it is 3.
"""
Verdict = Literal["no_change", "risen", "fallen"]


class SmallestChange(BaseModel):
    """How much some measurements must differ before they have changed.

    Attributes:
        names: of measurements; ``*`` stands for anything.
        difference: in the measurement's unit.
        share: of the earlier value.
        why: where the figure comes from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: Annotated[tuple[str, ...], Field(min_length=1)]
    difference: float | None = None
    share: float | None = None
    why: Annotated[str, Field(min_length=1)]

    def beside(self, earlier: float) -> float:
        """The smallest change, in the measurement's unit, of an earlier value."""
        assert self.difference is not None or self.share is not None  # noqa: S101 - a test holds it
        return self.difference if self.share is None else self.share * abs(earlier)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Change:
    """A measurement against an earlier study's.

    Attributes:
        difference: in the measurement's unit.
        verdict: what it is.
        per_year: in the unit a year; ``None``: no change, or too soon to tell a rate.
    """

    difference: float
    verdict: Verdict
    per_year: float | None


def change_of(
    name: str, value: float, study_date: str, *, earlier: float, earlier_date: str
) -> Change | None:
    """What became of a measurement.

    Args:
        name: of the measurement.
        value: now.
        study_date: of now, ``YYYYMMDD``.
        earlier: its value then, in the same unit.
        earlier_date: of then.

    Returns:
        ``None``: nothing says how much this measurement varies by itself, or a date is none.
    """
    smallest = smallest_change(name)
    days = days_between(earlier_date, study_date)
    if smallest is None or days is None or days <= 0:
        return None
    difference = value - earlier
    if abs(difference) < smallest.beside(earlier):
        return Change(difference, "no_change", None)
    per_year = difference / days * DAYS_PER_YEAR if days >= SHORTEST_DAYS else None
    return Change(difference, "risen" if difference > 0 else "fallen", per_year)


def smallest_change(name: str) -> SmallestChange | None:
    """The entry of a measurement."""
    return next(
        (one for one in smallest_changes() if any(fnmatchcase(name, way) for way in one.names)),
        None,
    )


@cache
def smallest_changes() -> tuple[SmallestChange, ...]:
    """The whole table."""
    return tuple(SmallestChange(**one) for one in packaged_table(FILE)["smallest_change"])


def days_between(earlier: str, later: str) -> int | None:
    """Days from one ``YYYYMMDD`` to another; ``None`` where one of them is no date."""
    first, last = calendar_date(earlier), calendar_date(later)
    return (last - first).days if first and last else None
