"""How what a bank was asked for is settled: a deposit that comes in, a withdrawal that goes out.

    the bank has it     → completed, the entries posted, the hold of a withdrawal given back in the same step
    the bank will not   → failed, BANK_DECLINED, no entries, the hold given back
    it does not say     stays created; the sweeper asks again, with the same id, for as long as it takes

Settling happens once, under the wallet's lock, also in a wallet frozen or closed since: what the bank did is done.
"""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.holds import following, released
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.database.failures import ServiceBusy
from pocketpay.ledger.account import Leg
from pocketpay.ledger.house import House, HouseKind
from pocketpay.payments.bank import BankOrder, BankReply
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed, speed_paid_for
from pocketpay.transactions.errors import BankDeclined, NotFound
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.stored_refusal import ended_by, refusal_of
from pocketpay.transactions.transaction import Transaction, Type

BANK_SECONDS = 5.0
"""How long an answer of the bank is awaited; later it is the sweeper that asks."""


@dataclass(frozen=True, slots=True)
class Settle:
    """The bank has done what it was asked, or will not: write that down, once."""

    wallet_id: UUID
    transaction_id: UUID
    settled: bool

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, transaction_id=self.transaction_id)

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises NotFound; said again it gives the state reached."""
        accepted = book.own_transaction(self.transaction_id, self.wallet_id)
        if accepted is None or accepted.type not in (Type.DEPOSIT, Type.WITHDRAWAL):
            raise NotFound
        if accepted.status is not Status.CREATED:
            return Outcome(accepted, changed=False, refusal=refusal_of(accepted))
        hold = released(accepted) if accepted.type is Type.WITHDRAWAL else None
        if not self.settled:
            why = BankDeclined()
            ended = ended_by(why, accepted)
            return Outcome(following(book, ended, ended.status), hold=hold, refusal=why)
        done = replace(following(book, accepted, Status.COMPLETED), completed_at=book.now)
        return Outcome(done, legs=_legs(accepted, book.house), hold=hold)


def _legs(accepted: Transaction, house: House) -> tuple[Leg, ...]:
    """What moves: between the wallet and the house's bank, and the fee to the house."""
    currency, words = accepted.amount.currency, accepted.description
    bank = house.account(HouseKind.BANK, currency)
    if accepted.type is Type.DEPOSIT:
        return Leg(bank, -accepted.amount.minor, words), Leg(accepted.anchor, accepted.amount.minor, words)
    legs = Leg(accepted.anchor, -accepted.total.minor, words), Leg(bank, accepted.amount.minor, words)
    if not accepted.fee.minor:
        return legs
    return *legs, Leg(house.account(HouseKind.FEES, currency), accepted.fee.minor, words)


async def settle_now(desk: Desk, accepted: Answer) -> Answer:
    """Asks the bank about an order that was just accepted; the answer as it was while the bank does not say."""
    if accepted.transaction.status is not Status.CREATED or accepted.replayed:
        return accepted
    try:
        return await ask_bank(desk, accepted.transaction) or accepted
    except ServiceBusy:  # the order stands, and the sweeper asks again
        return accepted


async def ask_bank(desk: Desk, accepted: Transaction) -> Answer | None:
    """Asks the bank how an accepted order stands and writes down what it says; None while it says nothing."""
    instant = speed_paid_for(accepted.fee) is Speed.INSTANT
    order = BankOrder(accepted.id, accepted.amount, accepted.bank_name or "", instant)
    ask = desk.bank.payout if accepted.type is Type.WITHDRAWAL else desk.bank.collect
    try:
        reply = await asyncio.wait_for(ask(order), BANK_SECONDS)
    except (TimeoutError, ConnectionError):
        return None
    if reply is BankReply.PENDING:
        return None
    return await desk.submit(Settle(accepted.anchor, accepted.id, reply is BankReply.SETTLED))
