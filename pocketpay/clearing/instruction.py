"""What the clearing carries out: an instruction, its footprint, and what its decision comes to.

Instruction    a small frozen value: `footprint`, and `decide(book) -> Outcome`, pure
Footprint      what must be locked and looked up before it can be decided; `needs` is what few of them read
Outcome        what it comes to: a transaction, legs, holds; or what was true already; `besides` is what few change
Answer         what its sender is told after the commit
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from pocketpay.cards.card import Card, CardStatus
from pocketpay.errors import Refusal
from pocketpay.identity.leaving import Leaver
from pocketpay.ledger.account import Leg
from pocketpay.money import Money
from pocketpay.operator_log.act import Act
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import LimitKind
from pocketpay.transactions.transaction import Transaction
from pocketpay.wallets.balance import Balance, NewStanding

if TYPE_CHECKING:
    from pocketpay.clearing.book import Book


class Gives(Enum):
    """What an operation's key stands for: the table that its result ids are found in."""

    TRANSACTIONS = auto()
    REQUESTS = auto()
    CARDS = auto()


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key as an instruction brings it. `fingerprint` is SHA-256 of operation and parsed input."""

    wallet_id: UUID
    text: str
    operation: str
    fingerprint: bytes
    gives: Gives = Gives.TRANSACTIONS


@dataclass(frozen=True, slots=True)
class Needs:
    """What few instructions read: each kind is one more statement of a unit in which somebody needs it.

    `transactions` are looked up beside `transaction_id`, as far as there are such. The request that a looked-up
    transaction pays is there without being named, and so is what a key gave before. With a request comes the payment
    of it that is alive, if there is one. `asks` are wallets that money is to be asked of: they are locked too.
    `gives_back` says that something of the looked-up transaction may go back from `wallet_id` to `payee_id`: then it
    is counted how often that one paid this one. `open_cards` are wallets whose open cards are counted. `parts` are
    the footprints of the items of an order of many, each locked and looked up like an order of its own.
    `leaving` is the wallet's owner, if it is to be closed: their row is locked too, and all that ends with the wallet
    looked up.
    """

    transactions: tuple[UUID, ...] = ()
    requests: tuple[UUID, ...] = ()
    asks: tuple[UUID, ...] = ()
    cards: tuple[UUID, ...] = ()
    gives_back: bool = False
    open_cards: tuple[UUID, ...] = ()
    parts: "tuple[Footprint, ...] | None" = None
    leaving: UUID | None = None


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
    needs: Needs | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Money promised (+) or given back (−), in minor units."""

    wallet_id: UUID
    amount: int


@dataclass(frozen=True, slots=True)
class Besides:
    """What an instruction changes besides a transaction. Everything is as it is after; new when the book does not
    hold its id yet. `refunded` is the transaction that money was given back of. `parts` are what the items of an
    order of many come to, in order: an outcome, the refusal that left no row, None where nothing comes of it."""

    requests: tuple[MoneyRequest, ...] = ()
    cards: tuple[Card, ...] = ()
    refunded: Transaction | None = None
    standings: tuple[NewStanding, ...] = ()
    act: Act | None = None
    leaver: Leaver | None = None
    parts: "tuple[Outcome | Refusal | None, ...]" = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an instruction comes to. With `changed` False nothing is written: it was so already.

    `transaction` is as it is after; new when the book does not hold its id yet. `key` is written with its results.
    `refusal` is the one that left this row.
    """

    transaction: Transaction | None = None
    changed: bool = True
    legs: tuple[Leg, ...] = ()
    hold: Hold | None = None
    key: Key | None = None
    refusal: Refusal | None = None
    replayed: bool = False
    besides: Besides | None = None

    @property
    def results(self) -> tuple[UUID, ...]:
        """What its key stands for from now on."""
        if self.besides is not None and self.besides.parts:
            done = (part for part in self.besides.parts if isinstance(part, Outcome))
            return tuple(part.transaction.id for part in done if part.transaction is not None)
        if self.besides is None or (self.key is not None and self.key.gives is Gives.TRANSACTIONS):
            return () if self.transaction is None else (self.transaction.id,)
        things = self.besides.requests or self.besides.cards
        return tuple(thing.id for thing in things)

    @property
    def status(self) -> Status | RequestStatus | CardStatus | None:
        """The state reached by what it is about, None where that has no states."""
        if self.besides is not None:
            things = self.besides.requests or self.besides.cards
            if things:
                return things[0].status
        return None if self.transaction is None else self.transaction.status


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender of an instruction is told: what it came to, and their wallet after it."""

    outcome: Outcome
    balance: Balance

    @property
    def transaction(self) -> Transaction:
        """The transaction that an order about money came to."""
        assert self.outcome.transaction is not None, "not an order about money"  # noqa: S101 - ours to know
        return self.outcome.transaction

    @property
    def requests(self) -> tuple[MoneyRequest, ...]:
        """The money requests that it is about."""
        return () if self.outcome.besides is None else self.outcome.besides.requests

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards that it is about."""
        return () if self.outcome.besides is None else self.outcome.besides.cards

    @property
    def parts(self) -> "tuple[Answer | Refusal | None, ...]":
        """What the items of an order of many came to, each with the wallet as it is after all of them."""
        parts = () if self.outcome.besides is None else self.outcome.besides.parts
        return tuple(Answer(part, self.balance) if isinstance(part, Outcome) else part for part in parts)

    @property
    def refusal(self) -> Refusal | None:
        """The one that left a row."""
        return self.outcome.refusal

    @property
    def replayed(self) -> bool:
        """Whether it had been done before."""
        return self.outcome.replayed


class Instruction(Protocol):
    """Something to be carried out. Deciding reads the book and nothing else, and changes nothing."""

    @property
    def footprint(self) -> Footprint: ...

    def decide(self, book: "Book") -> Outcome:
        """The rule. Raises a Refusal when nothing comes of it and no row stays."""
        ...
