"""Splitting a bill: the shares add up exactly, keep the given order, and are all requested or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.split_bill import MAX_PAYERS, Split, shares, split_bill
from pocketpay.requests.money_request import RequestStatus
from pocketpay.transactions.errors import InvalidAmount, KeyReused
from tests.payments.customers import (
    Person,
    Records,
    new_key,
    new_money_request,
    pay_money_request,
    people,
    person,
    terms,
    without_risk_rules,
)


async def split(
    desk: Desk,
    whose: Person,
    among: list[Person] | list[str],
    total: str,
    *,
    include_me: bool = True,
    key: str | None = None,
    description: str = "Dinner",
) -> Split:
    return await split_bill(
        desk,
        whose.wallet_id,
        raw_among=[one if isinstance(one, str) else one.username for one in among],
        raw_total=total,
        raw_description=description,
        include_me=include_me,
        raw_key=key or new_key(),
    )


async def refused(
    desk: Desk, whose: Person, among: list[Person] | list[str], total: str = "30.00", **more: object
) -> Refusal:
    with pytest.raises(Refusal) as raised:
        await split(desk, whose, among, total, **more)  # type: ignore[arg-type]
    return raised.value


# ---------------------------------------------------------------- shares


@given(total=st.integers(1, 10**13), among=st.integers(1, MAX_PAYERS), include_me=st.booleans())
def test_shares_add_up_to_the_total_and_differ_by_at_most_one_unit(total: int, among: int, include_me: bool) -> None:
    ways = among + include_me
    if total < ways:
        with pytest.raises(InvalidAmount) as refusal:
            shares(Money(total, "USD"), among=among, include_me=include_me)
        assert refusal.value.field == "total"
        return
    parts = [share.minor for share in shares(Money(total, "USD"), among=among, include_me=include_me)]
    assert (len(parts), sum(parts)) == (ways, total)
    assert parts == sorted(parts, reverse=True)  # the first payers pay one unit more, the requester never does
    assert parts[0] - parts[-1] in (0, 1)
    assert parts.count(parts[-1] + 1) == total % ways


# ---------------------------------------------------------------- results


async def test_each_payer_gets_a_request_for_their_share_in_the_given_order(desk: Desk, records: Records) -> None:
    ada, bob, cyd, dan = await people(desk, 4)
    done = await split(desk, ada, [cyd, bob, dan], "100.03", description=" Dinner ")
    requests = done.answer.requests
    assert [one.payer_wallet_id for one in requests] == [cyd.wallet_id, bob.wallet_id, dan.wallet_id]
    assert [one.amount.minor for one in requests] == [2_501, 2_501, 2_501]
    assert done.my_share == Money(2_500, "USD")
    assert {one.requester_wallet_id for one in requests} == {ada.wallet_id}
    assert {(one.description, one.status) for one in requests} == {("Dinner", RequestStatus.PENDING)}
    for one in requests:
        assert (await records.request(one.id))["amount"] == one.amount.minor


async def test_the_others_pay_the_whole_bill_when_the_requester_is_not_included(desk: Desk) -> None:
    ada, bob, cyd = await people(desk, 3)
    done = await split(desk, ada, [bob, cyd], "10.01", include_me=False)
    assert [one.amount.minor for one in done.answer.requests] == [501, 500]
    assert done.my_share is None


async def test_a_bill_can_be_split_among_twenty_and_each_can_pay(desk: Desk) -> None:
    desk.clearing.terms = without_risk_rules(requests_per_day=20)
    ada, *others = await people(desk, MAX_PAYERS + 1, funds="10.00")
    done = await split(desk, ada, others, "100.00")
    assert len(done.answer.requests) == 20
    paid = await pay_money_request(desk, others[19], done.answer.requests[19])
    assert paid.transaction.amount == done.answer.requests[19].amount


async def test_payers_are_found_with_an_at_sign_and_in_upper_or_lower_case(desk: Desk) -> None:
    ada, bob, cyd = await people(desk, 3)
    done = await split(desk, ada, [f"@{bob.username.upper()}", cyd.username], "3.00")
    assert len(done.answer.requests) == 2


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"total": "0"}, "INVALID_AMOUNT", "total"),
        ({"total": "1.001"}, "INVALID_AMOUNT", "total"),
        ({"total": "0.02"}, "INVALID_AMOUNT", "total"),
        ({"description": ""}, "INVALID_INPUT", "description"),
        ({"key": "short"}, "INVALID_INPUT", "idempotencyKey"),
    ],
)
async def test_invalid_input_is_refused_and_splits_nothing(
    desk: Desk, records: Records, fields: dict[str, str], code: str, field: str
) -> None:
    ada, bob, cyd = await people(desk, 3)
    before = await records.checksum()
    refusal = await refused(desk, ada, [bob, cyd], **fields)
    assert (refusal.code, refusal.field) == (code, field)
    assert await records.checksum() == before


async def test_an_invalid_list_of_payers_is_refused(desk: Desk, records: Records) -> None:
    ada, bob, cyd = await people(desk, 3)
    yuki, gone, frozen = await person(desk, currency="JPY"), await person(desk), await person(desk)
    await records.close_wallet(gone)
    await records.freeze(frozen, "all")
    before = await records.checksum()
    crowd = [f"somebody_{n}" for n in range(MAX_PAYERS + 1)]
    for among, code in (
        ([], "INVALID_INPUT"),
        (crowd, "INVALID_INPUT"),
        ([bob.username, cyd.username, f"@{bob.username.upper()}"], "INVALID_INPUT"),
        ([bob.username, ada.username], "INVALID_INPUT"),
        ([bob.username, "nobody_at_all"], "RECIPIENT_NOT_FOUND"),
        ([bob.username, "not a name", "nor this"], "RECIPIENT_NOT_FOUND"),
        ([bob.username, gone.username], "RECIPIENT_NOT_FOUND"),
        ([bob.username, frozen.username], "RECIPIENT_NOT_FOUND"),
        ([yuki.username, "nobody_at_all"], "RECIPIENT_NOT_FOUND"),
        ([bob.username, yuki.username], "CURRENCY_MISMATCH"),
    ):
        refusal = await refused(desk, ada, among)
        assert (refusal.code, refusal.field) == (code, "among"), among
    assert await records.checksum() == before


@pytest.mark.parametrize(("state", "code"), [("closed", "WALLET_CLOSED"), ("all", "WALLET_FROZEN")])
async def test_a_closed_or_fully_frozen_wallet_cannot_split_a_bill(
    desk: Desk, records: Records, state: str, code: str
) -> None:
    ada, bob = await people(desk, 2)
    await (records.close_wallet(ada) if state == "closed" else records.freeze(ada, state))
    before = await records.checksum()
    refusal = await refused(desk, ada, [bob])
    assert (refusal.code, refusal.field) == (code, None)
    assert await records.checksum() == before


async def test_a_split_creates_all_requests_or_none(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms(open_requests=1, requests_per_day=3)
    ada, bob, cyd, dan, eve = await people(desk, 5)
    await new_money_request(desk, ada, bob, "1.00")
    before = await records.checksum()
    refusal = await refused(desk, ada, [cyd, dan, bob])
    assert (refusal.code, refusal.field) == ("RATE_LIMITED", "among")
    refusal = await refused(desk, ada, [cyd, dan, eve])
    assert (refusal.code, refusal.field) == ("RATE_LIMITED", None)
    assert await records.checksum() == before
    assert len((await split(desk, ada, [cyd, dan], "30.00")).answer.requests) == 2


# ---------------------------------------------------------------- repeated splits


async def test_repeating_a_split_with_its_key_returns_the_same_requests(desk: Desk, records: Records) -> None:
    ada, bob, cyd = await people(desk, 3)
    key = new_key()
    first = await split(desk, ada, [bob, cyd], "10", key=key)
    before = await records.checksum()
    again = await split(desk, ada, [f"@{bob.username}", cyd.username], "10.00", key=key)
    assert (again.answer.requests, again.my_share) == (first.answer.requests, first.my_share)
    assert (first.answer.replayed, again.answer.replayed) == (False, True)
    assert await records.checksum() == before


@pytest.mark.parametrize("other", ["order", "fewer", "total", "without me", "description"])
async def test_an_idempotency_key_is_valid_for_one_split_only(desk: Desk, records: Records, other: str) -> None:
    ada, bob, cyd = await people(desk, 3)
    key = new_key()
    await split(desk, ada, [bob, cyd], "10", key=key)
    before = await records.checksum()
    among = {"order": [cyd, bob], "fewer": [bob]}.get(other, [bob, cyd])
    refusal = await refused(
        desk,
        ada,
        among,
        "10.01" if other == "total" else "10",
        key=key,
        include_me=other != "without me",
        description="Lunch" if other == "description" else "Dinner",
    )
    assert isinstance(refusal, KeyReused)
    assert await records.checksum() == before
