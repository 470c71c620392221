"""Which study lacks a file in quarantine; of those there are, nobody knows it.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TABLE = "quarantine"
_BY_STUDY = "ix_quarantine_study_instance_uid"
_COLUMNS = ("study_instance_uid", "sop_instance_uid")


def upgrade() -> None:
    """Make the columns."""
    for name in _COLUMNS:
        column = sa.Column(name, sa.String(64), server_default="", nullable=False)
        op.add_column(_TABLE, column)
    op.create_index(op.f(_BY_STUDY), _TABLE, ["study_instance_uid"], unique=False)


def downgrade() -> None:
    """Forget it."""
    op.drop_index(op.f(_BY_STUDY), table_name=_TABLE)
    for name in _COLUMNS:
        op.drop_column(_TABLE, name)
