"""All SQL of a wallet's history.

Two keyset scans united: what the wallet anchors, by the time it was made, and what it was paid, by the time it was
completed. Each stops after as many rows as the page can take, so a page costs the same at any depth. An OR over both
sides would read the whole history (40 ms against 1 at 400,000 rows).

Bounds are row comparisons and nothing else: beside a second bound on the time alone, PostgreSQL starts at that one
and walks through the index to the cursor (measured: 1,000 index pages instead of 5).

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
    """A part of one wallet's history: what lies strictly between two positions, narrowed."""

    wallet_id: UUID
    newer_than: Position
    older_than: Position
    narrowed: Filter


def _visible(columns: str, limit: str, order: str) -> str:
    """What $1 sees between ($4, $5) and ($2, $3), both sides in one order; $6 is whether the received side counts."""
    return f"""
    (select {columns}, created_at as visible_at from transactions
     where coalesce(source_wallet_id, destination_wallet_id) = $1
       and (created_at, id) < ($2, $3) and (created_at, id) > ($4, $5)
     order by created_at {order}, id {order} limit {limit})
    union all
    (select {columns}, completed_at as visible_at from transactions
     where $6 and destination_wallet_id = $1 and status = 'completed' and source_wallet_id is not null
       and (completed_at, id) < ($2, $3) and (completed_at, id) > ($4, $5)
     order by completed_at {order}, id {order} limit {limit})
    order by visible_at {order}, id {order} limit {limit}"""


_LETS_THROUGH = """
        ($9::text[] is null or type = any($9)) and ($10::text[] is null or status = any($10))
    and ($11::boolean is null or (source_wallet_id is not distinct from $1) = $11)
    and ($12::uuid is null
         or $12 = case source_wallet_id when $1 then destination_wallet_id else source_wallet_id end)
    and ($13::bigint is null or amount >= $13) and ($14::bigint is null or amount <= $14)
    and ($15::text is null or strpos(search_key(description), (select search_key($15))) > 0)"""
"""A Filter's questions to one row. `strpos` knows no wildcards to escape. The text is folded once, in a select of its
own; a description for each row."""


def _narrowed_page(order: str) -> str:
    """The first $7 of the next $8 that the filter lets through, beside where the $8 end when those are too few."""
    return f"""
with stretch as materialized ({_visible(COLUMNS, "$8", order)}),
page as materialized (select * from stretch where {_LETS_THROUGH} limit $7),
stopped as materialized (
    select visible_at as stopped_moment, id as stopped_id from stretch
    where (select count(*) from page) < $7 offset $8 - 1 limit 1)
select page.*, stopped.* from (select) always left join stopped on true left join page on true
order by page.visible_at {order}, page.id {order}"""


_ASKED_ABOUT = "id, type, status, source_wallet_id, destination_wallet_id, amount, description"
"""The columns of those questions."""

_NEWEST_FIRST, _OLDEST_FIRST = "desc", "asc"
_PAGE = {order: _visible(COLUMNS, "$7", order) for order in (_NEWEST_FIRST, _OLDEST_FIRST)}
_NARROWED_PAGE = {order: _narrowed_page(order) for order in (_NEWEST_FIRST, _OLDEST_FIRST)}

_COUNT = f"select count(*) from ({_visible('id', '$7', _NEWEST_FIRST)}) seen"

_NARROWED_COUNT = f"""
with stretch as materialized ({_visible(_ASKED_ABOUT, "$8", _NEWEST_FIRST)}),
counted as (select from stretch where {_LETS_THROUGH} limit $7)
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
    """The newest transactions of the scope, newest first, or `backwards` the oldest, oldest first.

    Narrowed, it reads at most `stretch` of them; the position says where it stopped if that was too soon to know.
    """
    order = _OLDEST_FIRST if backwards else _NEWEST_FIRST
    if not scope.narrowed.reads_rows:
        return [transaction(row) for row in await session.fetch(_PAGE[order], *_bounds(scope), limit)], None
    rows = await session.fetch(_NARROWED_PAGE[order], *_bounds(scope), limit, stretch, *_questions(scope.narrowed))
    return [transaction(row) for row in rows if row["id"] is not None], _stopped(rows[0])


async def count(session: Session, scope: Scope, *, most: int, stretch: int) -> int | None:
    """How many transactions are in the scope, or None when above `most`, or narrowed from more than `stretch`."""
    if not scope.narrowed.reads_rows:
        counted: int = await session.fetchval(_COUNT, *_bounds(scope), most + 1)
        return counted if counted <= most else None
    arguments = (*_bounds(scope), most + 1, stretch + 1, *_questions(scope.narrowed))
    row = await session.fetchrow(_NARROWED_COUNT, *arguments)
    assert row is not None, "a count is always one row"  # noqa: S101 - a select without a from
    return None if row["counted"] > most or row["stopped"] else row["counted"]


async def latest_payments(session: Session, request_ids: Iterable[UUID]) -> list[Transaction]:
    """The latest attempt to pay each of those requests; one that nobody has tried to pay has none."""
    return [transaction(row) for row in await session.fetch(_LATEST_PAYMENTS, list(request_ids))]


async def refunds(session: Session, ids: Iterable[UUID], *, most: int) -> list[Transaction]:
    """Completed refunds of those transactions, whosever they are: of each the newest `most`, the newest first."""
    return [transaction(row) for row in await session.fetch(_REFUNDS, list(ids), most)]


async def recent_counterparties(session: Session, wallet_id: UUID, *, scanned: int) -> list[UUID]:
    """The other wallets in its latest completed payments, `scanned` of each direction, the most recent first."""
    return [row["wallet_id"] for row in await session.fetch(_RECENT_COUNTERPARTIES, wallet_id, scanned)]


def _bounds(scope: Scope) -> tuple[object, ...]:
    """The arguments $1…$6."""
    return scope.wallet_id, *scope.older_than, *scope.newer_than, scope.narrowed.lets_received_through


def _questions(narrowed: Filter) -> tuple[object, ...]:
    """The arguments $9…$15."""
    return (
        None if narrowed.types is None else sorted(narrowed.types),
        None if narrowed.statuses is None else sorted(narrowed.statuses),
        None if narrowed.direction is None else narrowed.direction is Direction.OUTGOING,
        narrowed.counterparty,
        None if narrowed.minimum is None else narrowed.minimum.minor,
        None if narrowed.maximum is None else narrowed.maximum.minor,
        narrowed.search,
    )


def _stopped(row: Record) -> Position | None:
    if row["stopped_id"] is None:
        return None
    return Position(row["stopped_moment"], row["stopped_id"])
