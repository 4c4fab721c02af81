"""The clearing's queue: orders that arrive together share a unit, a full queue refuses immediately, and every order
is answered."""

import asyncio
from dataclasses import replace

import pytest

from pocketpay.clearing import waiting as rules
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.database.failures import ServiceBusy
from pocketpay.payments.desk import Desk
from pocketpay.transactions.lifecycle import Status
from tests.clearing.instructions import all_told, answers, held_elsewhere, taken_up, transfer_of
from tests.conftest import Dsns
from tests.payments.customers import (
    Records,
    money,
    open_desk,
    pay_in,
    people,
    send,
    without_risk_rules,
)


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A new database for each test, because the tests count rows."""
    return database_dsn


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


# ---------------------------------------------------------------- units


async def test_orders_that_arrive_during_a_unit_form_the_next_one_of_at_most_128(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    before = replace(desk.clearing.counts)
    async with held_elsewhere(desk, ada):
        first = asyncio.create_task(desk.submit(transfer_of(ada, bob)))
        await asyncio.sleep(0)
        await taken_up(desk)
        others = [asyncio.create_task(desk.submit(transfer_of(ada, bob))) for _ in range(200)]
        await asyncio.sleep(0.05)
        assert desk.clearing.waiting == 200
    told = await all_told(first, *others)
    assert {one.transaction.status for one in answers(told)} == {Status.COMPLETED}
    assert desk.clearing.counts.units - before.units == 1 + 2
    assert desk.clearing.counts.instructions - before.instructions == 201


async def test_an_idle_clearing_starts_a_unit_immediately(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await send(desk, ada, bob, "0.01")
    loop = asyncio.get_running_loop()
    took = []
    for _ in range(5):
        began = loop.time()
        await send(desk, ada, bob, "0.01")
        took.append(loop.time() - began)
    assert min(took) < 0.05


async def test_an_answer_does_not_wait_for_the_next_unit(desk: Desk) -> None:
    """The answers of a unit usually go out while the next one is written. They must not wait when that one waits for
    a lock."""
    ada, bob, cyd = await people(desk, 3, funds="1.00")
    async with held_elsewhere(desk, cyd):
        async with held_elsewhere(desk, ada):
            served = asyncio.create_task(desk.submit(transfer_of(ada, bob)))
            await asyncio.sleep(0)
            await taken_up(desk)
            hanging = asyncio.create_task(desk.submit(transfer_of(cyd, bob)))
            await asyncio.sleep(0)
        assert (await served).transaction.status is Status.COMPLETED
        assert not hanging.done()
    await all_told(hanging)


async def test_orders_of_one_unit_see_earlier_ones_in_the_order_of_arrival(desk: Desk) -> None:
    ada, bob, cyd = await people(desk, 3)
    await pay_in(desk, ada, "1.00")
    async with held_elsewhere(desk, ada):
        chain = [transfer_of(ada, bob, 100), transfer_of(bob, cyd, 100), transfer_of(cyd, ada, 100)]
        orders = [asyncio.create_task(desk.submit(one)) for one in chain]
        await asyncio.sleep(0)
        await taken_up(desk)
    assert [one.transaction.status for one in answers(await all_told(*orders))] == [Status.COMPLETED] * 3
    assert [await money(desk, one) for one in (ada, bob, cyd)] == [(100, 0), (0, 0), (0, 0)]


# ---------------------------------------------------------------- limits


async def test_a_full_queue_refuses_orders_immediately(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_WAITING", 10)
    ada, bob = await people(desk, 2, funds="10.00")
    loop = asyncio.get_running_loop()
    async with held_elsewhere(desk, ada):
        first = asyncio.create_task(desk.submit(transfer_of(ada, bob)))
        await asyncio.sleep(0)
        await taken_up(desk)
        waiting = [asyncio.create_task(desk.submit(transfer_of(ada, bob))) for _ in range(10)]
        await asyncio.sleep(0)
        began = loop.time()
        with pytest.raises(ServiceBusy) as busy:
            await desk.submit(transfer_of(ada, bob))
        assert loop.time() - began < 1, "it does not wait for the lock, which takes longer"
        assert not busy.value.may_have_happened
    assert len(answers(await all_told(first, *waiting))) == 11
    assert await money(desk, ada) == (989, 0)


async def test_an_order_that_waits_too_long_is_refused_and_not_executed(
    dsns: Dsns, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "WAIT_SECONDS", 0.2)
    async with open_desk(dsns.server, without_risk_rules()) as desk:
        ada, bob = await people(desk, 2, funds="10.00")
        async with held_elsewhere(desk, ada):
            first = asyncio.create_task(desk.submit(transfer_of(ada, bob)))
            await asyncio.sleep(0)
            await taken_up(desk)
            late = await asyncio.wait_for(all_told(*(send(desk, ada, bob, "0.01") for _ in range(5))), 0.6)
        assert all(isinstance(one, ServiceBusy) and not one.may_have_happened for one in late)
        assert isinstance(await first, Answer)
        await send(desk, bob, ada, "0.01")
        assert await money(desk, ada) == (1_000, 0)


# ---------------------------------------------------------------- disconnecting and closing


async def test_an_order_is_executed_even_if_its_client_disconnects(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    async with held_elsewhere(desk, ada):
        gone = [asyncio.create_task(desk.submit(transfer_of(ada, bob))) for _ in range(3)]
        await asyncio.sleep(0)
        await taken_up(desk)
        gone += [asyncio.create_task(desk.submit(transfer_of(ada, bob))) for _ in range(3)]
        stays = asyncio.create_task(desk.submit(transfer_of(ada, bob)))
        await asyncio.sleep(0.02)
        for client in gone:
            client.cancel()
    assert (await stays).transaction.status is Status.COMPLETED
    assert all(isinstance(one, asyncio.CancelledError) for one in await all_told(*gone))
    assert await money(desk, ada) == (993, 0)


async def test_closing_finishes_waiting_orders_and_accepts_no_more(dsns: Dsns, records: Records) -> None:
    async with open_desk(dsns.server, without_risk_rules()) as desk:
        ada, bob = await people(desk, 2, funds="10.00")
        orders = [asyncio.create_task(desk.submit(transfer_of(ada, bob))) for _ in range(300)]
        await asyncio.sleep(0)
        await desk.clearing.close()
        assert all(order.done() for order in orders)
        assert len(answers(await all_told(*orders))) == 300
        with pytest.raises(ServiceBusy) as busy:
            async with asyncio.timeout(10):  # it is refused without waiting; otherwise it would wait for ever
                await desk.submit(transfer_of(ada, bob))
        assert not busy.value.may_have_happened
        assert await money(desk, ada) == (700, 0)
    assert await records.count(
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and application_name = 'pocketpay clearing'"
    ) == 0  # fmt: skip


async def test_closing_during_a_unit_answers_every_order(dsns: Dsns, records: Records) -> None:
    async with open_desk(dsns.server, without_risk_rules()) as desk:
        ada, bob = await people(desk, 2, funds="10.00")
        async with held_elsewhere(desk, ada):
            orders = [asyncio.create_task(desk.submit(transfer_of(ada, bob)))]
            await asyncio.sleep(0)
            await taken_up(desk)
            orders.append(asyncio.create_task(desk.submit(transfer_of(ada, bob))))
            await asyncio.sleep(0)
            await desk.clearing.close(seconds=0.05)
        assert [type(one) for one in await all_told(*orders)] == [ServiceBusy] * 2
