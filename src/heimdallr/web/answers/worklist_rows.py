"""Rows of the worklist as they are sent: by the page, one alone, or as a live change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heimdallr.store.reading.details import findings_of
from heimdallr.store.reading.worklist import studies
from heimdallr.web.answers.estimates import remaining
from heimdallr.web.http.problems import Problem
from heimdallr.web.schemas.studies import StudyRow, chip, study_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from heimdallr.store.reading.worklist import WorklistRow
    from heimdallr.web.context import Context


def rows_out(session: Session, rows: Sequence[WorklistRow]) -> list[StudyRow]:
    """Rows as they are sent, with their findings and the time that remains."""
    findings = findings_of(session, [row.id for row in rows if row.finding_codes])
    left = remaining(session, rows)
    return [
        study_row(row, [chip(one) for one in findings.get(row.id, [])], left.get(row.id))
        for row in rows
    ]


def row_out(context: Context, study_id: int) -> StudyRow:
    """One row as it is sent.

    Raises:
        Problem: 404, the study is gone.
    """
    with context.database.read() as session:
        rows = rows_out(session, studies(session, [study_id]))
    if not rows:
        raise Problem(404, "there is no study of this number")
    return rows[0]
