"""Money out: connected accounts, account links, external accounts, transfers, reversals, payouts, the balance."""

from tests.stripe_stand_in import reading, shapes
from tests.stripe_stand_in.errors import invalid, missing_object, no_access
from tests.stripe_stand_in.store import Object
from tests.stripe_stand_in.world import DAY, PLATFORM, Call, World

EURO_COUNTRIES = ["AT", "BE", "CY", "DE", "EE", "ES", "FI", "FR", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PT"]

LINK_SECONDS = 300
"""How long an account link can be opened. It can be opened once."""


def create_account(world: World, call: Call) -> Object:
    country = call.get("country") or "US"
    if country not in ("US", *EURO_COUNTRIES):
        raise invalid(f"Country '{country}' is unknown.", param="country")
    if not call.get("controller") and call.get("type") not in ("express", "custom", "standard"):
        raise invalid("Missing required param: type or controller.", code="parameter_missing", param="type")
    body = shapes.account(
        world.new_id("acct"),
        world.now(),
        country=country,
        default_currency=call.get("default_currency") or ("usd" if country == "US" else "eur"),
        email=call.get("email"),
        metadata=call.get("metadata", {}),
        business_type=call.get("business_type", "individual"),
        capabilities={name: "inactive" for name, one in call.get("capabilities", {}).items() if one.get("requested")},
    )
    interval = call.get("settings", {}).get("payouts", {}).get("schedule", {}).get("interval")
    if interval:
        body["settings"]["payouts"]["schedule"]["interval"] = interval
    world.put(body, PLATFORM)
    return body


def delete_account(world: World, call: Call, id: str) -> Object:
    body = world.find("account", id, account=PLATFORM)
    if any(world.store.balances().get(id, {}).values()):
        raise invalid("This account can't be deleted until its balance is zero.")
    world.store.remove(id)
    world.store.set(f"revoked {id}", True)
    return {"id": body["id"], "object": "account", "deleted": True}


def require_account(world: World, key: str, id: str) -> None:
    """Refuses an account that does not exist or that has revoked the platform's access."""
    if world.store.get(id, PLATFORM) is None or world.store.setting(f"revoked {id}"):
        raise no_access(key, id)


def retrieve_account(world: World, call: Call, id: str) -> Object:
    return world.find("account", id, account=PLATFORM)


def create_link(world: World, call: Call) -> Object:
    account = world.find("account", call["account"], param="account", account=PLATFORM)
    for name in ("refresh_url", "return_url"):
        if not call.get(name):
            raise invalid(f"Missing required param: {name}.", code="parameter_missing", param=name)
    token = world.new_id("link")
    urls = {
        "refresh_url": call["refresh_url"],
        "return_url": call["return_url"],
        "expires": world.now() + LINK_SECONDS,
    }
    world.store.add_page(token, "onboarding", account["id"], urls)
    return {
        "object": "account_link",
        "created": world.now(),
        "expires_at": world.now() + LINK_SECONDS,
        "url": f"{world.base}/hosted/onboarding/{token}",
    }


def onboard(world: World, account: Object, outcome: str, *, last4: str) -> Object:
    """The customer leaves the hosted onboarding: finished, verifying, rejected, or abandoned without a change."""
    if outcome == "abandoned":
        return account
    if outcome not in ("finished", "verifying", "rejected"):
        raise invalid(f"Onboarding does not end as {outcome}.", param="outcome")
    external = account["external_accounts"]["data"]
    if not external:
        bank = shapes.bank_account(world.new_id("ba"), account["id"], account["default_currency"], last4)
        world.put(bank, account["id"])
        external = [bank]
        world.emit("account.external_account.created", bank)
    is_active = outcome == "finished"
    status = {"finished": "active", "verifying": "pending", "rejected": "inactive"}[outcome]
    requirements = shapes.requirements([], "rejected.fraud" if outcome == "rejected" else None)
    if outcome == "verifying":
        requirements["pending_verification"] = ["individual.verification.document"]
        requirements["disabled_reason"] = "requirements.pending_verification"
    account |= {
        "details_submitted": True,
        "payouts_enabled": is_active,
        "charges_enabled": is_active and "card_payments" in account["capabilities"],
        "capabilities": dict.fromkeys(account["capabilities"], status),
        "external_accounts": shapes.list_of(external, account["external_accounts"]["url"]),
        "requirements": requirements,
        "tos_acceptance": {"date": world.now(), "ip": "127.0.0.1", "user_agent": "stand-in"},
    }
    world.put(account, PLATFORM)
    world.emit("account.updated", account)
    return account


def deauthorise(world: World, account: Object) -> None:
    """The customer disconnects from the platform, which no longer has access to the account."""
    world.store.set(f"revoked {account['id']}", True)
    application = {"id": "ca_stand_in", "object": "application", "name": "Pocket Pay"}
    world.emit("account.application.deauthorized", application, account=account["id"])


def list_external(world: World, call: Call, id: str) -> Object:
    account = world.find("account", id, account=PLATFORM)
    return reading.page(account["external_accounts"]["data"], call, account["external_accounts"]["url"])


def retrieve_external(world: World, call: Call, id: str, bank: str) -> Object:
    world.find("account", id, account=PLATFORM)
    return world.find("bank_account", bank, account=id)


def delete_external(world: World, call: Call, id: str, bank: str) -> Object:
    account = world.find("account", id, account=PLATFORM)
    body = world.find("bank_account", bank, account=id)
    account["external_accounts"]["data"] = [one for one in account["external_accounts"]["data"] if one["id"] != bank]
    account["payouts_enabled"] = bool(account["external_accounts"]["data"])
    world.put(account, PLATFORM)
    world.emit("account.external_account.deleted", body)
    world.store.remove(bank)
    world.emit("account.updated", account)
    return {"id": bank, "object": "bank_account", "currency": body["currency"], "deleted": True}


def create_transfer(world: World, call: Call) -> Object:
    destination = world.find("account", call["destination"], param="destination", account=PLATFORM)
    if world.store.setting(f"revoked {destination['id']}"):
        raise missing_object("destination", destination["id"], "destination")
    if destination["capabilities"].get("transfers") != "active":
        raise invalid(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    amount = call.get("amount", 0)
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", param="amount")
    world.require_balance(PLATFORM, amount, call["currency"])
    names = ("amount", "currency", "description", "destination", "metadata", "source_transaction", "transfer_group")
    given = {name: call[name] for name in names if call.get(name) is not None}
    body = shapes.transfer(world.new_id("tr"), world.now(), **given)
    body["balance_transaction"] = world.move(PLATFORM, -amount, "transfer", body)
    world.move(destination["id"], amount, "payment", body)
    world.put(body)
    world.emit("transfer.created", body)
    return body


def reverse_transfer(world: World, call: Call, id: str) -> Object:
    transfer = world.find("transfer", id)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.get("amount", left)
    if not 0 < amount <= left:
        raise invalid(
            f"Transfer reversal amount ({amount}) is greater than unreversed amount on transfer ({left})",
            param="amount",
            is_saved=True,
        )
    world.require_balance(transfer["destination"], amount, transfer["currency"])
    body = shapes.reversal(world.new_id("trr"), world.now(), transfer, amount, call.get("metadata", {}))
    body["balance_transaction"] = world.move(PLATFORM, amount, "transfer_cancel", body)
    world.move(transfer["destination"], -amount, "payment_refund", body)
    world.put(body)
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, body)
    world.put(transfer)
    world.emit("transfer.reversed", transfer)
    return body


def list_reversals(world: World, call: Call, id: str) -> Object:
    transfer = world.find("transfer", id)
    return reading.page(transfer["reversals"]["data"], call, transfer["reversals"]["url"])


def create_payout(world: World, call: Call) -> Object:
    if call["amount"] < 1:
        raise invalid("This value must be greater than or equal to 1.", param="amount")
    owner = world.store.get(call.account, PLATFORM) if call.account != PLATFORM else None
    if owner is None:
        raise invalid("The stand-in pays out from connected accounts only.")
    if not owner["payouts_enabled"]:
        raise invalid("Payouts are not enabled for this account.", code="payouts_not_allowed")
    banks = [one for one in owner["external_accounts"]["data"] if one["currency"] == call["currency"]]
    if call.get("destination"):
        banks = [one for one in banks if one["id"] == call["destination"]]
    if not banks:
        raise invalid(f"Sorry, you don't have any external accounts in that currency ({call['currency']}).")
    world.require_balance(call.account, call["amount"], call["currency"])
    names = ("amount", "currency", "description", "metadata", "method", "statement_descriptor")
    given = {name: call[name] for name in names if call.get(name) is not None}
    arrival = world.now() + (1_800 if call.get("method") == "instant" else 2 * DAY)
    body = shapes.payout(world.new_id("po"), world.now(), arrival, destination=banks[0]["id"], **given)
    body["balance_transaction"] = world.move(call.account, -body["amount"], "payout", body, outside=True)
    world.put(body)
    world.emit("payout.created", body)
    return body


def cancel_payout(world: World, call: Call, id: str) -> Object:
    body = world.find("payout", id)
    if body["status"] != "pending":
        raise invalid(f"Payouts in status {body['status']} cannot be canceled.", is_saved=True)
    body["status"] = "canceled"
    body["failure_balance_transaction"] = world.move(
        call.account, body["amount"], "payout_cancel", body, outside=True
    )
    world.put(body)
    world.emit("payout.canceled", body)
    return body


def send_payout(world: World, body: Object) -> Object:
    """The payout has left for the bank."""
    _require_status(body, "pending")
    body["status"] = "in_transit"
    world.put(body)
    world.emit("payout.updated", body, status="pending")
    return body


def pay(world: World, body: Object) -> Object:
    """The payout is paid. Up to five business days later it can still fail."""
    _require_status(body, "pending", "in_transit")
    body |= {"status": "paid", "trace_id": {"status": "pending", "value": None}}
    world.put(body)
    world.emit("payout.paid", body)
    return body


def fail_payout(world: World, body: Object, code: str) -> Object:
    """The bank refused the payout, or returned it after it was paid. The money is on the account's balance again."""
    _require_status(body, "pending", "in_transit", "paid")
    account = world.store.account_of(body["id"])
    body |= {"status": "failed", "failure_code": code, "failure_message": f"The bank returned the payout: {code}."}
    body["failure_balance_transaction"] = world.move(account, body["amount"], "payout_failure", body, outside=True)
    world.put(body)
    owner, bank = world.store.get(account), world.store.get(body["destination"])
    world.emit("payout.failed", body)
    if owner is not None and bank is not None:
        bank["status"] = "errored"
        world.put(bank)
        listed = owner["external_accounts"]["data"]
        owner["external_accounts"]["data"] = [bank if one["id"] == bank["id"] else one for one in listed]
        world.put(owner, PLATFORM)
        world.emit("account.external_account.updated", bank, status="new")
    return body


def balance(world: World, call: Call) -> Object:
    """Everything is available at once: the stand-in has no pending balance."""
    found = world.store.balances().get(call.account) or {"usd": 0}
    entries = [
        {"amount": amount, "currency": currency, "source_types": {"bank_account": 0, "card": amount}}
        for currency, amount in found.items()
    ]
    none = [{"amount": 0, "currency": currency, "source_types": {"card": 0}} for currency in found]
    return {"object": "balance", "available": entries, "livemode": False, "pending": none}


def _require_status(body: Object, *statuses: str) -> None:
    if body["status"] not in statuses:
        raise invalid(f"This payout is {body['status']}.")
