"""What every endpoint uses: the clock, new ids, objects, events and balances."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stripe_stand_in.errors import invalid, missing_object
from tests.stripe_stand_in.store import Object, Store

PLATFORM = ""

DAY = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Call:
    """A request: its parameters in their types, and the account for which it is made."""

    parameters: Mapping[str, Any]
    account: str = PLATFORM
    request_id: str = ""
    key: str | None = None

    def __getitem__(self, name: str) -> Any:
        return self.parameters[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.parameters.get(name, default)


@dataclass(slots=True)
class World:
    """The stand-in. `base` is its own URL, for hosted pages. `settle_after` is how many seconds a payment, a payout
    or an onboarding step takes; None if only the control endpoints end them."""

    store: Store
    version: str
    base: str = "http://stripe.test"
    settle_after: float | None = None
    real_time: Callable[[], float] = time.time
    call: Call = field(default_factory=lambda: Call({}))

    def now(self) -> int:
        """Returns the time by the stand-in's clock, which a control endpoint moves."""
        return int(self.real_time() + self.store.setting("clock_ahead", 0))

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{secrets.token_hex(12)}"

    def find(self, kind: str, id: str, *, param: str = "id", account: str | None = None) -> Object:
        """Returns an object of the request's account."""
        body = self.store.get(id, self.call.account if account is None else account)
        if body is None or body["object"] != kind:
            raise missing_object(kind.split(".")[-1], id, param)
        return body

    def put(self, body: Object, account: str | None = None) -> Object:
        """Writes an object. An existing one keeps its account."""
        existing = self.store.get(body["id"])
        if existing is not None:
            account = self.store.account_of(body["id"])
        self.store.put(body, self.call.account if account is None else account)
        return body

    def emit(self, type: str, body: Object, *, account: str | None = None, **previous: Any) -> None:
        """Writes an event about an object, with its present state, and queues it for the webhook. The event of a
        connected account has the account's id."""
        if account is None:
            account = body["id"] if body["object"] == "account" else self.store.account_of(body["id"])
        data: Object = {"object": body} | ({"previous_attributes": previous} if previous else {})
        event: Object = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": self.version,
            "created": self.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": self.call.request_id or None, "idempotency_key": self.call.key},
            "type": type,
        }
        if account != PLATFORM:
            event["account"] = account
        self.store.put(event, account)
        self.store.queue(event["id"])

    def move(self, account: str, amount: int, type: str, source: Object, *, outside: bool = False) -> str:
        """Changes a balance, and returns the id of the balance transaction."""
        currency = source["currency"]
        transaction = {
            "id": self.new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": self.now(),
            "balance_type": "payments",
            "created": self.now(),
            "currency": currency,
            "description": source.get("description"),
            "exchange_rate": None,
            "fee": 0,
            "fee_details": [],
            "net": amount,
            "reporting_category": REPORTED.get(type, type),
            "source": source["id"],
            "status": "available",
            "type": type,
        }
        self.store.put(transaction, account)
        self.store.move(account, currency, amount, type, source["id"], outside=outside)
        return str(transaction["id"])

    def require_balance(self, account: str, amount: int, currency: str) -> None:
        if self.store.balance(account, currency) < amount:
            whose = "Stripe account" if account == PLATFORM else "account"
            raise invalid(
                f"You have insufficient available funds in your {whose}.", code="balance_insufficient", is_saved=True
            )


REPORTED = {"payment": "charge", "adjustment": "dispute", "payout_failure": "payout_reversal"}
"""The reporting category of a balance transaction's type, where it has another name."""
