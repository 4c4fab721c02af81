"""Deposits from a bank: accepted, requested from the bank outside any unit of work, and settled once."""

import asyncio
from typing import Any

import pytest

from pocketpay.banking.bank import DECLINED, PENDING, SETTLED, BankOrder, OrderState
from pocketpay.database.sessions import connect
from pocketpay.errors import Refusal
from pocketpay.ledger.house import HouseKind
from pocketpay.money import Money
from pocketpay.payments import settle
from pocketpay.payments.deposit import deposit
from pocketpay.payments.desk import Desk
from pocketpay.payments.settle import Settle
from pocketpay.payments.sweeper import poll_unsettled
from pocketpay.transactions.errors import BankDeclined, KeyReused, NotFound
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Type
from tests.patience import PATIENCE_SECONDS
from tests.payments.banks import SlowBank, with_bank
from tests.payments.customers import Person, Records, balance, money, new_key, pay_in, person, send


async def test_a_deposit_is_posted_from_the_bank_account_of_pocket_pay(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    answer = await pay_in(desk, ada, "12.50")
    done = answer.transaction
    assert (done.type, done.status, done.version) == (Type.DEPOSIT, Status.COMPLETED, 2)
    assert (done.source_wallet_id, done.destination_wallet_id) == (None, ada.wallet_id)
    assert (done.amount, done.fee, done.bank_name) == (Money(1_250, "USD"), Money(0, "USD"), "First Bank")
    assert done.created_at < done.updated_at == done.completed_at
    assert (answer.refusal, answer.replayed) == (None, False)
    bank = desk.clearing.house.account(HouseKind.BANK, "USD")
    assert await records.entries(done.id) == {bank: -1_250, ada.wallet_id: 1_250}
    assert answer.balance == await balance(desk, ada)
    assert await money(desk, ada) == (1_250, 0)


async def test_the_bank_gets_the_transaction_id_as_its_key(desk: Desk) -> None:
    ada, bank = await person(desk), SlowBank(SETTLED)
    answer = await pay_in(with_bank(desk, bank), ada, "12.50")
    assert bank.collected == [BankOrder(answer.transaction.id, Money(1_250, "USD"), "First Bank")]


async def test_the_bank_is_called_outside_any_unit_of_work(desk: Desk) -> None:
    ada, bob = await person(desk), await person(desk)

    class BusyBank(SlowBank):
        async def collect(self, order: BankOrder) -> OrderState:
            await pay_in(desk, bob, "1.00")  # would wait forever for its turn
            return SETTLED

    answer = await asyncio.wait_for(pay_in(with_bank(desk, BusyBank()), ada, "1.00"), PATIENCE_SECONDS)
    assert answer.transaction.status is Status.COMPLETED


async def test_a_deposit_does_not_lock_the_bank_account(desk: Desk) -> None:
    ada = await person(desk)
    other = await connect(desk.database.dsn)
    try:
        await other.execute("begin")
        await other.execute("select from ledger_accounts where kind = 'bank' for no key update")
        assert (await pay_in(desk, ada, "1.00")).transaction.status is Status.COMPLETED
    finally:
        await other.close()


async def test_a_declined_deposit_fails_without_entries(desk: Desk, records: Records) -> None:
    ada, bank, key = await person(desk), SlowBank(DECLINED), new_key()
    answer = await pay_in(with_bank(desk, bank), ada, "12.50", key=key)
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.FAILED, "BANK_DECLINED")
    assert isinstance(answer.refusal, BankDeclined)
    assert await records.entries(answer.transaction.id) == {}
    assert await money(desk, ada) == (0, 0)
    again = await pay_in(with_bank(desk, bank), ada, "12.50", key=key)
    assert (again.transaction, again.replayed, len(bank.collected)) == (answer.transaction, True, 1)
    assert isinstance(again.refusal, BankDeclined)


@pytest.mark.parametrize("reply", [PENDING, ConnectionError("no line"), TimeoutError("no answer")])
async def test_a_deposit_stays_created_until_the_bank_answers(
    desk: Desk, records: Records, reply: OrderState | Exception
) -> None:
    ada, bank = await person(desk), SlowBank(reply)
    answer = await pay_in(with_bank(desk, bank), ada, "12.50")
    assert (answer.transaction.status, answer.refusal) == (Status.CREATED, None)
    assert await money(desk, ada) == (0, 0)
    await poll_unsettled(with_bank(desk, bank))
    assert bank.times_asked(answer.transaction.id) == 1, "the first call may still be waiting for its answer"
    await records.make_poll_due(answer.transaction.id)
    await poll_unsettled(with_bank(desk, bank))
    assert bank.times_asked(answer.transaction.id) == 2
    bank.reply = SETTLED
    await poll_unsettled(with_bank(desk, bank))
    assert bank.times_asked(answer.transaction.id) == 2, "the polling interval is not over"
    await records.make_poll_due(answer.transaction.id)
    await poll_unsettled(with_bank(desk, bank))
    await poll_unsettled(with_bank(desk, bank))
    assert bank.times_asked(answer.transaction.id) == 3
    assert (await records.transaction(answer.transaction.id))["status"] == "completed"
    assert await money(desk, ada) == (1_250, 0)


async def test_a_deposit_does_not_wait_long_for_a_silent_bank(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "BANK_SECONDS", 0.05)
    ada = await person(desk)
    answer = await asyncio.wait_for(pay_in(with_bank(desk, SlowBank(None)), ada, "1.00"), PATIENCE_SECONDS)
    assert answer.transaction.status is Status.CREATED
    await desk.submit(Settle(ada.wallet_id, answer.transaction.id, settled=False))


async def test_a_late_decline_of_the_bank_fails_the_deposit(desk: Desk, records: Records) -> None:
    ada, bank = await person(desk), SlowBank()
    accepted = (await pay_in(with_bank(desk, bank), ada, "12.50")).transaction
    await records.make_poll_due(accepted.id)
    bank.reply = DECLINED
    await poll_unsettled(with_bank(desk, bank))
    kept = await records.transaction(accepted.id)
    assert (kept["status"], kept["failure_code"]) == ("failed", "BANK_DECLINED")


async def test_a_deposit_settles_once_whatever_the_bank_answers_later(desk: Desk, records: Records) -> None:
    ada, bank = await person(desk), SlowBank()
    accepted = (await pay_in(with_bank(desk, bank), ada, "12.50")).transaction
    fields = [Settle(ada.wallet_id, accepted.id, settled) for settled in (True, True, False, True, False)]
    answers = await asyncio.gather(*(desk.submit(one) for one in fields))
    assert {answer.transaction.status for answer in answers} == {Status.COMPLETED}
    assert [answer.refusal for answer in answers] == [None] * 5
    assert await money(desk, ada) == (1_250, 0)


async def test_settling_a_declined_deposit_twice_returns_the_reason_both_times(desk: Desk) -> None:
    ada, bank = await person(desk), SlowBank()
    accepted = (await pay_in(with_bank(desk, bank), ada, "12.50")).transaction
    settle = Settle(ada.wallet_id, accepted.id, settled=False)
    answers = await asyncio.gather(*(desk.submit(settle) for _ in range(2)))
    assert [answer.transaction.status for answer in answers] == [Status.FAILED] * 2
    assert [answer.refusal.code for answer in answers if answer.refusal] == ["BANK_DECLINED"] * 2


async def test_only_an_order_of_the_wallet_can_be_settled(desk: Desk) -> None:
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    held = (await send(desk, ada, bob, "1.00")).transaction
    deposited = (await pay_in(desk, ada, "1.00")).transaction
    for wallet_id, transaction_id in ((ada.wallet_id, held.id), (bob.wallet_id, deposited.id)):
        with pytest.raises(NotFound):
            await desk.submit(Settle(wallet_id, transaction_id, settled=True))


async def test_an_accepted_deposit_stays_created_when_it_cannot_be_settled_now(desk: Desk, records: Records) -> None:
    ada = await person(desk)

    class LastBank(SlowBank):
        async def collect(self, order: BankOrder) -> OrderState:
            desk.clearing._open = False
            return SETTLED

    answer = await pay_in(with_bank(desk, LastBank()), ada, "12.50")
    assert (answer.transaction.status, answer.replayed) == (Status.CREATED, False)
    desk.clearing._open = True
    await records.make_poll_due(answer.transaction.id)
    await poll_unsettled(desk)
    assert await money(desk, ada) == (1_250, 0)


@pytest.mark.parametrize("what", ["debits", "all", "closed"])
async def test_a_deposit_settles_even_if_its_wallet_has_been_frozen_or_closed(
    desk: Desk, records: Records, what: str
) -> None:
    ada, bank = await person(desk), SlowBank()
    accepted = (await pay_in(with_bank(desk, bank), ada, "12.50")).transaction
    await (records.close_wallet(ada) if what == "closed" else records.freeze(ada, what))
    await desk.submit(Settle(ada.wallet_id, accepted.id, settled=True))
    assert await money(desk, ada) == (1_250, 0)


async def test_a_wallet_frozen_for_debits_accepts_deposits(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    await records.freeze(ada, "debits")
    assert (await pay_in(desk, ada, "12.50")).transaction.status is Status.COMPLETED


async def test_a_deposit_to_a_wallet_that_cannot_be_paid_is_stored_as_blocked(desk: Desk, records: Records) -> None:
    ada, bank, key = await person(desk), SlowBank(SETTLED), new_key()
    await records.freeze(ada, "all")
    answer = await pay_in(with_bank(desk, bank), ada, "12.50", key=key)
    assert (answer.transaction.status, answer.transaction.failure_code) == (Status.BLOCKED, "WALLET_FROZEN")
    assert answer.refusal is not None
    assert answer.refusal.code == "WALLET_FROZEN"
    assert bank.collected == []
    assert await records.entries(answer.transaction.id) == {}
    again = await pay_in(with_bank(desk, bank), ada, "12.50", key=key)
    assert again.replayed
    assert again.refusal is not None
    assert again.refusal.code == "WALLET_FROZEN"


async def test_a_closed_wallet_refuses_deposits(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    await records.close_wallet(ada)
    before = await records.checksum()
    with pytest.raises(Refusal) as refusal:
        await pay_in(desk, ada, "12.50")
    assert (refusal.value.code, refusal.value.field) == ("WALLET_CLOSED", None)
    assert await records.checksum() == before


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"raw_amount": "0"}, "INVALID_AMOUNT", "amount"),
        ({"raw_amount": "1.001"}, "INVALID_AMOUNT", "amount"),
        ({"raw_amount": "10000000000.01"}, "INVALID_AMOUNT", "amount"),
        ({"raw_bank_name": ""}, "INVALID_INPUT", "bankName"),
        ({"raw_bank_name": "x" * 101}, "INVALID_INPUT", "bankName"),
        ({"raw_bank_name": "a\x00b"}, "INVALID_INPUT", "bankName"),
        ({"raw_key": "short"}, "INVALID_INPUT", "idempotencyKey"),
    ],
)
async def test_invalid_input_is_refused_and_deposits_nothing(
    desk: Desk, records: Records, fields: dict[str, Any], code: str, field: str
) -> None:
    ada = await person(desk)
    before = await records.checksum()
    with pytest.raises(Refusal) as refusal:
        await deposit(
            desk,
            ada.wallet_id,
            **({"raw_amount": "1", "raw_bank_name": "First Bank", "raw_key": new_key()} | fields),
        )
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert await records.checksum() == before


async def test_the_same_key_deposits_once(desk: Desk, records: Records) -> None:
    ada, key = await person(desk), new_key()
    first = await pay_in(desk, ada, "10", key=key)
    before = await records.checksum()
    again = await pay_in(desk, ada, "10.00", key=key)
    assert (again.transaction, again.replayed, again.refusal) == (first.transaction, True, None)
    assert await records.checksum() == before


async def test_a_replay_before_the_banks_answer_does_not_call_the_bank(desk: Desk) -> None:
    ada, key, bank = await person(desk), new_key(), SlowBank()
    first = await pay_in(with_bank(desk, bank), ada, "10", key=key)
    again = await pay_in(with_bank(desk, bank), ada, "10", key=key)
    assert (again.transaction, again.replayed, len(bank.collected)) == (first.transaction, True, 1)
    await desk.submit(Settle(ada.wallet_id, first.transaction.id, settled=True))
    assert (await pay_in(with_bank(desk, bank), ada, "10", key=key)).transaction.status is Status.COMPLETED


@pytest.mark.parametrize("other", [{"raw_amount": "10.01"}, {"raw_bank_name": "Second Bank"}])
async def test_the_same_key_with_another_input_is_refused(
    desk: Desk, records: Records, other: dict[str, Any]
) -> None:
    ada = await person(desk)
    fields: dict[str, Any] = {"raw_amount": "10", "raw_bank_name": "First Bank", "raw_key": new_key()}
    await deposit(desk, ada.wallet_id, **fields)
    before = await records.checksum()
    with pytest.raises(KeyReused):
        await deposit(desk, ada.wallet_id, **(fields | other))
    assert await records.checksum() == before


async def test_twenty_concurrent_deposits_with_one_key_deposit_once(desk: Desk) -> None:
    ada, key, bank = await person(desk), new_key(), SlowBank(SETTLED)
    answers = await asyncio.gather(*(pay_in(with_bank(desk, bank), ada, "10", key=key) for _ in range(20)))
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19
    assert len(bank.collected) == 1
    assert await money(desk, ada) == (1_000, 0)


async def test_concurrent_deposits_have_consecutive_sequence_numbers(desk: Desk, records: Records) -> None:
    ada: Person = await person(desk)
    await asyncio.gather(*(pay_in(desk, ada, "0.01") for _ in range(50)))
    rows = await records.connection.fetch(
        "select sequence, balance_after from ledger_entries where account_id = $1 order by sequence", ada.wallet_id
    )
    assert [tuple(row) for row in rows] == [(n, n) for n in range(1, 51)]
