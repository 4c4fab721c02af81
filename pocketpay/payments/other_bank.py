"""The bank on the other side of a deposit or a withdrawal: a linked bank account, or the name of a bank.

    bankAccountId   a bank account of the owner: it must be active, of the server's provider, and allow this use
    bankName        only with the simulated bank

The bank account is looked up under the wallet's lock, so an order cannot use one that was removed before it.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pocketpay.bank_accounts.bank_account import BankAccount, Provider
from pocketpay.bank_accounts.bank_return import LinkedOrder
from pocketpay.bank_accounts.errors import FIELD, BankAccountEnded, BankAccountPending, WrongBankUse
from pocketpay.banking.bank import BankUse, LinkStatus
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Lookups
from pocketpay.clearing.outcome import Answer, SideEffects
from pocketpay.money import Money
from pocketpay.payments.parsing import parse_bank_name
from pocketpay.transactions.errors import BankDeclined, CurrencyMismatch, InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class BankTitle:
    """The bank's name, and the bank as a transaction's description names it."""

    name: str
    described: str


@dataclass(frozen=True, slots=True)
class OtherBank:
    """Either `bank_account_id` or `bank_name` is set. `provider` is the server's."""

    bank_name: str
    bank_account_id: UUID | None = None
    provider: Provider = Provider.SIMULATED

    @property
    def text(self) -> str:
        """The bank in an idempotency key's fingerprint."""
        return self.bank_name if self.bank_account_id is None else f"bank account {self.bank_account_id}"

    @property
    def lookups(self) -> Lookups | None:
        return None if self.bank_account_id is None else Lookups(bank_accounts=(self.bank_account_id,))

    def account(self, book: Book, wallet_id: UUID, amount: Money, use: BankUse) -> BankAccount | None:
        """Returns the bank account, which can be used; None if the order has only the name of a bank.

        Raises NotFound, BankAccountPending, BankAccountEnded, WrongBankUse, CurrencyMismatch.
        """
        if self.bank_account_id is None:
            return None
        account = book.own_bank_account(self.bank_account_id, wallet_id)
        if account is None:
            raise NotFound(FIELD)
        if account.provider is not self.provider or account.status in (LinkStatus.FAILED, LinkStatus.REMOVED):
            raise BankAccountEnded
        if account.status is LinkStatus.PENDING:
            raise BankAccountPending
        if use not in account.uses:
            raise WrongBankUse(use)
        if account.currency != amount.currency:
            raise CurrencyMismatch(FIELD)
        return account

    def title(self, account: BankAccount | None) -> BankTitle:
        """Returns how the transaction names the bank: with the last four digits of a linked account."""
        if account is None:
            return BankTitle(self.bank_name, self.bank_name)
        return BankTitle(account.bank_name or account.title, account.title)

    def answered(self, answer: Answer) -> Answer:
        """Returns the answer; if the bank declined, its refusal is about the input that named the bank."""
        if self.bank_account_id is None or not isinstance(answer.refusal, BankDeclined):
            return answer
        return replace(answer, outcome=replace(answer.outcome, refusal=BankDeclined(FIELD)))

    def side_effects(self, transaction_id: UUID) -> SideEffects | None:
        """Returns the record that the new order uses the bank account; None if it has only the name of a bank."""
        if self.bank_account_id is None:
            return None
        can_return = self.provider is not Provider.SIMULATED
        return SideEffects(order=LinkedOrder(transaction_id, self.bank_account_id, can_return))


def parse_other_bank(raw_bank_name: str | None, bank_account_id: UUID | None, provider: Provider) -> OtherBank:
    """Parses the two inputs, of which exactly one must be given. Raises InvalidInput."""
    if bank_account_id is not None:
        if raw_bank_name is not None:
            raise InvalidInput("bankName", "must be absent when bankAccountId is given")
        return OtherBank("", bank_account_id, provider)
    if provider is not Provider.SIMULATED:
        raise InvalidInput(FIELD, "is required: link a bank account first. A bank's name alone is not enough here")
    if raw_bank_name is None:
        raise InvalidInput(FIELD, "is required when bankName is absent")
    return OtherBank(parse_bank_name(raw_bank_name))
