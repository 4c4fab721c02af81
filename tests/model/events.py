"""Random events that no customer orders: wallets are frozen, unfrozen or closed, and time passes.

Each event is applied to the model and then yielded, so that the walk can apply it to the product.
"""

import random
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from tests.model.model import Model

STOPPED = ("debits", "all", "closed")
UNLIMITED = ("refund", "card", "bonus")
"""Kinds of payments that count in no daily limit."""


class WalletState(NamedTuple):
    """The wallet is now active, frozen for debits or for all, or closed."""

    name: str
    state: str


class PaymentLapses(NamedTuple):
    """The payment is overdue: it can no longer be confirmed."""

    id: UUID


class PaymentAges(NamedTuple):
    """The payment becomes older by that many minutes."""

    id: UUID
    minutes: int


class RequestLapses(NamedTuple):
    """The request is overdue, and a held payment of it is overdue too."""

    id: UUID


class RequestAges(NamedTuple):
    """The request becomes more than a day old."""

    id: UUID


class MonthPasses(NamedTuple):
    """All payments of the card become payments of the previous month."""

    card: UUID


class CardExpires(NamedTuple):
    """The card expired last month."""

    card: UUID


Event = WalletState | PaymentLapses | PaymentAges | RequestLapses | RequestAges | MonthPasses | CardExpires


def random_events(chance: random.Random, model: Model) -> Iterator[Event]:
    """Yields the events before the next orders: mostly none."""
    yield from _wallets(chance, model)
    yield from _payments(chance, model)
    yield from _requests(chance, model)
    yield from _cards(chance, model)


def _wallets(chance: random.Random, model: Model) -> Iterator[Event]:
    """A frozen or closed wallet soon becomes active again, so that most orders are possible."""
    stopped = [name for name, wallet in model.wallets.items() if wallet.state != "active"]
    if chance.random() < 0.05:
        name, state = chance.choice(list(model.wallets)), chance.choice(STOPPED)
    elif stopped and chance.random() < 0.08:
        name, state = chance.choice(stopped), "active"
    else:
        return
    model.wallets[name].state = state
    yield WalletState(name, state)


def _payments(chance: random.Random, model: Model) -> Iterator[Event]:
    waiting = [one for one in model.payments.values() if one.status == "pending_confirmation" and not one.lapsed]
    if waiting and chance.random() < 0.15:
        late = chance.choice(waiting)
        late.lapsed = True
        yield PaymentLapses(late.id)
    young = [one for one in model.payments.values() if not one.ancient and one.kind not in UNLIMITED]
    if young and chance.random() < 0.4:
        grown = chance.choice(young)
        grown.old, grown.ancient = True, chance.random() < 0.6
        yield PaymentAges(grown.id, 25 * 60 if grown.ancient else 61)


def _requests(chance: random.Random, model: Model) -> Iterator[Event]:
    open_ones = [one for one in model.requests.values() if one.open]
    if open_ones and chance.random() < 0.1:
        late = chance.choice(open_ones)
        late.lapsed = late.old = True
        if (waiting := model.waiting_for(late)) is not None:
            waiting.lapsed = True
        yield RequestLapses(late.id)
    young = [one for one in model.requests.values() if not one.old]
    if young and chance.random() < 0.15:
        grown = chance.choice(young)
        grown.old = True
        yield RequestAges(grown.id)


def _cards(chance: random.Random, model: Model) -> Iterator[Event]:
    used = [one for one in model.cards.values() if one.spent]
    if used and chance.random() < 0.1:
        card = chance.choice(used)
        card.spent = 0
        card.months += 1
        yield MonthPasses(card.id)
    good = [one for one in model.cards.values() if not one.expired]
    if good and chance.random() < 0.03:
        card = chance.choice(good)
        card.expired = True
        yield CardExpires(card.id)
