"""An index of transactions that changed more than an hour after they were created.

A subscriber that reconnects is sent the changes that it missed. Most changes are made within an hour and are found
by the creation time of the transaction. A few are later, such as an order that a bank settles after a day: they are
found by this index.

A server of the previous revision continues to work. Creating the index takes one scan of the table, and payments wait
for it.
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
