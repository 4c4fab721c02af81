"""Withdrawals to a bank, and the used amount of each wallet's limits.

transactions                 the type `withdrawal`, which has only a source; the time of the next query to the bank
wallet_usage                 a row for each wallet, limit and hour; filled here from the existing transactions
ix_transactions_unsettled    unsettled transactions by the time of the next query to the bank
ix_transactions_recent       unfinished and completed transactions of all types, for limits and risk rules
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

USED_SO_FAR = """
insert into wallet_usage (wallet_id, kind, hour, amount)
select coalesce(source_wallet_id, destination_wallet_id), case type when 'send' then 'transfer' else type end,
    date_trunc('hour', created_at, 'UTC'), sum(amount)
from transactions
where type in ('send', 'deposit') and status in ('created', 'pending_confirmation', 'completed')
group by 1, 2, 3
"""

GRANTS = (
    "grant select, insert on wallet_usage to pocketpay_server",
    "grant update (amount) on wallet_usage to pocketpay_server",
    "grant select on wallet_usage to pocketpay_reader",
    "grant update (ask_again_at) on transactions to pocketpay_server",
)


def upgrade() -> None:
    _withdrawals()
    _asking_again()
    _usage()
    for statement in GRANTS:
        op.execute(statement)


def _withdrawals() -> None:
    op.drop_constraint(op.f("ck_transactions_type_known"), "transactions")
    op.create_check_constraint(
        op.f("ck_transactions_type_known"), "transactions", "type in ('send', 'deposit', 'withdrawal', 'bonus')"
    )
    op.drop_constraint(op.f("ck_transactions_type_says_whose_wallets"), "transactions")
    op.create_check_constraint(
        op.f("ck_transactions_type_says_whose_wallets"),
        "transactions",
        "case type when 'send' then source_wallet_id is not null and destination_wallet_id is not null "
        "when 'withdrawal' then source_wallet_id is not null and destination_wallet_id is null "
        "else source_wallet_id is null and destination_wallet_id is not null end",
    )


def _asking_again() -> None:
    op.add_column("transactions", sa.Column("ask_again_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("update transactions set ask_again_at = created_at + interval '10 seconds' where status = 'created'")
    op.create_check_constraint(
        op.f("ck_transactions_created_is_asked_about_again"),
        "transactions",
        "status <> 'created' or type not in ('deposit', 'withdrawal') or ask_again_at is not null",
    )
    op.drop_index("ix_transactions_unsettled", "transactions")
    op.create_index(
        "ix_transactions_unsettled",
        "transactions",
        ["ask_again_at"],
        unique=False,
        postgresql_where=sa.text("status = 'created'"),
    )


def _usage() -> None:
    op.create_table(
        "wallet_usage",
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind in ('deposit', 'withdrawal', 'transfer')", name=op.f("ck_wallet_usage_kind_known")),
        sa.CheckConstraint("extract(epoch from hour) % 3600 = 0", name=op.f("ck_wallet_usage_hour_is_whole")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_wallet_usage_amount_not_negative")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_wallet_usage_wallet_id_wallets")),
        sa.PrimaryKeyConstraint("wallet_id", "kind", "hour", name=op.f("pk_wallet_usage")),
        postgresql_with={"fillfactor": "60"},
    )
    op.execute(USED_SO_FAR)
    op.drop_index("ix_transactions_recent", "transactions")
    op.create_index(
        "ix_transactions_recent",
        "transactions",
        [
            sa.literal_column("coalesce(source_wallet_id, destination_wallet_id)"),
            "type",
            sa.literal_column("created_at desc"),
        ],
        unique=False,
        postgresql_where=sa.text("status in ('created', 'pending_confirmation', 'completed')"),
    )


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
