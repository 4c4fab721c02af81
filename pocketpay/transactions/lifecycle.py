"""The life of a transaction, in one table.

    created ──────────────► completed | pending_confirmation | blocked | failed | cancelled
    pending_confirmation ─► completed | cancelled | expired | blocked | failed

Everything else is final. Only `completed` has entries in the books. The same table stands in the database as the
trigger `transactions_lifecycle`; a test holds the two together.
"""

from enum import StrEnum

from pocketpay.errors import BooksDisagree


class Status(StrEnum):
    CREATED = "created"
    PENDING_CONFIRMATION = "pending_confirmation"
    COMPLETED = "completed"
    BLOCKED = "blocked"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


NEXT: dict[Status, frozenset[Status]] = {
    Status.CREATED: frozenset(
        {Status.COMPLETED, Status.PENDING_CONFIRMATION, Status.BLOCKED, Status.FAILED, Status.CANCELLED}
    ),
    Status.PENDING_CONFIRMATION: frozenset(
        {Status.COMPLETED, Status.CANCELLED, Status.EXPIRED, Status.BLOCKED, Status.FAILED}
    ),
    Status.COMPLETED: frozenset(),
    Status.BLOCKED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
    Status.EXPIRED: frozenset(),
}

ALIVE = frozenset(status for status, following in NEXT.items() if following)
"""What can still change: created, pending_confirmation."""


def require_transition(before: Status, after: Status) -> None:
    """Raises BooksDisagree when a transaction cannot go from the one status to the other."""
    if after not in NEXT[before]:
        raise BooksDisagree(f"a transaction cannot go from {before} to {after}")
