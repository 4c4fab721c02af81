"""A virtual card, and the transitions between its statuses.

    active ◄─► frozen
    active, frozen ─► closed

Closed is final. The database enforces the same transitions with the trigger `cards_lifecycle`; a test compares the
two.

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


VALID_YEARS = 4
"""A card is valid until the end of the month of its issue, this many years later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One row of `cards`. Amounts are in the wallet's currency; a limit of None is no limit; times are aware UTC.

    The card is valid until the end of its expiry month (UTC). `spent_in` is the first day of the latest calendar
    month (UTC) in which it paid, and `spent` is the amount paid in that month, less refunds. `version` grows by one
    with every change.
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
        """The wallet whose lock guards the card: the wallet of the card's owner."""
        return self.wallet_id

    @property
    def open(self) -> bool:
        """Whether the card is not closed."""
        return self.status is not CardStatus.CLOSED

    def expired(self, now: datetime) -> bool:
        """Returns whether the card's expiry month is over at `now` (aware UTC)."""
        return (now.year, now.month) > (self.expiry_year, self.expiry_month)

    def spent_in_month(self, now: datetime) -> Money:
        """Returns the amount that the card has paid in the calendar month of `now`, less refunds."""
        return Money(0, self.currency) if month_of(now) > self.spent_in else self.spent

    def require_usable(self, now: datetime) -> None:
        """Raises CardClosed, CardFrozen or CardExpired if the card cannot pay at `now`."""
        if not self.open:
            raise CardClosed
        if self.status is CardStatus.FROZEN:
            raise CardFrozen
        if self.expired(now):
            raise CardExpired

    def require_room(self, amount: Money, now: datetime) -> None:
        """Raises AbovePaymentLimit or AboveMonthlyLimit if the amount exceeds one of the card's limits."""
        if self.per_payment_limit is not None and amount > self.per_payment_limit:
            raise AbovePaymentLimit(self.per_payment_limit)
        spent, nothing = self.spent_in_month(now), Money(0, self.currency)
        if self.monthly_limit is not None and spent + amount > self.monthly_limit:
            raise AboveMonthlyLimit(self.monthly_limit, max(self.monthly_limit - spent, nothing))

    def after_payment(self, amount: Money, now: datetime) -> Self:
        """Returns the card after a payment of `amount` at `now`."""
        spent_in = max(month_of(now), self.spent_in)
        return replace(self.next_version(now), spent=self.spent_in_month(now) + amount, spent_in=spent_in)

    def after_refund(self, amount: Money, paid_at: datetime, now: datetime) -> Self:
        """Returns the card after a refund of `amount` of a payment made at `paid_at` (aware UTC).

        `spent` shrinks if the payment was in the month of `spent_in`. Earlier months are over and no longer count, so
        the card is returned unchanged.
        """
        if month_of(paid_at) != self.spent_in:
            return self
        return replace(self.next_version(now), spent=self.spent - amount)

    def next_version(self, now: datetime) -> Self:
        """Returns the card one version later, updated at `now`."""
        return replace(self, version=self.version + 1, updated_at=now)


def month_of(now: datetime) -> date:
    """Returns the first day of the month of `now` (aware UTC)."""
    return date(now.year, now.month, 1)


def require_transition(before: CardStatus, after: CardStatus) -> None:
    """Raises BooksDisagree when a card cannot change from `before` to `after`."""
    if before is not after and after not in NEXT[before]:
        raise BooksDisagree(f"a card cannot go from {before} to {after}")
