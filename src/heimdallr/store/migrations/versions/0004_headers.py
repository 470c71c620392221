"""What images say of their patient is kept; a study may be held; an event may tell before and after.

Of studies received earlier only one header is known, the one their row was made of.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_HEADERS = """
INSERT INTO headers (
    study_fk, patient_id, issuer, patient_name, birth_date, sex, age_years, accession_number,
    study_date, study_time, description, institution, corrects, declared
)
SELECT studies.id, studies.patient_id, coalesce(patients.issuer, ''), studies.patient_name,
    patients.birth_date, studies.sex, studies.age_years, studies.accession_number,
    studies.study_date, studies.study_time, studies.description, studies.institution, false, false
FROM studies LEFT JOIN patients ON patients.id = studies.patient_fk
"""
_INSTANCES = """
UPDATE instances SET header_fk = (
    SELECT headers.id FROM headers WHERE headers.study_fk = instances.study_fk
)
"""
_BIRTH_DATES = """
UPDATE studies SET birth_date = (
    SELECT patients.birth_date FROM patients WHERE patients.id = studies.patient_fk
)
"""
_MIXED = """
UPDATE studies SET patients = 2 WHERE id IN (
    SELECT study_fk FROM events WHERE kind = 'mixed_patients'
)
"""
_RANKS = "UPDATE studies SET state_rank = state_rank + 1 WHERE state_rank >= 1"  # held comes second


def upgrade() -> None:
    """Make the table, and fill it with what is known."""
    op.create_table(
        "headers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_fk", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(64), nullable=False),
        sa.Column("issuer", sa.String(64), nullable=False),
        sa.Column("patient_name", sa.String(324), nullable=False),
        sa.Column("birth_date", sa.String(length=8), nullable=True),
        sa.Column("sex", sa.String(length=1), nullable=True),
        sa.Column("age_years", sa.Double(), nullable=True),
        sa.Column("accession_number", sa.String(64), nullable=False),
        sa.Column("study_date", sa.String(length=8), nullable=True),
        sa.Column("study_time", sa.String(length=16), nullable=True),
        sa.Column("description", sa.String(256), nullable=False),
        sa.Column("institution", sa.String(256), nullable=False),
        sa.Column("corrects", sa.Boolean(), nullable=False),
        sa.Column("declared", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_fk"],
            ["studies.id"],
            name=op.f("fk_headers_study_fk_studies"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_headers")),
    )
    op.create_index(op.f("ix_headers_study_fk"), "headers", ["study_fk"], unique=False)
    op.add_column("studies", sa.Column("birth_date", sa.String(length=8), nullable=True))
    op.add_column(
        "studies", sa.Column("patients", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column("events", sa.Column("changes", sa.JSON(), server_default="[]", nullable=False))
    with op.batch_alter_table("instances") as instances:
        instances.add_column(sa.Column("header_fk", sa.Integer(), nullable=True))
        instances.create_foreign_key(
            op.f("fk_instances_header_fk_headers"),
            "headers",
            ["header_fk"],
            ["id"],
            ondelete="SET NULL",
        )
        instances.create_index(op.f("ix_instances_header_fk"), ["header_fk"])
    for change in (_HEADERS, _INSTANCES, _BIRTH_DATES, _MIXED, _RANKS):
        op.execute(change)


def downgrade() -> None:
    """Forget it all; a study that is held is queued by nobody, so it becomes cancelled."""
    op.execute("UPDATE studies SET state = 'cancelled', state_rank = 9 WHERE state = 'held'")
    op.execute("UPDATE studies SET state_rank = state_rank - 1 WHERE state_rank > 1")
    with op.batch_alter_table("instances") as instances:
        instances.drop_index(op.f("ix_instances_header_fk"))
        instances.drop_constraint(op.f("fk_instances_header_fk_headers"), "foreignkey")
        instances.drop_column("header_fk")
    op.drop_column("events", "changes")
    op.drop_column("studies", "patients")
    op.drop_column("studies", "birth_date")
    op.drop_index(op.f("ix_headers_study_fk"), table_name="headers")
    op.drop_table("headers")
