"""Segmentations and structure sets of other tools that wait to become proposals.

What was received earlier is not read again: its study was worked on with it.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "drawn_objects",
        sa.Column("instance_fk", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sender", sa.String(length=80), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_fk"],
            ["instances.id"],
            name=op.f("fk_drawn_objects_instance_fk_instances"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("instance_fk", name=op.f("pk_drawn_objects")),
    )


def downgrade() -> None:
    """Forget them; the objects themselves are kept with their studies."""
    op.drop_table("drawn_objects")
