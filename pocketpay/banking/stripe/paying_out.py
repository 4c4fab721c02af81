"""Withdrawals: a transfer from the platform to the customer's connected account, and a payout from there to the bank.

    transfer ─► payout ─► paid          settled
                  └─ failed, canceled   the transfer is reversed, then declined; after "paid": returned completely

The fee stays with the platform: only the amount is transferred. The customer's money is given back only after the
transfer is reversed, so it is never in two places. The ending is stored before it is answered: a payout that is paid
and then fails is settled and returned, on every server.
"""

from dataclasses import dataclass
from typing import Any, cast

import stripe
import structlog

from pocketpay.banking.bank import PENDING, SETTLED, BankOrder, BankReply, BankUnavailable, BankUse, Link, OrderState
from pocketpay.banking.stripe import repository, states
from pocketpay.banking.stripe.amounts import AmountRefused, to_stripe
from pocketpay.banking.stripe.connection import NoBalance, Refused, call, listed
from pocketpay.banking.stripe.kinds import Ending, Kind, Stored
from pocketpay.banking.stripe.linking import account_in
from pocketpay.banking.stripe.once import Ids, NotCreated, create_once, end
from pocketpay.banking.stripe.orders import TRANSACTION, created_since, is_of, require_amount, unreadable
from pocketpay.banking.stripe.states import PayoutState
from pocketpay.database.sessions import Database
from pocketpay.errors import PocketPayError

log = structlog.get_logger(__name__)

Rows = dict[Kind, Stored]


@dataclass(frozen=True, slots=True)
class PayingOut:
    """Executes withdrawals."""

    client: stripe.StripeClient
    database: Database

    async def payout(self, order: BankOrder) -> OrderState:
        """Returns the state of the order, and creates its transfer and its payout if there are none."""
        rows = await self.database.query(repository.of_owners, order.id)
        payout = rows.get(Kind.PAYOUT) or Stored(order.id, Kind.PAYOUT)
        if payout.ending is Ending.DECLINED:
            return await self._declined(order, rows, payout)
        try:
            amount, link = to_stripe(order.amount, payout=True), _link(order)
        except (AmountRefused, _NoAccount) as refused:
            if rows:
                log.error("stripe_order_unclear", name=str(order.id))
                raise BankUnavailable("an order that is under way has no link") from None
            return await self._decline(order, payout, refused.code)
        try:
            return await self._execute(order, amount, link, rows)
        except NoBalance:
            log.error("stripe_balance_insufficient", name=str(order.id))
            return SETTLED if payout.ending is Ending.SETTLED else PENDING

    async def _execute(self, order: BankOrder, amount: int, link: Link, rows: Rows) -> OrderState:
        account = await self._account(link)
        transfer, payout = (rows.get(kind) or Stored(order.id, kind) for kind in (Kind.TRANSFER, Kind.PAYOUT))
        try:
            transfer_id = transfer.stripe_id or await self._transfer(order, amount, account)
        except NotCreated as refused:
            return await self._decline(order, payout, refused.refused.code)
        try:
            payout_id = payout.stripe_id or await self._create_payout(order, amount, account, transfer_id)
        except NotCreated as refused:
            return await self._decline(order, refused.claimed, refused.refused.code)
        paid = await self._read_payout(payout_id, account)
        require_amount(order, paid, amount)
        return await self._state(order, paid, Stored(order.id, Kind.PAYOUT, payout_id, ending=payout.ending))

    async def _state(self, order: BankOrder, payout: Any, stored: Stored) -> OrderState:
        match states.payout_state(payout.status):
            case PayoutState.PENDING:
                return PENDING if stored.ending is None else SETTLED
            case PayoutState.PAID:
                ended = await end(self.database, stored, Ending.SETTLED)
                if ended.ending is Ending.SETTLED:
                    return SETTLED
                log.error("stripe_contradicts", name=str(order.id), state=payout.status)
                return OrderState(BankReply.DECLINED, why=ended.why)
            case PayoutState.FAILED:
                why = str(payout.failure_code or payout.status)
                ended = await end(self.database, stored, Ending.DECLINED, why)
                await self._reverse(order)
                if ended.ending is Ending.SETTLED:
                    return OrderState(BankReply.SETTLED, order.amount.minor, why)
                return OrderState(BankReply.DECLINED, why=ended.why)

    async def _decline(self, order: BankOrder, known: Stored, why: str) -> OrderState:
        """Ends an order that Stripe refused. No payout is created after that."""
        log.warning("stripe_refused_order", type=str(known.kind), code=why)
        payout = known if known.kind is Kind.PAYOUT else Stored(order.id, Kind.PAYOUT)
        ended = await end(self.database, payout, Ending.DECLINED, why)
        if ended.ending is not Ending.DECLINED:
            raise BankUnavailable("the order has ended at another server")
        return await self._declined(order, await self.database.query(repository.of_owners, order.id), ended)

    async def _declined(self, order: BankOrder, rows: Rows, payout: Stored) -> OrderState:
        """Answers a declined order after its transfer, if there is one, is reversed."""
        if Kind.TRANSFER in rows and rows[Kind.TRANSFER].stripe_id is not None:
            try:
                await self._reverse(order)
            except NoBalance:
                log.error("stripe_balance_insufficient", name=str(order.id))
                return PENDING
        return OrderState(BankReply.DECLINED, why=payout.why)

    async def _account(self, link: Link) -> str:
        stored = (await self.database.query(repository.of_owners, link.id)).get(Kind.LINK_ACCOUNT)
        return (stored.stripe_id if stored is not None else None) or account_in(link.reference)

    async def _transfer(self, order: BankOrder, amount: int, account: str) -> str:
        async def create(key: str) -> str:
            request = self.client.v1.transfers.create_async(
                {
                    "amount": amount,
                    "currency": order.amount.currency.lower(),
                    "destination": account,
                    "transfer_group": str(order.id),
                    "metadata": {TRANSACTION: str(order.id)},
                },
                {"idempotency_key": key},
            )
            return (await call(request)).id

        async def find() -> Ids:
            request = self.client.v1.transfers.list_async({"transfer_group": str(order.id), "limit": 100})
            async for one in listed(request):
                yield one.id

        return await create_once(self.database, order.id, Kind.TRANSFER, create, find)

    async def _create_payout(self, order: BankOrder, amount: int, account: str, transfer_id: str) -> str:
        async def create(key: str) -> str:
            transfer = await self._read_transfer(transfer_id)
            require_amount(order, transfer, amount)
            if transfer.amount_reversed:
                # Somebody reversed it in Stripe's dashboard. A payout would take the money of another order.
                for made in [one async for one in find()]:
                    return made
                raise Refused("transfer_reversed")
            request = self.client.v1.payouts.create_async(
                {
                    "amount": amount,
                    "currency": order.amount.currency.lower(),
                    "method": "instant" if order.instant else "standard",
                    "metadata": {TRANSACTION: str(order.id)},
                },
                {"idempotency_key": key, "stripe_account": account},
            )
            return (await call(request)).id

        async def find() -> Ids:
            request = self.client.v1.payouts.list_async(cast(Any, created_since(order)), {"stripe_account": account})
            async for one in listed(request):
                if is_of(one, order):
                    yield one.id

        return await create_once(self.database, order.id, Kind.PAYOUT, create, find)

    async def _reverse(self, order: BankOrder) -> None:
        """Reverses the transfer completely. Idempotent. Raises BankUnavailable or NoBalance until that is sure."""
        stored = (await self.database.query(repository.of_owners, order.id))[Kind.TRANSFER]
        if stored.stripe_id is None:
            raise BankUnavailable("the transfer is being created")
        transfer_id = stored.stripe_id
        transfer = await self._read_transfer(transfer_id)
        if transfer.reversed:
            return

        async def create(key: str) -> str:
            request = self.client.v1.transfers.reversals.create_async(
                transfer_id,
                {"amount": transfer.amount - transfer.amount_reversed, "metadata": {TRANSACTION: str(order.id)}},
                {"idempotency_key": key},
            )
            return (await call(request)).id

        try:
            await create_once(self.database, order.id, Kind.REVERSAL, create)
        except NotCreated as refused:
            log.error("stripe_reversal_refused", name=str(order.id), code=refused.refused.code)
            raise BankUnavailable("the transfer cannot be reversed") from None
        if not (await self._read_transfer(transfer_id)).reversed:
            raise BankUnavailable("the transfer is not reversed yet")

    async def _read_transfer(self, transfer_id: str) -> Any:
        try:
            return await call(self.client.v1.transfers.retrieve_async(transfer_id))
        except Refused as refused:
            raise unreadable("transfer", refused) from None

    async def _read_payout(self, payout_id: str, account: str) -> Any:
        try:
            return await call(self.client.v1.payouts.retrieve_async(payout_id, None, {"stripe_account": account}))
        except Refused as refused:
            raise unreadable("payout", refused) from None


class _NoAccount(PocketPayError):
    """The order has no linked bank account that it can be paid to."""

    code = "no_bank_account"


def _link(order: BankOrder) -> Link:
    """Returns the link of an order. Raises _NoAccount."""
    link = order.link
    if link is None or link.use is not BankUse.WITHDRAWAL or link.currency != order.amount.currency:
        raise _NoAccount
    return link
