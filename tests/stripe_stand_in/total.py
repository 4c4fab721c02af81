"""The stand-in's own account of the money: what crossed its border, and what lies on its balances."""

from collections import Counter
from typing import Any

from tests.stripe_stand_in.store import Object
from tests.stripe_stand_in.world import World

IN = ("payment", "adjustment")
OUT = ("payout", "payout_failure", "payout_cancel")


def total(world: World) -> Object:
    """Returns, for each currency in minor units:

    collected   of bank accounts that were debited, less what disputes took back
    paid_out    to bank accounts, less what came back
    topped_up   what the platform added from its own bank account
    balances    what lies at Stripe, by account; '' is the platform
    bank        collected - paid_out: what the platform's books should have

    `is_conserved` says that the balances are what crossed the border. `open` counts what has not ended.
    """
    currencies: dict[str, Any] = {}
    for currency, why, amount, _ in world.store.crossed():
        one = currencies.setdefault(currency, {"collected": 0, "paid_out": 0, "topped_up": 0, "balances": {}})
        if why in IN:
            one["collected"] += amount
        elif why in OUT:
            one["paid_out"] -= amount
        else:
            one["topped_up"] += amount
    for account, balances in world.store.balances().items():
        for currency, amount in balances.items():
            currencies[currency]["balances"][account] = amount
    for one in currencies.values():
        one["bank"] = one["collected"] - one["paid_out"]
    return {
        "currencies": currencies,
        "is_conserved": all(
            sum(one["balances"].values()) == one["collected"] + one["topped_up"] - one["paid_out"]
            for one in currencies.values()
        ),
        "open": dict(_open(world)),
    }


def _open(world: World) -> Counter[str]:
    statuses = {
        "payment_intent": ("processing",),
        "payout": ("pending", "in_transit"),
        "dispute": ("needs_response", "under_review", "warning_needs_response"),
        "checkout.session": ("open",),
    }
    return Counter(
        kind for kind, wanted in statuses.items() for one in world.store.newest_first(kind) if one["status"] in wanted
    )
