"""The worklist: every study ever received, filtered, searched, sorted and paged.

A page is found in two steps: first the numbers of its studies, for which an index is enough
(``ix_studies_worklist`` holds every column a filter looks at), then their rows. Where few studies
are wanted, all of them are found and put in order; where many are, walking the order they are
wanted in soon meets enough of them, and a look at the newest ones tells that there are. A database
asked for everything at once picks the wrong way often enough to be felt, and to count a long list
to its end takes longer than anybody who wants its first page would wait.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, UnaryExpression, func, literal, select, tuple_

from heimdallr.store.models import STAT, Study, StudyState
from heimdallr.store.reading.worklist_filter import (
    LONG_AGO,
    Severity,
    WorklistFilter,
    conditions,
    conditions_on_the_way,
    without_index,
)
from heimdallr.store.results import SEVERITIES, unlisted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import InstrumentedAttribute, Session

    from heimdallr.domain.verification import Verified
    from heimdallr.store.columns import Json

COUNTED = 1000
"""So many studies are put in order here, and counted beyond the page; a longer list is walked."""
WALKED = 20_000
"""So many studies are looked at on the way in order; where they do not fill the page, all that are
wanted are gathered and put in order."""
INDEXED = 400
"""Where fewer than this are wanted of so many, they are gathered by an index, if there is one."""


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
    """Some rows of a worklist, and how many there are in all.

    Attributes:
        at_least: there may be more than ``total``; the rest was not counted.
    """

    rows: tuple[WorklistRow, ...]
    total: int
    offset: int
    at_least: bool = False


def worklist(
    session: Session,
    wanted: WorklistFilter,
    *,
    sort: Sort = Sort.RECEIVED,
    descending: bool = True,
    offset: int = 0,
    limit: int = 50,
    count_all: bool = False,
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
        count_all: count a long list to its end; that takes its time.
    """
    chosen, column = conditions(session, wanted), _COLUMNS[sort]
    long_list = _LongList(session, wanted, column)
    total = long_list.among_newest
    fills_page = total > offset + limit and not count_all
    if total > COUNTED or (fills_page and _are_several(wanted)):
        at_least = True
    else:
        few = session.scalars(select(Study.id).where(*chosen).limit(COUNTED + 1)).all()
        if len(few) <= COUNTED:
            order = _order((column, Study.id), descending=descending)
            page = select(Study.id).where(Study.id.in_(few)).order_by(*order)
            ranked = session.scalars(page.offset(offset).limit(limit))
            return WorklistPage(_rows(session, ranked), len(few), offset)
        total, at_least = len(few), True
    if count_all or total <= offset + limit:
        most = None if count_all else offset + max(COUNTED, limit)
        # PostgreSQL counts all of them by an index that goes with their order in half of the time.
        found = select(Study.id).where(*(chosen or [Study.sort_date >= 0])).limit(most).subquery()
        total = session.scalar(select(func.count()).select_from(found)) or 0
        at_least = total == most
    if at_least or offset < total / 2:
        numbers = long_list.page(offset, limit, descending=descending)
    else:  # the other end is nearer
        left = max(total - offset, 0)
        size = min(limit, left)
        numbers = long_list.page(left - size, size, descending=not descending)[::-1]
    return WorklistPage(_rows(session, numbers), total, offset, at_least)


def _are_several(wanted: WorklistFilter) -> bool:
    """Whether several things are asked together; one alone has an index that tells how many."""
    nothing = WorklistFilter()
    names = [one.name for one in fields(WorklistFilter)]
    asked = [name for name in names if getattr(wanted, name) != getattr(nothing, name)]
    return len(asked) > 1


def _order(
    columns: Iterable[ColumnElement[Any] | InstrumentedAttribute[Any]], *, descending: bool
) -> list[UnaryExpression[Any]]:
    return [one.desc() if descending else one.asc() for one in columns]


@dataclass(frozen=True)
class _LongList:
    """Studies of which there may be many, by a column."""

    session: Session
    wanted: WorklistFilter
    column: InstrumentedAttribute[object]

    @cached_property
    def among_newest(self) -> int:
        """How many of the newest studies are wanted; not counted beyond ``COUNTED`` and one."""
        first_of_newest = (
            select(Study.received_at).order_by(Study.received_at.desc()).offset(WALKED).limit(1)
        ).scalar_subquery()
        way = conditions_on_the_way(self.session, self.wanted)
        newest = select(Study.id).where(
            *way, Study.received_at >= func.coalesce(first_of_newest, LONG_AGO)
        )
        found = select(func.count()).select_from(newest.limit(COUNTED + 1).subquery())
        return self.session.scalar(found) or 0

    def page(self, offset: int, limit: int, *, descending: bool) -> list[int]:
        """The numbers of some of them: met on the way, or where they lie far away, gathered."""
        near, where = self.among_newest, self._where()
        is_rare = near <= COUNTED and near < 2 * (offset + limit) and not where
        if is_rare or (near < INDEXED and _has_index(self.wanted)):
            return self._gathered(offset, limit, descending=descending)
        key = (self.column, Study.id)
        order = _order(key, descending=descending)
        numbers = select(Study.id).order_by(*order).offset(offset).limit(limit)
        on_the_way = conditions_on_the_way(self.session, self.wanted)
        end = None
        if on_the_way and self.column is not Study.received_at:
            way = select(*key).where(*where).order_by(*order)
            is_thin = 0 < near <= COUNTED  # more of the way would not be worth while
            far = WALKED * 3 * (offset + limit) // near if is_thin else WALKED + offset
            end = self.session.execute(way.offset(far).limit(1)).first()
        if end is not None:
            last = tuple_(*(literal(one) for one in end))
            where.append(tuple_(*key) > last if descending else tuple_(*key) < last)
        found = list(self.session.scalars(numbers.where(*where, *on_the_way)))
        if end is None or len(found) == limit:
            return found
        return self._gathered(offset, limit, descending=descending)

    def _gathered(self, offset: int, limit: int, *, descending: bool) -> list[int]:
        every = select(self.column.label("sorted_by"), Study.id)
        every = every.where(*conditions(self.session, self.wanted))
        gathered = every.offset(0).subquery()  # PostgreSQL looks into no query that has an offset
        order = _order((gathered.c.sorted_by, gathered.c.id), descending=descending)
        page = select(gathered.c.id).order_by(*order).offset(offset).limit(limit)
        return list(self.session.scalars(page))

    def _where(self) -> list[ColumnElement[bool]]:
        """Between which numbers the studies of some days lie; nothing of more than two years."""
        first, last = self.wanted.study_date_from, self.wanted.study_date_to
        if not (first and last) or int(last[:4]) - int(first[:4]) > 1:
            return []
        day = select(func.min(Study.sort_date).label("day")).where(Study.sort_date >= int(first))
        days = day.cte("days", recursive=True)
        following = select(func.min(Study.sort_date)).where(Study.sort_date > days.c.day)
        days = days.union_all(select(following.scalar_subquery()).where(days.c.day < int(last)))
        least, most = (
            select(edge(Study.id)).where(Study.sort_date == days.c.day).scalar_subquery()
            for edge in (func.min, func.max)
        )
        ends = select(func.min(least), func.max(most)).where(days.c.day <= int(last))
        least_id, most_id = self.session.execute(ends).one()
        if least_id is None:
            return []
        is_sqlite = self.session.get_bind().dialect.name == "sqlite"
        number = without_index(Study.id) if is_sqlite else Study.id
        return [number.between(least_id, most_id)]


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


def _has_index(wanted: WorklistFilter) -> bool:
    """Whether there is an index of what is wanted, where that is not much."""
    is_narrow = wanted.states and StudyState.DONE not in wanted.states
    return bool(is_narrow or wanted.unread or wanted.stat or wanted.flagged)


def _rows(session: Session, numbers: Iterable[int]) -> tuple[WorklistRow, ...]:
    numbers = list(numbers)
    found = session.scalars(select(Study).where(Study.id.in_(numbers)))
    by_number = {study.id: worklist_row(study) for study in found}
    return tuple(by_number[number] for number in numbers if number in by_number)
