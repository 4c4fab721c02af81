"""The additional reads of a unit of work that closes a wallet.

the user's row, which is locked, with the password hash for the comparison
the wallet's unfinished transactions
the open money requests to the wallet, its open cards and its bank accounts: they end with it
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from pocketpay.bank_accounts.repository import accounts as bank_accounts
from pocketpay.cards import repository as cards
from pocketpay.clearing.book import Book
from pocketpay.clearing.repository import closing as repository
from pocketpay.database.sessions import Session
from pocketpay.identity.repository import closing_user as identity


@dataclass(frozen=True, slots=True)
class EndingIds:
    """The ids of the money requests, cards and bank accounts that end with the wallet. They have to be looked up."""

    requests: frozenset[UUID]
    cards: frozenset[UUID]
    bank_accounts: frozenset[UUID]


async def look_up(session: Session, book: Book, users: Mapping[UUID, UUID]) -> EndingIds:
    """Reads what the closing of wallets needs. `users` has the owner's user id by wallet id."""
    book.hashes |= await identity.hashes(session, users.values())
    for transaction in await repository.unfinished(session, users):
        book.add(transaction)
    return EndingIds(
        frozenset(await repository.open_requests_to(session, users)),
        frozenset(await cards.open_ids(session, users)),
        frozenset(await bank_accounts.not_removed(session, users)),
    )
