"""The worklist: every study ever received, filtered, searched, sorted and paged.

A page is found in two steps: first the numbers of its studies, for which an index is enough
(``ix_studies_worklist`` holds every column a filter looks at), then their rows. Where few studies
are wanted, all of them are found in one pass and put in order here; where many are, walking the
order they are wanted in soon meets enough of them. A database asked for both at once picks
the wrong one of the two often enough to be felt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Literal, TypeVar

from sqlalchemy import ColumnElement, UnaryExpression, func, or_, select
from sqlalchemy.sql import operators

from heimdallr.store.models import STAT, STATE_ORDER, Study, StudyState
from heimdallr.store.reading.attention import is_unread, needs_attention
from heimdallr.store.reading.search import search_words
from heimdallr.store.results import SEVERITIES, unlisted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import InstrumentedAttribute, Session

    from heimdallr.domain.verification import Verified
    from heimdallr.store.columns import Json

Severity = Literal["note", "significant", "critical"]

FEW = 4000
"""So many studies are put in order here at most; more are walked through in order."""
SAMPLE, DENSE = 2000, 60
"""Where so many of the newest studies are wanted, many are; a shorter list has no need to know."""
SPARSE = 1000
"""Fewer studies than this are not walked to: they may lie far apart."""

_Value = TypeVar("_Value")
_LAST_DATE = 99_999_999
_LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?|(\d{8})")


class Sort(str, Enum):
    """What a worklist is sorted by."""

    RECEIVED = "received"
    DATE = "date"
    NAME = "name"
    STATE = "state"
    SEVERITY = "severity"
    TURNAROUND = "turnaround"


_COLUMNS: dict[Sort, InstrumentedAttribute[object]] = {
    Sort.RECEIVED: Study.received_at,
    Sort.DATE: Study.sort_date,
    Sort.NAME: Study.search_text,
    Sort.STATE: Study.state_rank,
    Sort.SEVERITY: Study.worst_severity,
    Sort.TURNAROUND: Study.sort_turnaround,
}


@dataclass(frozen=True, slots=True)
class WorklistFilter:
    """Which studies are wanted; what is empty does not restrict.

    Attributes:
        search: words, all of which occur in name, PatientID or accession number; accents and case
            do not matter. A date (``2026-02-01``, ``20260201``, ``2026-02``) finds that study date.
        states: any of them.
        modality: one of the study's series has it.
        study_date_from: first StudyDate wanted, ``YYYYMMDD``; studies without a date are left out.
        study_date_to: last StudyDate wanted.
        received_from: received then or later.
        received_before: received before then.
        region: this body region is covered.
        finding: this code was found.
        severity: a finding at least as severe was made.
        unread: has results that nobody has read.
        stat: is urgent.
        flagged: marked by a person.
        verified: what a person has said of its results; ``NO``: of results that are there, nothing.
        attention: waits for a person (:mod:`heimdallr.store.reading.attention`).
    """

    search: str = ""
    states: tuple[StudyState, ...] = ()
    modality: str = ""
    study_date_from: str = ""
    study_date_to: str = ""
    received_from: datetime | None = None
    received_before: datetime | None = None
    region: str = ""
    finding: str = ""
    severity: Severity | None = None
    unread: bool = False
    stat: bool = False
    flagged: bool = False
    verified: Verified | None = None
    attention: bool = False


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """A study as the worklist shows it; names and units are those of :class:`Study`."""

    id: int
    key: str
    study_instance_uid: str
    case_id: str | None
    patient_name: str
    patient_id: str
    sex: str | None
    age_years: float | None
    patients: int
    accession_number: str
    study_date: str | None
    study_time: str | None
    description: str
    institution: str
    modality: str
    modalities: tuple[str, ...]
    source: str
    calling_ae: str
    received_at: datetime
    last_instance_at: datetime
    completed_at: datetime | None
    instance_count: int
    size_bytes: int
    state: StudyState
    revision: int
    priority: int
    progress: float
    error: str
    started_at: datetime | None
    finished_at: datetime | None
    elapsed_s: float | None
    turnaround_s: float | None
    changed_at: datetime
    has_results: bool
    has_hemorrhage: bool | None
    body_regions: tuple[str, ...]
    finding_codes: tuple[str, ...]
    worst_severity: Severity | None
    notices: tuple[str, ...]
    notices_coded: Json
    volume_bytes: int | None
    read_at: datetime | None
    verified: Verified
    flagged: bool
    kept: dict[str, bool]

    @property
    def stat(self) -> bool:
        """Whether it is urgent."""
        return self.priority <= STAT


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """Some rows of a worklist, and how many there are in all."""

    rows: tuple[WorklistRow, ...]
    total: int
    offset: int


def worklist(
    session: Session,
    wanted: WorklistFilter,
    *,
    sort: Sort = Sort.RECEIVED,
    descending: bool = True,
    offset: int = 0,
    limit: int = 50,
) -> WorklistPage:
    """One page of the studies wanted.

    Args:
        session: the transaction.
        wanted: which studies.
        sort: by what; studies that are alike come in the order in which they were first received.
        descending: the newest, last, most severe, longest first. A study without a date or a
            turnaround counts as the oldest, or shortest.
        offset: how many to leave out first.
        limit: how many at most.
    """
    chosen, column = conditions(session, wanted), _COLUMNS[sort]
    in_order = _Conditions(_is_sqlite(session), walks=True).of(wanted)
    total = None
    if _is_dense(session, in_order):
        total = session.scalar(select(func.count()).select_from(Study).where(*chosen)) or 0
    if total is None or total < SPARSE:
        few = session.execute(select(column, Study.id).where(*chosen).limit(FEW + 1)).all()
        if len(few) <= FEW:
            ranked = sorted(few, key=tuple, reverse=descending)
            numbers = [row.id for row in ranked[offset : offset + limit]]
            return WorklistPage(_rows(session, numbers), len(few), offset)
    if total is None:
        total = session.scalar(select(func.count()).select_from(Study).where(*chosen)) or 0
    order = (column.desc(), Study.id.desc()) if descending else (column.asc(), Study.id.asc())
    walk = select(Study.id).where(*in_order).order_by(*order).offset(offset).limit(limit)
    return WorklistPage(_rows(session, session.scalars(walk)), total, offset)


def _is_dense(session: Session, in_order: list[ColumnElement[bool]]) -> bool:
    """Whether walking the order would soon meet enough; told by the newest studies."""
    first_of_newest = (
        select(Study.received_at).order_by(Study.received_at.desc()).offset(SAMPLE).limit(1)
    ).scalar_subquery()
    sample = select(Study.id).where(*in_order, Study.received_at >= first_of_newest)
    found = session.scalar(select(func.count()).select_from(sample.limit(DENSE).subquery()))
    return (found or 0) >= DENSE


def conditions(session: Session, wanted: WorklistFilter) -> list[ColumnElement[bool]]:
    """A filter as SQL, for a query that reads from ``studies``."""
    return _Conditions(_is_sqlite(session)).of(wanted)


def studies(session: Session, numbers: Iterable[int]) -> tuple[WorklistRow, ...]:
    """The rows of these studies, in that order; those that are gone are left out."""
    return _rows(session, list(numbers))


def worklist_row(study: Study) -> WorklistRow:
    """A study as the worklist shows it."""
    plain = {field.name: getattr(study, field.name) for field in fields(WorklistRow)}
    ranks = {rank: name for name, rank in SEVERITIES.items()}
    return WorklistRow(
        **plain
        | {
            "modalities": unlisted(study.modalities),
            "body_regions": unlisted(study.body_regions),
            "finding_codes": unlisted(study.finding_codes),
            "worst_severity": ranks.get(study.worst_severity),
            "notices": tuple(study.notices),
            "kept": dict(study.kept),
        }
    )


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _rows(session: Session, numbers: Iterable[int]) -> tuple[WorklistRow, ...]:
    numbers = list(numbers)
    found = session.scalars(select(Study).where(Study.id.in_(numbers)))
    by_number = {study.id: worklist_row(study) for study in found}
    return tuple(by_number[number] for number in numbers if number in by_number)


@dataclass(frozen=True, slots=True)
class _Conditions:
    """A filter as SQL.

    SQLite takes any index that fits, however many rows it leaves. Where a condition leaves most of
    the list, or the list is walked in order, the sign in front of a column keeps it from that.

    Attributes:
        is_sqlite: which database it is for.
        walks: the list is walked in the order wanted; no other index may be taken.
    """

    is_sqlite: bool
    walks: bool = False

    def of(self, wanted: WorklistFilter) -> list[ColumnElement[bool]]:
        """What a study has to fulfil."""
        chosen = [self._word(word) for word in search_words(wanted.search)]
        chosen += self._dates(wanted)
        if wanted.states:
            is_wide = StudyState.DONE in wanted.states
            ranks = sorted(STATE_ORDER.index(state) for state in wanted.states)
            chosen.append(self._column(Study.state_rank, is_wide=is_wide).in_(ranks))
        if wanted.modality:
            chosen.append(self._holds(Study.modalities, f",{wanted.modality},"))
        if wanted.region:
            chosen.append(self._holds(Study.body_regions, f",{wanted.region},"))
        if wanted.finding:
            chosen.append(self._holds(Study.finding_codes, f",{wanted.finding},"))
        if wanted.severity:
            severity = self._column(Study.worst_severity, is_wide=True)
            chosen.append(severity >= SEVERITIES[wanted.severity])
        return chosen + self._marks(wanted)

    def _marks(self, wanted: WorklistFilter) -> list[ColumnElement[bool]]:
        """What people have said of a study, or have still to say."""
        chosen: list[ColumnElement[bool]] = []
        if wanted.unread:
            chosen.append(is_unread())
        if wanted.stat:
            chosen.append(Study.priority <= STAT)
        if wanted.flagged:
            chosen.append(Study.flagged.is_(True))
        if wanted.verified:
            chosen += [Study.verified == wanted.verified, Study.has_results.is_(True)]
        if wanted.attention:
            rank = self._column(Study.state_rank, is_wide=True)
            chosen.append(needs_attention(rank, self._column(Study.worst_severity, is_wide=True)))
        return chosen

    def _dates(self, wanted: WorklistFilter) -> list[ColumnElement[bool]]:
        first, last = wanted.study_date_from, wanted.study_date_to
        chosen: list[ColumnElement[bool]] = []
        if first or last:
            is_wide = first[:6] != last[:6]  # more than one month
            date = self._column(Study.sort_date, is_wide=is_wide)
            chosen.append(date.between(int(first or 1), int(last or _LAST_DATE)))
        received = self._column(Study.received_at)
        if wanted.received_from or (self.is_sqlite and not self.walks):
            # Any lower limit brings SQLite to the index that holds all columns.
            chosen.append(received >= (wanted.received_from or _LONG_AGO))
        if wanted.received_before:
            chosen.append(received < wanted.received_before)
        return chosen

    def _word(self, word: str) -> ColumnElement[bool]:
        text = self._holds(Study.search_text, word)
        if not _DATE.fullmatch(word):
            return text
        digits = word.replace("-", "")
        date = self._column(Study.sort_date, is_wide=True)
        return or_(text, date.between(int(digits.ljust(8, "0")), int(digits.ljust(8, "9"))))

    def _holds(self, column: InstrumentedAttribute[str], part: str) -> ColumnElement[bool]:
        """Whether the column holds this very text; said in each database's quickest way."""
        if self.is_sqlite:
            return func.instr(column, part) > 0
        return column.contains(part, autoescape=True)

    def _column(
        self, column: InstrumentedAttribute[_Value], *, is_wide: bool = False
    ) -> ColumnElement[_Value]:
        """The column; out of the reach of SQLite's indexes where they would not help."""
        if self.is_sqlite and (is_wide or self.walks):
            return UnaryExpression(
                column.expression, operator=operators.custom_op("+"), type_=column.type
            )
        return column.expression
