"""One customer's orders never delay another customer's, not by batches and not by a locked wallet."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from pocketpay.clearing import lane, waiting
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.unit import carry_out
from pocketpay.database.failures import ServiceBusy
from pocketpay.payments.cancel import Cancel, cancel
from pocketpay.payments.desk import Desk
from pocketpay.transactions.lifecycle import Status
from tests.clearing.instructions import all_told, answers, held_elsewhere, taken_up, transfer_of
from tests.clearing.test_batch_races import batch_of
from tests.conftest import Dsns
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import Person, Records, money, open_desk, people, send, terms, without_risk_rules

BYSTANDER_SECONDS = 0.9
"""The limit for the answer to an uninvolved customer, which takes about 10 ms, and once 100 ms more. The limit leaves
room for a busy machine. It is below the second that each unit waited before orders were postponed."""


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A new database for each test, because the tests count rows."""
    return database_dsn


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


@pytest.fixture
def patient(limit_of_waiting: None) -> None:
    """Units wait for a lock as long as in production."""


async def slowest(desk: Desk, one: Person, other: Person, seconds: float) -> float:
    """Two uninvolved customers pay each other for that many seconds. Returns the seconds that the slowest answer
    took."""
    loop, took = asyncio.get_running_loop(), [0.0]
    end = loop.time() + seconds
    while loop.time() < end:
        began = loop.time()
        assert (await send(desk, one, other, "0.01")).transaction.status is Status.COMPLETED
        took.append(loop.time() - began)
        one, other = other, one
    return max(took)


async def until_postponed(desk: Desk, many: int) -> None:
    """Waits until that many orders are postponed."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(desk.clearing._waiting.postponed) < many:  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.005)


# ---------------------------------------------------------------- a wallet that another session has locked


async def test_orders_of_a_locked_wallet_do_not_delay_other_wallets(desk: Desk, records: Records) -> None:
    ada, bob, cyd, dan = await people(desk, 4, funds="10.00")
    async with held_elsewhere(desk, ada):
        stuck = []
        bystander = asyncio.create_task(slowest(desk, bob, cyd, 3.0))
        while not bystander.done():
            stuck += [
                asyncio.create_task(desk.submit(transfer_of(*way, 1))) for way in ((ada, bob), (dan, ada), (ada, dan))
            ]
            await asyncio.sleep(0.05)
        assert await bystander < BYSTANDER_SECONDS
        heard = [one for one in stuck if one.done()]
        assert heard, "each order waits for a bounded time"
        assert all(isinstance(one.exception(), ServiceBusy) for one in heard)
    told = await all_told(*stuck)
    done = answers(told)
    assert len(done) > 3, "postponed orders continue when the wallet is unlocked"
    refused = [one for one in told if not isinstance(one, Answer)]
    assert all(isinstance(one, ServiceBusy) and not one.may_have_happened for one in refused)
    paid = "select count(*) from transactions where type = 'send' and $1 in (source_wallet_id, destination_wallet_id)"
    assert await records.count(paid, ada.wallet_id) == len(done), "orders answered as busy were not executed"


async def test_postponed_orders_continue_soon_and_in_the_order_of_arrival(desk: Desk, records: Records) -> None:
    ada, bob, cyd = await people(desk, 3, funds="10.00")
    async with held_elsewhere(desk, ada):
        orders: list[Instruction] = [
            transfer_of(ada, bob, 600),
            transfer_of(ada, cyd, 600),
            batch_of(ada, bob, cyd, minor=200),
        ]
        weights = [1, 1, 2]
        tasks = []
        for order, weight in zip(orders, weights, strict=True):
            tasks.append(asyncio.create_task(desk.submit(order, weight=weight)))
            await until_postponed(desk, len(tasks))
    first, second, batch = answers(await all_told(*tasks))
    assert (first.transaction.status, second.transaction.status) == (Status.COMPLETED, Status.FAILED)
    assert [one.transaction.status for one in batch.item_results if isinstance(one, Answer)] == [Status.COMPLETED] * 2
    assert (await money(desk, ada), await money(desk, cyd)) == ((0, 0), (1_200, 0))


async def test_a_wallet_is_used_again_as_soon_as_its_lock_ends(desk: Desk) -> None:
    """The clearing notices that a lock has ended even when no order waits for that wallet."""
    ada, bob = await people(desk, 2, funds="10.00")
    async with held_elsewhere(desk, ada):
        with pytest.raises(ServiceBusy):
            await send(desk, ada, bob, "0.01")
        assert desk.clearing.waiting == 0
    assert (await send(desk, ada, bob, "0.01")).transaction.status is Status.COMPLETED


async def test_repeating_the_key_of_a_postponed_order_pays_once(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    async with held_elsewhere(desk, ada):
        twins = [asyncio.create_task(send(desk, ada, bob, "1.00", key="the same")) for _ in range(3)]
        await until_postponed(desk, 3)
    told = answers(await all_told(*twins))
    assert [one.replayed for one in told] == [False, True, True]
    assert len({one.transaction.id for one in told}) == 1
    assert await money(desk, ada) == (900, 0)


async def test_closing_waits_for_postponed_orders_and_then_answers_them_as_busy(dsns: Dsns, records: Records) -> None:
    async with open_desk(dsns.server, without_risk_rules()) as desk:
        ada, bob = await people(desk, 2, funds="10.00")
        async with held_elsewhere(desk, ada):
            stuck = asyncio.create_task(send(desk, ada, bob, "0.01"))
            await until_postponed(desk, 1)
            await desk.clearing.close(seconds=0.1)
            with pytest.raises(ServiceBusy) as busy:
                await stuck
        assert not busy.value.may_have_happened
        assert await money(desk, ada) == (1_000, 0)


async def test_a_postponed_order_whose_commit_reply_was_lost_returns_its_first_result(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit succeeds and its reply is lost. Then the wallet is locked for longer than an order may wait."""
    monkeypatch.setattr(waiting, "WAIT_SECONDS", 0.3)
    ada, bob = await people(desk, 2, funds="10.00")
    async with AsyncExitStack() as stack:

        async def lost(*arguments: Any, **named: Any) -> None:
            patched.undo()
            await carry_out(*arguments, **named)
            await stack.enter_async_context(held_elsewhere(desk, ada))
            raise ConnectionResetError

        patched = pytest.MonkeyPatch()
        patched.setattr(lane, "carry_out", lost)
        order = asyncio.create_task(desk.submit(transfer_of(ada, bob, 100)))
        await until_postponed(desk, 1)
        await asyncio.sleep(0.8)
        assert not order.done()
    answer = await order
    assert (answer.transaction.status, answer.replayed) == (Status.COMPLETED, False)
    assert await money(desk, ada) == (900, 0)


# ---------------------------------------------------------------- other locks


@pytest.mark.parametrize("table", ["ledger_accounts", "transactions"])
async def test_a_short_lock_on_a_table_refuses_no_order(desk: Desk, records: Records, table: str) -> None:
    """A migration locks a table in this way. No single account is locked then, so no order is postponed."""
    ada, bob = await people(desk, 2, funds="10.00")
    async with records.connection.transaction():
        await records.connection.execute(f"lock table {table} in access exclusive mode")
        order = asyncio.create_task(desk.submit(transfer_of(ada, bob)))
        await asyncio.sleep(0.25)
    assert (await order).transaction.status is Status.COMPLETED
    assert desk.clearing.counts.retries > 0


async def test_a_locked_row_of_another_table_fails_only_the_order_that_needs_it(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.clearing.terms = terms()
    ada, bob, cyd = await people(desk, 3, funds="10.00")
    held = (await send(desk, ada, bob, "1.00")).transaction
    desk.clearing.terms = without_risk_rules()
    async with records.connection.transaction():
        await records.connection.execute("select from transactions where id = $1 for update", held.id)
        told = await all_told(
            desk.submit(transfer_of(bob, cyd)),
            desk.submit(Cancel(ada.wallet_id, held.id)),
            desk.submit(transfer_of(cyd, bob)),
        )
    assert [type(one) for one in told] == [Answer, ServiceBusy, Answer]
    assert (await cancel(desk, ada.wallet_id, held.id)).transaction.status is Status.CANCELLED


# ---------------------------------------------------------------- batches


async def test_a_single_order_waits_for_at_most_one_batch_of_another_customer(
    dsns: Dsns, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane, "LOCK_MILLISECONDS", 1_500)
    async with open_desk(dsns.server, without_risk_rules()) as desk:
        ada, bob, cyd = await people(desk, 3, funds="10.00")
        async with held_elsewhere(desk, ada):
            first = asyncio.create_task(desk.submit(transfer_of(ada, bob)))
            await asyncio.sleep(0)
            await taken_up(desk)
            batches = [asyncio.create_task(desk.submit(batch_of(ada, *[bob] * 50), weight=50)) for _ in range(6)]
            await asyncio.sleep(0)
            single = asyncio.create_task(desk.submit(transfer_of(cyd, bob)))
            await asyncio.sleep(0)
        told = answers(await all_told(first, *batches))
        paid = (await single).transaction.created_at
    assert len(told) == 7
    times = [part.transaction.created_at for one in told[1:] for part in one.item_results if isinstance(part, Answer)]
    assert len(times) == 300
    assert sum(time <= paid for time in times) == 50, "it is in the unit of the first batch"
    assert times == sorted(times), "the batches follow one another"
