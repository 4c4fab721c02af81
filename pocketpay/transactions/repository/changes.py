"""All SQL of the live feeds, for several wallets in one statement: the payments that await an answer now, and the
transactions that changed after a given moment."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.transactions.repository.rows import COLUMNS, transaction
from pocketpay.transactions.transaction import Transaction

LATE = "interval '1 hour'"
"""A change is late when it happens longer than this after the transaction was created: for example when a bank
settles an order the next day, or a payment is refunded. The index `ix_transactions_changed_late` holds these
transactions."""

_AWAITING = f"""
select {COLUMNS} from transactions
where source_wallet_id = any($1::uuid[])
  and status = 'pending_confirmation' and expires_at > clock_timestamp()
order by created_at, id"""

# No index covers `updated_at` of all transactions, because it would slow down every payment. The transactions that
# a wallet owns are found by `created_at`, up to an hour further back; the few that change later have their own index.
# The payments that a wallet received are found by `completed_at`; later changes of them by the refunds that it made.
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


# Both index scans stop at the limit, so that counting a long history does not read all of it.
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
    """Returns, by wallet id, the payments that await the owner's answer now, oldest first; () for none."""
    found: dict[UUID, list[Transaction]] = {wallet_id: [] for wallet_id in wallet_ids}
    for row in await session.fetch(_AWAITING, list(found)):
        pending = transaction(row)
        found[pending.anchor].append(pending)
    return {wallet_id: tuple(transactions) for wallet_id, transactions in found.items()}


async def since(
    session: Session, wanted: Sequence[tuple[UUID, tuple[datetime, UUID]]], *, limit: int
) -> list[list[Transaction]]:
    """Returns, for each pair of wallet and place, the transactions visible to its owner that changed after the place.

    Each list is ordered by time of change and id, and holds at most `limit` transactions. A place is a time and an
    id: a change is after it when its time is later, or when its time is equal and its id is greater.
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
    session: Session, wallet_id: UUID, place: tuple[datetime, UUID], maximum: int
) -> tuple[datetime, int]:
    """Returns the database's time, and the number of transactions (at most `maximum`) that `since` finds."""
    row = await session.fetchrow(_NEWER, wallet_id, place[0], maximum)
    assert row is not None  # noqa: S101 - a select without a FROM clause returns one row
    if row["newer"] >= maximum:
        return row["now"], maximum
    (changed,) = await since(session, [(wallet_id, place)], limit=maximum)
    return row["now"], len(changed)
