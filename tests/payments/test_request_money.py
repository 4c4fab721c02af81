"""Requesting money: the new request, the refusals and their order, and what repeating it does."""

from datetime import timedelta

import pytest

from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.payments.cancel_request import cancel_request
from pocketpay.payments.decline_request import decline_request
from pocketpay.payments.desk import Desk
from pocketpay.requests.money_request import RequestStatus
from pocketpay.transactions.errors import KeyReused
from tests.clearing.instructions import all_told, answers, ask_of
from tests.payments.customers import (
    Person,
    Records,
    balance,
    new_key,
    new_money_request,
    people,
    person,
    request_money_from,
    terms,
)


async def refused(desk: Desk, requester: Person, of: Person | str, amount: str = "5.00", **more: str) -> Refusal:
    with pytest.raises(Refusal) as raised:
        await request_money_from(desk, requester, of, amount, **more)
    return raised.value


# ---------------------------------------------------------------- results


async def test_a_new_request_is_pending_and_moves_no_money(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2)
    before = await balance(desk, ada), await balance(desk, bob)
    answer = await request_money_from(desk, ada, bob, "12.50", description=" Lunch ")
    made = answer.requests[0]
    assert (made.requester_wallet_id, made.payer_wallet_id) == (ada.wallet_id, bob.wallet_id)
    assert (made.amount, made.description, made.version) == (Money(1_250, "USD"), "Lunch", 1)
    assert made.status is RequestStatus.PENDING
    assert made.created_at == made.updated_at == made.expires_at - timedelta(days=30)
    assert (answer.replayed, answer.refusal) == (False, None)
    assert answer.balance == before[0]
    assert (await balance(desk, ada), await balance(desk, bob)) == before
    kept = await records.request(made.id)
    assert (kept["status"], kept["amount"], kept["expires_at"]) == ("pending", 1_250, made.expires_at)


async def test_a_request_expires_after_the_days_of_the_setting(desk: Desk) -> None:
    desk.clearing.terms = terms(request_expire_days=3)
    ada, bob = await people(desk, 2)
    made = await new_money_request(desk, ada, bob, "1.00")
    assert made.expires_at - made.created_at == timedelta(days=3)


async def test_a_payer_is_found_with_an_at_sign_and_in_upper_or_lower_case(desk: Desk) -> None:
    ada, bob = await people(desk, 2)
    assert (await new_money_request(desk, ada, "@" + bob.username.upper(), "1.00")).payer_wallet_id == bob.wallet_id


async def test_a_wallet_frozen_for_debits_can_still_request_and_be_requested(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2)
    for one in (ada, bob):
        await records.freeze(one, "debits")
    assert (await new_money_request(desk, ada, bob, "1.00")).status is RequestStatus.PENDING


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"amount": "0"}, "INVALID_AMOUNT", "amount"),
        ({"amount": "1.001"}, "INVALID_AMOUNT", "amount"),
        ({"amount": "10000000000.01"}, "INVALID_AMOUNT", "amount"),
        ({"description": ""}, "INVALID_INPUT", "description"),
        ({"description": "x" * 501}, "INVALID_INPUT", "description"),
        ({"description": "two\nlines"}, "INVALID_INPUT", "description"),
        ({"key": "short"}, "INVALID_INPUT", "idempotencyKey"),
        ({"of": "nobody_at_all"}, "RECIPIENT_NOT_FOUND", "from"),
        ({"of": "not a name"}, "RECIPIENT_NOT_FOUND", "from"),
        ({"of": "\ud800\x00"}, "RECIPIENT_NOT_FOUND", "from"),
    ],
)
async def test_invalid_input_is_refused_and_creates_no_request(
    desk: Desk, records: Records, fields: dict[str, str], code: str, field: str
) -> None:
    ada, bob = await people(desk, 2)
    before = await records.checksum()
    inputs = {"of": bob.username, "amount": "1.00"} | fields
    refusal = await refused(desk, ada, inputs.pop("of"), inputs.pop("amount"), **inputs)
    assert (refusal.code, refusal.field) == (code, field)
    assert await records.checksum() == before


@pytest.mark.parametrize(
    ("whose", "state", "code", "field"),
    [
        ("payer", "closed", "RECIPIENT_NOT_FOUND", "from"),
        ("payer", "all", "RECIPIENT_NOT_FOUND", "from"),
        ("requester", "closed", "WALLET_CLOSED", None),
        ("requester", "all", "WALLET_FROZEN", None),
    ],
)
async def test_a_request_from_or_to_a_closed_or_fully_frozen_wallet_is_refused(
    desk: Desk, records: Records, whose: str, state: str, code: str, field: str | None
) -> None:
    ada, bob = await people(desk, 2)
    one = ada if whose == "requester" else bob
    await (records.close_wallet(one) if state == "closed" else records.freeze(one, state))
    before = await records.checksum()
    refusal = await refused(desk, ada, bob)
    assert (refusal.code, refusal.field) == (code, field)
    assert await records.checksum() == before


async def test_a_user_cannot_request_money_from_themselves(desk: Desk, records: Records) -> None:
    ada = await person(desk)
    before = await records.checksum()
    refusal = await refused(desk, ada, ada)
    assert (refusal.code, refusal.field) == ("SELF_TRANSFER", "from")
    assert await records.checksum() == before


async def test_a_request_across_currencies_is_refused(desk: Desk, records: Records) -> None:
    ada, yuki = await person(desk), await person(desk, currency="JPY")
    before = await records.checksum()
    for requester, of in ((ada, yuki), (yuki, ada)):
        refusal = await refused(desk, requester, of, "1")
        assert (refusal.code, refusal.field) == ("CURRENCY_MISMATCH", "from")
    assert await records.checksum() == before


async def test_open_requests_from_one_user_to_another_are_limited(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms(open_requests=2)
    ada, bob = await people(desk, 2)
    cyd = await person(desk)
    first, second = [await new_money_request(desk, ada, bob, "1.00") for _ in range(2)]
    before = await records.checksum()
    refusal = await refused(desk, ada, bob)
    assert (refusal.code, refusal.field) == ("RATE_LIMITED", "from")
    assert await records.checksum() == before
    await new_money_request(desk, ada, cyd, "1.00")
    await new_money_request(desk, bob, ada, "1.00")
    await decline_request(desk, bob.wallet_id, first.id)
    await new_money_request(desk, ada, bob, "1.00")
    await cancel_request(desk, ada.wallet_id, second.id)
    await new_money_request(desk, ada, bob, "1.00")
    assert (await refused(desk, ada, bob)).code == "RATE_LIMITED"


async def test_an_overdue_request_does_not_count_as_open(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms(open_requests=1)
    ada, bob = await people(desk, 2)
    made = await new_money_request(desk, ada, bob, "1.00")
    await records.make_request_overdue(made.id)
    assert (await new_money_request(desk, ada, bob, "1.00")).status is RequestStatus.PENDING


async def test_requests_from_one_wallet_are_limited_per_day(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms(requests_per_day=3)
    ada, *others = await people(desk, 5)
    made = [await new_money_request(desk, ada, one, "1.00") for one in others[:3]]
    await cancel_request(desk, ada.wallet_id, made[0].id)  # a cancelled request counts too
    before = await records.checksum()
    refusal = await refused(desk, ada, others[3])
    assert (refusal.code, refusal.field) == ("RATE_LIMITED", None)
    assert await records.checksum() == before
    await new_money_request(desk, others[0], others[1], "1.00")
    await records.connection.execute(
        "update money_requests set created_at = created_at - interval '25 hours' where id = $1", made[0].id
    )
    assert (await new_money_request(desk, ada, others[3], "1.00")).status is RequestStatus.PENDING


async def test_the_limits_of_money_requests_hold_within_one_unit_of_work(desk: Desk) -> None:
    ada, *others = await people(desk, 4)
    desk.clearing.terms = terms(open_requests=2, requests_per_day=5)
    orders = [ask_of(ada, of) for of in others for _ in range(3)]
    results = await all_told(*(desk.submit(order) for order in orders))
    codes = [one.code if isinstance(one, Refusal) else "made" for one in results]
    assert codes == ["made", "made", "RATE_LIMITED"] * 2 + ["made"] + ["RATE_LIMITED"] * 2
    assert len(answers(results)) == 5


# ---------------------------------------------------------------- which refusal comes first


async def test_request_refusals_come_in_order(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms(open_requests=1)
    ada, bob = await people(desk, 2)
    yuki = await person(desk, currency="JPY")
    await new_money_request(desk, ada, bob, "1.00")
    await records.freeze(ada, "all")
    assert (await refused(desk, ada, "nobody_at_all", "0")).code == "INVALID_AMOUNT"
    assert (await refused(desk, ada, "nobody_at_all")).code == "RECIPIENT_NOT_FOUND"
    assert (await refused(desk, ada, yuki, "1")).code == "CURRENCY_MISMATCH"
    assert (await refused(desk, ada, bob)).code == "WALLET_FROZEN"
    await records.freeze(ada, None)
    assert (await refused(desk, ada, bob)).code == "RATE_LIMITED"


# ---------------------------------------------------------------- repeated requests


async def test_repeating_a_request_with_its_key_returns_its_current_state(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2)
    key = new_key()
    first = await new_money_request(desk, ada, bob, "10", key=key)
    before = await records.checksum()
    again = await request_money_from(desk, ada, f"@{bob.username}", "10.00", key=key)
    assert (again.requests, again.replayed) == ((first,), True)
    assert await records.checksum() == before
    await decline_request(desk, bob.wallet_id, first.id)
    again = await request_money_from(desk, ada, bob, "10", key=key)
    assert (again.requests[0].id, again.requests[0].status) == (first.id, RequestStatus.DECLINED)


async def test_a_replay_comes_before_every_refusal(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms(open_requests=1, requests_per_day=1)
    ada, bob = await people(desk, 2)
    key = new_key()
    first = await new_money_request(desk, ada, bob, "10", key=key)
    await records.freeze(ada, "all")
    await records.close_wallet(bob)
    assert (await request_money_from(desk, ada, bob, "10", key=key)).requests[0].id == first.id


@pytest.mark.parametrize("other", [{"amount": "10.01"}, {"description": "Dinner"}, {"of": "somebody"}])
async def test_an_idempotency_key_is_valid_for_one_money_request_only(
    desk: Desk, records: Records, other: dict[str, str]
) -> None:
    ada, bob = await people(desk, 2)
    key = new_key()
    await new_money_request(desk, ada, bob, "10", key=key)
    before = await records.checksum()
    fields = {"of": bob.username, "amount": "10", "description": "Lunch"} | other
    refusal = await refused(desk, ada, fields.pop("of"), fields.pop("amount"), key=key, **fields)
    assert isinstance(refusal, KeyReused)
    assert await records.checksum() == before


async def test_a_replay_expires_an_overdue_request(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2)
    key = new_key()
    made = await new_money_request(desk, ada, bob, "10", key=key)
    await records.make_request_overdue(made.id)
    again = await request_money_from(desk, ada, bob, "10", key=key)
    assert (again.requests[0].status, again.requests[0].version, again.replayed) == (RequestStatus.EXPIRED, 2, True)
    assert (await records.request(made.id))["status"] == "expired"
