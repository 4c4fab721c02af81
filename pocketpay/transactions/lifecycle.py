"""The states of a transaction and the transitions between them, in one table.

    created ──────────────► completed | pending_confirmation | blocked | failed | cancelled
    pending_confirmation ─► completed | cancelled | expired | blocked | failed

All other states are final. Only a `completed` transaction has ledger entries. The database enforces the same table
with the trigger `transactions_lifecycle`; a test checks that the two agree.
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

UNFINISHED = frozenset(status for status, following in NEXT.items() if following)
"""The states that are not final: created, pending_confirmation."""


def require_transition(before: Status, after: Status) -> None:
    """Raises BooksDisagree when a transaction cannot change from status `before` to status `after`."""
    if after not in NEXT[before]:
        raise BooksDisagree(f"a transaction cannot go from {before} to {after}")
