"""What the worklist can be filtered by: what the studies in this database have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from heimdallr.store.models import FindingRow, Study
from heimdallr.store.reading.distinct_values import distinct
from heimdallr.store.results import unlisted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from heimdallr.store.reading.worklist_filter import Severity

_WORST_LAST: tuple[Severity, ...] = ("note", "significant", "critical")


@dataclass(frozen=True, slots=True)
class Options:
    """What is there, sorted.

    Attributes:
        modalities: of any series received.
        body_regions: covered by any study.
        findings: code → the worst severity with which it was found.
    """

    modalities: tuple[str, ...]
    body_regions: tuple[str, ...]
    findings: Mapping[str, Severity]


def options(session: Session) -> Options:
    """What the studies here have; indexes tell it, without a look at each study."""
    codes = distinct(FindingRow.code)
    highest_up_to = (  # a question for one end of the index; PostgreSQL reads on for "exists"
        select(func.max(FindingRow.severity))
        .where(FindingRow.code == codes.c.value, FindingRow.severity <= severity)
        .scalar_subquery()
        for severity in _WORST_LAST
    )
    found = session.execute(select(codes.c.value, *highest_up_to).where(codes.c.value.is_not(None)))
    worst: dict[str, Severity] = {
        code: [name for name, highest in zip(_WORST_LAST, told, strict=True) if highest == name][-1]
        for code, *told in found.all()
    }
    return Options(
        modalities=_words(session.scalars(select(distinct(Study.modalities)))),
        body_regions=_words(session.scalars(select(distinct(Study.body_regions)))),
        findings=worst,
    )


def _words(lists: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({word for words in lists if words for word in unlisted(words)}))
