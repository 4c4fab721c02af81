"""A virtual card, and its life in one table.

    active ◄─► frozen
    active, frozen ─► closed

Closed is final. The same table stands in the database as the trigger `cards_lifecycle`; a test holds the two
together.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pocketpay.errors import BooksDisagree
from pocketpay.money import Money


class CardStatus(StrEnum):
    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"


NEXT: dict[CardStatus, frozenset[CardStatus]] = {
    CardStatus.ACTIVE: frozenset({CardStatus.FROZEN, CardStatus.CLOSED}),
    CardStatus.FROZEN: frozenset({CardStatus.ACTIVE, CardStatus.CLOSED}),
    CardStatus.CLOSED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One row of `cards`. Limits are in the wallet's currency, None where there is none; times are aware UTC.

    Good until the end of its expiry month (UTC). `version` grows by one with every change.
    """

    id: UUID
    wallet_id: UUID
    currency: str
    label: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int
    status: CardStatus
    per_payment_limit: Money | None = None
    monthly_limit: Money | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def anchor(self) -> UUID:
        """The wallet whose lock guards it: its owner's."""
        return self.wallet_id

    def expired(self, now: datetime) -> bool:
        """Whether its expiry month is over at that moment (aware UTC)."""
        return (now.year, now.month) > (self.expiry_year, self.expiry_month)


def must_follow(before: CardStatus, after: CardStatus) -> None:
    """Raises BooksDisagree when a card cannot go from the one status to the other."""
    if before is not after and after not in NEXT[before]:
        raise BooksDisagree(f"a card cannot go from {before} to {after}")
