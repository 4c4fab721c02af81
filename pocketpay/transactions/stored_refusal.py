"""A refusal as the database keeps it: its stable code, and its facts in JSON's types.

    leaves a row                 transactions.failure_code and failure_facts
    of a batch's item, no row    idempotency_keys.refusals: an object for each such item, its facts and its `code`

A batch repeated with its key gets the refusals it got first, not those of today: a limit that was full then may have
room now. So the key keeps the refusals that no row keeps.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from pocketpay.errors import BooksDisagree, Refusal
from pocketpay.money import Money
from pocketpay.transactions.errors import (
    BankDeclined,
    CurrencyMismatch,
    InsufficientFunds,
    InvalidAmount,
    InvalidInput,
    LimitExceeded,
    RecipientNotFound,
    RiskBlocked,
    SelfTransfer,
    TooManyPending,
    WalletClosed,
    WalletFrozen,
)
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import Limit, LimitKind
from pocketpay.transactions.transaction import Transaction

Facts: TypeAlias = dict[str, Any]

StoredRefusal: TypeAlias = dict[str, Any]
"""{"code": "TOO_MANY_PENDING", "most": 20}"""

ENDS_AS: dict[type[Refusal], Status] = {
    RecipientNotFound: Status.FAILED,
    WalletFrozen: Status.BLOCKED,
    RiskBlocked: Status.BLOCKED,
    BankDeclined: Status.FAILED,
    InsufficientFunds: Status.FAILED,
}
"""The refusals that leave a row, and the state of that row."""

_LEFT_BY = frozenset(kind.code for kind in ENDS_AS)

CODE_ONLY: dict[str, type[Refusal]] = {
    kind.code: kind
    for kind in (
        *(RecipientNotFound, SelfTransfer, CurrencyMismatch, WalletClosed),
        *(WalletFrozen, RiskBlocked, BankDeclined),
    )
}
"""The refusals without facts."""


def facts_of(refusal: Refusal) -> Facts | None:
    """The facts to store beside the refusal's code, or None when the code says all."""
    match refusal:
        case InvalidInput() | InvalidAmount():
            return {"field": refusal.field, "problem": refusal.problem}
        case InsufficientFunds():  # its currency is the row's
            return {"required": refusal.required.minor, "available": refusal.available.minor}
        case LimitExceeded(limit=Limit() as limit):
            return {
                "kind": limit.kind.value,
                "currency": limit.total.currency,
                "total": limit.total.minor,
                "used": limit.used.minor,
                "resets_at": None if limit.resets_at is None else limit.resets_at.isoformat(),
            }
        case TooManyPending():
            return {"most": refusal.most}
    assert refusal.code in CODE_ONLY, f"{refusal.code} cannot be stored"  # noqa: S101 - ours to know
    return None


def stored(refusal: Refusal) -> StoredRefusal:
    """The refusal as the key of a batch keeps it."""
    return {"code": refusal.code, **(facts_of(refusal) or {})}


def rebuilt(stored: StoredRefusal) -> Refusal:
    """The refusal that was stored so."""
    match stored:
        case {"code": InvalidInput.code, "field": field, "problem": problem}:
            return InvalidInput(field, problem)
        case {"code": InvalidAmount.code, "field": field, "problem": problem}:
            return InvalidAmount(problem, field)
        case {"code": InsufficientFunds.code, "currency": currency, "required": required, "available": available}:
            return InsufficientFunds(Money(required, currency), Money(available, currency))
        case {"code": LimitExceeded.code, "currency": currency, "resets_at": resets_at}:
            total, used = Money(stored["total"], currency), Money(stored["used"], currency)
            at = None if resets_at is None else datetime.fromisoformat(resets_at)
            return LimitExceeded(Limit(LimitKind(stored["kind"]), total, used, at))
        case {"code": TooManyPending.code, "most": most}:
            return TooManyPending(most)
    return CODE_ONLY[stored["code"]]()


def ended_by(refusal: Refusal, transaction: Transaction) -> Transaction:
    """The transaction as a refusal ends it: FAILED or BLOCKED, with the refusal stored."""
    status = ENDS_AS[type(refusal)]
    return replace(transaction, status=status, failure_code=refusal.code, failure_facts=facts_of(refusal))


def refusal_of(transaction: Transaction) -> Refusal | None:
    """The refusal that ended the transaction, or None when none did."""
    code = transaction.failure_code
    if code is None:
        return None
    if code not in _LEFT_BY:
        raise BooksDisagree(f"transaction {transaction.id} failed for {code}, which leaves no row")
    return rebuilt({"code": code, "currency": transaction.amount.currency, **(transaction.failure_facts or {})})


def first_refusal(transaction: Transaction) -> Refusal | None:
    """The refusal that the order for this transaction was answered with.

    A held payment was answered without one. A refusal that ended it later was told to whoever confirmed it.
    """
    return None if transaction.expires_at is not None else refusal_of(transaction)
