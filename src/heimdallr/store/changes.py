"""What has changed since a reader last looked: complete, whoever commits first.

Every change of a study's row stamps it with a number (``studies.change``), and a deleted study
leaves one behind (``removed_studies.change``). On SQLite there is one writer at a time, so the
next number is the highest plus one, and numbers are committed in their order. On PostgreSQL
writers overlap: the number is that of the writing transaction, and a reader's cursor stops at the
oldest transaction that may still commit. A change can then be met twice, and never be missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.ext.compiler import compiles

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler


class NextChange(ColumnElement[int]):
    """SQL for the number of a change that is being written."""

    inherit_cache = True
    type = BigInteger()


@compiles(NextChange, "sqlite")
def _next_on_sqlite(_element: NextChange, _compiler: SQLCompiler, **_: object) -> str:
    highest = "coalesce((SELECT max(change) FROM {0}), 0)".format
    return f"(max({highest('studies')}, {highest('removed_studies')}) + 1)"


@compiles(NextChange, "postgresql")
def _next_on_postgresql(_element: NextChange, _compiler: SQLCompiler, **_: object) -> str:
    return "pg_current_xact_id()::text::bigint"
