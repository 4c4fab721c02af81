"""How a withdrawal works: money goes out to a bank, in two units of work.

    accept    replay?  bank account usable?  closed?  frozen?  funds for amount and fee?  within the limit?
              then the transaction is written as `created`, with the key; amount and fee are held
    (the bank is called outside any unit of work, with the transaction's id as its idempotency key)
    settle    → completed: amount to the house account `bank`, fee to `fees`;   or   → failed, the hold is released

`amount` arrives at the bank, `fee` is added to it, and `total` leaves the wallet. With insufficient funds the
transaction is written as FAILED, and from a frozen wallet as BLOCKED; every other refusal writes nothing. `settle.py`
has the second half.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.banking.bank import BankUse
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key
from pocketpay.clearing.outcome import Answer, Hold, Outcome
from pocketpay.database import uuids
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed, withdrawal_fee
from pocketpay.payments.other_bank import BankTitle, OtherBank, parse_other_bank
from pocketpay.payments.parsing import parse_amount, parse_key
from pocketpay.payments.settle import settle_now
from pocketpay.payments.spending import cannot_pay
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import LimitKind
from pocketpay.transactions.stored_refusal import ended_by
from pocketpay.transactions.transaction import Transaction, Type


@dataclass(frozen=True, slots=True)
class AcceptWithdrawal:
    """Accepts the order to send `amount` to a bank, and holds the amount and the fee. Only a preview has no key."""

    id: UUID
    wallet_id: UUID
    amount: Money
    other: OtherBank
    speed: Speed
    key: Key | None

    @property
    def footprint(self) -> Footprint:
        return Footprint(
            self.wallet_id,
            key=self.key,
            limit=LimitKind.WITHDRAWAL_DAILY,
            uses=self.amount,
            lookups=self.other.lookups,
        )

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises a Refusal that is not stored; a stored refusal is in the outcome."""
        if self.key is not None and (earlier := book.replay(self.key, self.id)) is not None:
            return earlier
        account = self.other.account(book, self.wallet_id, self.amount, BankUse.WITHDRAWAL)
        accepted = self._transaction(book, self.other.title(account))
        if (why := cannot_pay(book, self.wallet_id, accepted.total)) is not None:
            return Outcome(ended_by(why, accepted), key=self.key, refusal=why)
        book.require_room(self.wallet_id, LimitKind.WITHDRAWAL_DAILY, self.amount)
        hold = Hold(self.wallet_id, accepted.total.minor)
        return Outcome(accepted, hold=hold, key=self.key, side_effects=self.other.side_effects(self.id))

    def _transaction(self, book: Book, bank: BankTitle) -> Transaction:
        return Transaction(
            id=self.id,
            type=Type.WITHDRAWAL,
            status=Status.CREATED,
            source_wallet_id=self.wallet_id,
            destination_wallet_id=None,
            amount=self.amount,
            fee=withdrawal_fee(self.amount, self.speed, instant_bps=book.terms.instant_fee_bps),
            description=f"Withdrawal to {bank.described}",
            bank_name=bank.name,
            created_at=book.now,
            updated_at=book.now,
        )


async def withdraw(
    desk: Desk,
    wallet_id: UUID,
    *,
    raw_amount: str,
    raw_bank_name: str | None,
    bank_account_id: UUID | None = None,
    speed: Speed,
    raw_key: str,
) -> Answer:
    """Sends money to a bank. If the bank has not answered yet, the transaction is CREATED and its total is held.

    Raises InvalidInput, InvalidAmount, KeyReused, WalletClosed, LimitExceeded, ServiceBusy, and the refusals of
    `OtherBank.account`.
    """
    amount = parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    other = parse_other_bank(raw_bank_name, bank_account_id, desk.provider)
    key = parse_key(raw_key, wallet_id, "withdraw", other.text, speed, amount)
    order = AcceptWithdrawal(uuids.uuid7(), wallet_id, amount, other, speed, key)
    accepted = await desk.submit(order)
    return other.answered(await settle_now(desk, accepted, linked=bank_account_id is not None))


@dataclass(frozen=True, slots=True)
class WithdrawalQuote:
    """The amount, fee and total of a withdrawal under the current terms."""

    amount: Money
    fee: Money

    @property
    def total(self) -> Money:
        return self.amount + self.fee


async def quote_withdrawal(desk: Desk, wallet_id: UUID, *, raw_amount: str, speed: Speed) -> WithdrawalQuote:
    """Returns the fee and total of a withdrawal under the current terms. Raises InvalidAmount."""
    amount = parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    fee = withdrawal_fee(amount, speed, instant_bps=desk.terms.instant_fee_bps)
    return WithdrawalQuote(amount, fee)
