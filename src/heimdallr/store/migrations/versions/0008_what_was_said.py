"""What a destination was told of earlier results, so that newer ones can take its place.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of what was sent before, nothing is known."""
    op.add_column(
        "outbox",
        sa.Column("series_instance_uid", sa.String(length=64), server_default="", nullable=False),
    )
    op.add_column("outbox", sa.Column("said", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    """Forget them."""
    with op.batch_alter_table("outbox") as table:
        table.drop_column("said")
        table.drop_column("series_instance_uid")
