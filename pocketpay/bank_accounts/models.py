"""The tables of linked bank accounts, of the orders through them, and of what banks take back after settlement.

bank_accounts         the linked bank accounts; a removed one stays, for the history
bank_orders           the deposits and withdrawals through a linked bank account
bank_returns          what a bank has taken back of a settled order, and what of it is not in the books yet
bank_return_refunds   the refunds that book a return
"""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from pocketpay.database.models import UUID, SQLModel, count, datetime, key, minor, moment

PROVIDERS = ("simulated", "stripe")
USES = ("deposit", "withdrawal")
STATUSES = ("pending", "active", "failed", "removed")


class BankAccountRow(SQLModel, table=True):
    """A linked bank account. `next_check_at` is when the sweeper asks the provider about the account; null if the
    sweeper does not ask."""

    __tablename__ = "bank_accounts"
    __table_args__ = (
        CheckConstraint(f"provider in {PROVIDERS}", name="provider_known"),
        CheckConstraint(f"use in {USES}", name="use_known"),
        CheckConstraint(f"status in {STATUSES}", name="status_known"),
        CheckConstraint("for_deposits or for_withdrawals", name="has_a_use"),
        CheckConstraint("reference <> ''", name="reference_not_empty"),
        CheckConstraint("last4 = '' or last4 ~ '^[0-9]{4}$'", name="last4_is_four_digits"),
        CheckConstraint("status <> 'pending' or next_check_at is not null", name="pending_is_asked_about"),
        CheckConstraint("version > 0", name="version_positive"),
        ForeignKeyConstraint(["wallet_id"], ["wallets.id"]),
        ForeignKeyConstraint(["user_id"], ["users.id"]),
        Index("uq_bank_accounts_reference", "provider", "reference", unique=True),
        Index(
            "ix_bank_accounts_listed",
            "wallet_id",
            text("created_at desc"),
            text("id desc"),
            postgresql_where=text("status <> 'removed'"),
        ),
        Index("ix_bank_accounts_changed", "wallet_id", "updated_at", "id"),
        Index("ix_bank_accounts_due", "next_check_at", postgresql_where=text("next_check_at is not null")),
    )

    id: UUID = key()
    wallet_id: UUID
    user_id: UUID
    currency: str
    provider: str
    use: str
    for_deposits: bool
    for_withdrawals: bool
    status: str
    reference: str | None = None
    bank_name: str
    last4: str
    version: int = count()
    created_at: datetime = moment()
    updated_at: datetime = moment()
    next_check_at: datetime | None = moment(nullable=True)


class BankOrderRow(SQLModel, table=True):
    """An order through a linked bank account. `next_check_at` is when the sweeper asks whether the bank has taken the
    money back; null when the bank no longer can."""

    __tablename__ = "bank_orders"
    __table_args__ = (
        ForeignKeyConstraint(["transaction_id"], ["transactions.id"]),
        ForeignKeyConstraint(["bank_account_id"], ["bank_accounts.id"]),
        Index("ix_bank_orders_due", "next_check_at", postgresql_where=text("next_check_at is not null")),
    )

    transaction_id: UUID = key()
    bank_account_id: UUID
    next_check_at: datetime | None = moment(nullable=True)


class BankReturnRow(SQLModel, table=True):
    """What a bank has taken back of an order: see `bank_return.BankReturn`."""

    __tablename__ = "bank_returns"
    __table_args__ = (
        CheckConstraint("returned > 0", name="returned_positive"),
        CheckConstraint("outstanding >= 0", name="outstanding_not_negative"),
        ForeignKeyConstraint(["transaction_id"], ["transactions.id"]),
        ForeignKeyConstraint(["wallet_id"], ["wallets.id"]),
        Index("ix_bank_returns_wallet", "wallet_id", postgresql_where=text("outstanding > 0")),
        Index("ix_bank_returns_open", "created_at", "transaction_id", postgresql_where=text("outstanding > 0")),
    )

    transaction_id: UUID = key()
    wallet_id: UUID
    currency: str
    returned: int = minor()
    outstanding: int = minor()
    why: str
    created_at: datetime = moment()
    updated_at: datetime = moment()


class BankReturnRefundRow(SQLModel, table=True):
    """A refund that books a part of a return."""

    __tablename__ = "bank_return_refunds"
    __table_args__ = (
        ForeignKeyConstraint(["refund_id"], ["transactions.id"]),
        ForeignKeyConstraint(["transaction_id"], ["bank_returns.transaction_id"]),
        Index("ix_bank_return_refunds_transaction", "transaction_id"),
    )

    refund_id: UUID = Field(primary_key=True)
    transaction_id: UUID
