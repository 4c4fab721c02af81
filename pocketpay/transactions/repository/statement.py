"""All SQL of a statement's lines: each entry with what its owner may know of the transaction behind it."""

from collections.abc import AsyncIterator
from uuid import UUID

from pocketpay.database.sessions import Record, Session

PLANS = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_sort": "off",
    "jit": "off",
}
"""For the connection: the entries in the order of their index and the rest by key, so that the first line comes at
once and nothing is sorted or hashed, whatever the size and the statistics."""

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
    session: Session, wallet_id: UUID, after: int, through: int, *, at_once: int
) -> AsyncIterator[Record]:
    """The wallet's entries after one sequence through another, the oldest first, `at_once` held in memory."""
    async for row in session.stream(_LINES, wallet_id, after, through, prefetch=at_once):
        yield row
