"""Links to bank accounts in Stripe's hosted pages."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from pocketpay.banking.bank import BankReply, BankUnavailable, BankUse, LinkStatus
from pocketpay.banking.stripe.kinds import Kind
from pocketpay.banking.stripe.linking import METHODS, supported
from tests.banking.stripe.customers import APP, Customer
from tests.stripe_stand_in.faults import Fault


@pytest.mark.parametrize("currency", ["USD", "EUR"])
async def test_a_link_for_deposits_is_a_checkout_session_that_the_customer_finishes(
    customer: Customer, currency: str
) -> None:
    link = customer.link(BankUse.DEPOSIT, currency)
    opened, again = await customer.bank.open_link(link), await customer.server().open_link(link)
    assert opened == again
    assert opened.state.status is LinkStatus.PENDING
    assert opened.url is not None
    (session,) = customer.objects("checkout.session")
    assert (session["mode"], session["payment_method_types"]) == ("setup", [METHODS[currency]])
    assert session["success_url"] == f"{APP}?linked={link.id}"
    customer.platform.act("checkout", session["id"], "finish", last4="6789")
    link = replace(link, reference=opened.state.reference)
    state = await customer.bank.link_state(link)
    assert (state.status, state.last4, state.uses) == (LinkStatus.ACTIVE, "6789", (BankUse.DEPOSIT,))
    assert (await customer.bank.open_link(link)).url is None
    stored = await customer.stored(link.id)
    assert stored.keys() == {Kind.SESSION, Kind.PAYMENT_METHOD, Kind.MANDATE}
    assert await customer.collected(customer.order(link)) is BankReply.PENDING


async def test_all_links_of_a_user_are_of_one_customer_and_one_connected_account(customer: Customer) -> None:
    for use in (BankUse.DEPOSIT, BankUse.WITHDRAWAL):
        references = [(await customer.bank.open_link(customer.link(use))).state.reference for _ in range(2)]
        assert len(set(references)) == 2
    assert len(customer.objects("customer")) == len(customer.objects("account")) == 1


async def test_a_session_that_nobody_finishes_fails(customer: Customer) -> None:
    link = customer.link(BankUse.DEPOSIT)
    opened = await customer.bank.open_link(link)
    customer.platform.act("checkout", opened.state.reference, "abandon")
    assert (await customer.bank.open_link(link)).state.status is LinkStatus.FAILED
    assert (await customer.bank.link_state(replace(link, reference=opened.state.reference))).last4 == ""


@pytest.mark.parametrize(("verified", "status"), [(True, LinkStatus.ACTIVE), (False, LinkStatus.FAILED)])
async def test_small_deposits_verify_an_account(customer: Customer, verified: bool, status: LinkStatus) -> None:
    link = customer.link(BankUse.DEPOSIT)
    session = (await customer.bank.open_link(link)).state.reference
    customer.platform.act("checkout", session, "finish", microdeposits=True)
    opened = await customer.bank.open_link(link)
    assert opened.state.status is LinkStatus.PENDING
    assert opened.url is not None
    assert "microdeposits" in opened.url
    customer.platform.act("setup_intents", customer.objects("setup_intent")[0]["id"], "verify", verified=verified)
    assert (await customer.bank.link_state(replace(link, reference=session))).status is status


async def test_a_removed_link_for_deposits_pays_nothing_and_removing_is_idempotent(customer: Customer) -> None:
    link = await customer.deposit_link()
    for _ in range(2):
        await customer.bank.remove_link(link)
    assert (await customer.bank.link_state(link)).status is LinkStatus.REMOVED
    unfinished = customer.link(BankUse.DEPOSIT)
    unfinished = replace(unfinished, reference=(await customer.bank.open_link(unfinished)).state.reference)
    for _ in range(2):
        await customer.bank.remove_link(unfinished)
    assert (await customer.bank.link_state(unfinished)).status is LinkStatus.FAILED


async def test_a_link_for_withdrawals_is_active_when_the_account_is_onboarded(customer: Customer) -> None:
    link = customer.link(BankUse.WITHDRAWAL)
    first, again = await customer.bank.open_link(link), await customer.bank.open_link(link)
    assert first.state == again.state
    assert first.state.status is LinkStatus.PENDING
    assert first.url
    assert first.url != again.url  # a page of the onboarding can be opened once
    link = replace(link, reference=first.state.reference)
    account = customer.account(link.reference)
    (made,) = customer.objects("account")
    assert made["settings"]["payouts"]["schedule"]["interval"] == "manual"
    for outcome, status in (("verifying", LinkStatus.PENDING), ("finished", LinkStatus.ACTIVE)):
        customer.platform.act("accounts", account, "onboard", outcome=outcome, last4="4321")
        assert (await customer.bank.link_state(link)).status is status
    state = await customer.bank.link_state(link)
    assert (state.last4, state.uses, state.reference) == ("4321", (BankUse.WITHDRAWAL,), link.reference)
    assert (await customer.bank.open_link(link)).url is None
    await customer.bank.remove_link(link)
    assert (await customer.bank.link_state(link)).status is LinkStatus.ACTIVE  # the account is the user's


async def test_an_account_that_stripe_rejects_fails_and_one_that_leaves_is_removed(customer: Customer) -> None:
    link = await customer.withdrawal_link(outcome="rejected")
    assert (await customer.bank.link_state(link)).status is LinkStatus.FAILED
    await customer.platform.client.v1.accounts.delete_async(customer.account(link.reference))
    assert (await customer.bank.link_state(link)).status is LinkStatus.REMOVED


async def test_an_account_without_a_bank_account_in_the_currency_stays_pending(customer: Customer) -> None:
    link = await customer.withdrawal_link("EUR")
    assert (await customer.bank.link_state(link)).status is LinkStatus.PENDING


@pytest.mark.parametrize(("currency", "use"), [("JPY", BankUse.DEPOSIT), ("KWD", BankUse.WITHDRAWAL)])
async def test_a_currency_that_stripe_has_no_bank_account_for_fails_at_once(
    customer: Customer, currency: str, use: BankUse
) -> None:
    assert not supported(currency, use)
    with capture_logs() as logs:
        opened = await customer.bank.open_link(customer.link(use, currency))
    assert (opened.state.status, opened.state.reference, opened.url) == (LinkStatus.FAILED, "", None)
    assert [one["event"] for one in logs] == ["stripe_currency_not_supported"]
    assert customer.objects("customer") == customer.objects("account") == []


@pytest.mark.parametrize("use", list(BankUse))
async def test_a_link_whose_answer_was_lost_is_opened_again_with_the_same_objects(
    customer: Customer, use: BankUse
) -> None:
    link = customer.link(use)
    for match in ("POST /v1/customers", "POST /v1/checkout/sessions", "POST /v1/accounts", "POST /v1/account_links"):
        customer.fault(Fault.DROP_ANSWER, match)
    for _ in range(2):
        with pytest.raises(BankUnavailable):
            await customer.bank.open_link(link)
        await customer.end_leases()
    assert (await customer.bank.open_link(link)).url is not None
    assert {len(customer.objects(kind)) for kind in ("customer", "checkout.session", "account")} == {0, 1}
