"""Heights and weights that were entered.

Revision ID: 0007
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table; whatever the headers say still holds."""
    op.create_table(
        "body_sizes",
        sa.Column("study_fk", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("height_m", sa.Double(), nullable=True),
        sa.Column("weight_kg", sa.Double(), nullable=True),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("entered_by", sa.String(length=80), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_fk"],
            ["studies.id"],
            name=op.f("fk_body_sizes_study_fk_studies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_fk", name=op.f("pk_body_sizes")),
    )
    op.create_index(op.f("ix_body_sizes_pending"), "body_sizes", ["pending"])


def downgrade() -> None:
    """What was entered is lost."""
    op.drop_index(op.f("ix_body_sizes_pending"), table_name="body_sizes")
    op.drop_table("body_sizes")
