"""Deposits through Stripe: each order becomes one payment, whose end is final."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from pocketpay.banking.bank import PENDING, SETTLED, BankReply, BankUnavailable, OrderState
from pocketpay.money import Money
from tests.banking.stripe.customers import Customer
from tests.stripe_stand_in.faults import Fault


async def test_a_deposit_is_pending_until_the_bank_has_paid_and_is_one_payment(customer: Customer) -> None:
    order = customer.order(await customer.deposit_link(), 1_250)
    assert await customer.bank.collect(order) == PENDING
    assert await customer.bank.collect(order) == PENDING
    (intent,) = customer.objects("payment_intent")
    assert (intent["amount"], intent["currency"]) == (1_250, "usd")
    assert intent["metadata"] == {"transaction_id": str(order.id)}
    customer.platform.act("payment_intents", intent["id"], "settle")
    assert await customer.bank.collect(order) == SETTLED
    assert await customer.server().collect(order) == SETTLED
    assert len(customer.objects("payment_intent")) == 1
    assert customer.platform.bank() == 1_250


async def test_a_payment_that_the_bank_refused_is_canceled_before_the_order_is_declined(customer: Customer) -> None:
    order = customer.order(await customer.deposit_link())
    assert await customer.bank.collect(order) == PENDING
    (intent,) = customer.objects("payment_intent")
    customer.platform.act("payment_intents", intent["id"], "decline", code="insufficient_funds")
    customer.fault(Fault.RATE_LIMIT, "POST /v1/payment_intents/*/cancel")
    with pytest.raises(BankUnavailable):
        await customer.bank.collect(order)
    assert await customer.bank.collect(order) == OrderState(BankReply.DECLINED, why="insufficient_funds")
    assert customer.objects("payment_intent")[0]["status"] == "canceled"
    assert await customer.server().collect(order) == OrderState(BankReply.DECLINED, why="insufficient_funds")


async def test_a_payment_that_is_refused_at_once_is_canceled_too(customer: Customer) -> None:
    link = await customer.deposit_link()
    (method,) = customer.objects("payment_method")
    customer.platform.act("payment_methods", method["id"], "plan", outcome="declined_at_once", code="no_account")
    order = customer.order(link)
    assert await customer.bank.collect(order) == OrderState(BankReply.DECLINED, why="no_account")
    assert [one["status"] for one in customer.objects("payment_intent")] == ["canceled"]
    assert await customer.collected(order) is BankReply.DECLINED


async def test_only_a_lost_dispute_is_returned(customer: Customer) -> None:
    link = await customer.deposit_link()
    for status, returned in (("lost", 400), ("needs_response", 0)):
        order = customer.order(link)
        await customer.bank.collect(order)
        intent = customer.objects("payment_intent")[0]
        customer.platform.act("payment_intents", intent["id"], "settle")
        assert await customer.bank.collect(order) == SETTLED
        charge = customer.objects("payment_intent")[0]["latest_charge"]
        made = customer.platform.act("charges", charge, "dispute", amount=400, reason="fraudulent", status=status)
        state = await customer.bank.collect(order)
        assert (state.reply, state.returned) == (BankReply.SETTLED, returned)
    assert await customer.bank.collect(order) == SETTLED
    customer.platform.act("disputes", made["id"], "close", status="lost")
    assert await customer.bank.collect(order) == OrderState(BankReply.SETTLED, 400, "fraudulent")


async def test_an_order_that_no_link_can_pay_is_declined_without_a_call(customer: Customer) -> None:
    deposit, withdrawal = await customer.deposit_link(), await customer.withdrawal_link()
    requests = len(customer.objects("payment_intent"))
    for order in (
        customer.order(None),
        customer.order(withdrawal),
        replace(customer.order(deposit), amount=Money(100, "EUR")),
    ):
        assert await customer.bank.collect(order) == OrderState(BankReply.DECLINED, why="no_bank_account")
        assert await customer.bank.collect(order) == OrderState(BankReply.DECLINED, why="no_bank_account")
    assert len(customer.objects("payment_intent")) == requests


async def test_an_order_of_a_removed_link_is_declined(customer: Customer) -> None:
    link = await customer.deposit_link()
    await customer.bank.remove_link(link)
    assert (await customer.collected(customer.order(link))) is BankReply.DECLINED
    assert customer.objects("payment_intent") == []


async def test_a_key_that_stripe_refuses_declines_nothing(customer: Customer) -> None:
    order = customer.order(await customer.deposit_link())
    with capture_logs() as logs, pytest.raises(BankUnavailable):
        await customer.server(key="sk_test_of_another_account").collect(order)
    assert [one["event"] for one in logs] == ["stripe_misconfigured"]
    assert "sk_test" not in str(logs)
    await customer.end_leases()
    assert await customer.collected(order) is BankReply.PENDING


async def test_an_amount_at_stripe_that_differs_from_the_order_settles_nothing(customer: Customer) -> None:
    order = customer.order(await customer.deposit_link(), 1_000)
    await customer.bank.collect(order)
    customer.platform.act("payment_intents", customer.objects("payment_intent")[0]["id"], "settle")
    with capture_logs() as logs, pytest.raises(BankUnavailable):
        await customer.bank.collect(replace(order, amount=Money(100_000, "USD")))
    assert [one["event"] for one in logs] == ["stripe_amount_differs"]
    assert await customer.bank.collect(order) == SETTLED
