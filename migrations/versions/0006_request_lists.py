"""Lists of money requests by status, changes of money requests, and closed wallets.

A page of money requests is one index scan for each requested side and status, and each scan is as long as the page.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for side in ("payer", "requester"):
        wallet = f"{side}_wallet_id"
        newest_first: list[sa.ColumnElement[str]] = [
            sa.literal_column("created_at desc"),
            sa.literal_column("id desc"),
        ]
        op.drop_index(f"ix_money_requests_{side}", "money_requests")
        op.create_index(f"ix_money_requests_{side}", "money_requests", [wallet, "status", *newest_first])
        op.create_index(f"ix_money_requests_{side}_changed", "money_requests", [wallet, "updated_at", "id"])
    op.create_index(
        "ix_wallets_closed",
        "wallets",
        ["updated_at"],
        postgresql_where=sa.text("status = 'closed'"),
    )


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
