"""The SQL of orders through linked bank accounts: which account an order used, and which orders are asked about.

A bank can take the money of a settled order back for a long time: RETURN_DAYS. Until then the sweeper asks about it,
first an hour after the order, then with pauses as long as the order's age, at most MAX_PAUSE_DAYS.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pocketpay.bank_accounts.bank_account import BankAccount
from pocketpay.bank_accounts.bank_return import LinkedOrder
from pocketpay.bank_accounts.repository.accounts import COLUMNS, bank_account
from pocketpay.database.arrays import Arrays, numbered_from
from pocketpay.database.sessions import Session

FIRST_CHECK_SECONDS = 3_600
MAX_PAUSE_DAYS = 7
"""The longest time between two questions about a settled order. A provider reports a return at once by an event; the
question finds what an event did not bring."""

RETURN_DAYS = {"deposit": 120, "withdrawal": 14}
"""How long a bank can take an order back. A customer can dispute a direct debit for 60 days after the statement that
shows it, so about 90 days after the debit, and a bank can take weeks to report it. A failed payout comes back within
days."""

_OF_TRANSACTIONS = f"""
select o.transaction_id, {", ".join("b." + name.strip() for name in COLUMNS.split(","))}
from bank_orders o cross join lateral (select * from bank_accounts b where b.id = o.bank_account_id offset 0) b
where o.transaction_id = any($1::uuid[])
"""

_NEW = Arrays(transaction_id="uuid", bank_account_id="uuid", can_return="boolean")
_INSERT = f"""
insert into bank_orders (transaction_id, bank_account_id, next_check_at)
select u.transaction_id, u.bank_account_id,
    case when u.can_return then $1::timestamptz + interval '{FIRST_CHECK_SECONDS} seconds' end
from {_NEW.unnest("u", numbered_from(2))}
"""

_DUE = f"""
with due as materialized (
    select transaction_id from bank_orders where next_check_at <= (select clock_timestamp())
    order by next_check_at limit $1 for no key update skip locked),
claimed as (
    update bank_orders o
    set next_check_at = case when t.status in ('created', 'completed') and t.refunded < t.amount
        and clock_timestamp() - t.created_at < case t.type when 'deposit'
            then interval '{RETURN_DAYS["deposit"]} days' else interval '{RETURN_DAYS["withdrawal"]} days' end
        then clock_timestamp() + least(
            greatest(clock_timestamp() - t.created_at, interval '{FIRST_CHECK_SECONDS} seconds'),
            interval '{MAX_PAUSE_DAYS} days') end
    from due join transactions t on t.id = due.transaction_id
    where o.transaction_id = due.transaction_id
    returning t.id, t.status, t.refunded < t.amount as open)
select id from claimed where status = 'completed' and open
"""
"""The last question about an order is the one after its days are over."""


async def accounts_of(session: Session, transaction_ids: Iterable[UUID]) -> dict[UUID, BankAccount]:
    """Returns the bank account of each order, by transaction id. Omits orders without a linked bank account."""
    rows = await session.fetch(_OF_TRANSACTIONS, list(transaction_ids))
    return {row["transaction_id"]: bank_account(row) for row in rows}


async def insert(session: Session, now: datetime, new: Sequence[LinkedOrder]) -> None:
    """Inserts the orders, which were accepted at `now`."""
    await session.execute(
        _INSERT,
        now,
        *_NEW.arguments(
            transaction_id=[order.transaction_id for order in new],
            bank_account_id=[order.bank_account_id for order in new],
            can_return=[order.can_return for order in new],
        ),
    )


async def due(session: Session, limit: int) -> list[UUID]:
    """Claims orders that are due to be asked about, and returns the settled ones among them. Sets the time of the
    next question: no other server gets them before that."""
    return [row["id"] for row in await session.fetch(_DUE, limit)]
