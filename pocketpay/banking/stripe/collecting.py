"""Deposits: one payment intent for each order, from the bank account that the customer has agreed to be debited.

A failed payment intent could succeed at a later try, so it is canceled before the order is declined. What the bank
takes back after the settlement is a lost dispute: bank debits have no other kind.
"""

from dataclasses import dataclass
from typing import Any, cast

import stripe
import structlog
from stripe.params import PaymentIntentCreateParams

from pocketpay.banking.bank import (
    PENDING,
    BankOrder,
    BankReply,
    BankUnavailable,
    BankUse,
    Link,
    LinkStatus,
    OrderState,
)
from pocketpay.banking.stripe import repository, states
from pocketpay.banking.stripe.amounts import AmountRefused, from_stripe, to_stripe
from pocketpay.banking.stripe.connection import NoBalance, Refused, call, listed
from pocketpay.banking.stripe.kinds import Ending, Kind, Stored
from pocketpay.banking.stripe.linking import METHODS, Linking
from pocketpay.banking.stripe.once import Ids, NotCreated, create_once, end, remember
from pocketpay.banking.stripe.orders import TRANSACTION, created_since, is_of, require_amount, unreadable
from pocketpay.banking.stripe.states import IntentState
from pocketpay.database.sessions import Database
from pocketpay.errors import PocketPayError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Collecting:
    """Executes deposits."""

    client: stripe.StripeClient
    database: Database
    linking: Linking

    async def collect(self, order: BankOrder) -> OrderState:
        """Returns the state of the order, and creates its payment intent if there is none."""
        known = (await self.database.query(repository.of_owners, order.id)).get(Kind.PAYMENT_INTENT)
        stored = known or Stored(order.id, Kind.PAYMENT_INTENT)
        if stored.stripe_id is None and stored.ending is not None:
            return _declined(stored)
        try:
            amount = to_stripe(order.amount)
            stripe_id = stored.stripe_id or await self._create(order, amount)
        except NotCreated as refused:
            return await self._refused(refused)
        except (_Unusable, AmountRefused) as unusable:
            if known is not None:
                log.error("stripe_order_unclear", name=str(order.id))
                raise BankUnavailable("it is not known whether an earlier try created a payment") from None
            return _declined(await end(self.database, stored, Ending.DECLINED, unusable.code))
        except NoBalance:
            raise BankUnavailable("Stripe cannot create the payment now") from None
        intent = await self._read(stripe_id)
        require_amount(order, intent, amount)
        return await self._state(intent, Stored(order.id, Kind.PAYMENT_INTENT, stripe_id, ending=stored.ending))

    async def _state(self, intent: Any, stored: Stored) -> OrderState:
        """Returns the state of an order by its payment intent. Cancels a failed one."""
        match states.intent_state(intent.status):
            case IntentState.PENDING:
                return PENDING
            case IntentState.SETTLED:
                ended = await end(self.database, stored, Ending.SETTLED)
                if ended.ending is not Ending.SETTLED:
                    log.error("stripe_contradicts", name=str(stored.owner_id), state=intent.status)
                    return _declined(ended)
                returned, why = await self._returned(intent)
                return OrderState(BankReply.SETTLED, returned, why)
            case IntentState.CANCELED:
                ended = await end(self.database, stored, Ending.DECLINED, _why(intent))
                if ended.ending is not Ending.DECLINED:
                    log.error("stripe_contradicts", name=str(stored.owner_id), state=intent.status)
                    return OrderState(BankReply.SETTLED)
                return _declined(ended)
            case IntentState.FAILED:
                return await self._cancel(intent, stored)

    async def _cancel(self, intent: Any, stored: Stored) -> OrderState:
        try:
            canceled = await call(self.client.v1.payment_intents.cancel_async(intent.id))
        except Refused:  # its status has changed since it was read
            raise BankUnavailable("the payment has changed") from None
        if states.intent_state(canceled.status) is not IntentState.CANCELED:
            raise BankUnavailable("the payment is not canceled yet")
        ended = await end(self.database, stored, Ending.DECLINED, _why(intent))
        return _declined(ended)

    async def _refused(self, error: NotCreated) -> OrderState:
        """Ends an order whose payment intent Stripe refused. A refused confirmation leaves one, which is canceled."""
        refused = error.refused
        if refused.payment_intent is None:
            log.warning("stripe_refused_order", type="payment_intent", code=refused.code)
            return _declined(await end(self.database, error.claimed, Ending.DECLINED, refused.code))
        claimed = error.claimed
        stripe_id = await remember(self.database, claimed.owner_id, claimed.kind, refused.payment_intent)
        return await self._state(await self._read(stripe_id), Stored(claimed.owner_id, claimed.kind, stripe_id))

    async def _create(self, order: BankOrder, amount: int) -> str:
        """Creates and confirms the payment intent. Raises _Unusable if the link cannot be used for it."""
        link = _link(order)
        method = METHODS[link.currency]
        customer, payment_method, mandate = await self._usable(link)

        async def create(key: str) -> str:
            params: PaymentIntentCreateParams = {
                "amount": amount,
                "currency": order.amount.currency.lower(),
                "customer": customer,
                "payment_method": payment_method,
                "allowed_payment_method_types": [method],
                "off_session": True,
                "confirm": True,
                "metadata": {TRANSACTION: str(order.id)},
            }
            if mandate is not None:
                params["mandate"] = mandate
            made = await call(self.client.v1.payment_intents.create_async(params, {"idempotency_key": key}))
            return made.id

        async def find() -> Ids:
            request = self.client.v1.payment_intents.list_async(
                cast(Any, {"customer": customer, **created_since(order)})
            )
            async for one in listed(request):
                if is_of(one, order):
                    yield one.id

        return await create_once(self.database, order.id, Kind.PAYMENT_INTENT, create, find)

    async def _usable(self, link: Link) -> tuple[str, str, str | None]:
        """Returns the customer, the payment method and the mandate of an active link."""
        stored = await self.database.query(repository.of_owners, link.id, link.user_id)
        if Kind.PAYMENT_METHOD not in stored:
            state = await self.linking.state(link)
            if state.status is not LinkStatus.ACTIVE:
                raise _Unusable("bank_account_not_active")
            stored = await self.database.query(repository.of_owners, link.id, link.user_id)
        customer, method = stored[Kind.CUSTOMER].stripe_id, stored[Kind.PAYMENT_METHOD].stripe_id
        if customer is None or method is None:
            raise BankUnavailable("the link is being opened")
        mandate = stored.get(Kind.MANDATE)
        return customer, method, None if mandate is None else mandate.stripe_id

    async def _returned(self, intent: Any) -> tuple[int, str]:
        """Returns how much of a succeeded payment the bank has taken back, in our minor units, and the reason."""
        charge = intent.latest_charge
        if charge is None or not charge.disputed:
            return 0, ""
        request = self.client.v1.disputes.list_async({"payment_intent": intent.id, "limit": 100})
        taken, why = states.lost([one async for one in listed(request)])
        returned = from_stripe(min(taken, intent.amount), intent.currency.upper())
        return returned.minor, why

    async def _read(self, stripe_id: str) -> Any:
        try:
            return await call(self.client.v1.payment_intents.retrieve_async(stripe_id, {"expand": ["latest_charge"]}))
        except Refused as refused:
            raise unreadable("payment_intent", refused) from None


class _Unusable(PocketPayError):
    """The link of an order cannot be used. `code` is the reason of the decline."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _link(order: BankOrder) -> Link:
    """Returns the link of an order. Raises _Unusable."""
    link, currency = order.link, order.amount.currency
    if link is None or link.use is not BankUse.DEPOSIT or link.currency != currency or currency not in METHODS:
        raise _Unusable("no_bank_account")
    return link


def _declined(stored: Stored) -> OrderState:
    return OrderState(BankReply.DECLINED, why=stored.why)


def _why(intent: Any) -> str:
    """Returns Stripe's code of a failed or canceled payment."""
    error = intent.last_payment_error
    code = None if error is None else getattr(error, "decline_code", None) or getattr(error, "code", None)
    return str(code or intent.cancellation_reason or intent.status)
