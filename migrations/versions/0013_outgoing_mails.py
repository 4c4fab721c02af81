"""The outbox of mails: written in the unit of work that needs a mail, and sent by the server that claims it.

This revision only adds a table, so a server of the previous revision continues to work. When that server closes a
wallet, it leaves the owner's mails in the table; they are deleted MAIL_KEEP_DAYS after they were sent.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "outgoing_mails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.CheckConstraint("status in ('waiting', 'sent', 'failed')", name=op.f("ck_outgoing_mails_status_known")),
        sa.CheckConstraint(
            "(status = 'waiting') = (finished_at is null)", name=op.f("ck_outgoing_mails_finished_has_its_time")
        ),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_outgoing_mails_tries_not_negative")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_outgoing_mails_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mails")),
    )
    op.create_index("uq_outgoing_mails_user_event", "outgoing_mails", ["user_id", "event"], unique=True)
    for column, condition in (
        ("due_at", "status = 'waiting'"),
        ("expires_at", "status = 'waiting'"),
        ("finished_at", "status <> 'waiting'"),
    ):
        op.create_index(
            f"ix_outgoing_mails_{column}", "outgoing_mails", [column], postgresql_where=sa.text(condition)
        )
    op.execute("grant select, insert, update, delete on outgoing_mails to pocketpay_server")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
