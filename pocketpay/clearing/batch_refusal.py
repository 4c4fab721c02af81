"""The refusal of one item of an order of many, as the order's key keeps it: a code and its facts.

An item that leaves a row keeps its refusal there. One that leaves none would be told something else when the order is
said again: a limit that was full may have room by now. So the key keeps what was told, and `rebuilt` tells it again.
"""

from datetime import datetime
from typing import Any, TypeAlias

from pocketpay.clearing.outcome import Besides
from pocketpay.errors import Refusal
from pocketpay.money import Money
from pocketpay.transactions.errors import (
    CurrencyMismatch,
    InvalidAmount,
    InvalidInput,
    LimitExceeded,
    RecipientNotFound,
    SelfTransfer,
    TooManyPending,
    WalletClosed,
)
from pocketpay.transactions.limits import Limit, LimitKind

KeptRefusal: TypeAlias = dict[str, Any]
"""{"code": "TOO_MANY_PENDING", "most": 20}, JSON's types only."""

PLAIN = {kind.code: kind for kind in (RecipientNotFound, SelfTransfer, CurrencyMismatch, WalletClosed)}
"""Those that say all with their code."""


def kept_refusals(besides: Besides) -> tuple[KeptRefusal | None, ...]:
    """One for each item of an order of many, None where it left a row; () where none was refused without one."""
    refusals = tuple(kept(part) if isinstance(part, Refusal) else None for part in besides.parts)
    return refusals if any(refusals) else ()


def kept(refusal: Refusal) -> KeptRefusal:
    """What a key keeps of a refusal that a transfer can meet without leaving a row."""
    facts: KeptRefusal = {}
    match refusal:
        case InvalidInput() | InvalidAmount():
            facts = {"field": refusal.field, "problem": refusal.problem}
        case LimitExceeded(limit=Limit() as limit):
            facts = {
                "kind": limit.kind.value,
                "currency": limit.total.currency,
                "total": limit.total.minor,
                "used": limit.used.minor,
                "resets_at": None if limit.resets_at is None else limit.resets_at.isoformat(),
            }
        case TooManyPending():
            facts = {"most": refusal.most}
        case _:
            assert refusal.code in PLAIN, f"{refusal.code} cannot be kept"  # noqa: S101 - ours to know
    return {"code": refusal.code, **facts}


def rebuilt(kept: KeptRefusal) -> Refusal:
    """The refusal that was kept so."""
    match kept:
        case {"code": InvalidInput.code, "field": field, "problem": problem}:
            return InvalidInput(field, problem)
        case {"code": InvalidAmount.code, "field": field, "problem": problem}:
            return InvalidAmount(problem, field)
        case {"code": LimitExceeded.code, "currency": currency, "resets_at": resets_at}:
            total, used = Money(kept["total"], currency), Money(kept["used"], currency)
            at = None if resets_at is None else datetime.fromisoformat(resets_at)
            return LimitExceeded(Limit(LimitKind(kept["kind"]), total, used, at))
        case {"code": TooManyPending.code, "most": most}:
            return TooManyPending(most)
    return PLAIN[kept["code"]]()
