"""How a bank account is linked.

    order     replay?  closed?  frozen for all payments?  too many bank accounts open?
              then the bank account, pending, with the key
    (the provider is called outside any unit of work, with the bank account's id as its idempotency key)
    answer    its state is stored; a provider without a hosted flow makes it active immediately

A repeated order with the same key returns the same bank account, and a new page while the bank account is pending. If
the provider does not answer, the bank account stays pending, and the sweeper asks about it.
"""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from pocketpay.bank_accounts import links
from pocketpay.bank_accounts.bank_account import BankAccount, Provider
from pocketpay.bank_accounts.errors import BankNotReachable, TooManyBankAccounts
from pocketpay.banking.bank import BankUse, LinkStatus
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups, ResultKind
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.database import uuids
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_key
from pocketpay.payments.settle import BANK_SECONDS
from pocketpay.payments.spending import open_wallet
from pocketpay.payments.update_bank_account import UpdateBankAccount
from pocketpay.transactions.errors import WalletFrozen

MAX_OPEN = 10
"""Pending and active bank accounts of a wallet: more than anybody has, and few enough for a list on one screen. It
also bounds how many hosted flows a customer can open at the provider."""


@dataclass(frozen=True, slots=True)
class LinkBankAccount:
    """Opens a pending bank account."""

    id: UUID
    wallet_id: UUID
    user_id: UUID
    currency: str
    provider: Provider
    use: BankUse
    key: Key

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, key=self.key, lookups=Lookups(open_bank_accounts=(self.wallet_id,)))

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises a Refusal; no refusal is stored."""
        if (results := book.results_of(self.key)) is not None:
            account = book.bank_accounts[results[0]]
            return Outcome(
                changed=False, replayed=account.id != self.id, side_effects=SideEffects(bank_accounts=(account,))
            )
        if not open_wallet(book, self.wallet_id).may_receive:
            raise WalletFrozen
        if book.counters.open_bank_accounts[self.wallet_id] >= MAX_OPEN:
            raise TooManyBankAccounts(MAX_OPEN)
        return Outcome(key=self.key, side_effects=SideEffects(bank_accounts=(self._account(book),)))

    def _account(self, book: Book) -> BankAccount:
        return BankAccount(
            id=self.id,
            wallet_id=self.wallet_id,
            user_id=self.user_id,
            currency=self.currency,
            provider=self.provider,
            use=self.use,
            uses=(self.use,),
            status=LinkStatus.PENDING,
            created_at=book.now,
            updated_at=book.now,
        )


@dataclass(frozen=True, slots=True)
class LinkedBankAccount:
    """A bank account as it is now, and the page on which its owner continues; None if there is nothing to do."""

    account: BankAccount
    url: str | None


async def link_bank_account(
    desk: Desk, wallet_id: UUID, user_id: UUID, use: BankUse, *, raw_key: str
) -> LinkedBankAccount:
    """Links a bank account for deposits or withdrawals.

    Raises InvalidInput, KeyReused, WalletClosed, WalletFrozen, TooManyBankAccounts, BankNotReachable, ServiceBusy.
    """
    key = parse_key(raw_key, wallet_id, "linkBankAccount", use, result_kind=ResultKind.BANK_ACCOUNTS)
    currency = await desk.resolver.currency(wallet_id)
    order = LinkBankAccount(uuids.uuid7(), wallet_id, user_id, currency, desk.provider, use, key)
    (account,) = (await desk.submit(order)).bank_accounts
    if account.status is not LinkStatus.PENDING or account.provider is not desk.provider:
        return LinkedBankAccount(account, None)
    async with desk.database.read() as session:
        link = await links.link_of(session, account)
    try:
        opened = await asyncio.wait_for(desk.bank.open_link(link), BANK_SECONDS)
    except (TimeoutError, ConnectionError):
        raise BankNotReachable from None
    (linked,) = (await desk.submit(UpdateBankAccount(wallet_id, account.id, opened.state))).bank_accounts
    return LinkedBankAccount(linked, opened.url if linked.status is LinkStatus.PENDING else None)
