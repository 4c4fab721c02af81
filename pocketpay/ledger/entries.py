"""Read access to the entries of a wallet's account, for its owner."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Record, Session
from pocketpay.ledger.repository import entries as repository
from pocketpay.money import Money

BEFORE_THE_FIRST = 0
AFTER_THE_LAST = 2**63 - 1
"""Bounds below the first and above the last sequence. No entry has them."""


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """One entry of a wallet's account: + credit, − debit. `sequence` counts its entries from 1, without gaps."""

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
    """Returns the wallet's entry of each transaction, by transaction id. Omits transactions without such an entry."""
    rows = await repository.of_transactions(session, wallet_id, list(transaction_ids))
    return {row["transaction_id"]: _entry(row) for row in rows}


async def by_ids(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, PostedEntry]:
    """Returns the entries with the given ids that belong to the wallet, by id."""
    # The wallet is compared here: with a condition on it, PostgreSQL might read a long account for one entry.
    rows = await repository.by_ids(session, list(ids))
    return {row["id"]: _entry(row) for row in rows if row["account_id"] == wallet_id}


async def read(
    session: Session,
    wallet_id: UUID,
    *,
    limit: int,
    newer_than: int = BEFORE_THE_FIRST,
    older_than: int = AFTER_THE_LAST,
    oldest_first: bool = False,
) -> list[PostedEntry]:
    """Returns up to `limit` of the wallet's entries between two sequences, both exclusive.

    Newest first; if `oldest_first`, oldest first.
    """
    rows = await repository.between(
        session, wallet_id, newer_than, older_than, limit=limit, oldest_first=oldest_first
    )
    return [_entry(row) for row in rows]


async def count(session: Session, wallet_id: UUID) -> int:
    """Returns the number of the wallet's entries. This is the sequence of the last entry, so nothing is counted."""
    return await repository.last_sequence(session, wallet_id)


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
