"""What the live feed tells of a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from heimdallr.store.models import RemovedStudy, Study
from heimdallr.store.worklist import studies
from heimdallr.web.api.worklist import rows_out
from heimdallr.web.feed import Change, Look

if TYPE_CHECKING:
    from heimdallr.web.context import Context

MOST = 500
"""More changes than this at once, and a reader had better load its page anew."""


def look_for_changes(context: Context, since: int | None) -> Look:
    """What has changed since a number; with ``None`` only the present number."""
    with context.database.read() as session:
        number = max(
            session.scalar(select(func.max(Study.change))) or 0,
            session.scalar(select(func.max(RemovedStudy.change))) or 0,
        )
        if since is None:
            return Look(number, ())
        ids = session.scalars(
            select(Study.id).where(Study.change > since).order_by(Study.change).limit(MOST + 1)
        ).all()
        removed = session.scalars(
            select(RemovedStudy.study_id).where(RemovedStudy.change > since).limit(MOST + 1)
        ).all()
        if len(ids) > MOST or len(removed) > MOST:
            return Look(number, (Change("reset", "{}"),))
        rows = rows_out(session, studies(session, ids))
    changes = [Change("study", row.model_dump_json()) for row in rows]
    changes += [Change("removed", f'{{"id": {one}}}') for one in removed]
    return Look(number, changes)
