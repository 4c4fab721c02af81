"""The table of money requests."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text

from pocketpay.database.models import UUID, SQLModel, count, datetime, key, minor, moment

STATUSES = ("pending", "paid", "declined", "cancelled", "expired")
MAX_MINOR = 10_000_000_000_000
"""The largest amount of a transaction, in minor units: 10,000,000,000.000 in a currency with three decimals."""

PENDING = "status = 'pending'"


class MoneyRequestRow(SQLModel, table=True):
    __tablename__ = "money_requests"
    __table_args__ = (
        CheckConstraint(f"status in {STATUSES}", name="status_known"),
        CheckConstraint(f"amount > 0 and amount <= {MAX_MINOR}", name="amount_in_range"),
        CheckConstraint("requester_wallet_id <> payer_wallet_id", name="not_of_oneself"),
        CheckConstraint("expires_at > created_at", name="expires_after_it_was_made"),
        CheckConstraint("version > 0", name="version_positive"),
        ForeignKeyConstraint(["requester_wallet_id"], ["wallets.id"], name="fk_money_requests_requester_wallets"),
        ForeignKeyConstraint(["payer_wallet_id"], ["wallets.id"], name="fk_money_requests_payer_wallets"),
        UniqueConstraint("id", "currency", name="uq_money_requests_id_currency"),
        Index("ix_money_requests_payer", "payer_wallet_id", "status", text("created_at desc"), text("id desc")),
        Index(
            "ix_money_requests_requester", "requester_wallet_id", "status", text("created_at desc"), text("id desc")
        ),
        Index("ix_money_requests_payer_changed", "payer_wallet_id", "updated_at", "id"),
        Index("ix_money_requests_requester_changed", "requester_wallet_id", "updated_at", "id"),
        Index("ix_money_requests_open", "requester_wallet_id", "payer_wallet_id", postgresql_where=text(PENDING)),
        Index("ix_money_requests_expiry", "expires_at", postgresql_where=text(PENDING)),
    )

    id: UUID = key()
    requester_wallet_id: UUID
    payer_wallet_id: UUID
    currency: str
    amount: int = minor()
    description: str
    status: str
    expires_at: datetime = moment()
    version: int = count()
    created_at: datetime = moment()
    updated_at: datetime = moment()
