"""Refunds that race with other refunds, with spending, and with the rule about new recipients."""

import asyncio
import random
from uuid import UUID

import pytest
import uuid_utils.compat as uuids

from pocketpay.clearing.footprint import Key
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.terms import Terms
from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.refund import Refund
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction
from tests.clearing.instructions import Told, all_told, answers, held_elsewhere, taken_up, transfer_of
from tests.conftest import Dsns
from tests.payments.customers import (
    Person,
    Records,
    money,
    new_key,
    people,
    person,
    refund_payment,
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


def refund_of(original: Transaction, minor: int | None = None) -> Refund:
    """A refund instruction, built without parsing."""
    refunder = original.destination_wallet_id
    assert refunder is not None
    amount = None if minor is None else Money(minor, original.amount.currency)
    key = Key(refunder, new_key(), "refund", bytes(32))
    return Refund(uuids.uuid7(), refunder, original.source_wallet_id, original.id, amount, "Sorry", key)


async def in_one_unit(desk: Desk, who: Person, *orders: Instruction, under: Terms | None = None) -> list[Told]:
    """Submits these orders in one unit of work, decided under those terms. Returns their results."""
    units = desk.clearing.counts.units
    async with held_elsewhere(desk, who):
        first = asyncio.create_task(desk.submit(transfer_of(who, await person(desk), 1)))
        await asyncio.sleep(0)
        await taken_up(desk)
        desk.clearing.terms = under or desk.clearing.terms
        told = [asyncio.create_task(desk.submit(one)) for one in orders]
        await asyncio.sleep(0)
    heard = (await all_told(first, *told))[1:]
    assert desk.clearing.counts.units == units + 2
    return heard


async def refunded(records: Records, original: UUID) -> tuple[int, int]:
    """Returns (the refunded amount that the original stores, the sum of its refunds) in minor units."""
    sum_ = "select coalesce(sum(amount), 0) from transactions where refund_of = $1 and status = 'completed'"
    return (await records.transaction(original))["refunded"], await records.count(sum_, original)


@pytest.mark.parametrize("asked", [None, "10.00", "0.30", "3.33"])
async def test_fifty_concurrent_refunds_never_exceed_the_payment(
    two_desks: list[Desk], records: Records, asked: str | None
) -> None:
    ada, bob = await people(two_desks[0], 2, funds="100.00")
    original = (await send(two_desks[0], ada, bob, "10.00")).transaction
    told = await all_told(*(refund_payment(two_desks[n % 2], bob, original.id, asked) for n in range(50)))
    each = 1_000 if asked is None else int(float(asked) * 100)
    done = [one for one in answers(told) if one.transaction.status is Status.COMPLETED]
    assert len(done) == len(answers(told)) == 1_000 // each
    assert sum(one.transaction.amount.minor for one in done) == (1_000 // each) * each
    codes = {one.code for one in told if isinstance(one, Refusal)}
    assert codes == {"REFUND_TOO_LARGE" if 1_000 % each else "ALREADY_REFUNDED"}
    assert await refunded(records, original.id) == ((1_000 // each) * each,) * 2
    assert (await records.transaction(original.id))["version"] == 1 + len(done)


async def test_received_money_is_refunded_or_spent_and_never_both(two_desks: list[Desk], records: Records) -> None:
    chance = random.Random(3)
    for _ in range(4):
        ada, bob, cyd = await person(two_desks[0], funds="10.00"), *await people(two_desks[0], 2)
        original = (await send(two_desks[0], ada, bob, "10.00")).transaction
        orders = [
            refund_payment(two_desks[n % 2], bob, original.id, "2.00")
            if chance.random() < 0.5
            else send(two_desks[n % 2], bob, cyd, "2.00")
            for n in range(30)
        ]
        told = await all_told(*orders)
        done = [one.transaction for one in answers(told) if one.transaction.status is Status.COMPLETED]
        assert len(done) == 5
        back = sum(one.amount.minor for one in done if one.refund_of is not None)
        assert await refunded(records, original.id) == (back, back)
        assert [(await money(two_desks[0], one))[0] for one in (ada, bob, cyd)] == [back, 0, 1_000 - back]


async def test_refunds_in_both_directions_never_deadlock(two_desks: list[Desk], records: Records) -> None:
    ada, bob = await people(two_desks[0], 2, funds="100.00")
    to_bob = (await send(two_desks[0], ada, bob, "50.00")).transaction.id
    to_ada = (await send(two_desks[0], bob, ada, "50.00")).transaction.id
    ways = [(bob, to_bob), (ada, to_ada)]
    told = await all_told(*(refund_payment(two_desks[n % 2], *ways[n // 2 % 2], "0.01") for n in range(120)))
    assert len(answers(told)) == 120
    assert [desk.clearing.counts.retries for desk in two_desks] == [0, 0]
    assert await refunded(records, to_bob) == await refunded(records, to_ada) == (60, 60)


async def test_one_key_sent_twenty_times_at_once_refunds_once(two_desks: list[Desk], records: Records) -> None:
    ada, bob = await people(two_desks[0], 2, funds="100.00")
    original = (await send(two_desks[0], ada, bob, "10.00")).transaction
    key = new_key()
    told = await all_told(*(refund_payment(two_desks[n % 2], bob, original.id, "1.00", key=key) for n in range(20)))
    assert len({one.transaction.id for one in answers(told)}) == 1
    assert sorted(one.replayed for one in answers(told)) == [False] + [True] * 19
    assert await refunded(records, original.id) == (100, 100)


async def test_refunds_of_one_unit_see_earlier_refunds(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    original = (await send(desk, ada, bob, "10.00")).transaction
    parts = [refund_of(original, 400), refund_of(original, 700), refund_of(original), refund_of(original, 1)]
    told = await in_one_unit(desk, ada, *parts)
    codes = [one.code if isinstance(one, Refusal) else None for one in told]
    assert codes == [None, "REFUND_TOO_LARGE", None, "ALREADY_REFUNDED"]
    assert await refunded(records, original.id) == (1_000, 1_000)
    assert (await records.transaction(original.id))["version"] == 3


@pytest.mark.parametrize(
    ("before", "orders", "expected"),
    [
        (1, "part pay", "completed"),
        (1, "whole pay", "blocked"),
        (1, "pay whole pay", "completed completed"),
        (1, "pay pay whole pay", "completed completed completed"),
        (2, "whole pay", "completed"),
        (2, "whole whole pay", "blocked"),
        (3, "whole part pay part pay", "completed completed"),
        (5, "whole whole whole whole pay whole pay", "completed completed"),
    ],
)
async def test_a_payee_stays_known_in_a_unit_while_one_payment_is_not_fully_refunded(
    desk: Desk, before: int, orders: str, expected: str
) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    paid = iter([(await send(desk, ada, bob, "1.00")).transaction for _ in range(before)])
    said = [
        transfer_of(ada, bob) if order == "pay" else refund_of(next(paid), None if order == "whole" else 1)
        for order in orders.split()
    ]
    new_ones_blocked = without_risk_rules(new_recipient_action="block")
    told = answers(await in_one_unit(desk, ada, *said, under=new_ones_blocked))
    assert len(told) == len(said)
    assert [one.transaction.status for one in told if one.transaction.refund_of is None] == expected.split()
