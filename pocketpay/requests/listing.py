"""Lists a wallet's money requests, newest first: incoming, outgoing, or both.

    read     one page, with one statement; its cost depends only on the size of the page
    count    the number of requests, with one statement
    find     requests by id, if the wallet is one of their two sides

Requests are ordered by creation time, then by id. This order never changes, and a wallet's next request is never
earlier than its last one, because it gets its time under the wallet's lock. So pages stay consistent while others
write.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.requests import repository
from pocketpay.requests.money_request import MoneyRequest, RequestStatus

MAX_COUNT = 10_000
"""Requests are counted up to this number. A larger exact count would cost more than it is worth."""

Place = tuple[datetime, UUID]

BEGINNING: Place = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
END: Place = (datetime(9999, 12, 31, tzinfo=UTC), UUID(int=0))
"""Places before the oldest and after the newest request."""


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Selects some of a wallet's requests: incoming ones, outgoing ones, and those in certain statuses."""

    incoming: bool = True
    outgoing: bool = True
    statuses: Collection[RequestStatus] = tuple(RequestStatus)


EVERYTHING = RequestFilter()


async def read(
    session: Session,
    wallet_id: UUID,
    selected: RequestFilter = EVERYTHING,
    *,
    limit: int,
    older_than: Place | None = None,
    newer_than: Place | None = None,
    backwards: bool = False,
) -> list[MoneyRequest]:
    """Returns up to `limit` of the selected requests between two places, both exclusive.

    Newest first; if `backwards`, oldest first.
    """
    scope = _scope(wallet_id, selected, older_than or END, newer_than or BEGINNING)
    return await repository.page(session, scope, limit=limit, backwards=backwards)


async def count(session: Session, wallet_id: UUID, selected: RequestFilter = EVERYTHING) -> int | None:
    """Returns the number of selected requests, or None if there are more than MAX_COUNT."""
    return await repository.count(session, _scope(wallet_id, selected, END, BEGINNING), limit=MAX_COUNT)


async def find(session: Session, wallet_id: UUID, ids: Iterable[UUID]) -> dict[UUID, MoneyRequest]:
    """Returns the requests with the given ids of which the wallet is the requester or the payer, by id."""
    found = await repository.by_ids(session, ids)
    return {id: request for id, request in found.items() if request.visible_to(wallet_id)}


def place(request: MoneyRequest) -> Place:
    """Returns the request's place in the list: its creation time and id."""
    return request.created_at, request.id


def _scope(wallet_id: UUID, selected: RequestFilter, older_than: Place, newer_than: Place) -> repository.Scope:
    return repository.Scope(
        wallet_id, older_than, newer_than, selected.incoming, selected.outgoing, frozenset(selected.statuses)
    )
