"""What deposits and withdrawals have in common: how Stripe's objects are marked and compared with their order."""

from typing import Any

import structlog

from pocketpay.banking.bank import BankOrder, BankUnavailable
from pocketpay.banking.stripe.connection import Refused

TRANSACTION = "transaction_id"
"""The name of an order's id in the metadata of Stripe's objects."""

BEFORE_SECONDS = 3_600
"""How much older than its order an object can seem, because the two clocks differ."""

log = structlog.get_logger(__name__)


def created_since(order: BankOrder) -> dict[str, Any]:
    """Returns the parameters of a list of all objects that can belong to the order."""
    return {"created": {"gte": (order.id.int >> 80) // 1000 - BEFORE_SECONDS}, "limit": 100}


def is_of(found: Any, order: BankOrder) -> bool:
    """Returns whether an object of Stripe belongs to the order, by its metadata."""
    metadata = found.metadata
    return metadata is not None and TRANSACTION in metadata and metadata[TRANSACTION] == str(order.id)


def unreadable(kind: str, refused: Refused) -> BankUnavailable:
    """Logs that an object whose id is stored cannot be read: the key is of another account of Stripe. No decline."""
    log.error("stripe_object_unreadable", type=kind, code=refused.code)
    return BankUnavailable("a stored object cannot be read")


def require_amount(order: BankOrder, found: Any, expected: int) -> None:
    """Raises BankUnavailable, and logs an error, if an object of Stripe has another amount than its order."""
    if (found.amount, found.currency.upper()) != (expected, order.amount.currency):
        log.error("stripe_amount_differs", name=str(order.id))
        raise BankUnavailable("the amount at Stripe differs from the order")
