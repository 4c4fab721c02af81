"""The tables of those who came from elsewhere."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index

from pocketpay.database.models import UUID, SQLModel, datetime, key, minor, moment


class ImportedUserRow(SQLModel, table=True):
    """Who somebody was in Supabase, and the opening balance they were promised when they came.

    The promise is written with the person; `opening_id` is the transaction that keeps it, a moment later.
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
    """Who was sent a welcome mail. The mail itself is deleted MAIL_KEEP_DAYS after it was sent."""

    __tablename__ = "welcome_mails"
    __table_args__ = (ForeignKeyConstraint(["user_id"], ["users.id"]),)

    user_id: UUID = key()
    made_at: datetime = moment()
