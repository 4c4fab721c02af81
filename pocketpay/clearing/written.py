"""The side effects that a unit writes, and an idempotency key as it is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pocketpay.bank_accounts.bank_account import BankAccount
from pocketpay.bank_accounts.bank_return import LinkedOrder, NewReturn
from pocketpay.cards.card import Card
from pocketpay.clearing.footprint import Key
from pocketpay.identity.closing_user import ClosingUser
from pocketpay.operator_log.act import Act
from pocketpay.quick_init import quick_init
from pocketpay.requests.money_request import MoneyRequest
from pocketpay.transactions.stored_refusal import StoredRefusal
from pocketpay.wallets.balance import NewStanding


@quick_init
@dataclass(frozen=True, slots=True)
class StoredKey:
    """An idempotency key as it is stored."""

    operation: str
    fingerprint: bytes
    results: Sequence[UUID]
    refusals: Sequence[StoredRefusal | None] = ()
    """For a batch, one per item, None for an item that has a result; () if no item was refused."""


@dataclass(slots=True)
class Written:
    """The side effects that a unit writes."""

    new_requests: dict[UUID, MoneyRequest] = field(default_factory=dict)
    changed_requests: dict[UUID, MoneyRequest] = field(default_factory=dict)
    new_cards: dict[UUID, Card] = field(default_factory=dict)
    changed_cards: dict[UUID, Card] = field(default_factory=dict)
    new_bank_accounts: dict[UUID, BankAccount] = field(default_factory=dict)
    changed_bank_accounts: dict[UUID, BankAccount] = field(default_factory=dict)
    orders: list[LinkedOrder] = field(default_factory=list)
    bank_returns: list[NewReturn] = field(default_factory=list)
    standings: dict[UUID, NewStanding] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)
    closing_users: list[ClosingUser] = field(default_factory=list)
    keys: list[tuple[Key, StoredKey]] = field(default_factory=list)
    """Keys that have several results, no result, or refusals."""
