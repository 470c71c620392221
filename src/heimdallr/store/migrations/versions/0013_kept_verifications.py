"""Verifications that are kept in case folders too.

Those there are do not stand in their folders yet, and are pending.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLE = "study_verifications"
_PENDING = "ix_study_verifications_pending"


def upgrade() -> None:
    """Make the columns."""
    for name, default in (("pending", sa.true()), ("taken_back", sa.false())):
        op.add_column(_TABLE, sa.Column(name, sa.Boolean(), server_default=default, nullable=False))
    op.create_index(op.f(_PENDING), _TABLE, ["pending"], unique=False)


def downgrade() -> None:
    """Forget them; what folders say stays there."""
    op.execute("DELETE FROM study_verifications WHERE taken_back")
    op.drop_index(op.f(_PENDING), table_name=_TABLE)
    op.drop_column(_TABLE, "taken_back")
    op.drop_column(_TABLE, "pending")
