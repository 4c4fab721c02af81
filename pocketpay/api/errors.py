"""Refusals as clients see them: data in a payload's `errors`, each with a code, a message, and the path of the input.

`TABLE` has the GraphQL type and the message of every refusal; a test fails when one is missing. A mutation raises
refusals, and the decorator `refusals_as_errors` turns them into the payload:

    @refusals_as_errors(TransactionPayload)
    async def deposit(info: Info, input: DepositInput) -> TransactionPayload: ...

A payload with both a transaction and refusals gets its list of errors from `user_errors`.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, Self, TypeVar

import strawberry

from pocketpay import errors
from pocketpay.api.card import Card
from pocketpay.api.context import Info
from pocketpay.api.error_code import ErrorCode
from pocketpay.api.limit import Limit
from pocketpay.api.money import Money
from pocketpay.api.money_request import MoneyRequest
from pocketpay.api.node import Node
from pocketpay.api.transaction import Transaction
from pocketpay.cards import card
from pocketpay.cards import errors as cards
from pocketpay.identity import errors as identity
from pocketpay.operations import errors as operations
from pocketpay.operator_log import errors as operator_log
from pocketpay.requests import errors as requests
from pocketpay.requests import money_request
from pocketpay.transactions import errors as transactions
from pocketpay.transactions import transaction

Arguments = ParamSpec("Arguments")
Payload = TypeVar("Payload")


class Refusals(errors.PocketPayError):
    """Several refusals of one request."""

    def __init__(self, refusals: Iterable[errors.Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__(*self.refusals)


@strawberry.interface(
    description="A refusal: the request breaks a rule. No money has moved. Some refusals leave a FAILED or BLOCKED "
    "transaction as a record."
)
class UserError:
    code: ErrorCode = strawberry.field(description="The stable error code, for use in clients.")
    message: str = strawberry.field(description="The error in words for a person. The text may change.")
    path: list[str] = strawberry.field(
        description='The input that is wrong, like ["input", "amount"]; empty when no single input is.'
    )
    retryable: bool = strawberry.field(description="Whether the same request can succeed later without a change.")

    @classmethod
    def of(cls, refusal: errors.Refusal, row: "Row", path: list[str]) -> Self:
        """Builds the error for a refusal. `row` is the refusal's row in TABLE, `path` the path of the refused
        input."""
        return cls(
            code=ErrorCode[refusal.code],
            message=row.message(refusal),
            path=path,
            retryable=row.retryable,
            **cls.facts(refusal),
        )

    @classmethod
    def facts(cls, refusal: Any) -> dict[str, Any]:
        """The values of the fields that this type adds to UserError, by field name."""
        return {}


@strawberry.type(description="A refusal without further fields.")
class Refusal(UserError):
    pass


@strawberry.type(description="A value is not valid. The message says which rule it breaks.")
class InvalidInput(UserError):
    pass


@strawberry.type(description="The payment needs more than the wallet has available.")
class InsufficientFunds(UserError):
    required: Money = strawberry.field(description="The amount that the payment needs, including its fee.")
    available: Money = strawberry.field(description="The amount that was available at that moment.")

    @classmethod
    def facts(cls, refusal: transactions.InsufficientFunds) -> dict[str, Any]:
        return {"required": Money.of(refusal.required), "available": Money.of(refusal.available)}


@strawberry.type(description="The payment would exceed a limit of the last 24 hours.")
class LimitExceeded(UserError):
    limit: Limit = strawberry.field(description="The limit, and how much of it was used at that moment.")

    @classmethod
    def facts(cls, refusal: transactions.LimitExceeded) -> dict[str, Any]:
        return {"limit": Limit.of(refusal.limit)}


@strawberry.type(description="The current status does not allow this operation.")
class WrongState(UserError):
    status: str = strawberry.field(description="The current status, as a value of the status enum.")
    about: strawberry.Private[transactions.HasState]

    @strawberry.field(
        description="The object as it is now: a Transaction, a MoneyRequest or a Card. Null for operators, because "
        "a customer's transaction is not a Node for them."
    )
    async def node(self, info: Info) -> Node | None:
        return await STATEFUL_TYPES[type(self.about)].find(info, self.about.id)

    @classmethod
    def facts(cls, refusal: transactions.WrongState) -> dict[str, Any]:
        return {"status": refusal.status.name, "about": refusal.about}


STATEFUL_TYPES: dict[type[transactions.HasState], type[Transaction] | type[MoneyRequest] | type[Card]] = {
    transaction.Transaction: Transaction,
    money_request.MoneyRequest: MoneyRequest,
    card.Card: Card,
}
"""The objects that a WrongState refusal can be about, with their types in the schema."""


@strawberry.type(description="Too many requests in a short time, or too many open cards or money requests.")
class RateLimited(UserError):
    retry_after_seconds: int | None = strawberry.field(
        description="Number of seconds after which the same request can succeed. Null when waiting alone may not be "
        "enough: when too many cards are open, or too many money requests were made."
    )

    @classmethod
    def facts(cls, refusal: Any) -> dict[str, Any]:
        wait = refusal.retry_after_seconds if isinstance(refusal, identity.RateLimited) else None
        return {"retry_after_seconds": wait}


@dataclass(frozen=True, slots=True)
class Row:
    """How clients see one class of refusals: its GraphQL type, and its message with the refusal's facts in braces."""

    kind: type[UserError]
    template: str
    retryable: bool = False

    def message(self, refusal: errors.Refusal) -> str:
        return self.template.format_map(_Facts(refusal)) if "{" in self.template else self.template


class _Facts(dict[str, object]):
    """The facts of a refusal by name."""

    def __init__(self, refusal: errors.Refusal) -> None:
        super().__init__()
        self._refusal = refusal

    def __missing__(self, name: str) -> object:
        return getattr(self._refusal, name)


TABLE: dict[type[errors.Refusal], Row] = {
    identity.InvalidProfile: Row(InvalidInput, "{field} {problem}."),
    identity.WeakPassword: Row(InvalidInput, "{field} {problem}."),
    identity.UsernameTaken: Row(Refusal, "This username is already taken."),
    identity.EmailTaken: Row(Refusal, "Another user has verified this email address."),
    identity.PhoneTaken: Row(Refusal, "Another user has verified this phone number."),
    identity.InvalidCredentials: Row(Refusal, "The login or the password is wrong."),
    identity.WrongPassword: Row(Refusal, "The current password is missing or wrong."),
    identity.InvalidToken: Row(Refusal, "This refresh token is no longer valid. Sign in again."),
    identity.InvalidCode: Row(Refusal, "This code is wrong, used or expired. Request a new one."),
    identity.EmailMissing: Row(InvalidInput, "Set an email address first."),
    identity.PhoneMissing: Row(InvalidInput, "Set a phone number first."),
    identity.MailUnavailable: Row(Refusal, "This server sends no mail."),
    identity.TextMessagesUnavailable: Row(Refusal, "This server sends no text messages."),
    identity.NoSuchSession: Row(Refusal, "No session has this id."),
    identity.RateLimited: Row(
        RateLimited, "Too many attempts. Try again in {retry_after_seconds} seconds.", retryable=True
    ),
    transactions.InvalidInput: Row(InvalidInput, "{field} {problem}."),
    transactions.InvalidAmount: Row(InvalidInput, "{field} {problem}."),
    transactions.NotFound: Row(Refusal, "No {thing} has this {key}."),
    transactions.RecipientNotFound: Row(Refusal, "No user with this username can be paid now."),
    requests.PayerNotFound: Row(Refusal, "{problem}."),
    transactions.SelfTransfer: Row(Refusal, "You cannot pay yourself or ask yourself for money."),
    transactions.CurrencyMismatch: Row(Refusal, "The other wallet has a different currency than yours."),
    transactions.WalletFrozen: Row(Refusal, "Your wallet is frozen."),
    transactions.WalletClosed: Row(Refusal, "The wallet is closed."),
    transactions.InsufficientFunds: Row(
        InsufficientFunds,
        "This needs {required} {required.currency}, but only {available} {available.currency} is available.",
    ),
    transactions.LimitExceeded: Row(
        LimitExceeded,
        "The limit is {limit.total} {limit.total.currency} within 24 hours. {limit.remaining} "
        "{limit.total.currency} is left.",
        retryable=True,
    ),
    transactions.TooManyPending: Row(
        Refusal,
        "You already have {most} payments that wait for confirmation. Confirm or cancel some first.",
        retryable=True,
    ),
    requests.TooManyOpenRequests: Row(
        RateLimited,
        "This user already has {most} unanswered requests from you. Try again when some are answered.",
        retryable=True,
    ),
    requests.TooManyRequests: Row(
        RateLimited, "You can create at most {most} money requests within 24 hours. Try again later.", retryable=True
    ),
    transactions.RiskBlocked: Row(Refusal, "This payment is blocked by a rule that protects your wallet."),
    transactions.BankDeclined: Row(Refusal, "The bank declined. No money has moved."),
    transactions.PayerGone: Row(
        Refusal, "This cannot be refunded now, because the person who paid cannot receive money."
    ),
    transactions.AlreadyRefunded: Row(Refusal, "This transaction is already fully refunded."),
    transactions.RefundTooLarge: Row(Refusal, "At most {left} {left.currency} can still be refunded."),
    transactions.BalanceNotZero: Row(
        Refusal,
        "Your wallet is not empty, or some payments are not finished. Withdraw the money and wait for those "
        "payments.",
        retryable=True,
    ),
    transactions.WrongState: Row(WrongState, "This is not possible, because the status is {status.value}."),
    transactions.KeyReused: Row(Refusal, "This idempotency key was used before with a different input."),
    operations.EmailNotVerified: Row(Refusal, "The customer has no verified email address, so no mail can be sent."),
    operations.CustomerFrozen: Row(Refusal, "The customer's wallet is frozen for all payments. Unfreeze it first."),
    operations.NoEmail: Row(InvalidInput, "The customer has no email address."),
    operations.NotTheirEmail: Row(InvalidInput, "This is not the customer's email address."),
    operator_log.OwnWallet: Row(
        Refusal, "You cannot act on your own account, wallet or transactions. Another operator must do it."
    ),
    cards.TooManyCards: Row(RateLimited, "You already have {most} open cards. Close one first.", retryable=True),
    cards.CardClosed: Row(Refusal, "This card is closed."),
    cards.CardFrozen: Row(Refusal, "This card is frozen. Unfreeze it first.", retryable=True),
    cards.CardExpired: Row(Refusal, "This card has expired."),
    cards.AbovePaymentLimit: Row(Refusal, "This card can pay at most {limit} {limit.currency} per payment."),
    cards.AboveMonthlyLimit: Row(
        Refusal,
        "This card can pay at most {limit} {limit.currency} a month. {remaining} {limit.currency} is left this "
        "month.",
        retryable=True,
    ),
}


BY_ID = ("id",)
"""The prefix for a mutation whose one argument is an id: every refusal gets the path of the id."""

BY_INPUT_ID = ("input", "id")
"""The prefix for a mutation whose input has an id and an idempotency key."""


REFUSED: Counter[str] = Counter({refusal.code: 0 for refusal in TABLE})
"""The refusals that this process has sent, by code."""


def user_errors(refusals: Iterable[errors.Refusal], prefix: tuple[str, ...] = ("input",)) -> list[UserError]:
    """Converts refusals to the `errors` of a payload. `prefix` is the path of the mutation's fields: ("input",), (),
    BY_ID or BY_INPUT_ID."""
    converted = []
    for refusal in refusals:
        row = TABLE[type(refusal)]
        REFUSED[refusal.code] += 1
        converted.append(row.kind.of(refusal, row, _path(refusal.field, prefix)))
    return converted


def _path(field: str | None, prefix: tuple[str, ...]) -> list[str]:
    if field is None:
        return []
    if prefix == BY_ID:
        return [*BY_ID]
    if prefix == BY_INPUT_ID:
        return ["input", field] if field == "idempotencyKey" else [*BY_INPUT_ID]
    return [*prefix, field]


def refusals_as_errors(
    payload: Callable[..., Payload], prefix: tuple[str, ...] = ("input",)
) -> Callable[[Callable[Arguments, Awaitable[Payload]]], Callable[Arguments, Awaitable[Payload]]]:
    """A decorator that turns a raised Refusal (or Refusals) into a payload with `errors`. The payload's other fields
    must have defaults."""

    def decorate(resolve: Callable[Arguments, Awaitable[Payload]]) -> Callable[Arguments, Awaitable[Payload]]:
        @wraps(resolve)
        async def resolved(*arguments: Arguments.args, **named: Arguments.kwargs) -> Payload:
            try:
                return await resolve(*arguments, **named)
            except errors.Refusal as refusal:
                return payload(errors=user_errors((refusal,), prefix))
            except Refusals as several:
                return payload(errors=user_errors(several.refusals, prefix))

        return resolved

    return decorate
