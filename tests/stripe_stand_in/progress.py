"""What happens by itself as time passes, and everything at once for a test's end."""

from tests.stripe_stand_in import debits, payouts
from tests.stripe_stand_in.world import PLATFORM, Call, World

BANK_CODE = "insufficient_funds"
PAYOUT_CODE = "account_closed"


def advance(world: World) -> None:
    """Ends sessions that are a day old, and carries out what `settle_after` says is due."""
    with world.store.transaction():
        world.call = Call({})
        for session in world.store.newest_first("checkout.session", PLATFORM):
            if session["status"] == "open" and session["expires_at"] <= world.now():
                debits.end_session(world, session)
        if world.settle_after is not None:
            settle_due(world, world.now() - world.settle_after)


def settle_due(world: World, before: float) -> int:
    """Ends each payment and payout that was created before that time, as its bank account's plan says. Returns their
    number."""
    ended = 0
    for intent in reversed(world.store.newest_first("payment_intent", PLATFORM)):
        if intent["status"] == "processing" and intent["created"] <= before:
            plan = world.store.plan(intent["payment_method"])
            if plan.get("outcome") == "declined":
                debits.decline(world, intent, plan.get("code", BANK_CODE))
            else:
                debits.settle(world, intent)
            ended += 1
    for payout in reversed(world.store.newest_first("payout")):
        if payout["status"] in ("pending", "in_transit") and payout["created"] <= before:
            plan = world.store.plan(payout["destination"])
            if plan.get("outcome") == "declined":
                payouts.fail_payout(world, payout, plan.get("code", PAYOUT_CODE))
            else:
                payouts.pay(world, payout)
            ended += 1
    return ended
