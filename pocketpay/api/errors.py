"""Refusals as clients see them: data in a payload's `errors`, each with a code, words, and the path of the input.

`TABLE` is the one place where a refusal of a room below meets its GraphQL type and its words; a test fails when one
is missing. A mutation raises refusals or lets them pass, and `refusals_as_errors` makes the payload:

    @refusals_as_errors(TransactionPayload)
    async def deposit(info: Info, input: DepositInput) -> TransactionPayload: ...

A payload that has both a transaction and refusals gets its list from `user_errors`.
"""

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

Asked = ParamSpec("Asked")
Payload = TypeVar("Payload")


class Refusals(errors.PocketPayError):
    """Several refusals of one request at once."""

    def __init__(self, refusals: Iterable[errors.Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__(*self.refusals)


@strawberry.interface(
    description="A refusal: what was asked breaks a rule of the product. No money has moved; a transaction may stay, "
    "FAILED or BLOCKED, to tell of it."
)
class UserError:
    code: ErrorCode = strawberry.field(description="The stable code to build on.")
    message: str = strawberry.field(description="The same in words for a person; they may change.")
    path: list[str] = strawberry.field(
        description='The input it is about, like ["input", "amount"]; empty when it is about no single one.'
    )
    retryable: bool = strawberry.field(description="Whether the very same request may pass later.")

    @classmethod
    def of(cls, refusal: errors.Refusal, row: "Row", path: list[str]) -> Self:
        """The error for that refusal."""
        return cls(
            code=ErrorCode[refusal.code],
            message=row.words(refusal),
            path=path,
            retryable=row.retryable,
            **cls.facts(refusal),
        )

    @classmethod
    def facts(cls, refusal: Any) -> dict[str, Any]:
        """The values of the fields that only this type has."""
        return {}


@strawberry.type(description="A refusal whose code says all there is.")
class Refusal(UserError):
    pass


@strawberry.type(description="A text or an amount breaks its rule; the message says which.")
class InvalidInput(UserError):
    pass


@strawberry.type(description="More was asked than is available.")
class InsufficientFunds(UserError):
    required: Money = strawberry.field(description="What the payment needs, its fee included.")
    available: Money = strawberry.field(description="What could be spent at that moment.")

    @classmethod
    def facts(cls, refusal: transactions.InsufficientFunds) -> dict[str, Any]:
        return {"required": Money.of(refusal.required), "available": Money.of(refusal.available)}


@strawberry.type(description="More was asked than a limit of the last 24 hours leaves.")
class LimitExceeded(UserError):
    limit: Limit = strawberry.field(description="The limit, and what of it was used at that moment.")

    @classmethod
    def facts(cls, refusal: transactions.LimitExceeded) -> dict[str, Any]:
        return {"limit": Limit.of(refusal.limit)}


@strawberry.type(description="Its state does not allow what was asked.")
class WrongState(UserError):
    status: str = strawberry.field(description="The state it is in, as the schema's status enum spells it.")
    about: strawberry.Private[transactions.HasState]

    @strawberry.field(
        description="What it is about, as it is now: a Transaction, a MoneyRequest or a Card. Null for an operator, "
        "because a customer's transaction is no Node of theirs."
    )
    async def node(self, info: Info) -> Node | None:
        return await WITH_STATE[type(self.about)].find(info, self.about.id)

    @classmethod
    def facts(cls, refusal: transactions.WrongState) -> dict[str, Any]:
        return {"status": refusal.status.name, "about": refusal.about}


WITH_STATE: dict[type[transactions.HasState], type[Transaction] | type[MoneyRequest] | type[Card]] = {
    transaction.Transaction: Transaction,
    money_request.MoneyRequest: MoneyRequest,
    card.Card: Card,
}
"""What a refusal is about, and its type in the schema."""


@strawberry.type(description="Too often in too short a time, or too many at once.")
class RateLimited(UserError):
    retry_after_seconds: int | None = strawberry.field(
        description="In how many seconds the same request may pass, at the earliest; null where it does not depend "
        "on time alone: too many cards are open, or too many money requests were made."
    )

    @classmethod
    def facts(cls, refusal: Any) -> dict[str, Any]:
        wait = refusal.retry_after_seconds if isinstance(refusal, identity.RateLimited) else None
        return {"retry_after_seconds": wait}


@dataclass(frozen=True, slots=True)
class Row:
    """How one class of refusals is told: its GraphQL type, its words (with the refusal's facts in braces)."""

    kind: type[UserError]
    template: str
    retryable: bool = False

    def words(self, refusal: errors.Refusal) -> str:
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
    identity.UsernameTaken: Row(Refusal, "Somebody has this username already."),
    identity.EmailTaken: Row(Refusal, "Somebody else has verified this email address."),
    identity.PhoneTaken: Row(Refusal, "Somebody else has verified this phone number."),
    identity.InvalidCredentials: Row(Refusal, "There is no such user, or the password is another one."),
    identity.WrongPassword: Row(Refusal, "This needs your current password, and that is not it."),
    identity.InvalidToken: Row(Refusal, "This refresh token is good for nothing any more: sign in again."),
    identity.InvalidCode: Row(Refusal, "This code is wrong, used or expired: request another one."),
    identity.EmailMissing: Row(InvalidInput, "Set an email address first."),
    identity.PhoneMissing: Row(InvalidInput, "Set a phone number first."),
    identity.MailUnavailable: Row(Refusal, "This server sends no mail."),
    identity.TextMessagesUnavailable: Row(Refusal, "This server sends no text messages."),
    identity.NoSuchSession: Row(Refusal, "There is no such session."),
    identity.RateLimited: Row(RateLimited, "Too often: try again in {retry_after_seconds} seconds.", retryable=True),
    transactions.InvalidInput: Row(InvalidInput, "{field} {problem}."),
    transactions.InvalidAmount: Row(InvalidInput, "{field} {problem}."),
    transactions.NotFound: Row(Refusal, "There is no such thing."),
    transactions.RecipientNotFound: Row(Refusal, "Nobody of this username can be paid now."),
    requests.PayerNotFound: Row(Refusal, "{who} cannot be asked for money now."),
    transactions.SelfTransfer: Row(Refusal, "You cannot pay yourself, or ask yourself for money."),
    transactions.CurrencyMismatch: Row(Refusal, "Their wallet has another currency than yours."),
    transactions.WalletFrozen: Row(Refusal, "Your wallet is frozen."),
    transactions.WalletClosed: Row(Refusal, "The wallet is closed."),
    transactions.InsufficientFunds: Row(
        InsufficientFunds,
        "This needs {required} {required.currency}; {available} {available.currency} is available.",
    ),
    transactions.LimitExceeded: Row(
        LimitExceeded,
        "At most {limit.total} {limit.total.currency} within 24 hours; {limit.remaining} {limit.total.currency} is "
        "left.",
        retryable=True,
    ),
    transactions.TooManyPending: Row(
        Refusal,
        "{most} payments await your confirmation already: confirm or cancel some first.",
        retryable=True,
    ),
    requests.TooManyOpenRequests: Row(
        RateLimited,
        "{most} of your requests wait for their answer already: ask again when some are answered.",
        retryable=True,
    ),
    requests.TooManyRequests: Row(
        RateLimited, "At most {most} requests within 24 hours: ask again later.", retryable=True
    ),
    transactions.RiskBlocked: Row(Refusal, "This payment is blocked by a rule that protects your wallet."),
    transactions.BankDeclined: Row(Refusal, "The bank declined; no money has moved."),
    transactions.PayerGone: Row(Refusal, "Who paid it can be paid nothing now."),
    transactions.AlreadyRefunded: Row(Refusal, "All of it has been given back already."),
    transactions.RefundTooLarge: Row(Refusal, "At most {left} {left.currency} of it can still be given back."),
    transactions.BalanceNotZero: Row(
        Refusal,
        "There is money in your wallet, or on its way: empty it, and wait for what is not over.",
        retryable=True,
    ),
    transactions.WrongState: Row(WrongState, "It is {status.value} already."),
    transactions.KeyReused: Row(Refusal, "This idempotency key was used before with another input."),
    operations.EmailNotVerified: Row(Refusal, "They have no verified email address: no mail can be sent."),
    operations.CustomerFrozen: Row(Refusal, "Their wallet is frozen for all: unfreeze it first."),
    operations.NoEmail: Row(InvalidInput, "They have given no email address."),
    operations.NotTheirEmail: Row(InvalidInput, "The email address that they have given is another one."),
    operator_log.OwnWallet: Row(Refusal, "This is about your own wallet: another operator must do it."),
    cards.TooManyCards: Row(RateLimited, "{most} cards are open already: close one first.", retryable=True),
    cards.CardClosed: Row(Refusal, "This card is closed."),
    cards.CardFrozen: Row(Refusal, "This card is frozen: unfreeze it first.", retryable=True),
    cards.CardExpired: Row(Refusal, "This card has expired."),
    cards.AbovePaymentLimit: Row(Refusal, "This card pays at most {limit} {limit.currency} at once."),
    cards.AboveMonthlyLimit: Row(
        Refusal,
        "This card pays at most {limit} {limit.currency} a month; {remaining} {limit.currency} is left.",
        retryable=True,
    ),
}


BY_ID = ("id",)
"""The prefix of a mutation whose one argument is an id: whatever is refused, it is about that."""

BY_INPUT_ID = ("input", "id")
"""The same where the id is in the input, beside an idempotency key."""


def user_errors(refusals: Iterable[errors.Refusal], prefix: tuple[str, ...] = ("input",)) -> list[UserError]:
    """Refusals as a payload's `errors`. `prefix` is where the mutation's fields stand: ("input",), (), BY_ID or
    BY_INPUT_ID."""
    told = []
    for refusal in refusals:
        row = TABLE[type(refusal)]
        told.append(row.kind.of(refusal, row, _path(refusal.field, prefix)))
    return told


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
) -> Callable[[Callable[Asked, Awaitable[Payload]]], Callable[Asked, Awaitable[Payload]]]:
    """Makes a raised Refusal (or Refusals) the payload's `errors`; the payload's other fields need defaults."""

    def decorate(resolve: Callable[Asked, Awaitable[Payload]]) -> Callable[Asked, Awaitable[Payload]]:
        @wraps(resolve)
        async def resolved(*arguments: Asked.args, **named: Asked.kwargs) -> Payload:
            try:
                return await resolve(*arguments, **named)
            except errors.Refusal as refusal:
                return payload(errors=user_errors((refusal,), prefix))
            except Refusals as several:
                return payload(errors=user_errors(several.refusals, prefix))

        return resolved

    return decorate
