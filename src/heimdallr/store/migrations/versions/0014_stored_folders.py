"""What lies in an object store.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TABLE = "stored_folders"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("originals", "results", name="stored", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("workflow_id", sa.String(length=64), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("manifest", sa.String(length=64), nullable=False),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_folders")),
        sa.UniqueConstraint(
            "study_id",
            "kind",
            "workflow_id",
            name=op.f("uq_stored_folders_study_id_kind_workflow_id"),
        ),
    )


def downgrade() -> None:
    """Forget them; what is left in the store is the only copy of nothing."""
    op.drop_table(_TABLE)
