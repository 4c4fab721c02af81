"""Whether a wallet may spend. Every payment out of a wallet checks this, in this order:

closed?               raises WalletClosed; no transaction is written
frozen?               WalletFrozen; the transaction is written as BLOCKED
insufficient funds?   InsufficientFunds; the transaction is written as FAILED
"""

from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.transactions.errors import InsufficientFunds, WalletClosed, WalletFrozen
from pocketpay.wallets.balance import Standing, WalletStatus


def open_wallet(book: Book, wallet_id: UUID) -> Standing:
    """Returns the wallet's standing. Raises WalletClosed."""
    standing = book.standings[wallet_id]
    if standing.status is WalletStatus.CLOSED:
        raise WalletClosed
    return standing


def frozen(book: Book, wallet_id: UUID) -> WalletFrozen | None:
    """Returns WalletFrozen if the wallet is frozen, else None. Raises WalletClosed."""
    return None if open_wallet(book, wallet_id).frozen_for is None else WalletFrozen()


def insufficient_funds(book: Book, wallet_id: UUID, needed: Money) -> InsufficientFunds | None:
    """Returns InsufficientFunds if less than `needed` is available, else None."""
    available = Money(book.accounts[wallet_id].available, needed.currency)
    return InsufficientFunds(needed, available) if available < needed else None


def cannot_pay(book: Book, wallet_id: UUID, needed: Money) -> Refusal | None:
    """Returns the reason for which the wallet cannot pay `needed` now, or None. Raises WalletClosed."""
    return frozen(book, wallet_id) or insufficient_funds(book, wallet_id, needed)
