"""Replays: a repeated key returns the first outcome and moves no money."""

import asyncio
from dataclasses import replace

import pytest
import uuid_utils.compat as uuids

from pocketpay.clearing.terms import Terms
from pocketpay.money import Money
from pocketpay.payments.confirm import confirm
from pocketpay.payments.desk import Desk
from pocketpay.transactions.errors import InsufficientFunds, InvalidAmount, InvalidInput, KeyReused, RecipientNotFound
from pocketpay.transactions.lifecycle import Status
from tests.clearing.barriers import Barrier
from tests.clearing.instructions import all_told, answers, transfer_of
from tests.payments.customers import (
    Records,
    balance,
    money,
    new_key,
    pay_in,
    people,
    send,
    terms,
    without_risk_rules,
)
from tests.payments.test_transfer import refused


async def test_the_same_key_pays_once(desk: Desk, records: Records) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    first = await send(desk, ada, bob, "10", key=key)
    after = await records.checksum()
    again = await send(desk, ada, bob, "10", key=key)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.transaction == first.transaction
    assert (again.balance, again.refusal) == (first.balance, None)
    assert await records.checksum() == after


async def test_the_same_input_spelled_differently_is_a_replay(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    first = await send(desk, ada, bob, "10", key=key, description="Lunch")
    again = await send(desk, ada, f"@{bob.username.upper()}", "10.00", key=key, description=" Lunch ")
    assert again.replayed
    assert again.transaction.id == first.transaction.id


@pytest.mark.parametrize("other", [{"amount": "10.01"}, {"description": "Dinner"}, {"to": "nobody_at_all"}])
async def test_the_same_key_with_another_input_is_refused(
    desk: Desk, records: Records, other: dict[str, str]
) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    await send(desk, ada, bob, "10", key=key)
    before = await records.checksum()
    asked = {"to": bob.username, "amount": "10"} | other
    refusal = await refused(desk, ada, asked.pop("to"), asked.pop("amount"), key=key, **asked)
    assert isinstance(refusal, KeyReused)
    assert (refusal.code, refusal.field) == ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
    assert await records.checksum() == before


async def test_the_key_of_a_deposit_is_refused_for_a_transfer(desk: Desk) -> None:
    ada, bob = await people(desk, 2)
    key = new_key()
    await pay_in(desk, ada, "10", key=key)
    assert isinstance(await refused(desk, ada, bob, "10", key=key), KeyReused)


async def test_two_wallets_may_use_the_same_key(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob, cyd = await people(desk, 3, funds="100.00")
    key = new_key()
    answers = [await send(desk, sender, cyd, "10", key=key) for sender in (ada, bob)]
    assert [answer.replayed for answer in answers] == [False, False]
    assert (await money(desk, cyd))[0] == 12_000


async def test_a_refusal_that_stores_no_row_leaves_the_key_unused(desk: Desk, records: Records) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    await records.freeze(bob, "all")
    with pytest.raises(RecipientNotFound):
        await send(desk, ada, bob, "10", key=key)
    await records.freeze(bob, None)
    answer = await send(desk, ada, bob, "10", key=key)
    assert (answer.transaction.status, answer.replayed) == (Status.COMPLETED, False)


async def test_invalid_input_is_refused_before_its_key_is_looked_up(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    await send(desk, ada, bob, "10", key=key)
    with pytest.raises(InvalidAmount):
        await send(desk, ada, bob, "0", key=key)
    with pytest.raises(InvalidInput):
        await send(desk, ada, bob, "10", key=key, description="a\nb")


async def test_a_replay_returns_the_first_refusal_even_if_the_money_is_there_now(
    desk: Desk, records: Records
) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="10.00")
    key = new_key()
    first = await send(desk, ada, bob, "10.01", key=key)
    await pay_in(desk, ada, "100.00")
    again = await send(desk, ada, bob, "10.01", key=key)
    assert again.replayed
    assert again.transaction == first.transaction
    assert isinstance(again.refusal, InsufficientFunds)
    assert (again.refusal.required, again.refusal.available) == (Money(1_001, "USD"), Money(1_000, "USD"))
    assert again.balance.posted == Money(11_000, "USD")


@pytest.mark.parametrize(
    ("kept", "frozen"), [(without_risk_rules(), True), (terms(new_recipient_action="block"), False)]
)
async def test_the_replay_of_a_blocked_payment_is_blocked(
    desk: Desk, records: Records, kept: Terms, frozen: bool
) -> None:
    desk.clearing.terms = kept
    ada, bob = await people(desk, 2, funds="10.00")
    key = new_key()
    if frozen:
        await records.freeze(ada, "debits")
    first = await send(desk, ada, bob, "1.00", key=key)
    await records.freeze(ada, None)
    desk.clearing.terms = without_risk_rules()
    again = await send(desk, ada, bob, "1.00", key=key)
    assert again.transaction == first.transaction
    assert again.refusal is not None
    assert first.refusal is not None
    assert again.refusal.code == first.refusal.code == again.transaction.failure_code


async def test_a_replay_is_answered_before_any_other_check(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    first = await send(desk, ada, bob, "100.00", key=key)
    await confirm(desk, ada.wallet_id, first.transaction.id)
    await records.close_wallet(bob)
    await records.close_wallet(ada)
    again = await send(desk, ada, bob, "100.00", key=key)
    assert (again.replayed, again.refusal) == (True, None)
    assert again.transaction.status is Status.COMPLETED


async def test_a_replay_shows_the_current_transaction_and_wallet(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    first = await send(desk, ada, bob, "10.00", key=key)
    confirmed = await confirm(desk, ada.wallet_id, first.transaction.id)
    await pay_in(desk, ada, "5.00")
    before = await records.checksum()
    again = await send(desk, ada, bob, "10.00", key=key)
    assert again.transaction == confirmed.transaction
    assert again.transaction.status is Status.COMPLETED
    assert again.balance == await balance(desk, ada)
    assert await records.checksum() == before


@pytest.mark.parametrize("how", ["sender frozen", "recipient gone", "blocked by a rule"])
async def test_a_replay_returns_the_first_errors_and_not_the_errors_of_a_later_confirmation(
    desk: Desk, records: Records, how: str
) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    key = new_key()
    first = await send(desk, ada, bob, "10.00", key=key)
    assert first.refusal is None
    if how == "sender frozen":
        await records.freeze(ada, "debits")
    elif how == "recipient gone":
        await records.close_wallet(bob)
    else:
        desk.clearing.terms = terms(new_recipient_action="block")
    ended = await confirm(desk, ada.wallet_id, first.transaction.id)
    assert ended.refusal is not None
    again = await send(desk, ada, bob, "10.00", key=key)
    assert again.transaction == ended.transaction
    assert (again.replayed, again.refusal) == (True, None)


async def test_one_key_twice_in_one_unit_pays_once_without_a_retry(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.clearing.terms = without_risk_rules()
    ada, bob = await people(desk, 2, funds="10.00")
    barrier = Barrier(monkeypatch, "look_up")
    before = asyncio.create_task(desk.submit(transfer_of(ada, bob)))
    await barrier.until_arrived(1)
    order = transfer_of(ada, bob, 100)
    twice = [asyncio.create_task(desk.submit(replace(order, id=id))) for id in (order.id, uuids.uuid7())]
    await asyncio.sleep(0)
    counts = desk.clearing.counts
    units, retries = counts.units, counts.retries
    barrier.open()
    _, first, second = answers(await all_told(before, *twice))
    assert (first.replayed, second.replayed) == (False, True)
    assert first.transaction.id == second.transaction.id == order.id
    assert (counts.units, counts.retries) == (units + 2, retries)
    assert await money(desk, ada) == (899, 0)
