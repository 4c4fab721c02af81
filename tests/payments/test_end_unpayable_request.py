"""Overdue money requests expire by themselves, once, by the first sweep or instruction that finds them."""

import pytest

from pocketpay.payments import sweeper
from pocketpay.payments.cancel import cancel
from pocketpay.payments.desk import Desk
from pocketpay.payments.end_unpayable_request import EndUnpayableRequest
from pocketpay.payments.sweeper import ALL_TIME, MAX_AT_ONCE, end_unpayable_requests
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from pocketpay.transactions.errors import NotFound
from tests.clearing.instructions import YEAR, ahead, held_elsewhere
from tests.conftest import Dsns
from tests.payments.customers import (
    Person,
    Records,
    balance,
    money,
    new_money_request,
    pay_money_request,
    people,
    person,
    terms,
)


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A separate database for each test, because the tests count what a sweep ends."""
    return database_dsn


async def requested(desk: Desk) -> tuple[Person, Person, MoneyRequest]:
    ada, bob = await person(desk), await person(desk, funds="100.00")
    return ada, bob, await new_money_request(desk, ada, bob, "40.00")


def lapse(request: MoneyRequest) -> EndUnpayableRequest:
    return EndUnpayableRequest(request.payer_wallet_id, request.requester_wallet_id, request.id)


async def test_the_next_sweep_expires_an_overdue_request(desk: Desk, records: Records) -> None:
    ada, bob, request = await requested(desk)
    await records.make_request_overdue(request.id)
    before = await balance(desk, ada), await balance(desk, bob)
    assert await end_unpayable_requests(desk) == 1
    kept = await records.request(request.id)
    assert (kept["status"], kept["version"]) == ("expired", 2)
    assert (await balance(desk, ada), await balance(desk, bob)) == before
    assert await end_unpayable_requests(desk) == 0


async def test_a_request_that_is_not_overdue_stays_pending(desk: Desk, records: Records) -> None:
    _, _, request = await requested(desk)
    before = await records.checksum()
    assert await end_unpayable_requests(desk) == 0
    answer = await desk.submit(lapse(request))
    assert (answer.requests, answer.replayed) == ((request,), True)
    assert await records.checksum() == before


async def test_a_held_payment_expires_with_its_request_and_its_money_is_released(
    desk: Desk, records: Records
) -> None:
    _, bob, request = await requested(desk)
    held = (await pay_money_request(desk, bob, request)).transaction
    await records.make_request_overdue(request.id)
    assert await end_unpayable_requests(desk) == 1
    assert (await records.request(request.id))["status"] == "expired"
    assert (await records.transaction(held.id))["status"] == "expired"
    assert await money(desk, bob) == (10_000, 0)


async def test_an_overdue_request_stays_pending_while_its_payment_has_time_left(desk: Desk, records: Records) -> None:
    """A payment never outlasts its request. If one did, its sender would keep the promised time."""
    _, bob, request = await requested(desk)
    held = (await pay_money_request(desk, bob, request)).transaction
    await records.connection.execute(
        "update money_requests set created_at = created_at - interval '60 days', expires_at = clock_timestamp() "
        "where id = $1",
        request.id,
    )
    await end_unpayable_requests(desk)
    assert (await records.request(request.id))["status"] == "pending"
    assert (await records.transaction(held.id))["status"] == "pending_confirmation"
    await cancel(desk, bob.wallet_id, held.id)


@pytest.mark.parametrize("who", ["requester", "payer"])
async def test_a_request_from_or_to_a_closed_wallet_is_cancelled(desk: Desk, records: Records, who: str) -> None:
    ada, bob, request = await requested(desk)
    stays = await new_money_request(desk, bob, await person(desk), "1.00")
    gone = ada if who == "requester" else bob
    await records.close_wallet(gone)
    await end_unpayable_requests(desk)
    assert (await records.request(request.id))["status"] == "cancelled"
    assert (await records.request(stays.id))["status"] == ("pending" if who == "requester" else "cancelled")


async def test_a_held_payment_to_a_closed_wallet_is_cancelled_with_its_request(desk: Desk, records: Records) -> None:
    ada, bob, request = await requested(desk)
    held = (await pay_money_request(desk, bob, request)).transaction
    await records.close_wallet(ada)
    await end_unpayable_requests(desk)
    assert (await records.request(request.id))["status"] == "cancelled"
    assert (await records.transaction(held.id))["status"] == "cancelled"
    assert await money(desk, bob) == (10_000, 0)


async def test_a_wallet_closed_long_ago_is_swept_only_with_a_wider_window(desk: Desk, records: Records) -> None:
    ada, _, request = await requested(desk)
    await records.close_wallet(ada)
    await records.connection.execute(
        "update wallets set updated_at = updated_at - interval '40 days' where id = $1", ada.wallet_id
    )
    assert await end_unpayable_requests(desk) == 0
    assert await end_unpayable_requests(desk, closed_within=ALL_TIME) == 1
    assert (await records.request(request.id))["status"] == "cancelled"


async def test_an_instruction_about_an_overdue_request_expires_it_first(desk: Desk, records: Records) -> None:
    _, _, request = await requested(desk)
    await records.make_request_overdue(request.id)
    answer = await desk.submit(lapse(request))
    assert answer.requests[0].status is RequestStatus.EXPIRED
    assert (await desk.submit(lapse(request))).requests == answer.requests


async def test_a_request_is_found_only_with_its_payers_wallet(desk: Desk) -> None:
    ada, _, request = await requested(desk)
    stranger = await person(desk)
    with pytest.raises(NotFound):
        await desk.submit(EndUnpayableRequest(stranger.wallet_id, ada.wallet_id, request.id))


async def test_a_request_of_a_locked_wallet_is_left_for_a_later_sweep(desk: Desk, records: Records) -> None:
    ada, _, first = await requested(desk)
    _, _, second = await requested(desk)
    for request in (first, second):
        await records.make_request_overdue(request.id)
    async with held_elsewhere(desk, ada):
        assert await end_unpayable_requests(desk) == 1
        assert (await records.request(second.id))["status"] == "expired"
    assert await end_unpayable_requests(desk) == 1
    assert (await records.request(first.id))["status"] == "expired"


async def test_each_sweep_is_bounded_and_repeated_sweeps_end_every_request(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms(open_requests=100, requests_per_day=100)
    requesters = await people(desk, 3)
    bob = await person(desk)
    made = [await new_money_request(desk, requester, bob, "1.00") for requester in requesters for _ in range(30)]
    await records.connection.execute(
        "update money_requests set created_at = created_at - interval '60 days', expires_at = clock_timestamp()"
    )
    swept = []
    while many := await end_unpayable_requests(desk):
        swept.append(many)
    assert (max(swept), sum(swept)) == (MAX_AT_ONCE, len(made))
    assert await records.count("select count(*) from money_requests where status = 'expired'") == len(made)


@pytest.mark.parametrize("whose", ["payer", "requester"])
async def test_requests_of_a_wallet_ahead_of_the_clock_do_not_block_others(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    monkeypatch.setattr(sweeper, "MAX_AT_ONCE", 1)
    late, bob, cyd = [await person(desk) for _ in range(3)]
    of_late = (
        await new_money_request(desk, bob, late, "1.00")
        if whose == "payer"
        else await new_money_request(desk, late, bob, "1.00")
    )
    other = await new_money_request(desk, bob, cyd, "1.00")
    for one in (of_late, other):
        await records.make_request_overdue(one.id)
    async with ahead(records, YEAR, late):
        assert await end_unpayable_requests(desk) == 1
        assert (await records.request(other.id))["status"] == "expired"
    assert await end_unpayable_requests(desk) == 1


async def test_requests_of_a_closed_wallet_ahead_of_the_clock_do_not_block_others(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "MAX_AT_ONCE", 1)
    late, bob, cyd = [await person(desk) for _ in range(3)]
    of_late, other = await new_money_request(desk, late, bob, "1.00"), await new_money_request(desk, cyd, bob, "1.00")
    for one in (late, cyd):
        await records.close_wallet(one)
    async with ahead(records, YEAR, late):
        assert await end_unpayable_requests(desk, closed_within=ALL_TIME) == 1
        assert (await records.request(other.id))["status"] == "cancelled"
    assert await end_unpayable_requests(desk, closed_within=ALL_TIME) == 1
    assert (await records.request(of_late.id))["status"] == "cancelled"
