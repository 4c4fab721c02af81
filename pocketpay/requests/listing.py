"""A wallet's money requests, newest first: what it was asked for, what it asked for, or both.

    read     a page: one statement, as long as the page, whatever the depth and the states asked for
    count    one statement, only when asked for
    find     by id, those that the wallet is a side of

They are ordered by the moment they were made, ties by id. That never changes, and the next one of a wallet is never
earlier, since it is stamped under the wallet's lock: pages stay true while others write.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.requests import repository
from pocketpay.requests.money_request import MoneyRequest, RequestStatus

COUNTED = 10_000
"""A count above it is not given: it would cost more than it tells."""

Place = tuple[datetime, UUID]

BEGINNING: Place = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
END: Place = (datetime(9999, 12, 31, tzinfo=UTC), UUID(int=0))
"""Older and newer than anything."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which of a wallet's requests: those asked of it, those asked by it, in which states."""

    asked_of: bool = True
    asked_by: bool = True
    statuses: Collection[RequestStatus] = tuple(RequestStatus)


EVERYTHING = Narrowed()


async def read(
    session: Session,
    wallet_id: UUID,
    narrowed: Narrowed = EVERYTHING,
    *,
    most: int,
    older_than: Place | None = None,
    newer_than: Place | None = None,
    backwards: bool = False,
) -> list[MoneyRequest]:
    """At most `most` of the requests between two places, the newest first, or `backwards` the oldest first."""
    scope = _scope(wallet_id, narrowed, older_than or END, newer_than or BEGINNING)
    return await repository.page(session, scope, limit=most, backwards=backwards)


async def count(session: Session, wallet_id: UUID, narrowed: Narrowed = EVERYTHING) -> int | None:
    """How many there are, or None when they are more than COUNTED."""
    return await repository.count(session, _scope(wallet_id, narrowed, END, BEGINNING), most=COUNTED)


async def find(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, MoneyRequest]:
    """Those of the requests that the wallet is a side of."""
    found = await repository.by_ids(session, ids)
    return {id: request for id, request in found.items() if request.visible_to(wallet_id)}


def place(request: MoneyRequest) -> Place:
    """Where a request stands in the list."""
    return request.created_at, request.id


def _scope(wallet_id: UUID, narrowed: Narrowed, older_than: Place, newer_than: Place) -> repository.Scope:
    return repository.Scope(
        wallet_id, older_than, newer_than, narrowed.asked_of, narrowed.asked_by, frozenset(narrowed.statuses)
    )
