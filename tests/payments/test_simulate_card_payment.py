"""Paying by card: immediate, within the balance of the wallet and the limits of the card, to the cent."""

import asyncio
from collections.abc import Awaitable
from uuid import UUID

import pytest
import uuid_utils.compat as uuids

from pocketpay.cards.errors import AboveMonthlyLimit, AbovePaymentLimit
from pocketpay.clearing.outcome import Answer
from pocketpay.errors import Refusal
from pocketpay.ledger.house import HouseKind
from pocketpay.money import Money
from pocketpay.payments.close_card import close_card
from pocketpay.payments.desk import Desk
from pocketpay.payments.freeze_card import freeze_card
from pocketpay.payments.simulate_card_payment import simulate_card_payment
from pocketpay.payments.update_card_limits import update_card_limits
from pocketpay.transactions.errors import InsufficientFunds, KeyReused
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import LimitKind
from pocketpay.transactions.transaction import Type
from tests.clearing.instructions import all_told, answers
from tests.payments.cards import buy, expire, let_a_month_pass, new_card, stored_card
from tests.payments.customers import (
    Person,
    Records,
    balance,
    money,
    new_key,
    pay_in,
    person,
    send,
    terms,
    without_risk_rules,
)

USED = "select count(*) from wallet_usage where wallet_id = $1 and kind <> 'deposit'"


def dollars(minor: int) -> Money:
    return Money(minor, "USD")


async def test_a_card_payment_is_posted_from_the_wallet_to_the_card_network(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="100.00")
    card_id = await new_card(desk, ada)
    answer = await buy(desk, ada, card_id, "12.50", merchant=" Bookshop ")
    done = answer.transaction
    assert (done.type, done.status, done.description, done.card_id) == (
        Type.CARD,
        Status.COMPLETED,
        "Bookshop",
        card_id,
    )
    assert (done.source_wallet_id, done.destination_wallet_id) == (ada.wallet_id, None)
    assert (done.amount, done.fee, done.risk_reasons) == (dollars(1_250), dollars(0), ())
    assert done.created_at == done.updated_at == done.completed_at
    network = desk.clearing.house.account(HouseKind.CARD_NETWORK, "USD")
    assert await records.entries(done.id) == {network: 1_250, ada.wallet_id: -1_250}
    assert answer.balance == await balance(desk, ada)
    assert await money(desk, ada) == (8_750, 0)
    assert await stored_card(records, card_id) == ("active", 1_250, 2)


async def test_risk_rules_and_daily_limits_do_not_apply_to_card_payments(desk: Desk, records: Records) -> None:
    actions = ("large_transfer_action", "new_recipient_action", "rapid_transfer_action")
    desk.clearing.terms = terms(transfer_limit="1.00", withdrawal_limit="1.00", **dict.fromkeys(actions, "block"))
    ada = await person(desk, funds="9000.00")
    card_id = await new_card(desk, ada)
    for _ in range(8):
        assert (await buy(desk, ada, card_id, "1000.00")).transaction.status is Status.COMPLETED
    assert await records.count(USED, ada.wallet_id) == 0
    assert set(desk.clearing.terms.limits) == set(LimitKind)


async def test_card_payments_do_not_count_as_rapid_transfers(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules(rapid_transfer_action="confirm", rapid_transfer_count=1)
    ada, bob = await person(desk, funds="100.00"), await person(desk)
    card_id = await new_card(desk, ada)
    for _ in range(3):
        await buy(desk, ada, card_id, "1.00")
    assert (await send(desk, ada, bob, "1.00")).transaction.status is Status.COMPLETED


async def test_a_card_in_yen_pays_amounts_without_decimals(desk: Desk) -> None:
    ada = await person(desk, funds="5000", currency="JPY")
    card_id = await new_card(desk, ada, monthly="3000")
    assert (await buy(desk, ada, card_id, "3000")).transaction.amount == Money(3_000, "JPY")
    with pytest.raises(AboveMonthlyLimit):
        await buy(desk, ada, card_id, "1")


# ---------------------------------------------------------------- refusals that leave a row


@pytest.mark.parametrize("what", ["debits", "all"])
async def test_a_payment_from_a_frozen_wallet_is_stored_as_blocked(desk: Desk, records: Records, what: str) -> None:
    ada, key = await person(desk, funds="100.00"), new_key()
    card_id = await new_card(desk, ada)
    await freeze_card(desk, ada.wallet_id, card_id)
    await records.freeze(ada, what)
    for replayed in (False, True):
        answer = await buy(desk, ada, card_id, "1.00", key=key)
        assert (answer.transaction.status, answer.transaction.failure_code) == (Status.BLOCKED, "WALLET_FROZEN")
        assert answer.refusal is not None
        assert (answer.refusal.code, answer.refusal.field, answer.replayed) == ("WALLET_FROZEN", None, replayed)
    assert await records.entries(answer.transaction.id) == {}
    assert await stored_card(records, card_id) == ("frozen", 0, 2)


async def test_a_payment_above_the_balance_is_stored_as_failed(desk: Desk, records: Records) -> None:
    ada, key = await person(desk, funds="10.00"), new_key()
    card_id = await new_card(desk, ada, each="1.00", monthly="1.00")
    for replayed in (False, True):
        answer = await buy(desk, ada, card_id, "10.01", key=key)
        assert (answer.transaction.status, answer.replayed) == (Status.FAILED, replayed)
        assert isinstance(answer.refusal, InsufficientFunds)
        assert (answer.refusal.required, answer.refusal.available) == (dollars(1_001), dollars(1_000))
    assert await money(desk, ada) == (1_000, 0)
    assert await stored_card(records, card_id) == ("active", 0, 1)


async def test_held_money_cannot_be_paid_by_card(desk: Desk) -> None:
    desk.clearing.terms = terms()
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    card_id = await new_card(desk, ada)
    assert (await send(desk, ada, bob, "4.00")).transaction.status is Status.PENDING_CONFIRMATION
    assert (await buy(desk, ada, card_id, "6.01")).transaction.failure_code == "INSUFFICIENT_FUNDS"
    assert (await buy(desk, ada, card_id, "6.00")).transaction.status is Status.COMPLETED


# ---------------------------------------------------------------- refusals that leave nothing


async def prepared(desk: Desk, records: Records, what: str) -> tuple[Person, UUID]:
    """A user with 100.00 and a card with limits of 20.00 per payment and 30.00 a month. `what` lists the problems."""
    ada = await person(desk, funds="100.00")
    card_id = await new_card(desk, ada, each="20.00", monthly="30.00")
    if "used" in what:
        await buy(desk, ada, card_id, "20.00")
    if "frozen" in what:
        await freeze_card(desk, ada.wallet_id, card_id)
    if "closed" in what:
        await close_card(desk, ada.wallet_id, card_id)
    if "expired" in what:
        await expire(records, card_id)
    if "no-wallet" in what:
        await records.close_wallet(ada)
    if "low-funds" in what:
        await buy(desk, ada, await new_card(desk, ada), "99.99" if "used" not in what else "79.99")
    return ada, card_id


@pytest.mark.parametrize(
    ("what", "amount", "code", "field"),
    [
        ("closed", "1", "CARD_CLOSED", "cardId"),
        ("frozen", "1", "CARD_FROZEN", "cardId"),
        ("expired", "1", "CARD_EXPIRED", "cardId"),
        ("", "20.01", "CARD_LIMIT_EXCEEDED", "amount"),
        ("used", "10.01", "CARD_LIMIT_EXCEEDED", "amount"),
        ("no-wallet", "1", "WALLET_CLOSED", None),
        # Of several reasons the first in order is returned.
        ("closed frozen expired used", "20.01", "CARD_CLOSED", "cardId"),
        ("frozen expired used", "20.01", "CARD_FROZEN", "cardId"),
        ("expired used low-funds", "20.01", "CARD_EXPIRED", "cardId"),
        ("closed no-wallet", "20.01", "WALLET_CLOSED", None),
    ],
)
async def test_a_declined_payment_leaves_no_row(
    desk: Desk, records: Records, what: str, amount: str, code: str, field: str | None
) -> None:
    ada, card_id = await prepared(desk, records, what)
    before, key = await records.checksum(), new_key()
    for _ in range(2):
        with pytest.raises(Refusal) as refusal:
            await buy(desk, ada, card_id, amount, key=key)
        assert (refusal.value.code, refusal.value.field) == (code, field)
    assert await records.checksum() == before


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"raw_amount": "0"}, "INVALID_AMOUNT", "amount"),
        ({"raw_amount": "1.001"}, "INVALID_AMOUNT", "amount"),
        ({"raw_merchant": " "}, "INVALID_INPUT", "merchant"),
        ({"raw_merchant": "x" * 101}, "INVALID_INPUT", "merchant"),
        ({"raw_merchant": "a\x00b"}, "INVALID_INPUT", "merchant"),
        ({"raw_key": "short"}, "INVALID_INPUT", "idempotencyKey"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
async def test_invalid_input_is_refused_and_pays_nothing(
    desk: Desk, records: Records, fields: dict[str, str], code: str, field: str, known: bool
) -> None:
    ada = await person(desk, funds="100.00")
    card_id = await new_card(desk, ada)
    before = await records.checksum()
    rest = {"raw_amount": "1", "raw_merchant": "Bookshop", "raw_key": new_key()}
    with pytest.raises(Refusal) as refusal:
        await simulate_card_payment(desk, ada.wallet_id, card_id if known else None, **(rest | fields))
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert await records.checksum() == before


async def test_a_card_of_another_user_is_not_found(desk: Desk, records: Records) -> None:
    ada, eve = await person(desk, funds="100.00"), await person(desk, funds="100.00")
    card_id = await new_card(desk, ada)
    await records.freeze(eve, "all")
    before = await records.checksum()
    for id in (card_id, uuids.uuid7(), ada.wallet_id, None):
        with pytest.raises(Refusal) as refusal:
            await buy(desk, eve, id, "1.00")
        assert (refusal.value.code, refusal.value.field) == ("NOT_FOUND", "cardId")
    assert await records.checksum() == before


# ---------------------------------------------------------------- the card's limits


async def test_the_monthly_limit_can_be_used_to_the_cent(desk: Desk) -> None:
    ada = await person(desk, funds="100.00")
    card_id = await new_card(desk, ada, each="20.00", monthly="50.00")
    for amount in ("20.00", "20.00", "9.99"):
        await buy(desk, ada, card_id, amount)
    with pytest.raises(AboveMonthlyLimit) as refusal:
        await buy(desk, ada, card_id, "0.02")
    assert (refusal.value.limit, refusal.value.remaining) == (dollars(5_000), dollars(1))
    assert (await buy(desk, ada, card_id, "0.01")).transaction.status is Status.COMPLETED
    with pytest.raises(AbovePaymentLimit):
        await buy(desk, ada, card_id, "20.01")


async def test_a_new_month_begins_with_nothing_spent(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="100.00")
    card_id = await new_card(desk, ada, monthly="30.00")
    await buy(desk, ada, card_id, "30.00")
    with pytest.raises(AboveMonthlyLimit):
        await buy(desk, ada, card_id, "0.01")
    await let_a_month_pass(records, card_id)
    assert await records.findings() == []
    await buy(desk, ada, card_id, "29.00")
    assert (await stored_card(records, card_id))[1] == 2_900
    with pytest.raises(AboveMonthlyLimit):
        await buy(desk, ada, card_id, "1.01")
    assert await records.findings() == []


async def test_failed_and_blocked_payments_do_not_use_the_monthly_limit(desk: Desk, records: Records) -> None:
    ada = await person(desk, funds="10.00")
    card_id = await new_card(desk, ada, monthly="10.00")
    await buy(desk, ada, card_id, "10.01")
    await records.freeze(ada, "debits")
    await buy(desk, ada, card_id, "10.00")
    await records.freeze(ada, None)
    assert (await buy(desk, ada, card_id, "10.00")).transaction.status is Status.COMPLETED


async def test_each_card_of_a_wallet_has_its_own_monthly_limit(desk: Desk) -> None:
    ada = await person(desk, funds="100.00")
    for card_id in [await new_card(desk, ada, monthly="10.00") for _ in range(3)]:
        assert (await buy(desk, ada, card_id, "10.00")).transaction.status is Status.COMPLETED
        with pytest.raises(AboveMonthlyLimit):
            await buy(desk, ada, card_id, "0.01")


# ---------------------------------------------------------------- repeated and concurrent payments


async def test_the_same_key_pays_once(desk: Desk, records: Records) -> None:
    ada, key = await person(desk, funds="100.00"), new_key()
    card_id = await new_card(desk, ada)
    first = await buy(desk, ada, card_id, "10", key=key)
    await close_card(desk, ada.wallet_id, card_id)
    before = await records.checksum()
    again = await buy(desk, ada, card_id, "10.00", merchant=" Bookshop", key=key)
    assert (again.transaction, again.replayed, again.refusal) == (first.transaction, True, None)
    assert await records.checksum() == before


async def test_the_same_key_with_another_input_is_refused(desk: Desk, records: Records) -> None:
    ada, key = await person(desk, funds="100.00"), new_key()
    card_id, other = await new_card(desk, ada), await new_card(desk, ada)
    await buy(desk, ada, card_id, "10", key=key)
    before = await records.checksum()
    for paid in (
        buy(desk, ada, card_id, "11", key=key),
        buy(desk, ada, card_id, "10", merchant="Another", key=key),
        buy(desk, ada, other, "10", key=key),
        buy(desk, ada, uuids.uuid7(), "10", key=key),
        buy(desk, ada, None, "10", key=key),
        pay_in(desk, ada, "10", key=key),
    ):
        with pytest.raises(KeyReused):
            await paid
    assert await records.checksum() == before


@pytest.mark.parametrize("servers", [1, 2])
async def test_twenty_concurrent_payments_with_one_key_pay_once(two_desks: list[Desk], servers: int) -> None:
    ada, key = await person(two_desks[0], funds="100.00"), new_key()
    card_id = await new_card(two_desks[0], ada, monthly="10.00")
    results = await all_told(*(buy(two_desks[n % servers], ada, card_id, "10", key=key) for n in range(20)))
    assert sorted(one.replayed for one in answers(results)) == [False] + [True] * 19
    assert await money(two_desks[0], ada) == (9_000, 0)


@pytest.mark.parametrize("servers", [1, 2])
async def test_only_one_of_64_concurrent_payments_of_the_whole_balance_completes(
    two_desks: list[Desk], servers: int
) -> None:
    ada = await person(two_desks[0], funds="100.00")
    cards = [await new_card(two_desks[0], ada) for _ in range(2)]
    results = await all_told(*(buy(two_desks[n % servers], ada, cards[n // 2 % 2], "100.00") for n in range(64)))
    statuses = sorted(one.transaction.status for one in answers(results))
    assert statuses == [Status.COMPLETED] + [Status.FAILED] * 63
    assert await money(two_desks[0], ada) == (0, 0)


@pytest.mark.parametrize("servers", [1, 2])
async def test_concurrent_payments_complete_exactly_up_to_the_monthly_limit(
    two_desks: list[Desk], records: Records, servers: int
) -> None:
    ada = await person(two_desks[0], funds="1000.00")
    tight, wide = [await new_card(two_desks[0], ada, monthly=monthly) for monthly in ("50.00", "90.00")]
    results = await all_told(
        *(buy(two_desks[n % servers], ada, card_id, "7.00") for n in range(32) for card_id in (tight, wide))
    )
    assert len(answers(results)) == 7 + 12
    refused = [one for one in results if isinstance(one, AboveMonthlyLimit)]
    assert {(one.limit.minor, one.remaining.minor) for one in refused} == {(5_000, 100), (9_000, 600)}
    assert len(refused) == 64 - 19
    assert [(await stored_card(records, card_id))[1] for card_id in (tight, wide)] == [4_900, 8_400]
    assert await money(two_desks[0], ada) == (100_000 - 13_300, 0)


@pytest.mark.parametrize("servers", [1, 2])
async def test_a_lowered_limit_holds_for_all_payments_after_it(
    two_desks: list[Desk], records: Records, servers: int
) -> None:
    ada = await person(two_desks[0], funds="1000.00")
    card_id = await new_card(two_desks[0], ada)
    orders: list[Awaitable[object]] = [buy(two_desks[n % servers], ada, card_id, "1.00") for n in range(40)]
    orders.insert(3, update_card_limits(two_desks[-1 % servers], ada.wallet_id, card_id, raw_monthly_limit="5.00"))
    results = await asyncio.gather(*orders, return_exceptions=True)
    paid = [one for one in results if isinstance(one, Answer)]
    completed = "select count(*) from transactions where card_id = $1 and status = 'completed'"
    assert await records.count(completed, card_id) == len(paid) >= 5
    if servers == 1:
        assert len(paid) == 5


@pytest.mark.parametrize("servers", [1, 2])
async def test_concurrent_card_payments_and_transfers_never_spend_a_cent_twice(
    two_desks: list[Desk], records: Records, servers: int
) -> None:
    for desk in two_desks:
        desk.clearing.terms = without_risk_rules()
    ada, bob = await person(two_desks[0], funds="10.00"), await person(two_desks[0])
    card_id = await new_card(two_desks[0], ada)
    orders = [
        order
        for n in range(16)
        for order in (
            buy(two_desks[n % servers], ada, card_id, "3.00"),
            send(two_desks[n % servers], ada, bob, "3.00"),
        )
    ]
    results = await all_told(*orders)
    assert [one.transaction.status for one in answers(results)].count(Status.COMPLETED) == 3
    assert await money(two_desks[0], ada) == (100, 0)
