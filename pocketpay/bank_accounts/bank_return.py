"""What a bank has taken back of a settled order, and an order through a linked bank account."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class BankReturn:
    """One row of `bank_returns`. Amounts are in minor units of `currency`.

    `returned` is how much of the order's amount the bank has taken back; this amount never shrinks. `outstanding` is
    the part that is not in the books yet: the wallet did not have the money, or is closed. `why` is the provider's
    code.
    """

    transaction_id: UUID
    wallet_id: UUID
    currency: str
    returned: int
    outstanding: int
    why: str


@dataclass(frozen=True, slots=True)
class NewReturn:
    """A change of a return, and the refund that books a part of it (None if no money moves)."""

    after: BankReturn
    refund_id: UUID | None


@dataclass(frozen=True, slots=True)
class OpenReturn:
    """A return of which a part is not in the books yet, with the times at which it was made and last changed."""

    bank_return: BankReturn
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class LinkedOrder:
    """An order through a linked bank account. `can_return` is False if the provider never takes money back."""

    transaction_id: UUID
    bank_account_id: UUID
    can_return: bool
