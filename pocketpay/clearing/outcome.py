"""The outcome of an instruction, and the answer that its sender receives after the commit.

Outcome       a transaction, legs, a hold, a key; or the unchanged state of an instruction that was done before
SideEffects   the changes of an instruction other than its transaction
Answer        the outcome, and the sender's wallet after it
Result        an answer or a refusal
"""

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias
from uuid import UUID

from pocketpay.bank_accounts.bank_account import BankAccount
from pocketpay.bank_accounts.bank_return import LinkedOrder, NewReturn
from pocketpay.banking.bank import LinkStatus
from pocketpay.cards.card import Card, CardStatus
from pocketpay.clearing.footprint import Key, ResultKind
from pocketpay.errors import Refusal
from pocketpay.identity.closing_user import ClosingUser
from pocketpay.ledger.account import Account, Leg
from pocketpay.operator_log.act import Act
from pocketpay.quick_init import quick_init
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.stored_refusal import StoredRefusal, stored
from pocketpay.transactions.transaction import Transaction
from pocketpay.wallets.balance import Balance, NewStanding


@dataclass(frozen=True, slots=True)
class Hold:
    """A change of a wallet's held amount in minor units: placed (+) or released (−)."""

    wallet_id: UUID
    amount: int


class Fork(Protocol):
    """A fork of the book (`Book.fork`)."""

    @property
    def touched(self) -> dict[UUID, Account]: ...


@dataclass(frozen=True, slots=True)
class SideEffects:
    """The changes of an instruction other than its transaction. Each value is the state after the change; it is new
    if the book does not contain its id.

    `refunded` is the transaction that is refunded. `order` is the bank account of a new order, and `bank_return` what
    a bank has taken back of one. `item_results` has one result for each item of a batch, in order:
    an outcome, a refusal without a transaction, or None for an item that was not executed. `items_applied` is the
    fork of the book to which the items were applied when they were decided, so that they need not be applied again.
    """

    requests: tuple[MoneyRequest, ...] = ()
    cards: tuple[Card, ...] = ()
    bank_accounts: tuple[BankAccount, ...] = ()
    order: LinkedOrder | None = None
    bank_return: NewReturn | None = None
    refunded: Transaction | None = None
    standings: tuple[NewStanding, ...] = ()
    act: Act | None = None
    closing_user: ClosingUser | None = None
    item_results: "tuple[Outcome | Refusal | None, ...]" = ()
    items_applied: "Fork | None" = field(default=None, compare=False, repr=False)

    @property
    def stored_refusals(self) -> tuple[StoredRefusal | None, ...]:
        """The refusals to store with a batch's key: one per item, None for an item that has a transaction.

        Empty if every item has a transaction.
        """
        refusals = tuple(stored(result) if isinstance(result, Refusal) else None for result in self.item_results)
        return refusals if any(refusals) else ()


@quick_init
@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an instruction. If `changed` is False, nothing is written.

    `transaction` is the state after the change; it is new if the book does not contain its id. `key` is written with
    the results. `refusal` is the reason for which the transaction ended as FAILED or BLOCKED.
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
        """The result ids to store with the key."""
        if self.side_effects is not None and self.side_effects.item_results:
            done = (result for result in self.side_effects.item_results if isinstance(result, Outcome))
            return tuple(one.transaction.id for one in done if one.transaction is not None)
        if self.side_effects is None or (self.key is not None and self.key.result_kind is ResultKind.TRANSACTIONS):
            return () if self.transaction is None else (self.transaction.id,)
        changed = self.side_effects.requests or self.side_effects.cards or self.side_effects.bank_accounts
        return tuple(one.id for one in changed)

    @property
    def status(self) -> Status | RequestStatus | CardStatus | LinkStatus | None:
        """The status of the request, card, bank account or transaction after the instruction; None without one."""
        if self.side_effects is not None:
            changed = self.side_effects.requests or self.side_effects.cards or self.side_effects.bank_accounts
            if changed:
                return changed[0].status
        return None if self.transaction is None else self.transaction.status


@quick_init
@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the sender of an instruction: the outcome, and the sender's wallet after it."""

    outcome: Outcome
    balance: Balance

    @property
    def transaction(self) -> Transaction:
        """The transaction of the outcome. Only for instructions that have one."""
        assert self.outcome.transaction is not None, "this instruction has no transaction"  # noqa: S101 - a bug of ours
        return self.outcome.transaction

    @property
    def requests(self) -> tuple[MoneyRequest, ...]:
        """The money requests of the outcome."""
        return () if self.outcome.side_effects is None else self.outcome.side_effects.requests

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards of the outcome."""
        return () if self.outcome.side_effects is None else self.outcome.side_effects.cards

    @property
    def bank_accounts(self) -> tuple[BankAccount, ...]:
        """The bank accounts of the outcome."""
        return () if self.outcome.side_effects is None else self.outcome.side_effects.bank_accounts

    @property
    def item_results(self) -> "tuple[Answer | Refusal | None, ...]":
        """The result of each item of a batch, in order, each with the wallet after the whole batch."""
        results = () if self.outcome.side_effects is None else self.outcome.side_effects.item_results
        return tuple(Answer(one, self.balance) if isinstance(one, Outcome) else one for one in results)

    @property
    def refusal(self) -> Refusal | None:
        """The reason for which the transaction ended as FAILED or BLOCKED, or None."""
        return self.outcome.refusal

    @property
    def replayed(self) -> bool:
        """Whether the instruction had been executed before."""
        return self.outcome.replayed


Result: TypeAlias = Answer | Refusal
"""The result of one instruction."""
