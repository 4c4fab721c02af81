"""Somebody who says things by chance: mostly sensible ones, often at the edge, sometimes twice or about another's."""

import random
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from tests.payments.model.model import Model
from tests.payments.model.orders import (
    AskFor,
    BankSays,
    BringIn,
    BringOver,
    Decline,
    GiveBack,
    IssueCard,
    Item,
    Keyed,
    LetGo,
    LimitCard,
    Order,
    Pay,
    PayAsked,
    PayByCard,
    PayMany,
    PayOut,
    SayNo,
    SayYes,
    SetCard,
    Stop,
    Sweep,
    TakeBack,
    TimeIsUp,
    made_anew,
    made_by,
)
from tests.payments.model.paper import BETWEEN_PEOPLE, RULES

Thing = TypeVar("Thing")

ALIVE = ("created", "pending_confirmation")


class Customer:
    """All the customers there are. `just_now` are the ids of what is ordered together with what comes next."""

    def __init__(self, chance: random.Random, model: Model) -> None:
        self.chance, self.model = chance, model
        self.just_now: list[UUID] = []
        self._said: list[Keyed] = []
        self._ways: dict[Callable[[], Order], int] = {
            self._pays: 26,
            self._brings_in: 12,
            self._brings_over: 3,
            self._pays_out: 6,
            self._asks: 14,
            self._pays_asked: 16,
            self._ends_a_request: 7,
            self._gives_back: 10,
            self._pays_many: 7,
            self._issues_a_card: 4,
            self._changes_a_card: 6,
            self._pays_by_card: 12,
            self._stands_guard: 3,
            self._answers: 36,
            self._says_again: 14,
        }

    def orders(self) -> list[Order]:
        """What arrives together, in order."""
        many = self.chance.choice((1, 1, 1, 2, 3, 8))
        self.just_now = []
        return [self._one() for _ in range(many)]

    def _one(self) -> Order:
        (way,) = self.chance.choices(list(self._ways), weights=list(self._ways.values()))
        order = way()
        if isinstance(order, Keyed):
            self._said.append(order)
            self.just_now += made_by(order)
        return order

    # ------------------------------------------------------------ money

    def _pays(self) -> Order:
        who, odd = self._somebody(), self.chance.random()
        to = None if odd < 0.03 else who if odd < 0.06 else self._another(who)
        return Pay(self._id(), who, to, self._amount(who), self._key())

    def _pays_many(self) -> Order:
        who, many = self._somebody(), self.chance.choice((1, 2, 2, 3, 5))
        items = [Item(self._another(who), self._amount(who)) for _ in range(many)]
        odd = self.chance.random()
        if odd < 0.2:
            bad = Item(None, 1) if odd < 0.05 else Item(who, 1) if odd < 0.1 else Item(self._another(who), 0)
            items[self.chance.randrange(many)] = bad
        ids = tuple(self._id() for _ in items)
        return PayMany(ids, who, tuple(items), self.chance.random() < 0.5, self._key())

    def _brings_in(self) -> Order:
        return BringIn(self._id(), self._somebody(), self._amount(None), self._key())

    def _brings_over(self) -> Order:
        return BringOver(self._id(), self._somebody(), self._amount(None), self._key())

    def _pays_out(self) -> Order:
        who = self._somebody()
        return PayOut(self._id(), who, self._amount(who), self.chance.random() < 0.5, self._key())

    def _gives_back(self) -> Order:
        done = [one for one in self._lately(self.model.payments) if one.status == "completed"]
        paid = [one for one in done if one.kind in BETWEEN_PEOPLE]
        if not paid or self.chance.random() < 0.1:
            return GiveBack(self._id(), self._somebody(), self._any_payment(), None, self._key())
        first = self.chance.choice(paid)
        left = first.amount - first.given_back
        amount = self.chance.choice((None, left, max(left // 2, 1), 1, left + 1))
        return GiveBack(self._id(), self._perhaps_not(first.to), first.id, amount, self._key())

    def _answers(self) -> Order:
        """To a payment: its sender or the bank, or nobody in time."""
        alive = [one.id for one in self.model.payments.values() if one.status in ALIVE]
        id = self.chance.choice(alive) if alive and self.chance.random() < 0.75 else self._any_payment()
        payment = self.model.payments.get(id)
        who = self._perhaps_not(None if payment is None else payment.owner)
        if payment is not None and payment.status == "created":
            return BankSays(who, id, yes=self.chance.random() < 0.8)
        if self.chance.random() < 0.85:
            return (SayYes if self.chance.random() < 0.5 else SayNo)(who, id)
        return self.chance.choice((TimeIsUp(who, id), BankSays(who, id, yes=True)))

    # ------------------------------------------------------------ requests

    def _asks(self) -> Order:
        many, who = self.chance.choice((1, 1, 1, 2, 3)), self._somebody()
        among: list[str | None] = [*dict.fromkeys(self._another(who) for _ in range(many))]
        if (odd := self.chance.random()) < 0.06:
            among[0] = None if odd < 0.03 else who
        with_me = len(among) > 1 and self.chance.random() < 0.5
        total = max(self._amount(None), len(among) + with_me)
        return AskFor(tuple(self._id() for _ in among), who, tuple(among), total, with_me, self._key())

    def _pays_asked(self) -> Order:
        id = self._any_request()
        request = self.model.requests.get(id)
        return PayAsked(self._id(), self._perhaps_not(None if request is None else request.of), id, self._key())

    def _ends_a_request(self) -> Order:
        id = self._any_request()
        request = self.model.requests.get(id)
        way = self.chance.choice((Decline, TakeBack) if request is None else (Decline, TakeBack, Sweep))
        if way is Sweep and request is not None:  # the sweeper knows from the table who was asked
            return Sweep(request.of, id)
        whose = None if request is None else request.who if way is TakeBack else request.of
        return way(self._perhaps_not(whose), id)

    # ------------------------------------------------------------ cards

    def _issues_a_card(self) -> Order:
        return IssueCard(self._id(), self._somebody(), self._limit(), self._limit(), self._key())

    def _changes_a_card(self) -> Order:
        id, who = self._any_card()
        if self.chance.random() < 0.4:
            return LimitCard(who, id, self.chance.choice((0, self._limit())), self.chance.choice((0, self._limit())))
        return SetCard(who, id, self.chance.choice(("active", "active", "frozen", "closed")))

    def _pays_by_card(self) -> Order:
        id, who = self._any_card()
        card = self.model.cards.get(id)
        amount = self._amount(who)
        if card is not None and self.chance.random() < 0.5:
            left = None if card.month is None else max(card.month - card.spent, 1)
            edge = self.chance.choice((card.each, left))
            amount = amount if edge is None else edge + self.chance.choice((0, 0, 1))
        return PayByCard(self._id(), who, id, amount, self._key())

    def _any_card(self) -> tuple[UUID, str]:
        """Mostly one that is open, and its owner."""
        cards = [one for one in self.model.cards.values() if one.status != "closed" or self.chance.random() < 0.1]
        if not cards or self.chance.random() < 0.1:
            return self.chance.choice(self.just_now or [self._id()]), self._somebody()
        card = self.chance.choice(cards)
        return card.id, self._perhaps_not(card.who)

    def _limit(self) -> int | None:
        return self.chance.choice((None, 10, 50, 100))

    def _stands_guard(self) -> Order:
        """Somebody of the house."""
        who = self._somebody()
        return LetGo(who) if self.chance.random() < 0.5 else Stop(who, self.chance.choice(("debits", "all")))

    # ------------------------------------------------------------ the same again

    def _says_again(self) -> Order:
        """The same key again: the same words under other ids, other words, or another's purse."""
        if not self._said:
            return self._pays()
        first = self.chance.choice(self._said[-40:])
        twist = self.chance.random()
        if twist < 0.1:
            return BringIn(self._id(), first.who, 1, first.key)
        if twist < 0.2 and isinstance(first, Pay):
            first = first._replace(amount=first.amount + 1)
        elif twist < 0.3:
            first = first._replace(who=self._somebody())
        return made_anew(first, tuple(self._id() for _ in made_by(first)))

    # ------------------------------------------------------------ whom and how much

    def _somebody(self) -> str:
        """Who has another money can do little with the others."""
        weights = [12 if purse.money == "USD" else 1 for purse in self.model.purses.values()]
        return self.chance.choices(list(self.model.purses), weights=weights)[0]

    def _another(self, who: str) -> str:
        while (name := self._somebody()) == who:
            pass
        return name

    def _perhaps_not(self, name: str | None) -> str:
        return self._somebody() if name is None or self.chance.random() < 0.1 else name

    def _amount(self, who: str | None) -> int:
        choices = [1, 2, 10, 30, self.model.house.threshold, self.model.house.threshold + 1, 100]
        if who is not None:
            purse = self.model.purses[who]
            choices += [max(purse.free, 1), purse.free + 1, max(purse.posted, 1)]
        return self.chance.choice(choices)

    def _any_payment(self) -> UUID:
        known = [one.id for one in self._lately(self.model.payments)] + self.just_now
        return self.chance.choice(known) if known else self._id()

    def _any_request(self) -> UUID:
        pending = [one.id for one in self.model.requests.values() if one.status == "pending"]
        if pending and self.chance.random() < 0.75:
            return self.chance.choice(pending)
        known = [one.id for one in self._lately(self.model.requests)] + self.just_now
        return self.chance.choice(known) if known else self._id()

    def _lately(self, things: dict[UUID, Thing]) -> list[Thing]:
        return [*things.values()][-30:]

    # ------------------------------------------------------------ the house

    def changes_its_mind(self) -> None:
        """The house's rules change."""
        house, chance = self.model.house, self.chance
        house.actions = {rule: chance.choice(("off", "off", "confirm", "confirm", "block")) for rule in RULES}
        house.threshold, house.many = chance.choice((20, 50)), chance.choice((1, 3, 5))
        house.most_waiting, house.most_open = chance.choice((1, 4, 20)), chance.choice((1, 2, 5))
        house.most_asked, house.most_cards = chance.choice((3, 12, 50)), chance.choice((1, 2, 5))
        house.a_day = {limit: chance.choice((200, 1_000, 10**6)) for limit in house.a_day}

    def _id(self) -> UUID:
        """New, and the same each time that the walk is walked."""
        return UUID(int=self.chance.getrandbits(128))

    def _key(self) -> str:
        return self._id().hex
