"""Checks the rule of `turns.py` in every sequence of a few users who request connections and release them."""

from itertools import product

import pytest

from pocketpay.database.turns import Turns

OWNERS = ("ada", "bob", "cyd")
CONNECTIONS, SHARE = 4, 2


class Pool:
    """Four connections; the rule is checked whenever one is lent."""

    def __init__(self) -> None:
        self.turns: Turns[int] = Turns(SHARE)
        self.used = dict.fromkeys(OWNERS, 0)
        self.waiting: list[tuple[str, object]] = []
        self.free = CONNECTIONS

    def request(self, owner: str) -> None:
        self.waiting.append((owner, self.turns.wait(owner)))
        self._lend()

    def release(self, owner: str) -> None:
        if self.used[owner]:
            self.used[owner] -= 1
            self.turns.end(owner)
            self.free += 1
            self._lend()

    def _lend(self) -> None:
        while self.free and (future := self.turns.next()) is not None:
            owner = next(who for who, waits in self.waiting if waits is future)
            fewest = min(self.used[who] for who, _ in self.waiting)
            assert self.used[owner] == fewest < SHARE, "the user with the fewest connections gets it"
            own = [waits for who, waits in self.waiting if who == owner]
            assert own[0] is future, "requests of one user are served in order"
            self.waiting.remove((owner, future))
            self.used[owner] += 1
            self.free -= 1
        may = {who for who, _ in self.waiting if self.used[who] < SHARE}
        assert not (self.free and may), "nobody waits while a connection is free for them"
        assert bool(self.turns.could_be_served()) == bool(may)


async def test_a_free_connection_goes_to_the_user_with_the_fewest_within_their_share() -> None:
    first = [("request", "ada")] * 3
    for history in product(product(("request", "release"), OWNERS), repeat=5):
        pool = Pool()
        for act, owner in [*first, *history]:
            getattr(pool, act)(owner)
        for owner in OWNERS * CONNECTIONS * 2:
            pool.release(owner)
        assert pool.waiting == [], "every request is served"


async def test_one_user_leaves_half_of_the_connections_to_others() -> None:
    pool = Pool()
    for _ in range(6):
        pool.request("ada")
    assert (pool.used["ada"], pool.free) == (2, 2)
    pool.request("bob")
    assert pool.used["bob"] == 1


async def test_a_user_with_one_connection_gets_no_second_while_a_user_with_none_waits() -> None:
    pool = Pool()
    for owner in ("ada", "ada", "bob", "bob"):
        pool.request(owner)
    pool.request("ada")
    pool.request("cyd")
    pool.release("ada")
    assert pool.used == {"ada": 1, "bob": 2, "cyd": 1}


async def test_a_cancelled_request_gets_no_connection() -> None:
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
async def test_a_cancelled_request_does_not_block_the_others(first: int) -> None:
    turns: Turns[int] = Turns(1)
    both = [turns.wait("ada"), turns.wait("ada")]
    turns.leave("ada", both[first])
    assert turns.could_be_served() == 1
    assert turns.next() is both[1 - first]
