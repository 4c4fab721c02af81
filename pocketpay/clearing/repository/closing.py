"""The SQL that finds unfinished transactions and open money requests of a wallet that is about to be closed."""

from collections.abc import Iterable
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.transactions.repository.rows import COLUMNS, transaction
from pocketpay.transactions.transaction import Transaction

MAX_UNFINISHED = 200
"""Transactions read per wallet: more than one unit of work can end. So if a wallet has more unfinished transactions,
the result still contains one that this unit does not end, and the wallet is not closed."""

MAX_REQUESTS = 1_000
"""Money requests that are declined together with the wallet. The sweeper cancels the others a second later."""

_UNFINISHED = f"""
select t.* from unnest($1::uuid[]) wanted(id)
cross join lateral (
    select {COLUMNS} from transactions
    where coalesce(source_wallet_id, destination_wallet_id) = wanted.id
      and type = any(array['send', 'request', 'deposit', 'withdrawal', 'card', 'refund', 'bonus'])
      and status in ('created', 'pending_confirmation')
    limit {MAX_UNFINISHED}) t
"""
"""Uses the index of recent transactions, which contains every unfinished transaction, however old it is."""

_OPEN_REQUESTS_TO = f"""
select r.id from unnest($1::uuid[]) wanted(id)
cross join lateral (
    select id from money_requests
    where payer_wallet_id = wanted.id and status = 'pending' order by created_at desc, id desc limit {MAX_REQUESTS}) r
"""


async def unfinished(session: Session, wallet_ids: Iterable[UUID]) -> list[Transaction]:
    """Returns unfinished transactions of the wallets, at most MAX_UNFINISHED of each."""
    return [transaction(row) for row in await session.fetch(_UNFINISHED, list(wallet_ids))]


async def open_requests_to(session: Session, wallet_ids: Iterable[UUID]) -> list[UUID]:
    """Returns the ids of pending money requests to the wallets, newest first, at most MAX_REQUESTS of each wallet."""
    return [row["id"] for row in await session.fetch(_OPEN_REQUESTS_TO, list(wallet_ids))]
