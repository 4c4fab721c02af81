"""What happens without anybody's order: wallets are frozen, thawed and closed, and time passes.

Each is reply to the model and given back, for the product to be reply the same.
"""

import random
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

from tests.model.model import Model

STOPPED = ("debits", "all", "closed")
UNLIMITED = ("refund", "card", "bonus")
"""Kinds that count in no limit."""


class WalletState(NamedTuple):
    """That wallet is active, frozen for debits or all, or closed from now on."""

    name: str
    state: str


class PaymentLapses(NamedTuple):
    """The time to confirm that payment is over."""

    id: UUID


class PaymentAges(NamedTuple):
    """That payment was made so many minutes earlier."""

    id: UUID
    minutes: int


class RequestLapses(NamedTuple):
    """The time to pay that request is over, and to confirm a payment of it."""

    id: UUID


class RequestAges(NamedTuple):
    """That request was made more than a day ago."""

    id: UUID


class MonthPasses(NamedTuple):
    """What that card has paid, it paid in the month before."""

    card: UUID


class CardExpires(NamedTuple):
    """That card was good until last month."""

    card: UUID


Event = WalletState | PaymentLapses | PaymentAges | RequestLapses | RequestAges | MonthPasses | CardExpires


def random_events(chance: random.Random, model: Model) -> Iterator[Event]:
    """What happens before the next orders: mostly nothing."""
    yield from _purses(chance, model)
    yield from _payments(chance, model)
    yield from _requests(chance, model)
    yield from _cards(chance, model)


def _purses(chance: random.Random, model: Model) -> Iterator[Event]:
    """What is stopped is let go soon, so that most can do most of what they want."""
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
