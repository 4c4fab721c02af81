"""How a money request goes on: its next state, and what becomes of a payment of it that waits.

A request that ends takes the payment along that awaits its sender's answer, in the same unit of work: nothing can be
confirmed for what nobody asks any more. Whoever asked learns the request's state and nothing of such a payment, so
the request itself changes with its own state only.

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


def following(book: Book, before: MoneyRequest, status: RequestStatus) -> MoneyRequest:
    """The request one version later, in that status."""
    return replace(before, status=status, version=before.version + 1, updated_at=book.now)


def visible(book: Book, request_id: UUID, wallet_id: UUID) -> MoneyRequest:
    """The request of that id, which that wallet is a side of. Raises NotFound."""
    request = book.requests.get(request_id)
    if request is None or not request.visible_to(wallet_id):
        raise NotFound(thing="money request")
    return request


def ended(book: Book, request: MoneyRequest, status: RequestStatus) -> Outcome:
    """The request ends unpaid, and with it a payment of it that waits: its hold is given back.

    Said again it gives the state reached. Raises WrongState when it has reached another.
    """
    if request.status is status:
        return Outcome(changed=False, replayed=True, side_effects=SideEffects(requests=(request,)))
    if request.status is not RequestStatus.PENDING:
        raise WrongState(request)
    side_effects = SideEffects(requests=(following(book, request, status),))
    waiting = book.live_payment(request.id)
    if waiting is None:
        return Outcome(side_effects=side_effects)
    return replace(holds.ended(book, waiting, Status.CANCELLED), side_effects=side_effects)


def lapsed(book: Book, request: MoneyRequest) -> Outcome | None:
    """The request expires if its time is over by the book's clock; None when it is not, or it has ended before.

    A payment of it that waits has no longer than the request itself, and expires with it at the latest.
    """
    if request.status is not RequestStatus.PENDING or request.open_at(book.now):
        return None
    side_effects = SideEffects(requests=(following(book, request, RequestStatus.EXPIRED),))
    waiting = book.live_payment(request.id)
    if waiting is None:
        return Outcome(side_effects=side_effects)
    if waiting.expires_at is not None and waiting.expires_at > book.now:
        return None
    return replace(holds.ended(book, waiting, Status.EXPIRED), side_effects=side_effects)


def paid(book: Book, request: MoneyRequest | None) -> SideEffects | None:
    """The side effects of an outgoing payment: the money request that it pays, if any."""
    return None if request is None else SideEffects(requests=(following(book, request, RequestStatus.PAID),))


def replayed(book: Book, key: Key, own_id: UUID) -> Outcome | None:
    """The requests that this key gave before, as they are now; None when it is new. Raises KeyReused.

    `own_id` is the id this instruction would give its first request: found under the key, it is our own second try.
    """
    given = book.given(key)
    if given is None:
        return None
    known = tuple(book.requests[id] for id in given)
    return Outcome(changed=False, replayed=known[0].id != own_id, side_effects=SideEffects(requests=known))
