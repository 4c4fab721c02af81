"""Links to bank accounts, in Stripe's hosted pages. No account number reaches this server.

    deposits      a Checkout session in setup mode, on the one Customer of the user, which ends with a payment method.
                  Its reference is the session's id
    withdrawals   hosted onboarding of the one connected account of the user. Its reference is the account's id and
                  the link's, because several links can have one account. Payouts go to the account's default bank
                  account for the currency, which `last4` describes

A session that is not finished within a day expires, and the link fails. Onboarding can be continued at any time.
"""

from dataclasses import dataclass
from typing import Any, cast

import stripe
import structlog
from stripe.params import AccountCreateParams, CustomerCreateParams
from stripe.params.checkout import SessionCreateParams

from pocketpay.banking.bank import BankUnavailable, BankUse, Link, LinkState, LinkStatus, OpenedLink
from pocketpay.banking.stripe import repository, states
from pocketpay.banking.stripe.connection import NoBalance, Refused, call
from pocketpay.banking.stripe.kinds import Kind
from pocketpay.banking.stripe.once import NotCreated, create_once, remember
from pocketpay.database.sessions import Database

METHODS = {"USD": "us_bank_account", "EUR": "sepa_debit", "GBP": "bacs_debit"}
"""The payment method of a deposit, by currency. Other currencies have no bank debit that Checkout can set up."""

PAYOUT_CURRENCIES = frozenset(
    {
        *("AED", "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "INR", "JPY", "MXN", "MYR"),
        *("NOK", "NZD", "PLN", "RON", "SEK", "SGD", "THB", "TWD", "USD"),
    }
)
"""Currencies that Stripe pays out to bank accounts in some country (docs.stripe.com/payouts, "supported settlement
currencies"). Whether a customer's account can have one of them, Stripe says in the onboarding."""

BANK_ACCOUNT = "bank_account_id"
"""The name of a link's id in the metadata of Stripe's objects."""

SESSION_PARTS = ["setup_intent", "setup_intent.payment_method", "setup_intent.mandate"]

log = structlog.get_logger(__name__)


def supported(currency: str, use: BankUse) -> bool:
    """Returns whether a bank account of this currency can be linked."""
    return currency in (METHODS if use is BankUse.DEPOSIT else PAYOUT_CURRENCIES)


@dataclass(frozen=True, slots=True)
class Linking:
    """Opens, reads and removes links. `return_url` is the page of the app that the customer returns to."""

    client: stripe.StripeClient
    database: Database
    return_url: str

    async def open(self, link: Link) -> OpenedLink:
        """Opens a link, or returns the open one. A link in a currency that is not supported has failed."""
        if not supported(link.currency, link.use):
            log.warning("stripe_currency_not_supported", type=str(link.use), code=link.currency)
            return OpenedLink(LinkState(LinkStatus.FAILED, ""))
        try:
            return await (self._open_deposit(link) if link.use is BankUse.DEPOSIT else self._open_withdrawal(link))
        except NotCreated as refused:
            log.error("stripe_refused_link", type=str(link.use), code=refused.refused.code)
            return OpenedLink(LinkState(LinkStatus.FAILED, ""))
        except NoBalance:
            raise BankUnavailable("Stripe cannot open the link now") from None

    async def state(self, link: Link) -> LinkState:
        """Returns the state of a link."""
        if link.use is BankUse.WITHDRAWAL:
            return await self._account_state(link, await self._account_of(link))
        return await self._session_state(link, await self._session(await self._session_of(link)))

    async def remove(self, link: Link) -> None:
        """Detaches the payment method, or expires the open session. Idempotent.

        A connected account stays: it belongs to the user, other links use it, and payouts on their way need it.
        """
        if link.use is BankUse.WITHDRAWAL:
            return
        session = await self._session(await self._session_of(link))
        try:
            if session.status == "open":
                await call(self.client.v1.checkout.sessions.expire_async(session.id))
            elif session.status == "complete" and session.setup_intent.payment_method is not None:
                method = session.setup_intent.payment_method
                if method.customer is not None:
                    await call(self.client.v1.payment_methods.detach_async(method.id))
        except Refused as refused:  # it changed since it was read
            if (await self.state(link)).status in (LinkStatus.ACTIVE, LinkStatus.PENDING):
                log.error("stripe_link_not_removed", type=str(link.use), code=refused.code)
                raise BankUnavailable("the link could not be removed") from None

    # ------------------------------------------------------------ deposits

    async def _open_deposit(self, link: Link) -> OpenedLink:
        stored = (await self.database.query(repository.of_owners, link.id)).get(Kind.SESSION)
        known = None if stored is None else stored.stripe_id
        session = await self._session(known or await self._create_session(link))
        state = await self._session_state(link, session)
        if state.status is not LinkStatus.PENDING:
            return OpenedLink(state)
        return OpenedLink(state, session.url or _microdeposits_page(session))

    async def _create_session(self, link: Link) -> str:
        customer = await self._customer(link)

        async def create(key: str) -> str:
            metadata = {BANK_ACCOUNT: str(link.id)}
            params: SessionCreateParams = {
                "mode": "setup",
                "currency": link.currency.lower(),
                "customer": customer,
                "allowed_payment_method_types": [METHODS[link.currency]],
                "client_reference_id": str(link.id),
                "metadata": metadata,
                "setup_intent_data": {"metadata": metadata},
                "success_url": f"{self.return_url}?linked={link.id}",
                "cancel_url": f"{self.return_url}?canceled={link.id}",
            }
            return (await call(self.client.v1.checkout.sessions.create_async(params, {"idempotency_key": key}))).id

        return await create_once(self.database, link.id, Kind.SESSION, create)

    async def _customer(self, link: Link) -> str:
        async def create(key: str) -> str:
            params: CustomerCreateParams = {"metadata": {"user_id": str(link.user_id)}}
            if link.email:
                params["email"] = link.email
            return (await call(self.client.v1.customers.create_async(params, {"idempotency_key": key}))).id

        return await self._of_user(link, Kind.CUSTOMER, create)

    async def _session_of(self, link: Link) -> str:
        stored = (await self.database.query(repository.of_owners, link.id)).get(Kind.SESSION)
        return (stored.stripe_id if stored is not None else None) or link.reference

    async def _session(self, session_id: str) -> Any:
        try:
            return await call(self.client.v1.checkout.sessions.retrieve_async(session_id, {"expand": SESSION_PARTS}))
        except Refused as refused:
            log.error("stripe_object_unreadable", type="session", code=refused.code)
            raise BankUnavailable("the session cannot be read") from None

    async def _session_state(self, link: Link, session: Any) -> LinkState:
        """Returns the state of a link by its session. Stores the payment method and the mandate of an active one."""
        status = states.session_status(session)
        if status is not LinkStatus.ACTIVE:
            return LinkState(status, session.id)
        setup = session.setup_intent
        method = setup.payment_method
        await remember(self.database, link.id, Kind.PAYMENT_METHOD, method.id)
        if setup.mandate is not None:
            await remember(self.database, link.id, Kind.MANDATE, setup.mandate.id)
        details: Any = getattr(method, method.type)
        bank_name = getattr(details, "bank_name", None) or ""
        return LinkState(status, session.id, bank_name, details.last4 or "", (BankUse.DEPOSIT,))

    # ------------------------------------------------------------ withdrawals

    async def _open_withdrawal(self, link: Link) -> OpenedLink:
        account = await self._create_account(link)
        await remember(self.database, link.id, Kind.LINK_ACCOUNT, account)
        state = await self._account_state(link, account)
        if state.status is not LinkStatus.PENDING:
            return OpenedLink(state)
        request = self.client.v1.account_links.create_async(
            {
                "account": account,
                "type": "account_onboarding",
                "return_url": f"{self.return_url}?linked={link.id}",
                "refresh_url": f"{self.return_url}?continue={link.id}",
            }
        )
        try:
            return OpenedLink(state, (await call(request)).url)
        except Refused as refused:
            log.error("stripe_refused_link", type=str(link.use), code=refused.code)
            raise BankUnavailable("Stripe gave no page of the onboarding") from None

    async def _create_account(self, link: Link) -> str:
        async def create(key: str) -> str:
            # The platform pays the fees and bears the losses; the customer sees a small dashboard of Stripe. Stripe
            # collects what it must know about the customer. Payouts are made only by us, one for each withdrawal.
            params: AccountCreateParams = {
                "controller": {
                    "fees": {"payer": "application"},
                    "losses": {"payments": "application"},
                    "requirement_collection": "stripe",
                    "stripe_dashboard": {"type": "express"},
                },
                "business_type": "individual",
                "capabilities": {"transfers": {"requested": True}},
                "settings": {"payouts": {"schedule": {"interval": "manual"}}},
                "metadata": {"user_id": str(link.user_id)},
            }
            if link.email:
                params["email"] = link.email
            return (await call(self.client.v1.accounts.create_async(params, {"idempotency_key": key}))).id

        return await self._of_user(link, Kind.ACCOUNT, create)

    async def _account_of(self, link: Link) -> str:
        stored = (await self.database.query(repository.of_owners, link.id)).get(Kind.LINK_ACCOUNT)
        return (stored.stripe_id if stored is not None else None) or account_in(link.reference)

    async def _account_state(self, link: Link, account_id: str) -> LinkState:
        try:
            account = await call(self.client.v1.accounts.retrieve_async(account_id))
        except Refused as refused:
            if refused.missing:
                return LinkState(LinkStatus.REMOVED, _reference(account_id, link))
            raise BankUnavailable("the connected account cannot be read") from None
        external = getattr(account, "external_accounts", None)
        bank: Any = None if external is None else states.default_account(external.data, link.currency)
        status = states.account_status(account, bank)
        if status is not LinkStatus.ACTIVE:
            return LinkState(status, _reference(account_id, link))
        name = getattr(bank, "bank_name", None) or getattr(bank, "brand", None) or ""
        return LinkState(status, _reference(account_id, link), name, bank.last4, (BankUse.WITHDRAWAL,))

    async def _of_user(self, link: Link, kind: Kind, create: Any) -> str:
        """Returns the id of the user's one Customer or account. A server that dies while it creates one can leave an
        unused one at Stripe, which no money reaches."""
        stored = (await self.database.query(repository.of_owners, link.user_id)).get(kind)
        known = None if stored is None else stored.stripe_id
        return known or await create_once(self.database, link.user_id, kind, create)


def account_in(reference: str) -> str:
    """Returns the connected account in the reference of a link for withdrawals."""
    return reference.partition("/")[0]


def _reference(account_id: str, link: Link) -> str:
    return f"{account_id}/{link.id}"


def _microdeposits_page(session: Any) -> str | None:
    """Returns the page on which the customer confirms the small deposits that verify an account."""
    setup = session.setup_intent
    action = None if setup is None else setup.next_action
    verify = None if action is None else getattr(action, "verify_with_microdeposits", None)
    return None if verify is None else cast(str, verify.hosted_verification_url)
