"""Entries as the books have them, for whoever owns the account. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Record, Session
from pocketpay.ledger.repository import entries as repository
from pocketpay.money import Money

BEFORE_THE_FIRST = 0
AFTER_THE_LAST = 2**63 - 1
"""Sequences that no entry has."""


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
    rows = await repository.of_transactions(session, wallet_id, list(transaction_ids))
    return {row["transaction_id"]: _entry(row) for row in rows}


async def by_ids(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, PostedEntry]:
    """The wallet's own lines with those ids, by id; another's are not there."""
    # The account is compared here: asked for it too, PostgreSQL may read all of a long account for one line.
    rows = await repository.by_ids(session, list(ids))
    return {row["id"]: _entry(row) for row in rows if row["account_id"] == wallet_id}


async def read(
    session: Session,
    wallet_id: UUID,
    *,
    most: int,
    newer_than: int = BEFORE_THE_FIRST,
    older_than: int = AFTER_THE_LAST,
    oldest_first: bool = False,
) -> list[PostedEntry]:
    """At most `most` of the wallet's lines strictly between two sequences, the newest first or `oldest_first`."""
    rows = await repository.between(session, wallet_id, newer_than, older_than, limit=most, oldest_first=oldest_first)
    return [_entry(row) for row in rows]


async def count(session: Session, wallet_id: UUID) -> int:
    """How many lines the wallet has: the last one's sequence, whatever their number."""
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
