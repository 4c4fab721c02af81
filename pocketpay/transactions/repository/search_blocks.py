"""All SQL of the blocks with which a search skips parts of a long history.

A block has, in one text, the descriptions of the transactions that one wallet saw from `since` (included) to `until`
(not included). A wallet's blocks follow each other without a gap, from its beginning on. Transactions with the same
time are in the same block, so a time is enough to mark the border of a block.

page       a page of the part of a history that has blocks: it reads only the blocks that have the search text
due        the wallets with many ledger entries since their last block
seal       writes a wallet's next blocks
BLOCKS     the audit's proof

A block only says what need not be read. What a page returns comes from the transactions themselves, by the same
conditions as every page (history.py), so a block can reveal nothing.

Decision 48 gives the reasons.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pocketpay.database.findings import GIVEN, Proof
from pocketpay.database.sessions import Session
from pocketpay.transactions.filter import BEGINNING, NIL_ID, Position
from pocketpay.transactions.repository.history import (
    MATCHES_FILTER,
    NEWEST_FIRST,
    OLDEST_FIRST,
    Scope,
    bounds,
    conditions,
    visible,
)
from pocketpay.transactions.repository.rows import COLUMNS, transaction
from pocketpay.transactions.transaction import Transaction

SIZE = 128
"""Transactions in a block: about 2 kB of descriptions, which is the most that PostgreSQL stores inside a row. In
smaller blocks a search reads more rows, in larger ones it decompresses them (21 ms or 36 ms for a million short
descriptions)."""

SEALED_AFTER = "interval '10 minutes'"
"""The age at which a transaction enters a block. No unit of work lasts that long, and so a clock that is set back by
less than this cannot place a transaction in a block that is already written."""

_NIL = f"'{NIL_ID}'::uuid"
_START = f"'{BEGINNING.moment.isoformat()}'::timestamptz"


def _page(order: str) -> str:
    """Returns the SQL of a filtered page that reads the blocks with the search text: at most $16 of the next $8.

    `stopped` is the border where it stopped, when more blocks may follow and fewer than $7 transactions match. When
    it reads from the oldest on, `stopped` is also the end of the last block.
    """
    last_border, direction = ("min(since)", "desc") if order == NEWEST_FIRST else ("max(until)", "asc")
    more = f"count(*) = $8 or {order == OLDEST_FIRST}"
    block_end = f"least(until, $2), case when until <= $2 then {_NIL} else $3 end"
    block_start = f"greatest(since, $4), case when since > $4 then {_NIL} else $5 end"
    rows = visible(COLUMNS, "all", order, newer_than=block_start, older_than=block_end)
    return f"""
with blocks as materialized (
    select since, until, strpos(descriptions, (select search_key($15))) > 0 as has_text from search_blocks
    where wallet_id = $1 and (since, {_NIL}) < ($2::timestamptz, $3::uuid) and until > $4::timestamptz
    order by since {direction} limit $8),
candidates as materialized (select since, until from blocks where has_text order by since {direction} limit $16),
page as materialized (
    select seen.* from candidates cross join lateral ({rows}) seen where {MATCHES_FILTER} limit $7),
stopped as (
    select case when (select count(*) from candidates) = $16
            then (select {last_border} from candidates)
            else (select case when {more} then {last_border} end from blocks) end as border
    where (select count(*) from page) < $7)
select page.*, stopped.border from (select) always left join stopped on true left join page on true
order by page.visible_at {order}, page.id {order}"""


_PAGES = {order: _page(order) for order in (NEWEST_FIRST, OLDEST_FIRST)}

_SEALED_UNTIL = "select until from search_blocks where wallet_id = $1 order by since desc limit 1"

# A sequential scan of the accounts: an index on `sequence` would cost every payment, and this runs every few minutes.
_DUE = """
select a.id from ledger_accounts a
left join lateral (
    select entries from search_blocks b where b.wallet_id = a.id order by since desc limit 1) sealed on true
where a.kind = 'wallet' and a.sequence >= $1 and a.sequence - coalesce(sealed.entries, 0) >= $1
order by a.sequence desc limit $2
"""

# The last block of the rows may have more transactions than were read, so it is written the next time.
_SEAL = f"""
with sealed as materialized (
    select until, entries from search_blocks where wallet_id = $1 order by since desc limit 1),
history as materialized ({
    visible(
        "id, status, description",
        "$3",
        OLDEST_FIRST,
        received="true",
        newer_than=f"coalesce((select until from sealed), {_START}), {_NIL}",
        older_than=f"clock_timestamp() - {SEALED_AFTER}, {_NIL}",
    )
}),
numbered as (
    select *, (min(number) over (partition by visible_at) - 1) / $2::int as block
    from (select *, row_number() over (order by visible_at, id) as number from history) ordered),
blocks as (
    select block, min(visible_at) as first, count(*) filter (where status = 'completed') as entries,
        string_agg(search_key(description), E'\\n' order by number) as descriptions
    from numbered group by block),
written as (
    select block, descriptions,
        case when lag(first) over in_order is null then coalesce((select until from sealed), {_START})
            else first end as since,
        lead(first) over in_order as until,
        coalesce((select entries from sealed), 0) + sum(entries) over in_order as entries
    from blocks window in_order as (order by block))
insert into search_blocks (wallet_id, since, until, entries, descriptions)
select $1, since, until, entries, descriptions from written where until is not null
on conflict do nothing
"""


def _proof_of(blocks: str, first: str) -> str:
    """Returns the query of the proof for these blocks. `first` is the time at which a wallet's first block begins."""
    return f"""
    select b.wallet_id || ' ' || b.since, case
        when b.since is distinct from b.expected_since then 'the block before it ends at ' || b.expected_since
        else 'its descriptions differ from the descriptions of the transactions' end
    from (
        select *, coalesce(lag(until) over (partition by wallet_id order by since), {first}) as expected_since
        from {blocks}) b
    cross join lateral (
        select string_agg(search_key(description), E'\\n' order by visible_at, id) as descriptions from (
            select id, description, created_at as visible_at from transactions
            where coalesce(source_wallet_id, destination_wallet_id) = b.wallet_id
              and created_at >= b.since and created_at < b.until
            union all
            select id, description, completed_at from transactions
            where destination_wallet_id = b.wallet_id and status = 'completed' and source_wallet_id is not null
              and completed_at >= b.since and completed_at < b.until) seen) actual
    where b.since <> b.expected_since or b.descriptions is distinct from actual.descriptions
    """


_ADDED_BLOCKS = """(
        select b.*, c.blocks_until from ledger_accounts a
        left join audit_accounts c on c.account_id = a.id
        cross join lateral (
            select * from search_blocks b
            where b.wallet_id = a.id and b.since >= coalesce(c.blocks_until, '-infinity') offset 0) b
        where a.kind = 'wallet') added"""

BLOCKS = Proof(
    "a search block has the descriptions that its wallet sees in its time, and follows the block before it",
    _proof_of("search_blocks", _START),
    since=f"with {GIVEN} " + _proof_of(_ADDED_BLOCKS, f"coalesce(blocks_until, {_START})"),
)


class Limits(NamedTuple):
    """The maximum number of blocks that one page looks at, and of blocks whose transactions it reads."""

    blocks: int
    candidates: int


async def sealed_until(session: Session, wallet_id: UUID) -> datetime | None:
    """The end of the wallet's last block, or None when it has no blocks."""
    until: datetime | None = await session.fetchval(_SEALED_UNTIL, wallet_id)
    return until


async def page(
    session: Session, scope: Scope, *, limit: int, most: Limits, backwards: bool
) -> tuple[list[Transaction], Position | None]:
    """Returns a page of a search in the part of the history that has blocks, and the position where the next page
    continues.

    It does the same as `history.page`, for a filter with a search text. The position is None when the page is full,
    or when nothing more follows. When the page goes towards newer transactions, the position can be the end of the
    last block.
    """
    order = OLDEST_FIRST if backwards else NEWEST_FIRST
    arguments = (*bounds(scope), limit, most.blocks, *conditions(scope.filter), most.candidates)
    rows = await session.fetch(_PAGES[order], *arguments)
    border = rows[0]["border"]
    found = [transaction(row) for row in rows if row["id"] is not None]
    return found, None if border is None else Position(border, NIL_ID)


async def due(session: Session, *, entries: int, limit: int) -> list[UUID]:
    """Returns at most `limit` wallets with at least `entries` ledger entries that no block has."""
    return [row["id"] for row in await session.fetch(_DUE, entries, limit)]


async def seal(session: Session, wallet_id: UUID, *, blocks: int) -> int:
    """Writes at most `blocks` next blocks of the wallet. Returns their number: 0 when there is no whole block.

    Two servers may do this at the same time: both write the same blocks.
    """
    status = await session.execute(_SEAL, wallet_id, SIZE, blocks * SIZE + 1)
    return int(status.split()[-1])
