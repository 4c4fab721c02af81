"""The ledger, and the users whose money it contains.

Creates the tables, the guards for the rules that constraints cannot express, and the grants. The guards refuse:

    law 1  a statement whose entries do not sum to zero for each transaction and currency
    law 3  UPDATE, DELETE and TRUNCATE of entries, by any role
    law 4  an entry that is not the next one in its wallet's chain, or a last entry whose balance is not the account's
    also   a change of a transaction's status that the lifecycle does not allow

The triggers are ENABLE ALWAYS, because `session_replication_role = replica` disables ordinary triggers. They name the
schema of the tables that they read, because any login can create a temporary table with the same name, which
PostgreSQL would read instead.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GUARDS = (
    """
create function ledger_entries_guard() returns trigger language plpgsql as $$
declare
    broken uuid;
begin
    select transaction_id into broken from fresh
    group by transaction_id, currency having sum(amount) <> 0 limit 1;
    if found then
        raise exception 'the entries of transaction % do not sum to zero', broken
            using errcode = '23514', constraint = 'ledger_entries_sum_to_zero', table = 'ledger_entries';
    end if;

    select f.account_id into broken
    from (
        select account_id, currency, kind, amount, sequence, balance_after,
               lag(sequence) over chain as last_sequence,
               lag(balance_after) over chain as last_balance,
               lead(account_id) over chain is null as newest
        from fresh window chain as (partition by account_id order by sequence)
    ) f
    left join lateral (
        select e.balance_after from public.ledger_entries e
        where f.last_sequence is null and e.account_id = f.account_id and e.sequence = f.sequence - 1
    ) before on true
    left join public.ledger_accounts a on a.id = f.account_id
    where a.id is null or a.currency <> f.currency or a.kind <> f.kind
       or (f.kind = 'wallet' and (
              f.sequence < 1
           or f.sequence <> coalesce(f.last_sequence + 1, f.sequence)
           or f.balance_after is distinct from f.amount + coalesce(
                  f.last_balance, before.balance_after, case when f.sequence = 1 then 0 end)
           or (f.newest and (a.sequence <> f.sequence or a.posted <> f.balance_after))))
    limit 1;
    if found then
        raise exception 'an entry of account % is not the next of its chain', broken
            using errcode = '23514', constraint = 'ledger_entries_chain', table = 'ledger_entries';
    end if;
    return null;
end $$
""",
    """
create trigger ledger_entries_guard after insert on ledger_entries
    referencing new table as fresh for each statement execute function ledger_entries_guard()
""",
    """
alter table ledger_entries enable always trigger ledger_entries_guard
""",
    """
create function ledger_entries_are_final() returns trigger language plpgsql as $$
begin
    raise exception 'ledger entries are never rewritten: % refused', tg_op
        using errcode = '23514', constraint = 'ledger_entries_append_only', table = 'ledger_entries';
end $$
""",
    """
create trigger ledger_entries_never_rewritten before update or delete on ledger_entries
    for each row execute function ledger_entries_are_final()
""",
    """
alter table ledger_entries enable always trigger ledger_entries_never_rewritten
""",
    """
create trigger ledger_entries_never_truncated before truncate on ledger_entries
    for each statement execute function ledger_entries_are_final()
""",
    """
alter table ledger_entries enable always trigger ledger_entries_never_truncated
""",
    """
create function transactions_refuse_transition() returns trigger language plpgsql as $$
begin
    raise exception 'transaction % cannot go from % to %', old.id, old.status, new.status
        using errcode = '23514', constraint = 'transactions_lifecycle', table = 'transactions';
end $$
""",
    """
create trigger transactions_lifecycle before update on transactions for each row
    when (old.status is distinct from new.status and (old.status, new.status) not in (
        ('created', 'completed'), ('created', 'pending_confirmation'), ('created', 'blocked'),
        ('created', 'failed'), ('created', 'cancelled'),
        ('pending_confirmation', 'completed'), ('pending_confirmation', 'cancelled'),
        ('pending_confirmation', 'expired'), ('pending_confirmation', 'blocked'),
        ('pending_confirmation', 'failed')))
    execute function transactions_refuse_transition()
""",
    """
alter table transactions enable always trigger transactions_lifecycle
""",
)

GRANTS = (
    "grant select, insert on ledger_accounts, ledger_entries, wallets, transactions, idempotency_keys "
    "to pocketpay_server",
    "grant update (posted, held, sequence, version, updated_at) on ledger_accounts to pocketpay_server",
    "grant update (status, frozen_for, freeze_reason, updated_at) on wallets to pocketpay_server",
    "grant update (status, risk_reasons, failure_code, failure_facts, version, updated_at, completed_at) "
    "on transactions to pocketpay_server",
    "grant select, insert, update on users to pocketpay_server",
    "grant select, insert, update, delete on sessions, refresh_tokens, throttles to pocketpay_server",
    "grant select on alembic_version to pocketpay_server, pocketpay_reader",
    "grant select on ledger_accounts, ledger_entries, wallets, transactions, idempotency_keys to pocketpay_reader",
    "grant select (id, username, name, wallet_id, created_at, closed_at) on users to pocketpay_reader",
)


def upgrade() -> None:
    # ### commands auto generated by Alembic - please adjust! ###
    op.create_table(
        "ledger_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("posted", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind <> 'wallet' or posted - held >= 0", name=op.f("ck_ledger_accounts_available_not_negative")
        ),
        sa.CheckConstraint(
            "kind = 'wallet' or (posted = 0 and held = 0 and sequence = 0)",
            name=op.f("ck_ledger_accounts_house_carries_no_balance"),
        ),
        sa.CheckConstraint(
            "kind in ('wallet', 'bank', 'fees', 'promotions', 'card_network')",
            name=op.f("ck_ledger_accounts_kind_known"),
        ),
        sa.CheckConstraint("held >= 0", name=op.f("ck_ledger_accounts_held_not_negative")),
        sa.CheckConstraint(
            "sequence >= 0 and version >= sequence",
            name=op.f("ck_ledger_accounts_version_counts_every_change"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_accounts")),
        sa.UniqueConstraint("id", "currency", "kind", name="uq_ledger_accounts_id_currency_kind"),
        postgresql_with={"fillfactor": "60"},
    )
    op.create_index(
        "uq_ledger_accounts_kind_currency_house",
        "ledger_accounts",
        ["kind", "currency"],
        unique=True,
        postgresql_where="kind <> 'wallet'",
    )
    op.create_table(
        "throttles",
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("window_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_throttles")),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_throttles_expires_at", "throttles", ["expires_at"], unique=False)
    op.create_table(
        "wallets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_kind", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("frozen_for", sa.String(), nullable=True),
        sa.Column("freeze_reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(status = 'frozen') = (frozen_for is not null)", name=op.f("ck_wallets_frozen_says_how")),
        sa.CheckConstraint("account_kind = 'wallet'", name=op.f("ck_wallets_account_is_a_wallets")),
        sa.CheckConstraint("frozen_for in ('debits', 'all')", name=op.f("ck_wallets_frozen_for_known")),
        sa.CheckConstraint("status in ('active', 'frozen', 'closed')", name=op.f("ck_wallets_status_known")),
        sa.CheckConstraint(
            "(frozen_for is null) = (freeze_reason is null)", name=op.f("ck_wallets_freeze_has_a_reason")
        ),
        sa.ForeignKeyConstraint(
            ["id", "currency", "account_kind"],
            ["ledger_accounts.id", "ledger_accounts.currency", "ledger_accounts.kind"],
            name="fk_wallets_account",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallets")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("result_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("ck_idempotency_keys_fingerprint_is_sha256")),
        sa.CheckConstraint("length(key) between 8 and 255", name=op.f("ck_idempotency_keys_key_length")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_idempotency_keys_wallet_id_wallets")),
        sa.PrimaryKeyConstraint("wallet_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "transactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("source_wallet_id", sa.Uuid(), nullable=True),
        sa.Column("destination_wallet_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("bank_name", sa.String(), nullable=True),
        sa.Column("risk_reasons", postgresql.JSONB(), nullable=False),
        sa.Column("failure_code", sa.String(), nullable=True),
        sa.Column("failure_facts", postgresql.JSONB(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'completed') = (completed_at is not null)",
            name=op.f("ck_transactions_completed_has_its_time"),
        ),
        sa.CheckConstraint(
            "(status in ('failed', 'blocked')) = (failure_code is not null)",
            name=op.f("ck_transactions_failure_has_a_code"),
        ),
        sa.CheckConstraint(
            "case type when 'send' then source_wallet_id is not null and destination_wallet_id is not null "
            "else source_wallet_id is null and destination_wallet_id is not null end",
            name=op.f("ck_transactions_type_says_whose_wallets"),
        ),
        sa.CheckConstraint(
            "status <> 'pending_confirmation' or expires_at is not null",
            name=op.f("ck_transactions_pending_expires"),
        ),
        sa.CheckConstraint(
            "status in ('created', 'pending_confirmation', 'completed', 'blocked', 'failed', 'cancelled', 'expired')",
            name=op.f("ck_transactions_status_known"),
        ),
        sa.CheckConstraint("type in ('send', 'deposit', 'bonus')", name=op.f("ck_transactions_type_known")),
        sa.CheckConstraint("amount > 0 and amount <= 10000000000000", name=op.f("ck_transactions_amount_in_range")),
        sa.CheckConstraint("fee >= 0 and fee <= 10000000000000", name=op.f("ck_transactions_fee_in_range")),
        sa.CheckConstraint("source_wallet_id <> destination_wallet_id", name=op.f("ck_transactions_not_to_oneself")),
        sa.CheckConstraint("version > 0", name=op.f("ck_transactions_version_positive")),
        sa.ForeignKeyConstraint(
            ["destination_wallet_id"], ["wallets.id"], name="fk_transactions_destination_wallet_id_wallets"
        ),
        sa.ForeignKeyConstraint(
            ["source_wallet_id"], ["wallets.id"], name="fk_transactions_source_wallet_id_wallets"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
        sa.UniqueConstraint("id", "currency", name="uq_transactions_id_currency"),
    )
    op.create_index(
        "ix_transactions_recent",
        "transactions",
        ["source_wallet_id", sa.literal_column("created_at desc")],
        unique=False,
        postgresql_where=sa.text("type = 'send' and status in ('completed', 'pending_confirmation')"),
    )
    op.create_index(
        "ix_transactions_pending",
        "transactions",
        ["source_wallet_id"],
        unique=False,
        postgresql_where=sa.text("status = 'pending_confirmation'"),
    )
    op.create_index(
        "ix_transactions_anchor_created",
        "transactions",
        [
            sa.literal_column("coalesce(source_wallet_id, destination_wallet_id)"),
            sa.literal_column("created_at desc"),
            sa.literal_column("id desc"),
        ],
        unique=False,
    )
    op.create_index(
        "ix_transactions_expiry",
        "transactions",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending_confirmation'"),
    )
    op.create_index(
        "ix_transactions_payee",
        "transactions",
        ["source_wallet_id", "destination_wallet_id"],
        unique=False,
        postgresql_where=sa.text("status = 'completed' and type = 'send'"),
    )
    op.create_index(
        "ix_transactions_received",
        "transactions",
        ["destination_wallet_id", sa.literal_column("completed_at desc"), sa.literal_column("id desc")],
        unique=False,
        postgresql_where=sa.text("status = 'completed' and source_wallet_id is not null"),
    )
    op.create_index(
        "ix_transactions_unsettled",
        "transactions",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status = 'created'"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("avatar_url", sa.String(), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role in ('member', 'operator')", name=op.f("ck_users_role_known")),
        sa.CheckConstraint("username ~ '^[a-z0-9_]{3,30}$'", name=op.f("ck_users_username_canonical")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_users_wallet_id_wallets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index(
        "ix_users_username_prefix",
        "users",
        ["username"],
        unique=False,
        postgresql_ops={"username": "text_pattern_ops"},
    )
    op.create_index(
        "ix_users_name_prefix",
        "users",
        [sa.literal_column("lower(name)").label("lower_name")],
        unique=False,
        postgresql_ops={"lower_name": "text_pattern_ops"},
    )
    op.create_index("uq_users_email", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_index("uq_users_phone", "users", ["phone"], unique=True)
    op.create_index("uq_users_username", "users", ["username"], unique=True)
    op.create_index("uq_users_wallet_id", "users", ["wallet_id"], unique=True)
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("balance_after", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'wallet') = (sequence is not null) and (kind = 'wallet') = (balance_after is not null)",
            name=op.f("ck_ledger_entries_wallets_are_chained"),
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_entries_amount_not_zero")),
        sa.CheckConstraint("balance_after >= 0", name=op.f("ck_ledger_entries_balance_not_negative")),
        sa.ForeignKeyConstraint(
            ["account_id", "currency", "kind"],
            ["ledger_accounts.id", "ledger_accounts.currency", "ledger_accounts.kind"],
            name="fk_ledger_entries_account",
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id", "currency"],
            ["transactions.id", "transactions.currency"],
            name="fk_ledger_entries_transaction",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("account_id", "sequence", name="uq_ledger_entries_account_sequence"),
        sa.UniqueConstraint("transaction_id", "account_id", name="uq_ledger_entries_transaction_account"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(
        "ix_sessions_ended", "sessions", [sa.literal_column("least(revoked_at, expires_at)")], unique=False
    )
    op.create_index(
        "ix_sessions_user_live",
        "sessions",
        ["user_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("revoked_at is null"),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_refresh_tokens_session_id_sessions")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_refresh_tokens")),
    )
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"], unique=False)

    for statement in (*GUARDS, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
