"""The tables of the books.

    ledger_accounts   the accounts: one per wallet, and one house account of each kind per currency
    ledger_entries    the entries: append-only, signed: + credit, − debit
    audit_accounts    the state of each wallet's account at the checkpoint of the last correct audit

`posted`, `held`, `sequence` and `version` are a projection of the entries and of the pending transactions. The unit
of work that has locked the row updates them, and the audit can prove them at any time. In house accounts they are
always zero: a house account may be negative, is never locked for a posting, and its balance is the sum of its
entries. The triggers that enforce laws 1, 3 and 4 are in the first migration.

Decision 3 gives the reasons, and Decision 67 those for the checkpoint.
"""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text

from pocketpay.database.models import UUID, SQLModel, count, datetime, key, minor, moment

KINDS = ("wallet", "bank", "fees", "promotions", "card_network")
"""`bank` is the money outside: a negative balance is money that came in."""


class LedgerAccountRow(SQLModel, table=True):
    __tablename__ = "ledger_accounts"
    __table_args__ = (
        CheckConstraint(f"kind in {KINDS}", name="kind_known"),
        CheckConstraint("kind <> 'wallet' or posted - held >= 0", name="available_not_negative"),
        CheckConstraint("held >= 0", name="held_not_negative"),
        CheckConstraint(
            "kind = 'wallet' or (posted = 0 and held = 0 and sequence = 0)", name="house_carries_no_balance"
        ),
        CheckConstraint("sequence >= 0 and version >= sequence", name="version_counts_every_change"),
        UniqueConstraint("id", "currency", "kind", name="uq_ledger_accounts_id_currency_kind"),
        Index(
            "uq_ledger_accounts_kind_currency_house",
            "kind",
            "currency",
            unique=True,
            postgresql_where="kind <> 'wallet'",
        ),
        {"postgresql_with": {"fillfactor": "60"}},
    )

    id: UUID = key()
    kind: str
    currency: str
    posted: int = minor()
    held: int = minor()
    sequence: int = count()
    version: int = count()
    updated_at: datetime = moment()


class LedgerEntryRow(SQLModel, table=True):
    """An entry. A trigger checks its account and its transaction (decision 46)."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        CheckConstraint(
            "(kind = 'wallet') = (sequence is not null) and (kind = 'wallet') = (balance_after is not null)",
            name="wallets_are_chained",
        ),
        CheckConstraint("balance_after >= 0", name="balance_not_negative"),
        UniqueConstraint("transaction_id", "account_id", name="uq_ledger_entries_transaction_account"),
        UniqueConstraint("account_id", "sequence", name="uq_ledger_entries_account_sequence"),
        # Finds the entries on the days of a bank's file. Transfers have no such entry, so they do not write it.
        Index("ix_ledger_entries_bank_created", "account_id", "created_at", postgresql_where=text("kind = 'bank'")),
    )

    id: UUID = key()
    account_id: UUID
    transaction_id: UUID
    amount: int = minor()
    currency: str
    kind: str
    sequence: int | None = minor(nullable=True)
    balance_after: int | None = minor(nullable=True)
    description: str
    created_at: datetime = moment()


class AuditAccountRow(SQLModel, table=True):
    """A wallet's account at the checkpoint of the incremental audit. Only the owner of the tables writes it.

    `sequence` and `posted` are the values of the account: all entries up to this `sequence` were proved.
    `blocks_until` is the end of the wallet's last search block that was proved.
    """

    __tablename__ = "audit_accounts"

    account_id: UUID = key()
    sequence: int = count()
    posted: int = minor()
    blocks_until: datetime | None = moment(nullable=True)
