"""What banks take back after settlement.

bank_returns          the amount that the bank has taken back of an order, and the part that is not in the books yet
bank_return_refunds   the refunds that book a return

The returned amount of an order never shrinks. Servers of the previous revision ignore both tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

NEVER_SHRINKS = """
create function bank_returns_refuse_change() returns trigger language plpgsql
set search_path to pg_catalog, pg_temp as $$
begin
    if new.transaction_id is distinct from old.transaction_id or new.wallet_id is distinct from old.wallet_id
        or new.currency is distinct from old.currency or new.created_at is distinct from old.created_at
        or new.returned < old.returned then
        raise exception 'the return of transaction % never shrinks or changes its wallet', old.transaction_id
            using errcode = '23514', constraint = 'bank_returns_never_shrink', table = 'bank_returns';
    end if;
    return new;
end $$
"""

TRIGGERS = (
    "create trigger bank_returns_never_shrink before update on bank_returns for each row "
    "execute function bank_returns_refuse_change()",
    "create trigger bank_returns_never_removed before delete on bank_returns for each row "
    "execute function rows_are_never_removed()",
    "create trigger bank_returns_never_truncated before truncate on bank_returns for each statement "
    "execute function rows_are_never_removed()",
    "create trigger bank_return_refunds_never_rewritten before update or delete on bank_return_refunds for each row "
    "execute function bank_rows_are_final()",
    "create trigger bank_return_refunds_never_truncated before truncate on bank_return_refunds for each statement "
    "execute function bank_rows_are_final()",
)

GRANTS = (
    "grant select, insert on bank_returns, bank_return_refunds to pocketpay_server",
    "grant update (returned, outstanding, why, updated_at) on bank_returns to pocketpay_server",
    "grant select on bank_returns, bank_return_refunds to pocketpay_reader",
)


def upgrade() -> None:
    op.create_table(
        "bank_returns",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("outstanding", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("returned > 0", name=op.f("ck_bank_returns_returned_positive")),
        sa.CheckConstraint("outstanding >= 0", name=op.f("ck_bank_returns_outstanding_not_negative")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["transactions.id"], name=op.f("fk_bank_returns_transaction_id_transactions")
        ),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_bank_returns_wallet_id_wallets")),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_bank_returns")),
    )
    outstanding = sa.text("outstanding > 0")
    op.create_index("ix_bank_returns_wallet", "bank_returns", ["wallet_id"], postgresql_where=outstanding)
    op.create_index(
        "ix_bank_returns_open", "bank_returns", ["created_at", "transaction_id"], postgresql_where=outstanding
    )
    op.create_table(
        "bank_return_refunds",
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["transactions.id"], name=op.f("fk_bank_return_refunds_refund_id_transactions")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["bank_returns.transaction_id"],
            name=op.f("fk_bank_return_refunds_transaction_id_bank_returns"),
        ),
        sa.PrimaryKeyConstraint("refund_id", name=op.f("pk_bank_return_refunds")),
    )
    op.create_index("ix_bank_return_refunds_transaction", "bank_return_refunds", ["transaction_id"])
    op.execute(NEVER_SHRINKS)
    for trigger in TRIGGERS:
        op.execute(trigger)
        name, table = trigger.split()[2], trigger.split(" on ")[1].split()[0]
        op.execute(f"alter table {table} enable always trigger {name}")
    for statement in GRANTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
