"""All SQL of a wallet's history.

A page is the union of two keyset scans: the transactions that the wallet owns, by `created_at`, and the payments that
it received, by `completed_at`. Each scan stops after as many rows as the page holds, so a page costs the same at any
depth. An OR over both sides would read the whole history (40 ms instead of 1 ms at 400,000 rows).

The bounds are row comparisons only. With a second bound on the time alone, PostgreSQL would start its scan there and
read the index up to the cursor (measured: 1,000 index pages instead of 5).

Decision 10 gives the reasons.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pocketpay.database.sessions import Record, Session
from pocketpay.transactions.filter import Filter, Position
from pocketpay.transactions.repository.rows import COLUMNS, transaction
from pocketpay.transactions.transaction import Transaction
from pocketpay.transactions.visibility import Direction


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of one wallet's history: the transactions strictly between two positions that match a filter."""

    wallet_id: UUID
    newer_than: Position
    older_than: Position
    filter: Filter


def visible(
    columns: str,
    limit: str,
    order: str,
    *,
    newer_than: str = "$4, $5",
    older_than: str = "$2, $3",
    received: str = "$6",
) -> str:
    """Returns the SQL of the transactions that wallet $1 sees between two positions, in one order.

    `received` says whether received payments are included.
    """
    return f"""
    (select {columns}, created_at as visible_at from transactions
     where coalesce(source_wallet_id, destination_wallet_id) = $1
       and (created_at, id) < ({older_than}) and (created_at, id) > ({newer_than})
     order by created_at {order}, id {order} limit {limit})
    union all
    (select {columns}, completed_at as visible_at from transactions
     where {received} and destination_wallet_id = $1 and status = 'completed' and source_wallet_id is not null
       and (completed_at, id) < ({older_than}) and (completed_at, id) > ({newer_than})
     order by completed_at {order}, id {order} limit {limit})
    order by visible_at {order}, id {order} limit {limit}"""


MATCHES_FILTER = """
        ($9::text[] is null or type = any($9)) and ($10::text[] is null or status = any($10))
    and ($11::boolean is null or (source_wallet_id is not distinct from $1) = $11)
    and ($12::uuid is null
         or $12 = case source_wallet_id when $1 then destination_wallet_id else source_wallet_id end)
    and ($13::bigint is null or amount >= $13) and ($14::bigint is null or amount <= $14)
    and ($15::text is null or strpos(search_key(description), (select search_key($15))) > 0)"""
"""The conditions of a Filter on one row. `strpos` has no wildcards that would need escaping. The search text is
folded once, in a subselect; the description is folded for each row."""


def _filtered_page(order: str) -> str:
    """Returns the SQL of a filtered page: the first $7 matching rows among the next $8.

    When fewer than $7 match and more rows may follow, each row also holds the position of the last of the $8 rows.
    """
    return f"""
with stretch as materialized ({visible(COLUMNS, "$8", order)}),
page as materialized (select * from stretch where {MATCHES_FILTER} limit $7),
stopped as materialized (
    select visible_at as stopped_moment, id as stopped_id from stretch
    where (select count(*) from page) < $7 offset $8 - 1 limit 1)
select page.*, stopped.* from (select) always left join stopped on true left join page on true
order by page.visible_at {order}, page.id {order}"""


_FILTERED_COLUMNS = "id, type, status, source_wallet_id, destination_wallet_id, amount, description"
"""The columns that the conditions of a Filter read."""

NEWEST_FIRST, OLDEST_FIRST = "desc", "asc"
_PAGE = {order: visible(COLUMNS, "$7", order) for order in (NEWEST_FIRST, OLDEST_FIRST)}
_FILTERED_PAGE = {order: _filtered_page(order) for order in (NEWEST_FIRST, OLDEST_FIRST)}

_COUNT = f"select count(*) from ({visible('id', '$7', NEWEST_FIRST)}) seen"

_FILTERED_COUNT = f"""
with stretch as materialized ({visible(_FILTERED_COLUMNS, "$8", NEWEST_FIRST)}),
counted as (select from stretch where {MATCHES_FILTER} limit $7)
select (select count(*) from counted) as counted, exists (select from stretch offset $8 - 1) as stopped"""

_REFUNDS = f"""
select refunds.* from unnest($1::uuid[]) original(id)
cross join lateral (
    select {COLUMNS} from transactions t
    where t.refund_of = original.id and t.status = 'completed'
    order by t.completed_at desc, t.id desc limit $2) refunds
"""

_LATEST_PAYMENTS = f"""
select t.* from unnest($1::uuid[]) wanted(id)
cross join lateral (
    select {COLUMNS} from transactions
    where request_id = wanted.id order by created_at desc, id desc limit 1) t
"""

_RECENT_COUNTERPARTIES = """
select wallet_id from (
    (select destination_wallet_id as wallet_id, completed_at, type, status from transactions
     where coalesce(source_wallet_id, destination_wallet_id) = $1 order by created_at desc, id desc limit $2)
    union all
    (select source_wallet_id, completed_at, type, status from transactions
     where destination_wallet_id = $1 and status = 'completed' and source_wallet_id is not null
     order by completed_at desc, id desc limit $2)
) recent
where type in ('send', 'request') and status = 'completed'
group by wallet_id order by max(completed_at) desc, wallet_id"""


async def page(
    session: Session, scope: Scope, *, limit: int, stretch: int, backwards: bool
) -> tuple[list[Transaction], Position | None]:
    """Returns at most `limit` transactions of the scope: the newest, newest first, or when `backwards` the oldest,
    oldest first.

    With a filter it reads at most `stretch` transactions. When that was not enough to fill the page, the second value
    is the position where it stopped; otherwise it is None.
    """
    order = OLDEST_FIRST if backwards else NEWEST_FIRST
    if not scope.filter.reads_rows:
        return [transaction(row) for row in await session.fetch(_PAGE[order], *bounds(scope), limit)], None
    rows = await session.fetch(_FILTERED_PAGE[order], *bounds(scope), limit, stretch, *conditions(scope.filter))
    return [transaction(row) for row in rows if row["id"] is not None], _stopped(rows[0])


async def count(session: Session, scope: Scope, *, maximum: int, stretch: int) -> int | None:
    """The number of transactions in the scope, or None above `maximum` or when a filter would read more than
    `stretch`."""
    if not scope.filter.reads_rows:
        counted: int = await session.fetchval(_COUNT, *bounds(scope), maximum + 1)
        return counted if counted <= maximum else None
    arguments = (*bounds(scope), maximum + 1, stretch + 1, *conditions(scope.filter))
    row = await session.fetchrow(_FILTERED_COUNT, *arguments)
    assert row is not None, "a count is always one row"  # noqa: S101 - a select without a FROM clause
    return None if row["counted"] > maximum or row["stopped"] else row["counted"]


async def latest_payments(session: Session, request_ids: Iterable[UUID]) -> list[Transaction]:
    """Returns the latest attempt to pay each money request; a request without an attempt is left out."""
    return [transaction(row) for row in await session.fetch(_LATEST_PAYMENTS, list(request_ids))]


async def refunds(session: Session, ids: Iterable[UUID], *, limit: int) -> list[Transaction]:
    """Returns the completed refunds of the transactions, of any owner: the newest `limit` of each, newest first."""
    return [transaction(row) for row in await session.fetch(_REFUNDS, list(ids), limit)]


async def recent_counterparties(session: Session, wallet_id: UUID, *, scanned: int) -> list[UUID]:
    """Returns the other wallets in the wallet's latest completed payments, most recent first. It reads `scanned`
    transactions in each direction."""
    return [row["wallet_id"] for row in await session.fetch(_RECENT_COUNTERPARTIES, wallet_id, scanned)]


def bounds(scope: Scope) -> tuple[object, ...]:
    """Returns the arguments $1…$6."""
    return scope.wallet_id, *scope.older_than, *scope.newer_than, scope.filter.matches_received


def conditions(filter: Filter) -> tuple[object, ...]:
    """Returns the arguments $9…$15."""
    return (
        None if filter.types is None else sorted(filter.types),
        None if filter.statuses is None else sorted(filter.statuses),
        None if filter.direction is None else filter.direction is Direction.OUTGOING,
        filter.counterparty,
        None if filter.minimum is None else filter.minimum.minor,
        None if filter.maximum is None else filter.maximum.minor,
        filter.search,
    )


def _stopped(row: Record) -> Position | None:
    if row["stopped_id"] is None:
        return None
    return Position(row["stopped_moment"], row["stopped_id"])
