"""Money requests, virtual cards, refunds, and batches of transfers.

money_requests     who asks whom for money; pending until it is paid, declined, cancelled or expired
cards              a card's visible data; no column can store its full number or security code
transactions       the types `request`, `card` and `refund`, each with a link to its object in the same currency;
                   `refunded`, the refunded amount, at most the amount that was moved
idempotency_keys   the refusals of batch items that created no transaction, so that a repeated batch gets the same
                   result

A unique index allows at most one unfinished or completed payment per money request.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TYPES = "'send', 'request', 'deposit', 'withdrawal', 'card', 'refund', 'bonus'"

GUARDS = (
    """
create function money_requests_refuse_transition() returns trigger language plpgsql as $$
begin
    raise exception 'money request % cannot go from % to %', old.id, old.status, new.status
        using errcode = '23514', constraint = 'money_requests_lifecycle', table = 'money_requests';
end $$
""",
    """
create trigger money_requests_lifecycle before update on money_requests for each row
    when (old.status is distinct from new.status and old.status <> 'pending')
    execute function money_requests_refuse_transition()
""",
    "alter table money_requests enable always trigger money_requests_lifecycle",
    """
create function cards_refuse_transition() returns trigger language plpgsql as $$
begin
    raise exception 'card % cannot go from % to %', old.id, old.status, new.status
        using errcode = '23514', constraint = 'cards_lifecycle', table = 'cards';
end $$
""",
    """
create trigger cards_lifecycle before update on cards for each row
    when (old.status is distinct from new.status and old.status = 'closed')
    execute function cards_refuse_transition()
""",
    "alter table cards enable always trigger cards_lifecycle",
)

GRANTS = (
    "grant select, insert on money_requests, cards to pocketpay_server",
    "grant update (status, version, updated_at) on money_requests to pocketpay_server",
    "grant update (status, per_payment_limit, monthly_limit, version, updated_at) on cards to pocketpay_server",
    "grant update (refunded) on transactions to pocketpay_server",
    "grant select on money_requests, cards to pocketpay_reader",
)


def upgrade() -> None:
    _money_requests()
    _cards()
    _transactions()
    _indexes()
    op.add_column("idempotency_keys", sa.Column("refusals", postgresql.JSONB(), nullable=True))
    for statement in (*GUARDS, *GRANTS):
        op.execute(statement)


def _money_requests() -> None:
    op.create_table(
        "money_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requester_wallet_id", sa.Uuid(), nullable=False),
        sa.Column("payer_wallet_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status in ('pending', 'paid', 'declined', 'cancelled', 'expired')",
            name=op.f("ck_money_requests_status_known"),
        ),
        sa.CheckConstraint("amount > 0 and amount <= 10000000000000", name=op.f("ck_money_requests_amount_in_range")),
        sa.CheckConstraint("requester_wallet_id <> payer_wallet_id", name=op.f("ck_money_requests_not_of_oneself")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_money_requests_expires_after_it_was_made")),
        sa.CheckConstraint("version > 0", name=op.f("ck_money_requests_version_positive")),
        sa.ForeignKeyConstraint(["requester_wallet_id"], ["wallets.id"], name="fk_money_requests_requester_wallets"),
        sa.ForeignKeyConstraint(["payer_wallet_id"], ["wallets.id"], name="fk_money_requests_payer_wallets"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_requests")),
        sa.UniqueConstraint("id", "currency", name="uq_money_requests_id_currency"),
    )
    newest_first: list[sa.ColumnElement[str]] = [sa.literal_column("created_at desc"), sa.literal_column("id desc")]
    pending = sa.text("status = 'pending'")
    op.create_index("ix_money_requests_payer", "money_requests", ["payer_wallet_id", *newest_first])
    op.create_index("ix_money_requests_requester", "money_requests", ["requester_wallet_id", *newest_first])
    op.create_index(
        "ix_money_requests_open",
        "money_requests",
        ["requester_wallet_id", "payer_wallet_id"],
        postgresql_where=pending,
    )
    op.create_index("ix_money_requests_expiry", "money_requests", ["expires_at"], postgresql_where=pending)


def _cards() -> None:
    op.create_table(
        "cards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wallet_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("last4", sa.String(), nullable=False),
        sa.Column("expiry_month", sa.Integer(), nullable=False),
        sa.Column("expiry_year", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("per_payment_limit", sa.BigInteger(), nullable=True),
        sa.Column("monthly_limit", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status in ('active', 'frozen', 'closed')", name=op.f("ck_cards_status_known")),
        sa.CheckConstraint("last4 ~ '^[0-9]{4}$'", name=op.f("ck_cards_last4_is_four_digits")),
        sa.CheckConstraint("expiry_month between 1 and 12", name=op.f("ck_cards_expiry_month_known")),
        sa.CheckConstraint("per_payment_limit > 0 and monthly_limit > 0", name=op.f("ck_cards_limits_positive")),
        sa.CheckConstraint("version > 0", name=op.f("ck_cards_version_positive")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_cards_wallet_id_wallets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cards")),
        sa.UniqueConstraint("id", "currency", name="uq_cards_id_currency"),
    )
    op.create_index(
        "ix_cards_wallet",
        "cards",
        ["wallet_id", sa.literal_column("created_at desc"), sa.literal_column("id desc")],
    )


def _transactions() -> None:
    op.add_column("transactions", sa.Column("request_id", sa.Uuid(), nullable=True))
    op.add_column("transactions", sa.Column("card_id", sa.Uuid(), nullable=True))
    op.add_column("transactions", sa.Column("refund_of", sa.Uuid(), nullable=True))
    op.add_column("transactions", sa.Column("refunded", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    for column, table in (("request_id", "money_requests"), ("card_id", "cards"), ("refund_of", "transactions")):
        op.create_foreign_key(
            f"fk_transactions_{column.removesuffix('_id')}",
            "transactions",
            table,
            [column, "currency"],
            ["id", "currency"],
        )
    op.drop_constraint(op.f("ck_transactions_type_known"), "transactions")
    op.create_check_constraint(op.f("ck_transactions_type_known"), "transactions", f"type in ({TYPES})")
    op.drop_constraint(op.f("ck_transactions_type_says_whose_wallets"), "transactions")
    op.create_check_constraint(
        op.f("ck_transactions_type_says_whose_wallets"),
        "transactions",
        "case when type in ('send', 'request') "
        "then source_wallet_id is not null and destination_wallet_id is not null "
        "when type in ('withdrawal', 'card') then source_wallet_id is not null and destination_wallet_id is null "
        "when type = 'refund' then source_wallet_id is not null or destination_wallet_id is not null "
        "else source_wallet_id is null and destination_wallet_id is not null end",
    )
    op.create_check_constraint(
        op.f("ck_transactions_type_says_what_it_is_about"),
        "transactions",
        "(type = 'request') = (request_id is not null) and (type = 'card') = (card_id is not null) "
        "and (type = 'refund') = (refund_of is not null)",
    )
    op.create_check_constraint(
        op.f("ck_transactions_refunded_within_the_original"),
        "transactions",
        "refunded = 0 or (refunded > 0 and refunded - fee <= amount and status = 'completed' and type <> 'refund')",
    )


def _indexes() -> None:
    op.drop_index("ix_transactions_payee", "transactions")
    op.create_index(
        "ix_transactions_payee",
        "transactions",
        ["source_wallet_id", "destination_wallet_id"],
        postgresql_where=sa.text("status = 'completed' and type in ('send', 'request') and refunded < amount"),
    )
    op.create_index(
        "uq_transactions_request_live",
        "transactions",
        ["request_id"],
        unique=True,
        postgresql_where=sa.text(
            "request_id is not null and status in ('created', 'pending_confirmation', 'completed')"
        ),
    )
    op.create_index(
        "ix_transactions_request",
        "transactions",
        ["request_id", sa.literal_column("created_at desc"), sa.literal_column("id desc")],
        postgresql_where=sa.text("request_id is not null"),
    )
    op.create_index(
        "ix_transactions_card",
        "transactions",
        ["card_id", "completed_at"],
        postgresql_include=["amount"],
        postgresql_where=sa.text("card_id is not null and status = 'completed'"),
    )
    op.create_index(
        "ix_transactions_refunds",
        "transactions",
        ["refund_of", sa.literal_column("created_at desc")],
        postgresql_where=sa.text("refund_of is not null"),
    )


def downgrade() -> None:
    raise NotImplementedError("the books are never taken down: restore a backup instead")
