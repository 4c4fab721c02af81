"""A bank takes a settled order's money back: the books follow once, also when the wallet no longer has it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import structlog
import uuid_utils.compat as uuids

from pocketpay.bank_accounts.bank_account import BankAccount
from pocketpay.bank_accounts.errors import BankNotReachable
from pocketpay.banking.bank import DECLINED, PENDING, SETTLED, BankReply, OrderState
from pocketpay.operations.reverse_transaction import reverse_transaction
from pocketpay.operations.unfreeze_wallet import unfreeze_wallet
from pocketpay.payments import bank_return, sweeper
from pocketpay.payments.bank_return import BookReturn
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.refresh import refresh_order
from pocketpay.transactions.errors import NotFound
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction
from pocketpay.wallets.balance import Freeze
from tests.operations.operators import OPS
from tests.payments.customers import Person, Records, balance, money, pay_in, people, person, send, without_risk_rules
from tests.payments.hosted_bank import HostedBank, hosted, link, linked, pay_in_from, pay_out_to

REFUNDS = "select count(*) from transactions where refund_of = $1 and description = 'Returned by the bank'"
OUTSTANDING = "select outstanding from bank_returns where transaction_id = $1"
DUE = "update bank_orders set next_check_at = clock_timestamp() - interval '1 second' where transaction_id = $1"
CHECK = "select next_check_at from bank_orders where transaction_id = $1"


@pytest.fixture
def kept() -> object:
    return without_risk_rules()


def took_back(amount: int, why: str = "debit_not_authorized") -> OrderState:
    return OrderState(BankReply.SETTLED, returned=amount, why=why)


async def depositor(desk: Desk, bank: HostedBank, amount: str) -> tuple[Person, BankAccount, Transaction]:
    """Somebody with a linked bank account and a settled deposit from it."""
    ada = await person(desk)
    account = await linked(desk, bank, ada)
    return ada, account, (await pay_in_from(desk, account, amount)).transaction


# ---------------------------------------------------------------- refreshing


async def test_refreshing_settles_or_fails_an_order_and_then_asks_no_more(desk: Desk) -> None:
    bank = HostedBank(settles=PENDING)
    desk, ada = hosted(desk, bank), await person(desk)
    account = await linked(desk, bank, ada)
    settled, declined = [(await pay_in_from(desk, account, "10.00")).transaction for _ in range(2)]
    still = await refresh_order(desk, settled.id)
    assert still is not None
    assert still.status is Status.CREATED
    bank.orders |= {settled.id: SETTLED, declined.id: DECLINED}
    ended = [await refresh_order(desk, one.id) for one in (settled, declined)]
    assert [one.status for one in ended if one is not None] == [Status.COMPLETED, Status.FAILED]
    bank.asked.clear()
    assert await refresh_order(desk, declined.id) == ended[1]
    assert bank.asked == []
    assert await money(desk, ada) == (1_000, 0)


async def test_refreshing_what_is_no_order_returns_nothing(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="5.00")
    sent = (await send(desk, ada, bob, "1.00")).transaction
    bank = HostedBank()
    assert await refresh_order(hosted(desk, bank), sent.id) is None
    assert await refresh_order(hosted(desk, bank), uuids.uuid7()) is None
    assert bank.asked == []


async def test_refreshing_says_when_the_bank_does_not_answer(desk: Desk) -> None:
    bank = HostedBank()
    desk = hosted(desk, bank)
    _, _, paid = await depositor(desk, bank, "10.00")
    bank.down = True
    with pytest.raises(BankNotReachable):
        await refresh_order(desk, paid.id)


@pytest.mark.parametrize("reply", [DECLINED, replace(DECLINED, returned=1_000)])
async def test_a_bank_that_contradicts_the_books_changes_nothing_and_is_logged(desk: Desk, reply: OrderState) -> None:
    bank = HostedBank()
    desk = hosted(desk, bank)
    ada, _, paid = await depositor(desk, bank, "10.00")
    bank.orders[paid.id] = reply
    with structlog.testing.capture_logs() as logs:
        assert await refresh_order(desk, paid.id) == paid
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["bank_contradicts_the_books"]
    assert await money(desk, ada) == (1_000, 0)


# ---------------------------------------------------------------- returns


async def test_a_returned_deposit_leaves_the_wallet_once(desk: Desk, records: Records) -> None:
    bank = HostedBank()
    desk = hosted(desk, bank)
    ada, _, paid = await depositor(desk, bank, "10.00")
    bank.orders[paid.id] = took_back(400)
    for _ in range(3):
        after = await refresh_order(desk, paid.id)
        assert after is not None
        assert (after.status, after.refunded) == (Status.COMPLETED, 400)
    assert await money(desk, ada) == (600, 0)
    bank.orders[paid.id] = took_back(1_000)
    await refresh_order(desk, paid.id)
    bank.orders[paid.id] = took_back(400)  # an older answer that arrives late
    await refresh_order(desk, paid.id)
    assert await money(desk, ada) == (0, 0)
    assert await records.count(REFUNDS, paid.id) == 2
    assert (await balance(desk, ada)).standing.frozen_for is None


@pytest.mark.parametrize("speed", Speed)
async def test_a_returned_withdrawal_comes_back_with_its_fee(desk: Desk, records: Records, speed: Speed) -> None:
    bank = HostedBank()
    ada = await person(desk, funds="100.00")
    desk = hosted(desk, bank)
    account = await linked(desk, bank, ada)
    paid = (await pay_out_to(desk, account, "50.00", speed)).transaction
    bank.orders[paid.id] = took_back(5_000, "account_closed")
    for _ in range(2):
        after = await refresh_order(desk, paid.id)
        assert after is not None
        assert after.refunded == paid.total.minor
    assert await money(desk, ada) == (10_000, 0)
    assert await records.count(REFUNDS, paid.id) == 1


async def test_an_order_that_was_settled_and_taken_back_before_anybody_asked(desk: Desk, records: Records) -> None:
    bank = HostedBank(settles=took_back(300))
    desk = hosted(desk, bank)
    ada, _, paid = await depositor(desk, bank, "10.00")
    assert await money(desk, ada) == (700, 0)
    assert await records.count(REFUNDS, paid.id) == 1


async def test_two_servers_book_a_return_once(two_desks: list[Desk], records: Records) -> None:
    bank = HostedBank()
    here, there = (hosted(desk, bank) for desk in two_desks)
    ada, _, paid = await depositor(here, bank, "10.00")
    bank.orders[paid.id] = took_back(1_000)
    await asyncio.gather(*(refresh_order(desk, paid.id) for desk in (here, there) * 6))
    assert await money(here, ada) == (0, 0)
    assert await records.count(REFUNDS, paid.id) == 1


async def test_what_an_operator_refunded_before_is_not_taken_twice(desk: Desk, records: Records) -> None:
    bank = HostedBank()
    desk = hosted(desk, bank)
    ada, _, paid = await depositor(desk, bank, "10.00")
    await reverse_transaction(desk, OPS, paid.id, raw_reason="A dispute", raw_amount="6.00")
    bank.orders[paid.id] = took_back(1_000)
    await refresh_order(desk, paid.id)
    assert await money(desk, ada) == (0, 0)
    booked = "select amount from transactions where description = 'Returned by the bank' and refund_of = $1"
    assert await records.count(booked, paid.id) == 400
    other = (await pay_in_from(desk, await linked(desk, bank, ada), "5.00")).transaction
    await reverse_transaction(desk, OPS, other.id, raw_reason="A dispute")
    bank.orders[other.id] = took_back(500)
    await refresh_order(desk, other.id)
    assert await records.count(REFUNDS, other.id) == 0
    assert await records.count(OUTSTANDING, other.id) == 0


async def test_more_than_the_order_moved_is_never_taken(desk: Desk) -> None:
    bank = HostedBank()
    desk = hosted(desk, bank)
    ada, _, paid = await depositor(desk, bank, "10.00")
    await pay_in_from(desk, await linked(desk, bank, ada), "10.00")
    bank.orders[paid.id] = took_back(1_500)
    await refresh_order(desk, paid.id)
    assert await money(desk, ada) == (1_000, 0)


# ---------------------------------------------------------------- what the wallet no longer has


async def test_a_wallet_that_spent_the_deposit_is_frozen_until_it_has_covered_it(
    desk: Desk, records: Records
) -> None:
    bank = HostedBank()
    desk = hosted(desk, bank)
    ada, account, paid = await depositor(desk, bank, "10.00")
    bob = await person(desk)
    await send(desk, ada, bob, "7.00")
    bank.orders[paid.id] = took_back(1_000)
    for _ in range(2):
        await refresh_order(desk, paid.id)
    assert await money(desk, ada) == (0, 0)
    assert await records.count(OUTSTANDING, paid.id) == 700
    assert (await balance(desk, ada)).standing.frozen_for is Freeze.DEBITS
    reason = "select freeze_reason from wallets where id = $1"
    assert await records.connection.fetchval(reason, ada.wallet_id) == bank_return.FROZEN
    await sweeper.cover_returns(desk)
    unchanged = "select count(*) from bank_returns where transaction_id = $1 and updated_at = created_at"
    assert await records.count(unchanged, paid.id) == 1

    await send(desk, bob, ada, "2.00")
    await sweeper.cover_returns(desk)
    assert await records.count(OUTSTANDING, paid.id) == 500
    assert (await send(desk, ada, bob, "0.50")).transaction.status is Status.BLOCKED
    await pay_in_from(desk, account, "6.00")
    await asyncio.gather(*(sweeper.cover_returns(desk) for _ in range(3)))
    assert await records.count(OUTSTANDING, paid.id) == 0
    assert await money(desk, ada) == (100, 0)
    assert (await balance(desk, ada)).standing.frozen_for is None
    assert (await send(desk, ada, bob, "0.50")).transaction.status is Status.COMPLETED
    await sweeper.cover_returns(desk)


async def test_the_freeze_ends_when_nothing_of_any_return_is_outstanding(desk: Desk, records: Records) -> None:
    bank = HostedBank()
    desk = hosted(desk, bank)
    ada, account, first = await depositor(desk, bank, "10.00")
    second = (await pay_in_from(desk, account, "5.00")).transaction
    bob = await person(desk)
    await send(desk, ada, bob, "15.00")
    for paid, amount in ((first, 1_000), (second, 500)):
        bank.orders[paid.id] = took_back(amount)
        await refresh_order(desk, paid.id)
    await send(desk, bob, ada, "12.00")
    await sweeper.cover_returns(desk)
    assert (await balance(desk, ada)).standing.frozen_for is Freeze.DEBITS
    await send(desk, bob, ada, "3.00")
    await sweeper.cover_returns(desk)
    assert (await balance(desk, ada)).standing.frozen_for is None
    assert await records.count("select sum(outstanding) from bank_returns where wallet_id = $1", ada.wallet_id) == 0


@pytest.mark.parametrize("before", ["debits", "all"])
async def test_an_operators_freeze_is_neither_replaced_nor_ended(desk: Desk, records: Records, before: str) -> None:
    bank = HostedBank()
    desk = hosted(desk, bank)
    ada, _, paid = await depositor(desk, bank, "10.00")
    bob = await person(desk, funds=None)
    await send(desk, ada, bob, "7.00")
    await records.freeze(ada, before)
    bank.orders[paid.id] = took_back(1_000)
    await refresh_order(desk, paid.id)
    await records.freeze(ada, None)
    await send(desk, bob, ada, "7.00")
    await records.freeze(ada, before)
    await sweeper.cover_returns(desk)
    assert await records.count(OUTSTANDING, paid.id) == 0
    assert (await balance(desk, ada)).standing.frozen_for == before


async def test_an_operator_can_end_the_freeze_and_it_returns_only_for_more(desk: Desk, records: Records) -> None:
    bank = HostedBank()
    desk = hosted(desk, bank)
    ada, _, paid = await depositor(desk, bank, "10.00")
    bob = await person(desk)
    await send(desk, ada, bob, "10.00")
    bank.orders[paid.id] = took_back(500)
    await refresh_order(desk, paid.id)
    await unfreeze_wallet(desk, OPS, ada.wallet_id, raw_reason="Agreed by phone")
    await send(desk, bob, ada, "1.00")
    await sweeper.cover_returns(desk)
    await refresh_order(desk, paid.id)
    assert (await balance(desk, ada)).standing.frozen_for is None
    bank.orders[paid.id] = took_back(1_000)
    await refresh_order(desk, paid.id)
    assert (await balance(desk, ada)).standing.frozen_for is Freeze.DEBITS
    assert await records.count(OUTSTANDING, paid.id) == 900


async def test_held_money_is_not_taken(desk: Desk, records: Records) -> None:
    bank = HostedBank()
    desk = hosted(desk, bank)
    ada, account, paid = await depositor(desk, bank, "10.00")
    bank.settles = PENDING
    out = (await pay_out_to(desk, account, "4.00")).transaction
    bank.orders[paid.id] = took_back(1_000)
    await refresh_order(desk, paid.id)
    assert await money(desk, ada) == (400, 400)
    assert await records.count(OUTSTANDING, paid.id) == 400
    bank.orders[out.id] = DECLINED
    await refresh_order(desk, out.id)
    await sweeper.cover_returns(desk)
    assert await money(desk, ada) == (0, 0)
    assert await records.count(OUTSTANDING, paid.id) == 0


async def test_a_closed_wallet_stays_empty_and_its_return_stays_outstanding(desk: Desk, records: Records) -> None:
    bank = HostedBank()
    ada = await person(desk, funds="10.00")
    desk = hosted(desk, bank)
    account = await linked(desk, bank, ada)
    out = (await pay_out_to(desk, account, "10.00")).transaction
    await records.connection.execute("update bank_accounts set status = 'removed' where id = $1", account.id)
    await records.close_wallet(ada)
    bank.orders[out.id] = took_back(1_000)
    for _ in range(2):
        await refresh_order(desk, out.id)
        await sweeper.cover_returns(desk)
    assert await money(desk, ada) == (0, 0)
    assert await records.count(OUTSTANDING, out.id) == 1_000


# ---------------------------------------------------------------- the sweeper


async def test_the_sweeper_asks_about_settled_orders_until_the_bank_can_no_longer_take_them_back(
    desk: Desk, records: Records
) -> None:
    bank = HostedBank()
    desk = hosted(desk, bank)
    ada, account, paid = await depositor(desk, bank, "10.00")
    out = (await pay_out_to(desk, account, "5.00")).transaction
    await sweeper.poll_settled(desk)
    bank.asked.clear()
    for one, days in ((paid, 30), (out, 3)):
        await records.make_older(one.id, timedelta(days=days))
        await records.connection.execute(DUE, one.id)
    await asyncio.gather(*(sweeper.poll_settled(desk) for _ in range(3)))
    assert sorted(order.id for order in bank.asked) == sorted((paid.id, out.id))
    days_until = (
        "select extract(epoch from next_check_at - clock_timestamp()) / 86400 from bank_orders "
        "where transaction_id = $1"
    )
    assert 6.9 < await records.connection.fetchval(days_until, paid.id) < 7.1
    assert 2.9 < await records.connection.fetchval(days_until, out.id) < 3.1

    bank.orders[paid.id] = took_back(200)
    for one in (paid, out):
        await records.make_older(one.id, timedelta(days=100))
        await records.connection.execute(DUE, one.id)
    await sweeper.poll_settled(desk)
    assert await records.connection.fetchval(CHECK, paid.id) is None
    assert await records.connection.fetchval(CHECK, out.id) is None
    assert await money(desk, ada) == (300, 0)
    bank.asked.clear()
    await sweeper.poll_settled(desk)
    assert bank.asked == []


async def test_the_sweeper_does_not_ask_the_simulated_bank_about_settled_orders(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    account = (await link(desk, ada)).account
    paid = (await pay_in_from(desk, account, "10.00")).transaction
    assert await records.connection.fetchval(CHECK, paid.id) is None
    assert await records.count("select count(*) from bank_orders where transaction_id = $1", paid.id) == 1


@pytest.mark.parametrize("loop", ["poll_settled", "poll_links", "cover_returns"])
async def test_each_sweep_of_banks_runs_again_and_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    ran, twice = 0, asyncio.Event()

    async def sweep(_: Desk) -> int:
        nonlocal ran
        ran += 1
        if ran == 2:
            twice.set()
        raise RuntimeError("one run fails")

    monkeypatch.setattr(sweeper, "BANK_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(sweeper, loop, sweep)
    task = asyncio.create_task(sweeper.sweep_forever(desk))
    async with asyncio.timeout(20):
        await twice.wait()
    task.cancel()
    await asyncio.wait({task})


# ---------------------------------------------------------------- the rule alone


async def test_the_rule_refuses_what_is_no_settled_order_of_the_wallet(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="5.00")
    paid = (await pay_in(desk, ada, "1.00")).transaction
    sent = (await send(desk, ada, bob, "1.00")).transaction
    account, silent = await _account(desk, ada), hosted(desk, HostedBank(settles=PENDING))
    waiting = (await pay_in_from(silent, account, "1.00")).transaction

    async def refused(wallet_id: UUID, transaction_id: UUID) -> None:
        with pytest.raises(NotFound):
            await desk.submit(BookReturn(uuids.uuid7(), uuids.uuid7(), wallet_id, transaction_id, 100))

    nothing = await desk.submit(BookReturn(uuids.uuid7(), uuids.uuid7(), ada.wallet_id, paid.id))
    assert (nothing.transaction, nothing.outcome.changed) == (paid, False)
    await refused(bob.wallet_id, paid.id)
    await refused(ada.wallet_id, sent.id)
    await refused(ada.wallet_id, waiting.id)
    await refused(ada.wallet_id, uuids.uuid7())
    await refresh_order(hosted(desk, HostedBank()), waiting.id)


async def _account(desk: Desk, whose: Person) -> BankAccount:
    bank = HostedBank()
    return await linked(hosted(desk, bank), bank, whose)
