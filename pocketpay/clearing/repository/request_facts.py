"""The SQL that joins money requests with wallets and payments, for the rules about money requests."""

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
class RequestFacts:
    """The facts that decide whether a wallet may request money from another.

    `open` is the number of open requests from the requester to the payer. `today` is the number of all requests that
    the requester made within 24 hours, counted up to the cap.
    """

    requester_id: UUID
    payer_id: UUID
    standing: Standing
    open: int
    today: int


async def live_payments(session: Session, request_ids: Iterable[UUID]) -> list[Transaction]:
    """Returns the unfinished payments of the requests; a request has at most one."""
    return [transaction(row) for row in await session.fetch(_LIVE_PAYMENTS, list(request_ids))]


async def facts(
    session: Session, pairs: Collection[tuple[UUID, UUID]], now: datetime, *, max_per_day: int
) -> list[RequestFacts]:
    """Returns the facts at `now` for each pair of (requester, payer). `max_per_day` is the maximum for the count of
    `today`."""
    requesters, payers = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    rows = await session.fetch(_FACTS, requesters, payers, now, max_per_day)
    return [
        RequestFacts(
            requester_id=row["requester"],
            payer_id=row["payer"],
            standing=standing(row["status"], row["frozen_for"], row["created_at"]),
            open=row["open"],
            today=row["today"],
        )
        for row in rows
    ]
