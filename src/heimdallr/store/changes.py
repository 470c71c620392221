"""The studies that changed since a reader last looked; overlapping transactions lose none.

Every change of a study's row stamps it with a number (``studies.change``), and a deleted study
leaves one behind (``removed_studies.change``). On SQLite there is one writer at a time, so the
next number is the highest plus one, and the highest seen is where a reader goes on.

On PostgreSQL writers overlap, and one that began earlier may commit later. The number is that of
the writing transaction, and a reader keeps the snapshot it looked at (``xmin:xmax:in progress``,
PostgreSQL manual, section 9.26 "Transaction ID and Snapshot Information Functions"): news is what
it sees now and a transaction has written that the earlier snapshot did not see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Text, cast, func, literal, select, text

from heimdallr.store.models import RemovedStudy, Study

if TYPE_CHECKING:
    from sqlalchemy.orm import InstrumentedAttribute, Session

MOST = 500
"""More changes than this at once, and a reader had better load everything anew."""

_SNAPSHOT = re.compile(r"(\d{1,18}):(\d{1,18}):((?:\d{1,18})(?:,\d{1,18})*)?")
_NUMBER = re.compile(r"\d{1,18}")


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed.

    Attributes:
        cursor: from where to look the next time.
        studies: numbers of studies that are new or have changed, oldest change first.
        removed: numbers of studies that are gone.
        complete: false when there is too much to tell, or when the cursor is none of this
            database's (it was restored): everything is to be loaded anew.
    """

    cursor: str
    studies: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    complete: bool = True


def changes_since(session: Session, cursor: str | None) -> Changes:
    """What has changed since an earlier look.

    Args:
        session: a transaction that sees one state of the database throughout
            (:meth:`~heimdallr.store.database.Database.read`).
        cursor: of that look; ``None`` for a new reader, who is told where to begin.
    """
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    look = _SqliteLook() if is_sqlite else _PostgresqlLook()
    now = look.cursor(session)
    if cursor is None:
        return Changes(now)
    if not look.knows(cursor, now):
        return Changes(now, complete=False)
    changed, removed = (
        session.scalars(
            select(number)
            .where(*look.news(change, cursor, now))
            .order_by(change, number)
            .limit(MOST + 1)
        ).all()
        for number, change in (
            (Study.id, Study.change),
            (RemovedStudy.study_id, RemovedStudy.change),
        )
    )
    if len(changed) > MOST or len(removed) > MOST:
        return Changes(now, complete=False)
    return Changes(now, tuple(changed), tuple(removed))


class _SqliteLook:
    """Cursor: the highest number seen."""

    def cursor(self, session: Session) -> str:
        highest = (
            session.scalar(select(func.max(column))) or 0
            for column in (Study.change, RemovedStudy.change)
        )
        return str(max(highest))

    def knows(self, cursor: str, now: str) -> bool:
        return bool(_NUMBER.fullmatch(cursor)) and int(cursor) <= int(now)

    def news(
        self, change: InstrumentedAttribute[int], cursor: str, _now: str
    ) -> list[ColumnElement[bool]]:
        return [change > int(cursor)]


class _PostgresqlLook:
    """Cursor: the snapshot seen."""

    def cursor(self, session: Session) -> str:
        return str(session.scalar(text("SELECT pg_current_snapshot()::text")))

    def knows(self, cursor: str, now: str) -> bool:
        match = _SNAPSHOT.fullmatch(cursor)
        if not match:
            return False
        low, high = int(match[1]), int(match[2])
        running = [int(one) for one in (match[3] or "").split(",") if one]
        well_formed = 0 < low <= high and all(low <= one < high for one in running)
        return well_formed and running == sorted(set(running)) and high <= int(now.split(":")[1])

    def news(
        self, change: InstrumentedAttribute[int], cursor: str, now: str
    ) -> list[ColumnElement[bool]]:
        writer = cast(change, Text).op("::")(text("xid8"))
        seen = func.pg_visible_in_snapshot(writer, literal(cursor).op("::")(text("pg_snapshot")))
        (oldest, *_), (_, newest, _) = cursor.split(":"), now.split(":")
        # After a restore a row may carry a number that this server has yet to come to.
        return [change >= int(oldest), change < int(newest), ~seen]
