"""The steps of a walk, as plain values, and the strategy that draws them.

Numbers pick from what exists when the step is taken: an order, a payment, a server. So every list of steps is valid,
and Hypothesis can leave out steps to find the shortest one that fails.
"""

from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

from tests.stripe_stand_in.faults import Fault
from tests.stripe_stand_in.webhooks import Delivery

Way = Literal["deposit", "withdrawal"]

MATCHES = ("*", "GET *", "POST *", "POST /v1/payment_intents*", "POST /v1/transfers*", "POST /v1/payouts*")
"""The requests that a fault can be ordered for."""

FAULTS = [one for one in Fault if one not in (Fault.DELAY, Fault.DELAY_ANSWER)]
"""Without delays: nothing waits in a walk. The kill tests have them."""


@dataclass(frozen=True)
class Order:
    """A customer gives an order to a server. `turns` says after how many turns of the event loop the server dies
    without a trace; None if it lives."""

    who: int
    way: Way
    amount: int
    instant: bool = False
    turns: int | None = None


@dataclass(frozen=True)
class Repeat:
    """A customer repeats an order with its key, at another server."""

    pick: int


@dataclass(frozen=True)
class BankActs:
    """A bank ends, disputes or returns one of the payments of the stand-in."""

    verb: Literal["settle", "decline", "dispute", "open_dispute", "win", "lose", "send", "pay", "fail"]
    pick: int
    part: int = 100


@dataclass(frozen=True)
class Plan:
    """The bank account of a customer will decline, or settle, at once."""

    who: int
    outcome: Literal["settled", "settled_at_once", "declined_at_once"]


@dataclass(frozen=True)
class Trouble:
    """The next requests to the stand-in fail."""

    fault: Fault
    match: str
    times: int


@dataclass(frozen=True)
class Deliver:
    """The stand-in sends the events that are queued."""

    delivery: Delivery


@dataclass(frozen=True)
class SendAgain:
    """The stand-in sends an old event again."""

    pick: int


@dataclass(frozen=True)
class Forge:
    """Somebody sends an event with wrong signatures."""

    pick: int


@dataclass(frozen=True)
class Sweep:
    """Some minutes pass, and one server or both sweep, while events arrive."""

    both: bool
    turns: int | None = None


@dataclass(frozen=True)
class Hours:
    """Hours pass. After 24 the stand-in has forgotten the idempotency keys."""

    hours: int


@dataclass(frozen=True)
class TopUp:
    """The platform gets money for withdrawals, or takes money away. Without enough they wait."""

    amount: int


@dataclass(frozen=True)
class Relink:
    """A customer removes a bank account and links another one."""

    who: int
    way: Way


Step = Order | Repeat | BankActs | Plan | Trouble | Deliver | SendAgain | Forge | Sweep | Hours | TopUp | Relink

PEOPLE = 2

_who = st.integers(0, PEOPLE - 1)
_pick = st.integers(0, 30)
_way = st.sampled_from(["deposit", "withdrawal"])
_turns = st.one_of(st.none(), st.integers(0, 60))
_amount = st.one_of(st.integers(50, 3_000), st.integers(1, 60))

ACTS = ("settle", "settle", "decline", "dispute", "open_dispute", "win", "lose", "send", "pay", "pay", "fail")
DELIVERIES = [one for one in Delivery if one not in (Delivery.NEVER, Delivery.HELD)]

DRAWN: tuple[tuple[int, st.SearchStrategy[Step]], ...] = (
    (6, st.builds(Order, _who, _way, _amount, st.booleans(), _turns)),
    (6, st.builds(BankActs, st.sampled_from(ACTS), _pick, st.sampled_from([100, 40]))),
    (4, st.builds(Sweep, st.booleans(), _turns)),
    (4, st.builds(Trouble, st.sampled_from(FAULTS), st.sampled_from(MATCHES), st.integers(1, 3))),
    (3, st.builds(Deliver, st.sampled_from(DELIVERIES))),
    (2, st.builds(Repeat, _pick)),
    (2, st.builds(Hours, st.sampled_from([1, 23, 25, 60]))),
    (1, st.builds(Plan, _who, st.sampled_from(["settled", "settled_at_once", "declined_at_once"]))),
    (1, st.builds(SendAgain, _pick)),
    (1, st.builds(Forge, _pick)),
    (1, st.builds(TopUp, st.integers(-6_000, 9_000))),
    (1, st.builds(Relink, _who, _way)),
)
"""How often each kind of step is drawn, and how."""

_kind = st.sampled_from([number for number, (weight, _) in enumerate(DRAWN) for _ in range(weight)])
step: st.SearchStrategy[Step] = _kind.flatmap(lambda number: DRAWN[number][1])

MOST_STEPS = 40

# The length is drawn first: a list of unknown length would have six steps on average.
steps: st.SearchStrategy[list[Step]] = st.integers(1, MOST_STEPS).flatmap(
    lambda length: st.lists(step, min_size=length, max_size=length)
)
