"""The table of Stripe's ids."""

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from pocketpay.database.models import UUID, SQLModel, datetime, moment

KINDS = (
    *("customer", "account", "session", "payment_method", "mandate", "link_account"),
    *("payment_intent", "transfer", "payout", "reversal"),
)


class StripeObjectRow(SQLModel, table=True):
    """An object of Stripe that belongs to a user, a link or an order. A row is written before the object is created.

    `stripe_id` and `ending` are set once and never changed. While `busy_until` is in the future, one server creates
    the object and no other may. Owners are of three tables, so there is no foreign key.
    """

    __tablename__ = "stripe_objects"
    __table_args__ = (
        CheckConstraint(f"kind in {KINDS}", name="kind_known"),
        CheckConstraint("attempt >= 0", name="attempt_not_negative"),
        CheckConstraint(
            "ending is null or (ending in ('settled', 'declined') and kind in ('payment_intent', 'payout'))",
            name="ending_of_an_order",
        ),
        CheckConstraint("ending is distinct from 'settled' or stripe_id is not null", name="settled_has_an_id"),
        Index("ix_stripe_objects_stripe_id", "stripe_id", postgresql_where=text("stripe_id is not null")),
    )

    owner_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    stripe_id: str | None = None
    attempt: int
    ending: str | None = None
    why: str
    busy_until: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
