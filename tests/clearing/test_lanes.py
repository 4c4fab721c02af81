"""Two units of work at the same time: large ones that share no account. Nothing else runs beside a unit."""

import asyncio

import pytest

from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.waiting import MIN_BESIDE
from pocketpay.payments.desk import Desk
from tests.clearing.barriers import Barrier
from tests.clearing.instructions import all_told, answers, transfer_of
from tests.clearing.test_batch_races import batch_of, statuses
from tests.conftest import Dsns
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import Person, Records, money, people, without_risk_rules


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
