"""Withdrawals to a bank: accepted and held, sent to the bank outside any unit of work, settled once or released."""

import asyncio
from typing import Any

import pytest

from pocketpay.banking.bank import DECLINED, PENDING, SETTLED, BankOrder, OrderState
from pocketpay.clearing.outcome import Answer
from pocketpay.errors import Refusal
from pocketpay.ledger.house import HouseKind
from pocketpay.money import Money
from pocketpay.payments import settle
from pocketpay.payments.cancel import cancel
from pocketpay.payments.confirm import confirm
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.settle import Settle
from pocketpay.payments.sweeper import poll_unsettled
from pocketpay.payments.withdraw import quote_withdrawal, withdraw
from pocketpay.transactions.errors import BankDeclined, InsufficientFunds, KeyReused, NotFound
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Type
from tests.conftest import Dsns
from tests.patience import PATIENCE_SECONDS
from tests.payments.banks import SlowBank, with_bank
from tests.payments.customers import (
    Records,
    balance,
    money,
    new_key,
    open_desk,
    pay_in,
    pay_out,
    people,
    person,
    send,
    without_risk_rules,
)

INSTANT, STANDARD = Speed.INSTANT, Speed.STANDARD


async def test_a_standard_withdrawal_costs_nothing_and_has_two_entries(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="100.00")
    answer = await pay_out(desk, ada, "60.00")
    done = answer.transaction
    assert (done.type, done.status, done.version) == (Type.WITHDRAWAL, Status.COMPLETED, 2)
    assert (done.source_wallet_id, done.destination_wallet_id) == (ada.wallet_id, None)
    assert (done.amount, done.fee, done.bank_name) == (Money(6_000, "USD"), Money(0, "USD"), "First Bank")
    assert done.created_at < done.updated_at == done.completed_at
    assert (answer.refusal, answer.replayed) == (None, False)
    bank = desk.clearing.house.account(HouseKind.BANK, "USD")
    assert await records.entries(done.id) == {bank: 6_000, ada.wallet_id: -6_000}
    assert answer.balance == await balance(desk, ada)
    assert await money(desk, ada) == (4_000, 0)


async def test_the_fee_of_an_instant_withdrawal_is_a_separate_leg(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="100.00")
    done = (await pay_out(desk, ada, "50.00", INSTANT)).transaction
    assert (done.status, done.amount, done.fee) == (Status.COMPLETED, Money(5_000, "USD"), Money(75, "USD"))
    assert done.total == Money(5_075, "USD")
    house = desk.clearing.house
    assert await records.entries(done.id) == {
        house.account(HouseKind.BANK, "USD"): 5_000,
        house.account(HouseKind.FEES, "USD"): 75,
        ada.wallet_id: -5_075,
    }
    assert await money(desk, ada) == (4_925, 0)


async def test_the_bank_gets_the_amount_without_the_fee_and_the_transaction_id(desk: Desk) -> None:
    ada, bank = await person(desk, funds="100.00"), SlowBank(SETTLED)
    done = (await pay_out(with_bank(desk, bank), ada, "50.00", INSTANT)).transaction
    assert bank.paid_out == [BankOrder(done.id, Money(5_000, "USD"), "First Bank", instant=True)]
    slowly = (await pay_out(with_bank(desk, bank), ada, "10.00")).transaction
    assert bank.paid_out[1:] == [BankOrder(slowly.id, Money(1_000, "USD"), "First Bank", instant=False)]
    assert bank.collected == []


async def test_the_bank_is_called_outside_any_unit_of_work(desk: Desk) -> None:
    ada, bob = await person(desk, funds="1.00"), await person(desk, funds="1.00")

    class BusyBank(SlowBank):
        async def payout(self, order: BankOrder) -> OrderState:
            await pay_out(desk, bob, "1.00")  # would wait forever for its turn
            return SETTLED

    answer = await asyncio.wait_for(pay_out(with_bank(desk, BusyBank()), ada, "1.00"), PATIENCE_SECONDS)
    assert answer.transaction.status is Status.COMPLETED


async def test_the_amount_and_the_fee_are_held_until_the_bank_answers(desk: Desk, records: Records) -> None:
    ada, bank = await person(desk, funds="100.00"), SlowBank()
    answer = await pay_out(with_bank(desk, bank), ada, "50.00", INSTANT)
    assert (answer.transaction.status, answer.refusal) == (Status.CREATED, None)
    assert await money(desk, ada) == (10_000, 5_075)
    assert await records.entries(answer.transaction.id) == {}
    assert await records.findings() == []
    late = await pay_out(with_bank(desk, bank), ada, "49.26")
    assert late.transaction.failure_code == "INSUFFICIENT_FUNDS", "held money cannot be spent"
    await desk.submit(Settle(ada.wallet_id, answer.transaction.id, settled=True))
    assert await money(desk, ada) == (4_925, 0)


async def test_a_declined_withdrawal_releases_the_held_money(desk: Desk, records: Records) -> None:
    ada, bank, key = await person(desk, funds="100.00"), SlowBank(DECLINED), new_key()
    answer = await pay_out(with_bank(desk, bank), ada, "50.00", INSTANT, key=key)
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.FAILED, "BANK_DECLINED")
    assert isinstance(answer.refusal, BankDeclined)
    assert await records.entries(answer.transaction.id) == {}
    assert await money(desk, ada) == (10_000, 0)
    again = await pay_out(with_bank(desk, bank), ada, "50.00", INSTANT, key=key)
    assert (again.transaction, again.replayed, len(bank.paid_out)) == (answer.transaction, True, 1)
    assert isinstance(again.refusal, BankDeclined)


@pytest.mark.parametrize("reply", [PENDING, ConnectionError("no line"), TimeoutError("no answer"), None])
async def test_the_bank_is_polled_until_it_answers(
    desk: Desk, records: Records, reply: OrderState | Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "BANK_SECONDS", 0.05)
    ada, bank = await person(desk, funds="100.00"), SlowBank(reply)
    accepted = (await pay_out(with_bank(desk, bank), ada, "50.00", INSTANT)).transaction
    assert accepted.status is Status.CREATED
    await poll_unsettled(with_bank(desk, bank))
    assert bank.times_asked(accepted.id) == 1, "the first call may still be waiting for its answer"
    await records.make_poll_due(accepted.id)
    await poll_unsettled(with_bank(desk, bank))
    await poll_unsettled(with_bank(desk, bank))
    assert bank.times_asked(accepted.id) == 2, "the next poll waits for the polling interval"
    bank.reply = SETTLED
    await records.make_poll_due(accepted.id)
    await poll_unsettled(with_bank(desk, bank))
    assert (await records.transaction(accepted.id))["status"] == "completed"
    assert await money(desk, ada) == (4_925, 0)
    assert bank.times_asked(accepted.id) == 3


async def test_the_polling_interval_grows_with_the_age_of_the_order_up_to_an_hour(
    desk: Desk, records: Records
) -> None:
    ada, bank = await person(desk, funds="100.00"), SlowBank()
    accepted = (await pay_out(with_bank(desk, bank), ada, "50.00")).transaction
    pause = "select extract(epoch from ask_again_at - clock_timestamp())::float from transactions where id = $1"
    assert 8 < await records.connection.fetchval(pause, accepted.id) <= 10
    for age_seconds, expected in ((1, 10), (40, 40), (600, 600), (90_000, 3_600)):
        await records.connection.execute(
            "update transactions set created_at = clock_timestamp() - make_interval(secs => $2), "
            "ask_again_at = clock_timestamp() where id = $1",
            accepted.id,
            age_seconds,
        )
        await poll_unsettled(with_bank(desk, bank))
        assert await records.connection.fetchval(pause, accepted.id) == pytest.approx(expected, abs=3)
    await records.connection.execute(
        "update transactions set created_at = $2 where id = $1", accepted.id, accepted.created_at
    )


async def test_two_servers_never_poll_the_same_order_at_once(module_dsn: Dsns, records: Records) -> None:
    async with open_desk(module_dsn.server) as one, open_desk(module_dsn.server) as two:
        ada, bank = await person(one, funds="100.00"), SlowBank()
        orders = [(await pay_out(with_bank(one, bank), ada, "1.00")).transaction.id for _ in range(10)]
        for id in orders:
            await records.make_poll_due(id)
        bank.paid_out.clear()
        bank.reply = SETTLED
        await asyncio.gather(*(poll_unsettled(with_bank(desk, bank)) for desk in (one, two, one, two)))
        assert {bank.times_asked(id) for id in orders} == {1}
        assert await money(one, ada) == (9_000, 0)


async def test_another_server_settles_an_order_of_a_server_that_died(module_dsn: Dsns, records: Records) -> None:
    """The server dies between the two units of work: the order and the hold remain, and the bank may have paid."""
    async with open_desk(module_dsn.server) as dying:
        ada = await person(dying, funds="100.00")

        class LastBank(SlowBank):
            async def payout(self, order: BankOrder) -> OrderState:
                self.paid_out.append(order)
                raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await pay_out(with_bank(dying, LastBank()), ada, "50.00", INSTANT, key="key-of-the-dying")
    async with open_desk(module_dsn.server) as next_one:
        assert await money(next_one, ada) == (10_000, 5_075)
        bank = SlowBank(SETTLED)
        again = await pay_out(with_bank(next_one, bank), ada, "50.00", INSTANT, key="key-of-the-dying")
        assert (again.transaction.status, again.replayed, bank.paid_out) == (Status.CREATED, True, [])
        await records.make_poll_due(again.transaction.id)
        await poll_unsettled(with_bank(next_one, bank))
        assert bank.times_asked(again.transaction.id) == 1
        assert await money(next_one, ada) == (4_925, 0)
        assert await records.findings() == []


async def test_a_withdrawal_settles_once_whatever_the_bank_answers_later(module_dsn: Dsns, desk: Desk) -> None:
    ada, bank = await person(desk, funds="100.00"), SlowBank()
    accepted = (await pay_out(with_bank(desk, bank), ada, "50.00", INSTANT)).transaction
    fields = [Settle(ada.wallet_id, accepted.id, settled) for settled in (True, False, True, False)]
    async with open_desk(module_dsn.server) as other:
        answers = await asyncio.gather(*(to.submit(one) for one in fields for to in (desk, other)))
    statuses = {answer.transaction.status for answer in answers}
    assert len(statuses) == 1
    assert await money(desk, ada) == ((4_925, 0) if statuses == {Status.COMPLETED} else (10_000, 0))


@pytest.mark.parametrize("what", ["debits", "all", "closed"])
@pytest.mark.parametrize("settled", [True, False])
async def test_a_withdrawal_settles_even_if_its_wallet_has_been_frozen_or_closed(
    desk: Desk, records: Records, what: str, settled: bool
) -> None:
    ada = await person(desk, funds="100.00")
    accepted = (await pay_out(with_bank(desk, SlowBank()), ada, "50.00", INSTANT)).transaction
    await (records.close_wallet(ada) if what == "closed" else records.freeze(ada, what))
    await desk.submit(Settle(ada.wallet_id, accepted.id, settled=settled))
    assert await money(desk, ada) == ((4_925, 0) if settled else (10_000, 0))


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("what", ["debits", "all"])
async def test_a_withdrawal_from_a_frozen_wallet_is_stored_as_blocked(
    desk: Desk, records: Records, what: str
) -> None:
    ada, bank, key = await person(desk, funds="100.00"), SlowBank(SETTLED), new_key()
    await records.freeze(ada, what)
    for replayed in (False, True):
        answer = await pay_out(with_bank(desk, bank), ada, "12.50", key=key)
        assert (answer.transaction.status, answer.transaction.failure_code) == (Status.BLOCKED, "WALLET_FROZEN")
        assert answer.refusal is not None
        assert (answer.refusal.code, answer.refusal.field, answer.replayed) == ("WALLET_FROZEN", None, replayed)
    assert bank.paid_out == []
    assert await money(desk, ada) == (10_000, 0)


@pytest.mark.parametrize(
    ("speed", "amount", "required"),
    [(STANDARD, "100.01", 10_001), (INSTANT, "98.53", 10_001), (INSTANT, "100.00", 10_150)],
)
async def test_a_withdrawal_whose_amount_and_fee_exceed_the_balance_is_stored_as_failed(
    desk: Desk, speed: Speed, amount: str, required: int
) -> None:
    ada, bank, key = await person(desk, funds="100.00"), SlowBank(SETTLED), new_key()
    for replayed in (False, True):
        answer = await pay_out(with_bank(desk, bank), ada, amount, speed, key=key)
        assert (answer.transaction.status, answer.replayed) == (Status.FAILED, replayed)
        assert isinstance(answer.refusal, InsufficientFunds)
        assert answer.refusal.field == "amount"
        assert answer.refusal.required == Money(required, "USD")
        assert answer.refusal.available == Money(10_000, "USD")
    assert bank.paid_out == []
    assert await money(desk, ada) == (10_000, 0)


async def test_the_whole_balance_can_be_withdrawn_when_it_covers_the_fee(desk: Desk) -> None:
    ada = await person(desk, funds="10.15")
    assert (await pay_out(desk, ada, "10.00", INSTANT)).transaction.status is Status.COMPLETED
    assert await money(desk, ada) == (0, 0)


async def test_a_closed_wallet_cannot_withdraw(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="100.00")
    await records.close_wallet(ada)
    before = await records.checksum()
    with pytest.raises(Refusal) as refusal:
        await pay_out(desk, ada, "12.50")
    assert (refusal.value.code, refusal.value.field) == ("WALLET_CLOSED", None)
    assert await records.checksum() == before


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"raw_amount": "0"}, "INVALID_AMOUNT", "amount"),
        ({"raw_amount": "1.001"}, "INVALID_AMOUNT", "amount"),
        ({"raw_amount": "10000000000.01"}, "INVALID_AMOUNT", "amount"),
        ({"raw_bank_name": " "}, "INVALID_INPUT", "bankName"),
        ({"raw_bank_name": "x" * 101}, "INVALID_INPUT", "bankName"),
        ({"raw_bank_name": "a\x00b"}, "INVALID_INPUT", "bankName"),
        ({"raw_key": "short"}, "INVALID_INPUT", "idempotencyKey"),
    ],
)
async def test_invalid_input_is_refused_and_withdraws_nothing(
    desk: Desk, records: Records, fields: dict[str, Any], code: str, field: str
) -> None:
    ada = await person(desk, funds="100.00")
    before = await records.checksum()
    rest = {"raw_amount": "1", "raw_bank_name": "First Bank", "raw_key": new_key()}
    with pytest.raises(Refusal) as refusal:
        await withdraw(desk, ada.wallet_id, speed=STANDARD, **(rest | fields))
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert await records.checksum() == before


async def test_a_withdrawal_cannot_be_confirmed_or_cancelled(desk: Desk, records: Records) -> None:
    ada, bob = await person(desk, funds="100.00"), await person(desk)
    waiting = (await pay_out(with_bank(desk, SlowBank()), ada, "1.00")).transaction
    before = await records.checksum()
    for verb in (confirm, cancel):
        for who in (ada, bob):
            with pytest.raises(NotFound):
                await verb(desk, who.wallet_id, waiting.id)
    with pytest.raises(NotFound):
        await desk.submit(Settle(bob.wallet_id, waiting.id, settled=True))
    assert await records.checksum() == before


# ---------------------------------------------------------------- repeated and concurrent withdrawals


async def test_the_same_key_withdraws_once(desk: Desk, records: Records) -> None:
    ada, key = await person(desk, funds="100.00"), new_key()
    first = await pay_out(desk, ada, "10", INSTANT, key=key)
    before = await records.checksum()
    again = await pay_out(desk, ada, "10.00", INSTANT, key=key)
    assert (again.transaction, again.replayed, again.refusal) == (first.transaction, True, None)
    assert await records.checksum() == before


async def test_the_same_key_with_another_input_is_refused(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="100.00")
    fields: dict[str, Any] = {"raw_amount": "10", "raw_bank_name": "First Bank", "raw_key": new_key()}
    await withdraw(desk, ada.wallet_id, speed=STANDARD, **fields)
    before = await records.checksum()
    for speed, other in ((INSTANT, {}), (STANDARD, {"raw_amount": "11"}), (STANDARD, {"raw_bank_name": "Another"})):
        with pytest.raises(KeyReused):
            await withdraw(desk, ada.wallet_id, speed=speed, **(fields | other))
    assert await records.checksum() == before


async def test_twenty_concurrent_withdrawals_with_one_key_withdraw_once(desk: Desk) -> None:
    ada, key, bank = await person(desk, funds="100.00"), new_key(), SlowBank(SETTLED)
    answers = await asyncio.gather(*(pay_out(with_bank(desk, bank), ada, "10", key=key) for _ in range(20)))
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19
    assert len(bank.paid_out) == 1
    assert await money(desk, ada) == (9_000, 0)


async def test_concurrent_withdrawals_and_transfers_on_two_servers_never_overspend(
    module_dsn: Dsns, records: Records
) -> None:
    async with (
        open_desk(module_dsn.server, without_risk_rules()) as one,
        open_desk(module_dsn.server, without_risk_rules()) as two,
    ):
        ada, bob = await people(one, 2)
        await pay_in(one, ada, "10.00")
        orders = [
            order
            for desk in (one, two)
            for _ in range(8)
            for order in (pay_out(desk, ada, "3.00"), send(desk, ada, bob, "3.00"))
        ]
        answers: list[Answer] = await asyncio.gather(*orders)
        done = [answer for answer in answers if answer.transaction.status is Status.COMPLETED]
        assert len(done) == 3
        assert {a.transaction.failure_code for a in answers if a not in done} == {"INSUFFICIENT_FUNDS"}
        assert await money(one, ada) == (100, 0)
        assert await records.findings() == []


# ---------------------------------------------------------------- the quote


@pytest.mark.parametrize("amount", ["0.01", "0.33", "1.00", "33.33", "66.67", "1999.99"])
@pytest.mark.parametrize("speed", Speed)
async def test_a_quote_is_exactly_what_the_withdrawal_costs(desk: Desk, amount: str, speed: Speed) -> None:
    ada = await person(desk, funds="5000.00")
    quote = await quote_withdrawal(desk, ada.wallet_id, raw_amount=amount, speed=speed)
    done = (await pay_out(desk, ada, amount, speed)).transaction
    assert (quote.amount, quote.fee, quote.total) == (done.amount, done.fee, done.total)
    assert await money(desk, ada) == (500_000 - quote.total.minor, 0)


async def test_a_fee_in_yen_has_no_decimals(desk: Desk) -> None:
    ada = await person(desk, funds="1000", currency="JPY")
    assert (await pay_out(desk, ada, "33", INSTANT)).transaction.fee == Money(1, "JPY")
    assert (await pay_out(desk, ada, "100", INSTANT)).transaction.fee == Money(2, "JPY")
