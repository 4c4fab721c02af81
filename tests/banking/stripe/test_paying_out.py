"""Withdrawals through Stripe: a transfer and a payout, and the money in one place whatever happens."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from pocketpay.banking.bank import PENDING, SETTLED, BankReply, BankUnavailable, OrderState
from pocketpay.banking.stripe.kinds import Ending, Kind
from pocketpay.banking.stripe.once import end
from pocketpay.money import Money
from tests.banking.stripe.customers import Customer
from tests.stripe_stand_in.faults import Fault

POOR = {"event": "stripe_balance_insufficient", "log_level": "error"}


def state_of(customer: Customer) -> list[Any]:
    """Returns the statuses of all payouts, and whether each transfer is reversed."""
    payouts, transfers = customer.objects("payout"), customer.objects("transfer")
    return [[one["status"] for one in payouts], [one["reversed"] for one in transfers]]


async def test_a_withdrawal_is_a_transfer_and_a_payout_and_settled_when_it_is_paid(customer: Customer) -> None:
    link = await customer.withdrawal_link()
    customer.platform.top_up(10_000)
    order = customer.order(link, 2_000)
    assert await customer.bank.payout(order) == await customer.server().payout(order) == PENDING
    ((payout,), (transfer,)) = customer.objects("payout"), customer.objects("transfer")
    assert (payout["amount"], payout["method"], transfer["amount"]) == (2_000, "standard", 2_000)
    assert transfer["transfer_group"] == str(order.id)
    customer.platform.act("payouts", payout["id"], "pay")
    assert await customer.bank.payout(order) == await customer.server().payout(order) == SETTLED
    assert (len(customer.objects("payout")), len(customer.objects("transfer"))) == (1, 1)
    assert customer.platform.bank() == -2_000


async def test_an_instant_withdrawal_is_an_instant_payout(customer: Customer) -> None:
    link = await customer.withdrawal_link()
    customer.platform.top_up(1_000)
    assert await customer.bank.payout(customer.order(link, instant=True)) == PENDING
    assert [one["method"] for one in customer.objects("payout")] == ["instant"]


async def test_a_platform_without_balance_declines_nothing_and_pays_when_it_has_money_again(
    customer: Customer,
) -> None:
    order = customer.order(await customer.withdrawal_link(), 500)
    with capture_logs() as logs:
        for _ in range(3):
            assert await customer.bank.payout(order) == PENDING
    assert logs == [POOR | {"name": str(order.id)}] * 3
    assert customer.objects("transfer") == []
    customer.platform.top_up(500)
    assert await customer.bank.payout(order) == PENDING
    assert state_of(customer) == [["pending"], [False]]
    assert (await customer.stored(order.id))[Kind.TRANSFER].attempt == 3


async def test_a_payout_that_stripe_refuses_is_declined_after_the_transfer_is_reversed(customer: Customer) -> None:
    link = await customer.withdrawal_link()
    customer.platform.top_up(1_000)
    account = customer.account(link.reference)
    customer.platform.act("accounts", account, "onboard", outcome="verifying")
    world = customer.platform.stand_in.world
    kept = world.store.get(account)
    assert kept is not None
    world.store.put(kept | {"capabilities": {"transfers": "active"}}, "")
    order = customer.order(link)
    customer.fault(Fault.RATE_LIMIT, "POST /v1/transfers/*/reversals")
    with pytest.raises(BankUnavailable):
        await customer.bank.payout(order)
    assert (await customer.stored(order.id))[Kind.PAYOUT].ending is Ending.DECLINED
    assert state_of(customer) == [[], [False]]
    world.store.put(kept | {"payouts_enabled": True, "capabilities": {"transfers": "active"}}, "")
    await customer.end_leases()
    declined = OrderState(BankReply.DECLINED, why="payouts_not_allowed")
    assert await customer.bank.payout(order) == await customer.server().payout(order) == declined
    assert state_of(customer) == [[], [True]]


async def test_a_transfer_that_stripe_refuses_is_declined(customer: Customer) -> None:
    link = await customer.withdrawal_link(outcome="verifying")
    customer.platform.top_up(1_000)
    order = customer.order(link)
    declined = OrderState(BankReply.DECLINED, why="insufficient_capabilities_for_transfer")
    assert await customer.bank.payout(order) == declined
    customer.platform.act("accounts", customer.account(link.reference), "onboard")
    assert await customer.bank.payout(order) == declined
    assert state_of(customer) == [[], []]


@pytest.mark.parametrize("paid_first", [False, True], ids=["before", "after"])
async def test_a_payout_that_fails_brings_the_money_back(customer: Customer, paid_first: bool) -> None:
    link = await customer.withdrawal_link()
    customer.platform.top_up(1_000)
    order = customer.order(link)
    await customer.bank.payout(order)
    (payout,) = customer.objects("payout")
    if paid_first:
        customer.platform.act("payouts", payout["id"], "pay")
        assert await customer.bank.payout(order) == SETTLED
    customer.platform.act("payouts", payout["id"], "fail", code="account_closed")
    after = (
        OrderState(BankReply.SETTLED, 1_000, "account_closed")
        if paid_first
        else OrderState(BankReply.DECLINED, why="account_closed")
    )
    customer.fault(Fault.ERROR, "POST /v1/transfers/*/reversals")
    with pytest.raises(BankUnavailable):
        await customer.bank.payout(order)
    assert state_of(customer) == [["failed"], [False]]
    await customer.end_leases()
    assert await customer.bank.payout(order) == await customer.server().payout(order) == after
    assert state_of(customer) == [["failed"], [True]]
    assert len(customer.objects("transfer_reversal") or customer.objects("transfer")[0]["reversals"]["data"]) == 1


async def test_the_first_stored_ending_counts_when_servers_see_different_states(customer: Customer) -> None:
    link = await customer.withdrawal_link()
    customer.platform.top_up(1_000)
    order = customer.order(link)
    await customer.bank.payout(order)
    (payout,) = customer.objects("payout")
    stored = (await customer.stored(order.id))[Kind.PAYOUT]
    assert (await end(customer.database, stored, Ending.SETTLED)).ending is Ending.SETTLED
    assert (await end(customer.database, stored, Ending.DECLINED, "late")).ending is Ending.SETTLED
    customer.platform.act("payouts", payout["id"], "fail", code="no_account")
    assert await customer.bank.payout(order) == OrderState(BankReply.SETTLED, 1_000, "no_account")


async def test_a_decline_does_not_end_an_order_that_another_server_is_executing(customer: Customer) -> None:
    link = await customer.withdrawal_link()
    customer.platform.top_up(1_000)
    order = customer.order(link)
    before = replace(next(iter((await customer.stored(link.id)).values())), owner_id=order.id, kind=Kind.PAYOUT)
    unknown = replace(before, stripe_id=None, busy_until=None)
    await customer.bank.payout(order)
    with pytest.raises(BankUnavailable):
        await end(customer.database, unknown, Ending.DECLINED, "stale")
    assert (await customer.stored(order.id))[Kind.PAYOUT].ending is None


async def test_a_transfer_that_somebody_reversed_is_not_paid_out_of_other_money(customer: Customer) -> None:
    link = await customer.withdrawal_link()
    customer.platform.top_up(3_000)
    order = customer.order(link)
    customer.fault(Fault.RATE_LIMIT, "POST /v1/payouts")
    with pytest.raises(BankUnavailable):
        await customer.bank.payout(order)
    (transfer,) = customer.objects("transfer")
    await customer.platform.client.v1.transfers.reversals.create_async(transfer["id"])
    await customer.platform.transfer(customer.account(link.reference), 1_000)
    await customer.end_leases()
    assert await customer.bank.payout(order) == OrderState(BankReply.DECLINED, why="transfer_reversed")
    assert customer.objects("payout") == []


async def test_a_payout_whose_answer_was_lost_is_found_although_somebody_reversed_the_transfer(
    customer: Customer,
) -> None:
    link = await customer.withdrawal_link()
    customer.platform.top_up(3_000)
    order = customer.order(link)
    customer.fault(Fault.DROP_ANSWER, "POST /v1/payouts")
    with pytest.raises(BankUnavailable):
        await customer.bank.payout(order)
    await customer.platform.transfer(customer.account(link.reference), 1_000)
    (_, transfer) = customer.objects("transfer")
    await customer.platform.client.v1.transfers.reversals.create_async(transfer["id"])
    await customer.end_leases()
    assert await customer.bank.payout(order) == PENDING
    assert len(customer.objects("payout")) == 1


async def test_an_account_that_left_declines_nothing_that_is_under_way_and_every_new_order(
    customer: Customer,
) -> None:
    link = await customer.withdrawal_link()
    customer.platform.top_up(2_000)
    under_way = customer.order(link)
    assert await customer.bank.payout(under_way) == PENDING
    customer.platform.act("accounts", customer.account(link.reference), "deauthorise")
    with capture_logs() as logs, pytest.raises(BankUnavailable):
        await customer.bank.payout(under_way)
    assert [(one["event"], one["code"]) for one in logs] == [("stripe_object_unreadable", "account_invalid")]
    assert await customer.paid_out(customer.order(link)) is BankReply.DECLINED
    assert state_of(customer) == [["pending"], [False]]


async def test_many_servers_at_once_pay_once(customer: Customer) -> None:
    link = await customer.withdrawal_link()
    customer.platform.top_up(5_000)
    order = customer.order(link)
    answers = await asyncio.gather(*(customer.server().payout(order) for _ in range(5)), return_exceptions=True)
    assert {type(one) for one in answers} <= {OrderState, BankUnavailable}
    await customer.end_leases()
    assert await customer.bank.payout(order) == PENDING
    assert state_of(customer) == [["pending"], [False]]


async def test_an_order_without_a_link_to_pay_to_is_declined(customer: Customer) -> None:
    link = await customer.withdrawal_link()
    for order in (
        customer.order(None),
        customer.order(await customer.deposit_link()),
        replace(customer.order(link), amount=Money(100, "EUR")),
    ):
        assert await customer.bank.payout(order) == OrderState(BankReply.DECLINED, why="no_bank_account")
    assert customer.objects("transfer") == []
