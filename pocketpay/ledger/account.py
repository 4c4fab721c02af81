"""An account of the books in one unit of work: it is locked, changed in memory, and written once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pocketpay.errors import BooksDisagree
from pocketpay.quick_init import quick_init

MAX_AHEAD_SECONDS = 5
"""How far the last change of an account may be ahead of the database's clock. Synchronized clocks differ by
milliseconds, also after a failover; if they differ by seconds, one of them is wrong."""


@dataclass(slots=True)
class Account:
    """A wallet's account in the books. Amounts are in minor units; `available` = `posted` − `held`.

    `ahead` is True if `updated_at` was more than MAX_AHEAD_SECONDS ahead of the database's clock when the account was
    read.
    """

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
        """Adds to both amounts, as one change. Raises BooksDisagree when `available` or `held` becomes negative.

        This is law 2. The database checks it too, but a violation must be found before the write.
        """
        self.posted += posted
        self.held += held
        self.version += 1
        if self.held < 0 or self.posted - self.held < 0:
            raise BooksDisagree(f"account {self.id} would hold or spend more than it has")


@quick_init
@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of a posting, in minor units: + credit, − debit. `account_id` is a wallet's or a house account's id."""

    account_id: UUID
    amount: int
    description: str


@quick_init
@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the books to be written. An entry of a house account has no sequence and no balance."""

    id: UUID
    account_id: UUID
    transaction_id: UUID
    amount: int
    currency: str
    kind: str
    sequence: int | None
    balance_after: int | None
    description: str
