"""The reasons for which a payment is refused. Each holds facts; the message is written elsewhere.

Refusal
├── InvalidInput(field, problem)      INVALID_INPUT
├── InvalidAmount(field)              INVALID_AMOUNT
├── NotFound                          NOT_FOUND: it does not exist, or it belongs to somebody else
├── RecipientNotFound                 RECIPIENT_NOT_FOUND: no such wallet, or it is closed, or frozen for all payments
├── SelfTransfer                      SELF_TRANSFER
├── CurrencyMismatch                  CURRENCY_MISMATCH
├── WalletFrozen, WalletClosed        WALLET_FROZEN, WALLET_CLOSED
├── InsufficientFunds(required, available)
├── LimitExceeded(limit)              LIMIT_EXCEEDED
├── TooManyPending(most)              TOO_MANY_PENDING
├── RiskBlocked                       RISK_BLOCKED
├── BankDeclined                      BANK_DECLINED
├── PayerGone                         RECIPIENT_NOT_FOUND: the person who paid cannot receive money now
├── AlreadyRefunded                   ALREADY_REFUNDED
├── RefundTooLarge(left)              REFUND_TOO_LARGE
├── BalanceNotZero                    BALANCE_NOT_ZERO: the wallet holds money or has an unfinished payment
├── WrongState(about)                WRONG_STATE
└── KeyReused                         IDEMPOTENCY_KEY_REUSED
"""

from typing import TypeAlias

from pocketpay.cards.card import Card, CardStatus
from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import Limit
from pocketpay.transactions.transaction import Transaction


class InvalidInput(Refusal):
    """An input field breaks a rule. `problem` describes the rule, in words that follow the field's name."""

    code = "INVALID_INPUT"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field, self.problem = field, problem


class InvalidAmount(Refusal):
    """An amount is well-formed, but it is zero, has too many decimals for its currency, or is too large."""

    code = "INVALID_AMOUNT"

    def __init__(self, problem: str, field: str = "amount") -> None:
        super().__init__(field, problem)
        self.field, self.problem = field, problem


LOOKED_UP = {
    "bankAccountId": ("bank account", "id"),
    "cardId": ("card", "id"),
    "customer": ("customer", "username or wallet id"),
    "user": ("user", "username"),
    "wallet": ("wallet", "id or owner"),
}
"""Maps an input field to the kind of object it identifies, and to the key it uses. A field that is not listed holds a
transaction's id."""


class NotFound(Refusal):
    """The object does not exist, or it belongs to somebody else.

    `thing` is the kind of object, for example "card"; `key` is what it was looked up by, for example "id".
    """

    code = "NOT_FOUND"

    def __init__(self, field: str = "id", thing: str | None = None) -> None:
        super().__init__(field)
        self.field = field
        known, self.key = LOOKED_UP.get(field, ("transaction", "id"))
        self.thing = thing or known


class RecipientNotFound(Refusal):
    code = "RECIPIENT_NOT_FOUND"
    field = "to"


class SelfTransfer(Refusal):
    code = "SELF_TRANSFER"

    def __init__(self, field: str = "to") -> None:
        super().__init__(field)
        self.field = field


class CurrencyMismatch(Refusal):
    code = "CURRENCY_MISMATCH"

    def __init__(self, field: str = "to") -> None:
        super().__init__(field)
        self.field = field


class WalletFrozen(Refusal):
    code = "WALLET_FROZEN"


class WalletClosed(Refusal):
    code = "WALLET_CLOSED"


class InsufficientFunds(Refusal):
    code = "INSUFFICIENT_FUNDS"
    field = "amount"

    def __init__(self, required: Money, available: Money, field: str = "amount") -> None:
        super().__init__(required, available)
        self.required, self.available, self.field = required, available, field


class LimitExceeded(Refusal):
    code = "LIMIT_EXCEEDED"
    field = "amount"

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self.limit = limit


class TooManyPending(Refusal):
    code = "TOO_MANY_PENDING"

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class RiskBlocked(Refusal):
    code = "RISK_BLOCKED"


class BankDeclined(Refusal):
    code = "BANK_DECLINED"

    def __init__(self, field: str = "bankName") -> None:
        super().__init__()
        self.field = field


class PayerGone(Refusal):
    """The person who paid has closed their wallet, or cannot receive money now."""

    code = "RECIPIENT_NOT_FOUND"
    field = "transactionId"


class AlreadyRefunded(Refusal):
    code = "ALREADY_REFUNDED"
    field = "transactionId"


class RefundTooLarge(Refusal):
    """The refund is larger than the part of the original that is not refunded yet (`left`)."""

    code = "REFUND_TOO_LARGE"
    field = "amount"

    def __init__(self, left: Money) -> None:
        super().__init__(left)
        self.left = left


class BalanceNotZero(Refusal):
    """A wallet cannot be closed, because it holds money or has an unfinished payment."""

    code = "BALANCE_NOT_ZERO"


HasState: TypeAlias = Transaction | MoneyRequest | Card
"""The objects whose state can forbid an operation."""


class WrongState(Refusal):
    """The state of `about` does not allow the operation. `about` is the object as it was at the refusal."""

    code = "WRONG_STATE"

    def __init__(self, about: HasState, field: str = "id") -> None:
        super().__init__(about.status)
        self.about, self.field = about, field

    @property
    def status(self) -> Status | RequestStatus | CardStatus:
        return self.about.status


class KeyReused(Refusal):
    code = "IDEMPOTENCY_KEY_REUSED"
    field = "idempotencyKey"
