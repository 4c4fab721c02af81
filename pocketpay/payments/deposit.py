"""How a deposit works: money comes in from a bank, in two units of work.

    accept    the row, `created`, with the key; no money yet
    (the bank is asked, outside any unit, with the transaction's id as its key)
    settle    → completed, posted from the house's bank account;   or   fail → failed, BANK_DECLINED, no entries

What stays `created` (no answer, a crash between the two) is asked about again by the sweeper. Settling happens once,
under the wallet's lock, and also in a wallet frozen since: the money is already there.
"""

import asyncio
from dataclasses import dataclass, replace
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.database.failures import ServiceBusy
from pocketpay.ledger.account import Leg
from pocketpay.ledger.house import HouseKind
from pocketpay.money import Money
from pocketpay.payments.bank import BankOrder, BankReply
from pocketpay.payments.book import Book
from pocketpay.payments.desk import Desk
from pocketpay.payments.errors import BankDeclined, NotFound, WalletClosed, WalletFrozen, kept_refusal
from pocketpay.payments.held import following
from pocketpay.payments.instruction import Answer, Footprint, Key, Outcome
from pocketpay.payments.lifecycle import Status
from pocketpay.payments.parsing import parse_amount, parse_bank_name, parse_key
from pocketpay.payments.transaction import Transaction, Type
from pocketpay.wallets.balance import Freeze, WalletStatus

BANK_SECONDS = 5.0
"""How long an answer of the bank is awaited within the mutation; later it is the sweeper that asks."""


@dataclass(frozen=True, slots=True)
class AcceptDeposit:
    """Take the order to bring `amount` in from a bank."""

    id: UUID
    wallet_id: UUID
    amount: Money
    bank_name: str
    key: Key

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, key=self.key)

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises WalletClosed; a wallet frozen for all leaves the row BLOCKED."""
        if (earlier := book.replay(self.key, self.id)) is not None:
            return earlier
        standing = book.standings[self.wallet_id]
        if standing.status is WalletStatus.CLOSED:
            raise WalletClosed
        why = WalletFrozen() if standing.frozen_for is Freeze.ALL else None
        accepted = Transaction(
            id=self.id,
            type=Type.DEPOSIT,
            status=Status.CREATED if why is None else Status.BLOCKED,
            source_wallet_id=None,
            destination_wallet_id=self.wallet_id,
            amount=self.amount,
            fee=Money(0, self.amount.currency),
            description=f"Deposit from {self.bank_name}",
            bank_name=self.bank_name,
            risk_reasons=(),
            failure_code=None if why is None else why.code,
            failure_facts=None,
            expires_at=None,
            version=1,
            created_at=book.now,
            updated_at=book.now,
            completed_at=None,
        )
        return Outcome(accepted, key=self.key, refusal=why)


@dataclass(frozen=True, slots=True)
class SettleDeposit:
    """The bank has the money, or will not give it: write that down, once."""

    wallet_id: UUID
    transaction_id: UUID
    settled: bool

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, transaction_id=self.transaction_id)

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises NotFound; said again it gives the state reached."""
        accepted = book.own_transaction(self.transaction_id, self.wallet_id)
        if accepted is None or accepted.type is not Type.DEPOSIT:
            raise NotFound
        if accepted.status is not Status.CREATED:
            return Outcome(accepted, changed=False, refusal=kept_refusal(accepted))
        if not self.settled:
            why = BankDeclined()
            return Outcome(replace(following(book, accepted, Status.FAILED), failure_code=why.code), refusal=why)
        bank = book.house.account(HouseKind.BANK, accepted.amount.currency)
        legs = (
            Leg(bank, -accepted.amount.minor, accepted.description),
            Leg(self.wallet_id, accepted.amount.minor, accepted.description),
        )
        return Outcome(replace(following(book, accepted, Status.COMPLETED), completed_at=book.now), legs=legs)


async def deposit(desk: Desk, wallet_id: UUID, *, raw_amount: str, raw_bank_name: str, raw_key: str) -> Answer:
    """Brings money in from a bank; the answer's transaction is CREATED while the bank has not said.

    Raises InvalidInput, InvalidAmount, KeyReused, WalletClosed, ServiceBusy.
    """
    amount = parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    bank_name = parse_bank_name(raw_bank_name)
    key = parse_key(raw_key, wallet_id, "deposit", bank_name, amount)
    accepted = await desk.clearing.submit(AcceptDeposit(uuids.uuid7(), wallet_id, amount, bank_name, key))
    if accepted.transaction.status is not Status.CREATED or accepted.replayed:
        return accepted
    try:
        return await ask_bank(desk, accepted.transaction) or accepted
    except ServiceBusy:  # the order stands, and the sweeper asks again
        return accepted


async def ask_bank(desk: Desk, accepted: Transaction) -> Answer | None:
    """Asks the bank how an accepted deposit stands and writes down what it says; None while it says nothing."""
    order = BankOrder(accepted.id, accepted.amount, accepted.bank_name or "")
    try:
        reply = await asyncio.wait_for(desk.bank.collect(order), BANK_SECONDS)
    except (TimeoutError, ConnectionError):
        return None
    if reply is BankReply.PENDING:
        return None
    return await desk.clearing.submit(SettleDeposit(accepted.anchor, accepted.id, reply is BankReply.SETTLED))
