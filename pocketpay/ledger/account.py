"""An account of the books as one unit of work holds it: locked, changed in memory, written once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pocketpay.errors import BooksDisagree

MOST_AHEAD_SECONDS = 5
"""How far the last change of an account may lie ahead of the database's clock. Synchronized clocks differ by
milliseconds, also after a failover; a difference of seconds is a clock that is wrong."""


@dataclass(slots=True)
class Account:
    """A wallet's line in the books. Amounts in minor units; `available` = `posted` − `held`. `ahead` says that
    `updated_at` was more than MOST_AHEAD_SECONDS ahead of the database's clock when the account was read."""

    id: UUID
    currency: str
    posted: int
    held: int
    sequence: int
    version: int
    updated_at: datetime
    ahead: bool = False

    @property
    def available(self) -> int:
        return self.posted - self.held

    def change(self, *, posted: int, held: int) -> None:
        """Adds to both, as one change. Law 2 stands here too: it must never be the database that finds out."""
        self.posted += posted
        self.held += held
        self.version += 1
        if self.held < 0 or self.posted - self.held < 0:
            raise BooksDisagree(f"account {self.id} would hold or spend more than it has")


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a movement: + credit, − debit. `account_id` is a wallet's or a house account's."""

    account_id: UUID
    amount: int
    description: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the books, about to be written. House accounts carry no sequence and no balance."""

    id: UUID
    account_id: UUID
    transaction_id: UUID
    amount: int
    currency: str
    kind: str
    sequence: int | None
    balance_after: int | None
    description: str
