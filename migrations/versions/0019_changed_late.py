"""Transactions that changed late: longer than an hour after they were made.

A subscriber that was away is sent what changed meanwhile. Most changes come within the hour and are found by when the
transaction was made. An order that its bank settles after a day is not, so the few of that kind have an index.

A server of the revision before goes on as it was. The index takes one scan of the table, for which payments wait.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_transactions_changed_late",
        "transactions",
        [sa.text("coalesce(source_wallet_id, destination_wallet_id)"), "updated_at", "id"],
        postgresql_where=sa.text("updated_at - created_at > interval '1 hour'"),
    )


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
