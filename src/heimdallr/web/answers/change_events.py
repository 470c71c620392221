"""The events of the live feed: rows of changed studies, numbers of removed ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from heimdallr.store.changes import changes_since
from heimdallr.store.reading.worklist import studies
from heimdallr.web.answers.worklist_rows import rows_out
from heimdallr.web.change_feed import Change, Look

if TYPE_CHECKING:
    from heimdallr.store.database import Database


def look_for_changes(database: Database, cursor: str | None) -> Look:
    """What has changed since an earlier look; with ``None`` only where to begin."""
    with database.read() as session:
        found = changes_since(session, cursor)
        if not found.complete:
            return Look(found.cursor, (Change("reset", "{}"),))
        rows = rows_out(session, studies(session, found.studies))
    changes = [Change("study", row.model_dump_json()) for row in rows]
    changes += [Change("removed", json.dumps({"id": number})) for number in found.removed]
    return Look(found.cursor, changes)
