"""How the database stores a refusal: its stable code, and its facts in JSON types.

    a refusal with a transaction row    transactions.failure_code and failure_facts
    a batch item without a row          idempotency_keys.refusals: for each such item an object with `code` and facts

A batch that is repeated with its key gets the same refusals as the first time, even when the reason is gone: a limit
that was reached then may not be reached now. So the key stores the refusals that have no row.
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
"""The refusals that are stored with a transaction row, and the state of that row."""

_CODES_WITH_ROW = frozenset(kind.code for kind in ENDS_AS)

CODE_ONLY: dict[str, type[Refusal]] = {
    kind.code: kind
    for kind in (
        *(RecipientNotFound, SelfTransfer, CurrencyMismatch, WalletClosed),
        *(WalletFrozen, RiskBlocked, BankDeclined),
    )
}
"""The refusals without facts."""


def facts_of(refusal: Refusal) -> Facts | None:
    """Returns the facts to store with the refusal's code, or None when the refusal has no facts."""
    match refusal:
        case InvalidInput() | InvalidAmount():
            return {"field": refusal.field, "problem": refusal.problem}
        case InsufficientFunds():  # the row has its currency
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
    assert refusal.code in CODE_ONLY, f"{refusal.code} cannot be stored"  # noqa: S101 - a mistake in our own code
    return None


def stored(refusal: Refusal) -> StoredRefusal:
    """Returns the refusal in the form that a batch's idempotency key stores."""
    return {"code": refusal.code, **(facts_of(refusal) or {})}


def rebuilt(stored: StoredRefusal) -> Refusal:
    """Returns the refusal with the stored code and facts. It is the reverse of `stored`."""
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
    """Returns the transaction ended by the refusal: FAILED or BLOCKED, with the refusal's code and facts."""
    status = ENDS_AS[type(refusal)]
    return replace(transaction, status=status, failure_code=refusal.code, failure_facts=facts_of(refusal))


def refusal_of(transaction: Transaction) -> Refusal | None:
    """Returns the refusal that ended the transaction, or None when no refusal did.

    Raises BooksDisagree when the stored code is one that never has a row.
    """
    code = transaction.failure_code
    if code is None:
        return None
    if code not in _CODES_WITH_ROW:
        raise BooksDisagree(f"transaction {transaction.id} failed for {code}, which leaves no row")
    return rebuilt({"code": code, "currency": transaction.amount.currency, **(transaction.failure_facts or {})})


def first_refusal(transaction: Transaction) -> Refusal | None:
    """Returns the refusal in the answer to the order for this transaction, or None when there was none.

    The answer for a held payment has no refusal. A refusal that ended it later is in the answer to its confirmation.
    """
    return None if transaction.expires_at is not None else refusal_of(transaction)
