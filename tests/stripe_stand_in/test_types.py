"""Every object of the stand-in is compared with the library's own types, field by field."""

from typing import Any

import pytest
from stripe import Charge, ErrorObject, StripeError

from tests.stripe_stand_in.customers import Platform
from tests.stripe_stand_in.types import OBJECTS, class_of, differences


async def live(platform: Platform) -> None:
    """Brings every kind of object into each of its states."""
    platform.top_up(10_000)
    for currency in ("usd", "eur"):
        customer, method = await platform.linked(currency)
        for end in ("", "settle", "decline", "dispute", "won"):
            intent = await platform.debit(customer, method, currency=currency)
            if end in ("settle", "decline"):
                platform.act("payment_intents", intent.id, end)
            elif end:
                platform.act("payment_intents", intent.id, "settle")
                status = "lost" if end == "dispute" else "needs_response"
                disputed = platform.act("charges", str(intent.latest_charge), "dispute", status=status)
                if end == "won":
                    platform.act("disputes", disputed["id"], "close", status="won")
    for verified in (True, False):
        session = await platform.session(customer, "eur")
        platform.act("checkout", session, "finish", microdeposits=True)
        setup = platform.stand_in.world.store.newest_first("setup_intent")[0]["id"]
        platform.act("setup_intents", setup, "verify", verified=verified)
    await platform.client.v1.payment_methods.detach_async(method)
    await platform.client.v1.checkout.sessions.expire_async(await platform.session(customer, "eur"))
    await platform.session(customer, "eur")
    for outcome in ("abandoned", "verifying", "rejected", "finished"):
        account = await platform.account(outcome)
    for end in ("", "send", "pay", "fail"):
        transfer = await platform.transfer(account)
        payout = await platform.payout(account)
        if end:
            platform.act("payouts", payout.id, end)
    await platform.client.v1.transfers.reversals.create_async(transfer.id, {"amount": 150})
    canceled = await platform.payout(account, 250)
    await platform.client.v1.payouts.cancel_async(canceled.id, {}, {"stripe_account": account})


async def test_every_object_has_the_fields_of_the_library_s_types(platform: Platform) -> None:
    await live(platform)
    found: list[str] = []
    for kind in OBJECTS.keys() - {"account_link", "balance"}:
        objects = platform.stand_in.world.store.newest_first(kind)
        assert objects, kind
        for one in objects:
            found += differences(one, class_of(kind), kind)
            if kind == "event":
                held = one["data"]["object"]
                found += differences(held, class_of(held["object"]), f"{one['type']} {held['object']}")
    balance = await platform.client.v1.balance.retrieve_async()
    found += differences(balance.to_dict(), class_of("balance"), "balance")
    link = await platform.client.v1.account_links.create_async(
        {
            "account": await platform.account(),
            "type": "account_onboarding",
            "refresh_url": "https://pay.example/again",
            "return_url": "https://pay.example/done",
        }
    )
    found += differences(link.to_dict(), class_of("account_link"), "account_link")
    assert not found, "\n".join(found)
    assert platform.bank() == 2_000 - 1_200


async def test_lists_and_errors_have_the_fields_of_the_library_s_types(platform: Platform) -> None:
    customer, method = await platform.linked()
    await platform.debit(customer, method)
    expanded = ["data.latest_charge", "data.payment_method", "data.customer"]
    listed = await platform.client.v1.payment_intents.list_async({"customer": customer, "expand": expanded})
    (one,) = listed.data
    assert isinstance(one.latest_charge, Charge)
    assert list(differences(one.to_dict(), class_of("payment_intent"))) == []
    platform.act("payment_methods", method, "plan", outcome="declined_at_once")
    with pytest.raises(StripeError) as declined:
        await platform.debit(customer, method)
    with pytest.raises(StripeError) as missing:
        await platform.client.v1.payouts.retrieve_async("po_x")
    for error in (declined.value, missing.value):
        body: Any = error.json_body
        assert list(differences(body["error"], ErrorObject)) == []


def test_a_wrong_field_value_or_type_is_found() -> None:
    payout = {
        "id": "po_1",
        "object": "payout",
        "amount": "5",
        "arrival_date": True,
        "automatic": False,
        "created": 1,
        "currency": "usd",
        "livemode": False,
        "method": "standard",
        "reconciliation_status": "perhaps",
        "source_type": "card",
        "state": "paid",
        "type": "bank_account",
        "trace_id": {"value": None},
    }
    assert sorted(one.partition(" ")[0] for one in differences(payout, class_of("payout"))) == [
        ".amount:",
        ".arrival_date:",
        ".reconciliation_status:",
        ".state:",
        ".status:",
        ".trace_id.status:",
    ]
