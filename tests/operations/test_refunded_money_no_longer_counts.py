"""Refunded money no longer counts: in the daily limit of the day of the payment, and in the card's month.

Every test with a desk ends with the audit, which checks usage and card months.
"""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from uuid import UUID

import pytest

from pocketpay.cards.errors import AboveMonthlyLimit
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.money import Money
from pocketpay.operations.reverse_transaction import reverse_transaction
from pocketpay.payments.close_card import close_card
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.transactions.errors import LimitExceeded
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import Limit, LimitKind
from pocketpay.transactions.repository.usage import used
from tests.operations.operators import OPS
from tests.payments import cards
from tests.payments.cards import buy, let_a_month_pass, new_card
from tests.payments.customers import (
    Person,
    Records,
    pay_in,
    pay_out,
    people,
    person,
    refund_payment,
    send,
    without_risk_rules,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def kept() -> Terms:
    limits = dict.fromkeys(("deposit_limit", "withdrawal_limit", "transfer_limit"), "USD:100.00,JPY:1")
    return without_risk_rules(**limits)


async def reverse(desk: Desk, what: Answer, amount: str | None = None) -> Answer:
    return await reverse_transaction(desk, OPS, what.transaction.id, raw_reason="A mistake", raw_amount=amount)


async def limit(desk: Desk, whose: Person, kind: LimitKind) -> Limit:
    async with desk.database.read() as session:
        now = (await used(session, [(whose.wallet_id, kind)]))[whose.wallet_id, kind]
    total = desk.terms.limits[kind][whose.currency]
    return Limit.of(kind, total, Money(now.minor, whose.currency), now.oldest)


async def used_of(desk: Desk, whose: Person, kind: LimitKind) -> int:
    return (await limit(desk, whose, kind)).used.minor


async def is_full(order: Awaitable[Answer]) -> bool:
    """Returns whether the order is refused because of a limit. Otherwise it must be completed."""
    try:
        done = await order
    except (LimitExceeded, AboveMonthlyLimit):
        return True
    assert done.transaction.status is Status.COMPLETED
    return False


async def test_a_reversed_deposit_no_longer_counts_in_the_daily_limit(desk: Desk) -> None:
    ada = await person(desk)
    brought = await pay_in(desk, ada, "100.00")
    assert await is_full(pay_in(desk, ada, "0.01"))
    await reverse(desk, brought, "40.00")
    assert await used_of(desk, ada, LimitKind.DEPOSIT_DAILY) == 6_000
    assert await is_full(pay_in(desk, ada, "40.01"))
    assert not await is_full(pay_in(desk, ada, "40.00"))
    await reverse(desk, brought)
    assert await used_of(desk, ada, LimitKind.DEPOSIT_DAILY) == 4_000


@pytest.mark.parametrize("speed", Speed)
async def test_a_reversed_withdrawal_no_longer_counts_in_the_daily_limit(desk: Desk, speed: Speed) -> None:
    """The fee never counts in the limit."""
    ada = await person(desk, funds="99.00")
    paid_out = await pay_out(desk, ada, "90.00", speed)
    assert await used_of(desk, ada, LimitKind.WITHDRAWAL_DAILY) == 9_000
    await reverse(desk, paid_out)
    now = await limit(desk, ada, LimitKind.WITHDRAWAL_DAILY)
    assert (now.used.minor, now.resets_at) == (0, None)
    assert not await is_full(pay_out(desk, ada, "97.00", speed))


async def test_the_reversed_part_of_a_withdrawal_no_longer_counts(desk: Desk) -> None:
    ada = await person(desk, funds="99.00")
    paid_out = await pay_out(desk, ada, "90.00")
    await reverse(desk, paid_out, "30.00")
    assert await used_of(desk, ada, LimitKind.WITHDRAWAL_DAILY) == 6_000


async def test_a_reversed_or_refunded_payment_no_longer_counts_in_the_senders_limit(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    await send(desk, bob, ada, "1.00")
    paid = await send(desk, ada, bob, "100.00")
    assert await is_full(send(desk, ada, bob, "0.01"))
    await refund_payment(desk, bob, paid.transaction.id, "25.00")
    assert await used_of(desk, ada, LimitKind.TRANSFER_DAILY) == 7_500
    await reverse(desk, paid)
    assert await used_of(desk, ada, LimitKind.TRANSFER_DAILY) == 0
    assert await used_of(desk, bob, LimitKind.TRANSFER_DAILY) == 100
    assert not await is_full(send(desk, ada, bob, "100.00"))


async def test_a_refund_reduces_the_usage_of_the_hour_of_its_payment(desk: Desk, records: Records) -> None:
    """A payment of a day ago is outside the window: its refund does not increase what may be paid today."""
    ada, bob = await person(desk, funds="100.00"), await person(desk, funds="100.00")
    old = await send(desk, ada, bob, "50.00")
    await records.make_older(old.transaction.id, timedelta(hours=25))
    between = await send(desk, ada, bob, "20.00")
    await records.make_older(between.transaction.id, timedelta(hours=2))
    await send(desk, ada, bob, "10.00")
    assert await used_of(desk, ada, LimitKind.TRANSFER_DAILY) == 3_000
    await reverse(desk, old)
    assert await used_of(desk, ada, LimitKind.TRANSFER_DAILY) == 3_000
    before = (await limit(desk, ada, LimitKind.TRANSFER_DAILY)).resets_at
    await reverse(desk, between)
    now = await limit(desk, ada, LimitKind.TRANSFER_DAILY)
    assert now.used.minor == 1_000
    assert before is not None
    assert now.resets_at is not None
    assert now.resets_at > before + HOUR, "the refunded payment does not count as the oldest one"


async def test_a_reversed_card_payment_no_longer_counts_in_the_cards_month(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="100.00")
    card = await new_card(desk, ada, monthly="30.00")
    first, _ = await buy(desk, ada, card, "20.00"), await buy(desk, ada, card, "10.00")
    assert await is_full(buy(desk, ada, card, "0.01"))
    await reverse(desk, first, "5.00")
    assert await cards.stored_card(records, card) == ("active", 2_500, 4)
    await reverse(desk, first)
    assert await cards.stored_card(records, card) == ("active", 1_000, 5)
    assert not await is_full(buy(desk, ada, card, "20.00"))
    assert await is_full(buy(desk, ada, card, "0.01"))


@pytest.mark.parametrize("pays_again", [True, False])
async def test_a_reversed_card_payment_of_last_month_does_not_change_this_month(
    desk: Desk, records: Records, *, pays_again: bool
) -> None:
    ada = await person(desk, funds="100.00")
    card = await new_card(desk, ada, monthly="30.00")
    last_month = await buy(desk, ada, card, "20.00")
    await let_a_month_pass(records, card)
    if pays_again:
        await buy(desk, ada, card, "25.00")
    await reverse(desk, last_month)
    assert (await cards.stored_card(records, card))[1] == (2_500 if pays_again else 0)
    assert await is_full(buy(desk, ada, card, "5.01" if pays_again else "30.01"))
    assert not await is_full(buy(desk, ada, card, "5.00" if pays_again else "30.00"))


async def test_a_payment_of_a_closed_card_can_be_reversed(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="100.00")
    card = await new_card(desk, ada)
    paid = await buy(desk, ada, card, "20.00")
    await close_card(desk, ada.wallet_id, card)
    await reverse(desk, paid)
    assert await cards.stored_card(records, card) == ("closed", 0, 4)


async def test_concurrent_reversals_and_payments_keep_the_card_consistent(two_desks: list[Desk]) -> None:
    """After the test, the audit compares the card with its payments."""
    ada = await person(two_desks[0], funds="100.00")
    card = await new_card(two_desks[0], ada, monthly="30.00")
    for _ in range(6):
        paid = [await buy(two_desks[0], ada, card, "1.00") for _ in range(3)]
        orders = [reverse(two_desks[n % 2], one) for n, one in enumerate(paid)]
        orders += [buy(two_desks[n % 2], ada, card, "0.50") for n in range(3)]
        await asyncio.gather(*orders)


async def test_a_refund_by_a_server_of_the_previous_revision_still_counts(desk: Desk, records: Records) -> None:
    """That server does not have the rule: it writes only `refunded`, and does not reduce the usage of an hour."""
    ada, bob = await people(desk, 2, funds="100.00")
    paid = await send(desk, ada, bob, "100.00")
    await refund_payment(desk, bob, paid.transaction.id, "25.00")
    await _as_the_server_before_left_it(records, paid.transaction.id, ada.wallet_id, 2_500)
    assert await used_of(desk, ada, LimitKind.TRANSFER_DAILY) == 10_000
    assert await records.findings() == []
    await reverse(desk, paid)
    assert await used_of(desk, ada, LimitKind.TRANSFER_DAILY) == 2_500


async def _as_the_server_before_left_it(records: Records, paid: UUID, wallet_id: UUID, back: int) -> None:
    await records.connection.execute("update transactions set uncounted = 0 where id = $1", paid)
    await records.connection.execute(
        "update wallet_usage set amount = amount + $2 where wallet_id = $1 and kind = 'transfer'", wallet_id, back
    )
