"""Name studies by number in the audit trail; remember when a password was set.

Case IDs begin with a patient's surname. A study that is gone has no number any more to be found by:
its case ID stays.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from heimdallr.clock import utc_now

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One-time passwords that are open now count from now."""
    op.add_column("users", sa.Column("password_set_at", sa.DateTime(timezone=True), nullable=True))
    users = sa.table(
        "users", sa.column("password_set_at", sa.DateTime(timezone=True)),
        sa.column("must_change_password", sa.Boolean()),
    )  # fmt: skip
    now = utc_now()
    op.execute(users.update().where(users.c.must_change_password).values(password_set_at=now))

    audit = sa.table("audit", sa.column("object", sa.String()))
    studies = sa.table("studies", sa.column("id", sa.Integer()), sa.column("case_id", sa.String()))
    number = sa.literal("study:").concat(sa.cast(studies.c.id, sa.String()))
    same = studies.c.case_id == audit.c.object
    op.execute(
        audit.update()
        .where(sa.exists().where(same))
        .values(object=sa.select(number).where(same).scalar_subquery())
    )
