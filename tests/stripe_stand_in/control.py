"""The control endpoints, below /control. They do what banks, customers and networks do. Bodies are JSON.

POST /control/clock                         {"seconds"}: moves the clock forward
POST /control/faults                        {"fault", "match", "times", "seconds"}: see faults.py
DELETE /control/faults
POST /control/webhook                       {"url", "secret", "connect_url", "connect_secret", "delivery"}
POST /control/webhook/send                  {"delivery"}: sends what is queued, now
POST /control/webhook/again                 {"event"}: sends an old event again
POST /control/webhook/forge                 {"event"}: sends it with wrong signatures; the newest event by default
POST /control/top_up                        {"amount", "currency"}: adds to the platform's balance
POST /control/checkout/ID/finish            {"type", "last4", "microdeposits"}
POST /control/checkout/ID/abandon
POST /control/setup_intents/ID/verify       {"verified"}: ends the microdeposits
POST /control/payment_methods/ID/plan       {"outcome", "code"}: also for bank accounts of payouts
POST /control/payment_intents/ID/settle
POST /control/payment_intents/ID/decline    {"code"}
POST /control/charges/ID/dispute            {"amount", "reason", "status"}
POST /control/disputes/ID/close             {"status"}: won, lost, warning_closed
POST /control/accounts/ID/onboard           {"outcome", "last4"}: finished, verifying, rejected, abandoned
POST /control/accounts/ID/deauthorise
POST /control/payouts/ID/send, pay, fail    {"code"}
POST /control/settle_all                    ends everything that is open, as the plans say
GET  /control/total                         see total.py
GET  /control/counts                        requests, faults met, webhook answers
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.stripe_stand_in import debits, payouts, progress
from tests.stripe_stand_in.errors import Refusal, invalid
from tests.stripe_stand_in.faults import Fault, Ordered
from tests.stripe_stand_in.store import Object
from tests.stripe_stand_in.total import total
from tests.stripe_stand_in.webhooks import Delivery
from tests.stripe_stand_in.world import PLATFORM, Call, World

if TYPE_CHECKING:
    from tests.stripe_stand_in.stand_in import StandIn

Act = Callable[[World, Object, Object], Object | None]

OUTCOMES = ("settled", "settled_at_once", "declined", "declined_at_once")


def _plan(world: World, method: Object, given: Object) -> Object:
    if given.get("outcome") not in OUTCOMES:
        raise invalid(f"An outcome is one of {', '.join(OUTCOMES)}.", param="outcome")
    world.store.set_plan(method["id"], given)
    return method


ACTS: dict[tuple[str, str], tuple[str, Act]] = {
    ("checkout", "finish"): (
        "checkout.session",
        lambda world, one, given: debits.finish_session(
            world,
            one,
            type=given.get("type"),
            last4=given.get("last4", "6789"),
            microdeposits=given.get("microdeposits", False),
        ),
    ),
    ("checkout", "abandon"): ("checkout.session", lambda world, one, given: debits.end_session(world, one)),
    ("setup_intents", "verify"): (
        "setup_intent",
        lambda world, one, given: (debits.verified if given.get("verified", True) else debits.not_verified)(
            world, one
        ),
    ),
    ("payment_methods", "plan"): ("payment_method", _plan),
    ("bank_accounts", "plan"): ("bank_account", _plan),
    ("payment_intents", "settle"): ("payment_intent", lambda world, one, given: debits.settle(world, one)),
    ("payment_intents", "decline"): (
        "payment_intent",
        lambda world, one, given: debits.decline(world, one, given.get("code", progress.BANK_CODE)),
    ),
    ("charges", "dispute"): (
        "charge",
        lambda world, one, given: debits.dispute(
            world,
            one,
            amount=given.get("amount"),
            reason=given.get("reason", "insufficient_funds"),
            status=given.get("status", "lost"),
        ),
    ),
    ("disputes", "close"): (
        "dispute",
        lambda world, one, given: debits.close_dispute(world, one, given.get("status", "lost")),
    ),
    ("accounts", "onboard"): (
        "account",
        lambda world, one, given: payouts.onboard(
            world, one, given.get("outcome", "finished"), last4=given.get("last4", "4321")
        ),
    ),
    ("accounts", "deauthorise"): ("account", lambda world, one, given: payouts.deauthorise(world, one)),
    ("payouts", "send"): ("payout", lambda world, one, given: payouts.send_payout(world, one)),
    ("payouts", "pay"): ("payout", lambda world, one, given: payouts.pay(world, one)),
    ("payouts", "fail"): (
        "payout",
        lambda world, one, given: payouts.fail_payout(world, one, given.get("code", progress.PAYOUT_CODE)),
    ),
}


def act(world: World, things: str, id: str, verb: str, given: Object) -> Object:
    """Does what a bank or a customer does with one object, and returns the object."""
    if (things, verb) not in ACTS:
        raise Refusal(404, "invalid_request_error", f"There is no /control/{things}/ID/{verb}.")
    kind, does = ACTS[things, verb]
    with world.store.transaction():
        world.call = Call({})
        found = world.store.get(id)
        if found is None or found["object"] != kind:
            raise invalid(f"No such {kind}: '{id}'", code="resource_missing")
        return does(world, found, given) or found


def top_up(world: World, amount: int, currency: str) -> None:
    """Adds money to the platform's balance, from its own bank account."""
    with world.store.transaction():
        world.move(PLATFORM, amount, "topup", {"id": world.new_id("tu"), "currency": currency}, outside=True)


async def answer(stand_in: "StandIn", request: Request) -> Response:
    """Answers a control request."""
    given = await request.json() if await request.body() else {}
    try:
        return JSONResponse(await _do(stand_in, request.method, request.path_params["path"], given))
    except Refusal as error:
        return JSONResponse(error.body, error.status)
    except (KeyError, ValueError, TypeError) as error:
        return JSONResponse({"error": {"message": f"{type(error).__name__}: {error}"}}, 400)


async def _do(stand_in: "StandIn", method: str, path: str, given: Object) -> Object:
    world, sender = stand_in.world, stand_in.sender
    match method, path.split("/"):
        case "POST", ["clock"]:
            world.store.set("clock_ahead", world.store.setting("clock_ahead", 0) + given["seconds"])
            progress.advance(world)
            return {"now": world.now()}
        case "POST", ["faults"]:
            fault = Ordered(**given | {"fault": Fault(given["fault"])})
            stand_in.api.faults.ordered.append(fault)
            return {"ordered": len(stand_in.api.faults.ordered)}
        case "DELETE", ["faults"]:
            stand_in.api.faults.ordered.clear()
            return {"ordered": 0}
        case "POST", ["webhook"]:
            for name in ("url", "secret", "connect_url", "connect_secret"):
                if name in given:
                    setattr(sender, name, given[name])
            sender.delivery = Delivery(given.get("delivery", sender.delivery))
            return {"url": sender.url, "delivery": sender.delivery}
        case "POST", ["webhook", "send"]:
            return {"events": await sender.send(Delivery(given.get("delivery", Delivery.IN_ORDER)))}
        case "POST", ["webhook", "again"]:
            return {"accepted": await sender.send_again(given["event"])}
        case "POST", ["webhook", "forge"]:
            id = given.get("event") or world.store.newest_first("event")[0]["id"]
            return {"statuses": await sender.forge(world.store.get(id) or {})}
        case "POST", ["top_up"]:
            top_up(world, int(given["amount"]), given.get("currency", "usd"))
            return total(world)
        case "POST", ["settle_all"]:
            with world.store.transaction():
                return {"ended": progress.settle_due(world, float("inf"))}
        case "GET", ["total"]:
            return total(world)
        case "GET", ["counts"]:
            return {
                "answered": stand_in.api.answered,
                "faults": dict(stand_in.api.faults.met),
                "webhook": dict(sender.answers),
                "queued": len(world.store.queued()),
                "objects": world.store.counts(),
            }
        case "POST", [things, id, verb]:
            return act(world, things, id, verb, given)
    raise Refusal(404, "invalid_request_error", f"There is no {method} /control/{path}.")
