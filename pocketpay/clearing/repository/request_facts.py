"""All SQL that joins money requests with wallets and payments: what a rule of theirs reads, and what is overdue."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.transactions.repository.rows import COLUMNS, transaction
from pocketpay.transactions.transaction import Transaction
from pocketpay.wallets.balance import Standing
from pocketpay.wallets.repository import standing

_LIVE_PAYMENTS = f"""
select {COLUMNS} from transactions
where request_id = any($1::uuid[]) and status in ('created', 'pending_confirmation')
"""

_FACTS = """
with today as materialized (
    select requester.id, counted.n
    from (select distinct id from unnest($1::uuid[]) ids(id)) requester
    cross join lateral (
        select count(*) as n from (
            select 1 from unnest(array['pending', 'paid', 'declined', 'cancelled', 'expired']) s(status)
            cross join lateral (
                select 1 from money_requests r
                where r.requester_wallet_id = requester.id and r.status = s.status
                  and r.created_at > $3::timestamptz - interval '24 hours'
                limit $4) made
            limit $4) asked) counted)
select q.requester, q.payer, payer.status, payer.frozen_for, payer.created_at, waiting.n as open, today.n as today
from unnest($1::uuid[], $2::uuid[]) q(requester, payer)
join wallets payer on payer.id = q.payer
join today on today.id = q.requester
cross join lateral (
    select count(*) as n from money_requests r
    where r.requester_wallet_id = q.requester and r.payer_wallet_id = q.payer
      and r.status = 'pending' and r.expires_at > $3) waiting
"""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a rule asks before one wallet asks another for money: how many of its requests to it are open, and how
    often it has asked anybody within a day (counted no further than the cap)."""

    requester_id: UUID
    payer_id: UUID
    standing: Standing
    open: int
    today: int


async def live_payments(session: Session, request_ids: Iterable[UUID]) -> list[Transaction]:
    """The payments of those requests that await an answer: at most one of each."""
    return [transaction(row) for row in await session.fetch(_LIVE_PAYMENTS, list(request_ids))]


async def facts(
    session: Session, pairs: Collection[tuple[UUID, UUID]], now: datetime, *, most_a_day: int
) -> list[Asking]:
    """Of each (requester, payer), what their next request depends on at `now`."""
    requesters, payers = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    rows = await session.fetch(_FACTS, requesters, payers, now, most_a_day)
    return [
        Asking(
            requester_id=row["requester"],
            payer_id=row["payer"],
            standing=standing(row["status"], row["frozen_for"], row["created_at"]),
            open=row["open"],
            today=row["today"],
        )
        for row in rows
    ]
