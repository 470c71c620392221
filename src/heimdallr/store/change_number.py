"""The number that every change of a study's row is stamped with; :mod:`.changes` reads them."""

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
