"""The tables of transactions, of the usage of limits, and of the blocks that a search reads."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from pocketpay.database.models import UUID, SQLModel, count, datetime, key, minor, moment

TYPES = ("send", "request", "deposit", "withdrawal", "card", "refund", "bonus")
STATUSES = ("created", "pending_confirmation", "completed", "blocked", "failed", "cancelled", "expired")
LIMITS = ("deposit", "withdrawal", "transfer")
MAX_MINOR = 10_000_000_000_000
"""The largest amount: 10,000,000,000.000 in minor units of a currency with three decimals, the most that exist."""

ANCHOR = "coalesce(source_wallet_id, destination_wallet_id)"
"""The wallet that owns a transaction: its source, or its destination when the money comes from outside."""


class TransactionRow(SQLModel, table=True):
    __tablename__ = "transactions"
    __table_args__ = (
        CheckConstraint(f"type in {TYPES}", name="type_known"),
        CheckConstraint(f"status in {STATUSES}", name="status_known"),
        CheckConstraint(f"amount > 0 and amount <= {MAX_MINOR}", name="amount_in_range"),
        CheckConstraint(f"fee >= 0 and fee <= {MAX_MINOR}", name="fee_in_range"),
        CheckConstraint(
            "case when type in ('send', 'request') "
            "then source_wallet_id is not null and destination_wallet_id is not null "
            "when type in ('withdrawal', 'card') then source_wallet_id is not null and destination_wallet_id is null "
            "when type = 'refund' then source_wallet_id is not null or destination_wallet_id is not null "
            "else source_wallet_id is null and destination_wallet_id is not null end",
            name="type_says_whose_wallets",
        ),
        CheckConstraint("source_wallet_id <> destination_wallet_id", name="not_to_oneself"),
        CheckConstraint("(status = 'completed') = (completed_at is not null)", name="completed_has_its_time"),
        CheckConstraint("status <> 'pending_confirmation' or expires_at is not null", name="pending_expires"),
        CheckConstraint("(status in ('failed', 'blocked')) = (failure_code is not null)", name="failure_has_a_code"),
        CheckConstraint(
            "status <> 'created' or type not in ('deposit', 'withdrawal') or ask_again_at is not null",
            name="created_is_asked_about_again",
        ),
        CheckConstraint(
            "(type = 'request') = (request_id is not null) and (type = 'card') = (card_id is not null) "
            "and (type = 'refund') = (refund_of is not null)",
            name="type_says_what_it_is_about",
        ),
        CheckConstraint(
            "refunded = 0 or (refunded > 0 and refunded - fee <= amount "
            "and status = 'completed' and type <> 'refund')",
            name="refunded_within_the_original",
        ),
        CheckConstraint(
            "uncounted = 0 or (uncounted > 0 and uncounted <= refunded and uncounted <= amount)",
            name="uncounted_was_given_back",
        ),
        CheckConstraint("version > 0", name="version_positive"),
        ForeignKeyConstraint(
            ["request_id", "currency"],
            ["money_requests.id", "money_requests.currency"],
            name="fk_transactions_request",
        ),
        ForeignKeyConstraint(["card_id", "currency"], ["cards.id", "cards.currency"], name="fk_transactions_card"),
        ForeignKeyConstraint(
            ["refund_of", "currency"], ["transactions.id", "transactions.currency"], name="fk_transactions_refund_of"
        ),
        UniqueConstraint("id", "currency", name="uq_transactions_id_currency"),
        Index("ix_transactions_anchor_created", text(ANCHOR), text("created_at desc"), text("id desc")),
        Index(
            "ix_transactions_changed_late",
            text(ANCHOR),
            "updated_at",
            "id",
            postgresql_where=text("updated_at - created_at > interval '1 hour'"),
        ),
        Index(
            "ix_transactions_received",
            "destination_wallet_id",
            text("completed_at desc"),
            text("id desc"),
            postgresql_where=text("status = 'completed' and source_wallet_id is not null"),
        ),
        Index(
            "ix_transactions_payee",
            "source_wallet_id",
            "destination_wallet_id",
            postgresql_where=text("status = 'completed' and type in ('send', 'request') and refunded < amount"),
        ),
        Index(
            "ix_transactions_recent",
            text(ANCHOR),
            "type",
            text("created_at desc"),
            postgresql_where=text("status in ('created', 'pending_confirmation', 'completed')"),
        ),
        Index(
            "ix_transactions_pending",
            "source_wallet_id",
            postgresql_where=text("status = 'pending_confirmation'"),
        ),
        Index("ix_transactions_expiry", "expires_at", postgresql_where=text("status = 'pending_confirmation'")),
        Index("ix_transactions_unsettled", "ask_again_at", postgresql_where=text("status = 'created'")),
        Index(
            "uq_transactions_request_live",
            "request_id",
            unique=True,
            postgresql_where=text(
                "request_id is not null and status in ('created', 'pending_confirmation', 'completed')"
            ),
        ),
        Index(
            "ix_transactions_request",
            "request_id",
            text("created_at desc"),
            text("id desc"),
            postgresql_where=text("request_id is not null"),
        ),
        Index(
            "ix_transactions_refunds",
            "refund_of",
            text("completed_at desc"),
            text("id desc"),
            postgresql_where=text("refund_of is not null and status = 'completed'"),
        ),
    )

    id: UUID = key()
    type: str
    status: str
    currency: str
    source_wallet_id: UUID | None = None
    destination_wallet_id: UUID | None = None
    amount: int = minor()
    fee: int = minor()
    description: str
    bank_name: str | None = None
    request_id: UUID | None = None
    card_id: UUID | None = None
    refund_of: UUID | None = None
    refunded: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    uncounted: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    risk_reasons: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    failure_code: str | None = None
    failure_facts: dict[str, Any] | None = Field(sa_column=Column(JSONB))
    expires_at: datetime | None = moment(nullable=True)
    version: int = count()
    created_at: datetime = moment()
    updated_at: datetime = moment()
    completed_at: datetime | None = moment(nullable=True)
    ask_again_at: datetime | None = moment(nullable=True)


class WalletUsageRow(SQLModel, table=True):
    """The amount of one limit that a wallet used in one hour: the sum of the payments that were ordered in that hour
    and still count."""

    __tablename__ = "wallet_usage"
    __table_args__ = (
        ForeignKeyConstraint(["wallet_id"], ["wallets.id"]),
        CheckConstraint(f"kind in {LIMITS}", name="kind_known"),
        CheckConstraint("extract(epoch from hour) % 3600 = 0", name="hour_is_whole"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        {"postgresql_with": {"fillfactor": "60"}},
    )

    wallet_id: UUID = key()
    kind: str = Field(primary_key=True)
    hour: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    amount: int = minor()


class SearchBlockRow(SQLModel, table=True):
    """The descriptions of consecutive transactions of one wallet: all that became visible to it from `since` until
    before `until`. They are folded by `search_key`, oldest first, and separated by newlines.

    `entries` is the number of the wallet's ledger entries until then. A block is never changed.
    """

    __tablename__ = "search_blocks"
    __table_args__ = (
        ForeignKeyConstraint(["wallet_id"], ["wallets.id"]),
        CheckConstraint("since < until", name="since_before_until"),
        CheckConstraint("entries >= 0", name="entries_not_negative"),
    )

    wallet_id: UUID = key()
    since: datetime = Field(primary_key=True, sa_type=DateTime(timezone=True))
    until: datetime = moment()
    entries: int = count()
    descriptions: str
