"""How a deposit or a withdrawal ends after the bank's answer.

    settled     → completed; the entries are posted, and the hold of a withdrawal is released in the same step
    declined    → failed, BANK_DECLINED; no entries, and the hold is released
    no answer   stays created; the sweeper polls the bank again with the same id until it answers

An order is settled once, under the wallet's lock. It is settled even if the wallet has been frozen or closed since:
the bank's action cannot be undone. If the bank takes a settled order's money back later, `bank_return.py` books it.
"""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from pocketpay.bank_accounts import links
from pocketpay.bank_accounts.errors import BankNotReachable
from pocketpay.bank_accounts.links import UsedLink
from pocketpay.banking.bank import BankOrder, BankReply, OrderState
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.holds import next_version, released
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.database.failures import ServiceBusy
from pocketpay.ledger.account import Leg
from pocketpay.ledger.house import HouseAccounts, HouseKind
from pocketpay.payments.bank_return import book_return
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed, speed_of
from pocketpay.transactions.errors import BankDeclined, NotFound
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.stored_refusal import ended_by, refusal_of
from pocketpay.transactions.transaction import Transaction, Type

BANK_SECONDS = 5.0
"""How long the server waits for the bank's answer. After that, the sweeper polls the bank."""

ORDERS = frozenset({Type.DEPOSIT, Type.WITHDRAWAL})
"""The types of transactions that a bank executes."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Settle:
    """Completes or fails the order after the bank's answer. `settled` is False if the bank declined it."""

    wallet_id: UUID
    transaction_id: UUID
    settled: bool

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, transaction_id=self.transaction_id)

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound. Idempotent: an order that has ended is returned unchanged."""
        accepted = book.own_transaction(self.transaction_id, self.wallet_id)
        if accepted is None or accepted.type not in ORDERS:
            raise NotFound
        if accepted.status is not Status.CREATED:
            return Outcome(accepted, changed=False, refusal=refusal_of(accepted))
        hold = released(accepted) if accepted.type is Type.WITHDRAWAL else None
        if not self.settled:
            why = BankDeclined()
            ended = ended_by(why, accepted)
            return Outcome(next_version(book, ended, ended.status), hold=hold, refusal=why)
        done = replace(next_version(book, accepted, Status.COMPLETED), completed_at=book.now)
        return Outcome(done, legs=_legs(accepted, book.house), hold=hold)


def _legs(accepted: Transaction, house: HouseAccounts) -> tuple[Leg, ...]:
    """Returns the legs between the wallet and the house account `bank`, and the leg of the fee."""
    currency, text = accepted.amount.currency, accepted.description
    bank = house.account(HouseKind.BANK, currency)
    if accepted.type is Type.DEPOSIT:
        return Leg(bank, -accepted.amount.minor, text), Leg(accepted.anchor, accepted.amount.minor, text)
    legs = Leg(accepted.anchor, -accepted.total.minor, text), Leg(bank, accepted.amount.minor, text)
    if not accepted.fee.minor:
        return legs
    return *legs, Leg(house.account(HouseKind.FEES, currency), accepted.fee.minor, text)


async def settle_now(desk: Desk, accepted: Answer, *, linked: bool) -> Answer:
    """Sends a new order to the bank, and settles it if the bank answers in time.

    `linked` says whether the order uses a linked bank account.

    Returns the answer after settlement, or `accepted` unchanged if the bank has not answered.
    """
    if accepted.transaction.status is not Status.CREATED or accepted.replayed:
        return accepted
    try:
        used = await used_link(desk, accepted.transaction) if linked else None
        return await ask_bank(desk, accepted.transaction, used) or accepted
    except (ServiceBusy, BankNotReachable):  # the order is stored, and the sweeper polls the bank again
        return accepted


async def ask_bank(desk: Desk, order: Transaction, used: UsedLink | None) -> Answer | None:
    """Sends an order to the bank or asks about it, and books the bank's answer. `used` is its bank account.

    Returns the answer with the order that has ended now, else None. Idempotent: the bank executes a repeated order
    only once.

    Raises BankNotReachable when the bank did not answer in time, and ServiceBusy. An order of another provider than
    the server's stays as it is: this provider would answer about an order that it does not know.
    """
    if used is not None and used.provider is not desk.provider:
        log.warning("order_of_another_provider", name=str(order.id), type=used.provider)
        raise BankNotReachable
    link = None if used is None else used.link
    instant = speed_of(order.fee) is Speed.INSTANT
    bank_order = BankOrder(order.id, order.amount, order.bank_name or "", instant, link)
    ask = desk.bank.payout if order.type is Type.WITHDRAWAL else desk.bank.collect
    try:
        state = await asyncio.wait_for(ask(bank_order), BANK_SECONDS)
    except (TimeoutError, ConnectionError):
        raise BankNotReachable from None
    return await _book(desk, order, state)


async def used_link(desk: Desk, order: Transaction) -> UsedLink | None:
    """Returns the link that the order uses, or None if it has only the name of a bank."""
    async with desk.database.read() as session:
        return (await links.links_of_orders(session, [order.id])).get(order.id)


async def _book(desk: Desk, order: Transaction, state: OrderState) -> Answer | None:
    """Books what the bank says about an order: it settles or fails, and what the bank has taken back since."""
    answer: Answer | None = None
    settled = state.reply is BankReply.SETTLED
    if order.status is Status.CREATED and state.reply is not BankReply.PENDING:
        answer = await desk.submit(Settle(order.anchor, order.id, settled))
        order = answer.transaction
    if settled != (order.status is Status.COMPLETED) and state.reply is not BankReply.PENDING:
        log.error("bank_contradicts_the_books", name=str(order.id), state=order.status, type=state.reply)
        return answer
    if state.returned and order.status is Status.COMPLETED:
        await book_return(desk, order.anchor, order.id, returned=state.returned, why=state.why)
    return answer
