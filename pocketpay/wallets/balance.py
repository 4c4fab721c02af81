"""A wallet's standing, and its balance in the books."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pocketpay.money import Money
from pocketpay.quick_init import quick_init


class WalletStatus(StrEnum):
    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"


class Freeze(StrEnum):
    DEBITS = "debits"
    ALL = "all"


@quick_init
@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a wallet may pay and receive: its status, and if it is frozen, for what."""

    status: WalletStatus
    frozen_for: Freeze | None
    created_at: datetime

    @property
    def may_receive(self) -> bool:
        return self.status is not WalletStatus.CLOSED and self.frozen_for is not Freeze.ALL


@dataclass(frozen=True, slots=True)
class NewStanding:
    """A change of a wallet's standing. `reason` is the reason of a freeze, else None."""

    wallet_id: UUID
    standing: Standing
    reason: str | None


@quick_init
@dataclass(frozen=True, slots=True)
class Balance:
    """A wallet's balance and standing at one moment. `version` grows with every change of `posted` or `held`."""

    wallet_id: UUID
    currency: str
    posted_minor: int
    held_minor: int
    version: int
    standing: Standing

    @property
    def posted(self) -> Money:
        return Money(self.posted_minor, self.currency)

    @property
    def held(self) -> Money:
        return Money(self.held_minor, self.currency)

    @property
    def available(self) -> Money:
        return Money(self.posted_minor - self.held_minor, self.currency)
