"""The locks and reads that an instruction needs before it can be decided.

Footprint   the wallets to lock, the key, the transaction, the limit
Lookups     the reads that only some instructions need: each kind costs the unit of work one more statement
Key         an idempotency key, and the fingerprint of its input
"""

from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from pocketpay.money import Money
from pocketpay.quick_init import quick_init
from pocketpay.transactions.limits import LimitKind


class ResultKind(Enum):
    """The table in which the result ids of an operation's key are found."""

    TRANSACTIONS = auto()
    REQUESTS = auto()
    CARDS = auto()
    BANK_ACCOUNTS = auto()


@quick_init
@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key of an instruction. `fingerprint` is the SHA-256 of the operation and its parsed input."""

    wallet_id: UUID
    text: str
    operation: str
    fingerprint: bytes
    result_kind: ResultKind = ResultKind.TRANSACTIONS


@dataclass(frozen=True, slots=True)
class Lookups:
    """The reads that only some instructions need. Each kind adds one statement to the unit of work.

    transactions   ids of transactions to look up in addition to `transaction_id`; ids that do not exist are ignored
    requests       ids of money requests to look up, each with its unfinished payment, if it has one
    payers         wallets that a money request is to be sent to; they are locked too
    cards          ids of cards to look up
    for_refund     the looked-up transaction may be refunded from `wallet_id` to `payee_id`: counts how often the
                   payee paid the wallet, and looks up the card that paid the transaction
    open_cards     wallets whose open cards are counted
    bank_accounts  ids of linked bank accounts to look up
    open_bank_accounts   wallets whose open bank accounts are counted
    bank_returns   wallets whose returns that are not in the books yet are looked up, with the reason of their freeze;
                   and the return of `transaction_id`
    items          the footprints of a batch's items; each is locked and looked up like a single order
    closing_user   the owner of the wallet if it is to be closed: their row is locked, and everything that ends with
                   the wallet is looked up

    Two things are always looked up: the request that a looked-up transaction pays, and the stored results of a key.
    """

    transactions: tuple[UUID, ...] = ()
    requests: tuple[UUID, ...] = ()
    payers: tuple[UUID, ...] = ()
    cards: tuple[UUID, ...] = ()
    for_refund: bool = False
    open_cards: tuple[UUID, ...] = ()
    bank_accounts: tuple[UUID, ...] = ()
    open_bank_accounts: tuple[UUID, ...] = ()
    bank_returns: tuple[UUID, ...] = ()
    items: "tuple[Footprint, ...] | None" = None
    closing_user: UUID | None = None


@quick_init
@dataclass(frozen=True, slots=True)
class Footprint:
    """The locks and reads of one instruction.

    `wallet_id` is the wallet that sends the instruction; it is locked too. `uses` is the amount that the instruction
    would use of the wallet's `limit`.
    """

    wallet_id: UUID
    payee_id: UUID | None = None
    key: Key | None = None
    transaction_id: UUID | None = None
    limit: LimitKind | None = None
    uses: Money | None = None
    lookups: Lookups | None = None

    @property
    def accounts(self) -> frozenset[UUID]:
        """The accounts to lock: of the wallet, the payee, the payers of money requests, and the batch's items."""
        own = (self.wallet_id,) if self.payee_id is None else (self.wallet_id, self.payee_id)
        if self.lookups is None:
            return frozenset(own)
        items = self.lookups.items or ()
        return frozenset((*own, *self.lookups.payers)).union(*(item.accounts for item in items))
