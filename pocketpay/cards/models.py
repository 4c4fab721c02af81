"""The table of virtual cards. Card numbers and security codes are not stored."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from pocketpay.database.models import UUID, SQLModel, count, datetime, key, minor, moment

STATUSES = ("active", "frozen", "closed")


class CardRow(SQLModel, table=True):
    __tablename__ = "cards"
    __table_args__ = (
        CheckConstraint(f"status in {STATUSES}", name="status_known"),
        CheckConstraint("last4 ~ '^[0-9]{4}$'", name="last4_is_four_digits"),
        CheckConstraint("expiry_month between 1 and 12", name="expiry_month_known"),
        CheckConstraint("per_payment_limit > 0 and monthly_limit > 0", name="limits_positive"),
        CheckConstraint("spent >= 0", name="spent_not_negative"),
        CheckConstraint("extract(day from spent_in) = 1", name="spent_in_a_month"),
        CheckConstraint("version > 0", name="version_positive"),
        ForeignKeyConstraint(["wallet_id"], ["wallets.id"]),
        UniqueConstraint("id", "currency", name="uq_cards_id_currency"),
        Index("ix_cards_wallet", "wallet_id", text("created_at desc"), text("id desc")),
        Index(
            "ix_cards_open",
            "wallet_id",
            text("created_at desc"),
            text("id desc"),
            postgresql_where=text("status <> 'closed'"),
        ),
    )

    id: UUID = key()
    wallet_id: UUID
    currency: str
    label: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int
    status: str
    per_payment_limit: int | None = Field(default=None, sa_type=BigInteger)
    monthly_limit: int | None = Field(default=None, sa_type=BigInteger)
    spent: int = minor()
    spent_in: date
    version: int = count()
    created_at: datetime = moment()
    updated_at: datetime = moment()
