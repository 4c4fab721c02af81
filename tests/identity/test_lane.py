"""Checks the rule of the sign-in lane with a simulated clock: unknown addresses guess at a bounded rate, and each new
address gets its turn."""

import random
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest

from pocketpay.identity.lane import (
    CALENDARS,
    MAX_GUESSES_AN_HOUR,
    OPEN_FOR,
    RECENT_AFTER_APPOINTMENT,
    SHARE,
    Lane,
    Order,
    Others,
    Turn,
    ask,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
NEW = Lane(dict.fromkeys(Order, LONG_AGO))
FIRST, CROWDED, FURTHER = (CALENDARS[order] for order in Order)


class Address(NamedTuple):
    """Provider, network and customer."""

    provider: int
    network: int = 0
    customer: int = 0


@dataclass
class World:
    """One lane, its turns, and every guess in order. `now` never decreases."""

    now: datetime = START
    lane: Lane = NEW
    turns: dict[Address, Turn] = field(default_factory=dict)
    of_provider: defaultdict[int, set[Address]] = field(default_factory=lambda: defaultdict(set))
    guesses: list[tuple[datetime, Address]] = field(default_factory=list)

    def ask(self, address: Address, guess_id: UUID | None = None) -> timedelta | None:
        rivals = {
            other: self.turns[other]
            for other in self.of_provider[address.provider]
            if other != address and self.turns[other].expires_at > self.now
        }
        waiting = Counter(
            turn.order for turn in rivals.values() if turn.guess_id is None and turn.begins_at > self.now
        )
        others = Others(len(rivals), sum(other.network == address.network for other in rivals), waiting)
        answer = ask(self.lane, self.turns.get(address), others, guess_id or uuid4(), self.now)
        self.lane = answer.lane
        if answer.turn is not None:
            self.turns[address] = answer.turn
            self.of_provider[address.provider].add(address)
        if answer.wait is None:
            self.guesses.append((self.now, address))
        return answer.wait

    def give_back(self, address: Address) -> None:
        turn = self.turns[address]
        self.turns[address] = replace(turn, guess_id=None)
        self.guesses.pop()

    def max_within(self, window: timedelta) -> int:
        """Returns the largest number of guesses within any span of that length."""
        most, within = 0, deque[datetime]()
        for at, _ in self.guesses:
            within.append(at)
            while within[0] < at - window:
                within.popleft()
            most = max(most, len(within))
        return most


@pytest.mark.parametrize("seed", range(24))
def test_attackers_stay_below_the_hourly_bound_and_a_new_address_gets_its_turn(seed: int) -> None:
    chance = random.Random(seed)
    world = World()
    providers, networks = chance.choice((1, 3, 40, 1000)), chance.choice((1, 20))
    botnet = [
        Address(chance.randrange(providers), chance.randrange(networks), n)
        for n in range(chance.choice((1, 5, 60, 250)))
    ]
    pace = timedelta(seconds=chance.choice((2, 20, 200)))
    patient = chance.random() < 0.5

    def attack(until: datetime) -> None:
        while world.now < until:
            address = chance.choice(botnet)
            turn = world.turns.get(address)
            # Patient attackers save their turns, and use all of them in one hour.
            if not (patient and turn is not None and turn.guess_id is None and world.now < turn.ends_at - pace):
                world.ask(address)
                if world.guesses and world.guesses[-1] == (world.now, address) and chance.random() < 0.05:
                    world.give_back(address)
            world.now = min(until, world.now + pace * chance.uniform(0, 2))

    for number in range(4):
        attack(world.now + chance.uniform(0, 3) * HOUR)
        newcomer, arrived = Address(10_000 + number), world.now
        ahead = len({address for address, turn in world.turns.items() if turn.expires_at > world.now})
        wait = world.ask(newcomer)
        if wait is not None:
            assert wait <= (ahead + 1) * FIRST.spacing
            for _ in range(3):  # a request before the turn changes nothing
                attack(world.now + wait * chance.uniform(0, 0.3))
                assert world.ask(newcomer) == arrived + wait - world.now
            attack(arrived + wait + OPEN_FOR * chance.random())
            assert world.ask(newcomer) is None
    assert world.max_within(HOUR) <= MAX_GUESSES_AN_HOUR
    assert world.max_within(MINUTE) <= sum(one.max_within(MINUTE) for one in CALENDARS.values())


def test_the_bound_is_68_guesses_an_hour_and_patient_attackers_reach_most_of_it() -> None:
    assert MAX_GUESSES_AN_HOUR == 68
    world = World()
    botnet = [Address(n) for n in range(100)]
    for address in botnet:
        world.ask(address)
    world.now += HOUR
    for _ in range(60):
        for address in botnet:
            world.ask(address)
        world.now += MINUTE
    assert 50 <= world.max_within(HOUR) <= MAX_GUESSES_AN_HOUR


def test_a_new_address_among_three_thousand_gets_its_turn_at_the_promised_time() -> None:
    world = World()
    for n in range(3_000):
        world.ask(Address(n))
    wait = world.ask(Address(5_000))
    assert wait == (3_000 - FIRST.burst + 1) * FIRST.spacing
    for n in range(3_000, 4_000):
        world.ask(Address(n))
    world.now += wait
    assert world.ask(Address(5_000)) is None


def test_a_botnet_that_has_used_its_turns_does_not_delay_a_new_address() -> None:
    world = World()
    botnet = [Address(n) for n in range(200)]
    end = START + 12 * HOUR
    while world.now < end:
        for address in botnet:
            world.ask(address)
        world.now += timedelta(minutes=10)
    wait = world.ask(Address(5_000))
    assert wait is None or wait <= FIRST.spacing
    assert world.max_within(HOUR) <= MAX_GUESSES_AN_HOUR


def test_one_machine_with_thousands_of_addresses_counts_as_its_network() -> None:
    world = World()
    for n in range(5_000):
        world.ask(Address(1, 1, n))
    assert world.ask(Address(2)) == (SHARE - FIRST.burst + 1) * FIRST.spacing
    assert len([turn for turn in world.turns.values() if turn.begins_at > world.now]) <= 2 * SHARE + 1


def test_a_customer_of_the_attackers_provider_gets_its_turn_at_the_promised_time() -> None:
    world = World()
    machine = [Address(1, 1, n) for n in range(300)]
    end = START + 6 * HOUR
    while world.now < end:
        for address in machine:
            world.ask(address)
        world.now += timedelta(minutes=5)
    customer, arrived = Address(1, 2), world.now
    wait = world.ask(customer)
    assert wait is None or wait <= CROWDED.spacing
    for other in range(3, 6):
        customer, arrived = Address(1, other), world.now
        wait = world.ask(customer)
        if wait is not None:
            assert wait <= 4 * CROWDED.spacing
            while world.now < arrived + wait:
                for address in machine:
                    world.ask(address)
                world.now = min(arrived + wait, world.now + timedelta(minutes=1))
            assert world.ask(customer) is None


def test_an_idle_lane_allows_one_address_five_guesses_without_a_wait() -> None:
    world = World()
    waits = [world.ask(Address(1)) for _ in range(6)]
    assert waits == [None] * 5 + [FURTHER.spacing]
    world.now += FURTHER.spacing
    assert world.ask(Address(1)) is None


def test_an_unused_turn_ends_after_half_an_hour_and_counts_as_used() -> None:
    world = World()
    for n in range(6):
        world.ask(Address(n))
    late = world.ask(Address(9))
    assert late is not None
    world.now += late + OPEN_FOR + timedelta(seconds=1)
    assert world.ask(Address(9)) is None
    assert world.turns[Address(9)].expires_at >= START + late + RECENT_AFTER_APPOINTMENT
    assert world.lane.free_at[Order.FURTHER] > world.now - FURTHER.saved


def test_repeating_a_request_with_the_same_guess_id_takes_one_turn() -> None:
    world, guess = World(), uuid4()
    assert world.ask(Address(1), guess) is None
    lane = world.lane
    assert world.ask(Address(1), guess) is None
    assert world.lane == lane


def test_a_full_calendar_returns_the_next_free_time_and_books_nothing() -> None:
    full_until = START + (FIRST.max_booked + 1) * FIRST.spacing
    world = World(lane=NEW.booked(Order.FIRST, full_until))
    assert world.ask(Address(1)) == FIRST.spacing
    assert world.turns == {}
    world.now += FIRST.spacing
    assert world.ask(Address(1)) == FIRST.max_booked * FIRST.spacing


def test_a_lane_can_be_deleted_when_it_equals_a_new_one() -> None:
    world = World()
    world.ask(Address(1))
    assert world.lane.expires_at <= START + FIRST.spacing
    used, world.now = world.lane, world.lane.expires_at
    answers = [ask(lane, None, Others(), UUID(int=1), world.now) for lane in (used, NEW)]
    assert [answer.lane.free_at[Order.FIRST] for answer in answers] == [world.now - FIRST.saved + FIRST.spacing] * 2
