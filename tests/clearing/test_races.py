"""Concurrent orders through two servers: exactly one succeeds."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from pocketpay.clearing.expire import Expire
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.errors import Refusal
from pocketpay.payments.cancel import Cancel
from pocketpay.payments.confirm import Confirm, confirm
from pocketpay.payments.desk import Desk
from pocketpay.transactions.errors import WrongState
from pocketpay.transactions.lifecycle import Status
from tests.clearing.instructions import all_told, answers
from tests.conftest import Dsns
from tests.payments.customers import (
    Records,
    money,
    new_key,
    people,
    person,
    send,
    terms,
    without_risk_rules,
)


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A new database for each test, because the tests count rows."""
    return database_dsn


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


async def test_a_whole_balance_sent_64_times_at_once_is_sent_once(two_desks: list[Desk], records: Records) -> None:
    ada = await person(two_desks[0], funds="100.00")
    others = await people(two_desks[0], 4)
    told = await all_told(*(send(two_desks[n % 2], ada, others[n % 4], "100.00") for n in range(64)))
    statuses = sorted(one.transaction.status for one in answers(told))
    assert statuses == [Status.COMPLETED] + [Status.FAILED] * 63
    assert await money(two_desks[0], ada) == (0, 0)
    assert sum([(await money(two_desks[0], one))[0] for one in others]) == 10_000


async def test_a_whole_balance_sent_many_times_at_once_is_held_once(two_desks: list[Desk], records: Records) -> None:
    ada, bob = await people(two_desks[0], 2, funds="100.00")
    for desk in two_desks:
        desk.clearing.terms = terms()
    told = await all_told(*(send(two_desks[n % 2], ada, bob, "100.00") for n in range(32)))
    statuses = sorted(one.transaction.status for one in answers(told))
    assert statuses == [Status.FAILED] * 31 + [Status.PENDING_CONFIRMATION]


async def test_exactly_one_of_many_concurrent_confirmations_and_cancellations_succeeds(
    two_desks: list[Desk], records: Records
) -> None:
    for desk in two_desks:
        desk.clearing.terms = terms(rapid_transfer_action="off")
    chance = random.Random(7)
    for _ in range(4):
        ada, bob = await person(two_desks[0], funds="100.00"), await person(two_desks[0])
        held = (await send(two_desks[0], ada, bob, "40.00")).transaction
        said = [chance.choice((Confirm(ada.wallet_id, bob.wallet_id, held.id), Cancel(ada.wallet_id, held.id)))
                for _ in range(50)]  # fmt: skip
        told = await all_told(*(two_desks[n % 2].submit(one) for n, one in enumerate(said)))
        reached = Status(str((await records.transaction(held.id))["status"]))
        winner = Confirm if reached is Status.COMPLETED else Cancel
        assert {one.transaction.status for one in answers(told)} == {reached}
        assert [one.replayed for one in answers(told)].count(False) == 1
        for one, heard in zip(said, told, strict=True):
            assert isinstance(heard, Answer) == isinstance(one, winner)
            assert isinstance(heard, Answer | WrongState)
        moved = 4_000 if reached is Status.COMPLETED else 0
        assert (await money(desk, ada), await money(desk, bob)) == ((10_000 - moved, 0), (moved, 0))


async def test_exactly_one_of_concurrent_confirmation_cancellation_and_expiry_succeeds(
    two_desks: list[Desk], records: Records
) -> None:
    reached = set()
    chance = random.Random(11)
    for round_number in range(12):
        ada, bob = await person(two_desks[0], funds="100.00"), await person(two_desks[0])
        for desk in two_desks:
            desk.clearing.terms = replace(terms(), confirmation=timedelta(milliseconds=1 + 3 * round_number))
        held = (await send(two_desks[0], ada, bob, "40.00")).transaction
        said = [
            chance.choice(
                (
                    Confirm(ada.wallet_id, bob.wallet_id, held.id),
                    Cancel(ada.wallet_id, held.id),
                    Expire(ada.wallet_id, held.id),
                )
            )
            for _ in range(50)
        ]

        async def later(desk: Desk, one: Confirm | Cancel | Expire, seconds: float) -> Answer:
            await asyncio.sleep(seconds)
            return await desk.submit(one)

        told = await all_told(
            *(later(two_desks[n % 2], one, chance.random() * 0.02) for n, one in enumerate(said)),
            later(two_desks[0], Expire(ada.wallet_id, held.id), 0.06),
        )
        kept = await records.transaction(held.id)
        final = Status(kept["status"])
        reached.add(final)
        assert kept["version"] == 2
        assert final in (Status.COMPLETED, Status.CANCELLED, Status.EXPIRED)
        assert all(isinstance(one, Answer | WrongState) for one in told)
        assert sum(not one.replayed for one in answers(told) if one.transaction.status is final) <= 1
        moved = 4_000 if final is Status.COMPLETED else 0
        assert (await money(desk, ada), await money(desk, bob)) == ((10_000 - moved, 0), (moved, 0))
        assert bool(await records.entries(held.id)) == bool(moved)
    assert Status.EXPIRED in reached


async def test_one_key_sent_twenty_times_at_once_pays_once(two_desks: list[Desk], records: Records) -> None:
    ada, bob = await people(two_desks[0], 2, funds="100.00")
    for _ in range(3):
        key = new_key()
        told = await all_told(*(send(two_desks[n % 2], ada, bob, "1.00", key=key) for n in range(20)))
        assert len({one.transaction.id for one in answers(told)}) == 1
        assert sorted(one.replayed for one in answers(told)) == [False] + [True] * 19
    assert await money(two_desks[0], ada) == (9_700, 0)


async def test_one_key_for_two_different_orders_at_once_executes_one_of_them(
    two_desks: list[Desk], records: Records
) -> None:
    ada, bob = await people(two_desks[0], 2, funds="100.00")
    key = new_key()
    told = await all_told(*(send(two_desks[n % 2], ada, bob, f"{1 + n % 4}.00", key=key) for n in range(20)))
    assert len(answers(told)) == 5
    assert {one.code for one in told if isinstance(one, Refusal)} == {"IDEMPOTENCY_KEY_REUSED"}
    assert await records.count("select count(*) from transactions where type = 'send'") == 1


async def test_payments_in_both_directions_never_deadlock(two_desks: list[Desk], records: Records) -> None:
    ada, bob, cyd = await people(two_desks[0], 3, funds="100.00")
    ways = [(ada, bob), (bob, ada), (cyd, ada), (bob, cyd)]
    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    before = await records.count(deadlocks)
    for _ in range(5):
        told = await all_told(*(send(two_desks[n % 2], *ways[n % 4 - n % 3], "0.01") for n in range(120)))
        assert {one.transaction.status for one in answers(told)} == {Status.COMPLETED}
        assert len(answers(told)) == 120
    assert [desk.clearing.counts.retries for desk in two_desks] == [0, 0]
    assert await records.count(deadlocks) == before
    assert sum([(await money(two_desks[0], one))[0] for one in (ada, bob, cyd)]) == 30_000


async def test_a_confirmation_sent_ten_times_at_once_is_done_once(desk: Desk) -> None:
    desk.clearing.terms = terms()
    ada, bob = await people(desk, 2, funds="10.00")
    held = (await send(desk, ada, bob, "1.00")).transaction.id
    told = await all_told(*(confirm(desk, ada.wallet_id, held) for _ in range(10)))
    assert [one.replayed for one in answers(told)].count(False) == 1
    assert len(answers(told)) == 10
