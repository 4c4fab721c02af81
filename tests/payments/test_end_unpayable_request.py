"""Money requests nobody comes back for: they end by themselves, and whoever notices first ends them once."""

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
from tests.payments.customers import Person, Records, ask, balance, money, pay_asked, people, person, terms


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A database for each test: they count what is swept."""
    return database_dsn


async def requested(desk: Desk) -> tuple[Person, Person, MoneyRequest]:
    ada, bob = await person(desk), await person(desk, funds="100.00")
    return ada, bob, await ask(desk, ada, bob, "40.00")


def lapse(request: MoneyRequest) -> EndUnpayableRequest:
    return EndUnpayableRequest(request.payer_wallet_id, request.requester_wallet_id, request.id)


async def test_overdue_request_is_expired_by_the_next_sweep(desk: Desk, records: Records) -> None:
    ada, bob, request = await requested(desk)
    await records.let_request_lapse(request.id)
    before = await balance(desk, ada), await balance(desk, bob)
    assert await end_unpayable_requests(desk) == 1
    kept = await records.request(request.id)
    assert (kept["status"], kept["version"]) == ("expired", 2)
    assert (await balance(desk, ada), await balance(desk, bob)) == before
    assert await end_unpayable_requests(desk) == 0


async def test_request_whose_time_is_not_over_is_left_alone(desk: Desk, records: Records) -> None:
    _, _, request = await requested(desk)
    before = await records.checksum()
    assert await end_unpayable_requests(desk) == 0
    answer = await desk.submit(lapse(request))
    assert (answer.requests, answer.replayed) == ((request,), True)
    assert await records.checksum() == before


async def test_payment_that_waits_expires_with_its_request_and_the_money_is_given_back(
    desk: Desk, records: Records
) -> None:
    _, bob, request = await requested(desk)
    held = (await pay_asked(desk, bob, request)).transaction
    await records.let_request_lapse(request.id)
    assert await end_unpayable_requests(desk) == 1
    assert (await records.request(request.id))["status"] == "expired"
    assert (await records.transaction(held.id))["status"] == "expired"
    assert await money(desk, bob) == (10_000, 0)


async def test_payment_that_has_time_left_is_not_ended_by_expiry(desk: Desk, records: Records) -> None:
    """Such a one is not made; should there be one, its sender has been promised that time."""
    _, bob, request = await requested(desk)
    held = (await pay_asked(desk, bob, request)).transaction
    await records.connection.execute(
        "update money_requests set created_at = created_at - interval '60 days', expires_at = clock_timestamp() "
        "where id = $1",
        request.id,
    )
    await end_unpayable_requests(desk)
    assert (await records.request(request.id))["status"] == "pending"
    assert (await records.transaction(held.id))["status"] == "pending_confirmation"
    await cancel(desk, bob.wallet_id, held.id)


@pytest.mark.parametrize("who", ["asker", "payer"])
async def test_request_of_or_to_a_closed_wallet_is_cancelled(desk: Desk, records: Records, who: str) -> None:
    ada, bob, request = await requested(desk)
    stays = await ask(desk, bob, await person(desk), "1.00")
    gone = ada if who == "asker" else bob
    await records.close_wallet(gone)
    await end_unpayable_requests(desk)
    assert (await records.request(request.id))["status"] == "cancelled"
    assert (await records.request(stays.id))["status"] == ("pending" if who == "asker" else "cancelled")


async def test_held_payment_to_somebody_who_has_left_is_ended_with_the_request(desk: Desk, records: Records) -> None:
    ada, bob, request = await requested(desk)
    held = (await pay_asked(desk, bob, request)).transaction
    await records.close_wallet(ada)
    await end_unpayable_requests(desk)
    assert (await records.request(request.id))["status"] == "cancelled"
    assert (await records.transaction(held.id))["status"] == "cancelled"
    assert await money(desk, bob) == (10_000, 0)


async def test_wallet_closed_long_ago_is_looked_at_only_when_asked(desk: Desk, records: Records) -> None:
    ada, _, request = await requested(desk)
    await records.close_wallet(ada)
    await records.connection.execute(
        "update wallets set updated_at = updated_at - interval '40 days' where id = $1", ada.wallet_id
    )
    assert await end_unpayable_requests(desk) == 0
    assert await end_unpayable_requests(desk, closed_within=ALL_TIME) == 1
    assert (await records.request(request.id))["status"] == "cancelled"


async def test_any_order_about_an_overdue_request_expires_it_first(desk: Desk, records: Records) -> None:
    _, _, request = await requested(desk)
    await records.let_request_lapse(request.id)
    answer = await desk.submit(lapse(request))
    assert answer.requests[0].status is RequestStatus.EXPIRED
    assert (await desk.submit(lapse(request))).requests == answer.requests


async def test_only_who_was_asked_is_the_anchor(desk: Desk) -> None:
    ada, _, request = await requested(desk)
    stranger = await person(desk)
    with pytest.raises(NotFound):
        await desk.submit(EndUnpayableRequest(stranger.wallet_id, ada.wallet_id, request.id))


async def test_request_of_a_wallet_held_elsewhere_is_left_for_later(desk: Desk, records: Records) -> None:
    ada, _, first = await requested(desk)
    _, _, second = await requested(desk)
    for request in (first, second):
        await records.let_request_lapse(request.id)
    async with held_elsewhere(desk, ada):
        assert await end_unpayable_requests(desk) == 1
        assert (await records.request(second.id))["status"] == "expired"
    assert await end_unpayable_requests(desk) == 1
    assert (await records.request(first.id))["status"] == "expired"


async def test_sweeps_are_bounded_and_come_to_an_end(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms(open_requests=100, requests_per_day=100)
    askers = await people(desk, 3)
    bob = await person(desk)
    made = [await ask(desk, asker, bob, "1.00") for asker in askers for _ in range(30)]
    await records.connection.execute(
        "update money_requests set created_at = created_at - interval '60 days', expires_at = clock_timestamp()"
    )
    swept = []
    while many := await end_unpayable_requests(desk):
        swept.append(many)
    assert (max(swept), sum(swept)) == (MAX_AT_ONCE, len(made))
    assert await records.count("select count(*) from money_requests where status = 'expired'") == len(made)


@pytest.mark.parametrize("whose", ["payer", "requester"])
async def test_requests_of_a_wallet_ahead_of_the_clock_hold_up_no_other(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    monkeypatch.setattr(sweeper, "MAX_AT_ONCE", 1)
    late, bob, cyd = [await person(desk) for _ in range(3)]
    of_late = await ask(desk, bob, late, "1.00") if whose == "payer" else await ask(desk, late, bob, "1.00")
    other = await ask(desk, bob, cyd, "1.00")
    for one in (of_late, other):
        await records.let_request_lapse(one.id)
    async with ahead(records, YEAR, late):
        assert await end_unpayable_requests(desk) == 1
        assert (await records.request(other.id))["status"] == "expired"
    assert await end_unpayable_requests(desk) == 1


async def test_requests_of_a_closed_wallet_ahead_of_the_clock_hold_up_no_other(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "MAX_AT_ONCE", 1)
    late, bob, cyd = [await person(desk) for _ in range(3)]
    of_late, other = await ask(desk, late, bob, "1.00"), await ask(desk, cyd, bob, "1.00")
    for one in (late, cyd):
        await records.close_wallet(one)
    async with ahead(records, YEAR, late):
        assert await end_unpayable_requests(desk, closed_within=ALL_TIME) == 1
        assert (await records.request(other.id))["status"] == "cancelled"
    assert await end_unpayable_requests(desk, closed_within=ALL_TIME) == 1
    assert (await records.request(of_late.id))["status"] == "cancelled"
