"""Heights and weights that were entered; what is to be fetched from an archive.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables; whatever the headers say still holds, and nothing is fetched yet."""
    op.create_table(
        "study_body_sizes",
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
            name=op.f("fk_study_body_sizes_study_fk_studies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_fk", name=op.f("pk_study_body_sizes")),
    )
    op.create_index(op.f("ix_study_body_sizes_pending"), "study_body_sizes", ["pending"])
    op.create_table(
        "fetch_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_fk", sa.Integer(), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["study_fk"],
            ["studies.id"],
            name=op.f("fk_fetch_requests_study_fk_studies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fetch_requests")),
        sa.UniqueConstraint(
            "study_fk",
            "study_instance_uid",
            name=op.f("uq_fetch_requests_study_fk_study_instance_uid"),
        ),
    )
    op.create_index(
        op.f("ix_fetch_requests_state_next_attempt_at"),
        "fetch_requests",
        ["state", "next_attempt_at"],
    )
    op.create_index(
        op.f("ix_fetch_requests_study_instance_uid"), "fetch_requests", ["study_instance_uid"]
    )


def downgrade() -> None:
    """What was entered is lost, and what was still to be fetched."""
    op.drop_index(op.f("ix_fetch_requests_study_instance_uid"), table_name="fetch_requests")
    op.drop_index(op.f("ix_fetch_requests_state_next_attempt_at"), table_name="fetch_requests")
    op.drop_table("fetch_requests")
    op.drop_index(op.f("ix_study_body_sizes_pending"), table_name="study_body_sizes")
    op.drop_table("study_body_sizes")
