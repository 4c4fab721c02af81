"""How a bank account is removed: no new order uses it. This is final.

The row stays for the history. The provider removes its link afterwards; if it does not answer, the sweeper asks
again. An order that was accepted before still ends.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.bank_accounts import links
from pocketpay.bank_accounts.bank_account import BankAccount
from pocketpay.bank_accounts.errors import FIELD, BankNotReachable
from pocketpay.banking.bank import LinkStatus
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Lookups
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.database.failures import ServiceBusy
from pocketpay.payments.desk import Desk
from pocketpay.payments.refresh import remove_link
from pocketpay.transactions.errors import NotFound


@dataclass(frozen=True, slots=True)
class RemoveBankAccount:
    """Removes the bank account permanently."""

    wallet_id: UUID
    bank_account_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, lookups=Lookups(bank_accounts=(self.bank_account_id,)))

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound. Idempotent: a removed bank account is returned unchanged."""
        account = book.own_bank_account(self.bank_account_id, self.wallet_id)
        if account is None:
            raise NotFound(FIELD)
        if account.status is LinkStatus.REMOVED:
            return Outcome(changed=False, replayed=True, side_effects=SideEffects(bank_accounts=(account,)))
        return Outcome(side_effects=SideEffects(bank_accounts=(account.ended(LinkStatus.REMOVED, book.now),)))


async def remove_bank_account(desk: Desk, wallet_id: UUID, bank_account_id: UUID) -> BankAccount:
    """Removes a bank account of the wallet. Raises NotFound, ServiceBusy."""
    answer = await desk.submit(RemoveBankAccount(wallet_id, bank_account_id))
    (account,) = answer.bank_accounts
    if not answer.replayed and account.provider is desk.provider:
        try:
            async with desk.database.read() as session:
                link = await links.link_of(session, account)
            await remove_link(desk, link)
        except (BankNotReachable, ServiceBusy):  # the account is removed here, and the sweeper asks again
            pass
    return account
