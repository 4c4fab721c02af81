"""A wallet's transactions as its owner sees them, newest first.

They are ordered by the time at which each became visible to the wallet (`visibility.py`), then by id. That time never
changes, and it never decreases from one transaction of a wallet to the next, since both are set under the wallet's
lock: pages stay correct while other transactions are written. A position in a history is that time and the id.

    read                    a page, in one statement at any depth; without a filter it reads only the page
    read_as_operator        the same for an operator, who sees both sides
    count                   one statement, only when requested
    find                    transactions by id, as the wallet's owner may see them
    refunds                 the refunds of given transactions
    latest_payments         the latest payment of money requests, as the wallet's owner may see it
    recent_counterparties   the wallets it most recently paid or was paid by

Types, amounts and descriptions have no index. A filtered page reads MAX_SCANNED transactions at a time until it is
full or its ReadingTime is over; then it reports the position where it stopped. A search skips the blocks of a long
history that do not have its text (sealing.py).

Decisions 10 and 48 give the reasons.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.transactions.filter import BEGINNING, END, EVERYTHING, NIL_ID, Filter, Position
from pocketpay.transactions.reading_time import ReadingTime
from pocketpay.transactions.repository import history as repository
from pocketpay.transactions.repository import lookups, search_blocks
from pocketpay.transactions.transaction import Transaction
from pocketpay.transactions.visibility import seen_by

MAX_SCANNED = 2_000
"""The most transactions that a filtered page reads in one statement: about 5 ms of database time."""

FIRST_SEARCHED = 200
"""The most transactions that a search reads in its first statement. After that, the blocks are faster."""

MAX_BLOCKS = search_blocks.Limits(blocks=4_096, candidates=32)
"""The most search blocks of one statement: half a million transactions, about 10 ms, and the most of them whose
transactions it reads, again about 10 ms."""

MAX_COUNT = 10_000
"""A larger count is returned as None: the exact number is not worth its cost."""

MAX_COUNT_SCANNED = 20_000
"""The most transactions that a filtered count reads, about 25 ms. In a longer history the count is None."""

RECENT_SCANNED = 500
"""The number of latest transactions, in each direction, that are searched for recent counterparties."""

MAX_REFUNDS_LISTED = 20
"""The most refunds that are listed with a transaction. Older ones are found in the history. A page of transactions,
each with this many refunds, stays within the cost limit of a GraphQL document."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of a history, in the order it was read.

    When the reading time ends before the page is full, `stopped_at` is the last position that was read. It is None
    when the page is full or the history ended.
    """

    transactions: tuple[Transaction, ...]
    stopped_at: Position | None


async def read(
    session: Session,
    wallet_id: UUID,
    filter: Filter = EVERYTHING,
    *,
    limit: int,
    older_than: Position | None = None,
    newer_than: Position | None = None,
    backwards: bool = False,
    time: ReadingTime | None = None,
) -> HistoryPage:
    """Returns at most `limit` transactions between two positions: newest first, or oldest first when `backwards`.

    A filtered page reads until it is full or `time` is over (default: a new ReadingTime), but at least once.
    """
    if filter.matches_nothing:
        return HistoryPage((), None)
    scope = _scope(wallet_id, filter, older_than, newer_than)
    stretch = MAX_SCANNED if filter.search is None else min(FIRST_SEARCHED, MAX_SCANNED)
    rows, stopped_at = await repository.page(session, scope, limit=limit, stretch=stretch, backwards=backwards)
    if stopped_at is not None:
        time = ReadingTime() if time is None else time
        more, stopped_at = await _continued(session, scope, stopped_at, limit - len(rows), backwards, time)
        rows += more
    return HistoryPage(tuple(seen for row in rows if (seen := seen_by(row, wallet_id))), stopped_at)


async def _continued(
    session: Session, scope: repository.Scope, at: Position, limit: int, backwards: bool, time: ReadingTime
) -> tuple[list[Transaction], Position | None]:
    """Reads on from a position until `limit` transactions are found, the history ends, or `time` is over."""
    found: list[Transaction] = []
    stopped_at: Position | None = at
    sealed = None if scope.filter.search is None else await search_blocks.sealed_until(session, scope.wallet_id)
    while stopped_at is not None and len(found) < limit and time.is_left:
        scope = replace(scope, newer_than=stopped_at) if backwards else replace(scope, older_than=stopped_at)
        with time.spent():
            rows, stopped_at = await _stretch(session, scope, stopped_at, sealed, limit - len(found), backwards)
        found += rows
    return found, stopped_at


async def _stretch(
    session: Session,
    scope: repository.Scope,
    at: Position,
    sealed: datetime | None,
    limit: int,
    backwards: bool,
) -> tuple[list[Transaction], Position | None]:
    """Reads one stretch from a position: of blocks, or of transactions that no block has. `sealed` is the end of the
    blocks."""
    border = None if sealed is None else Position(sealed, NIL_ID)
    if border is not None and (at < border or (at == border and not backwards)):
        return await search_blocks.page(session, scope, limit=limit, most=MAX_BLOCKS, backwards=backwards)
    if border is None or backwards or scope.newer_than >= border:
        return await repository.page(session, scope, limit=limit, stretch=MAX_SCANNED, backwards=backwards)
    newest = replace(scope, newer_than=border)
    rows, stopped_at = await repository.page(session, newest, limit=limit, stretch=MAX_SCANNED, backwards=False)
    return rows, border if stopped_at is None and len(rows) < limit else stopped_at


async def read_as_operator(
    session: Session,
    wallet_id: UUID,
    *,
    limit: int,
    older_than: Position | None = None,
    newer_than: Position | None = None,
    backwards: bool = False,
) -> list[Transaction]:
    """Like `read`, but for operators: returns whole transactions, with the fee, risk reasons and expiry."""
    scope = _scope(wallet_id, EVERYTHING, older_than, newer_than)
    rows, _ = await repository.page(session, scope, limit=limit, stretch=MAX_SCANNED, backwards=backwards)
    return rows


async def count(session: Session, wallet_id: UUID, filter: Filter = EVERYTHING) -> int | None:
    """The number of transactions, or None above MAX_COUNT or when a filter would read more than MAX_COUNT_SCANNED."""
    if filter.matches_nothing:
        return 0
    scope = _scope(wallet_id, filter)
    return await repository.count(session, scope, maximum=MAX_COUNT, stretch=MAX_COUNT_SCANNED)


async def find(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Transaction]:
    """Returns, by id, the transactions that the wallet's owner may see, as the owner sees them."""
    rows = await lookups.by_ids(session, ids)
    return {row.id: seen for row in rows.values() if (seen := seen_by(row, wallet_id)) is not None}


async def refunds(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, tuple[Transaction, ...]]:
    """Returns the refunds of each transaction, by the transaction's id: the newest MAX_REFUNDS_LISTED, newest first,
    as the wallet's owner sees them."""
    found: dict[UUID, list[Transaction]] = {}
    for row in await repository.refunds(session, ids, limit=MAX_REFUNDS_LISTED):
        if row.refund_of is not None and (seen := seen_by(row, wallet_id)) is not None:
            found.setdefault(row.refund_of, []).append(seen)
    return {original: tuple(rows) for original, rows in found.items()}


async def latest_payments(session: Session, wallet_id: UUID, request_ids: Iterable[UUID]) -> dict[UUID, Transaction]:
    """Returns the latest attempt to pay each money request, by request id, where the wallet's owner may see it."""
    rows = await repository.latest_payments(session, request_ids)
    seen = [seen for row in rows if (seen := seen_by(row, wallet_id)) is not None]
    return {one.request_id: one for one in seen if one.request_id is not None}


async def recent_counterparties(session: Session, wallet_id: UUID) -> list[UUID]:
    """Returns the wallets that the wallet paid or was paid by, most recent first, each once."""
    return await repository.recent_counterparties(session, wallet_id, scanned=RECENT_SCANNED)


def position(seen: Transaction) -> Position:
    """The position of a transaction in a history. `seen` is the transaction as the history's owner sees it."""
    return Position(seen.created_at, seen.id)


def _scope(
    wallet_id: UUID, filter: Filter, older_than: Position | None = None, newer_than: Position | None = None
) -> repository.Scope:
    """Returns the part of the history to read. `since` and `until` become positions before all ids of their time."""
    oldest = BEGINNING if filter.since is None else Position(filter.since, NIL_ID)
    newest = END if filter.until is None else Position(filter.until, NIL_ID)
    return repository.Scope(
        wallet_id,
        newer_than=max(oldest, newer_than or BEGINNING, BEGINNING),
        older_than=min(newest, older_than or END, END),
        filter=filter,
    )
