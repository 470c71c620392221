"""Who verified the results of a study, who is editing one, and what waits for a verification.

Of results received earlier nobody has verified any, and no person has corrected them.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_WORKLIST = "ix_studies_worklist"
_FILTERS = (
    "received_at", "id", "state_rank", "priority", "worst_severity", "sort_date",
    "sort_turnaround", "has_results", "flagged", "search_text", "modalities", "body_regions",
    "finding_codes",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables and the columns; the worklist's index holds what it is filtered by."""
    op.create_table(
        "study_verifications",
        sa.Column("study_fk", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("verified_by", sa.String(length=80), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment", sa.String(length=2000), nullable=False),
        sa.Column("results_created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_fk"],
            ["studies.id"],
            name=op.f("fk_study_verifications_study_fk_studies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_fk", name=op.f("pk_study_verifications")),
    )
    op.create_table(
        "editing_sessions",
        sa.Column("study_fk", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_fk"],
            ["studies.id"],
            name=op.f("fk_editing_sessions_study_fk_studies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_fk", "by", "session", name=op.f("pk_editing_sessions")),
    )
    op.create_index(
        op.f("ix_editing_sessions_seen_at"), "editing_sessions", ["seen_at"], unique=False
    )
    op.add_column(
        "studies", sa.Column("results_created_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("studies", _no("corrected"))
    op.add_column(
        "studies",
        sa.Column("verified", sa.String(length=16), server_default="no", nullable=False),
    )
    op.add_column("delivery_news", _no("held"))
    op.add_column("outbox", _no("verified"))
    op.drop_index(_WORKLIST, table_name="studies")
    op.create_index(_WORKLIST, "studies", [*_FILTERS, "verified", "read_at"], unique=False)


def downgrade() -> None:
    """Forget them; what waited for a verification is news again."""
    op.drop_index(_WORKLIST, table_name="studies")
    op.create_index(_WORKLIST, "studies", [*_FILTERS, "read_at"], unique=False)
    op.execute("DELETE FROM delivery_news WHERE what = 'verified'")
    op.execute("DELETE FROM delivery_rules WHERE \"when\" = 'verified'")
    op.drop_column("outbox", "verified")
    op.drop_column("delivery_news", "held")
    for name in ("verified", "corrected", "results_created_at"):
        op.drop_column("studies", name)
    op.drop_table("editing_sessions")
    op.drop_table("study_verifications")


def _no(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
