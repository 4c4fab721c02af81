"""The table of welcome bonuses for verified addresses."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text

from pocketpay.database.models import UUID, SQLModel, datetime, key, minor, moment


class WelcomeBonusRow(SQLModel, table=True):
    """A welcome bonus for verifying an address: at most one for each wallet, ever.

    It is written together with the verification. `transaction_id` is the id of the transaction that pays it
    afterwards. `finished_at` is the time at which it was paid, or at which its wallet was found to be closed.
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
