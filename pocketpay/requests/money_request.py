"""A money request, and its life in one table.

    pending ─► paid | declined | cancelled | expired

Everything else is final. A payment of it that awaits its sender's answer leaves it pending. The same table stands in
the database as the trigger `money_requests_lifecycle`; a test holds the two together.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pocketpay.errors import BooksDisagree
from pocketpay.money import Money


class RequestStatus(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


NEXT: dict[RequestStatus, frozenset[RequestStatus]] = {
    RequestStatus.PENDING: frozenset(RequestStatus) - {RequestStatus.PENDING},
    RequestStatus.PAID: frozenset(),
    RequestStatus.DECLINED: frozenset(),
    RequestStatus.CANCELLED: frozenset(),
    RequestStatus.EXPIRED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRequest:
    """One row of `money_requests`: money asked for by one wallet's owner of another's. Times are aware UTC.

    `version` grows by one with every change. What it asks for, of whom, and until when never changes.
    """

    id: UUID
    requester_wallet_id: UUID
    payer_wallet_id: UUID
    amount: Money
    description: str
    status: RequestStatus
    expires_at: datetime
    version: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def anchor(self) -> UUID:
        """The wallet whose lock guards it: its payer's."""
        return self.payer_wallet_id

    def open_at(self, now: datetime) -> bool:
        """Whether it can be paid at that moment."""
        return self.status is RequestStatus.PENDING and now < self.expires_at

    def visible_to(self, wallet_id: UUID) -> bool:
        """Whether that wallet's owner may know of it."""
        return wallet_id in (self.requester_wallet_id, self.payer_wallet_id)


def require_transition(before: RequestStatus, after: RequestStatus) -> None:
    """Raises BooksDisagree when a request cannot go from the one status to the other."""
    if after not in NEXT[before]:
        raise BooksDisagree(f"a money request cannot go from {before} to {after}")
