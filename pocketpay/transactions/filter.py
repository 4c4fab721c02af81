"""The filter of a history, and a position in it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Self
from uuid import UUID

from pocketpay.money import Money
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import PAYMENTS, Type
from pocketpay.transactions.visibility import Direction

BETWEEN_PEOPLE = PAYMENTS | {Type.REFUND}
"""The types of transactions that move money from one wallet to another."""


class Position(NamedTuple):
    """A position in a history: the time at which a transaction became visible, and its id. A larger one is newer."""

    moment: datetime
    id: UUID

    @classmethod
    def of(cls, pair: tuple[datetime, UUID] | None) -> Self | None:
        """Returns the pair of time and id as a Position; None stays None."""
        return None if pair is None else cls(*pair)


NIL_ID = UUID(int=0)
BEGINNING = Position(datetime(1, 1, 2, tzinfo=UTC), NIL_ID)
END = Position(datetime(9999, 12, 31, tzinfo=UTC), NIL_ID)
"""The positions before and after every transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Conditions on the transactions of a history. None sets no condition; an empty set matches nothing.

    `counterparty` is a wallet id. `since` (inclusive) and `until` (exclusive) are compared with the time at which a
    transaction became visible. `minimum` and `maximum` are inclusive. `search` is a part of the description; its case
    and its Unicode normal form do not matter.
    """

    types: frozenset[Type] | None = None
    statuses: frozenset[Status] | None = None
    direction: Direction | None = None
    counterparty: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    minimum: Money | None = None
    maximum: Money | None = None
    search: str | None = None

    @property
    def reads_rows(self) -> bool:
        """Whether a condition has no index, so that the database reads transactions that the filter then leaves
        out."""
        about_kind = (self.types, self.statuses, self.direction)
        about_facts = (self.counterparty, self.minimum, self.maximum, self.search)
        return any(condition is not None for condition in (*about_kind, *about_facts))

    @property
    def matches_nothing(self) -> bool:
        """Whether no transaction can match, so that the database is not asked."""
        if self.since is not None and self.until is not None and self.until <= self.since:
            return True
        if self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            return True
        return any(allowed is not None and not allowed for allowed in (self.types, self.statuses))

    @property
    def matches_received(self) -> bool:
        """Whether payments received from other wallets can match. Such payments are always completed and incoming."""
        return (
            self.direction is not Direction.OUTGOING
            and (self.statuses is None or Status.COMPLETED in self.statuses)
            and (self.types is None or not self.types.isdisjoint(BETWEEN_PEOPLE))
        )


EVERYTHING = Filter()
NOTHING = Filter(types=frozenset())
