"""All SQL of the live feeds, many wallets at once: what awaits an answer now, and what changed after some moment."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.transactions.repository.rows import COLUMNS, transaction
from pocketpay.transactions.transaction import Transaction

LATE = "interval '1 hour'"
"""A transaction that changes longer after it was made changes late: an order that its bank settles the next day, a
payment that is given back. The index `ix_transactions_changed_late` has those."""

_AWAITING = f"""
select {COLUMNS} from transactions
where source_wallet_id = any($1::uuid[])
  and status = 'pending_confirmation' and expires_at > clock_timestamp()
order by created_at, id"""

# No index holds when each transaction changed last: it would cost every payment. What a wallet anchors is found by
# when it was made, up to an hour further back; the few that change later than that have an index of their own. What
# a wallet was paid is found by when it was completed, and after that by its refunds, which the wallet made.
_SINCE = f"""
select wanted.number, changed.*
from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) with ordinality wanted(wallet_id, at, after, number)
cross join lateral (
    (select {COLUMNS} from transactions
     where coalesce(source_wallet_id, destination_wallet_id) = wanted.wallet_id
       and created_at >= wanted.at - {LATE} and (updated_at, id) > (wanted.at, wanted.after)
     order by updated_at, id limit $4)
    union
    (select {COLUMNS} from transactions
     where coalesce(source_wallet_id, destination_wallet_id) = wanted.wallet_id
       and updated_at - created_at > {LATE} and (updated_at, id) > (wanted.at, wanted.after)
     order by updated_at, id limit $4)
    union
    (select {COLUMNS} from transactions
     where destination_wallet_id = wanted.wallet_id and status = 'completed' and source_wallet_id is not null
       and refunded = 0 and (completed_at, id) > (wanted.at, wanted.after)
     order by completed_at, id limit $4)
    union
    (select {", ".join("original." + name.strip() for name in COLUMNS.split(","))}
     from (
        select distinct r.refund_of from transactions r
        where coalesce(r.source_wallet_id, r.destination_wallet_id) = wanted.wallet_id
          and r.type = 'refund' and r.status = 'completed' and r.created_at >= wanted.at) given_back
     join transactions original on original.id = given_back.refund_of
     where (original.updated_at, original.id) > (wanted.at, wanted.after)
     order by original.updated_at, original.id limit $4)
    order by updated_at, id limit $4) changed
order by wanted.number, changed.updated_at, changed.id"""


# Both index scans stop at the limit, so that a long history is not read to learn that it is long.
_NEWER = """
select clock_timestamp() as now, (
    select count(*) from (
        (select from transactions
         where coalesce(source_wallet_id, destination_wallet_id) = $1 and created_at >= $2 limit $3)
        union all
        (select from transactions
         where destination_wallet_id = $1 and status = 'completed' and source_wallet_id is not null
           and completed_at >= $2 limit $3)) newer) as newer"""


async def awaiting(session: Session, wallet_ids: Iterable[UUID]) -> dict[UUID, tuple[Transaction, ...]]:
    """Each wallet's payments that wait for its owner's answer now, the oldest first; () for a wallet with none."""
    found: dict[UUID, list[Transaction]] = {wallet_id: [] for wallet_id in wallet_ids}
    for row in await session.fetch(_AWAITING, list(found)):
        pending = transaction(row)
        found[pending.anchor].append(pending)
    return {wallet_id: tuple(transactions) for wallet_id, transactions in found.items()}


async def since(
    session: Session, wanted: Sequence[tuple[UUID, tuple[datetime, UUID]]], *, limit: int
) -> list[list[Transaction]]:
    """For each wallet and place, what its owner may see of what changed after it, in order, at most `limit`.

    A place is a moment and an id: after it come later changes, and those of that moment with a greater id.
    """
    rows = await session.fetch(
        _SINCE,
        [wallet_id for wallet_id, _ in wanted],
        [at for _, (at, _) in wanted],
        [after for _, (_, after) in wanted],
        limit,
    )
    found: list[list[Transaction]] = [[] for _ in wanted]
    for row in rows:
        found[row["number"] - 1].append(transaction(row))
    return found


async def count_since(
    session: Session, wallet_id: UUID, place: tuple[datetime, UUID], most: int
) -> tuple[datetime, int]:
    """The database's time, and how many transactions `since` finds after the place: exact up to `most`."""
    row = await session.fetchrow(_NEWER, wallet_id, place[0], most)
    assert row is not None  # noqa: S101 - a select without from has one row
    if row["newer"] >= most:
        return row["now"], most
    (changed,) = await since(session, [(wallet_id, place)], limit=most)
    return row["now"], len(changed)
