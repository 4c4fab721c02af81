"""The lane: how strangers take turns at guessing the password of one login. Pure: no clock, no database.

A stranger is an address from which the login's owner has not signed in before. The rules:

    Each guess by a stranger uses one turn. A turn comes from one of three calendars, and the turns of a calendar are
    `spacing` apart:

        first     for an address without a recent turn, while fewer than SHARE others of its provider have one
        crowded   for an address without a recent turn, while fewer than SHARE others of its network have one
        further   for every other address

    An address gets a turn immediately or, when the calendar is booked, as an appointment: the next free turn of that
    calendar. The turn is reserved for this address until OPEN_FOR after it begins, whatever other addresses do. A
    turn is recent for an hour when it was given immediately, and for a day when it was an appointment.

The consequences, for any number of attackers with any timing (docs/decisions/0020 gives the reasons):

    most guesses    MAX_GUESSES_AN_HOUR in any hour, because a guess uses a turn that began at most OPEN_FOR before
    never closed    there is always a next turn, and asking early or often does not change when it begins
    newcomer        gets the time at which its turn begins, and can guess then. It waits `spacing` for each address
                    that asked before it without a recent turn: at most `max_booked` of them, and at most SHARE of one
                    provider. Addresses that ask again and again delay only each other
    crowd           a machine with all the addresses of one network gets SHARE first turns; a newcomer of the same
                    provider is in another network, and waits for SHARE turns of each machine
    calm            five guesses at once while nobody else has tried: `burst` turns of each calendar can be saved

An address gets no turn when its calendar is full, or already has `max_of_provider` appointments of its provider. The
answer says when a turn may become free. A turn counts from the moment it is given, even if the address never uses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

OPEN_FOR = timedelta(minutes=30)
"""How long a turn stays reserved after it begins: a person may have put the phone away. The longer it is, the fewer
turns an hour can have, because turns can be saved and used together."""

SHARE = 8
"""How many addresses of one provider have recent turns of the first calendar, and how many of one network have recent
turns of the crowded one (networks.py). A single machine can easily have 65,536 addresses of IPv6, all in one network.
"""

RECENT_AFTER_APPOINTMENT = timedelta(days=1)
"""How long an appointment counts as a recent turn: a botnet can use each address once a day, and then waits behind
itself."""

RECENT_AT_ONCE = timedelta(hours=1)
"""How long a turn that was given immediately counts as a recent turn. Nobody waited for it, so it expires sooner."""


class Order(StrEnum):
    """The calendar that a turn comes from."""

    FIRST = "first"
    CROWDED = "crowded"
    FURTHER = "further"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Turns that are `spacing` apart.

    Up to `burst` turns are saved while nobody asks. Up to `max_booked` turns can be appointments, of which up to
    `max_of_provider` can belong to one provider.
    """

    spacing: timedelta
    burst: int
    max_booked: int
    max_of_provider: int

    @property
    def saved(self) -> timedelta:
        """How far in the past the next free turn can begin."""
        return (self.burst - 1) * self.spacing

    @property
    def furthest(self) -> timedelta:
        """How far in the future the next free turn can begin. One spacing is for small differences of clocks."""
        return (self.max_booked + 2) * self.spacing

    def max_within(self, window: timedelta) -> int:
        """The maximum number of guesses within any span of this length."""
        return (window + max(OPEN_FOR, self.saved)) // self.spacing + 1


CALENDARS = {
    Order.FIRST: Calendar(timedelta(minutes=2), burst=5, max_booked=4096, max_of_provider=SHARE),
    Order.CROWDED: Calendar(timedelta(minutes=10), burst=2, max_booked=1024, max_of_provider=64),
    Order.FURTHER: Calendar(timedelta(minutes=8), burst=4, max_booked=1024, max_of_provider=SHARE),
}

FURTHEST = max(calendar.furthest for calendar in CALENDARS.values())
"""No turn begins later than this from now. A later turn was written by a clock that was ahead (decision 27)."""

MAX_GUESSES_AN_HOUR = sum(one.max_within(timedelta(hours=1)) for one in CALENDARS.values())
"""68 for one login: 46 in first turns, 10 in crowded ones, 12 in further ones. An attacker who knows the username,
the email address and the phone number has three times as many: a million guesses in seven months. No user has one of
the 30,000 passwords that an attacker tries first (guessing.py). With fewer turns a newcomer would wait longer behind
a botnet; with more turns the botnet could guess faster too."""


@dataclass(frozen=True, slots=True)
class Lane:
    """When the next free turn of each calendar begins. In an unused lane these times are in the past."""

    free_at: Mapping[Order, datetime]

    def booked(self, order: Order, until: datetime) -> "Lane":
        return Lane({**self.free_at, order: until})

    @property
    def expires_at(self) -> datetime:
        """The time from which the lane is in the same state as a new one. Its row can be deleted then."""
        return max(self.free_at[order] + calendar.saved for order, calendar in CALENDARS.items())


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn of one address. `guess_id` is the guess that used the turn, if any. The turn is recent until
    `expires_at`."""

    order: Order
    begins_at: datetime
    ends_at: datetime
    expires_at: datetime
    guess_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Others:
    """Counts of the other addresses in this lane.

    of_provider    addresses of the same provider with a recent turn
    of_network     addresses of the same network with a recent turn
    waiting        addresses of the same provider with an appointment, by calendar
    """

    of_provider: int = 0
    of_network: int = 0
    waiting: Mapping[Order, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to an address. `wait` is None when the address may guess now, else the time after which to ask
    again.

    `turn` is the turn of the address, or None; `lane` is the new state of the lane.
    """

    lane: Lane
    turn: Turn | None
    wait: timedelta | None


def ask(lane: Lane, turn: Turn | None, others: Others, guess_id: UUID, now: datetime) -> Answer:
    """Decides whether an address may guess now. `turn` is its current or recent turn, or None.

    Idempotent: asking again with the same `guess_id` returns the same answer and uses no other turn.
    """
    if turn is not None and now < turn.expires_at:
        if turn.guess_id == guess_id:
            return Answer(lane, turn, None)
        if turn.guess_id is None and now < turn.begins_at:
            return Answer(lane, turn, turn.begins_at - now)
        if turn.guess_id is None and now <= turn.ends_at:
            return Answer(lane, replace(turn, guess_id=guess_id), None)
        return _next_turn(Order.FURTHER, lane, turn, others, guess_id, now)
    return _next_turn(_order(others), lane, None, others, guess_id, now)


def _order(others: Others) -> Order:
    """The calendar for an address without a recent turn."""
    if others.of_provider < SHARE:
        return Order.FIRST
    return Order.CROWDED if others.of_network < SHARE else Order.FURTHER


def _next_turn(
    order: Order, lane: Lane, earlier: Turn | None, others: Others, guess_id: UUID, now: datetime
) -> Answer:
    calendar = CALENDARS[order]
    saved = now - calendar.saved
    slot = max(lane.free_at[order], saved)
    if slot > now + calendar.furthest:  # a clock that was ahead has written it
        slot = saved
    taken = lane.booked(order, slot + calendar.spacing)
    if slot <= now:
        turn = Turn(order, now, slot + OPEN_FOR, _expiry(earlier, now + RECENT_AT_ONCE), guess_id)
        return Answer(taken, turn, None)
    full_for = slot - now - calendar.max_booked * calendar.spacing
    if full_for > timedelta(0) or others.waiting.get(order, 0) >= calendar.max_of_provider:
        return Answer(lane, earlier, max(full_for, calendar.spacing))
    turn = Turn(order, slot, slot + OPEN_FOR, _expiry(earlier, slot + RECENT_AFTER_APPOINTMENT))
    return Answer(taken, turn, slot - now)


def _expiry(earlier: Turn | None, until: datetime) -> datetime:
    """Returns when a new turn stops being recent. This is never before the earlier turn of the address does."""
    return until if earlier is None else max(earlier.expires_at, until)
