"""An index that finds the entries of the bank account on the days of a bank's file.

Deposits and withdrawals write to it, transfers do not. It is built while payments go on: PostgreSQL reads the entries
twice, and waits for transactions that began before. A build that was interrupted leaves an index that is not valid,
so this migration always begins by removing the index. Decision 72 gives the reasons.

A server of the previous revision continues to work: it has the same statements.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # A wait for earlier transactions is a wait for locks. Meanwhile nobody waits for this migration.
        op.execute("set lock_timeout = 0")
        op.execute("drop index concurrently if exists ix_ledger_entries_bank_created")
        op.create_index(
            "ix_ledger_entries_bank_created",
            "ledger_entries",
            ["account_id", "created_at"],
            postgresql_where=sa.text("kind = 'bank'"),
            postgresql_concurrently=True,
        )
        op.execute("set lock_timeout = '3s'")


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
