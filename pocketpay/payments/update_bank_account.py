"""How a bank account follows its provider: the state that the provider returned is stored if it changes something."""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.banking.bank import LinkState
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Lookups
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.transactions.errors import NotFound


@dataclass(frozen=True, slots=True)
class UpdateBankAccount:
    """Stores the provider's state of a bank account."""

    wallet_id: UUID
    bank_account_id: UUID
    state: LinkState

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, lookups=Lookups(bank_accounts=(self.bank_account_id,)))

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound. Idempotent: the same state changes nothing."""
        account = book.own_bank_account(self.bank_account_id, self.wallet_id)
        if account is None:
            raise NotFound(thing="bank account")
        changed = account.after(self.state, book.now)
        return Outcome(changed=changed is not None, side_effects=SideEffects(bank_accounts=(changed or account,)))
