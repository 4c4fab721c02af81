"""The SQL of the sweeper: what is overdue, what the bank has not answered, and what can no longer be paid.

A wallet that another session has locked is left out: the clearing would wait a second for it, every second. So is one
whose account is ahead of the clock: the clearing would refuse it (decision 27), and it would take others' places.
"""

from datetime import timedelta
from uuid import UUID

from pocketpay.clearing.repository.units import FIRST_ASKED_AGAIN_SECONDS
from pocketpay.database.sessions import Session
from pocketpay.ledger.account import MOST_AHEAD_SECONDS
from pocketpay.transactions.repository.rows import COLUMNS, transaction
from pocketpay.transactions.transaction import Transaction

LONGEST_PAUSE_SECONDS = 3_600

_UNSETTLED = f"""
with due as materialized (
    select id from transactions where status = 'created' and ask_again_at <= (select clock_timestamp())
    order by ask_again_at limit $1 for no key update skip locked)
update transactions t
set ask_again_at = clock_timestamp() + least(
    greatest(clock_timestamp() - t.created_at, interval '{FIRST_ASKED_AGAIN_SECONDS} seconds'),
    interval '{LONGEST_PAUSE_SECONDS} seconds')
from due where t.id = due.id
returning {", ".join("t." + name.strip() for name in COLUMNS.split(","))}
"""
"""Each pause is as long as the order is old, so that they double: 10 s, 20, 40, … an hour."""

_NOT_AHEAD = f"<= (select clock_timestamp()) + interval '{MOST_AHEAD_SECONDS} seconds'"

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
"""A clock in a subquery is read once, so that an index can be asked with it."""


async def expired_by_now(session: Session, limit: int) -> list[tuple[UUID, UUID]]:
    """(wallet, transaction) of payments whose time is over, the longest overdue first."""
    rows = await session.fetch(
        "select t.source_wallet_id, t.id from transactions t join ledger_accounts a on a.id = t.source_wallet_id "
        "where t.status = 'pending_confirmation' and t.expires_at <= (select clock_timestamp()) "
        f"and a.updated_at {_NOT_AHEAD} "
        "order by t.expires_at limit $1 for no key update of a skip locked",
        limit,
    )
    return [(row["source_wallet_id"], row["id"]) for row in rows]


async def unsettled(session: Session, limit: int) -> list[Transaction]:
    """What the bank is to be asked about now, longest due first; nobody else is given it until its next turn."""
    return [transaction(row) for row in await session.fetch(_UNSETTLED, limit)]


async def unpayable(session: Session, limit: int, *, closed_within: timedelta) -> list[tuple[UUID, UUID, UUID]]:
    """(payer, requester, request) of requests whose time is over, or where a side closed its wallet so recently."""
    rows = await session.fetch(_UNPAYABLE, limit, closed_within)
    return [(row["payer_wallet_id"], row["requester_wallet_id"], row["id"]) for row in rows]
