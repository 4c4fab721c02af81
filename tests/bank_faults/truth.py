"""What happened to each order, by the stand-in's objects alone. The books are compared with it.

The stand-in knows which order an object belongs to by the metadata that Pocket Pay gave it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from tests.stripe_stand_in.store import Object
from tests.stripe_stand_in.world import World

ORDER = "transaction_id"
"""The metadata with the id of the order."""

LIVE = ("processing", "succeeded")


@dataclass(frozen=True)
class BankTruth:
    """What banks did about one order, in minor units. `moved` crossed Stripe's border, `returned` came back."""

    moved: int = 0
    returned: int = 0
    is_open: bool = False
    payments: int = 0

    @property
    def kept(self) -> int:
        return self.moved - self.returned


class Doubled(AssertionError):
    """An order was carried out twice."""


def deposits(world: World) -> dict[UUID, BankTruth]:
    """Returns what happened to each deposit. Raises Doubled."""
    found: dict[UUID, BankTruth] = {}
    for order, intents in _by_order(world, "payment_intent").items():
        live = [one for one in intents if one["status"] in LIVE]
        if len(live) > 1:
            raise Doubled(f"{order}: {[one['id'] for one in live]}")
        moved = sum(one["amount_received"] for one in intents)
        disputes = [
            one
            for one in world.store.newest_first("dispute")
            if one["payment_intent"] in {intent["id"] for intent in intents}
        ]
        found[order] = BankTruth(
            moved,
            sum(one["amount"] for one in disputes if one["status"] == "lost"),
            any(one["status"] not in ("succeeded", "canceled") for one in intents)
            or any(one["status"] == "needs_response" for one in disputes),
            len(intents),
        )
    return found


def withdrawals(world: World) -> dict[UUID, BankTruth]:
    """Returns what happened to each withdrawal. Raises Doubled."""
    transfers = _by_order(world, "transfer")
    payouts = _by_order(world, "payout")
    found: dict[UUID, BankTruth] = {}
    for order, made in transfers.items():
        if len(made) > 1 or len(payouts.get(order, ())) > 1:
            raise Doubled(f"{order}: {[one['id'] for one in (*made, *payouts.get(order, ()))]}")
        (transfer,) = made
        payout = payouts[order][0] if order in payouts else None
        if payout is None:
            found[order] = BankTruth(is_open=not transfer["reversed"])
            continue
        came_back = payout["status"] in ("failed", "canceled")
        found[order] = BankTruth(
            payout["amount"],
            payout["amount"] if came_back else 0,
            payout["status"] in ("pending", "in_transit") or (came_back and not transfer["reversed"]),
            1,
        )
    assert payouts.keys() <= transfers.keys(), "a payout without a transfer"
    return found


def _by_order(world: World, kind: str) -> dict[UUID, list[Object]]:
    found: dict[UUID, list[Object]] = {}
    for one in world.store.newest_first(kind):
        found.setdefault(UUID(one["metadata"][ORDER]), []).append(one)
    return found


def orders_of(world: World) -> Iterator[UUID]:
    """Yields every order that the stand-in knows."""
    for kind in ("payment_intent", "transfer", "payout"):
        yield from _by_order(world, kind)
