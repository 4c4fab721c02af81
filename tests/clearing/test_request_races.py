"""Concurrent orders about money requests through two servers: exactly one succeeds."""

import asyncio
import random
from collections.abc import Callable

import pytest
import uuid_utils.compat as uuids

from pocketpay.clearing.footprint import Key
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.errors import Refusal
from pocketpay.payments.cancel import Cancel
from pocketpay.payments.cancel_request import CancelRequest
from pocketpay.payments.confirm import Confirm
from pocketpay.payments.decline_request import DeclineRequest
from pocketpay.payments.desk import Desk
from pocketpay.payments.end_unpayable_request import EndUnpayableRequest
from pocketpay.payments.pay_request import PayRequest
from pocketpay.requests.money_request import MoneyRequest, RequestDetails, RequestStatus
from pocketpay.transactions.errors import WrongState
from pocketpay.transactions.lifecycle import Status
from tests.clearing.instructions import all_told, answers, ask_of
from tests.conftest import Dsns
from tests.payments.customers import (
    Records,
    money,
    new_key,
    new_money_request,
    pay_money_request,
    people,
    person,
    request_money_from,
    terms,
    without_risk_rules,
)


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A new database for each test, because the tests count rows."""
    return database_dsn


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules(open_requests=100)


def pay(request: MoneyRequest) -> PayRequest:
    key = Key(request.payer_wallet_id, new_key(), "payRequest", request.id.bytes * 2)
    return PayRequest(uuids.uuid7(), request.payer_wallet_id, request.id, RequestDetails.of(request), key)


def decline(request: MoneyRequest) -> DeclineRequest:
    return DeclineRequest(request.payer_wallet_id, request.id)


def take_back(request: MoneyRequest) -> CancelRequest:
    return CancelRequest(request.requester_wallet_id, request.payer_wallet_id, request.id)


def lapse(request: MoneyRequest) -> EndUnpayableRequest:
    return EndUnpayableRequest(request.payer_wallet_id, request.requester_wallet_id, request.id)


REACHED = {
    PayRequest: RequestStatus.PAID,
    DeclineRequest: RequestStatus.DECLINED,
    CancelRequest: RequestStatus.CANCELLED,
}

RIVALS = pytest.mark.parametrize(
    "rivals",
    [
        (pay,),
        (pay, decline),
        (pay, take_back),
        (decline,),
        (take_back,),
        (decline, take_back),
        (pay, decline, take_back),
    ],
    ids=lambda rivals: "/".join(one.__name__ for one in rivals),
)


@RIVALS
async def test_exactly_one_of_concurrent_orders_about_a_request_succeeds(
    two_desks: list[Desk], records: Records, rivals: tuple[Callable[[MoneyRequest], Instruction], ...]
) -> None:
    chance = random.Random(5)
    for _ in range(4):
        ada, bob = await person(two_desks[0]), await person(two_desks[0], funds="100.00")
        request = await new_money_request(two_desks[0], ada, bob, "40.00")
        said = [chance.choice(rivals)(request) for _ in range(30)]
        told = await all_told(*(two_desks[n % 2].submit(one) for n, one in enumerate(said)))
        final = RequestStatus((await records.request(request.id))["status"])
        first = [
            one for one, heard in zip(said, told, strict=True) if isinstance(heard, Answer) and not heard.replayed
        ]
        assert [REACHED[type(one)] for one in first] == [final]
        assert all(isinstance(one, Answer | WrongState) for one in told)
        moved = 4_000 if final is RequestStatus.PAID else 0
        assert (await money(two_desks[0], ada), await money(two_desks[0], bob)) == ((moved, 0), (10_000 - moved, 0))
        paid = "select count(*) from transactions where request_id = $1"
        assert await records.count(paid, request.id) == bool(moved)
        assert (await records.request(request.id))["version"] == 2


async def test_a_whole_balance_pays_only_one_of_many_requests(two_desks: list[Desk], records: Records) -> None:
    ada, bob = await person(two_desks[0]), await person(two_desks[0], funds="100.00")
    requests = [await new_money_request(two_desks[0], ada, bob, "100.00") for _ in range(16)]
    told = await all_told(*(pay_money_request(two_desks[n % 2], bob, one) for n, one in enumerate(requests)))
    statuses = sorted(one.transaction.status for one in answers(told))
    assert statuses == [Status.COMPLETED] + [Status.FAILED] * 15
    assert await money(two_desks[0], bob) == (0, 0)
    assert await records.count("select count(*) from money_requests where status = 'paid'") == 1


async def test_only_one_of_many_concurrent_payments_of_a_request_is_held(
    two_desks: list[Desk], records: Records
) -> None:
    ada, bob = await person(two_desks[0]), await person(two_desks[0], funds="100.00")
    for desk in two_desks:
        desk.clearing.terms = terms()
    request = await new_money_request(two_desks[0], ada, bob, "40.00")
    told = await all_told(*(pay_money_request(two_desks[n % 2], bob, request) for n in range(20)))
    assert [one.transaction.status for one in answers(told)] == [Status.PENDING_CONFIRMATION]
    assert [one.status for one in told if isinstance(one, WrongState)] == [Status.PENDING_CONFIRMATION] * 19
    assert await money(two_desks[0], bob) == (10_000, 4_000)


async def test_a_confirmation_that_races_with_the_end_of_its_request_is_consistent(
    two_desks: list[Desk], records: Records
) -> None:
    """Either the money moved and the request is paid, or neither."""
    chance = random.Random(9)
    reached: set[tuple[str, str]] = set()
    for round in range(100):
        if round >= 12 and len(reached) > 1 and ("completed", "paid") in reached:
            break
        for desk in two_desks:
            desk.clearing.terms = terms(rapid_transfer_action="off")
        ada, bob = await person(two_desks[0]), await person(two_desks[0], funds="100.00")
        request = await new_money_request(two_desks[0], ada, bob, "40.00")
        held = (await pay_money_request(two_desks[0], bob, request)).transaction
        kinds: tuple[Instruction, ...] = (
            Confirm(bob.wallet_id, ada.wallet_id, held.id),
            Cancel(bob.wallet_id, held.id),
            take_back(request),
            decline(request),
        )
        said = [chance.choice(kinds) for _ in range(12)]
        told = await all_told(*(two_desks[n % 2].submit(one) for n, one in enumerate(said)))
        assert all(isinstance(one, Answer | WrongState) for one in told)
        payment = (await records.transaction(held.id))["status"]
        final = (await records.request(request.id))["status"]
        reached.add((payment, final))
        assert (payment == "completed") == (final == "paid")
        assert payment != "pending_confirmation"
        moved = 4_000 if payment == "completed" else 0
        assert (await money(two_desks[0], ada), await money(two_desks[0], bob)) == ((moved, 0), (10_000 - moved, 0))
    assert ("completed", "paid") in reached
    assert len(reached) > 1


async def test_a_payment_that_races_with_the_expiry_of_its_request_is_consistent(
    two_desks: list[Desk], records: Records
) -> None:
    """A payment that is answered as completed has moved the money, and one that is too late moves none."""
    reached = set()
    for round_number in range(10):
        ada, bob = await person(two_desks[0]), await person(two_desks[0], funds="100.00")
        request = await new_money_request(two_desks[0], ada, bob, "40.00")
        await records.connection.execute(
            "update money_requests set expires_at = clock_timestamp() + $2::int * interval '2 milliseconds' "
            "where id = $1",
            request.id,
            round_number,
        )

        async def later(desk: Desk, one: Instruction, seconds: float) -> Answer:
            await asyncio.sleep(seconds)
            return await desk.submit(one)

        said = [later(two_desks[n % 2], (pay, lapse)[n % 2](request), n / 1_000) for n in range(12)]
        told = await all_told(*said, later(two_desks[0], lapse(request), 0.05))
        final = (await records.request(request.id))["status"]
        reached.add(final)
        assert final in ("paid", "expired")
        paid = [one for one in answers(told) if one.outcome.transaction is not None]
        assert len(paid) == (final == "paid")
        moved = 4_000 if final == "paid" else 0
        assert (await money(two_desks[0], ada), await money(two_desks[0], bob)) == ((moved, 0), (10_000 - moved, 0))
    assert "expired" in reached


async def test_one_key_sent_twenty_times_at_once_makes_one_request(two_desks: list[Desk], records: Records) -> None:
    ada, bob = await people(two_desks[0], 2)
    for _ in range(3):
        key = new_key()
        told = await all_told(*(request_money_from(two_desks[n % 2], ada, bob, "1.00", key=key) for n in range(20)))
        assert len({one.requests[0].id for one in answers(told)}) == 1
        assert sorted(one.replayed for one in answers(told)) == [False] + [True] * 19
    assert await records.count("select count(*) from money_requests") == 3


async def test_one_key_of_a_split_sent_many_times_at_once_makes_one_request_per_payer(
    two_desks: list[Desk], records: Records
) -> None:
    ada, *others = await people(two_desks[0], 6)
    key = new_key()
    told = await all_told(*(two_desks[n % 2].submit(ask_of(ada, *others, key=key)) for n in range(20)))
    assert len({tuple(request.id for request in one.requests) for one in answers(told)}) == 1
    assert sorted(one.replayed for one in answers(told)) == [False] + [True] * 19
    assert await records.count("select count(*) from money_requests") == 5


async def test_concurrent_requests_never_exceed_the_limits(two_desks: list[Desk], records: Records) -> None:
    for desk in two_desks:
        desk.clearing.terms = terms(open_requests=5, requests_per_day=12)
    ada, bob, cyd, dan = await people(two_desks[0], 4)
    most = "select max(n) from (select count(*) as n from money_requests group by payer_wallet_id) each"
    # Two payers can have five open requests each; then the daily limit leaves two for the third.
    for among, asked_by_now in (((bob, cyd), 10), ((dan,), 12)):
        orders = [request_money_from(two_desks[n % 2], ada, among[n % len(among)], "1.00") for n in range(40)]
        told = await all_told(*orders)
        assert {one.code for one in told if isinstance(one, Refusal)} == {"RATE_LIMITED"}
        assert await records.count("select count(*) from money_requests") == asked_by_now
        assert await records.count(most) == 5


async def test_requests_and_payments_in_both_directions_never_deadlock(
    two_desks: list[Desk], records: Records
) -> None:
    crowd = await people(two_desks[0], 5, funds="100.00")
    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    before = await records.count(deadlocks)
    for desk in two_desks:
        desk.clearing.terms = without_risk_rules(open_requests=100, requests_per_day=1_000)
    splits = [ask_of(asker, *(one for one in crowd if one is not asker)) for asker in crowd * 4]
    told = await all_told(*(two_desks[n % 2].submit(one) for n, one in enumerate(splits)))
    requests = [request for one in answers(told) for request in one.requests]
    assert len(requests) == 80
    told = await all_told(*(two_desks[n % 2].submit(_something(n, one)) for n, one in enumerate(requests)))
    assert len(answers(told)) == 80
    assert await records.count(deadlocks) == before
    assert sum([(await money(two_desks[0], one))[0] for one in crowd]) == 50_000


def _something(number: int, request: MoneyRequest) -> Instruction:
    return (pay, take_back, decline)[number % 3](request)
