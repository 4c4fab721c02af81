"""The tables of imported people."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index

from pocketpay.database.models import UUID, SQLModel, datetime, key, minor, moment


class ImportedUserRow(SQLModel, table=True):
    """An imported user's id in Supabase and their opening balance.

    The row is written with the user; the opening balance is posted a moment later, as the transaction `opening_id`.
    """

    __tablename__ = "imported_users"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["users.id"]),
        CheckConstraint("opening_amount >= 0", name="opening_not_negative"),
        CheckConstraint("(opening_id is null) = (opening_amount = 0)", name="opening_has_its_transaction"),
        Index("uq_imported_users_user_id", "user_id", unique=True),
    )

    supabase_id: UUID = key()
    user_id: UUID
    opening_id: UUID | None = None
    opening_amount: int = minor()
    imported_at: datetime = moment()


class WelcomeMailRow(SQLModel, table=True):
    """A user who was sent a welcome mail. The mail itself is deleted MAIL_KEEP_DAYS days after it was sent."""

    __tablename__ = "welcome_mails"
    __table_args__ = (ForeignKeyConstraint(["user_id"], ["users.id"]),)

    user_id: UUID = key()
    made_at: datetime = moment()
