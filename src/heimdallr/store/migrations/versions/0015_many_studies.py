"""Indexes for a worklist of a million studies.

On PostgreSQL a table that is large already gets them later, while the services work
(:mod:`heimdallr.store.index_building`). A search for three letters or more wants the extension
``pg_trgm``, which comes with PostgreSQL and which the owner of a database may add to it; where it
cannot be had, such a search takes longer.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_LARGE = 20_000
"""Studies; indexes of fewer are made in less than a second."""
_TEXTS = ["search_text", "finding_codes"]
_BY = ("verified", "modalities", "body_regions")
_COHORT = [
    *("id", "sex", "age_years", "sort_date", "state_rank", "modalities", "body_regions"),
    "worst_severity",
]
_FEW = {
    "ix_studies_unread": sa.and_(
        sa.column("has_results", sa.Boolean()).is_(sa.true()), sa.column("read_at").is_(None)
    ),
    "ix_studies_stat": sa.column("priority", sa.Integer()) <= 1,
    "ix_studies_flagged": sa.column("flagged", sa.Boolean()).is_(sa.true()),
}
_UNACKNOWLEDGED = sa.and_(
    sa.column("severity", sa.String()) == "critical", sa.column("acknowledged_at").is_(None)
)


def upgrade() -> None:
    """Make the indexes, or leave them to be made."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    has_trigrams = is_postgresql and _add_trigrams()
    if is_postgresql and _is_large():
        return
    for column in _BY:
        op.create_index(op.f(f"ix_studies_{column}_id"), "studies", [column, "id"])
    for name, only in _FEW.items():
        _create_of_few(name, "studies", ["received_at", "id"], only)
    _create_of_few("ix_findings_unacknowledged", "findings", ["study_fk"], _UNACKNOWLEDGED)
    if is_postgresql:
        op.create_index("ix_studies_cohort", "studies", _COHORT)
    if has_trigrams:
        op.create_index(
            "ix_studies_trigrams",
            "studies",
            _TEXTS,
            postgresql_using="gin",
            postgresql_ops=dict.fromkeys(_TEXTS, "gin_trgm_ops"),
        )


def downgrade() -> None:
    """Remove them; the extension may be others' too."""
    by = (op.f(f"ix_studies_{column}_id") for column in _BY)
    for name in ("ix_studies_trigrams", "ix_studies_cohort", *_FEW, *by):
        op.drop_index(name, table_name="studies", if_exists=True)
    op.drop_index("ix_findings_unacknowledged", table_name="findings", if_exists=True)


def _create_of_few(name: str, table: str, columns: list[str], only: sa.ColumnElement[bool]) -> None:
    op.create_index(name, table, columns, postgresql_where=only, sqlite_where=only)


def _is_large() -> bool:
    found = sa.text("SELECT 1 FROM studies OFFSET :large LIMIT 1")
    return op.get_bind().scalar(found, {"large": _LARGE}) is not None


def _add_trigrams() -> bool:
    """Add the extension; whether it is there."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except sa.exc.DBAPIError:  # not installed, or not ours to add
        return False
    return True
