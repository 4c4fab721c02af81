"""Bank accounts that customers have linked, and the orders through them.

bank_accounts   a linked bank account: its owner, provider, status, masked name, and when to ask the provider again
bank_orders     the bank account of a deposit or withdrawal, and when to ask whether the bank has taken it back

Transfers write neither table. Servers of the previous revision ignore both.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0022"
branch_labels = None
depends_on = None

LIFECYCLE = """
create function bank_accounts_refuse_transition() returns trigger language plpgsql
set search_path to pg_catalog, pg_temp as $$
begin
    if old.status <> new.status and (old.status = 'removed' or new.status = 'pending'
        or (old.status = 'failed' and new.status = 'active')) then
        raise exception 'bank account % cannot go from % to %', old.id, old.status, new.status
            using errcode = '23514', constraint = 'bank_accounts_lifecycle', table = 'bank_accounts';
    end if;
    return new;
end $$
"""

TRIGGERS = (
    "create trigger bank_accounts_lifecycle before update on bank_accounts for each row "
    "execute function bank_accounts_refuse_transition()",
    "create trigger bank_accounts_immutable before update on bank_accounts for each row "
    "when (old.id is distinct from new.id or old.wallet_id is distinct from new.wallet_id "
    "or old.user_id is distinct from new.user_id or old.currency is distinct from new.currency "
    "or old.provider is distinct from new.provider or old.use is distinct from new.use "
    "or old.created_at is distinct from new.created_at) "
    "execute function immutable_columns_refuse_update()",
    "create trigger bank_accounts_never_removed before delete on bank_accounts for each row "
    "execute function rows_are_never_removed()",
    "create trigger bank_accounts_never_truncated before truncate on bank_accounts for each statement "
    "execute function rows_are_never_removed()",
    "create trigger bank_orders_immutable before update on bank_orders for each row "
    "when (old.transaction_id is distinct from new.transaction_id "
    "or old.bank_account_id is distinct from new.bank_account_id) "
    "execute function immutable_columns_refuse_update()",
    "create trigger bank_orders_never_removed before delete on bank_orders for each row "
    "execute function rows_are_never_removed()",
    "create trigger bank_orders_never_truncated before truncate on bank_orders for each statement "
    "execute function rows_are_never_removed()",
)

GRANTS = (
    "grant select, insert on bank_accounts, bank_orders to pocketpay_server",
    "grant update (status, reference, bank_name, last4, for_deposits, for_withdrawals, version, updated_at, "
    "next_check_at) on bank_accounts to pocketpay_server",
    "grant update (next_check_at) on bank_orders to pocketpay_server",
    "grant select on bank_accounts, bank_orders to pocketpay_reader",
)


def upgrade() -> None:
    op.create_table(
        "bank_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("use", sa.String(), nullable=False),
        sa.Column("for_deposits", sa.Boolean(), nullable=False),
        sa.Column("for_withdrawals", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("bank_name", sa.String(), nullable=False),
        sa.Column("last4", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("provider in ('simulated', 'stripe')", name=op.f("ck_bank_accounts_provider_known")),
        sa.CheckConstraint("use in ('deposit', 'withdrawal')", name=op.f("ck_bank_accounts_use_known")),
        sa.CheckConstraint(
            "status in ('pending', 'active', 'failed', 'removed')", name=op.f("ck_bank_accounts_status_known")
        ),
        sa.CheckConstraint("for_deposits or for_withdrawals", name=op.f("ck_bank_accounts_has_a_use")),
        sa.CheckConstraint("reference <> ''", name=op.f("ck_bank_accounts_reference_not_empty")),
        sa.CheckConstraint("last4 = '' or last4 ~ '^[0-9]{4}$'", name=op.f("ck_bank_accounts_last4_is_four_digits")),
        sa.CheckConstraint(
            "status <> 'pending' or next_check_at is not null", name=op.f("ck_bank_accounts_pending_is_asked_about")
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_bank_accounts_version_positive")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_bank_accounts_wallet_id_wallets")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_bank_accounts_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_accounts")),
    )
    op.create_index("uq_bank_accounts_reference", "bank_accounts", ["provider", "reference"], unique=True)
    op.create_index(
        "ix_bank_accounts_listed",
        "bank_accounts",
        ["wallet_id", sa.literal_column("created_at desc"), sa.literal_column("id desc")],
        postgresql_where=sa.text("status <> 'removed'"),
    )
    op.create_index("ix_bank_accounts_changed", "bank_accounts", ["wallet_id", "updated_at", "id"])
    op.create_index(
        "ix_bank_accounts_due",
        "bank_accounts",
        ["next_check_at"],
        postgresql_where=sa.text("next_check_at is not null"),
    )
    op.create_table(
        "bank_orders",
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("bank_account_id", sa.Uuid(), nullable=False),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["transactions.id"], name=op.f("fk_bank_orders_transaction_id_transactions")
        ),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_bank_orders_bank_account_id_bank_accounts")
        ),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_bank_orders")),
    )
    op.create_index(
        "ix_bank_orders_due", "bank_orders", ["next_check_at"], postgresql_where=sa.text("next_check_at is not null")
    )
    op.execute(LIFECYCLE)
    for trigger in TRIGGERS:
        op.execute(trigger)
        name, table = trigger.split()[2], trigger.split(" on ")[1].split()[0]
        op.execute(f"alter table {table} enable always trigger {name}")
    for statement in GRANTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
