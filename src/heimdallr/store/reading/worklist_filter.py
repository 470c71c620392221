"""Which studies of a worklist are wanted, and how a database is asked for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from sqlalchemy import ColumnElement, UnaryExpression, func, or_, select
from sqlalchemy.sql import operators

from heimdallr.store.models import STATE_ORDER, Study, StudyState
from heimdallr.store.reading.attention import is_stat, is_unread, waiting_for_a_person
from heimdallr.store.reading.distinct_values import distinct
from heimdallr.store.reading.search import search_words
from heimdallr.store.results import SEVERITIES

if TYPE_CHECKING:
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from heimdallr.domain.verification import Verified

Severity = Literal["note", "significant", "critical"]

LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.utc)

_Value = TypeVar("_Value")
_LAST_DATE = 99_999_999
_DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?|(\d{8})")


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


def conditions(session: Session, wanted: WorklistFilter) -> list[ColumnElement[bool]]:
    """A filter as SQL, for a query that reads from ``studies``."""
    return _Conditions(session).of(wanted)


def conditions_on_the_way(session: Session, wanted: WorklistFilter) -> list[ColumnElement[bool]]:
    """The same for a query that walks an index in its order; no other index may be taken."""
    return _Conditions(session, walks=True).of(wanted)


def without_index(column: InstrumentedAttribute[_Value]) -> ColumnElement[_Value]:
    """The column with a sign in front: to a database that is no column any more."""
    plus: Any = operators.custom_op("+")
    return UnaryExpression(column.expression, operator=plus, type_=column.type)


@dataclass(frozen=True, slots=True)
class _Conditions:
    """A filter as SQL.

    SQLite takes any index that fits, however many rows it leaves, and PostgreSQL takes conditions
    for independent that are not. Where a condition leaves most of the list, or the list is walked
    in order, the sign in front of a column keeps them from that.

    Attributes:
        session: of the database it is for.
        walks: the list is walked in the order wanted; no other index may be taken.
    """

    session: Session
    walks: bool = False

    @property
    def is_sqlite(self) -> bool:
        return self.session.get_bind().dialect.name == "sqlite"

    def of(self, wanted: WorklistFilter) -> list[ColumnElement[bool]]:
        """What a study has to fulfil."""
        chosen = [self._word(word) for word in search_words(wanted.search)]
        chosen += self._dates(wanted)
        if wanted.states:
            is_wide = StudyState.DONE in wanted.states
            ranks = sorted(STATE_ORDER.index(state) for state in wanted.states)
            chosen.append(self._column(Study.state_rank, is_wide=is_wide).in_(ranks))
        if wanted.modality:
            chosen.append(self._has_word(Study.modalities, wanted.modality))
        if wanted.region:
            chosen.append(self._has_word(Study.body_regions, wanted.region))
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
            chosen.append(is_stat())
        if wanted.flagged:
            chosen.append(Study.flagged.is_(True))
        if wanted.verified:
            chosen += [Study.verified == wanted.verified, Study.has_results.is_(True)]
        if wanted.attention:
            chosen.append(self._column(Study.id).in_(waiting_for_a_person()))
        return chosen

    def _dates(self, wanted: WorklistFilter) -> list[ColumnElement[bool]]:
        first, last = wanted.study_date_from, wanted.study_date_to
        chosen: list[ColumnElement[bool]] = []
        if first or last:
            is_wide = first[:6] != last[:6]  # more than one month
            date = self._column(Study.sort_date, is_wide=is_wide)
            chosen.append(date.between(int(first or 1), int(last or _LAST_DATE)))
        received = self._column(Study.received_at) if self.is_sqlite else Study.received_at
        if wanted.received_from or (self.is_sqlite and not self.walks):
            # Any lower limit brings SQLite to the index that holds all columns.
            chosen.append(received >= (wanted.received_from or LONG_AGO))
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

    def _has_word(self, column: InstrumentedAttribute[str], word: str) -> ColumnElement[bool]:
        """Whether it is among the column's words; there are few lists of words that differ."""
        if self.is_sqlite or self.walks:
            return self._holds(column, f",{word},")
        lists = self.session.scalars(select(distinct(column)))
        return column.in_([one for one in lists if one is not None and f",{word}," in one])

    def _holds(self, column: InstrumentedAttribute[str], part: str) -> ColumnElement[bool]:
        """Whether the column holds this very text; said in each database's quickest way."""
        if self.is_sqlite:
            return func.instr(column, part) > 0
        if self.walks:  # said so that no index is taken
            return func.strpos(column, part) > 0
        return column.contains(part, autoescape=True)

    def _column(
        self, column: InstrumentedAttribute[_Value], *, is_wide: bool = False
    ) -> ColumnElement[_Value]:
        """The column; out of the reach of indexes where they would not help."""
        if self.walks or (is_wide and self.is_sqlite):
            return without_index(column)
        return column.expression
