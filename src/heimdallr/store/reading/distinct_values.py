"""The values that a column has, where few differ in very many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

if TYPE_CHECKING:
    from sqlalchemy import CTE
    from sqlalchemy.orm import InstrumentedAttribute


def distinct(column: InstrumentedAttribute[Any]) -> CTE:
    """A query's table of the values, in its column ``value``; ``NULL`` among them.

    Walks from value to value in an index that begins with the column, which there has to be; a
    plain ``DISTINCT`` reads all of it. (PostgreSQL's wiki calls it a loose index scan.)
    """
    name = f"distinct_{column.key}"
    first = select(func.min(column).label("value")).cte(name, recursive=True)
    following = select(func.min(column)).where(column > first.c.value).scalar_subquery()
    return first.union_all(select(following).where(first.c.value.is_not(None)))
