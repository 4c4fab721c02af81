"""A virtual card, and its life in one table.

    active ◄─► frozen
    active, frozen ─► closed

Closed is final. The same table stands in the database as the trigger `cards_lifecycle`; a test holds the two
together.

Decision 18 gives the reasons.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pocketpay.cards.errors import AboveMonthlyLimit, AbovePaymentLimit, CardClosed, CardExpired, CardFrozen
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


GOOD_FOR_YEARS = 4
"""From its issue; it ends with the month of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One row of `cards`. Money is in the wallet's currency, a limit None where there is none; times are aware UTC.

    Good until the end of its expiry month (UTC). `spent` is what it paid in the calendar month (UTC) that begins on
    `spent_in`, the latest in which it paid, without what was given back. `version` grows by one with every change.
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
    spent: Money
    spent_in: date
    version: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def anchor(self) -> UUID:
        """The wallet whose lock guards it: its owner's."""
        return self.wallet_id

    @property
    def open(self) -> bool:
        """Whether it is not closed."""
        return self.status is not CardStatus.CLOSED

    def expired(self, now: datetime) -> bool:
        """Whether its expiry month is over at that moment (aware UTC)."""
        return (now.year, now.month) > (self.expiry_year, self.expiry_month)

    def spent_by(self, now: datetime) -> Money:
        """What it has paid by that moment in that moment's month."""
        return Money(0, self.currency) if month_of(now) > self.spent_in else self.spent

    def require_usable(self, now: datetime) -> None:
        """Raises CardClosed, CardFrozen, CardExpired."""
        if not self.open:
            raise CardClosed
        if self.status is CardStatus.FROZEN:
            raise CardFrozen
        if self.expired(now):
            raise CardExpired

    def require_room(self, amount: Money, now: datetime) -> None:
        """Raises AbovePaymentLimit and AboveMonthlyLimit."""
        if self.per_payment_limit is not None and amount > self.per_payment_limit:
            raise AbovePaymentLimit(self.per_payment_limit)
        spent, nothing = self.spent_by(now), Money(0, self.currency)
        if self.monthly_limit is not None and spent + amount > self.monthly_limit:
            raise AboveMonthlyLimit(self.monthly_limit, max(self.monthly_limit - spent, nothing))

    def paid(self, amount: Money, now: datetime) -> Self:
        """The card after it has paid that."""
        spent_in = max(month_of(now), self.spent_in)
        return replace(self.following(now), spent=self.spent_by(now) + amount, spent_in=spent_in)

    def given_back(self, amount: Money, paid_at: datetime, now: datetime) -> Self:
        """The card after that much of what it paid at `paid_at` (aware UTC) was given back.

        The month in which it paid has that much more room. A month before the latest is over, and nobody asks.
        """
        if month_of(paid_at) != self.spent_in:
            return self
        return replace(self.following(now), spent=self.spent - amount)

    def following(self, now: datetime) -> Self:
        """The card one version later."""
        return replace(self, version=self.version + 1, updated_at=now)


def month_of(now: datetime) -> date:
    """The first day of that moment's month (aware UTC)."""
    return date(now.year, now.month, 1)


def require_transition(before: CardStatus, after: CardStatus) -> None:
    """Raises BooksDisagree when a card cannot go from the one status to the other."""
    if before is not after and after not in NEXT[before]:
        raise BooksDisagree(f"a card cannot go from {before} to {after}")
