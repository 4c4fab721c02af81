"""What a unit of work also reads when somebody closes their wallet.

the user's row, locked, with the hash that their password is compared with
what the wallet has ordered and is not over
the requests asked of it and its cards that are open: they end with it
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from pocketpay.cards import repository as cards
from pocketpay.clearing.book import Book
from pocketpay.clearing.repository import closing as repository
from pocketpay.database.sessions import Session
from pocketpay.identity.repository import closing_user as identity


@dataclass(frozen=True, slots=True)
class OpenThings:
    """By their ids: what has to be looked up because it ends with the wallet."""

    requests: frozenset[UUID]
    cards: frozenset[UUID]


async def look(session: Session, book: Book, closing_user: Mapping[UUID, UUID]) -> OpenThings:
    """Looks at wallets that are about to be closed, each with its owner."""
    book.hashes |= await identity.hashes(session, closing_user.values())
    for alive in await repository.alive(session, closing_user):
        book.know(alive)
    return OpenThings(
        frozenset(await repository.asked_of(session, closing_user)),
        frozenset(await cards.open_ids(session, closing_user)),
    )
