"""The protocol of a bank, designed for a real provider.

    collect    bring money in from a bank       (deposit)
    payout     send money out to a bank         (withdrawal)
    open_link, link_state, remove_link          the bank accounts that people link

An order has its transaction's id, which is the provider's idempotency key, so that a repeated order has no further
effect. A provider answers settled, declined or pending. A timeout, an error and "pending" have the same meaning here:
the order is polled again later. Declined is final. Settled is final too, but the bank can later take the money of a
settled order back: a lost dispute of a deposit, or a failed payout. The id of a link is an idempotency key too.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from pocketpay.money import Money


class BankReply(StrEnum):
    SETTLED = "settled"
    DECLINED = "declined"
    PENDING = "pending"


class BankUse(StrEnum):
    """What a linked bank account can be used for."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


class LinkStatus(StrEnum):
    """The state of a link to a bank account.

    pending     the customer has not finished the provider's hosted flow, or the provider still verifies the account
    active      the account can be used
    failed      the provider refused the account, or the customer did not finish the flow; final
    removed     the customer removed the account, or the bank or the provider ended the link; final
    """

    PENDING = "pending"
    ACTIVE = "active"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Link:
    """A customer's link to a bank account. `id` is the bank account's id and the provider's idempotency key.

    `user_id` tells the provider which links have the same owner. `email` is shown in the provider's hosted flow.
    `reference` is the provider's own id of the link, which it returned when the link was opened; empty before.
    """

    id: UUID
    user_id: UUID
    email: str
    currency: str
    use: BankUse
    reference: str = ""


@dataclass(frozen=True, slots=True)
class LinkState:
    """What a provider says about a link.

    `bank_name` and `last4` describe the account, and are empty until it is known. The full account number never
    reaches this server. `uses` says what the account can be used for.
    """

    status: LinkStatus
    reference: str
    bank_name: str = ""
    last4: str = ""
    uses: Collection[BankUse] = ()


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A link and the page of the provider's hosted flow, which the customer opens in a browser.

    `url` is None if the provider has no hosted flow.
    """

    state: LinkState
    url: str | None = None


@dataclass(frozen=True, slots=True)
class BankOrder:
    """An order to bring money in from a bank or to send money to a bank.

    `id` is the transaction's id and the provider's idempotency key. When it is also the reference of the payment at
    the bank, the bank's file can be compared with the books (decision 73). `instant` is True for an instant payout.
    `link` is the linked bank account; None if the order has only the name of a bank, which only the simulated bank
    executes.
    """

    id: UUID
    amount: Money
    bank_name: str
    instant: bool = False
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class OrderState:
    """What a provider says about an order.

    `returned` is how much of a settled order's amount the bank has taken back since, in minor units: a lost dispute
    of a deposit, or a payout that failed after it was paid. It never shrinks. A payout is returned completely or not
    at all. `why` is the provider's own code of a decline or a return, for operators; it never has personal data.
    """

    reply: BankReply
    returned: int = 0
    why: str = ""


SETTLED = OrderState(BankReply.SETTLED)
DECLINED = OrderState(BankReply.DECLINED)
PENDING = OrderState(BankReply.PENDING)


class BankUnavailable(ConnectionError):
    """The provider did not answer, or its answer means "later". Whether it carried out the call is not known."""


class Bank(Protocol):
    """The calls that a provider has to implement. Each is idempotent by its id, and raises BankUnavailable when the
    provider does not answer; the caller sets the time limit."""

    async def collect(self, order: BankOrder) -> OrderState:
        """Collects the money, or returns the state of an earlier order with the same id."""
        ...

    async def payout(self, order: BankOrder) -> OrderState:
        """Pays the money out, or returns the state of an earlier order with the same id."""
        ...

    async def open_link(self, link: Link) -> OpenedLink:
        """Opens the hosted flow of a link. A repeated call with the same id returns the same link and a page."""
        ...

    async def link_state(self, link: Link) -> LinkState:
        """Returns the state of a link. `link.reference` is not empty."""
        ...

    async def remove_link(self, link: Link) -> None:
        """Removes the link at the provider: no later order uses it. An order that was accepted before still ends."""
        ...
