"""How a deposit works: money comes in from a bank, in two units of work.

    accept    replay?  bank account usable?  closed?  frozen for all payments?  within the limit?
              then the transaction is written as `created`, with the key; no money moves yet
    (the bank is called outside any unit of work, with the transaction's id as its idempotency key)
    settle    → completed, posted from the house account `bank`;   or   → failed, no entries

If the wallet is frozen for all payments, the transaction is written as BLOCKED; every other refusal writes nothing.
`settle.py` has the second half.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.banking.bank import BankUse
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.database import uuids
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.other_bank import BankTitle, OtherBank, parse_other_bank
from pocketpay.payments.parsing import parse_amount, parse_key
from pocketpay.payments.settle import settle_now
from pocketpay.payments.spending import open_wallet
from pocketpay.transactions.errors import WalletFrozen
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import LimitKind
from pocketpay.transactions.stored_refusal import ended_by
from pocketpay.transactions.transaction import Transaction, Type
from pocketpay.wallets.balance import Freeze


@dataclass(frozen=True, slots=True)
class AcceptDeposit:
    """Accepts the order to bring `amount` in from a bank."""

    id: UUID
    wallet_id: UUID
    amount: Money
    other: OtherBank
    key: Key

    @property
    def footprint(self) -> Footprint:
        return Footprint(
            self.wallet_id,
            key=self.key,
            limit=LimitKind.DEPOSIT_DAILY,
            uses=self.amount,
            lookups=self.other.lookups,
        )

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises WalletClosed, LimitExceeded, and the refusals of `OtherBank.account`.

        If the wallet is frozen for all payments, the deposit is stored as BLOCKED.
        """
        if (earlier := book.replay(self.key, self.id)) is not None:
            return earlier
        account = self.other.account(book, self.wallet_id, self.amount, BankUse.DEPOSIT)
        why = WalletFrozen() if open_wallet(book, self.wallet_id).frozen_for is Freeze.ALL else None
        if why is None:
            book.require_room(self.wallet_id, LimitKind.DEPOSIT_DAILY, self.amount)
        accepted = self._transaction(book, self.other.title(account))
        if why is not None:
            return Outcome(ended_by(why, accepted), key=self.key, refusal=why)
        return Outcome(accepted, key=self.key, side_effects=self.other.side_effects(self.id))

    def _transaction(self, book: Book, bank: BankTitle) -> Transaction:
        return Transaction(
            id=self.id,
            type=Type.DEPOSIT,
            status=Status.CREATED,
            source_wallet_id=None,
            destination_wallet_id=self.wallet_id,
            amount=self.amount,
            fee=Money(0, self.amount.currency),
            description=f"Deposit from {bank.described}",
            bank_name=bank.name,
            created_at=book.now,
            updated_at=book.now,
        )


async def deposit(
    desk: Desk,
    wallet_id: UUID,
    *,
    raw_amount: str,
    raw_bank_name: str | None,
    bank_account_id: UUID | None = None,
    raw_key: str,
) -> Answer:
    """Brings money in from a bank. If the bank has not answered yet, the transaction is CREATED.

    Raises InvalidInput, InvalidAmount, KeyReused, WalletClosed, LimitExceeded, ServiceBusy, and the refusals of
    `OtherBank.account`.
    """
    amount = parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    other = parse_other_bank(raw_bank_name, bank_account_id, desk.provider)
    key = parse_key(raw_key, wallet_id, "deposit", other.text, amount)
    order = AcceptDeposit(uuids.uuid7(), wallet_id, amount, other, key)
    accepted = await desk.submit(order)
    return other.answered(await settle_now(desk, accepted, linked=bank_account_id is not None))
