"""Whether a wallet may spend: what every payment out of a wallet asks, in this order.

closed?             raises WalletClosed; no row stays
frozen?             WalletFrozen; the row stays as BLOCKED
without the money?  InsufficientFunds; the row stays as FAILED
"""

from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.transactions.errors import InsufficientFunds, WalletClosed, WalletFrozen
from pocketpay.wallets.balance import Standing, WalletStatus


def open_wallet(book: Book, wallet_id: UUID) -> Standing:
    """The wallet's standing. Raises WalletClosed."""
    standing = book.standings[wallet_id]
    if standing.status is WalletStatus.CLOSED:
        raise WalletClosed
    return standing


def frozen(book: Book, wallet_id: UUID) -> WalletFrozen | None:
    """Why the wallet pays nothing now, or None. Raises WalletClosed."""
    return None if open_wallet(book, wallet_id).frozen_for is None else WalletFrozen()


def too_little(book: Book, wallet_id: UUID, needed: Money) -> InsufficientFunds | None:
    """Why the wallet cannot pay that much now, or None."""
    available = Money(book.accounts[wallet_id].available, needed.currency)
    return InsufficientFunds(needed, available) if available < needed else None


def cannot_pay(book: Book, wallet_id: UUID, needed: Money) -> Refusal | None:
    """Why the wallet does not pay that much now, or None. Raises WalletClosed."""
    return frozen(book, wallet_id) or too_little(book, wallet_id, needed)
