"""A transaction as one of its two sides sees it.

    the anchor      (its source, or of money from outside its destination) sees all of it, from the moment it was made
    the other side  sees nothing until it is completed, and then never the sender's fee, risk reasons, failure or
                    expiry; to it the transaction came into being when it was completed

So `created_at` of what is seen is the moment it became visible to whoever looks: the order of a history, what
`since` and `until` compare, and never a hint that a payment was held.

Decision 10 gives the reasons.
"""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pocketpay.money import Money
from pocketpay.transactions.transaction import Transaction


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


def seen_by(transaction: Transaction, wallet_id: UUID) -> Transaction | None:
    """What the owner of that wallet may know of it, or None: to them it does not exist."""
    if not transaction.visible_to(wallet_id):
        return None
    if transaction.anchor == wallet_id:
        return transaction
    return replace(
        transaction,
        fee=Money(0, transaction.amount.currency),
        risk_reasons=(),
        failure_code=None,
        failure_facts=None,
        expires_at=None,
        created_at=visible_at(transaction, wallet_id),
    )


def visible_at(transaction: Transaction, wallet_id: UUID) -> datetime:
    """When it became visible to that wallet, which may know of it."""
    if transaction.anchor == wallet_id:
        return transaction.created_at
    assert transaction.completed_at is not None, "the other side sees only what is completed"  # noqa: S101 - above
    return transaction.completed_at


def direction(transaction: Transaction, wallet_id: UUID) -> Direction:
    """Whether that wallet pays or is paid."""
    return Direction.OUTGOING if transaction.source_wallet_id == wallet_id else Direction.INCOMING


def counterparty(transaction: Transaction, wallet_id: UUID) -> UUID | None:
    """The wallet on the other side, or None where that is the outside world or the house."""
    if transaction.source_wallet_id == wallet_id:
        return transaction.destination_wallet_id
    return transaction.source_wallet_id
