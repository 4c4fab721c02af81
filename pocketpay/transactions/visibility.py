"""A transaction as one of its two sides sees it.

    the anchor      (its source, or its destination when the money comes from outside) sees all of it, from its
                    creation
    the other side  sees nothing until it is completed, and then not the sender's fee, risk reasons, failure or
                    expiry; for this side, the time of creation is the time of completion

So `created_at` of the transaction that a side sees is the time at which it became visible to that side. A history is
ordered by it, `since` and `until` are compared with it, and it does not reveal that a payment was held.

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
    """Returns the transaction as the wallet's owner may see it, or None when the owner may not see it."""
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
    """The time at which the transaction became visible to the wallet's owner, who must be allowed to see it."""
    if transaction.anchor == wallet_id:
        return transaction.created_at
    assert transaction.completed_at is not None, "the other side sees only completed transactions"  # noqa: S101 - see above
    return transaction.completed_at


def direction(transaction: Transaction, wallet_id: UUID) -> Direction:
    """The direction of the transaction for the wallet: it pays or it is paid."""
    return Direction.OUTGOING if transaction.source_wallet_id == wallet_id else Direction.INCOMING


def counterparty(transaction: Transaction, wallet_id: UUID) -> UUID | None:
    """The wallet on the other side, or None when the other side is outside Pocket Pay or a system account."""
    if transaction.source_wallet_id == wallet_id:
        return transaction.destination_wallet_id
    return transaction.source_wallet_id
