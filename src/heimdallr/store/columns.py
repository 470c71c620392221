"""The kinds of columns the tables are made of.

Migrations write them out in SQLAlchemy's own words, so that they stay valid whatever changes here.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, String, TypeDecorator
from sqlalchemy import Enum as EnumColumn

if TYPE_CHECKING:
    from enum import Enum

    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

Json = dict[str, Any] | list[Any]
"""A column for small structured values; typed by the code that writes it."""


Changes = list[list[str | None]]
"""A column of ``[fact, before, after]``, one for each fact that was corrected."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite itself forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> datetime | None:
        """To UTC; a naive time is refused."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a time without a zone is ambiguous"
            raise ValueError(msg)
        return value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
        """From UTC."""
        del dialect
        return value if value is None or value.tzinfo else value.replace(tzinfo=timezone.utc)


class Label(TypeDecorator[str]):
    """Text out of a header or a message: cut to the column's length instead of refused.

    What no database takes (NUL, lone surrogates) is replaced; never used for keys.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: object) -> str | None:
        """As much of the text as fits."""
        del dialect
        if value is None:
            return None
        clean = value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
        return clean[: self.length]


class SearchText(Label):
    """A label that both databases sort and compare by code point."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        """PostgreSQL would go by the server's language otherwise, and slowly."""
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(String(self.length, collation=collation))


def words(kind: type[Enum]) -> EnumColumn:
    """A column of an enumeration's values, as plain text that new values may join."""
    return EnumColumn(
        kind,
        native_enum=False,
        create_constraint=False,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )
