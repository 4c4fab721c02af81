"""Somebody who says things by chance: mostly sensible ones, often at the edge, sometimes twice or about another's."""

import random
from collections.abc import Callable

from tests.model.following import follows
from tests.model.model import Model
from tests.model.orders import (
    AskFor,
    BankSays,
    BringIn,
    BringOver,
    Decline,
    GiveBack,
    IssueCard,
    Item,
    Keyed,
    Leave,
    LetGo,
    LimitCard,
    Order,
    Pay,
    PayAsked,
    PayByCard,
    PayMany,
    PayOut,
    Reverse,
    SayNo,
    SayYes,
    SetCard,
    Stop,
    Sweep,
    TakeBack,
    TimeIsUp,
    Welcome,
    made_anew,
    made_by,
)
from tests.model.paper import BETWEEN_PEOPLE, RULES
from tests.model.picks import UNFINISHED, Picks


class Customer:
    """All the customers there are."""

    def __init__(self, chance: random.Random, model: Model) -> None:
        self.chance, self.model, self.pick = chance, model, Picks(chance, model)
        self._said: list[Keyed] = []
        self._welcomes: dict[str, Welcome] = {}
        self._ways: dict[Callable[[], Order], int] = {
            self._pays: 26,
            self._brings_in: 12,
            self._brings_over: 3,
            self._is_welcomed: 2,
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
            self._leaves: 3,
            self._reverses: 6,
            self._answers: 36,
            self._says_again: 14,
        }

    def orders(self) -> list[Order]:
        """What arrives together, in order."""
        many = self.chance.choice((1, 1, 1, 2, 3, 8))
        self.pick.just_now = []
        said: list[Order] = []
        for _ in range(many):
            said.append(self._one(said[-1] if said else None))
        return said

    def _one(self, before: Order | None) -> Order:
        """What is said next, `before` having been said in the same breath."""
        order = None
        if before is None and self.chance.random() < 0.3:
            order = self._asks_no_more()
        elif before is not None and self.chance.random() < 0.35:
            order = follows(self.chance, self.model, before, self.pick.new_id)
        if order is None:
            (way,) = self.chance.choices(list(self._ways), weights=list(self._ways.values()))
            order = way()
        if isinstance(order, Keyed):
            if not isinstance(order, Welcome):
                self._said.append(order)
            self.pick.just_now += made_by(order)
        return order

    # ------------------------------------------------------------ money

    def _pays(self) -> Order:
        who, odd = self.pick.somebody(), self.chance.random()
        to = None if odd < 0.03 else who if odd < 0.06 else self.pick.another(who)
        return Pay(self.pick.new_id(), who, to, self.pick.amount(who), self.pick.new_key())

    def _pays_many(self) -> Order:
        who, many = self.pick.somebody(), self.chance.choice((1, 2, 2, 3, 5))
        items = [Item(self.pick.another(who), self.pick.amount(who)) for _ in range(many)]
        odd = self.chance.random()
        if odd < 0.2:
            bad = Item(None, 1) if odd < 0.05 else Item(who, 1) if odd < 0.1 else Item(self.pick.another(who), 0)
            items[self.chance.randrange(many)] = bad
        ids = tuple(self.pick.new_id() for _ in items)
        return PayMany(ids, who, tuple(items), self.chance.random() < 0.5, self.pick.new_key())

    def _brings_in(self) -> Order:
        return BringIn(self.pick.new_id(), self.pick.somebody(), self.pick.amount(None), self.pick.new_key())

    def _brings_over(self) -> Order:
        return BringOver(self.pick.new_id(), self.pick.somebody(), self.pick.amount(None), self.pick.new_key())

    def _is_welcomed(self) -> Order:
        """Once each: an order is repeated with the same input, whatever its first result was."""
        who = self.pick.somebody()
        if who not in self._welcomes:
            self._welcomes[who] = Welcome(self.pick.new_id(), who, self.pick.amount(None), self.pick.new_key())
        return self._welcomes[who]._replace(id=self.pick.new_id())

    def _pays_out(self) -> Order:
        who = self.pick.somebody()
        return PayOut(self.pick.new_id(), who, self.pick.amount(who), self.chance.random() < 0.5, self.pick.new_key())

    def _gives_back(self) -> Order:
        done = [one for one in self.pick.lately(self.model.payments) if one.status == "completed"]
        paid = [one for one in done if one.kind in BETWEEN_PEOPLE]
        if not paid or self.chance.random() < 0.1:
            return GiveBack(
                self.pick.new_id(), self.pick.somebody(), self.pick.any_payment(), None, self.pick.new_key()
            )
        first = self.chance.choice(paid)
        left = first.amount - first.given_back
        amount = self.chance.choice((None, left, max(left // 2, 1), 1, left + 1))
        return GiveBack(self.pick.new_id(), self.pick.perhaps_not(first.to), first.id, amount, self.pick.new_key())

    def _answers(self) -> Order:
        """To a payment: its sender or the bank, or nobody in time."""
        alive = [one.id for one in self.model.payments.values() if one.status in UNFINISHED]
        id = self.chance.choice(alive) if alive and self.chance.random() < 0.75 else self.pick.any_payment()
        payment = self.model.payments.get(id)
        who = self.pick.perhaps_not(None if payment is None else payment.owner)
        if payment is not None and payment.status == "created":
            return BankSays(who, id, yes=self.chance.random() < 0.8)
        if self.chance.random() < 0.85:
            return (SayYes if self.chance.random() < 0.5 else SayNo)(who, id)
        return self.chance.choice((TimeIsUp(who, id), BankSays(who, id, yes=True)))

    # ------------------------------------------------------------ requests

    def _asks(self) -> Order:
        many, who = self.chance.choice((1, 1, 1, 2, 3)), self.pick.somebody()
        among: list[str | None] = [*dict.fromkeys(self.pick.another(who) for _ in range(many))]
        if (odd := self.chance.random()) < 0.06:
            among[0] = None if odd < 0.03 else who
        with_me = len(among) > 1 and self.chance.random() < 0.5
        total = max(self.pick.amount(None), len(among) + with_me)
        return AskFor(
            tuple(self.pick.new_id() for _ in among), who, tuple(among), total, with_me, self.pick.new_key()
        )

    def _pays_asked(self) -> Order:
        id = self.pick.any_request()
        request = self.model.requests.get(id)
        return PayAsked(
            self.pick.new_id(),
            self.pick.perhaps_not(None if request is None else request.of),
            id,
            self.pick.new_key(),
        )

    def _ends_a_request(self) -> Order:
        id = self.pick.any_request()
        request = self.model.requests.get(id)
        way = self.chance.choice((Decline, TakeBack) if request is None else (Decline, TakeBack, Sweep))
        if way is Sweep and request is not None:  # the sweeper knows from the table who was asked
            return Sweep(request.of, id)
        whose = None if request is None else request.who if way is TakeBack else request.of
        return way(self.pick.perhaps_not(whose), id)

    def _asks_no_more(self) -> Order | None:
        """Because nobody has said yes to a payment in time, while the request has time left."""
        for payment in self.model.payments.values():
            if payment.lapsed and payment.status in UNFINISHED and payment.asked is not None:
                return TakeBack(self.model.requests[payment.asked].who, payment.asked)
        return None

    # ------------------------------------------------------------ cards

    def _issues_a_card(self) -> Order:
        return IssueCard(
            self.pick.new_id(), self.pick.somebody(), self.pick.limit(), self.pick.limit(), self.pick.new_key()
        )

    def _changes_a_card(self) -> Order:
        id, who = self.pick.any_card()
        if self.chance.random() < 0.4:
            return LimitCard(
                who, id, self.chance.choice((0, self.pick.limit())), self.chance.choice((0, self.pick.limit()))
            )
        return SetCard(who, id, self.chance.choice(("active", "active", "frozen", "closed")))

    def _pays_by_card(self) -> Order:
        id, who = self.pick.any_card()
        card = self.model.cards.get(id)
        amount = self.pick.amount(who)
        if card is not None and self.chance.random() < 0.5:
            left = None if card.month is None else max(card.month - card.spent, 1)
            edge = self.chance.choice((card.each, left))
            amount = amount if edge is None else edge + self.chance.choice((0, 0, 1))
        return PayByCard(self.pick.new_id(), who, id, amount, self.pick.new_key())

    def _reverses(self) -> Order:
        """Somebody of the house, who finds the payment by its id."""
        known = self.pick.lately(self.model.payments)
        if not known or self.chance.random() < 0.05:
            return Reverse(self.pick.new_id(), self.pick.somebody(), self.pick.new_id())
        done = [one for one in known if one.status == "completed"]
        first = self.chance.choice(done if done and self.chance.random() < 0.8 else known)
        left = first.amount + first.fee - first.given_back
        amount = self.chance.choice((None, None, left or None, max(left // 2, 1), 1, left + 1))
        return Reverse(
            self.pick.new_id(), first.to or first.owner, first.id, amount, at_most=self.chance.random() < 0.5
        )

    def _leaves(self) -> Order:
        """Mostly somebody who may."""
        empty = [name for name, purse in self.model.purses.items() if (purse.posted, purse.held) == (0, 0)]
        who = self.chance.choice(empty) if empty and self.chance.random() < 0.7 else self.pick.somebody()
        return Leave(who, proven=self.chance.random() < 0.9)

    def _stands_guard(self) -> Order:
        """Somebody of the house."""
        who = self.pick.somebody()
        return LetGo(who) if self.chance.random() < 0.5 else Stop(who, self.chance.choice(("debits", "all")))

    # ------------------------------------------------------------ the same again

    def _says_again(self) -> Order:
        """The same key again: the same words under other ids, other words, or another's purse."""
        if not self._said:
            return self._pays()
        first = self.chance.choice(self._said[-40:])
        twist = self.chance.random()
        if twist < 0.1:
            return BringIn(self.pick.new_id(), first.who, 1, first.key)
        if twist < 0.2 and isinstance(first, Pay):
            first = first._replace(amount=first.amount + 1)
        elif twist < 0.3:
            first = first._replace(who=self.pick.somebody())
        return made_anew(first, tuple(self.pick.new_id() for _ in made_by(first)))

    # ------------------------------------------------------------ the house

    def changes_its_mind(self) -> None:
        """The house's rules change."""
        house, chance = self.model.house, self.chance
        house.actions = {rule: chance.choice(("off", "off", "confirm", "confirm", "block")) for rule in RULES}
        house.threshold, house.many = chance.choice((20, 50)), chance.choice((1, 3, 5))
        house.most_waiting, house.most_open = chance.choice((1, 4, 20)), chance.choice((1, 2, 5))
        house.most_asked, house.most_cards = chance.choice((3, 12, 50)), chance.choice((1, 2, 5))
        house.a_day = {limit: chance.choice((200, 1_000, 10**6)) for limit in house.a_day}
