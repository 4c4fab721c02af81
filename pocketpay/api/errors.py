"""Refusals as clients see them: data in a payload's `errors`, each with a code, a message, and the path of the input.

`TABLE` has the GraphQL type and the message (`refusal_messages.py`) of every refusal; a test fails when one is
missing. A mutation raises refusals, and the decorator `refusals_as_errors` turns them into the payload:

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
from pocketpay.api.refusal_messages import MESSAGES, Message
from pocketpay.api.transaction import Transaction
from pocketpay.bank_accounts import errors as bank_accounts
from pocketpay.cards import card
from pocketpay.cards import errors as cards
from pocketpay.identity import errors as identity
from pocketpay.operations import errors as operations
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
        description='The input that is wrong, like ["input", "amount"]; empty when the error is not about one input.'
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


@strawberry.type(
    description="Too many requests in a short time, too many open cards or bank accounts, or too many money requests."
)
class RateLimited(UserError):
    retry_after_seconds: int | None = strawberry.field(
        description="Number of seconds after which the same request can succeed. Null when waiting alone may not be "
        "enough: when too many cards or bank accounts are open, or too many money requests were made."
    )

    @classmethod
    def facts(cls, refusal: Any) -> dict[str, Any]:
        wait = refusal.retry_after_seconds if isinstance(refusal, identity.RateLimited) else None
        return {"retry_after_seconds": wait}


@dataclass(frozen=True, slots=True)
class Row:
    """How clients see one class of refusals: its GraphQL type and its message."""

    kind: type[UserError]
    text: Message

    @property
    def retryable(self) -> bool:
        return self.text.retryable

    def message(self, refusal: errors.Refusal) -> str:
        return self.text.of(refusal)


KINDS: dict[type[errors.Refusal], type[UserError]] = {
    identity.InvalidProfile: InvalidInput,
    identity.WeakPassword: InvalidInput,
    identity.EmailMissing: InvalidInput,
    identity.PhoneMissing: InvalidInput,
    transactions.InvalidInput: InvalidInput,
    transactions.InvalidAmount: InvalidInput,
    operations.NoEmail: InvalidInput,
    operations.NotTheirEmail: InvalidInput,
    identity.RateLimited: RateLimited,
    requests.TooManyOpenRequests: RateLimited,
    requests.TooManyRequests: RateLimited,
    cards.TooManyCards: RateLimited,
    bank_accounts.TooManyBankAccounts: RateLimited,
    transactions.InsufficientFunds: InsufficientFunds,
    transactions.LimitExceeded: LimitExceeded,
    transactions.WrongState: WrongState,
}
"""The GraphQL types of the refusals that have more fields than `Refusal`, or another meaning."""

TABLE: dict[type[errors.Refusal], Row] = {
    refusal: Row(KINDS.get(refusal, Refusal), message) for refusal, message in MESSAGES.items()
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
