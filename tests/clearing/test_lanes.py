"""Two units of work at the same time: large ones that share no account. Nothing else runs beside a unit."""

import asyncio
from typing import Any

import pytest

from pocketpay.clearing import lane
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.waiting import MIN_BESIDE
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Connection, connect
from pocketpay.payments.desk import Desk
from pocketpay.transactions.lifecycle import Status
from tests.clearing.barriers import Barrier
from tests.clearing.instructions import all_told, answers, transfer_of
from tests.clearing.test_batch_races import batch_of, statuses
from tests.conftest import Dsns
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import Person, Records, money, open_desk, people, without_risk_rules


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A new database for each test, because the tests count units and backends."""
    return database_dsn


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


def send_batch(desk: Desk, sender: Person, to: Person, size: int = MIN_BESIDE) -> "asyncio.Task[Answer]":
    return asyncio.create_task(desk.submit(batch_of(sender, *[to] * size), weight=size))


async def test_two_large_batches_without_a_common_wallet_run_at_the_same_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob, cy, dan = await people(desk, 4, funds="10.00")
    barrier = Barrier(monkeypatch, "write")
    both = [send_batch(desk, ada, bob), send_batch(desk, cy, dan)]
    await barrier.until_arrived(2)
    barrier.open()
    told = answers(await all_told(*both))
    assert [len(statuses(one)) for one in told] == [MIN_BESIDE] * 2
    assert [await money(desk, one) for one in (bob, dan)] == [(1_000 + MIN_BESIDE, 0)] * 2


async def test_an_order_that_shares_a_wallet_with_the_running_unit_waits_and_later_ones_pass_it(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob, cy, dan = await people(desk, 4, funds="10.00")
    barrier = Barrier(monkeypatch, "write")
    first = send_batch(desk, ada, bob)
    await barrier.until_arrived(1)
    shares = send_batch(desk, bob, ada)
    other = send_batch(desk, cy, dan)
    await barrier.until_arrived(2)
    assert desk.clearing.waiting == 1
    assert not shares.done()
    barrier.open()
    assert len(answers(await all_told(first, shares, other))) == 3
    assert await money(desk, ada) == (1_000, 0)
    assert desk.clearing.counts.retries == 0


async def test_few_payments_wait_for_the_running_unit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob, cy, dan = await people(desk, 4, funds="10.00")
    barrier = Barrier(monkeypatch, "write")
    first = send_batch(desk, ada, bob)
    await barrier.until_arrived(1)
    few = [asyncio.create_task(desk.submit(transfer_of(cy, dan))) for _ in range(MIN_BESIDE - 1)]
    for _ in range(20):
        await asyncio.sleep(0)
    assert (barrier.arrived, desk.clearing.waiting) == (1, MIN_BESIDE - 1)
    enough = asyncio.create_task(desk.submit(transfer_of(cy, dan)))
    await barrier.until_arrived(2)
    barrier.open()
    assert len(answers(await all_told(first, *few, enough))) == MIN_BESIDE + 1
    assert await money(desk, dan) == (1_000 + MIN_BESIDE, 0)


async def test_a_unit_that_loses_its_connection_does_not_disturb_the_other(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob, cy, dan = await people(desk, 4, funds="10.00")
    barrier = Barrier(monkeypatch, "write")
    both = [send_batch(desk, ada, bob), send_batch(desk, cy, dan)]
    await barrier.until_arrived(2)
    locked = "select pid from pg_stat_activity where datname = current_database() and state = 'idle in transaction'"
    pids = [row[0] for row in await records.connection.fetch(locked)]
    assert len(pids) == 2
    await records.connection.fetch("select pg_terminate_backend($1)", pids[0])
    barrier.open()
    async with asyncio.timeout(PATIENCE_SECONDS):
        told = answers(await all_told(*both))
    assert [one.replayed for one in told] == [False, False]
    assert [await money(desk, one) for one in (bob, dan)] == [(1_000 + MIN_BESIDE, 0)] * 2
    assert desk.clearing.counts.retries == 1


class Refusing:
    """A database that refuses connections to lanes while `refuses` is true."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refuses = True
        self._connect = connect
        monkeypatch.setattr(lane, "connect", self.connect)
        monkeypatch.setattr(lane, "REOPEN_SECONDS", 0.0)

    async def connect(self, *arguments: Any, **named: Any) -> Connection:
        if self.refuses:
            raise ServiceBusy("too many connections")
        return await self._connect(*arguments, **named)


async def test_a_lane_that_cannot_connect_takes_no_order(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob, cy, dan = await people(desk, 4, funds="10.00")
    database = Refusing(monkeypatch)
    desk.clearing._lanes[1].close()
    barrier = Barrier(monkeypatch, "write")
    first = send_batch(desk, ada, bob)
    await barrier.until_arrived(1)
    other = send_batch(desk, cy, dan)
    for _ in range(20):
        await asyncio.sleep(0)
    assert (barrier.arrived, desk.clearing.waiting) == (1, 1)
    database.refuses = False
    third = send_batch(desk, dan, cy)
    await barrier.until_arrived(2)
    barrier.open()
    assert len(answers(await all_told(first, other, third))) == 3
    assert desk.clearing.counts.retries == 0


async def test_a_clearing_starts_without_its_second_connection(dsns: Dsns, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Refusing(monkeypatch)
    opened = 0

    async def only_one(*arguments: Any, **named: Any) -> Connection:
        nonlocal opened
        database.refuses, opened = opened >= 1, opened + 1
        return await database.connect(*arguments, **named)

    monkeypatch.setattr(lane, "connect", only_one)
    async with open_desk(dsns.server, without_risk_rules()) as desk:
        ada, bob = await people(desk, 2, funds="10.00")
        assert len(answers(await all_told(desk.submit(transfer_of(ada, bob))))) == 1
        assert [one.is_connected for one in desk.clearing._lanes] == [True, False]


@pytest.mark.parametrize("lost", [0, 1])
async def test_a_lane_without_a_connection_does_not_delay_orders_of_other_wallets(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    ada, bob, cy, dan = await people(desk, 4, funds="10.00")
    barrier = Barrier(monkeypatch, "write")
    both = [send_batch(desk, ada, bob), send_batch(desk, cy, dan)]
    await barrier.until_arrived(2)
    database = Refusing(monkeypatch)
    connection = desk.clearing._lanes[lost]._connection
    assert connection is not None
    connection.terminate()
    barrier.open()
    stuck = desk.clearing._lanes[lost].in_unit[0].instruction.footprint.wallet_id
    payers, done = ((cy, dan), both[1]) if stuck == ada.wallet_id else ((ada, bob), both[0])
    await done
    single = await desk.submit(transfer_of(*payers))
    assert single.transaction.status is Status.COMPLETED
    assert sum(one.done() for one in both) == 1
    database.refuses = False
    assert len(answers(await all_told(*both))) == 2
