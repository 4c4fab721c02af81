"""A wallet's cards."""

from collections.abc import Iterable
from uuid import UUID

from pocketpay.cards import repository
from pocketpay.cards.card import Card
from pocketpay.database.sessions import Session

MOST_LISTED = 100
"""More than a wallet can have open at once."""


async def read(session: Session, wallet_id: UUID) -> list[Card]:
    """The wallet's cards, the newest first, at most MOST_LISTED: all that are open, then the newest of the closed."""
    return await repository.listed(session, wallet_id, most=MOST_LISTED)


async def find(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Card]:
    """The cards with those ids that are the wallet's, by id."""
    return await repository.own(session, wallet_id, ids)
