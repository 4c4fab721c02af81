"""A wallet's cards."""

from collections.abc import Iterable
from uuid import UUID

from pocketpay.cards import repository
from pocketpay.cards.card import Card
from pocketpay.database.sessions import Session

MAX_LISTED = 100
"""Cards in a list: more than the open cards that a wallet can have."""


async def read(session: Session, wallet_id: UUID) -> list[Card]:
    """Returns up to MAX_LISTED of the wallet's cards, newest first: all open cards, and the newest closed ones."""
    return await repository.listed(session, wallet_id, limit=MAX_LISTED)


async def find(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Card]:
    """Returns the cards with the given ids that belong to the wallet, by id."""
    return await repository.own(session, wallet_id, ids)
