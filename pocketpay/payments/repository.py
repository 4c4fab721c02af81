"""The SQL of the sweeper: overdue payments, orders without the bank's answer, and requests that cannot be paid.

Wallets that another session has locked are left out, because the clearing would wait for the lock each second.
Wallets whose account is ahead of the clock are left out too: the clearing would refuse them (decision 27), and they
would use up the batch.
"""

from datetime import timedelta
from uuid import UUID

from pocketpay.clearing.repository.units import FIRST_POLL_SECONDS
from pocketpay.database.sessions import Session
from pocketpay.ledger.account import MAX_AHEAD_SECONDS
from pocketpay.transactions.repository.rows import COLUMNS, transaction
from pocketpay.transactions.transaction import Transaction

MAX_PAUSE_SECONDS = 3_600
"""The longest time between two polls of the bank about one order."""

_UNSETTLED = f"""
with due as materialized (
    select id from transactions where status = 'created' and ask_again_at <= (select clock_timestamp())
    order by ask_again_at limit $1 for no key update skip locked)
update transactions t
set ask_again_at = clock_timestamp() + least(
    greatest(clock_timestamp() - t.created_at, interval '{FIRST_POLL_SECONDS} seconds'),
    interval '{MAX_PAUSE_SECONDS} seconds')
from due where t.id = due.id
returning {", ".join("t." + name.strip() for name in COLUMNS.split(","))}
"""
"""Each pause is as long as the order's age, so the pauses double: 10 s, 20 s, 40 s, … up to an hour."""

_NOT_AHEAD = f"<= (select clock_timestamp()) + interval '{MAX_AHEAD_SECONDS} seconds'"

_PENDING = """
money_requests r cross join lateral (
    select max(a.updated_at) as at from ledger_accounts a
    where a.id in (r.payer_wallet_id, r.requester_wallet_id)) changed"""

_UNPAYABLE = f"""
with unpayable as materialized (
    (select r.id, r.payer_wallet_id, r.requester_wallet_id from {_PENDING}
     where r.status = 'pending' and r.expires_at <= (select clock_timestamp()) and changed.at {_NOT_AHEAD}
     order by r.expires_at limit $1)
    union
    (select r.id, r.payer_wallet_id, r.requester_wallet_id
     from wallets w
     cross join lateral (
        (select r.* from {_PENDING}
         where r.requester_wallet_id = w.id and r.status = 'pending' and changed.at {_NOT_AHEAD} limit $1)
        union all
        (select r.* from {_PENDING}
         where r.payer_wallet_id = w.id and r.status = 'pending' and changed.at {_NOT_AHEAD} limit $1)) r
     where w.status = 'closed' and w.updated_at > (select clock_timestamp()) - $2::interval limit $1))
select u.payer_wallet_id, u.requester_wallet_id, u.id
from unpayable u
cross join lateral (
    select from ledger_accounts a where a.id = u.payer_wallet_id limit 1 for no key update skip locked) payer
cross join lateral (
    select from ledger_accounts a where a.id = u.requester_wallet_id limit 1 for no key update skip locked) requester
limit $1
"""
"""The clock is read in a subquery: it is then evaluated once, so that PostgreSQL can use it in an index condition."""


async def overdue_payments(session: Session, limit: int) -> list[tuple[UUID, UUID]]:
    """Returns (wallet, transaction) of overdue held payments, the longest overdue first."""
    rows = await session.fetch(
        "select t.source_wallet_id, t.id from transactions t join ledger_accounts a on a.id = t.source_wallet_id "
        "where t.status = 'pending_confirmation' and t.expires_at <= (select clock_timestamp()) "
        f"and a.updated_at {_NOT_AHEAD} "
        "order by t.expires_at limit $1 for no key update of a skip locked",
        limit,
    )
    return [(row["source_wallet_id"], row["id"]) for row in rows]


async def unsettled(session: Session, limit: int) -> list[Transaction]:
    """Claims and returns orders that are due for a poll of the bank, longest due first.

    Sets the time of their next poll. No other server gets these orders before that time.
    """
    return [transaction(row) for row in await session.fetch(_UNSETTLED, limit)]


async def unpayable(session: Session, limit: int, *, closed_within: timedelta) -> list[tuple[UUID, UUID, UUID]]:
    """Returns (payer, requester, request) of requests that can no longer be paid.

    A request is overdue, or its requester or payer has closed their wallet within `closed_within`.
    """
    rows = await session.fetch(_UNPAYABLE, limit, closed_within)
    return [(row["payer_wallet_id"], row["requester_wallet_id"], row["id"]) for row in rows]
