"""The table of the operator log."""

from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from pocketpay.database.models import UUID, SQLModel, datetime, key, moment


class OperatorActionRow(SQLModel, table=True):
    """One act of an operator. Rows are never changed: triggers refuse changes, and no role has the privilege."""

    __tablename__ = "operator_actions"
    __table_args__ = (
        ForeignKeyConstraint(["operator_id"], ["users.id"]),
        ForeignKeyConstraint(["wallet_id"], ["wallets.id"]),
        ForeignKeyConstraint(["transaction_id"], ["transactions.id"]),
        CheckConstraint(
            "length(action) > 0 and length(operator) > 0 and length(reason) > 0", name="says_who_and_why"
        ),
        Index("ix_operator_actions_created", text("created_at desc"), text("id desc")),
        Index("ix_operator_actions_wallet", "wallet_id", postgresql_where=text("wallet_id is not null")),
    )

    id: UUID = key()
    operator_id: UUID | None = None
    operator: str
    action: str
    wallet_id: UUID | None = None
    transaction_id: UUID | None = None
    reason: str
    facts: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    created_at: datetime = moment()
