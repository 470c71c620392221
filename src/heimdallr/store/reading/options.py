"""What the worklist can be filtered by: what the studies in this database have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from sqlalchemy import select

from heimdallr.store.models import FindingRow, Study
from heimdallr.store.results import SEVERITIES, unlisted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.orm import Session

    from heimdallr.store.reading.worklist import Severity

_LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.utc)


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
    """What the studies here have: one pass over an index, and one over the findings."""
    studies = session.execute(
        select(Study.modalities, Study.body_regions)
        .where(Study.received_at >= _LONG_AGO)  # brings SQLite to the index that holds them
        .distinct()
    ).all()
    findings = session.execute(select(FindingRow.code, FindingRow.severity).distinct()).all()
    ranks: dict[str, int] = {}
    for code, severity in findings:
        ranks[code] = max(ranks.get(code, 0), SEVERITIES[severity])
    names: Mapping[int, Severity] = {1: "note", 2: "significant", 3: "critical"}
    return Options(
        modalities=_words(modalities for modalities, _ in studies),
        body_regions=_words(regions for _, regions in studies),
        findings={code: names[rank] for code, rank in ranks.items()},
    )


def _words(columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({word for column in columns for word in unlisted(column)}))
