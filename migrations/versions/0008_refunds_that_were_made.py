"""An index of completed refunds by the refunded payment. Failed refunds are not in it, so they cost reads nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_transactions_refunds", "transactions")
    op.create_index(
        "ix_transactions_refunds",
        "transactions",
        ["refund_of", sa.literal_column("completed_at desc"), sa.literal_column("id desc")],
        postgresql_where=sa.text("refund_of is not null and status = 'completed'"),
    )


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
