"""One measurement, or pairs of two, over many studies, for the explorer.

``ix_measurements_name_status_study_fk_value`` holds all that is read of a measurement; studies are
looked at only where they are filtered, or shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from sqlalchemy import LargeBinary, func, select, type_coerce
from sqlalchemy.orm import aliased

from heimdallr.store.models import MeasurementRow, Study
from heimdallr.store.reading.worklist_filter import WorklistFilter, conditions

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session

Sex = Literal["M", "F", "O"]

AGE = "age_years"
"""Stands for the patient's age where a measurement's name is asked for."""
COUNTED = 50_000
"""So many pairs are counted."""
_MEASURED = "measured"


@dataclass(frozen=True, slots=True)
class Cohort:
    """Whose studies; what is empty does not restrict.

    Attributes:
        studies: as on the worklist.
        sex: of the patient; studies that do not tell it are left out.
        age_from: completed years; studies that do not tell the age are left out.
        age_to: completed years; 49 includes the day before the 50th birthday.
    """

    studies: WorklistFilter = field(default_factory=WorklistFilter)
    sex: Sex | None = None
    age_from: int | None = None
    age_to: int | None = None

    @property
    def is_everybody(self) -> bool:
        """Whether nothing is left out."""
        return self == Cohort()


def cohort_conditions(session: Session, cohort: Cohort) -> list[ColumnElement[bool]]:
    """A cohort as SQL, for a query that reads from ``studies``."""
    chosen = conditions(session, cohort.studies)
    if cohort.sex is not None:
        chosen.append(Study.sex == cohort.sex)
    if cohort.age_from is not None:
        chosen.append(Study.age_years >= cohort.age_from)
    if cohort.age_to is not None:
        chosen.append(Study.age_years < cohort.age_to + 1)
    return chosen


@dataclass(frozen=True, slots=True)
class Gathered:
    """One measurement over a cohort, one value for each study.

    Attributes:
        unit: empty where nobody has such a measurement, too.
        by_status: status → studies.
        values: every measured number, in no order.
        by_word: measured category → studies.
    """

    unit: str
    by_status: Mapping[str, int]
    values: npt.NDArray[np.float64]
    by_word: Mapping[str, int]


def gather(session: Session, name: str, cohort: Cohort) -> Gathered:
    """Read one measurement over a cohort."""
    row = MeasurementRow
    chosen: list[ColumnElement[bool]] = [row.name == name]
    if not cohort.is_everybody:
        chosen += [row.study_fk == Study.id, *cohort_conditions(session, cohort)]
    by_status: dict[str, int] = {}
    # In the index each status has a stretch of its own, and by far the longest is read only once.
    for others in (row.status < _MEASURED, row.status > _MEASURED):
        counted = select(row.status, func.count()).where(*chosen, others).group_by(row.status)
        by_status |= {status: count for status, count in session.execute(counted).all()}  # noqa: C416 - rows are no tuples
    is_measured = [*chosen, row.status == _MEASURED]
    measured, values = _numbers(session, is_measured)
    if measured:
        by_status[_MEASURED] = measured
    by_word: dict[str, int] = {}
    if len(values) < measured:
        words = session.execute(
            select(row.text, func.count())
            .where(*is_measured, row.text.is_not(None))
            .group_by(row.text)
        )
        by_word = {word: count for word, count in words.all() if word is not None}
    return Gathered(_unit(session, name), by_status, values, by_word)


def _numbers(
    session: Session, chosen: list[ColumnElement[bool]]
) -> tuple[int, npt.NDArray[np.float64]]:
    """How many measurements there are, and those of them that are numbers."""
    value = MeasurementRow.value
    if session.get_bind().dialect.name == "sqlite":
        found = session.execute(select(value).where(*chosen)).all()
        numbers = (one for (one,) in found if one is not None)
        return len(found), np.fromiter(numbers, dtype=np.float64)
    # A million rows take a second to be read one by one, as one array a few milliseconds.
    array = func.array_send(func.array_agg(value).filter(value.is_not(None)))
    count, sent = session.execute(
        select(func.count(), type_coerce(array, LargeBinary)).where(*chosen)
    ).one()
    return count, _of_array(sent) if sent else np.empty(0)


def _of_array(sent: bytes) -> npt.NDArray[np.float64]:
    """The numbers of an array of ``float8`` without NULL, as ``array_send`` has it.

    Three integers (dimensions, whether there is a NULL, the elements' type) and two for each
    dimension (length, lower bound), then of each element its size and its bytes, all big-endian
    (PostgreSQL's source, ``array_send`` in ``arrayfuncs.c``).
    """
    element = np.dtype([("size", ">i4"), ("value", ">f8")])
    return np.frombuffer(sent, dtype=element, offset=5 * 4)["value"].astype(np.float64)


@dataclass(frozen=True, slots=True)
class Point:
    """Two numbers of one study."""

    study_id: int
    x: float
    y: float
    sex: str | None
    age_years: float | None


@dataclass(frozen=True, slots=True)
class Pairs:
    """Studies that have both numbers, the newest first.

    Attributes:
        total: how many there are, as far as they were counted; the points may be fewer.
        at_least: there may be more than ``total``.
    """

    x_unit: str
    y_unit: str
    points: tuple[Point, ...]
    total: int
    at_least: bool


def pairs(session: Session, x: str, y: str, cohort: Cohort, *, limit: int) -> Pairs:
    """Two measurements, or the age, of every study in which both are numbers.

    Args:
        session: the transaction.
        x: name of a measurement, or :data:`AGE`.
        y: likewise.
        cohort: whose studies.
        limit: how many points at most; those of the studies received last.
    """
    (x_value, x_chosen), (y_value, y_chosen) = _axis(x), _axis(y)
    chosen = [*x_chosen, *y_chosen]
    if not cohort.is_everybody:
        chosen += cohort_conditions(session, cohort)
    every = select(Study.id).where(*chosen).limit(COUNTED).subquery()
    total = session.scalar(select(func.count()).select_from(every)) or 0
    newest = session.execute(
        select(Study.id, x_value, y_value, Study.sex, Study.age_years)
        .where(*chosen)
        .order_by(Study.id.desc())
        .limit(limit)
    )
    points = tuple(
        Point(number, first, second, sex, age)
        for number, first, second, sex, age in newest.all()
        if first is not None and second is not None
    )
    return Pairs(_unit(session, x), _unit(session, y), points, total, total == COUNTED)


def _axis(name: str) -> tuple[InstrumentedAttribute[float | None], list[ColumnElement[bool]]]:
    """Where a number of a study is read, and what makes it that study's."""
    if name == AGE:
        return Study.age_years, [Study.age_years.is_not(None)]
    row = aliased(MeasurementRow)
    chosen = [row.study_fk == Study.id, row.name == name, row.status == _MEASURED]
    return row.value, [*chosen, row.value.is_not(None)]


def _unit(session: Session, name: str) -> str:
    """Of a measurement, as it is written; empty where nobody has one."""
    if name == AGE:
        return "years"
    found = select(MeasurementRow.unit).where(MeasurementRow.name == name).limit(1)
    return session.scalar(found) or ""
