"""The SQL of the metrics about unfinished payments: orders without the bank's answer, and money that is held.

Each statement reads partial indexes that have only unfinished payments, and at most MAX_READ rows of each: never the
history.
"""

from dataclasses import dataclass

from pocketpay.database.sessions import Session

MAX_READ = 10_000
"""Maximum number of rows read from each index. With more unfinished payments the values are lower bounds."""

ORDERS = """
select count(*) as orders, coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as oldest
from (select created_at from transactions where status = 'created' order by ask_again_at limit $1) o"""

HELD = """
select currency, count(*) as payments, sum(total)::bigint as amount_minor
from (
    (select currency, amount + fee as total from transactions
     where status = 'pending_confirmation' order by expires_at limit $1)
    union all
    (select currency, amount + fee from transactions
     where status = 'created' and source_wallet_id is not null order by ask_again_at limit $1)) held
group by currency"""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The orders without the bank's answer, the age of the oldest one (0 when there is none), and by currency the
    number of payments that hold money and the amount that they hold."""

    orders: int
    oldest_seconds: float
    held: dict[str, tuple[int, int]]


async def unfinished(session: Session) -> Unfinished:
    """Returns the orders and payments that are not finished now."""
    order = await session.fetchrow(ORDERS, MAX_READ)
    assert order is not None  # noqa: S101 - an aggregate returns one row
    rows = await session.fetch(HELD, MAX_READ)
    held = {row["currency"]: (row["payments"], row["amount_minor"]) for row in rows}
    return Unfinished(order["orders"], order["oldest"], held)
