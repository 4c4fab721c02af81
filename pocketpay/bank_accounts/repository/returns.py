"""The SQL of returns: what banks have taken back of settled orders, and what of it is not in the books yet."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pocketpay.bank_accounts.bank_return import BankReturn, NewReturn, OpenReturn
from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.sessions import Record, Session
from pocketpay.ledger.account import MAX_AHEAD_SECONDS

_COLUMNS = "transaction_id, wallet_id, currency, returned, outstanding, why"

_OF_WALLETS = f"""
select {_COLUMNS} from bank_returns where wallet_id = any($1::uuid[]) and outstanding > 0
union
select {_COLUMNS} from bank_returns where transaction_id = any($2::uuid[])
"""

_WRITTEN = Arrays(
    transaction_id="uuid", wallet_id="uuid", currency="text", returned="bigint", outstanding="bigint", why="text"
)
_WRITE = f"""
insert into bank_returns ({_WRITTEN.names}, created_at, updated_at)
select u.*, $1, $1 from {_WRITTEN.unnest("u", numbered_from(2))}
on conflict (transaction_id) do update
set returned = excluded.returned, outstanding = excluded.outstanding, why = excluded.why, updated_at = $1
"""
_WRITE_REFUNDS = """
insert into bank_return_refunds (refund_id, transaction_id)
select u.refund_id, u.transaction_id from unnest($1::uuid[], $2::uuid[]) u(refund_id, transaction_id)
"""

_COVERABLE = f"""
select r.wallet_id, r.transaction_id
from bank_returns r join transactions t on t.id = r.transaction_id
join wallets w on w.id = r.wallet_id join ledger_accounts a on a.id = r.wallet_id
where r.outstanding > 0 and w.status <> 'closed' and (t.type = 'withdrawal' or a.posted > a.held)
  and a.updated_at <= (select clock_timestamp()) + interval '{MAX_AHEAD_SECONDS} seconds'
order by r.created_at, r.transaction_id limit $1 for no key update of a skip locked
"""
"""Locked wallets are left out, because the clearing would wait for their locks."""


_PAGE = {
    backwards: f"""
select {_COLUMNS}, created_at, updated_at from bank_returns
where outstanding > 0 and (created_at, transaction_id) > ($1, $2) and (created_at, transaction_id) < ($3, $4)
order by created_at {order}, transaction_id {order} limit $5"""
    for backwards, order in enumerate(("asc", "desc"))
}
_COUNT = "select count(*) from (select from bank_returns where outstanding > 0 limit $1) counted"


async def of_wallets(
    session: Session, wallet_ids: Iterable[UUID], transaction_ids: Iterable[UUID]
) -> dict[UUID, BankReturn]:
    """Returns the returns of the transactions, and all of the wallets that are not in the books yet, by transaction
    id."""
    rows = await session.fetch(_OF_WALLETS, list(wallet_ids), list(transaction_ids))
    return {row["transaction_id"]: bank_return(row) for row in rows}


async def write(session: Session, now: datetime, changed: Sequence[NewReturn]) -> None:
    """Writes the returns in their new state, and the refunds that book them, which must exist."""
    last = {one.after.transaction_id: one.after for one in changed}
    await session.execute(
        _WRITE,
        now,
        *_WRITTEN.arguments(
            transaction_id=list(last),
            wallet_id=[r.wallet_id for r in last.values()],
            currency=[r.currency for r in last.values()],
            returned=[r.returned for r in last.values()],
            outstanding=[r.outstanding for r in last.values()],
            why=[r.why for r in last.values()],
        ),
    )
    booked = [(one.refund_id, one.after.transaction_id) for one in changed if one.refund_id is not None]
    if booked:
        await session.execute(_WRITE_REFUNDS, [refund for refund, _ in booked], [of for _, of in booked])


async def coverable(session: Session, limit: int) -> list[tuple[UUID, UUID]]:
    """Returns (wallet, transaction) of returns of which more can be booked now, oldest first."""
    rows = await session.fetch(_COVERABLE, limit)
    return [(row["wallet_id"], row["transaction_id"]) for row in rows]


async def page(
    session: Session,
    *,
    after: tuple[datetime, UUID],
    before: tuple[datetime, UUID],
    limit: int,
    backwards: bool,
) -> list[OpenReturn]:
    """Returns the oldest `limit` returns that are not in the books yet, strictly between two places; with `backwards`
    the newest."""
    rows = await session.fetch(_PAGE[backwards], *after, *before, limit)
    return [OpenReturn(bank_return(row), row["created_at"], row["updated_at"]) for row in rows]


async def count(session: Session, *, maximum: int) -> int | None:
    """The number of returns that are not in the books yet; None above `maximum`."""
    counted: int = await session.fetchval(_COUNT, maximum + 1)
    return counted if counted <= maximum else None


def bank_return(row: Record) -> BankReturn:
    """Converts a row with the columns of BankReturn."""
    return BankReturn(*(row[name.strip()] for name in _COLUMNS.split(",")))
