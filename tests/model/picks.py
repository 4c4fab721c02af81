"""Random choices of people, objects and amounts for orders, mostly valid ones."""

import random
from typing import TypeVar
from uuid import UUID

from tests.model.model import Model

Thing = TypeVar("Thing")

UNFINISHED = ("created", "pending_confirmation")


class Picks:
    """`just_now` contains the ids in the orders that arrive together with the next one."""

    def __init__(self, chance: random.Random, model: Model) -> None:
        self.chance, self.model = chance, model
        self.just_now: list[UUID] = []

    def somebody(self) -> str:
        """Returns a customer. One with another currency is rarer, because they cannot pay the others."""
        weights = [12 if wallet.money == "USD" else 1 for wallet in self.model.wallets.values()]
        return self.chance.choices(list(self.model.wallets), weights=weights)[0]

    def another(self, who: str) -> str:
        while (name := self.somebody()) == who:
            pass
        return name

    def perhaps_not(self, name: str | None) -> str:
        return self.somebody() if name is None or self.chance.random() < 0.1 else name

    def amount(self, who: str | None) -> int:
        choices = [1, 2, 10, 30, self.model.rules.threshold, self.model.rules.threshold + 1, 100]
        if who is not None:
            wallet = self.model.wallets[who]
            choices += [max(wallet.free, 1), wallet.free + 1, max(wallet.posted, 1)]
        return self.chance.choice(choices)

    def any_payment(self) -> UUID:
        known = [one.id for one in self.lately(self.model.payments)] + self.just_now
        return self.chance.choice(known) if known else self.new_id()

    def any_request(self) -> UUID:
        pending = [one.id for one in self.model.requests.values() if one.status == "pending"]
        if pending and self.chance.random() < 0.75:
            return self.chance.choice(pending)
        known = [one.id for one in self.lately(self.model.requests)] + self.just_now
        return self.chance.choice(known) if known else self.new_id()

    def lately(self, things: dict[UUID, Thing]) -> list[Thing]:
        return [*things.values()][-30:]

    def any_card(self) -> tuple[UUID, str]:
        """Returns a card, mostly an open one, and its owner."""
        cards = [one for one in self.model.cards.values() if one.status != "closed" or self.chance.random() < 0.1]
        if not cards or self.chance.random() < 0.1:
            return self.chance.choice(self.just_now or [self.new_id()]), self.somebody()
        card = self.chance.choice(cards)
        return card.id, self.perhaps_not(card.who)

    def limit(self) -> int | None:
        return self.chance.choice((None, 10, 50, 100))

    def new_id(self) -> UUID:
        """Returns a new id, which is the same in each run of the walk."""
        return UUID(int=self.chance.getrandbits(128))

    def new_key(self) -> str:
        return self.new_id().hex
