"""The table of idempotency keys."""

from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Column, ForeignKeyConstraint, LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from pocketpay.database.models import UUID, SQLModel, datetime, key, moment


class IdempotencyKeyRow(SQLModel, table=True):
    __tablename__ = "idempotency_keys"
    __table_args__ = (
        ForeignKeyConstraint(["wallet_id"], ["wallets.id"]),
        CheckConstraint("length(key) between 8 and 255", name="key_length"),
        CheckConstraint("length(fingerprint) = 32", name="fingerprint_is_sha256"),
    )

    wallet_id: UUID = key()
    key: str = Field(primary_key=True)
    operation: str
    fingerprint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    result_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid()), nullable=False))
    refusals: list[dict[str, Any] | None] | None = Field(default=None, sa_column=Column(JSONB))
    created_at: datetime = moment()
