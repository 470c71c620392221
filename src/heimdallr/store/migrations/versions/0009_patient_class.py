"""Patient classes of orders and admissions; visit and route of admission that images tell.

Of studies received earlier neither is known.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KEY = ("patient_id", "issuer", "visit", "accession_number")


def upgrade() -> None:
    """Make the table and the columns."""
    op.create_table(
        "patient_classes",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(length=64), nullable=False) for name in _KEY),
        sa.Column("patient_class", sa.String(length=16), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_classes")),
        sa.UniqueConstraint(
            *_KEY, name=op.f("uq_patient_classes_patient_id_issuer_visit_accession_number")
        ),
    )
    op.create_index(
        op.f("ix_patient_classes_received_at"), "patient_classes", ["received_at"], unique=False
    )
    for table in ("headers", "studies"):
        for name in ("visit", "route"):
            column = sa.Column(name, sa.String(length=64), server_default="", nullable=False)
            op.add_column(table, column)


def downgrade() -> None:
    """Forget them."""
    for table in ("studies", "headers"):
        for name in ("route", "visit"):
            op.drop_column(table, name)
    op.drop_table("patient_classes")
