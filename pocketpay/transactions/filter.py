"""What a history is narrowed to, and a place in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from pocketpay.money import Money
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import PAYMENTS, Type
from pocketpay.transactions.visibility import Direction

BETWEEN_PEOPLE = PAYMENTS | {Type.REFUND}
"""The types of transactions that one wallet receives from another."""


class Position(NamedTuple):
    """A place in a history: the moment a transaction became visible, and its id. Later is newer."""

    moment: datetime
    id: UUID

    @classmethod
    def of(cls, place: tuple[datetime, UUID] | None) -> Self | None:
        """The position of a place in a list, None for none."""
        return None if place is None else cls(*place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """None does not narrow; an empty set lets nothing through.

    `counterparty` is a wallet; `since` inclusive and `until` exclusive are about the moment a transaction became
    visible; amounts are inclusive; `search` is a part of the description, whatever its case and normal form.
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
        """Whether it asks what no index knows, so that transactions are read that are not shown."""
        about_kind = (self.types, self.statuses, self.direction)
        about_facts = (self.counterparty, self.minimum, self.maximum, self.search)
        return any(asked is not None for asked in (*about_kind, *about_facts))

    @property
    def lets_nothing_through(self) -> bool:
        """Whether it can be answered without looking."""
        if self.since is not None and self.until is not None and self.until <= self.since:
            return True
        if self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            return True
        return any(wanted is not None and not wanted for wanted in (self.types, self.statuses))

    @property
    def lets_received_through(self) -> bool:
        """Whether payments from other wallets can be among what it lets through: they are completed and come in."""
        return (
            self.direction is not Direction.OUTGOING
            and (self.statuses is None or Status.COMPLETED in self.statuses)
            and (self.types is None or not self.types.isdisjoint(BETWEEN_PEOPLE))
        )


EVERYTHING = Filter()
NOTHING = Filter(types=frozenset())
