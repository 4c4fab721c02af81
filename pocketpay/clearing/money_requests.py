"""The next state of a money request, and of its payment if that is held.

When a request ends, its held payment ends in the same unit of work: the payer can no longer confirm a payment of a
request that has ended. The requester sees the state of the request, but not its held payment, so a held payment does
not change the request.

Decision 17 gives the reasons.
"""

from dataclasses import replace
from uuid import UUID

from pocketpay.clearing import holds
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Key
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from pocketpay.transactions.errors import NotFound, WrongState
from pocketpay.transactions.lifecycle import Status


def next_version(book: Book, before: MoneyRequest, status: RequestStatus) -> MoneyRequest:
    """Returns the request in the new status, one version later."""
    return replace(before, status=status, version=before.version + 1, updated_at=book.now)


def visible(book: Book, request_id: UUID, wallet_id: UUID) -> MoneyRequest:
    """Returns the request if the wallet is its requester or its payer. Raises NotFound otherwise."""
    request = book.requests.get(request_id)
    if request is None or not request.visible_to(wallet_id):
        raise NotFound(thing="money request")
    return request


def ended(book: Book, request: MoneyRequest, status: RequestStatus) -> Outcome:
    """Ends the request unpaid in that status. If it has a held payment, cancels it and releases its hold.

    Idempotent: a request that is already in that status is returned unchanged. Raises WrongState when it has ended in
    another status.
    """
    if request.status is status:
        return Outcome(changed=False, replayed=True, side_effects=SideEffects(requests=(request,)))
    if request.status is not RequestStatus.PENDING:
        raise WrongState(request)
    side_effects = SideEffects(requests=(next_version(book, request, status),))
    waiting = book.live_payment(request.id)
    if waiting is None:
        return Outcome(side_effects=side_effects)
    return replace(holds.ended(book, waiting, Status.CANCELLED), side_effects=side_effects)


def expired(book: Book, request: MoneyRequest) -> Outcome | None:
    """Expires the request if it is overdue by the book's clock; returns None if it is not overdue or has ended.

    If it has a held payment, both expire together; returns None while the held payment is not overdue.
    """
    if request.status is not RequestStatus.PENDING or request.open_at(book.now):
        return None
    side_effects = SideEffects(requests=(next_version(book, request, RequestStatus.EXPIRED),))
    waiting = book.live_payment(request.id)
    if waiting is None:
        return Outcome(side_effects=side_effects)
    if waiting.expires_at is not None and waiting.expires_at > book.now:
        return None
    return replace(holds.ended(book, waiting, Status.EXPIRED), side_effects=side_effects)


def paid(book: Book, request: MoneyRequest | None) -> SideEffects | None:
    """Returns the side effects of a payment: the money request that it pays is paid. None if it pays no request."""
    return None if request is None else SideEffects(requests=(next_version(book, request, RequestStatus.PAID),))


def replayed(book: Book, key: Key, own_id: UUID) -> Outcome | None:
    """Returns the requests stored with this key, as they are now; None if the key is new. Raises KeyReused.

    `own_id` is the id of this instruction's first request. If the key is stored with that id, this is our own retry
    after a lost connection, and not a replay by the client.
    """
    results = book.results_of(key)
    if results is None:
        return None
    requests = tuple(book.requests[id] for id in results)
    return Outcome(changed=False, replayed=requests[0].id != own_id, side_effects=SideEffects(requests=requests))
