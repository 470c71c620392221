"""What is said to people is kept as a code with parameters beside its English text.

Rows of earlier results have the text only, until they are indexed again.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ONE = (("measurements", "reason_coded"), ("findings", "title_coded"))
_SEVERAL = (
    ("studies", "notices_coded"),
    ("series", "reasons_coded"),
    ("findings", "caveats_coded"),
)


def upgrade() -> None:
    """Add the columns."""
    for table, column in _ONE:
        op.add_column(table, sa.Column(column, sa.JSON(), nullable=True))
    for table, column in _SEVERAL:
        op.add_column(table, sa.Column(column, sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    """Remove them; the texts stay."""
    for table, column in (*_ONE, *_SEVERAL):
        op.drop_column(table, column)
