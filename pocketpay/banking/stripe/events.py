"""Webhooks of Stripe: checks the signature, and finds the orders and links that an event is about.

    signed     by one of the secrets, at most TOLERANCE seconds ago; several secrets make their replacement possible
    a hint     only ids are read from an event. The state is then asked for, so that an event that is repeated, late,
               or out of order changes nothing twice

The ids are found in the metadata that we gave to the object, and in the stored ids of Stripe's objects. An event
about another object of the same account of Stripe is accepted, and is about nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
import stripe

from pocketpay.banking.stripe import repository
from pocketpay.banking.stripe.kinds import OF_LINKS, OF_ORDERS
from pocketpay.banking.stripe.linking import BANK_ACCOUNT
from pocketpay.banking.stripe.orders import TRANSACTION
from pocketpay.database.sessions import Database
from pocketpay.errors import PocketPayError

TOLERANCE = stripe.Webhook.DEFAULT_TOLERANCE
"""The greatest age of a signature in seconds: 300, as the library has it."""

MAX_LINKS = 50
"""The most rows that one id of Stripe is looked up as. A user's account has a row for each of the user's links."""

OBJECT_IDS = ("id", "payment_intent", "payment_method", "mandate", "setup_intent")
"""The members of an event's object that have an id that is stored, or the object of another one."""


class Fault(StrEnum):
    """Why an event is refused."""

    MALFORMED = "malformed"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    LATE = "late"


MESSAGES = {
    Fault.MALFORMED: "The body is not an event of Stripe.",
    Fault.UNSIGNED: "The Stripe-Signature header is missing or malformed.",
    Fault.FORGED: "The signature is not of this endpoint's secret.",
    Fault.LATE: f"The signature is older than {TOLERANCE} seconds.",
}


class EventRefused(PocketPayError):
    """The event is not from Stripe, or too old."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(MESSAGES[fault])
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Subjects:
    """The orders and links that an event is about."""

    orders: frozenset[UUID] = frozenset()
    links: frozenset[UUID] = frozenset()


def verified(body: bytes, signature: str | None, secrets: Sequence[str]) -> dict[str, Any]:
    """Returns the event of a webhook. Raises EventRefused."""
    _require_signature(body, signature, secrets)
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise EventRefused(Fault.MALFORMED) from None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str) or not isinstance(_object(event), dict):
        raise EventRefused(Fault.MALFORMED)
    return event


async def subjects(database: Database, event: Mapping[str, Any]) -> Subjects:
    """Returns what an event is about. Raises ServiceBusy."""
    found = _object(event)
    orders, links = set(_in_metadata(found, TRANSACTION)), set(_in_metadata(found, BANK_ACCOUNT))
    rows = await database.query(repository.of_stripe_ids, list(_ids(event)), limit=MAX_LINKS)
    orders |= {row.owner_id for row in rows if row.kind in OF_ORDERS}
    links |= {row.owner_id for row in rows if row.kind in OF_LINKS}
    return Subjects(frozenset(orders), frozenset(links))


def _require_signature(body: bytes, signature: str | None, secrets: Sequence[str]) -> None:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise EventRefused(Fault.MALFORMED) from None
    if not signature or "v1=" not in signature:
        raise EventRefused(Fault.UNSIGNED)
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(text, signature, secret)
        except stripe.SignatureVerificationError:
            continue
        break
    else:
        raise EventRefused(Fault.FORGED)
    try:
        stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE)
    except stripe.SignatureVerificationError:
        raise EventRefused(Fault.LATE) from None


def _object(event: Mapping[str, Any]) -> Any:
    data = event.get("data")
    return data.get("object") if isinstance(data, dict) else None


def _ids(event: Mapping[str, Any]) -> Iterator[str]:
    """Yields the ids of Stripe that an event names. The account of an event is one only if the event is about it."""
    found = _object(event)
    for name in OBJECT_IDS:
        value = found.get(name)
        value = value.get("id") if isinstance(value, dict) else value
        if isinstance(value, str):
            yield value
    if event["type"].startswith("account.") and isinstance(event.get("account"), str):
        yield event["account"]


def _in_metadata(found: Mapping[str, Any], name: str) -> Iterator[UUID]:
    metadata = found.get("metadata")
    value = metadata.get(name) if isinstance(metadata, dict) else None
    if isinstance(value, str):
        try:
            yield UUID(value)
        except ValueError:
            return
