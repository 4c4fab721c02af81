"""A money request, and the transitions between its statuses.

    pending ─► paid | declined | cancelled | expired

All statuses except pending are final. A request stays pending while its payment is held. The database enforces the
same transitions with the trigger `money_requests_lifecycle`; a test compares the two.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
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
    """One row of `money_requests`: the owner of one wallet requests money from the owner of another wallet.

    Times are aware UTC. `version` grows by one with every change. The two wallets, the amount, the description and
    `expires_at` never change.
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
        """The wallet whose lock guards the request: the payer's wallet."""
        return self.payer_wallet_id

    def open_at(self, now: datetime) -> bool:
        """Returns whether the request can be paid at `now`."""
        return self.status is RequestStatus.PENDING and now < self.expires_at

    def visible_to(self, wallet_id: UUID) -> bool:
        """Returns whether the wallet's owner may see the request: the requester and the payer may."""
        return wallet_id in (self.requester_wallet_id, self.payer_wallet_id)


def require_transition(before: RequestStatus, after: RequestStatus) -> None:
    """Raises BooksDisagree when a request cannot change from `before` to `after`."""
    if after not in NEXT[before]:
        raise BooksDisagree(f"a money request cannot go from {before} to {after}")


@dataclass(frozen=True, slots=True)
class RequestDetails:
    """The facts of a money request that never change. A payment of it needs them before it is queued."""

    requester_id: UUID
    payer_id: UUID
    amount: Money
    description: str

    @classmethod
    def of(cls, request: MoneyRequest) -> Self:
        """Returns the details of a money request."""
        return cls(request.requester_wallet_id, request.payer_wallet_id, request.amount, request.description)
