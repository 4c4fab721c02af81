"""The rows that a unit of work reads, counted by PostgreSQL in the unit's own transaction, with triggers and foreign
keys. A unit never scans a whole table, and reads no more rows in a large database than in a new one."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from pocketpay.clearing import unit
from pocketpay.database.commits import commit
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.sessions import Connection, Session
from pocketpay.errors import Refusal
from pocketpay.payments import desk as desks
from pocketpay.payments import repository as sweeps
from pocketpay.payments.cancel import cancel
from pocketpay.payments.cancel_request import cancel_request
from pocketpay.payments.close_card import close_card
from pocketpay.payments.confirm import confirm
from pocketpay.payments.decline_request import decline_request
from pocketpay.payments.desk import Desk
from pocketpay.payments.preview import preview_transfer
from pocketpay.payments.sweeper import expire_overdue
from tests.conftest import Dsns
from tests.databases import fresh_copy
from tests.payments.cards import buy, new_card
from tests.payments.customers import (
    MONEY_TABLES,
    Person,
    Records,
    new_key,
    new_money_request,
    open_desk,
    pay_in,
    pay_money_request,
    people,
    records_of,
    refund_payment,
    send,
    terms,
    without_risk_rules,
)
from tests.plans import nodes

WATCHED = (*MONEY_TABLES, "wallets")

COUNTED = """
select relname, seq_scan, seq_tup_read + coalesce(idx_tup_fetch, 0) as rows
from pg_stat_xact_user_tables where relname = any($1::text[])
"""

FILL = """
set session_replication_role = replica;
alter table ledger_entries disable trigger ledger_entries_guard;
insert into ledger_accounts (id, kind, currency, posted, held, sequence, version, updated_at)
select gen_random_uuid(), 'wallet', 'USD', 100000, 0, 0, 0, clock_timestamp() from generate_series(1, {wallets});
insert into wallets (id, account_kind, currency, status, created_at, updated_at)
select id, kind, currency, 'active', updated_at, updated_at from ledger_accounts a
where kind = 'wallet' and not exists (select from wallets w where w.id = a.id);
create temporary table numbered on commit drop as select row_number() over (order by id) - 1 as n, id from wallets;
create index on numbered (n);
insert into transactions (id, type, status, currency, source_wallet_id, destination_wallet_id, amount, fee,
    description, risk_reasons, version, created_at, updated_at, completed_at)
select gen_random_uuid(), 'send', 'completed', 'USD', a.id, b.id, 1, 0, 'Payment ' || g, '[]', 1,
    clock_timestamp() - (g % 1000) * interval '1 minute', clock_timestamp(), clock_timestamp()
from generate_series(1, {payments}) g
join numbered a on a.n = g % ({wallets} - 1)
join numbered b on b.n = a.n + 1;
insert into ledger_entries
    (id, account_id, transaction_id, amount, currency, kind, sequence, balance_after, description, created_at)
select gen_random_uuid(), source_wallet_id, id, -1, 'USD', 'wallet',
    row_number() over (partition by source_wallet_id), 0, description, created_at from transactions
where description like 'Payment %';
insert into idempotency_keys (wallet_id, key, operation, fingerprint, result_ids, created_at)
select source_wallet_id, id::text, 'transfer', sha256(id::text::bytea), array[id], created_at from transactions
where description like 'Payment %';
insert into money_requests (id, requester_wallet_id, payer_wallet_id, currency, amount, description, status,
    expires_at, version, created_at, updated_at)
select gen_random_uuid(), destination_wallet_id, source_wallet_id, currency, amount, '',
    (array['pending', 'paid', 'declined'])[1 + ascii(id::text) % 3], created_at + interval '30 days', 1,
    created_at, created_at
from transactions where description like 'Payment %';
insert into wallet_usage (wallet_id, kind, hour, amount)
select source_wallet_id, 'transfer', date_trunc('hour', created_at, 'UTC'), sum(amount) from transactions
where description like 'Payment %' group by 1, 3;
insert into cards (id, wallet_id, currency, label, brand, last4, expiry_month, expiry_year, status, spent, spent_in,
    version, created_at, updated_at)
select gen_random_uuid(), id, 'USD', 'Card', 'Test', '1234', 11, 2030, 'active', 0, '2026-11-01', 1, updated_at,
    updated_at from wallets;
alter table ledger_entries enable always trigger ledger_entries_guard;
set session_replication_role = default;
"""
CLOSED = """
insert into cards (id, wallet_id, currency, label, brand, last4, expiry_month, expiry_year, status, spent, spent_in,
    version, created_at, updated_at)
select gen_random_uuid(), $1, 'USD', 'Closed', 'Test', '1234', 11, 2030, 'closed', 0, '2026-11-01', 1, at, at
from generate_series(1, 1000) n, lateral (select clock_timestamp() - n * interval '1 minute' as at) made
"""


@pytest.fixture
def database_dsn(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """A database that no other test has used. The rows of earlier tests leave larger indexes, and with them the plans
    can be others."""
    with fresh_copy(postgres) as dsns:
        yield dsns


async def fill(records: Records, payments: int) -> None:
    """Adds other wallets with that many payments, without statistics for the planner."""
    async with records.connection.transaction():
        await records.connection.execute(FILL.format(payments=payments, wallets=max(payments // 50, 10)))


class Reads:
    """Counts the rows that each unit of work reads, by table."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.whole: Counter[str] = Counter()

    async def count(self, session: Session, sign: int) -> None:
        """Adds or subtracts PostgreSQL's running counts: the difference before and after a unit is what the unit
        read."""
        for name, scans, rows in await session.fetch(COUNTED, WATCHED):
            self.rows[name] += sign * rows
            self.whole[name] += sign * scans


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    reads = Reads()

    class Counting(Session):
        __slots__ = ()

        async def execute(self, sql: str, *arguments: Any) -> str:
            if sql.startswith("begin; "):  # the locks are counted too, in the transaction that they are taken in
                await super().execute("begin")
                await reads.count(self, -1)
                sql = sql.removeprefix("begin; ")
            return await super().execute(sql, *arguments)

    async def counted(session: Session, *arguments: Any) -> Any:
        await session.execute("begin")
        await reads.count(session, -1)
        result = await look(session, *arguments)
        await reads.count(session, +1)
        await session.execute("commit")
        return result

    async def counted_commit(connection: Connection) -> None:
        await reads.count(Session(connection), +1)
        await commit(connection)

    look = unit.preview
    monkeypatch.setattr(unit, "commit", counted_commit)
    monkeypatch.setattr(desks, "preview", counted)
    monkeypatch.setattr(unit, "Session", Counting)
    return reads


@asynccontextmanager
async def counting(reads: Reads, what: str, most: dict[str, int], orders: int = 1) -> AsyncIterator[None]:
    """Checks that the block scans no whole table, and reads at most that many rows of each table per order."""
    reads.rows.clear()
    reads.whole.clear()
    yield
    assert not +reads.whole, (what, reads.whole)
    assert reads.rows.total(), what
    for name, rows in reads.rows.items():
        assert rows <= most[name] * orders, (what, name, reads.rows)


MOST = {
    "ledger_accounts": 8,
    "wallets": 6,
    "transactions": 14,
    "idempotency_keys": 1,
    "ledger_entries": 2,
    "wallet_usage": 4,
    "money_requests": 0,
    "cards": 3,
}
"""The most rows that an order may read. Accounts: two locked, two looked up, two updated, two read by the
trigger of entries.
Wallets: two read, two by the trigger of transactions, two by the foreign keys of the idempotency key and of usage.
Transactions: the order's own, read, updated and by the trigger of entries; one that makes the payee known; at most
seven recent ones. Usage: the used hours of today, and the one that is increased. Cards: the order's own, read,
updated and by a foreign key."""


@pytest.mark.parametrize("size", ["new", "fresh", "large"])
async def test_a_unit_of_work_reads_few_rows_by_index_in_a_database_of_any_size(
    database_dsn: Dsns, reads: Reads, size: str
) -> None:
    async with (
        records_of(database_dsn.server, database_dsn.owner) as records,
        open_desk(database_dsn.server, without_risk_rules()) as desk,
    ):
        if size != "new":
            await fill(records, 2_000 if size == "fresh" else 30_000)
        if size == "large":
            await records.connection.execute("analyze")
        ada, bob = await people(desk, 2, funds="9000.00")
        for _ in range(20):
            await send(desk, ada, bob, "0.01")
        await every_order(desk, reads, records, ada, bob)
        await every_order_about_requests(desk, reads, ada, bob)
        await every_card(desk, reads, records, ada)
        if size == "large":
            await nothing_is_swept_whole(records)


async def test_later_payments_do_not_read_failed_ones(database_dsn: Dsns, reads: Reads) -> None:
    async with (
        records_of(database_dsn.server, database_dsn.owner) as records,
        open_desk(database_dsn.server, without_risk_rules()) as desk,
    ):
        ada, bob = await people(desk, 2, funds="10.00")
        for _ in range(40):
            await asyncio.gather(*(send(desk, ada, bob, "5000.00") for _ in range(64)))
        assert await records.count("select count(*) from transactions where status = 'failed'") == 2_560
        desk.clearing.terms = terms(rapid_transfer_count=6)
        async with counting(reads, "a transfer after many that failed", MOST):
            await send(desk, ada, bob, "1.00")


async def every_order(desk: Desk, reads: Reads, records: Records, ada: Person, bob: Person) -> None:
    """Submits each kind of order once, and a unit with many transfers."""
    desk.clearing.terms = terms(rapid_transfer_count=6)
    key = new_key()
    async with counting(reads, "a transfer held", MOST):
        held = (await send(desk, ada, bob, "600.00", key=key)).transaction
    async with counting(reads, "its replay", MOST):
        await send(desk, ada, bob, "600.00", key=key)
    async with counting(reads, "its confirmation", MOST):
        await confirm(desk, ada.wallet_id, held.id)
    cancelled = (await send(desk, ada, bob, "600.00")).transaction
    async with counting(reads, "a cancellation", MOST):
        await cancel(desk, ada.wallet_id, cancelled.id)
    async with counting(reads, "a deposit", MOST, orders=2):
        await pay_in(desk, ada, "1.00")
    async with counting(reads, "a transfer to nobody", MOST):
        with pytest.raises(Refusal):
            await send(desk, ada, "nobody_at_all", "1.00")
    lapsed = (await send(desk, ada, bob, "600.00")).transaction
    await records.make_overdue(lapsed.id)
    async with counting(reads, "a transfer after an expiry", MOST, orders=2):
        await send(desk, ada, bob, "600.00")
    lapsed = (await send(desk, ada, bob, "600.00")).transaction
    await records.make_overdue(lapsed.id)
    async with counting(reads, "a sweep", MOST):
        assert await expire_overdue(desk) == 1
    async with counting(reads, "a preview", MOST):
        await preview_transfer(desk, ada.wallet_id, raw_to=bob.username, raw_amount="600.00")
    desk.clearing.terms = without_risk_rules()
    async with counting(reads, "a safe transfer", MOST):
        await send(desk, ada, bob, "1.00")
    given = (await send(desk, ada, bob, "2.00")).transaction
    async with counting(reads, "a refund", MOST):
        await refund_payment(desk, bob, given.id, "1.00")
    async with counting(reads, "a batch", MOST, orders=64):
        units_before = desk.clearing.counts.units
        await many(desk, ada, bob, 64)
        assert desk.clearing.counts.units == units_before + 1


ASKING = MOST | {"money_requests": 12, "wallets": 8}
"""Money requests: the order's own, locked by foreign keys, updated and read; the open ones between the two wallets,
and those of a day. One more wallet is read, also by a foreign key."""


async def every_order_about_requests(desk: Desk, reads: Reads, ada: Person, bob: Person) -> None:
    """Submits each order about money requests once; Ada pays Bob."""
    key = new_key()
    async with counting(reads, "a request", ASKING):
        first = await new_money_request(desk, bob, ada, "600.00", key=key)
    async with counting(reads, "its replay", ASKING):
        await new_money_request(desk, bob, ada, "600.00", key=key)
    async with counting(reads, "its payment", ASKING):
        await pay_money_request(desk, ada, first)
    second = await new_money_request(desk, bob, ada, "600.00")
    desk.clearing.terms = terms(rapid_transfer_count=6)
    held = (await pay_money_request(desk, ada, second)).transaction
    async with counting(reads, "its confirmation", ASKING):
        await confirm(desk, ada.wallet_id, held.id)
    third = await new_money_request(desk, bob, ada, "600.00")
    await pay_money_request(desk, ada, third)
    async with counting(reads, "a request declined whose payment waits", ASKING):
        await decline_request(desk, ada.wallet_id, third.id)
    fourth = await new_money_request(desk, bob, ada, "600.00")
    await pay_money_request(desk, ada, fourth)
    async with counting(reads, "a request taken back whose payment waits", ASKING):
        await cancel_request(desk, bob.wallet_id, fourth.id)


async def every_card(desk: Desk, reads: Reads, records: Records, ada: Person) -> None:
    """Submits each order about cards for a user with a thousand closed cards and a thousand payments by the open
    one."""
    await records.connection.execute(CLOSED, ada.wallet_id)
    card_id = await new_card(desk, ada, monthly="1000.00")
    for _ in range(10):
        await asyncio.gather(*(buy(desk, ada, card_id, "0.01") for _ in range(100)))
    async with counting(reads, "a payment by card", MOST):
        await buy(desk, ada, card_id, "0.01")
    async with counting(reads, "many by one card", MOST, orders=32):
        await asyncio.gather(*(buy(desk, ada, card_id, "0.01") for _ in range(32)))
    async with counting(reads, "another card", MOST):
        other = await new_card(desk, ada)
    async with counting(reads, "its end", MOST):
        await close_card(desk, ada.wallet_id, other)


async def nothing_is_swept_whole(records: Records) -> None:
    """Checks that the sweeper's queries of each second use indexes."""
    asked: list[tuple[str, tuple[Any, ...]]] = []

    class Listening(Session):
        __slots__ = ()

        async def fetch(self, sql: str, *arguments: Any) -> list[Any]:
            asked.append((sql, arguments))
            return []

    session = Listening(records.connection)
    await sweeps.overdue_payments(session, 64)
    await sweeps.unsettled(session, 64)
    await sweeps.unpayable(session, 64, closed_within=timedelta(days=1))
    assert len(asked) == 3
    for sql, arguments in asked:
        plan = await records.connection.fetchval(f"explain (format json) {sql}", *arguments)
        assert "Index Scan" in plan
        whole = [
            node["Relation Name"] for node in nodes(json.loads(plan)[0]["Plan"]) if node["Node Type"] == "Seq Scan"
        ]
        assert whole == [], sql


async def many(desk: Desk, sender: Person, to: Person, how_many: int) -> None:
    """Sends that many transfers in one unit of work."""
    await asyncio.gather(*(send(desk, sender, to, "0.01") for _ in range(how_many)))
