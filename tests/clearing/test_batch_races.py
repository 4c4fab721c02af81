"""Batches that race with other batches and with single transfers, and batches in units of work that fail."""

import asyncio
import random

import pytest
import uuid_utils.compat as uuids

from pocketpay.clearing import waiting as rules
from pocketpay.clearing.footprint import Key
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.database.failures import ServiceBusy
from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.transfer import Transfer
from pocketpay.payments.transfer_batch import MAX_TRANSFERS, TransferBatch
from pocketpay.transactions.lifecycle import Status
from tests.clearing.instructions import all_told, answers, held_elsewhere, taken_up, transfer_of
from tests.clearing.test_failing_units import install, mend
from tests.conftest import Dsns
from tests.payments.customers import (
    Person,
    Records,
    item,
    money,
    new_key,
    people,
    person,
    send,
    send_many,
    without_risk_rules,
)


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A new database for each test, because the tests count rows."""
    return database_dsn


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


def batch_of(sender: Person, *to: Person, minor: int = 1, atomic: bool = True, poison: str = "") -> TransferBatch:
    """A batch instruction, built without parsing."""
    items = tuple(
        Transfer(uuids.uuid7(), sender.wallet_id, one.wallet_id, Money(minor, "USD"), "Lunch" + poison, key=None)
        for one in to
    )
    return TransferBatch(
        sender.wallet_id, items, atomic, Key(sender.wallet_id, new_key(), "transferBatch", bytes(32))
    )


def statuses(answer: Answer) -> list[Status | None]:
    return [one.transaction.status if isinstance(one, Answer) else None for one in answer.item_results]


# ---------------------------------------------------------------- at once


@pytest.mark.parametrize("atomic", [False, True])
async def test_one_key_sent_twenty_times_at_once_pays_once(
    two_desks: list[Desk], records: Records, atomic: bool
) -> None:
    ada, bob = await people(two_desks[0], 2, funds="100.00")
    key, items = new_key(), [item(bob, "1.00"), item(bob, "2.00")]
    told = await all_told(*(send_many(two_desks[n % 2], ada, items, atomic=atomic, key=key) for n in range(20)))
    assert len(answers(told)) == 20
    parts = [one for answer in answers(told) for one in answer.item_results]
    assert len({one.transaction.id for one in parts if isinstance(one, Answer)}) == 2
    assert sorted(one.replayed for one in answers(told)) == [False] + [True] * 19
    assert await money(two_desks[0], ada) == (9_700, 0)


async def test_concurrent_atomic_batches_and_transfers_never_spend_the_same_money_twice(
    two_desks: list[Desk], records: Records
) -> None:
    chance = random.Random(5)
    for _ in range(4):
        ada, *others = await person(two_desks[0], funds="10.00"), *await people(two_desks[0], 3)
        orders = [
            send_many(two_desks[n % 2], ada, [item(one, "1.00") for one in others], atomic=True)
            if chance.random() < 0.5
            else send(two_desks[n % 2], ada, chance.choice(others), "1.00")
            for n in range(30)
        ]
        told = answers(await all_told(*orders))
        assert len(told) == 30
        paid = 0
        for answer in told:
            if not answer.item_results:
                paid += answer.transaction.status is Status.COMPLETED
                continue
            assert statuses(answer) in ([Status.COMPLETED] * 3, [None] * 3)
            paid += statuses(answer).count(Status.COMPLETED)
        posted = [(await money(two_desks[0], one))[0] for one in (ada, *others)]
        assert posted[0] == 1_000 - 100 * paid
        assert sum(posted) == 1_000
        assert paid >= 8


async def test_batches_in_two_directions_never_deadlock(two_desks: list[Desk], records: Records) -> None:
    ada, bob, cyd = await people(two_desks[0], 3, funds="100.00")
    ways = [(ada, [bob, cyd]), (bob, [cyd, ada]), (cyd, [ada, bob])]
    told = await all_told(
        *(
            send_many(two_desks[n % 2], ways[n % 3][0], [item(one, "0.01") for one in ways[n % 3][1] * 5])
            for n in range(36)
        )
    )
    assert [statuses(one) for one in answers(told)] == [[Status.COMPLETED] * 10] * 36
    assert [desk.clearing.counts.retries for desk in two_desks] == [0, 0]
    assert sum([(await money(two_desks[0], one))[0] for one in (ada, bob, cyd)]) == 30_000


async def test_a_batch_sees_earlier_orders_of_its_unit_and_later_orders_see_the_batch(desk: Desk) -> None:
    ada, bob = await person(desk, funds="10.00"), await person(desk)
    async with held_elsewhere(desk, ada):
        first = asyncio.create_task(desk.submit(transfer_of(ada, bob, 100)))
        await asyncio.sleep(0)
        await taken_up(desk)
        too_much = batch_of(ada, bob, bob, minor=401)
        orders: list[tuple[Instruction, int]] = [
            (transfer_of(ada, bob, 100), 1),
            (too_much, 2),
            (transfer_of(ada, bob, 1), 1),
            (batch_of(ada, bob, bob, minor=400), 2),  # a unit takes one batch: this one waits for the next unit
            (transfer_of(ada, bob, 99), 1),
        ]
        tasks = [asyncio.create_task(desk.submit(one, weight=weight)) for one, weight in orders]
        await asyncio.sleep(0)
        units = desk.clearing.counts.units
    told = answers(await all_told(first, *tasks))
    assert desk.clearing.counts.units == units + 3
    assert [told[n].transaction.status for n in (1, 3, 5)] == [Status.COMPLETED] * 3
    assert (statuses(told[2]), statuses(told[4])) == ([None] * 2, [None] * 2)
    assert await money(desk, bob) == (300, 0)


# ---------------------------------------------------------------- limits of a unit and of the queue


async def test_a_unit_takes_single_orders_first_and_one_batch(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="100.00")
    sizes = [100, *([1] * 64), 100, *([1] * 64), 60, 1]
    by_unit = [[*([1] * 128), 100], [1, 100], [60]]
    assert sum(map(len, by_unit)) == len(sizes)
    async with held_elsewhere(desk, ada):
        first = asyncio.create_task(desk.submit(transfer_of(ada, bob)))
        await asyncio.sleep(0)
        await taken_up(desk)
        units = desk.clearing.counts.units
        tasks = [asyncio.create_task(desk.submit(batch_of(ada, *[bob] * size), weight=size)) for size in sizes]
        await asyncio.sleep(0)
    told = answers(await all_told(first, *tasks))
    assert len(told) == 1 + len(sizes)
    assert desk.clearing.counts.units - units == 1 + len(by_unit)
    assert await money(desk, bob) == (10_000 + 1 + sum(sizes), 0)


async def test_batches_are_counted_by_their_payments(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_WAITING_IN_BATCHES", 10)
    ada, bob = await people(desk, 2, funds="10.00")
    async with held_elsewhere(desk, ada):
        first = asyncio.create_task(desk.submit(transfer_of(ada, bob)))
        await asyncio.sleep(0)
        await taken_up(desk)
        waiting = [asyncio.create_task(desk.submit(batch_of(ada, *[bob] * 4), weight=4)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(ServiceBusy):
            await desk.submit(batch_of(ada, bob, bob, bob), weight=3)
        waiting.append(asyncio.create_task(desk.submit(batch_of(ada, bob, bob), weight=2)))
        await asyncio.sleep(0)
    assert len(answers(await all_told(first, *waiting))) == 4
    assert desk.clearing.waiting == 0
    assert statuses(await send_many(desk, ada, [item(bob, "0.01")] * 10)) == [Status.COMPLETED] * 10
    assert await money(desk, ada) == (1_000 - 1 - 10 - 10, 0)


async def test_waiting_batches_do_not_use_the_queue_places_of_single_orders(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_WAITING_IN_BATCHES", 4)
    monkeypatch.setattr(rules, "MAX_WAITING", 6)
    ada, bob = await people(desk, 2, funds="10.00")
    async with held_elsewhere(desk, ada):
        first = asyncio.create_task(desk.submit(transfer_of(ada, bob)))
        await asyncio.sleep(0)
        await taken_up(desk)
        waiting = [asyncio.create_task(desk.submit(batch_of(ada, *[bob] * 4), weight=4))]
        await asyncio.sleep(0)
        with pytest.raises(ServiceBusy):
            await desk.submit(batch_of(ada, bob, bob), weight=2)
        waiting += [asyncio.create_task(desk.submit(transfer_of(bob, ada))) for _ in range(6)]
        await asyncio.sleep(0)
        with pytest.raises(ServiceBusy):
            await desk.submit(transfer_of(bob, ada))
    assert len(answers(await all_told(first, *waiting))) == 8
    assert await money(desk, ada) == (1_000 - 1 - 4 + 6, 0)


def test_the_largest_batch_fits_in_a_unit() -> None:
    assert MAX_TRANSFERS <= rules.MAX_IN_UNIT


# ---------------------------------------------------------------- units that fail


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("who", ["sender", "one recipient"])
async def test_a_batch_that_needs_a_locked_wallet_fails_as_busy_and_delays_no_other_order(
    desk: Desk, records: Records, atomic: bool, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "WAIT_SECONDS", 3.0)
    ada, bob, cyd = await people(desk, 3, funds="10.00")
    sender, others = (cyd, [ada, bob]) if who == "sender" else (ada, [bob, cyd])
    async with held_elsewhere(desk, cyd):
        told = await all_told(
            desk.submit(batch_of(sender, *others, atomic=atomic), weight=2),
            desk.submit(transfer_of(ada, bob)),
            desk.submit(batch_of(bob, ada, ada, atomic=atomic), weight=2),
        )
    assert [type(one) for one in told] == [ServiceBusy, Answer, Answer]
    assert isinstance(told[0], ServiceBusy)
    assert not told[0].may_have_happened
    assert await records.count("select count(*) from transactions where type = 'send'") == 3
    assert await records.count("select count(*) from idempotency_keys where operation = 'transferBatch'") == 1


@pytest.mark.parametrize("poison", ["\0", "\ud800"])
async def test_a_batch_with_invalid_text_fails_completely_and_alone(
    desk: Desk, records: Records, poison: str
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    told = await all_told(
        desk.submit(transfer_of(ada, bob)),
        desk.submit(batch_of(ada, bob, bob, atomic=False, poison=poison), weight=2),
        desk.submit(batch_of(ada, bob, bob), weight=2),
    )
    assert not isinstance(told[1], Answer | Refusal | ServiceBusy)
    assert [type(one) for one in (told[0], told[2])] == [Answer] * 2
    assert await money(desk, ada) == (997, 0)


@pytest.mark.parametrize("state", ["40P01", "57014", "57P01", "08006"])
@pytest.mark.parametrize("atomic", [False, True])
async def test_a_batch_whose_unit_fails_is_executed_once(
    desk: Desk, records: Records, state: str, atomic: bool
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await install(records, state, 1)
    told = await all_told(
        desk.submit(batch_of(ada, bob, bob, minor=150, atomic=atomic), weight=2),
        desk.submit(transfer_of(bob, ada)),
        desk.submit(batch_of(bob, ada, bob, atomic=False), weight=2),
    )
    await mend(records)
    first, single, second = answers(told)
    assert (single.transaction.status, single.replayed) == (Status.COMPLETED, False)
    assert (statuses(first), first.replayed) == ([Status.COMPLETED] * 2, False)
    assert (statuses(second), second.replayed) == ([Status.COMPLETED, None], False)
    assert await money(desk, ada) == (702, 0)


async def test_a_batch_that_the_database_cannot_write_fails_as_busy_and_stores_nothing(
    desk: Desk, records: Records
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    before = await records.checksum()
    await install(records, "53100", 1_000)
    for atomic in (False, True):
        with pytest.raises(ServiceBusy) as busy:
            await send_many(desk, ada, [item(bob, "1.00"), item(bob, "2.00")], atomic=atomic)
        assert not busy.value.may_have_happened
    await mend(records)
    assert await records.checksum() == before
