"""The descriptions of long histories in blocks, so that a search skips the blocks without its text.

search_blocks   a row for each block: about a hundred consecutive transactions of one wallet, with their descriptions

The table is empty at first. The servers fill it in the background from transactions that are at least ten minutes
old. A search is correct before and faster after. A server of the previous revision continues to work and ignores it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0021"
branch_labels = None
depends_on = None

GRANTS = (
    "grant select, insert on search_blocks to pocketpay_server",
    "grant select on search_blocks to pocketpay_reader",
)


def upgrade() -> None:
    op.create_table(
        "search_blocks",
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("descriptions", sa.String(), nullable=False),
        sa.CheckConstraint("since < until", name=op.f("ck_search_blocks_since_before_until")),
        sa.CheckConstraint("entries >= 0", name=op.f("ck_search_blocks_entries_not_negative")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_search_blocks_wallet_id_wallets")),
        sa.PrimaryKeyConstraint("wallet_id", "since", name=op.f("pk_search_blocks")),
    )
    # A search reads every block of a wallet: inline they are read without a second lookup.
    op.execute("alter table search_blocks alter column descriptions set storage main")
    for statement in GRANTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
