"""All SQL of a statement's lines: each entry with the data of its transaction that the wallet's owner may see."""

from collections.abc import AsyncIterator
from uuid import UUID

from pocketpay.database.sessions import Record, Session

PLANNER_SETTINGS = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_sort": "off",
    "jit": "off",
}
"""Settings of the connection. They make PostgreSQL read the entries in the order of their index and the other tables
by key: the first line comes immediately and nothing is sorted or hashed, for any size and any statistics."""

_LINES = """
select e.created_at, e.description, e.amount, e.currency, e.balance_after, e.transaction_id, t.type, t.bank_name,
    u.username, u.name
from ledger_entries e join transactions t on t.id = e.transaction_id
left join users u
    on u.wallet_id = case t.source_wallet_id when $1 then t.destination_wallet_id else t.source_wallet_id end
where e.account_id = $1 and e.sequence > $2 and e.sequence <= $3
order by e.sequence
"""


async def lines(
    session: Session, wallet_id: UUID, after: int, through: int, *, prefetch: int
) -> AsyncIterator[Record]:
    """Yields the wallet's entries with `after` < sequence <= `through`, oldest first; holds `prefetch` rows in
    memory."""
    async for row in session.stream(_LINES, wallet_id, after, through, prefetch=prefetch):
        yield row
