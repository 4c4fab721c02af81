"""The lane: how strangers take turns at guessing one login's password. Pure: no clock, no database.

A stranger is an address from which the login's owner has not signed in before. The law:

    A guess by a stranger takes a turn of its own, and a turn comes from one of three calendars, whose turns are
    `spacing` apart:

        first     for an address that has had no turn lately, nor have SHARE others of its provider
        crowded   for an address that has had no turn lately, nor have SHARE others of its network
        further   for every other address

    A turn is given to an address at once or, while the calendar is booked, as an appointment: the next free turn of
    that calendar. It stays that address's own until OPEN_FOR after it has begun, whatever anybody does meanwhile. A
    turn counts as had lately for an hour when it was given at once, for a day when it was an appointment.

What follows from it, for any schedule of any number of attackers (docs/decisions/0020 gives the reasons):

    most guesses    MOST_GUESSES_AN_HOUR in any hour, because a guess takes a turn that began at most OPEN_FOR before
    never closed    a calendar is never behind: there is always a next turn, and asking early or often moves nothing
    newcomer        is told when its turn begins, and has a guess then. Its wait is `spacing` for each address that
                    asked before it without having had a turn lately: at most `most_booked` of them, and at most
                    SHARE of one provider. Addresses that hammer only delay one another
    crowd           one machine with all the addresses of a network has SHARE first turns; a newcomer who is a
                    customer of the same provider is in another network, and waits for SHARE turns of each machine
    calm            five guesses at once while nobody else has tried: `burst` turns of each calendar can be saved

An address that finds its calendar full, or `most_of_provider` appointments of its provider in it, gets no turn; it is
told when one may come free. A turn counts as had when it was given: whoever stays away loses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

OPEN_FOR = timedelta(minutes=30)
"""How long a turn waits for its address: a person may have put the phone away. The longer it is, the fewer turns an
hour can have, because turns may be saved up and used together."""

SHARE = 8
"""Turns that one provider has lately of the first calendar, and one network of the crowded one (networks.py). A
single machine is easily given 65,536 addresses of IPv6, all in one network."""

REMEMBERED_AFTER_WAITING = timedelta(days=1)
"""How long an appointment counts as a turn had: a botnet uses each address once a day before it waits for itself."""

REMEMBERED_AT_ONCE = timedelta(hours=1)
"""The same for a turn given at once: nobody had to wait for it, and a name that was only tried once is soon
forgotten."""


class Order(StrEnum):
    """Which calendar a turn comes from."""

    FIRST = "first"
    CROWDED = "crowded"
    FURTHER = "further"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Turns `spacing` apart. `burst` of them can be saved while nobody asks, `most_booked` be appointments, of these
    `most_of_provider` of one provider."""

    spacing: timedelta
    burst: int
    most_booked: int
    most_of_provider: int

    @property
    def saved(self) -> timedelta:
        """How far behind the clock the next free turn may be."""
        return (self.burst - 1) * self.spacing

    @property
    def furthest(self) -> timedelta:
        """How far ahead of the clock the next free turn can be. One spacing is for clocks that differ a little."""
        return (self.most_booked + 2) * self.spacing

    def most_within(self, window: timedelta) -> int:
        """How many guesses can be made within any span of that length."""
        return (window + max(OPEN_FOR, self.saved)) // self.spacing + 1


CALENDARS = {
    Order.FIRST: Calendar(timedelta(minutes=2), burst=5, most_booked=4096, most_of_provider=SHARE),
    Order.CROWDED: Calendar(timedelta(minutes=10), burst=2, most_booked=1024, most_of_provider=64),
    Order.FURTHER: Calendar(timedelta(minutes=8), burst=4, most_booked=1024, most_of_provider=SHARE),
}

FURTHEST = max(calendar.furthest for calendar in CALENDARS.values())
"""No turn begins later than so long from now. One that does was given by a clock that was ahead (decision 27)."""

MOST_GUESSES_AN_HOUR = sum(one.most_within(timedelta(hours=1)) for one in CALENDARS.values())
"""68 for one login: 46 of first turns, 10 of crowded ones, 12 of further ones. A guesser who knows the username, the
email address and the phone number has three times as many, a million in seven months; nobody has one of the 30,000
passwords that would be tried first (guessing.py). Fewer would make a newcomer wait longer behind a botnet, more would
serve both."""


@dataclass(frozen=True, slots=True)
class Lane:
    """From when each calendar has a free turn. A lane that nobody used has had them for ever."""

    free_at: Mapping[Order, datetime]

    def booked(self, order: Order, until: datetime) -> "Lane":
        return Lane({**self.free_at, order: until})

    @property
    def forgotten_at(self) -> datetime:
        """From when on it is like a lane that nobody used."""
        return max(self.free_at[order] + calendar.saved for order, calendar in CALENDARS.items())


@dataclass(frozen=True, slots=True)
class Turn:
    """One address's turn. `guess_id` is the guess that took it, if any; it counts as had until `forgotten_at`."""

    order: Order
    begins_at: datetime
    ends_at: datetime
    forgotten_at: datetime
    guess_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Others:
    """Other addresses in this lane: how many of the same provider and of the same network have had a turn, and how
    many of the same provider have an appointment in each calendar."""

    of_provider: int = 0
    of_network: int = 0
    waiting: Mapping[Order, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address gets. `wait` is None when it may guess now, else how long until it is worth asking again.

    `turn` is its turn, None when it has none; `lane` is how the lane is from now on.
    """

    lane: Lane
    turn: Turn | None
    wait: timedelta | None


def ask(lane: Lane, turn: Turn | None, others: Others, guess_id: UUID, now: datetime) -> Answer:
    """An address asks for a guess. `turn` is the turn it has or had, None once that is forgotten.

    Asking again with the same `guess_id` gives the same answer and takes nothing.
    """
    if turn is not None and now < turn.forgotten_at:
        if turn.guess_id == guess_id:
            return Answer(lane, turn, None)
        if turn.guess_id is None and now < turn.begins_at:
            return Answer(lane, turn, turn.begins_at - now)
        if turn.guess_id is None and now <= turn.ends_at:
            return Answer(lane, replace(turn, guess_id=guess_id), None)
        return _next_turn(Order.FURTHER, lane, turn, others, guess_id, now)
    return _next_turn(_order(others), lane, None, others, guess_id, now)


def _order(others: Others) -> Order:
    """The calendar of an address that has had no turn."""
    if others.of_provider < SHARE:
        return Order.FIRST
    return Order.CROWDED if others.of_network < SHARE else Order.FURTHER


def _next_turn(order: Order, lane: Lane, had: Turn | None, others: Others, guess_id: UUID, now: datetime) -> Answer:
    calendar = CALENDARS[order]
    saved = now - calendar.saved
    slot = max(lane.free_at[order], saved)
    if slot > now + calendar.furthest:  # a clock that was ahead has booked it
        slot = saved
    taken = lane.booked(order, slot + calendar.spacing)
    if slot <= now:
        turn = Turn(order, now, slot + OPEN_FOR, _remembered(had, now + REMEMBERED_AT_ONCE), guess_id)
        return Answer(taken, turn, None)
    full_for = slot - now - calendar.most_booked * calendar.spacing
    if full_for > timedelta(0) or others.waiting.get(order, 0) >= calendar.most_of_provider:
        return Answer(lane, had, max(full_for, calendar.spacing))
    turn = Turn(order, slot, slot + OPEN_FOR, _remembered(had, slot + REMEMBERED_AFTER_WAITING))
    return Answer(taken, turn, slot - now)


def _remembered(had: Turn | None, until: datetime) -> datetime:
    """A turn had before is not forgotten any sooner because another was had since."""
    return until if had is None else max(had.forgotten_at, until)
