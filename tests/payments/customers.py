"""Customers for tests: a desk, users with money in their wallets, and direct access to the tables."""

import itertools
import os
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from uuid import UUID

import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.banking.bank import Bank
from pocketpay.banking.simulated_bank import SimulatedBank
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.queue import Clearing
from pocketpay.clearing.terms import Terms
from pocketpay.database.sessions import Database
from pocketpay.ledger.repository import postings
from pocketpay.operations import audit
from pocketpay.payments.confirm import confirm
from pocketpay.payments.deposit import deposit
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.pay_request import pay_request
from pocketpay.payments.refund import refund
from pocketpay.payments.request_money import request_money
from pocketpay.payments.resolve import Resolver
from pocketpay.payments.transfer import transfer
from pocketpay.payments.transfer_batch import RawTransfer, transfer_batch
from pocketpay.payments.withdraw import withdraw
from pocketpay.requests.money_request import MoneyRequest
from pocketpay.risk.rules import SETTINGS as RISK_SETTINGS
from pocketpay.settings import Settings
from pocketpay.wallets import repository as wallets
from pocketpay.wallets.balance import Balance
from tests.warm_connections import connected

CURRENCIES = ("USD", "JPY")

MAX_PREPARED_BYTES = 15_000
"""asyncpg's default of `max_cacheable_statement_size`, less a little."""

_numbers = itertools.count(1)

_PERSON = """
with clock as materialized (select clock_timestamp() as now),
account as (
    insert into ledger_accounts (id, kind, currency, posted, held, sequence, version, updated_at)
    select $1, 'wallet', $2, 0, 0, 0, 0, now from clock),
wallet as (
    insert into wallets (id, account_kind, currency, status, created_at, updated_at)
    select $1, 'wallet', $2, 'active', now, now from clock)
insert into users (id, username, name, password_hash, role, wallet_id, created_at, updated_at)
select $3, $4, $4, 'none', 'member', $1, now, now from clock
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A user with a wallet."""

    username: str
    user_id: UUID
    wallet_id: UUID
    currency: str


@cache
def terms(**overrides: Hashable) -> Terms:
    """The default terms for dollars and yen, with the given settings changed. Equal terms are created only once."""
    both = {"large_transfer_threshold": "USD:500.00,JPY:50000", "welcome_bonus": "0"}
    settings = {"currencies": ",".join(CURRENCIES)} | both | overrides
    return Terms.of(Settings(_env_file=None, **settings))  # type: ignore[call-arg, arg-type]


def without_risk_rules(**overrides: Hashable) -> Terms:
    """Terms with every risk rule off, unless the given settings switch it on."""
    actions = [name for name in RISK_SETTINGS if name.endswith("_action")]
    return terms(**(dict.fromkeys(actions, "off") | overrides))


@asynccontextmanager
async def open_desk(dsn: str, kept: Terms | None = None, *, bank: Bank | None = None) -> AsyncIterator[Desk]:
    """The desk of a server over a database, with its clearing started."""
    database = await Database.open(dsn, readers=2, writers=1)
    async with database.write() as session:
        house = await postings.ensure_house_accounts(session, CURRENCIES)
    clearing = Clearing(database, kept or terms(), house)
    await clearing.start()
    try:
        yield Desk(database, clearing, Resolver(database), bank or SimulatedBank())
    finally:
        await clearing.close()
        await database.close()


async def person(desk: Desk, *, funds: str | None = None, currency: str = "USD") -> Person:
    """Creates a user, with `funds` deposited from a bank."""
    username = f"p{os.getpid()}_{next(_numbers)}"
    made = Person(username, uuids.uuid7(), uuids.uuid7(), currency)
    async with desk.database.write() as session:
        await session.execute(_PERSON, made.wallet_id, currency, made.user_id, username)
    if funds is not None:
        await pay_in(desk, made, funds)
    return made


async def people(desk: Desk, many: int, *, funds: str | None = None) -> list[Person]:
    """Creates many users, each with `funds` deposited from a bank."""
    return [await person(desk, funds=funds) for _ in range(many)]


def new_key() -> str:
    """Returns a new idempotency key."""
    return uuids.uuid7().hex


async def pay_in(desk: Desk, whose: Person, amount: str, *, key: str | None = None) -> Answer:
    """Makes a deposit."""
    return await deposit(
        desk, whose.wallet_id, raw_amount=amount, raw_bank_name="First Bank", raw_key=key or new_key()
    )


async def pay_out(
    desk: Desk, whose: Person, amount: str, speed: Speed = Speed.STANDARD, *, key: str | None = None
) -> Answer:
    """Makes a withdrawal."""
    return await withdraw(
        desk, whose.wallet_id, raw_amount=amount, raw_bank_name="First Bank", speed=speed, raw_key=key or new_key()
    )


async def send(
    desk: Desk, sender: Person, to: Person | str, amount: str, *, key: str | None = None, description: str = "Lunch"
) -> Answer:
    """Makes a transfer."""
    return await transfer(
        desk,
        sender.wallet_id,
        raw_to=to if isinstance(to, str) else to.username,
        raw_amount=amount,
        raw_description=description,
        raw_key=key or new_key(),
    )


async def refund_payment(
    desk: Desk,
    refunder: Person,
    original: UUID | None,
    amount: str | None = None,
    *,
    key: str | None = None,
    reason: str = "Sorry",
) -> Answer:
    """Makes a refund. Without an amount it refunds everything that remains."""
    return await refund(
        desk, refunder.wallet_id, original, raw_amount=amount, raw_reason=reason, raw_key=key or new_key()
    )


async def new_money_request(
    desk: Desk,
    requester: Person,
    of: Person | str,
    amount: str,
    *,
    key: str | None = None,
    description: str = "Lunch",
) -> MoneyRequest:
    """Makes a money request and returns it."""
    return (await request_money_from(desk, requester, of, amount, key=key, description=description)).requests[0]


async def request_money_from(
    desk: Desk,
    requester: Person,
    of: Person | str,
    amount: str,
    *,
    key: str | None = None,
    description: str = "Lunch",
) -> Answer:
    """Makes a money request and returns the answer."""
    return await request_money(
        desk,
        requester.wallet_id,
        raw_from=of if isinstance(of, str) else of.username,
        raw_amount=amount,
        raw_description=description,
        raw_key=key or new_key(),
    )


async def pay_money_request(desk: Desk, payer: Person, request: MoneyRequest, *, key: str | None = None) -> Answer:
    """Pays a money request."""
    return await pay_request(desk, payer.wallet_id, request.id, raw_key=key or new_key())


def item(to: Person | str, amount: str, description: str = "Lunch") -> RawTransfer:
    """One transfer of a batch."""
    return RawTransfer(to if isinstance(to, str) else to.username, amount, description)


async def send_many(
    desk: Desk, sender: Person, transfers: Sequence[RawTransfer], *, atomic: bool = False, key: str | None = None
) -> Answer:
    """Makes a batch of transfers."""
    return await transfer_batch(desk, sender.wallet_id, transfers, atomic=atomic, raw_key=key or new_key())


async def known_pair(desk: Desk, *, funds: str) -> tuple[Person, Person]:
    """Creates two users. The first has already paid the second."""
    ada, bob = await person(desk, funds=funds), await person(desk)
    held = await send(desk, ada, bob, "0.01")
    await confirm(desk, ada.wallet_id, held.transaction.id)
    return ada, bob


async def balance(desk: Desk, whose: Person) -> Balance:
    """The current balance of a user's wallet."""
    async with desk.database.read() as session:
        return (await wallets.balances(session, [whose.wallet_id]))[whose.wallet_id]


async def money(desk: Desk, whose: Person) -> tuple[int, int]:
    """The current (posted, held) amounts of a user's wallet, in minor units."""
    now = await balance(desk, whose)
    return now.posted_minor, now.held_minor


MONEY_TABLES = (
    *("ledger_accounts", "ledger_entries", "transactions", "idempotency_keys", "wallet_usage"),
    *("money_requests", "cards"),
)

_GROW_OLD = """
with moved as (
    update transactions t set created_at = t.created_at - $2::interval
    from transactions before where t.id = $1 and before.id = t.id
    returning coalesce(t.source_wallet_id, t.destination_wallet_id) as wallet_id, t.amount - t.uncounted as amount,
        t.created_at,
        before.created_at as was_created_at,
        case when t.type in ('send', 'request') then 'transfer' else t.type end as kind,
        t.status in ('created', 'pending_confirmation', 'completed') as counts),
net as (
    select wallet_id, kind, date_trunc('hour', at, 'UTC') as hour, sum(amount) as amount
    from (select wallet_id, kind, created_at as at, amount from moved where counts
          union all select wallet_id, kind, was_created_at, -amount from moved where counts) both_hours
    group by 1, 2, 3)
merge into wallet_usage w using net on (w.wallet_id, w.kind, w.hour) = (net.wallet_id, net.kind, net.hour)
when matched then update set amount = w.amount + net.amount
when not matched then insert values (net.wallet_id, net.kind, net.hour, net.amount)
"""


class Records:
    """Reads and changes the tables directly, as the owner of the database and without the server."""

    def __init__(self, connection: "Connection[Record]", server_dsn: str) -> None:
        self.connection = connection
        self.server_dsn = server_dsn
        self.closed: set[UUID] = set()

    async def checksum(self) -> dict[str, str]:
        """The MD5 checksum of each table that stores money, holds, requests or keys."""
        return {
            table: await self.connection.fetchval(
                f"select md5(coalesce(string_agg(t::text, ';' order by t::text), '')) from {table} t"
            )
            for table in MONEY_TABLES
        }

    async def transaction(self, transaction_id: UUID) -> Record:
        row = await self.connection.fetchrow("select * from transactions where id = $1", transaction_id)
        assert row is not None
        return row

    async def request(self, request_id: UUID) -> Record:
        row = await self.connection.fetchrow("select * from money_requests where id = $1", request_id)
        assert row is not None
        return row

    async def make_request_overdue(self, request_id: UUID) -> None:
        """Makes a money request overdue, together with its held payment."""
        await self.connection.execute(
            "update money_requests set created_at = created_at - interval '60 days', "
            "expires_at = clock_timestamp() - interval '1 millisecond' where id = $1",
            request_id,
        )
        await self.connection.execute(
            "update transactions set expires_at = clock_timestamp() - interval '1 millisecond' "
            "where request_id = $1 and status = 'pending_confirmation'",
            request_id,
        )

    async def make_request_older(self, request_id: UUID, by: timedelta) -> None:
        """Moves the creation time of a money request into the past."""
        await self.connection.execute(
            "update money_requests set created_at = created_at - $2::interval where id = $1", request_id, by
        )

    async def entries(self, transaction_id: UUID) -> dict[UUID, int]:
        """The amounts that a transaction posted, by account, in minor units."""
        rows = await self.connection.fetch(
            "select account_id, amount from ledger_entries where transaction_id = $1", transaction_id
        )
        return {row[0]: row[1] for row in rows}

    async def count(self, sql: str, *arguments: object) -> int:
        """The result of a query that returns one number."""
        return int(await self.connection.fetchval(sql, *arguments))

    async def freeze(self, whose: Person, what: str | None) -> None:
        """Freezes the wallet for debits or all; None unfreezes it. A change is recorded as an operator's action."""
        before = await self.connection.fetchval("select frozen_for from wallets where id = $1", whose.wallet_id)
        await self.connection.execute(
            "update wallets set status = case when $2::text is null then 'active' else 'frozen' end, "
            "frozen_for = $2, freeze_reason = case when $2 is null then null else 'a test' end where id = $1",
            whose.wallet_id,
            what,
        )
        self.closed.discard(whose.wallet_id)
        if before == what:
            return
        await self.connection.execute(
            "insert into operator_actions (id, operator, action, wallet_id, reason, facts, created_at) "
            "select $1, 'a test', case when $3::text is null then 'unfreeze' else 'freeze' end, $2, 'a test', "
            "case when $3 is null then '{}' else jsonb_build_object('freeze', $3) end, clock_timestamp()",
            uuids.uuid7(),
            whose.wallet_id,
            what,
        )

    async def close_wallet(self, whose: Person) -> None:
        """Closes the wallet whatever its balance; the user stays. Call `reopen_wallets` before an audit."""
        await self.connection.execute("update wallets set status = 'closed' where id = $1", whose.wallet_id)
        self.closed.add(whose.wallet_id)

    async def reopen_wallets(self) -> None:
        """Opens the wallets that `close_wallet` has closed."""
        await self.connection.execute(
            "update wallets set status = 'active' where id = any($1::uuid[])", [*self.closed]
        )
        self.closed.clear()

    async def make_overdue(self, transaction_id: UUID) -> None:
        """Makes a held payment overdue."""
        await self.connection.execute(
            "update transactions set expires_at = clock_timestamp() - interval '1 millisecond' where id = $1",
            transaction_id,
        )

    async def make_poll_due(self, transaction_id: UUID) -> None:
        """Makes an order due to be polled at the bank again."""
        await self.connection.execute(
            "update transactions set ask_again_at = clock_timestamp() - interval '1 millisecond' where id = $1",
            transaction_id,
        )

    async def make_older(self, transaction_id: UUID, by: timedelta) -> None:
        """Moves the creation time of a transaction into the past, together with its use of the limit."""
        await self.connection.execute(_GROW_OLD, transaction_id, by)

    async def findings(self) -> list[str]:
        """The findings of the audit, read on this connection and in few statements: a separate audit would take six
        times as long."""
        async with self.connection.transaction(isolation="repeatable_read", readonly=True):
            return [
                f"{audit.PROOFS[number].law}: {id}: {problem}"
                for statement in _audit_statements()
                for number, id, problem in await self.connection.fetch(statement)
            ]


@cache
def _audit_statements() -> list[str]:
    """All proofs in as few statements as asyncpg prepares only once. It does not keep longer ones."""
    statements = [""]
    for number, proof in enumerate(audit.PROOFS):
        part = f"(select {number}, id::text, problem::text from ({proof.sql}) as found (id, problem))"
        if statements[-1] and len(statements[-1]) + len(part) > MAX_PREPARED_BYTES:
            statements.append("")
        statements[-1] += f" union all {part}" if statements[-1] else part
    return statements


@asynccontextmanager
async def records_of(server_dsn: str, owner_dsn: str) -> AsyncIterator[Records]:
    connection = await connected(owner_dsn)
    try:
        yield Records(connection, server_dsn)
    finally:
        await connection.close()
