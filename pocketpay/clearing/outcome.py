"""What an instruction comes to, and what its sender gets after the commit.

Outcome   a transaction, legs, a hold, a key; or what was true already
Effects   side effects: what an instruction changes beside its transaction
Answer    the outcome, and the sender's wallet after it
Result    an answer, or why there is none
"""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from pocketpay.cards.card import Card, CardStatus
from pocketpay.clearing.footprint import Key, ResultKind
from pocketpay.errors import Refusal
from pocketpay.identity.closing_user import ClosingUser
from pocketpay.ledger.account import Leg
from pocketpay.operator_log.act import Act
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.stored_refusal import StoredRefusal, stored
from pocketpay.transactions.transaction import Transaction
from pocketpay.wallets.balance import Balance, NewStanding


@dataclass(frozen=True, slots=True)
class Hold:
    """Money promised (+) or given back (−), in minor units."""

    wallet_id: UUID
    amount: int


@dataclass(frozen=True, slots=True)
class SideEffects:
    """What an instruction changes beside its transaction. Everything is as it is after; new when the book does not
    hold its id yet. `refunded` is the transaction that money was given back of. `parts` are what the items of an
    order of many come to, in order: an outcome, the refusal that left no row, None where nothing comes of it."""

    requests: tuple[MoneyRequest, ...] = ()
    cards: tuple[Card, ...] = ()
    refunded: Transaction | None = None
    standings: tuple[NewStanding, ...] = ()
    act: Act | None = None
    closing_user: ClosingUser | None = None
    parts: "tuple[Outcome | Refusal | None, ...]" = ()

    @property
    def stored_refusals(self) -> tuple[StoredRefusal | None, ...]:
        """What the key of a batch keeps: for each item its refusal, None where it left a row; () where none
        was refused without one."""
        refusals = tuple(stored(part) if isinstance(part, Refusal) else None for part in self.parts)
        return refusals if any(refusals) else ()


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
    side_effects: SideEffects | None = None

    @property
    def results(self) -> tuple[UUID, ...]:
        """What its key stands for from now on."""
        if self.side_effects is not None and self.side_effects.parts:
            done = (part for part in self.side_effects.parts if isinstance(part, Outcome))
            return tuple(part.transaction.id for part in done if part.transaction is not None)
        if self.side_effects is None or (self.key is not None and self.key.result_kind is ResultKind.TRANSACTIONS):
            return () if self.transaction is None else (self.transaction.id,)
        things = self.side_effects.requests or self.side_effects.cards
        return tuple(thing.id for thing in things)

    @property
    def status(self) -> Status | RequestStatus | CardStatus | None:
        """The state reached by what it is about, None where that has no states."""
        if self.side_effects is not None:
            things = self.side_effects.requests or self.side_effects.cards
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
        return () if self.outcome.side_effects is None else self.outcome.side_effects.requests

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards that it is about."""
        return () if self.outcome.side_effects is None else self.outcome.side_effects.cards

    @property
    def parts(self) -> "tuple[Answer | Refusal | None, ...]":
        """What the items of an order of many came to, each with the wallet as it is after all of them."""
        parts = () if self.outcome.side_effects is None else self.outcome.side_effects.parts
        return tuple(Answer(part, self.balance) if isinstance(part, Outcome) else part for part in parts)

    @property
    def refusal(self) -> Refusal | None:
        """The one that left a row."""
        return self.outcome.refusal

    @property
    def replayed(self) -> bool:
        """Whether it had been done before."""
        return self.outcome.replayed


Result: TypeAlias = Answer | Refusal
"""What became of one instruction."""
