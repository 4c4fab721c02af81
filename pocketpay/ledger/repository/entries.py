"""The SQL that reads a wallet's entries. Each read uses a unique index and reads only the rows that it returns."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pocketpay.database.sessions import Record, Session


class Sums(NamedTuple):
    """Sums of entries in minor units, by direction. `fees` is a part of `money_out`."""

    money_in: int
    money_out: int
    fees: int


COLUMNS = "id, account_id, transaction_id, amount, currency, sequence, balance_after, description, created_at"

_OF_TRANSACTIONS = f"""
select {COLUMNS} from ledger_entries where transaction_id = any($2::uuid[]) and account_id = $1
"""

_BY_IDS = f"select {COLUMNS} from ledger_entries where id = any($1::uuid[])"

_RANGE = f"""
select {COLUMNS} from ledger_entries where account_id = $1 and sequence > $2 and sequence < $3
"""
_OLDEST_FIRST = _RANGE + "order by sequence limit $4"
_NEWEST_FIRST = _RANGE + "order by sequence desc limit $4"

_LAST_SEQUENCE = "select sequence from ledger_accounts where id = $1"

_POINTS = """
with recursive account as materialized (select currency, sequence from ledger_accounts where id = $1),
wanted as materialized (select * from unnest($2::timestamptz[]) with ordinality wanted(before, number)),
search (number, before, low, high) as (
    select wanted.number, wanted.before, 0::bigint, account.sequence from wanted, account
    union all
    select s.number, s.before,
        case when middle.created_at < s.before then middle.sequence else s.low end,
        case when middle.created_at < s.before then s.high else middle.sequence - 1 end
    from search s cross join lateral (
        select sequence, created_at from ledger_entries
        where account_id = $1 and sequence = (s.low + s.high + 1) / 2 limit 1) middle
    where s.low < s.high)
select s.low as sequence, coalesce(last.balance_after, 0) as balance, account.currency
from account cross join wanted left join search s on s.number = wanted.number and s.low = s.high
left join lateral (
    select balance_after from ledger_entries where account_id = $1 and sequence = s.low limit 1) last on true
order by wanted.number
"""
"""A binary search for a moment: an account's entries have the same order by time and by sequence. Every entry up to
`low` is before the moment, and no entry after `high` is. It takes log2(n) probes of the unique index, 20 for a
million entries. An index on the time would be faster to read, but every payment would have to update it."""

_TOTALS = """
with fees as materialized (
    select f.id from ledger_accounts a join ledger_accounts f on f.kind = 'fees' and f.currency = a.currency
    where a.id = $1)
select coalesce(sum(amount) filter (where amount > 0), 0)::bigint as money_in,
    coalesce(-sum(amount) filter (where amount < 0), 0)::bigint as money_out, coalesce(sum(fee), 0)::bigint as fees
from (
    select transaction_id, amount from ledger_entries
    where account_id = $1 and sequence > $2 and sequence <= $3 order by sequence limit $4) e
left join lateral (
    select f.amount as fee from ledger_entries f
    where e.amount < 0 and f.transaction_id = e.transaction_id and f.account_id = (select id from fees)
    limit 1) paid on true
"""
"""A wallet has one entry per transaction, which includes the fee. The fee itself is the entry of the fees account."""


async def of_transactions(session: Session, wallet_id: UUID, transaction_ids: Sequence[UUID]) -> list[Record]:
    """Returns the wallet's entries of the given transactions."""
    return await session.fetch(_OF_TRANSACTIONS, wallet_id, transaction_ids)


async def by_ids(session: Session, ids: Sequence[UUID]) -> list[Record]:
    """Returns the entries with the given ids, of any owner."""
    return await session.fetch(_BY_IDS, ids)


async def between(
    session: Session, wallet_id: UUID, newer_than: int, older_than: int, *, limit: int, oldest_first: bool
) -> list[Record]:
    """Returns up to `limit` of the wallet's entries between two sequences, both exclusive.

    Newest first; if `oldest_first`, oldest first.
    """
    sql = _OLDEST_FIRST if oldest_first else _NEWEST_FIRST
    return await session.fetch(sql, wallet_id, newer_than, older_than, limit)


async def last_sequence(session: Session, wallet_id: UUID) -> int:
    """Returns the number of the wallet's entries."""
    last: int = await session.fetchval(_LAST_SEQUENCE, wallet_id)
    return last


async def points(session: Session, wallet_id: UUID, moments: Sequence[datetime]) -> list[Record]:
    """Returns one row for each moment, in order, with `sequence`, `balance` and `currency`.

    `sequence` is the number of the last entry before the moment, or 0, and `balance` is the balance after that entry.
    `sequence` is null if the search needs an entry that is missing, which leaves a gap in the numbers. The list is
    empty if the wallet does not exist.
    """
    return await session.fetch(_POINTS, wallet_id, moments)


async def totals(session: Session, wallet_id: UUID, after: int, through: int) -> Sums:
    """Returns the sums of the entries with `after` < sequence <= `through`, read in one statement."""
    row = await session.fetchrow(_TOTALS, wallet_id, after, through, through - after)
    assert row is not None, "a sum is always one row"  # noqa: S101 - an aggregate without groups
    return Sums(row["money_in"], row["money_out"], row["fees"])
