"""All SQL of unfinished transactions of any owner, for operators.

held        payments that wait for their sender's confirmation, ordered by expiry, from their own index
unsettled   orders that a bank has not answered, oldest first; there are few, so they are sorted without an index
"""

from pocketpay.database.sessions import Session
from pocketpay.transactions.filter import Position
from pocketpay.transactions.repository.rows import COLUMNS, transaction
from pocketpay.transactions.transaction import Transaction


def _page(status: str, moment: str, order: str) -> str:
    return f"""
    select {COLUMNS} from transactions
    where status = '{status}' and ({moment}, id) > ($1, $2) and ({moment}, id) < ($3, $4)
    order by {moment} {order}, id {order} limit $5"""


_HELD = {
    backwards: _page("pending_confirmation", "expires_at", order) for backwards, order in enumerate(("asc", "desc"))
}
_UNSETTLED = {backwards: _page("created", "created_at", order) for backwards, order in enumerate(("asc", "desc"))}
_COUNT = "select count(*) from (select from transactions where status = $1 limit $2) counted"


async def held(
    session: Session, *, after: Position, before: Position, limit: int, backwards: bool
) -> list[Transaction]:
    """Returns up to `limit` held payments strictly between two positions (expiry time, id), first to last; with
    `backwards`, last to first.
    """
    return [transaction(row) for row in await session.fetch(_HELD[backwards], *after, *before, limit)]


async def unsettled(
    session: Session, *, after: Position, before: Position, limit: int, backwards: bool
) -> list[Transaction]:
    """Returns orders that a bank has not answered, strictly between two positions (creation time, id), first to last;
    with `backwards`, last to first."""
    return [transaction(row) for row in await session.fetch(_UNSETTLED[backwards], *after, *before, limit)]


async def count(session: Session, status: str, *, maximum: int) -> int | None:
    """The number of transactions with the status, or None above `maximum`."""
    counted: int = await session.fetchval(_COUNT, status, maximum + 1)
    return counted if counted <= maximum else None
