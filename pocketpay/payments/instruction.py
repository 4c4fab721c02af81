"""What the clearing carries out: an instruction, its footprint, and what its decision comes to.

Instruction    a small frozen value: `footprint`, and `decide(book) -> Outcome`, pure
Footprint      what must be locked and looked up before it can be decided
Outcome        what it comes to: a transaction, legs, holds; or what was true already
Answer         what its sender is told after the commit
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from pocketpay.errors import Refusal
from pocketpay.ledger.account import Leg
from pocketpay.money import Money
from pocketpay.payments.limits import LimitKind
from pocketpay.payments.transaction import Transaction
from pocketpay.wallets.balance import Balance

if TYPE_CHECKING:
    from pocketpay.payments.book import Book


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key as an instruction brings it. `fingerprint` is SHA-256 of operation and parsed input."""

    wallet_id: UUID
    text: str
    operation: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one instruction needs. `wallet_id`, whose instruction it is, is locked too; `uses` is how much it
    would use of that `limit` of the wallet."""

    wallet_id: UUID
    payee_id: UUID | None = None
    key: Key | None = None
    transaction_id: UUID | None = None
    limit: LimitKind | None = None
    uses: Money | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Money promised (+) or given back (−), in minor units."""

    wallet_id: UUID
    amount: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an instruction comes to. With `changed` False nothing is written: it was so already.

    `transaction` is as it is after; new when the book does not hold its id yet. `key` is written with it.
    `refusal` is the one that left this row.
    """

    transaction: Transaction
    changed: bool = True
    legs: tuple[Leg, ...] = ()
    hold: Hold | None = None
    key: Key | None = None
    refusal: Refusal | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender of an instruction is told: the transaction, their wallet after it, why not if not."""

    transaction: Transaction
    balance: Balance
    refusal: Refusal | None
    replayed: bool


class Instruction(Protocol):
    """Something to be carried out. Deciding reads the book and nothing else, and changes nothing."""

    @property
    def footprint(self) -> Footprint: ...

    def decide(self, book: "Book") -> Outcome:
        """The rule. Raises a Refusal when nothing comes of it and no row stays."""
        ...
