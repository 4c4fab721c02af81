"""The stand-in behaves like Stripe towards the official library."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from stripe import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    CardError,
    IdempotencyError,
    InvalidRequestError,
    PermissionError,
    RateLimitError,
    SetupIntent,
    StripeClient,
    StripeError,
)

from tests.stripe_stand_in.client import InProcess, client_of
from tests.stripe_stand_in.control import ACTS
from tests.stripe_stand_in.customers import Platform
from tests.stripe_stand_in.debits import SMALLEST
from tests.stripe_stand_in.errors import Refusal
from tests.stripe_stand_in.faults import Fault, Ordered
from tests.stripe_stand_in.processes import process
from tests.stripe_stand_in.progress import advance, settle_due
from tests.stripe_stand_in.stand_in import KEY, stand_in
from tests.stripe_stand_in.world import DAY

Call = Callable[[], Awaitable[object]]


async def refused(error: type[StripeError], call: Awaitable[object]) -> str | None:
    """Returns the code of the refusal."""
    with pytest.raises(error) as met:
        await call
    assert type(met.value) is error
    return met.value.code


async def test_a_debit_is_processing_then_succeeds_or_fails(platform: Platform) -> None:
    customer, method = await platform.linked()
    good, bad = [await platform.debit(customer, method, amount) for amount in (1_000, 700)]
    assert {good.status, bad.status} == {"processing"}
    platform.act("payment_intents", good.id, "settle")
    platform.act("payment_intents", bad.id, "decline", code="no_account")
    intents = platform.client.v1.payment_intents
    good, bad = await intents.retrieve_async(good.id), await intents.retrieve_async(bad.id)
    assert (good.status, good.amount_received) == ("succeeded", 1_000)
    assert bad.status == "requires_payment_method"
    assert bad.last_payment_error is not None
    assert bad.last_payment_error.code == "no_account"
    assert platform.bank() == 1_000
    with pytest.raises(Refusal):
        platform.act("payment_intents", good.id, "settle")
    assert await refused(InvalidRequestError, intents.cancel_async(good.id)) == "payment_intent_unexpected_state"
    assert (await intents.cancel_async(bad.id)).status == "canceled"


async def test_a_dispute_takes_money_back_and_a_won_one_returns_it(platform: Platform) -> None:
    customer, method = await platform.linked()
    for status, left in (("lost", 600), ("needs_response", 1_200)):
        intent = await platform.debit(customer, method)
        platform.act("payment_intents", intent.id, "settle")
        found = platform.act("charges", str(intent.latest_charge), "dispute", amount=400, status=status)
        assert platform.bank() == left
        with pytest.raises(Refusal):
            platform.act("charges", str(intent.latest_charge), "dispute")
    assert (await platform.client.v1.disputes.retrieve_async(found["id"])).status == "needs_response"
    platform.act("disputes", found["id"], "close", status="won")
    assert platform.bank() == 1_600


async def test_a_withdrawal_is_a_transfer_and_a_payout_of_the_account(platform: Platform) -> None:
    account = await platform.account()
    assert await refused(InvalidRequestError, platform.transfer(account)) == "balance_insufficient"
    platform.top_up(1_000)
    transfer = await platform.transfer(account)
    payout = await platform.payout(account)
    assert await refused(InvalidRequestError, platform.payout(account)) == "balance_insufficient"
    assert (
        await refused(InvalidRequestError, platform.client.v1.payouts.retrieve_async(payout.id)) == "resource_missing"
    )
    platform.act("payouts", payout.id, "pay")
    assert platform.bank() == -400
    platform.act("payouts", payout.id, "fail", code="account_closed")
    found = await platform.client.v1.payouts.retrieve_async(payout.id, {}, {"stripe_account": account})
    assert (found.status, found.failure_code) == ("failed", "account_closed")
    assert platform.bank() == 0
    await platform.client.v1.transfers.reversals.create_async(transfer.id, {"amount": 150})
    balance = await platform.client.v1.balance.retrieve_async()
    assert balance.available[0].amount == 750


@pytest.mark.parametrize("outcome", ["abandoned", "verifying", "rejected"])
async def test_an_account_that_is_not_verified_gets_no_money(platform: Platform, outcome: str) -> None:
    platform.top_up(1_000)
    account = await platform.account(outcome)
    assert await refused(InvalidRequestError, platform.transfer(account)) == "insufficient_capabilities_for_transfer"
    assert await refused(InvalidRequestError, platform.payout(account)) == "payouts_not_allowed"


async def test_a_deauthorised_account_cannot_be_used(platform: Platform) -> None:
    account = await platform.account()
    platform.act("accounts", account, "deauthorise")
    await refused(PermissionError, platform.payout(account))
    await refused(PermissionError, platform.payout("acct_of_others"))


async def test_a_detached_or_foreign_or_unverified_payment_method_is_refused(platform: Platform) -> None:
    customer, method = await platform.linked()
    other = await platform.customer()
    await refused(InvalidRequestError, platform.debit(other, method))
    await refused(InvalidRequestError, platform.debit(customer, method, currency="eur"))
    platform.act("checkout", await platform.session(other), "finish", microdeposits=True)
    (slow,) = (await platform.client.v1.payment_methods.list_async({"customer": other})).data
    assert await refused(InvalidRequestError, platform.debit(other, slow.id)) == "payment_method_unactivated"
    await platform.client.v1.payment_methods.detach_async(method)
    await refused(InvalidRequestError, platform.debit(customer, method))


async def test_parameters_are_checked_by_the_library_s_own_types(platform: Platform) -> None:
    raw = platform.client.raw_request_async
    wrong: list[tuple[dict[str, Any], str | None, str]] = [
        (
            {"amount": 1_000, "currency": "usd", "payment_method_types": ["card"]},
            "parameter_unknown",
            "payment_method_types",
        ),
        ({"amount": "ten", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": 1_000}, "parameter_missing", "currency"),
        ({"amount": 1_000, "currency": "usd", "capture_method": "never"}, None, "capture_method"),
        ({"amount": 1_000, "currency": "usd", "confirm": "perhaps"}, None, "confirm"),
        ({"amount": SMALLEST - 1, "currency": "usd"}, "amount_too_small", "amount"),
        ({"amount": 1_000, "currency": "usd", "customer": "cus_x"}, "resource_missing", "customer"),
        ({"amount": 1_000, "currency": "usd", "expand": ["latest_friend"]}, None, "expand"),
    ]
    for given, code, param in wrong:
        with pytest.raises(InvalidRequestError) as met:
            await raw("post", "/v1/payment_intents", **given)
        assert (met.value.code, met.value.param) == (code, param)
    assert (await platform.client.v1.payment_intents.list_async()).data == []
    await refused(InvalidRequestError, raw("get", "/v1/issuing/cards"))


async def test_key_version_and_control_are_checked(platform: Platform) -> None:
    made = platform.stand_in
    await refused(AuthenticationError, client_of(made, key="sk_test_other").v1.customers.list_async())
    old: Any = {"api": made.world.base}
    client = StripeClient(KEY, base_addresses=old, http_client=InProcess(made), stripe_version="2020-08-27")
    await refused(InvalidRequestError, client.v1.customers.list_async())
    async with httpx.AsyncClient(transport=made.transport(), base_url=made.world.base) as http:
        assert (await http.get("/v1/customers")).status_code == 401
        assert (await http.get("/control/total")).status_code == 200
        made.with_control = False
        assert (await http.get("/control/total")).status_code == 403


async def test_a_repeated_key_is_answered_as_before_for_24_hours(platform: Platform) -> None:
    customer, method = await platform.linked()
    first = await platform.debit(customer, method, key="order-1")
    platform.act("payment_intents", first.id, "settle")
    again = await platform.debit(customer, method, key="order-1")
    assert (again.id, again.status) == (first.id, "processing")
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    await refused(IdempotencyError, platform.debit(customer, method, 2_000, key="order-1"))
    platform.stand_in.world.store.set("clock_ahead", DAY + 60)
    new = await platform.debit(customer, method, key="order-1")
    assert new.id != first.id


async def test_keys_of_different_accounts_are_different(platform: Platform) -> None:
    platform.top_up(1_000)
    ids = set()
    for account in (await platform.account(), await platform.account()):
        await platform.transfer(account)
        options: Any = {"stripe_account": account, "idempotency_key": "same"}
        ids.add((await platform.client.v1.payouts.create_async({"amount": 100, "currency": "usd"}, options)).id)
    assert len(ids) == 2


async def test_a_refused_parameter_is_not_saved_and_a_decline_is(platform: Platform) -> None:
    customer, method = await platform.linked()
    await refused(InvalidRequestError, platform.debit(customer, method, 1, key="order-1"))
    platform.act("payment_methods", method, "plan", outcome="declined_at_once", code="account_closed")
    for _ in range(2):
        assert await refused(CardError, platform.debit(customer, method, key="order-1")) == "account_closed"
    (intent,) = (await platform.client.v1.payment_intents.list_async()).data
    assert intent.status == "requires_payment_method"


async def test_a_key_in_use_is_a_conflict(platform: Platform) -> None:
    customer, method = await platform.linked()
    platform.stand_in.api.faults.ordered.append(Ordered(Fault.DELAY, "POST /v1/payment_intents", seconds=30))
    slow = asyncio.create_task(platform.debit(customer, method, key="order-1"))
    while not platform.stand_in.api.in_progress:  # noqa: ASYNC110 (a turn of the loop, no waiting)
        await asyncio.sleep(0)
    with pytest.raises(APIError) as met:
        await platform.debit(customer, method, key="order-1")
    assert met.value.http_status == 409
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)
    assert platform.stand_in.api.in_progress == set()


@pytest.mark.parametrize(
    ("fault", "error", "was_done", "then"),
    [
        (Fault.DROP, APIConnectionError, False, None),
        (Fault.DROP_ANSWER, APIConnectionError, True, None),
        (Fault.RATE_LIMIT, RateLimitError, False, None),
        (Fault.ERROR, APIError, False, None),
        (Fault.ERROR_ANSWER, APIError, True, None),
        (Fault.ERROR_SAVED, APIError, False, APIError),
        (Fault.ERROR_AFTER, APIError, True, APIError),
    ],
)
async def test_a_fault_does_it_or_not(
    platform: Platform, fault: Fault, error: type[StripeError], was_done: bool, then: type[StripeError] | None
) -> None:
    customer, method = await platform.linked()
    platform.stand_in.api.faults.ordered.append(Ordered(fault, "POST /v1/payment_*"))
    await refused(error, platform.debit(customer, method, key="order-1"))
    assert len((await platform.client.v1.payment_intents.list_async()).data) == was_done
    if then is None:
        await platform.debit(customer, method, key="order-1")
        assert len((await platform.client.v1.payment_intents.list_async()).data) == 1
    else:
        await refused(then, platform.debit(customer, method, key="order-1"))
        assert len((await platform.client.v1.payment_intents.list_async()).data) == was_done
    assert platform.stand_in.api.faults.met == {fault: 1}


async def test_the_library_s_own_retries_do_it_once(platform: Platform) -> None:
    customer, method = await platform.linked()
    platform.client = client_of(platform.stand_in, retries=2)
    for fault in (Fault.DROP_ANSWER, Fault.ERROR_ANSWER):
        platform.stand_in.api.faults.ordered.append(Ordered(fault))
    await platform.debit(customer, method)
    assert len((await platform.client.v1.payment_intents.list_async()).data) == 1


async def test_lists_have_pages_and_filters(platform: Platform) -> None:
    customer, method = await platform.linked()
    other, its_method = await platform.linked()
    wanted = [(await platform.debit(customer, method)).id for _ in range(5)]
    await platform.debit(other, its_method)
    intents = platform.client.v1.payment_intents
    found = [
        one.id async for one in (await intents.list_async({"customer": customer, "limit": 2})).auto_paging_iter()
    ]
    assert found == wanted[::-1]
    before = await intents.list_async({"ending_before": found[3], "limit": 2})
    assert ([one.id for one in before.data], before.has_more) == (found[1:3], True)
    now = platform.stand_in.world.now()
    assert (await intents.list_async({"created": {"gt": now + 60}})).data == []
    await refused(InvalidRequestError, intents.list_async({"limit": 101}))


async def test_a_search_finds_new_objects_only_after_a_minute(platform: Platform) -> None:
    customer, method = await platform.linked()
    await platform.debit(customer, method)
    query = {"query": "metadata['order']:'order-1' AND status:'processing'"}
    search: Any = platform.client.v1.payment_intents.search_async
    assert (await search(query)).data == []
    platform.stand_in.world.store.set("clock_ahead", 61)
    assert len((await search(query)).data) == 1
    assert (await search({"query": "metadata['order']:'order-2'"})).data == []


async def test_a_session_of_yesterday_has_expired(platform: Platform) -> None:
    session = await platform.session(await platform.customer())
    platform.stand_in.world.store.set("clock_ahead", DAY)
    advance(platform.stand_in.world)
    found = await platform.client.v1.checkout.sessions.retrieve_async(session, {"expand": ["setup_intent"]})
    assert found.status == "expired"
    assert isinstance(found.setup_intent, SetupIntent)
    assert found.setup_intent.status == "canceled"


async def test_plans_say_how_open_orders_end(platform: Platform) -> None:
    customer, method = await platform.linked()
    await platform.debit(customer, method)
    platform.act("payment_methods", method, "plan", outcome="declined", code="account_closed")
    with platform.stand_in.world.store.transaction():
        assert settle_due(platform.stand_in.world, float("inf")) == 1
    assert platform.stand_in.world.store.crossed() == []


async def test_the_hosted_pages_send_the_customer_back(platform: Platform) -> None:
    made = platform.stand_in
    async with httpx.AsyncClient(transport=made.transport(), base_url=made.world.base) as http:
        session = await platform.session(await platform.customer())
        page = f"/hosted/checkout/{session}"
        assert "Link this account" in (await http.get(page)).text
        done = await http.post(page, data={"outcome": "finished", "last4": "1234"})
        assert (done.status_code, done.headers["location"]) == (303, "https://pay.example/done")
        assert (await http.post(page, data={"outcome": "finished"})).status_code == 400
        assert (await http.get("/hosted/checkout/nothing")).status_code == 404
    assert (await platform.client.v1.checkout.sessions.retrieve_async(session)).status == "complete"


async def test_unknown_control_requests_are_refused(platform: Platform) -> None:
    made = platform.stand_in
    async with httpx.AsyncClient(transport=made.transport(), base_url=made.world.base) as http:
        for path, body in (
            ("nothing", {}),
            ("clock", {}),
            ("faults", {"fault": "flood"}),
            ("webhook", {"delivery": "x"}),
        ):
            assert (await http.post(f"/control/{path}", json=body)).status_code in (400, 404)
        for things, verb in ACTS:
            assert (await http.post(f"/control/{things}/x/{verb}", json={})).status_code == 400


async def test_the_state_is_in_the_file(tmp_path: Path) -> None:
    first = Platform.of(stand_in(tmp_path / "state"))
    customer, method = await first.linked()
    intent = await first.debit(customer, method, key="order-1")
    second = Platform.of(stand_in(tmp_path / "state"))  # the first is not closed: nothing is written at its end
    assert (await second.debit(customer, method, key="order-1")).id == intent.id
    second.act("payment_intents", intent.id, "settle")
    assert (await first.client.v1.payment_intents.retrieve_async(intent.id)).status == "succeeded"
    first.stand_in.close()
    second.stand_in.close()


def test_a_process_closes_the_connection_of_a_dropped_request_and_survives_a_kill(tmp_path: Path) -> None:
    """The only test with a process: the socket and the file are what it proves."""
    with process(tmp_path) as first:
        first.control("POST", "faults", {"fault": "drop_answer", "match": "POST /v1/customers"})
        with pytest.raises(httpx.RemoteProtocolError):
            first.post("customers", key="order-1", email="ada@example.com")
        first.kill()
        with pytest.raises(httpx.ConnectError):
            first.post("customers", key="order-1", email="ada@example.com")
    with process(tmp_path) as second:
        made = second.post("customers", key="order-1", email="ada@example.com")
        assert made.headers["Idempotent-Replayed"] == "true"
        assert second.control("GET", "total")["is_conserved"]
