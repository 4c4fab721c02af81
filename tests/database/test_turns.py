"""The law of `turns.py`, in every history of a few owners who ask for connections and give them back."""

from itertools import product

import pytest

from pocketpay.database.turns import Turns

OWNERS = ("ada", "bob", "cyd")
CONNECTIONS, SHARE = 4, 2


class Office:
    """Four connections, and the law checked whenever one is lent."""

    def __init__(self) -> None:
        self.turns: Turns[int] = Turns(SHARE)
        self.used = dict.fromkeys(OWNERS, 0)
        self.waiting: list[tuple[str, object]] = []
        self.free = CONNECTIONS

    def ask(self, owner: str) -> None:
        self.waiting.append((owner, self.turns.wait(owner)))
        self._lend()

    def give_back(self, owner: str) -> None:
        if self.used[owner]:
            self.used[owner] -= 1
            self.turns.end(owner)
            self.free += 1
            self._lend()

    def _lend(self) -> None:
        while self.free and (future := self.turns.next()) is not None:
            owner = next(who for who, waits in self.waiting if waits is future)
            fewest = min(self.used[who] for who, _ in self.waiting)
            assert self.used[owner] == fewest < SHARE, "to who uses the fewest"
            own = [waits for who, waits in self.waiting if who == owner]
            assert own[0] is future, "an owner's own in their order"
            self.waiting.remove((owner, future))
            self.used[owner] += 1
            self.free -= 1
        may = {who for who, _ in self.waiting if self.used[who] < SHARE}
        assert not (self.free and may), "nobody waits for nothing"
        assert bool(self.turns.could_be_served()) == bool(may)


async def test_a_free_connection_goes_to_who_uses_the_fewest_within_their_share() -> None:
    first = [("ask", "ada")] * 3
    for history in product(product(("ask", "give_back"), OWNERS), repeat=5):
        office = Office()
        for act, owner in [*first, *history]:
            getattr(office, act)(owner)
        for owner in OWNERS * CONNECTIONS * 2:
            office.give_back(owner)
        assert office.waiting == [], "everybody has their turn"


async def test_others_have_the_half_that_one_owner_cannot_use() -> None:
    office = Office()
    for _ in range(6):
        office.ask("ada")
    assert (office.used["ada"], office.free) == (2, 2)
    office.ask("bob")
    assert office.used["bob"] == 1


async def test_who_uses_one_gets_no_second_while_another_waits() -> None:
    office = Office()
    for owner in ("ada", "ada", "bob", "bob"):
        office.ask(owner)
    office.ask("ada")
    office.ask("cyd")
    office.give_back("ada")
    assert office.used == {"ada": 1, "bob": 2, "cyd": 1}


async def test_one_that_was_cancelled_takes_no_turn() -> None:
    turns: Turns[int] = Turns(1)
    gone, stays = turns.wait("ada"), turns.wait("ada")
    gone.cancel()
    assert turns.next() is stays
    assert turns.next() is None
    turns.leave("ada", gone)
    assert not turns.may_use("ada")
    turns.end("ada")
    assert turns.may_use("ada")


@pytest.mark.parametrize("first", [0, 1])
async def test_who_leaves_keeps_nobody_from_their_turn(first: int) -> None:
    turns: Turns[int] = Turns(1)
    both = [turns.wait("ada"), turns.wait("ada")]
    turns.leave("ada", both[first])
    assert turns.could_be_served() == 1
    assert turns.next() is both[1 - first]
