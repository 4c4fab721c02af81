"""The sweeper runs every second, whatever the bank does and whatever error occurs."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pocketpay.banking.bank import SETTLED, OrderState
from pocketpay.database.failures import ServiceBusy
from pocketpay.payments import sweeper
from pocketpay.payments.desk import Desk
from pocketpay.payments.settle import Settle
from pocketpay.payments.sweeper import expire_overdue, poll_unsettled, sweep_forever
from tests.clearing.instructions import YEAR, ahead, held_elsewhere
from tests.patience import PATIENCE_SECONDS
from tests.payments.banks import SlowBank, with_bank
from tests.payments.customers import Records, money, pay_in, people, person, send


@contextmanager
def sweeping(desk: Desk) -> Iterator[None]:
    task = asyncio.create_task(sweep_forever(desk))
    try:
        yield
    finally:
        task.cancel()


async def wait_for_status(records: Records, transaction_id: object, status: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        sql = "select count(*) from transactions where id = $1 and status = $2"
        while not await records.count(sql, transaction_id, status):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def short_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "EVERY_SECONDS", 0.02)


async def test_a_silent_bank_does_not_delay_expiry(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    deposited = (await pay_in(with_bank(desk, SlowBank()), ada, "1.00")).transaction
    await records.make_poll_due(deposited.id)
    silent = SlowBank(None)
    with sweeping(with_bank(desk, silent)):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not silent.collected:  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.01)
        held = (await send(desk, ada, bob, "1.00")).transaction
        await records.make_overdue(held.id)
        await wait_for_status(records, held.id, "expired")
    await desk.submit(Settle(ada.wallet_id, deposited.id, settled=False))


async def test_an_overdue_payment_of_a_locked_wallet_is_left_for_a_later_sweep(desk: Desk, records: Records) -> None:
    ada, bob, cyd = await people(desk, 3, funds="10.00")
    held = [(await send(desk, payer, cyd, "1.00")).transaction for payer in (ada, bob)]
    for one in held:
        await records.make_overdue(one.id)
    async with held_elsewhere(desk, ada):
        assert await expire_overdue(desk) == 1
        await wait_for_status(records, held[1].id, "expired")
    assert await expire_overdue(desk) == 1
    await wait_for_status(records, held[0].id, "expired")


async def test_overdue_payments_of_a_wallet_ahead_of_the_clock_do_not_block_others(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "MAX_AT_ONCE", 2)
    late, bob, cyd = await people(desk, 3, funds="10.00")
    held = [(await send(desk, payer, cyd, "1.00")).transaction for payer in (late, late, bob)]
    for one in held:
        await records.make_overdue(one.id)
    async with ahead(records, YEAR, late):
        assert await expire_overdue(desk) == 1
        await wait_for_status(records, held[2].id, "expired")
    assert await expire_overdue(desk) == 2


async def test_the_bank_is_polled_about_every_unsettled_deposit(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "MAX_AT_ONCE", 2)
    ada, bank = await person(desk), SlowBank()
    accepted = [(await pay_in(with_bank(desk, bank), ada, "1.00")).transaction for _ in range(5)]
    for one in accepted:
        await records.make_poll_due(one.id)
    bank.collected.clear()
    rounds = 0
    while await poll_unsettled(with_bank(desk, bank)):
        rounds += 1
    assert rounds >= 3
    assert {bank.times_asked(one.id) for one in accepted} == {1}
    bank.reply = SETTLED
    for one in accepted:
        await records.make_poll_due(one.id)
    with sweeping(with_bank(desk, bank)):
        for one in accepted:
            await wait_for_status(records, one.id, "completed")
    assert await money(desk, ada) == (500, 0)


async def test_an_error_at_one_order_does_not_block_the_others(desk: Desk, records: Records) -> None:
    ada, bank = await person(desk), SlowBank()
    accepted = [(await pay_in(with_bank(desk, bank), ada, "1.00")).transaction for _ in range(3)]
    for one in accepted:
        await records.make_poll_due(one.id)

    class OddBank(SlowBank):
        async def collect(self, order: object) -> OrderState:
            if order.id == accepted[0].id:  # type: ignore[attr-defined]
                raise ZeroDivisionError
            return SETTLED

    await poll_unsettled(with_bank(desk, OddBank()))
    assert await money(desk, ada) == (200, 0)
    await desk.submit(Settle(ada.wallet_id, accepted[0].id, settled=False))


async def test_sweeps_continue_after_an_error(desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    held = (await send(desk, ada, bob, "1.00")).transaction
    await records.make_overdue(held.id)
    trouble = [ServiceBusy("away"), ZeroDivisionError("a bug")]
    sweep = sweeper.expire_overdue

    async def troubled(desk: Desk) -> int:
        if trouble:
            raise trouble.pop()
        return await sweep(desk)

    monkeypatch.setattr(sweeper, "expire_overdue", troubled)
    with sweeping(desk):
        await wait_for_status(records, held.id, "expired")
