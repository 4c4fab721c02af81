"""The record of audits, and the checkpoint from which an incremental audit continues.

audit_runs       a row for each recorded audit
audit_laws       the run at which each law with an incremental query was proved last
audit_accounts   the state of each wallet's account at that run

Only the owner of the tables may write them; servers and readers may read. The tables are empty until the first
recorded audit. A server of the previous revision continues to work and ignores them.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0029"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("findings", sa.BigInteger(), nullable=False),
        sa.Column("sample", JSONB(), nullable=False),
        sa.Column("laws", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("whole_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.CheckConstraint("kind in ('whole', 'incremental')", name=op.f("ck_audit_runs_kind_known")),
        sa.CheckConstraint(
            "began_at <= finished_at and whole_at <= began_at", name=op.f("ck_audit_runs_times_in_order")
        ),
        sa.CheckConstraint("ok = (findings = 0) and findings >= 0", name=op.f("ck_audit_runs_ok_without_findings")),
        sa.CheckConstraint(
            "kind <> 'whole' or whole_at = began_at", name=op.f("ck_audit_runs_whole_rests_on_itself")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_runs")),
    )
    op.create_index("ix_audit_runs_finished_at", "audit_runs", ["finished_at"])
    op.create_table(
        "audit_laws",
        sa.Column("law", sa.String(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["audit_runs.id"], name="fk_audit_laws_run_id_audit_runs"),
        sa.PrimaryKeyConstraint("law", name=op.f("pk_audit_laws")),
    )
    op.create_table(
        "audit_accounts",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("posted", sa.BigInteger(), nullable=False),
        sa.Column("blocks_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_audit_accounts")),
    )
    op.execute("grant select on audit_runs, audit_laws, audit_accounts to pocketpay_server, pocketpay_reader")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
