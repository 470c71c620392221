"""The results of a study, brought from its case folder into the database.

The folder stays the authority; these rows are what is searched, sorted and acknowledged. Indexing
the same results again changes nothing, so a worker that was killed may simply do it once more.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from heimdallr.publishing.correction_records import CORRECTIONS_FOLDER
from heimdallr.store.models import FindingRow, MeasurementRow, Series, Study
from heimdallr.store.work.verification import follow_results, forget_verification

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.orm import Session

    from heimdallr.publishing.schema import (
        CodedStatement,
        FindingRecord,
        FlatValue,
        Identity,
        MeasurementRecord,
        ProvenanceRecord,
        Results,
    )
    from heimdallr.store.columns import Json

SEVERITIES = {"note": 1, "significant": 2, "critical": 3}
"""Severity → its rank in ``studies.worst_severity``; 0 means that nothing was found."""

# As the analysis and the publisher call them; a test holds them equal, because importing those
# modules would cost every web process their numerical libraries.
ALARM, ALERT = "hemorrhage_alert", "alert"
VOLUME_NAME = "volume.nii.gz"
_NO_MASKS = frozenset({CORRECTIONS_FOLDER})
"""Folders of a case that say nothing of masks being there."""

_COLUMNS = ("value", "text", "unit", "status", "reason", "analysis", "structure")


def index_results(  # noqa: PLR0917 - six things that are not alike
    session: Session,
    study: Study,
    results: Results,
    identity: Identity,
    folder: Path,
    now: datetime,
) -> None:
    """Make the study's rows say what its case folder says.

    Args:
        session: the transaction; the caller holds the study's lock.
        study: its row.
        results: ``resultados.json`` of the folder.
        identity: ``id.json`` of the folder.
        folder: the case folder.
        now: the time.
    """
    judged = [
        (one.series_instance_uid, one.rank, zip_longest(one.reasons, one.reasons_coded))
        for one in identity.series
    ]
    index_series(session, study.id, judged)
    news = _index_measurements(session, study, results.measurements)
    news |= _index_findings(session, study, results.findings)
    if news:
        study.read_at = None
    provenance = results.provenance
    follow_results(session, study, provenance.created_at, now, corrected=_is_corrected(provenance))
    study.modality = results.modality
    study.has_results = True
    study.has_hemorrhage = _has_hemorrhage(results.measurements)
    study.body_regions = listed(_words(results.flat.get("body_regions")))
    study.finding_codes = listed(finding.code for finding in results.findings)
    study.worst_severity = max(
        (SEVERITIES[finding.severity] for finding in results.findings), default=0
    )
    study.notices = list(results.notices)
    study.notices_coded = dumped(results.notices_coded)
    study.volume_bytes = _size(folder / VOLUME_NAME)
    study.kept = {
        **dict(study.kept),
        "volume": study.volume_bytes is not None,
        "masks": any(path.is_dir() and path.name not in _NO_MASKS for path in folder.iterdir()),
        "results": True,
    }
    study.changed_at = now


def forget_results(session: Session, study: Study) -> None:
    """Undo :func:`index_results` where the numbers and findings are gone; the volume may not be."""
    for table in (MeasurementRow, FindingRow):
        session.execute(delete(table).where(table.study_fk == study.id))
    study.has_results, study.has_hemorrhage = False, None
    study.finding_codes, study.worst_severity, study.body_regions = "", 0, ""
    study.results_created_at, study.corrected = None, False
    forget_verification(session, study)


def listed(words: Iterable[str]) -> str:
    """Words as one searchable column: ``,head,thorax,``; empty for none."""
    joined = ",".join(dict.fromkeys(words))
    return f",{joined}," if joined else ""


def unlisted(column: str) -> tuple[str, ...]:
    """The words of such a column."""
    return tuple(word for word in column.split(",") if word)


def dumped(statements: Iterable[CodedStatement]) -> Json:
    """Statements as a column holds them."""
    return [one.model_dump() for one in statements]


def index_series(
    session: Session,
    study_id: int,
    verdicts: Iterable[tuple[str, int | None, Iterable[tuple[str, CodedStatement | None]]]],
) -> None:
    """Write what selection thought of a study's series; those it did not judge keep nothing.

    A series of several stacks has several verdicts: its rank is the best of them, its reasons are
    those of all.

    Args:
        session: the transaction.
        study_id: row of the study.
        verdicts: SeriesInstanceUID, rank (``None``: not usable) and reasons of each stack; a
            reason's code is ``None`` where only its text is known.
    """
    ranks: dict[str, list[int]] = {}
    reasons: dict[str, dict[str, CodedStatement | None]] = {}
    for uid, rank, why in verdicts:
        reasons.setdefault(uid, {}).update(why)
        if rank is not None:
            ranks.setdefault(uid, []).append(rank)
    for series in session.scalars(select(Series).where(Series.study_fk == study_id)):
        series.rank = min(ranks.get(series.uid, ()), default=None)
        told = reasons.get(series.uid, {})
        series.reasons = list(told)
        series.reasons_coded = dumped(one for one in told.values() if one is not None)


def _index_measurements(
    session: Session, study: Study, records: Iterable[MeasurementRecord]
) -> bool:
    """Replace them all; whether anything is new. A code beside a known text is no news."""
    rows = [_measurement(study, record) for record in records]
    columns = (getattr(MeasurementRow, name) for name in _COLUMNS)
    known = session.execute(
        select(MeasurementRow.name, MeasurementRow.reason_coded, *columns).where(
            MeasurementRow.study_fk == study.id
        )
    ).all()
    before = {name: values for name, _, *values in known}
    news = before != {row["name"]: [row[name] for name in _COLUMNS] for row in rows}
    codes = {name: code for name, code, *_ in known}
    if not news and codes == {row["name"]: row["reason_coded"] for row in rows}:
        return False
    session.execute(delete(MeasurementRow).where(MeasurementRow.study_fk == study.id))
    if rows:
        session.execute(insert(MeasurementRow), rows)
    return news


def _measurement(study: Study, record: MeasurementRecord) -> dict[str, object]:
    value = record.value
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {
        "study_fk": study.id,
        "name": record.name,
        "value": float(value) if value is not None and is_number else None,
        "text": None if value is None or is_number else str(value),
        "unit": record.unit,
        "status": record.status,
        "reason": record.reason,
        "reason_coded": record.reason_coded.model_dump() if record.reason_coded else None,
        "analysis": record.analysis,
        "structure": record.structure,
    }


def _index_findings(session: Session, study: Study, records: Iterable[FindingRecord]) -> bool:
    """Replace them; who acknowledged one stays while it rests on the same evidence."""
    known = list(session.scalars(select(FindingRow).where(FindingRow.study_fk == study.id)))
    news = False
    for record in records:
        same = next((row for row in known if _is_same(row, record)), None)
        if same is None:
            news = True
            same = FindingRow(
                study_fk=study.id,
                code=record.code,
                structure=record.structure,
                evidence=dict(record.evidence),
            )
            session.add(same)
        else:
            known.remove(same)
        same.severity = record.severity
        same.title = record.title
        same.title_coded = record.title_coded.model_dump() if record.title_coded else None
        same.reference = record.reference
        same.slice_index = record.slice_index
        same.caveats = list(record.caveats)
        same.caveats_coded = dumped(record.caveats_coded)
    for row in known:
        session.delete(row)
    session.flush()
    return news or bool(known)


def _is_same(row: FindingRow, record: FindingRecord) -> bool:
    return (
        row.code == record.code
        and row.structure == record.structure
        and row.evidence == record.evidence
        and row.severity == record.severity
    )


def _is_corrected(provenance: ProvenanceRecord) -> bool:
    """Whether a person has changed what the networks said."""
    return bool(provenance.corrections or provenance.rejections)


def _has_hemorrhage(records: Iterable[MeasurementRecord]) -> bool | None:
    """``None`` where no answer was possible: no head, no network, a failed step."""
    alarm = next((record for record in records if record.name == ALARM), None)
    if alarm is None or alarm.status != "measured":
        return None
    return alarm.value == ALERT


def _words(value: FlatValue | None) -> list[str]:
    return value if isinstance(value, list) else []


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
