"""Measurements across studies, row by row, for tables and spreadsheets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from heimdallr.store.models import MeasurementRow, Study
from heimdallr.store.reading.cohort import cohort_conditions
from heimdallr.store.reading.distinct_values import distinct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from heimdallr.store.columns import Json
    from heimdallr.store.database import Database
    from heimdallr.store.reading.cohort import Cohort

_PIECE = 2000
"""Rows read in one transaction of an export, or one study's, if it has more."""


@dataclass(frozen=True, slots=True)
class MeasuredStudy:
    """A measurement, and what of its study an evaluation needs.

    Attributes:
        value: a number; or ``text``, a category; neither unless ``status`` is ``measured``.
    """

    study_id: int
    study_date: str | None
    modality: str
    sex: str | None
    age_years: float | None
    name: str
    value: float | None
    text: str | None
    unit: str
    status: str
    reason: str
    reason_coded: Json | None
    structure: str | None


@dataclass(frozen=True, slots=True)
class MeasurementName:
    """A name under which something was, or could not be, measured."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which measurements; what is empty does not restrict.

    Attributes:
        studies: of which studies.
        names: any of these.
        measured_only: leave out those without a value.
        study_id: of this study only.
        patient_of: of all studies of this study's patient.
    """

    studies: Cohort
    names: tuple[str, ...] = ()
    measured_only: bool = False
    study_id: int | None = None
    patient_of: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Measurements of some studies, each with all that is wanted of it.

    Attributes:
        rows: by study, and within it by name.
        next: number of the last study of it; ``None`` where no other can follow.
    """

    rows: Sequence[MeasuredStudy]
    next: int | None


def measurements(session: Session, wanted: Wanted, *, after: int = 0, limit: int) -> Piece:
    """Measurements of the studies whose numbers follow the given one.

    A study is never cut: its results may be made anew before the next piece is read, and would
    then stand there beside the old ones. By its number it has its place, whenever they are made.

    Args:
        session: of a transaction.
        wanted: which.
        after: a study's number.
        limit: how many rows at most; of a study that has more, all.
    """
    chosen = _conditions(session, wanted)
    rows = _rows(session, [*chosen, Study.id > after], limit + 1)
    if len(rows) <= limit:
        return Piece(rows, None)
    cut = rows[-1].study_id
    if whole := [row for row in rows if row.study_id != cut]:
        return Piece(whole, whole[-1].study_id)
    return Piece(_rows(session, [*chosen, Study.id == cut], None), cut)


def every_measurement(database: Database, wanted: Wanted) -> Iterator[MeasuredStudy]:
    """All of them, a piece at a time, so that nobody waits for a long export."""
    after: int | None = 0
    while after is not None:
        with database.read() as session:
            piece = measurements(session, wanted, after=after, limit=_PIECE)
        yield from piece.rows
        after = piece.next


def measurement_names(session: Session) -> Sequence[MeasurementName]:
    """Every name with its unit, sorted.

    The table has a few hundred names and tens of millions of rows; nothing is counted.
    """
    names = distinct(MeasurementRow.name)
    unit = (
        select(MeasurementRow.unit)
        .where(MeasurementRow.name == names.c.value)
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(names.c.value, unit).where(names.c.value.is_not(None)).order_by(names.c.value)
    )
    return [MeasurementName(name, found) for name, found in rows.all()]


def _rows(
    session: Session, chosen: list[ColumnElement[bool]], limit: int | None
) -> list[MeasuredStudy]:
    """In the order of the studies' numbers, then of names: that of an index."""
    found = session.execute(
        select(MeasurementRow, Study)
        .join(Study, Study.id == MeasurementRow.study_fk)
        .where(*chosen)
        .order_by(Study.id, MeasurementRow.name)
        .limit(limit)
    )
    return [_read(row, study) for row, study in found.all()]


def _read(row: MeasurementRow, study: Study) -> MeasuredStudy:
    return MeasuredStudy(
        study_id=study.id,
        study_date=study.study_date,
        modality=study.modality,
        sex=study.sex,
        age_years=study.age_years,
        name=row.name,
        value=row.value,
        text=row.text,
        unit=row.unit,
        status=row.status,
        reason=row.reason,
        reason_coded=row.reason_coded,
        structure=row.structure,
    )


def _conditions(session: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    chosen = cohort_conditions(session, wanted.studies)
    if wanted.names:
        chosen.append(MeasurementRow.name.in_(wanted.names))
    if wanted.measured_only:
        chosen.append(MeasurementRow.status == "measured")
    if wanted.study_id is not None:
        chosen.append(Study.id == wanted.study_id)
    if wanted.patient_of is not None:
        patient = select(Study.patient_fk).where(Study.id == wanted.patient_of).scalar_subquery()
        chosen.append(Study.patient_fk == patient)
    return chosen
