"""The table of welcome bonuses that verified addresses have earned."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text

from pocketpay.database.models import UUID, SQLModel, datetime, key, minor, moment


class WelcomeBonusRow(SQLModel, table=True):
    """A welcome bonus that a wallet's owner has earned by verifying an address: one for each wallet, for ever.

    It is written with the verification; `transaction_id` is the transaction that pays it, a moment later.
    `finished_at` is when it was paid, or found to be of a closed wallet.
    """

    __tablename__ = "welcome_bonuses"
    __table_args__ = (
        ForeignKeyConstraint(["wallet_id"], ["wallets.id"]),
        CheckConstraint("amount > 0", name="amount_positive"),
        Index("uq_welcome_bonuses_transaction_id", "transaction_id", unique=True),
        Index("ix_welcome_bonuses_owed", "promised_at", postgresql_where=text("finished_at is null")),
    )

    wallet_id: UUID = key()
    transaction_id: UUID
    amount: int = minor()
    promised_at: datetime = moment()
    finished_at: datetime | None = moment(nullable=True)
