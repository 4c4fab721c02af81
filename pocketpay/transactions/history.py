"""A wallet's transactions as its owner sees them, newest first.

They are ordered by the moment each became visible to the wallet (`seen.py`), ties by id. That moment never changes,
and a wallet's next one is never earlier, since both are stamped under its lock: pages stay true while others write.
A position in a history is that moment and the id.

    read                    a page: one statement, whatever the depth; unfiltered it reads the page and no more
    oversee                 the same for an operator, who sees both sides
    count                   one statement, only when asked for
    find                    by id, what the wallet may know
    refunds                 what was given back of some transactions
    latest_payments         of money requests, what the wallet may know
    recent_counterparties   whom it last paid or was paid by

No index serves types, amounts or words. A filtered page reads at most STRETCH transactions, and says where it
stopped.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.transactions.filter import EVERYTHING, Filter, Position
from pocketpay.transactions.repository import history as repository
from pocketpay.transactions.repository import lookups
from pocketpay.transactions.transaction import Transaction
from pocketpay.transactions.visibility import seen_by

STRETCH = 2_000
"""Transactions a filtered page reads at most: about 5 ms of the database where nothing matches."""

COUNTED = 10_000
"""A count above it is not given: it would cost more than it tells."""

COUNT_STRETCH = 20_000
"""Transactions a filtered count reads at most, about 25 ms; nothing is counted in a longer stretch of history."""

RECENT = 500
"""Transactions of each direction in which recent counterparties are looked for."""

LISTED = 20
"""Refunds of one transaction that are listed with it: who gives back cent by cent finds the rest in their history. A
page of transactions, each with as many, stays within what a document may ask for."""

NOBODY = UUID(int=0)
BEGINNING = Position(datetime(1, 1, 2, tzinfo=UTC), NOBODY)
END = Position(datetime(9999, 12, 31, tzinfo=UTC), NOBODY)
"""Older and newer than anything."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Transactions of a history, the nearest to where reading began first. `stopped_at` is where a filter had to stop
    before it had found all it was asked for; None when it found them, or read to the end.
    """

    transactions: tuple[Transaction, ...]
    stopped_at: Position | None


async def read(
    session: Session,
    wallet_id: UUID,
    narrowed: Filter = EVERYTHING,
    *,
    most: int,
    older_than: Position | None = None,
    newer_than: Position | None = None,
    backwards: bool = False,
) -> Stretch:
    """At most `most` of the transactions between two positions, the newest first, or `backwards` the oldest first."""
    if narrowed.lets_nothing_through:
        return Stretch((), None)
    scope = _scope(wallet_id, narrowed, older_than, newer_than)
    rows, stopped_at = await repository.page(session, scope, limit=most, stretch=STRETCH, backwards=backwards)
    return Stretch(tuple(seen for row in rows if (seen := seen_by(row, wallet_id))), stopped_at)


async def oversee(
    session: Session,
    wallet_id: UUID,
    *,
    most: int,
    older_than: Position | None = None,
    newer_than: Position | None = None,
    backwards: bool = False,
) -> list[Transaction]:
    """The same transactions whole, for those who run it: with the other side's fee, risk reasons and expiry."""
    scope = _scope(wallet_id, EVERYTHING, older_than, newer_than)
    rows, _ = await repository.page(session, scope, limit=most, stretch=STRETCH, backwards=backwards)
    return rows


async def count(session: Session, wallet_id: UUID, narrowed: Filter = EVERYTHING) -> int | None:
    """How many there are, or None when they are more than COUNTED or in too long a history to look."""
    if narrowed.lets_nothing_through:
        return 0
    scope = _scope(wallet_id, narrowed)
    return await repository.count(session, scope, most=COUNTED, stretch=COUNT_STRETCH)


async def find(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Transaction]:
    """Those of the transactions that the wallet's owner may know, as they see them."""
    rows = await lookups.by_ids(session, ids)
    return {row.id: seen for row in rows.values() if (seen := seen_by(row, wallet_id)) is not None}


async def refunds(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, tuple[Transaction, ...]]:
    """What was given back of those transactions, the newest first, the latest LISTED of each, as the wallet's owner
    sees it."""
    found: dict[UUID, list[Transaction]] = {}
    for row in await repository.refunds(session, ids, most=LISTED):
        if row.refund_of is not None and (seen := seen_by(row, wallet_id)) is not None:
            found.setdefault(row.refund_of, []).append(seen)
    return {original: tuple(rows) for original, rows in found.items()}


async def latest_payments(session: Session, wallet_id: UUID, request_ids: Iterable[UUID]) -> dict[UUID, Transaction]:
    """The latest attempt to pay each of those money requests, by request, where the wallet's owner may know it."""
    rows = await repository.latest_payments(session, request_ids)
    seen = [seen for row in rows if (seen := seen_by(row, wallet_id)) is not None]
    return {one.request_id: one for one in seen if one.request_id is not None}


async def recent_counterparties(session: Session, wallet_id: UUID) -> list[UUID]:
    """Wallets that it last paid or was paid by, the most recent first, each once."""
    return await repository.recent_counterparties(session, wallet_id, scanned=RECENT)


def position(seen: Transaction) -> Position:
    """Where a transaction stands in the history of whoever sees it so."""
    return Position(seen.created_at, seen.id)


def _scope(
    wallet_id: UUID, narrowed: Filter, older_than: Position | None = None, newer_than: Position | None = None
) -> repository.Scope:
    """`since` and `until` are positions too, just before the first id of their moment."""
    oldest = BEGINNING if narrowed.since is None else Position(narrowed.since, NOBODY)
    newest = END if narrowed.until is None else Position(narrowed.until, NOBODY)
    return repository.Scope(
        wallet_id,
        newer_than=max(oldest, newer_than or BEGINNING, BEGINNING),
        older_than=min(newest, older_than or END, END),
        narrowed=narrowed,
    )
