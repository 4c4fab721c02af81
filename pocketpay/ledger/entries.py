"""Entries as the books have them, for whoever owns the account. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Record, Session
from pocketpay.money import Money

_COLUMNS = "id, account_id, transaction_id, amount, currency, sequence, balance_after, description, created_at"

_OF_TRANSACTIONS = f"""
select {_COLUMNS} from ledger_entries where transaction_id = any($2::uuid[]) and account_id = $1
"""
_BY_IDS = f"select {_COLUMNS} from ledger_entries where id = any($1::uuid[])"


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """One line of a wallet's account: + credit, − debit. `sequence` counts its lines from 1 without a gap."""

    id: UUID
    account_id: UUID
    transaction_id: UUID
    amount: Money
    sequence: int
    balance_after: Money
    description: str
    created_at: datetime


async def of_transactions(
    session: Session, wallet_id: UUID, transaction_ids: Iterable[UUID]
) -> dict[UUID, PostedEntry]:
    """The wallet's own line of each of those transactions, by transaction; those that have none are not there."""
    rows = await session.fetch(_OF_TRANSACTIONS, wallet_id, list(transaction_ids))
    return {row["transaction_id"]: _entry(row) for row in rows}


async def by_ids(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, PostedEntry]:
    """The wallet's own lines with those ids, by id; another's are not there."""
    # The account is compared here: asked for it too, PostgreSQL may read all of a long account for one line.
    rows = await session.fetch(_BY_IDS, list(ids))
    return {row["id"]: _entry(row) for row in rows if row["account_id"] == wallet_id}


def _entry(row: Record) -> PostedEntry:
    currency = row["currency"]
    return PostedEntry(
        id=row["id"],
        account_id=row["account_id"],
        transaction_id=row["transaction_id"],
        amount=Money(row["amount"], currency),
        sequence=row["sequence"],
        balance_after=Money(row["balance_after"], currency),
        description=row["description"],
        created_at=row["created_at"],
    )
