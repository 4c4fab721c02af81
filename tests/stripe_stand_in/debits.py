"""Money in: customers, checkout sessions, setup intents, payment methods, payment intents, charges, disputes."""

from collections.abc import Mapping
from typing import Any

from tests.stripe_stand_in import shapes
from tests.stripe_stand_in.errors import Refusal, declined, invalid
from tests.stripe_stand_in.store import Object
from tests.stripe_stand_in.world import DAY, PLATFORM, Call, World

SMALLEST = 50
"""The smallest amount of a charge, in minor units of USD and EUR."""

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


def create_customer(world: World, call: Call) -> Object:
    body = shapes.customer(world.new_id("cus"), world.now(), **_given(call))
    world.put(body)
    world.emit("customer.created", body)
    return body


def delete_customer(world: World, call: Call, id: str) -> Object:
    body = world.find("customer", id)
    for method in world.store.newest_first("payment_method", call.account):
        if method["customer"] == id:
            world.put(method | {"customer": None})
    world.emit("customer.deleted", body)
    world.store.remove(id)
    return {"id": id, "object": "customer", "deleted": True}


def create_session(world: World, call: Call) -> Object:
    if call.get("mode") != "setup":
        raise invalid("The stand-in has checkout sessions in setup mode only.", param="mode")
    for name in ("success_url", "customer"):
        if not call.get(name):
            raise invalid(f"Missing required param: {name}.", code="parameter_missing", param=name)
    types = _types(call)
    customer = world.find("customer", call["customer"], param="customer")
    data = call.get("setup_intent_data", {})
    intent = shapes.setup_intent(
        world.new_id("seti"), world.now(), types, customer=customer["id"], metadata=data.get("metadata", {})
    )
    world.put(intent)
    id = world.new_id("cs_test")
    given = {
        name: call[name]
        for name in ("cancel_url", "client_reference_id", "currency", "locale", "metadata", "success_url")
        if call.get(name)
    }
    body = shapes.session(
        id,
        world.now(),
        types,
        customer=customer["id"],
        customer_email=None,
        expires_at=call.get("expires_at", world.now() + DAY),
        setup_intent=intent["id"],
        url=f"{world.base}/hosted/checkout/{id}",
        **given,
    )
    world.store.add_page(id, "checkout", id, {})
    world.put(body)
    world.emit("setup_intent.created", intent)
    return body


def expire_session(world: World, call: Call, id: str) -> Object:
    body = world.find("checkout.session", id)
    if body["status"] != "open":
        raise invalid(f'Only Checkout Sessions with a status in ["open"] can be expired. It is {body["status"]}.')
    return end_session(world, body)


def end_session(world: World, session: Object) -> Object:
    """The customer gave up, or a day has passed."""
    session |= {"status": "expired", "url": None}
    world.put(session)
    world.emit("checkout.session.expired", session)
    intent = world.find("setup_intent", session["setup_intent"])
    intent |= {"status": "canceled", "cancellation_reason": "abandoned"}
    world.put(intent)
    world.emit("setup_intent.canceled", intent)
    return session


def finish_session(
    world: World, session: Object, *, type: str | None = None, last4: str, microdeposits: bool
) -> Object:
    """The customer gave a bank account. With microdeposits it is verified later."""
    if session["status"] != "open":
        raise invalid("This session is no longer open.")
    type = type or session["payment_method_types"][0]
    if type not in session["payment_method_types"]:
        raise invalid(f"The session does not accept {type}.", param="type")
    customer = world.find("customer", session["customer"])
    method = shapes.payment_method(world.new_id("pm"), world.now(), type, last4, customer["id"], customer["email"])
    mandate = shapes.mandate(world.new_id("mandate"), method)
    intent = world.find("setup_intent", session["setup_intent"])
    intent |= {"payment_method": method["id"], "mandate": mandate["id"]}
    world.put(method)
    session |= {
        "status": "complete",
        "url": None,
        "customer_details": {
            "address": None,
            "business_name": None,
            "email": customer["email"],
            "individual_name": None,
            "name": customer["name"],
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
    }
    world.put(session)
    if microdeposits:
        world.put(mandate | {"status": "pending"})
        intent |= {
            "status": "requires_action",
            "next_action": {
                "type": "verify_with_microdeposits",
                "verify_with_microdeposits": {
                    "arrival_date": world.now() + 2 * DAY,
                    "hosted_verification_url": f"{world.base}/hosted/microdeposits/{intent['id']}",
                    "microdeposit_type": "descriptor_code",
                },
            },
        }
        world.put(intent)
        world.emit("checkout.session.completed", session)
        world.emit("setup_intent.requires_action", intent)
    else:
        world.put(mandate)
        world.emit("checkout.session.completed", session)
        verified(world, intent)
    return session


def verified(world: World, intent: Object) -> Object:
    """The bank account is verified."""
    intent |= {"status": "succeeded", "next_action": None, "last_setup_error": None}
    world.put(intent)
    mandate = world.find("mandate", intent["mandate"])
    world.put(mandate | {"status": "active"})
    world.emit("payment_method.attached", world.find("payment_method", intent["payment_method"]))
    world.emit("setup_intent.succeeded", intent)
    return intent


def not_verified(world: World, intent: Object) -> Object:
    """The microdeposits were not confirmed. The bank account is refused."""
    method = world.find("payment_method", intent["payment_method"])
    world.put(method | {"customer": None})
    mandate = world.find("mandate", intent["mandate"])
    world.put(mandate | {"status": "inactive"})
    intent |= {
        "status": "requires_payment_method",
        "next_action": None,
        "payment_method": None,
        "mandate": None,
        "last_setup_error": _error("payment_method_microdeposit_verification_attempts_exceeded", method),
    }
    world.put(intent)
    world.emit("setup_intent.setup_failed", intent)
    return intent


def detach(world: World, call: Call, id: str) -> Object:
    body = world.find("payment_method", id)
    if body["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    before = body["customer"]
    body["customer"] = None
    world.put(body)
    for mandate in world.store.newest_first("mandate", call.account):
        if mandate["payment_method"] == id:
            world.put(mandate | {"status": "inactive"})
    world.emit("payment_method.detached", body, customer=before)
    return body


def create_intent(world: World, call: Call) -> Object:
    if call["amount"] < SMALLEST:
        raise invalid("Amount must be at least 50 cents", code="amount_too_small", param="amount")
    if call.get("amount") > 99_999_999:
        raise invalid("Amount must be no more than 999,999.99", code="amount_too_large", param="amount")
    customer = call.get("customer")
    if customer is not None:
        world.find("customer", customer, param="customer")
    if call.get("off_session") and not call.get("confirm"):
        raise invalid("You cannot use off_session without confirm.", param="off_session")
    method = _method_for(world, call, call.get("payment_method"), customer)
    names = (
        "amount",
        "customer",
        "description",
        "metadata",
        "payment_method",
        "setup_future_usage",
        "transfer_group",
    )
    given = {name: call[name] for name in names if call.get(name) is not None}
    types = [method["type"]] if method else [name for name, of in shapes.CURRENCIES.items() if of == call["currency"]]
    body = shapes.payment_intent(
        world.new_id("pi"),
        world.now(),
        payment_method_types=types,
        currency=call["currency"].lower(),
        status="requires_confirmation" if method else "requires_payment_method",
        **given,
    )
    world.put(body)
    world.emit("payment_intent.created", body)
    return _confirmed(world, body, method) if call.get("confirm") else body


def confirm_intent(world: World, call: Call, id: str) -> Object:
    body = world.find("payment_intent", id)
    if body["status"] not in CONFIRMABLE:
        raise _unexpected_state(body, "confirm")
    method = _method_for(world, call, call.get("payment_method") or body["payment_method"], body["customer"])
    return _confirmed(world, body, method)


def cancel_intent(world: World, call: Call, id: str) -> Object:
    body = world.find("payment_intent", id)
    if body["status"] not in CONFIRMABLE:
        raise _unexpected_state(body, "cancel")
    body |= {
        "status": "canceled",
        "canceled_at": world.now(),
        "cancellation_reason": call.get("cancellation_reason"),
    }
    world.put(body)
    world.emit("payment_intent.canceled", body)
    return body


def settle(world: World, intent: Object) -> Object:
    """The money has arrived."""
    charge = _pending_charge(world, intent)
    charge |= {"status": "succeeded", "paid": True}
    charge["balance_transaction"] = world.move(PLATFORM, charge["amount"], "payment", charge, outside=True)
    intent |= {"status": "succeeded", "amount_received": intent["amount"]}
    world.put(charge)
    world.put(intent)
    world.emit("charge.succeeded", charge)
    world.emit("payment_intent.succeeded", intent)
    return intent


def decline(world: World, intent: Object, code: str) -> Object:
    """The bank has refused. The intent can be confirmed again, as at Stripe."""
    charge = _pending_charge(world, intent)
    method = world.store.get(charge["payment_method"])
    charge |= {"status": "failed", "failure_code": code, "failure_message": f"The bank declined: {code}."}
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": _error(code, method) | {"charge": charge["id"]},
    }
    world.put(charge)
    world.put(intent)
    world.emit("charge.failed", charge)
    world.emit("payment_intent.payment_failed", intent)
    return intent


def dispute(world: World, charge: Object, *, amount: int | None, reason: str, status: str) -> Object:
    """The bank takes the money of a charge back. A dispute of a bank debit is usually lost at once."""
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise invalid("Only a charge that succeeded and was not disputed can be disputed.")
    amount = charge["amount"] if amount is None else amount
    if not 0 < amount <= charge["amount"]:
        raise invalid("The amount of a dispute is more than 0 and at most the charge's.", param="amount")
    if status not in ("needs_response", "under_review", "warning_needs_response", "lost"):
        raise invalid(f"A dispute does not begin as {status}.", param="status")
    body = shapes.dispute(world.new_id("du"), world.now(), charge, amount, reason, status)
    charge["disputed"] = True
    world.put(charge)
    world.put(body)
    if not status.startswith("warning"):
        _move_for_dispute(world, body, -amount)
    world.emit("charge.dispute.created", body)
    if not status.startswith("warning"):
        world.emit("charge.dispute.funds_withdrawn", body)
    if status == "lost":
        world.emit("charge.dispute.closed", body)
    return body


def close_dispute(world: World, body: Object, status: str) -> Object:
    """The dispute ends. If it is won, the money comes back."""
    if body["status"] in ("won", "lost", "warning_closed"):
        raise invalid("This dispute is already closed.")
    if (status == "warning_closed") != body["status"].startswith("warning"):
        raise invalid(f"A dispute that is {body['status']} does not become {status}.", param="status")
    body["status"] = status
    world.put(body)
    if status == "won":
        _move_for_dispute(world, body, body["amount"])
        world.emit("charge.dispute.funds_reinstated", body)
    world.emit("charge.dispute.closed", body)
    return body


def _move_for_dispute(world: World, body: Object, amount: int) -> None:
    transaction = world.move(PLATFORM, amount, "adjustment", body, outside=True)
    body["balance_transactions"] = [*body["balance_transactions"], world.store.get(transaction)]
    world.put(body)


def _confirmed(world: World, intent: Object, method: Object | None) -> Object:
    if method is None:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    plan = world.store.plan(method["id"])
    charge = shapes.charge(world.new_id("py"), world.now(), intent, method)
    intent |= {"status": "processing", "payment_method": method["id"], "latest_charge": charge["id"]}
    world.put(charge)
    world.put(intent)
    if plan.get("outcome") == "declined_at_once":
        intent = decline(world, intent, plan.get("code", "payment_method_bank_account_blocked"))
        error = intent["last_payment_error"]
        raise declined(error["code"], error["message"], payment_intent=intent, charge=charge["id"])
    world.emit("charge.pending", charge)
    world.emit("payment_intent.processing", intent)
    if plan.get("outcome") == "settled_at_once":
        return settle(world, intent)
    return intent


def _method_for(world: World, call: Call, id: str | None, customer: str | None) -> Object | None:
    if id is None:
        return None
    method = world.find("payment_method", id, param="payment_method")
    if method["customer"] is None:
        raise invalid(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, or was "
            "detached from a Customer. It may not be used again.",
            param="payment_method",
        )
    if method["customer"] != customer:
        raise invalid(
            f"The provided PaymentMethod belongs to the Customer {method['customer']}. Please include the Customer "
            "in the `customer` parameter on the PaymentIntent.",
            param="payment_method",
        )
    if call.get("currency") not in (None, shapes.CURRENCIES[method["type"]]):
        raise invalid(f"The currency of {method['type']} is {shapes.CURRENCIES[method['type']]}.", param="currency")
    allowed = call.get("allowed_payment_method_types")
    if allowed and method["type"] not in allowed:
        raise invalid(f"The PaymentMethod provided ({method['type']}) is not allowed.", param="payment_method")
    mandates = [
        one for one in world.store.newest_first("mandate", call.account) if one["payment_method"] == method["id"]
    ]
    if call.get("mandate") and call["mandate"] not in [one["id"] for one in mandates]:
        raise invalid(f"No such mandate: '{call['mandate']}'", code="resource_missing", param="mandate")
    if not [one for one in mandates if one["status"] == "active"]:
        raise invalid(
            "The bank account is not verified: its mandate is not active.", code="payment_method_unactivated"
        )
    return method


def _types(call: Call) -> list[str]:
    known = list(shapes.CURRENCIES)
    wanted = call.get("allowed_payment_method_types")
    if not wanted:
        wanted = [one for one in known if shapes.CURRENCIES[one] == call.get("currency")]
    types = [one for one in wanted if one in known and call.get("currency") in (None, shapes.CURRENCIES[one])]
    if not types:
        raise invalid(
            "No payment method types are compatible with this request.", param="allowed_payment_method_types"
        )
    return types


def _given(call: Call) -> Mapping[str, Any]:
    """Returns the fields of a new customer."""
    names = ("address", "description", "email", "metadata", "name", "phone", "preferred_locales", "shipping")
    return {name: call[name] for name in names if call.get(name)}


def _pending_charge(world: World, intent: Object) -> Object:
    if intent["status"] != "processing":
        raise invalid(f"This payment intent is {intent['status']}.")
    return world.find("charge", intent["latest_charge"], account=PLATFORM)


def _error(code: str, method: Object | None) -> Object:
    return {
        "type": "invalid_request_error",
        "code": code,
        "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}",
        "message": f"The bank declined: {code}.",
        "payment_method": method,
    }


def _unexpected_state(intent: Object, verb: str) -> Refusal:
    return invalid(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        is_saved=True,
    )
