"""The table of mails."""

from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from pocketpay.database.models import UUID, SQLModel, datetime, key, moment


class OutgoingMailRow(SQLModel, table=True):
    """A mail, kept until MAIL_KEEP_DAYS after it was sent or has failed.

    `due_at` is the time of the next try. A server that sends the mail now has moved it into the future, so that
    another server sends the mail if this one crashes.
    """

    __tablename__ = "outgoing_mails"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["users.id"]),
        CheckConstraint("status in ('waiting', 'sent', 'failed')", name="status_known"),
        CheckConstraint("(status = 'waiting') = (finished_at is null)", name="finished_has_its_time"),
        CheckConstraint("tries >= 0", name="tries_not_negative"),
        Index("uq_outgoing_mails_user_event", "user_id", "event", unique=True),
        Index("ix_outgoing_mails_due_at", "due_at", postgresql_where=text("status = 'waiting'")),
        Index("ix_outgoing_mails_expires_at", "expires_at", postgresql_where=text("status = 'waiting'")),
        Index("ix_outgoing_mails_finished_at", "finished_at", postgresql_where=text("status <> 'waiting'")),
    )

    id: UUID = key()
    user_id: UUID
    event: str
    recipient: str
    kind: str
    facts: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    status: str
    tries: int
    failure: str | None = None
    created_at: datetime = moment()
    due_at: datetime = moment()
    expires_at: datetime = moment()
    finished_at: datetime | None = moment(nullable=True)
