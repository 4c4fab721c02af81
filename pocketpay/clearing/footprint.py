"""What an instruction needs before it can be decided: what must be locked, and what must be looked up.

Footprint   the wallets that are locked, the key, the transaction, the limit
Needs       what few instructions read: each kind costs a unit of work one more statement
Key         an idempotency key, and what it stands for
"""

from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from pocketpay.money import Money
from pocketpay.transactions.limits import LimitKind


class ResultKind(Enum):
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
    result_kind: ResultKind = ResultKind.TRANSACTIONS


@dataclass(frozen=True, slots=True)
class Lookups:
    """What few instructions read: each kind is one more statement of a unit in which somebody needs it.

    `transactions` are looked up beside `transaction_id`, as far as there are such. The request that a looked-up
    transaction pays is there without being named, and so is what a key gave before. With a request comes the payment
    of it that is alive, if there is one. `asks` are wallets that money is to be asked of: they are locked too.
    `gives_back` says that something of the looked-up transaction may go back from `wallet_id` to `payee_id`: then it
    is counted how often that one paid this one, and the card that paid it is looked up. `open_cards` are wallets
    whose open cards are counted. `parts` are the footprints of the items of an order of many, each locked and looked
    up like an order of its own. `closing_user` is the wallet's owner, if it is to be closed: their row is locked
    too, and all that ends with the wallet looked up.
    """

    transactions: tuple[UUID, ...] = ()
    requests: tuple[UUID, ...] = ()
    asks: tuple[UUID, ...] = ()
    cards: tuple[UUID, ...] = ()
    gives_back: bool = False
    open_cards: tuple[UUID, ...] = ()
    parts: "tuple[Footprint, ...] | None" = None
    closing_user: UUID | None = None


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
    lookups: Lookups | None = None

    @property
    def accounts(self) -> frozenset[UUID]:
        """All that is locked: its own wallet's, the payee's, those of whom money is asked, and those of its items."""
        mine = (self.wallet_id,) if self.payee_id is None else (self.wallet_id, self.payee_id)
        if self.lookups is None:
            return frozenset(mine)
        parts = self.lookups.parts or ()
        return frozenset((*mine, *self.lookups.asks)).union(*(part.accounts for part in parts))
