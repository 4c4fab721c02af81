"""The lock of each account that an order needs: a second order waits until the first is committed.

The first unit of work is held between its lock and its look-up. Then either the second one waits for a lock in
PostgreSQL, or it has passed a lock that it should have waited for. So a missing lock is found every time.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pocketpay.clearing import lane, unit
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.repository import units
from pocketpay.clearing.terms import Terms
from pocketpay.database.sessions import Record, Session
from pocketpay.payments.desk import Desk
from pocketpay.payments.transfer_batch import TransferBatch
from pocketpay.transactions.lifecycle import Status
from tests.clearing.barriers import Barrier
from tests.clearing.instructions import all_told, answers, ask_of, held_elsewhere, transfer_of
from tests.clearing.test_batch_races import batch_of
from tests.conftest import Dsns
from tests.payments.customers import Person, Records, money, people, without_risk_rules


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A new database for each test, because the tests count sessions that wait."""
    return database_dsn


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit waits for a lock as long as the test holds it."""
    monkeypatch.setattr(lane, "LOCK_MILLISECONDS", 120_000)


FIRST: dict[str, Callable[[Person, Person, Person], Instruction]] = {
    "the sender": lambda ada, bob, _: transfer_of(bob, ada),
    "the recipient": lambda ada, bob, _: transfer_of(ada, bob),
    "a recipient of a batch": lambda ada, bob, cyd: batch_of(ada, cyd, bob),
    "the payer of a new money request": lambda ada, bob, _: ask_of(ada, bob),
    "one of several payers": lambda ada, bob, cyd: ask_of(ada, cyd, bob),
}
"""Orders that need Bob's account, by what Bob is in them."""


@pytest.mark.parametrize("bob_is", FIRST)
async def test_an_order_waits_for_the_lock_of_each_account_that_it_shares(
    two_desks: list[Desk], records: Records, monkeypatch: pytest.MonkeyPatch, bob_is: str
) -> None:
    ada, bob, cyd = await people(two_desks[0], 3, funds="10.00")
    order = FIRST[bob_is](ada, bob, cyd)
    barrier = Barrier(monkeypatch, "look_up")
    weight = len(order.items) if isinstance(order, TransferBatch) else 1
    first = asyncio.create_task(two_desks[0].submit(order, weight=weight))
    await barrier.until_arrived(1)
    second = asyncio.create_task(two_desks[1].submit(transfer_of(bob, cyd)))
    waited = await barrier.until_arrived_or_blocked(2, records)
    barrier.open()
    told = await all_told(first, second)
    assert waited
    assert [type(one) for one in told] == [Answer, Answer]
    assert [desk.clearing.counts.retries for desk in two_desks] == [0, 0]


async def test_an_order_that_waited_sees_what_the_first_one_wrote(
    two_desks: list[Desk], records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = await people(two_desks[0], 2, funds="10.00")
    barrier = Barrier(monkeypatch, "look_up")
    first = asyncio.create_task(two_desks[0].submit(transfer_of(ada, bob, 1_000)))
    await barrier.until_arrived(1)
    second = asyncio.create_task(two_desks[1].submit(transfer_of(ada, bob, 1_000)))
    assert await barrier.until_arrived_or_blocked(2, records)
    barrier.open()
    told = answers(await all_told(first, second))
    assert [one.transaction.status for one in told] == [Status.COMPLETED, Status.FAILED]
    assert [desk.clearing.counts.retries for desk in two_desks] == [0, 0]
    assert barrier.errors == []
    assert (await money(two_desks[0], ada), await money(two_desks[0], bob)) == ((0, 0), (2_000, 0))


async def test_a_unit_reads_every_fact_after_its_locks_are_granted(
    two_desks: list[Desk], records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another session holds a lock, the unit has sent nothing else. It makes four round trips: these three
    statements and the commit."""
    ada, bob = await people(two_desks[0], 2, funds="10.00")
    barrier, sent = Barrier(monkeypatch, "write"), list[str]()

    class Listening(Session):
        __slots__ = ()

        async def execute(self, sql: str, *arguments: Any) -> str:
            sent.append(sql)
            return await super().execute(sql, *arguments)

        async def fetch(self, sql: str, *arguments: Any) -> list[Record]:
            sent.append(sql)
            return await super().fetch(sql, *arguments)

        async def fetchrow(self, sql: str, *arguments: Any) -> Record | None:
            sent.append(sql)
            return await super().fetchrow(sql, *arguments)

        async def fetchval(self, sql: str, *arguments: Any) -> Any:
            sent.append(sql)
            return await super().fetchval(sql, *arguments)

    monkeypatch.setattr(unit, "Session", Listening)
    async with held_elsewhere(two_desks[0], bob):
        order = asyncio.create_task(two_desks[0].submit(transfer_of(ada, bob)))
        assert await barrier.until_arrived_or_blocked(1, records)
        (lock,) = sent
    barrier.open()
    await order
    assert lock.startswith("begin; execute clearing_lock(")
    assert sent == [lock, units._LOOK_UP, units._WRITE]


async def test_orders_that_share_no_account_do_not_wait(
    two_desks: list[Desk], records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob, cyd, dan = await people(two_desks[0], 4, funds="10.00")
    barrier = Barrier(monkeypatch, "look_up")
    first = asyncio.create_task(two_desks[0].submit(transfer_of(ada, bob)))
    await barrier.until_arrived(1)
    second = asyncio.create_task(two_desks[1].submit(transfer_of(cyd, dan)))
    assert not await barrier.until_arrived_or_blocked(2, records)
    barrier.open()
    assert len(answers(await all_told(first, second))) == 2
