"""The table of wallets. A wallet's id is its ledger account's id."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text

from pocketpay.database.models import UUID, SQLModel, datetime, key, moment


class WalletRow(SQLModel, table=True):
    __tablename__ = "wallets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["id", "currency", "account_kind"],
            ["ledger_accounts.id", "ledger_accounts.currency", "ledger_accounts.kind"],
            name="fk_wallets_account",
        ),
        CheckConstraint("account_kind = 'wallet'", name="account_is_a_wallets"),
        CheckConstraint("status in ('active', 'frozen', 'closed')", name="status_known"),
        CheckConstraint("frozen_for in ('debits', 'all')", name="frozen_for_known"),
        CheckConstraint("(status = 'frozen') = (frozen_for is not null)", name="frozen_says_how"),
        CheckConstraint("(frozen_for is null) = (freeze_reason is null)", name="freeze_has_a_reason"),
        Index("ix_wallets_closed", "updated_at", postgresql_where=text("status = 'closed'")),
    )

    id: UUID = key()
    account_kind: str
    currency: str
    status: str
    frozen_for: str | None = None
    freeze_reason: str | None = None
    created_at: datetime = moment()
    updated_at: datetime = moment()
