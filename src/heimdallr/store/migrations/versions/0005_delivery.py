"""Destinations, their rules, and the outbox: what is owed to whom, and how far that got.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = ("outbox", "delivery_news", "destination_secrets", "delivery_rules", "destinations")


def upgrade() -> None:
    """Make the tables; results that are there already are sent when a person asks for it."""
    op.create_table(
        "destinations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("peer", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("objects", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destinations")),
        sa.UniqueConstraint("name", name=op.f("uq_destinations_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "delivery_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("destination_fk", sa.Integer(), nullable=False),
        sa.Column("when", sa.String(length=16), nullable=False),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("objects", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["destination_fk"],
            ["destinations.id"],
            name=op.f("fk_delivery_rules_destination_fk_destinations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_rules")),
        sa.UniqueConstraint("name", name=op.f("uq_delivery_rules_name")),
    )
    op.create_index(
        op.f("ix_delivery_rules_destination_fk"), "delivery_rules", ["destination_fk"], unique=False
    )

    op.create_table(
        "destination_secrets",
        sa.Column("destination_fk", sa.Integer(), nullable=False),
        sa.Column("secret", sa.String(length=4000), nullable=False),
        sa.ForeignKeyConstraint(
            ["destination_fk"],
            ["destinations.id"],
            name=op.f("fk_destination_secrets_destination_fk_destinations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("destination_fk", name=op.f("pk_destination_secrets")),
    )
    op.create_table(
        "delivery_news",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_fk", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("run", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_fk"],
            ["studies.id"],
            name=op.f("fk_delivery_news_study_fk_studies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_news")),
        sa.UniqueConstraint("study_fk", "what", name=op.f("uq_delivery_news_study_fk_what")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_fk", sa.Integer(), nullable=False),
        sa.Column("destination_fk", sa.Integer(), nullable=True),
        sa.Column("destination", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("results_digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=80), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owed_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("sop_class_uid", sa.String(length=64), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("transaction_uid", sa.String(length=64), nullable=False),
        sa.Column("commitment_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("commitment_tries", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(length=64), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("called_off", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["destination_fk"],
            ["destinations.id"],
            name=op.f("fk_outbox_destination_fk_destinations"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["study_fk"],
            ["studies.id"],
            name=op.f("fk_outbox_study_fk_studies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint(
            "destination_fk",
            "study_fk",
            "results_digest",
            "kind",
            "part",
            name=op.f("uq_outbox_destination_fk_study_fk_results_digest_kind_part"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_outbox_commitment_due_at"), "outbox", ["commitment_due_at"], unique=False
    )
    op.create_index(
        op.f("ix_outbox_destination_fk_ended_at"),
        "outbox",
        ["destination_fk", "ended_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_outbox_destination_fk_sent_at"),
        "outbox",
        ["destination_fk", "sent_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_outbox_destination_fk_state_priority_id"),
        "outbox",
        ["destination_fk", "state", "priority", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_outbox_state"), "outbox", ["state"], unique=False)
    op.create_index(op.f("ix_outbox_study_fk_id"), "outbox", ["study_fk", "id"], unique=False)
    op.create_index(op.f("ix_outbox_transaction_uid"), "outbox", ["transaction_uid"], unique=False)


def downgrade() -> None:
    """Forget destinations and everything that was sent."""
    for table in _TABLES:
        op.drop_table(table)
