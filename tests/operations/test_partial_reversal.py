"""Partial reversals: a recipient who has spent one cent does not keep the rest."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.errors import Refusal
from pocketpay.operations.reverse_transaction import reverse_transaction
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.transactions.errors import InsufficientFunds, RefundTooLarge
from tests.operations.operators import OPS, acts_about, freeze
from tests.payments.cards import buy, new_card
from tests.payments.customers import (
    Person,
    Records,
    money,
    new_key,
    pay_in,
    pay_out,
    people,
    person,
    refund_payment,
    send,
    without_risk_rules,
)

ROUNDS = 8


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


async def reverse(
    desk: Desk, id: UUID, amount: str | None = None, *, available: bool = False, key: str | None = None
) -> Answer:
    return await reverse_transaction(
        desk, OPS, id, raw_reason="Fraud", raw_amount=amount, up_to_available=available, raw_key=key
    )


async def refused(
    desk: Desk, id: UUID, amount: str | None = None, *, available: bool = False, key: str | None = None
) -> Refusal:
    with pytest.raises(Refusal) as told:
        await reverse(desk, id, amount, available=available, key=key)
    return told.value


async def stolen(desk: Desk) -> tuple[Person, Person, UUID]:
    """Ada paid Eve 1,000.00, and Eve has spent one cent of it."""
    ada, eve = await person(desk, funds="1000.00"), await person(desk)
    paid = (await send(desk, ada, eve, "1000.00")).transaction
    await send(desk, eve, await person(desk), "0.01")
    return ada, eve, paid.id


async def test_everything_except_one_spent_cent_can_be_reversed(desk: Desk, records: Records) -> None:
    ada, eve, paid = await stolen(desk)
    await freeze(desk, eve)
    assert (await refused(desk, paid)).code == "INSUFFICIENT_FUNDS"
    refund = (await reverse(desk, paid, "999.99")).transaction
    assert str(refund.amount) == "999.99"
    assert (await money(desk, ada), await money(desk, eve)) == ((99_999, 0), (0, 0))
    assert (await records.transaction(paid))["refunded"] == 99_999
    facts = "select facts->>'amount' from operator_actions where action = 'reverse' and transaction_id = $1"
    assert await records.connection.fetchval(facts, paid) == "999.99"
    await pay_in(desk, ada, "1.00")


async def test_a_reversal_of_the_available_amount_refunds_all_of_it(desk: Desk) -> None:
    ada, eve, paid = await stolen(desk)
    first = (await reverse(desk, paid, "400.00", available=True)).transaction
    assert str(first.amount) == "400.00", "the requested amount was available"
    rest = (await reverse(desk, paid, available=True)).transaction
    assert str(rest.amount) == "599.99"
    nothing = await refused(desk, paid, available=True)
    assert isinstance(nothing, InsufficientFunds)
    assert (str(nothing.required), str(nothing.available)) == ("0.01", "0.00")
    assert (await money(desk, ada), await money(desk, eve)) == ((99_999, 0), (0, 0))


async def test_partial_reversals_sum_up_to_the_whole_transaction_at_most(desk: Desk) -> None:
    ada, bob = await person(desk, funds="10.00"), await person(desk, funds="10.00")
    paid = (await send(desk, ada, bob, "10.00")).transaction
    await reverse(desk, paid.id, "2.50")
    await refund_payment(desk, bob, paid.id, "2.50")
    too_much = await refused(desk, paid.id, "5.01")
    assert isinstance(too_much, RefundTooLarge)
    assert (str(too_much.left), too_much.field) == ("5.00", "amount")
    assert str((await reverse(desk, paid.id)).transaction.amount) == "5.00"
    assert (await refused(desk, paid.id, "0.01")).code == "ALREADY_REFUNDED"
    assert (await money(desk, ada), await money(desk, bob)) == ((1_000, 0), (1_000, 0))


async def _deposit(desk: Desk, ada: Person) -> UUID:
    return (await pay_in(desk, ada, "7.00")).transaction.id


async def _withdrawal(desk: Desk, ada: Person) -> UUID:
    return (await pay_out(desk, ada, "7.00")).transaction.id


async def _card(desk: Desk, ada: Person) -> UUID:
    return (await buy(desk, ada, await new_card(desk, ada), "7.00")).transaction.id


@pytest.mark.parametrize("make", [_deposit, _withdrawal, _card])
async def test_a_part_of_a_deposit_withdrawal_or_card_payment_can_be_reversed(
    desk: Desk, records: Records, make: Callable[[Desk, Person], Awaitable[UUID]]
) -> None:
    """After the test, the audit must find nothing."""
    ada = await person(desk, funds="20.00")
    before, _ = await money(desk, ada)
    original = await make(desk, ada)
    between, _ = await money(desk, ada)
    refund = (await reverse(desk, original, "3.00")).transaction
    assert await money(desk, ada) == (between + (300 if between < before else -300), 0)
    forth, back = await records.entries(original), await records.entries(refund.id)
    assert {account: -amount * 3 for account, amount in forth.items()} == {a: n * 7 for a, n in back.items()}


async def test_a_transaction_with_a_fee_can_only_be_reversed_completely(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="20.00")
    paid_out = (await pay_out(desk, ada, "7.00", Speed.INSTANT)).transaction
    before = await records.checksum()
    for amount in ("0.01", "7.00"):
        part = await refused(desk, paid_out.id, amount, available=True)
        assert (part.code, part.field) == ("INVALID_AMOUNT", "amount")
    assert await records.checksum() == before
    whole = (await reverse(desk, paid_out.id, str(paid_out.total))).transaction
    assert whole.amount == paid_out.total
    assert await money(desk, ada) == (2_000, 0)


@pytest.mark.parametrize("amount", ["0.00", "0.001", "-1.00", "1e2", "", "99999999999.00"])
async def test_an_invalid_amount_is_refused(desk: Desk, records: Records, amount: str) -> None:
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    paid = (await send(desk, ada, bob, "10.00")).transaction
    before = await records.checksum()
    refusal = await refused(desk, paid.id, amount)
    assert (refusal.code, refusal.field) == ("INVALID_AMOUNT", "amount")
    assert await records.checksum() == before


async def test_repeating_a_key_reverses_a_part_once(desk: Desk, records: Records) -> None:
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    paid, key = (await send(desk, ada, bob, "10.00")).transaction, new_key()
    first, second = [await reverse(desk, paid.id, "4.00", key=key) for _ in range(2)]
    assert (first.replayed, second.replayed) == (False, True)
    assert first.transaction == second.transaction
    assert (await money(desk, ada), await money(desk, bob)) == ((400, 0), (600, 0))
    assert len(await acts_about(records, bob.wallet_id)) == 1
    for amount, available in (("4.01", False), (None, False), ("4.00", True)):
        assert (await refused(desk, paid.id, amount, available=available, key=key)).code == "IDEMPOTENCY_KEY_REUSED"


async def test_concurrent_partial_reversals_never_exceed_the_transaction(two_desks: list[Desk]) -> None:
    for round_ in range(ROUNDS):
        ada = await person(two_desks[0], funds="10.00")
        bob, eve = await people(two_desks[0], 2)
        paid = (await send(two_desks[0], ada, bob, "10.00")).transaction
        orders: list[Awaitable[Answer]] = [
            reverse(two_desks[n % 2], paid.id, "4.00", available=n % 3 == 0) for n in range(5)
        ]
        orders.insert(round_ % 5, refund_payment(two_desks[round_ % 2], bob, paid.id, "1.50"))
        orders.insert(round_ % 4, send(two_desks[0], bob, eve, "0.75"))
        told = await asyncio.gather(*orders, return_exceptions=True)
        assert not [one for one in told if isinstance(one, Exception) and not isinstance(one, Refusal)]
        sums = [(await money(two_desks[0], one))[0] for one in (ada, bob, eve)]
        assert sum(sums) == 1_000
        assert min(sums) >= 0
