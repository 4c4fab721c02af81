"""All SQL of what is still open of a wallet that is about to be closed."""

from collections.abc import Iterable
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.transactions.repository.rows import COLUMNS, transaction
from pocketpay.transactions.transaction import Transaction

MOST_ALIVE = 200
"""Of one wallet: more than one unit of work can end, so that one that is left is always among them."""

MOST_ASKED = 1_000
"""Requests declined with the wallet; what is beyond the sweeper cancels, a second later."""

_ALIVE = f"""
select t.* from unnest($1::uuid[]) wanted(id)
cross join lateral (
    select {COLUMNS} from transactions
    where coalesce(source_wallet_id, destination_wallet_id) = wanted.id
      and type = any(array['send', 'request', 'deposit', 'withdrawal', 'card', 'refund', 'bonus'])
      and status in ('created', 'pending_confirmation')
    limit {MOST_ALIVE}) t
"""
"""By the index of what is recent, which holds what is alive whenever it was made."""

_ASKED_OF = f"""
select r.id from unnest($1::uuid[]) wanted(id)
cross join lateral (
    select id from money_requests
    where payer_wallet_id = wanted.id and status = 'pending' order by created_at desc, id desc limit {MOST_ASKED}) r
"""


async def alive(session: Session, wallet_ids: Iterable[UUID]) -> list[Transaction]:
    """What those wallets have ordered and is not over: some of each wallet that has any."""
    return [transaction(row) for row in await session.fetch(_ALIVE, list(wallet_ids))]


async def asked_of(session: Session, wallet_ids: Iterable[UUID]) -> list[UUID]:
    """Requests that those wallets have not answered, the newest first."""
    return [row["id"] for row in await session.fetch(_ASKED_OF, list(wallet_ids))]
